"""Reading: from a photo, scan or drawing to the digits in it.

Modules are imported when one of their names is first used: the digits of an IDX file need no picture libraries.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lenet.reading.batch.files import read_files
    from lenet.reading.batch.pages import Settings, read_all, read_pages
    from lenet.reading.foreground.ink import Polarity
    from lenet.reading.idx import IdxReading, read_idx_digits
    from lenet.reading.normalization import normalize
    from lenet.reading.reader import Reader
    from lenet.reading.recognition import Recognizer
    from lenet.reading.results import Cell, Digit, Ignored, Reading, Sign

__all__ = [
    "Cell",
    "Digit",
    "IdxReading",
    "Ignored",
    "Polarity",
    "Reader",
    "Reading",
    "Recognizer",
    "Settings",
    "Sign",
    "normalize",
    "read_all",
    "read_files",
    "read_idx_digits",
    "read_pages",
]

_HOMES = {
    "batch.files": ("read_files",),
    "batch.pages": ("Settings", "read_all", "read_pages"),
    "idx": ("IdxReading", "read_idx_digits"),
    "foreground.ink": ("Polarity",),
    "normalization": ("normalize",),
    "reader": ("Reader",),
    "recognition": ("Recognizer",),
    "results": ("Cell", "Digit", "Ignored", "Reading", "Sign"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
