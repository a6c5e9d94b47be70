"""Reading: from a photo, scan or drawing to the digits in it.

Modules are imported when one of their names is first used: the digits of an IDX file need no picture libraries.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lenet.reading.idx import IdxReading, read_idx_digits
    from lenet.reading.ink import Polarity
    from lenet.reading.normalization import normalize
    from lenet.reading.reader import Digit, Reader, Reading
    from lenet.reading.recognition import Recognizer

__all__ = ["Digit", "IdxReading", "Polarity", "Reader", "Reading", "Recognizer", "normalize", "read_idx_digits"]

_HOMES = {
    "idx": ("IdxReading", "read_idx_digits"),
    "ink": ("Polarity",),
    "normalization": ("normalize",),
    "reader": ("Digit", "Reader", "Reading"),
    "recognition": ("Recognizer",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
