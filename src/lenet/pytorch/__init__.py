"""Networks as PyTorch modules, and as readable PyTorch source.

Printing source needs no torch, so torch is imported only when a module is asked for.
"""

from typing import TYPE_CHECKING, Any

from lenet.pytorch.source import standalone_source

if TYPE_CHECKING:
    from lenet.pytorch.module import NetworkModule, TorchForward, activations, build, load_arrays, to_arrays

__all__ = [
    "NetworkModule",
    "TorchForward",
    "activations",
    "build",
    "load_arrays",
    "standalone_source",
    "to_arrays",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from lenet.pytorch import module

        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
