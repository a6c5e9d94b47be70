"""Check digits: Luhn, ISBN-10 and -13, EAN, IBAN, and the systems of ISO/IEC 7064.

Each function says whether a text, its check digit or letter included, is one that the rule allows. Spaces and hyphens
between the characters are passed over; anything else that the rule does not know makes the text wrong.

Sources: ISO/IEC 7812-1 (Luhn), ISO 2108 (ISBN), GS1 General Specifications (EAN), ISO 13616-1 (IBAN), ISO/IEC 7064.
"""

import re
import string
from collections.abc import Callable
from functools import partial

_DIGITS = string.digits
_ALPHABET = string.digits + string.ascii_uppercase  # each stands for its place in here, A for 10
_SPACING = re.compile(r"[ -]")
MAX_LENGTH = 100  # characters of a text that is checked


def luhn(text: str) -> bool:
    """The sum of digits, every second one from the right doubled (and 9 taken off above 9), is divisible by 10.

    >>> luhn("7992 7398 713"), luhn("79927398710")
    (True, False)
    """
    digits = _values(text, _DIGITS, 2)
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[-2::-2]]
    return bool(digits) and (sum(digits[::-2]) + sum(doubled)) % 10 == 0


def isbn_10(text: str) -> bool:
    """The sum of ten digits, the last of which may be X for ten, with weights 10 to 1 is divisible by 11.

    >>> isbn_10("0-306-40615-2"), isbn_10("0-8044-2957-X")
    (True, True)
    """
    digits = _values(text, _DIGITS + "X", 10, 10)
    total = sum(weight * digit for weight, digit in zip(range(10, 0, -1), digits, strict=False))
    return bool(digits) and 10 not in digits[:-1] and total % 11 == 0


def isbn_13(text: str) -> bool:
    """An EAN of 13 digits that begins with 978 or 979.

    >>> isbn_13("978-0-306-40615-7"), isbn_13("4006381333931")
    (True, False)
    """
    return _SPACING.sub("", text).startswith(("978", "979")) and ean(text, 13)


def ean(text: str, length: int) -> bool:
    """The sum of so many digits with weights 1 and 3 by turns, 1 for the last, is divisible by 10.

    >>> ean("4006381333931", 13), ean("7351 3537", 8)
    (True, True)
    """
    digits = _values(text, _DIGITS, length, length)
    return bool(digits) and (sum(digits[::-2]) + 3 * sum(digits[-2::-2])) % 10 == 0


def iban(text: str) -> bool:
    """Two letters and two digits, moved behind the rest, give a number, letters two digits each, of 1 modulo 97.

    >>> iban("GB82 WEST 1234 5698 7654 32"), iban("GB82 WEST 1234 5698 7654 23")
    (True, False)
    """
    characters = _SPACING.sub("", text)
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", characters, re.ASCII):
        return False
    return int("".join(str(_ALPHABET.index(character)) for character in characters[4:] + characters[:4])) % 97 == 1


def pure_system(text: str, modulus: int, radix: int, alphabet: str, check_alphabet: str, checks: int = 1) -> bool:
    """ISO/IEC 7064, pure systems: the sum of values with powers of the radix as weights is 1 modulo the modulus.

    Args:
        text: the characters, the check characters last.
        modulus, radix: as the system is called: MOD 11-2, MOD 37-2, MOD 97-10.
        alphabet, check_alphabet: which are allowed, in the order of their values, and which at the end.
        checks: how many check characters there are.
    """
    values = _values(text, check_alphabet, checks + 1)
    if not values or max(values[:-checks]) >= len(alphabet):
        return False
    total = 0
    for value in values:
        total = (total * radix + value) % modulus
    return total == 1


def hybrid_system(text: str, modulus: int, alphabet: str) -> bool:
    """ISO/IEC 7064, hybrid systems: MOD 11,10 of digits, MOD 37,36 of digits and letters.

    Args:
        text: the characters, the check character last.
        modulus: how many characters there are.
        alphabet: in the order of their values.
    """
    values = _values(text, alphabet, 2)
    if not values:
        return False
    product = modulus
    for value in values[:-1]:
        product = ((product + value) % modulus or modulus) * 2 % (modulus + 1)
    return (product + values[-1]) % modulus == 1


CHECKS: dict[str, Callable[[str], bool]] = {
    "luhn": luhn,
    "isbn-10": isbn_10,
    "isbn-13": isbn_13,
    "ean-8": partial(ean, length=8),
    "ean-13": partial(ean, length=13),
    "iban": iban,
    "mod-11-2": partial(pure_system, modulus=11, radix=2, alphabet=_DIGITS, check_alphabet=_DIGITS + "X"),
    "mod-37-2": partial(pure_system, modulus=37, radix=2, alphabet=_ALPHABET, check_alphabet=_ALPHABET + "*"),
    "mod-97-10": partial(pure_system, modulus=97, radix=10, alphabet=_DIGITS, check_alphabet=_DIGITS, checks=2),
    "mod-11-10": partial(hybrid_system, modulus=10, alphabet=_DIGITS),
    "mod-37-36": partial(hybrid_system, modulus=36, alphabet=_ALPHABET),
}
"""The rules by the names that forms call them by."""

OF_LETTERS = ("iban",)
"""The rules that no text of digits alone can obey."""


def _values(text: str, alphabet: str, minimum: int, maximum: int = MAX_LENGTH) -> list[int]:
    """The values of the characters of a text; none if it has others, or too few or many."""
    if len(text) > 2 * MAX_LENGTH:
        return []
    values = [alphabet.find(character) for character in _SPACING.sub("", text)]
    return values if -1 not in values and minimum <= len(values) <= maximum else []
