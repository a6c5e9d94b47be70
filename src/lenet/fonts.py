"""Fonts for text in pictures: Pillow's default, or an installed one for letters that it lacks."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from lenet.errors import printable

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont

INSTALLED = (
    *("DejaVuSans.ttf", "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "SourceHanSansSC-Regular.otf"),
    *("wqy-microhei.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf", "DroidSansFallback.ttf"),
    *("PingFang.ttc", "Hiragino Sans GB.ttc", "Arial Unicode.ttf", "msyh.ttc", "simhei.ttf", "simsun.ttc"),
)
"""Files of fonts, in the order they are tried in: Pillow's default has few letters but those of English."""
_warned: set[str] = set()  # letters that a line on stderr named
_IN_NO_FONT = "\U0010ffff"  # no character: what a font draws for it, it draws for every letter that it lacks


@lru_cache(maxsize=1000)
def font_for(text: str, size: float) -> Font:
    """The font that a text is drawn in: the first that has most of its letters.

    Letters that none has are drawn as boxes; the first time a line on stderr says so.

    >>> font_for("seven", 12).getname()[0]
    'Aileron'
    """
    from PIL.ImageFont import load_default

    default = load_default(size)
    letters = sorted({letter for letter in text if not letter.isspace()})
    if text.isascii() or all(_has(default, letter) for letter in letters):
        return default
    fonts = [default, *(font.font_variant(size=size) for font in _installed_fonts())]
    font = max(fonts, key=lambda font: sum(_has(font, letter) for letter in letters))
    if missing := [letter for letter in letters if not _has(font, letter)]:
        _warn_of("".join(missing[:10]))
    return font


@cache
def _installed_fonts() -> tuple[FreeTypeFont, ...]:
    from PIL.ImageFont import truetype

    fonts = []
    for name in INSTALLED:
        for place in (name, *_beside_matplotlib(name)):
            try:
                fonts.append(truetype(place))
                break
            except OSError:  # not installed
                continue
    return tuple(fonts)


def _beside_matplotlib(name: str) -> list[str]:
    found = importlib.util.find_spec("matplotlib")
    folders = found.submodule_search_locations if found else None
    return [str(Path(folder, "mpl-data", "fonts", "ttf", name)) for folder in folders or ()]


def _has(font: Font, letter: str) -> bool:
    return bytes(font.getmask(letter)) != bytes(font.getmask(_IN_NO_FONT))


def _warn_of(letters: str) -> None:
    if not _warned:
        print(
            f"lenet: no font is installed that has {printable(letters)}: boxes are drawn in their place; "
            "install one, as Noto Sans CJK",
            file=sys.stderr,
        )
    _warned.add(letters)
