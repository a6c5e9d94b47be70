"""Data: where the bytes come from, data sets as arrays, splits, distortions and sheets of examples."""

from lenet.data.catalog import CATALOG, PublicSet
from lenet.data.datasets import Dataset, Split, load, names, split_validation
from lenet.data.distortions import Distortions, distort, shift
from lenet.data.idx import read_idx, write_idx
from lenet.data.own import read_picture
from lenet.data.sheet import draw_examples, draw_sheet, save_sheet
from lenet.data.sources import FileState, cache_folder, check_files, fetch, is_cached

__all__ = [
    "CATALOG",
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
    "read_idx",
    "read_picture",
    "save_sheet",
    "shift",
    "split_validation",
    "write_idx",
]
