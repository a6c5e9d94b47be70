"""The registry of networks by name."""

import inspect
from collections.abc import Callable
from numbers import Integral
from pathlib import Path

from lenet.architecture import Network
from lenet.errors import ArchitectureError
from lenet.naming import resolve_name
from lenet.networks.historic import HISTORIC
from lenet.networks.taught import TAUGHT
from lenet.networks.toml_files import names_toml, read_toml

_BUILDERS: dict[str, Callable[..., Network]] = {builder().name: builder for builder in (*HISTORIC, *TAUGHT)}


def names() -> list[str]:
    """The names of all networks, oldest first.

    >>> names()[:4]
    ['lenet-1989', 'lenet-1', 'lenet-4', 'lenet-5']
    """
    return list(_BUILDERS)


def options(name: str | Path) -> dict[str, int]:
    """The arguments of a network's builder and their defaults; a TOML file takes none.

    >>> options("lenet-4"), options("my.toml")
    ({'classes': 10, 'hidden': 37}, {})
    """
    if names_toml(name):
        return {}
    signature = inspect.signature(_builder(str(name)))
    return {option: parameter.default for option, parameter in signature.parameters.items()}


def describe(network: str | Path, **arguments: int) -> Network:
    """The description of a network.

    Args:
        network: one of `names`; capitals, spaces, hyphens and underscores do not matter. Or a TOML file that describes
            a network of one's own, see `lenet.networks.toml_files`; its name ends in ``.toml``.
        arguments: those that `options` lists, such as ``classes``, ``channels`` or ``hidden``.

    Raises:
        UnknownName: if there is no such network; the nearest names are suggested.
        ArchitectureError: if the network takes no such argument, or not with this value, or the file describes none.

    >>> describe("lenet-5-relu", classes=26).output_shapes[-1]
    (26, 1, 1)
    """
    if not names_toml(network):
        return registered(str(network), **arguments)
    if arguments:
        raise ArchitectureError(
            f"{network} describes its network whole and takes no {next(iter(arguments))}; change it in the file"
        )
    return read_toml(network)


def registered(name: str, **arguments: int) -> Network:
    """The description of a network by its name alone, for names that come from others and must open no file.

    Raises:
        UnknownName, ArchitectureError: as `describe`.
    """
    builder, known = _builder(name), options(name)
    for argument, value in arguments.items():
        if argument not in known:
            accepted = f"it takes {', '.join(known)}" if known else "it takes none"
            reason = " (its ten outputs are the ten drawn digits)" if builder is _BUILDERS["lenet-5"] else ""
            raise ArchitectureError(f"{name} has no argument {argument!r}; {accepted}{reason}")
        if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
            raise ArchitectureError(f"{name}: {argument} is {value!r}, expected a whole number of at least 1")
    return builder(**{argument: int(value) for argument, value in arguments.items()})


def _builder(name: str) -> Callable[..., Network]:
    return _BUILDERS[resolve_name("network", name, _BUILDERS)]
