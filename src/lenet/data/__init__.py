"""Data: downloads, data sets as arrays, splits, distortions and sheets of examples.

Modules are imported when one of their names is first used: who reads an IDX file waits for no picture library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lenet.data.catalog import CATALOG, PublicSet
    from lenet.data.custom import FITS, read_picture
    from lenet.data.datasets import Dataset, Split, load, names, public_name, split_validation
    from lenet.data.distortions import Distortions, distort, shift
    from lenet.data.idx import read_idx, write_idx
    from lenet.data.sheet import draw_examples, draw_sheet, save_sheet
    from lenet.data.sources import FileState, cache_folder, check_files, fetch, is_cached

__all__ = [
    "CATALOG",
    "FITS",
    "Dataset",
    "Distortions",
    "FileState",
    "PublicSet",
    "Split",
    "cache_folder",
    "check_files",
    "distort",
    "draw_examples",
    "draw_sheet",
    "fetch",
    "is_cached",
    "load",
    "names",
    "public_name",
    "read_idx",
    "read_picture",
    "save_sheet",
    "shift",
    "split_validation",
    "write_idx",
]

_HOMES = {
    "catalog": ("CATALOG", "PublicSet"),
    "datasets": ("Dataset", "Split", "load", "names", "public_name", "split_validation"),
    "distortions": ("Distortions", "distort", "shift"),
    "idx": ("read_idx", "write_idx"),
    "custom": ("FITS", "read_picture"),
    "sheet": ("draw_examples", "draw_sheet", "save_sheet"),
    "sources": ("FileState", "cache_folder", "check_files", "fetch", "is_cached"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
