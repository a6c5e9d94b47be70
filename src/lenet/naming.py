"""Normalized name lookup: case, spaces, dots, hyphens and underscores do not matter where a name is asked for."""

from collections.abc import Iterable

from lenet.errors import UnknownName


def matching_name(name: str, known: Iterable[str]) -> str | None:
    """Look a name up by its normalized form: the one known name it matches; None for no match, or several.

    >>> matching_name("Fashion MNIST", ["mnist", "fashion-mnist"]), matching_name("digits", ["mnist"])
    ('fashion-mnist', None)
    """
    known = list(known)
    if name in known:
        return name
    matches = [candidate for candidate in known if normalized(candidate) == normalized(name)]
    return matches[0] if len(matches) == 1 else None


def resolve_name(kind: str, name: str, known: Iterable[str]) -> str:
    """Look a name up by its normalized form, or raise.

    Args:
        kind: what it is the name of, for the message: ``"network"``.
        name: as somebody wrote it.
        known: the names that there are.

    Raises:
        UnknownName: if none is meant; the nearest ones are suggested.

    >>> [resolve_name("network", name, ["lenet-5", "lenet-5-relu"]) for name in ("LeNet-5", "lenet5", "lenet_5_ReLU")]
    ['lenet-5', 'lenet-5', 'lenet-5-relu']
    """
    known = list(known)
    match = matching_name(name, known) if isinstance(name, str) else None
    if match is None:
        raise UnknownName(kind, name, known)
    return match


def normalized(name: str) -> str:
    """The letters and figures of a name, without case."""
    return "".join(character for character in name.casefold() if character.isalnum())
