"""Forgiving names: capitals, spaces, dots, hyphens and underscores do not matter where a name is asked for."""

from collections.abc import Iterable

from lenet.errors import UnknownName


def matching_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that is meant; None if there is none, or more than one.

    >>> matching_name("Fashion MNIST", ["mnist", "fashion-mnist"]), matching_name("digits", ["mnist"])
    ('fashion-mnist', None)
    """
    known = list(known)
    if name in known:
        return name
    meant = [candidate for candidate in known if bare(candidate) == bare(name)]
    return meant[0] if len(meant) == 1 else None


def known_name(kind: str, name: str, known: Iterable[str]) -> str:
    """The known name that is meant.

    Args:
        kind: what it is the name of, for the message: ``"network"``.
        name: as somebody wrote it.
        known: the names that there are.

    Raises:
        UnknownName: if none is meant; the nearest ones are suggested.

    >>> [known_name("network", name, ["lenet-5", "lenet-5-relu"]) for name in ("LeNet-5", "lenet5", "lenet_5_ReLU")]
    ['lenet-5', 'lenet-5', 'lenet-5-relu']
    """
    known = list(known)
    meant = matching_name(name, known)
    if meant is None:
        raise UnknownName(kind, name, known)
    return meant


def bare(name: str) -> str:
    """The letters and figures of a name, without case."""
    return "".join(character for character in name.casefold() if character.isalnum())
