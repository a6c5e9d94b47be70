"""Widths of text in a terminal, where a Chinese character takes two cells."""

import unicodedata


def width_of(text: str) -> int:
    """The cells that a text takes.

    >>> width_of("seven"), width_of("七")
    (5, 2)
    """
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def padded(text: str, width: int) -> str:
    """Pad a text to so many cells.

    >>> padded("七", 4) + "|", padded("seven", 4) + "|"
    ('七  |', 'seven|')
    """
    return text + " " * (width - width_of(text))
