"""The LeNet family: described once, counted exactly, trained, opened up, and put to work on handwritten digits."""

from lenet.architecture import Network, Stage
from lenet.errors import LeNetError
from lenet.networks import describe, names

__version__ = "0.1.0"

__all__ = ["LeNetError", "Network", "Stage", "__version__", "describe", "names"]
