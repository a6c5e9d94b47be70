"""Handwriting fonts, fetched and verified: the reader is trained and measured with their digits and letters.

They hold what MNIST's American handwriting of the 1990s does not: flagged and footed 1, crossed 7, old-style 2 with a
loop, 5 with a loose bar, 9 with a long tail. The fonts are free (SIL Open Font License, Apache), come from the npm
packages ``@fontsource/NAME``, and stay in the cache; none is part of this package.
"""

import csv
import hashlib
import io
import tarfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from lenet.data.sources import cache_folder, is_offline
from lenet.errors import DataError
from lenet.files import write_atomically

SPLITS = ("training", "validation", "test")
_FORMER_SPLITS = {"kept apart": "test"}  # as the test split was called before
REGISTRY = "https://registry.npmjs.org"
CACHE_FOLDER = "hands"  # as version 0.1 called it, so that its files are found
_MAX_CONNECTIONS, _TIMEOUT_SECONDS = 8, 30


@dataclass(frozen=True)
class HandwritingFont:
    """A handwriting font: its name, and its WOFF file, which Pillow's ``ImageFont.truetype`` opens."""

    name: str
    path: Path


@dataclass(frozen=True)
class _FontSource:
    """A line of ``fonts.csv``: where a font's file comes from, its checksum, and its split."""

    name: str
    version: str
    file: str
    sha256: str
    split: str

    @property
    def url(self) -> str:
        return f"{REGISTRY}/@fontsource/{self.name}/-/{self.name}-{self.version}.tgz"


def load_handwriting_fonts(*splits: str) -> list[HandwritingFont]:
    """The fonts of one split or several of `SPLITS`, in the order of the table, fetched and verified.

    Raises:
        DataError: if a split is unknown, or a font is neither in the cache nor to be had.
    """
    splits = tuple(_FORMER_SPLITS.get(split, split) for split in splits)
    if unknown := [split for split in splits if split not in SPLITS]:
        raise DataError(f"there is no split {unknown[0]!r} of the handwriting fonts; expected {', '.join(SPLITS)}")
    fonts = [font for font in _load_table() if font.split in splits]
    folder = cache_folder() / CACHE_FOLDER
    missing = [font for font in fonts if not _is_whole(folder / font.file, font)]
    if missing and is_offline():
        raise DataError(f"{folder}: lacks {len(missing)} handwriting fonts, and LENET_OFFLINE forbids to fetch them")
    with ThreadPoolExecutor(_MAX_CONNECTIONS) as pool:
        for font, content in zip(missing, pool.map(_fetch, missing), strict=True):
            write_atomically(folder / font.file, content)
    return [HandwritingFont(font.name, folder / font.file) for font in fonts]


def _load_table() -> list[_FontSource]:
    """Load ``fonts.csv``."""
    text = resources.files("lab.synthesis").joinpath("fonts.csv").read_text(encoding="utf-8")
    return [_FontSource(**row) for row in csv.DictReader(io.StringIO(text))]


def _is_whole(path: Path, font: _FontSource) -> bool:
    """Whether a file has the font's checksum."""
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == font.sha256


def _fetch(font: _FontSource) -> bytes:
    """Fetch the font's package; the bytes of the font's file in it."""
    import requests

    try:
        response = requests.get(font.url, timeout=_TIMEOUT_SECONDS)
        response.raise_for_status()
        with tarfile.open(fileobj=io.BytesIO(response.content)) as package:
            stream = package.extractfile(f"package/files/{font.file}")
            content = stream.read() if stream else b""
    except (requests.RequestException, tarfile.TarError, zlib.error, EOFError, KeyError, OSError) as problem:
        raise DataError(f"the handwriting font {font.name} cannot be downloaded from {font.url} ({problem})") from None
    if hashlib.sha256(content).hexdigest() != font.sha256:
        raise DataError(f"the handwriting font {font.name} from {font.url} is another file than expected")
    return content
