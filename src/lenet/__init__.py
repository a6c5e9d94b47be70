"""The LeNet family: described once, counted exactly, trained, opened up, and put to work on handwritten digits."""

from typing import TYPE_CHECKING, Any

from lenet.architecture import Network, Stage
from lenet.errors import LeNetError
from lenet.networks import describe, names

if TYPE_CHECKING:
    from lenet.reading.folders.batch import read

__version__ = "0.1.0"

__all__ = ["LeNetError", "Network", "Stage", "__version__", "describe", "names", "read"]


def __getattr__(name: str) -> Any:
    if name == "read":  # imported when it is asked for: counting networks needs no NumPy
        from lenet.reading.folders.batch import read

        return read
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
