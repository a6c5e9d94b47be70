"""The LeNet family: described once, counted exactly, trained, opened up, and put to work on handwritten digits."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lenet.architecture import Network, Stage
    from lenet.errors import LeNetError
    from lenet.networks import describe, names
    from lenet.reading.folders.batch import read

__version__ = "0.1.0"

__all__ = ["LeNetError", "Network", "Stage", "__version__", "describe", "names", "read"]

_HOME_OF = {
    "LeNetError": "errors",
    "Network": "architecture",
    "Stage": "architecture",
    "describe": "networks",
    "names": "networks",
    "read": "reading.folders.batch",
}


def __getattr__(name: str) -> Any:
    """Names are imported when they are asked for: counting networks needs no NumPy, and a command starts at once."""
    if name in _HOME_OF:
        return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
