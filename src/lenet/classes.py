"""What the names of classes mean: digits under each of their names, and the classes of one side among those of another.

Classes are compared by what their names mean, and never by their places.
"""

from collections.abc import Sequence

from lenet.errors import printable
from lenet.naming import normalized

DIGITS = tuple("0123456789")

_DIGIT_WORDS = (
    ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    tuple("零一二三四五六七八九"),
)
_PREFIXES = ("digit", "number", "数字")


def digit_of(name: str) -> int | None:
    """The digit that a class is named after; None if it is none.

    >>> [digit_of(name) for name in ("7", "seven", "digit_7", "Digit Seven", "07", "七", "17", "dog")]
    [7, 7, 7, 7, 7, 7, None, None]
    """
    meaning = meaning_of(name)
    return int(meaning) if meaning in DIGITS else None


def meaning_of(name: str) -> str:
    """Normalize a class name: a number's digits, or the letters without case and what parts them.

    >>> meaning_of("digit_03"), meaning_of("T-shirt/top") == meaning_of("t_shirt top")
    ('3', True)
    """
    letters = normalized(name)
    for before in _PREFIXES:
        number = _number_of(letters.removeprefix(before))
        if number is not None:
            return str(number)
    return letters or name


def match_class_names(names: Sequence[str], known: Sequence[str]) -> list[int | None]:
    """For each name, the place of the known name that means the same class; None where none does, or more than one.

    >>> match_class_names(["one", "two", "cat"], ["0", "1", "2"])
    [1, 2, None]
    """
    known, named_meanings = list(known), [meaning_of(name) for name in names]
    meanings = [meaning_of(name) for name in known]

    def place_of(name: str, meaning: str) -> int | None:
        if name in known:
            return known.index(name)
        is_clear = named_meanings.count(meaning) == meanings.count(meaning) == 1
        return meanings.index(meaning) if is_clear else None

    return [place_of(name, meaning) for name, meaning in zip(names, named_meanings, strict=True)]


def digit_indices(names: Sequence[str]) -> tuple[int, ...] | None:
    """The places of the ten digits among classes; None if the classes are not these ten, each once.

    >>> digit_indices(["eight", "five", "four", "nine", "one", "seven", "six", "three", "two", "zero"])
    (9, 4, 8, 7, 2, 1, 6, 5, 0, 3)
    """
    digits = [digit_of(name) for name in names]
    return tuple(map(digits.index, range(10))) if len(names) == 10 and set(digits) == set(range(10)) else None


def join_names(names: Sequence[str]) -> str:
    """Names in a sentence: the first ten, and how many there are.

    >>> join_names([str(number) for number in range(12)])
    '0, 1, 2, 3, 4, 5, 6, 7, 8, 9, … (12)'
    """
    first_ten = ", ".join(printable(name) for name in names[:10])
    return f"{first_ten}, … ({len(names):,})" if len(names) > 10 else first_ten


def _number_of(letters: str) -> int | None:
    if letters.isdecimal() and len(letters) < 10:
        return int(letters)
    return next((words.index(letters) for words in _DIGIT_WORDS if letters in words), None)
