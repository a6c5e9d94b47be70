"""Numbers in the prose of documents, and how the code gives each of them.

A claim is a piece of a sentence as it stands on a page, ``{}`` where a number is. What cells and commands print is not
among them: that is printed anew. ``python -m tests.docs.claims`` names the page and the line of what is stale.
"""

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
MARK = ".zh-CN"
_WORDS = {
    "en": [
        *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
        *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
    ],
    "zh": [*"零一两三四五六七八九十", *(f"十{one}" for one in "一二三四五六七八九"), "二十"],
}
_NUMBER = r"([−-]?\d[\d,]*(?:\.\d+)?)"
_SLOT = re.compile(r"\{(w?)\}")


@dataclass(frozen=True)
class Claim:
    """What a page says, and what the code says of it.

    Attributes:
        page: its path in ``docs`` without ``.md``.
        text: how it stands there: ``{}`` for a number in digits, ``{w}`` for one in words, ``…`` for anything else
            within the line.
        numbers: computes what the code gives for them, in order.
        under: the heading below which it stands, where the page says such things several times.
    """

    page: str
    text: str
    numbers: Callable[[], tuple[float, ...]]
    under: str = ""

    def __str__(self) -> str:
        return f"{self.page}: {self.text}"

    def place(self, document: str) -> re.Match[str] | None:
        """Where the text stands in a document, whatever its numbers are."""
        heading = re.search(rf"^#+ {re.escape(self.under)}$", document, re.MULTILINE) if self.under else None
        if self.under and not heading:
            return None
        words = "|".join(sorted(self._words, key=len, reverse=True))
        slots = {"": _NUMBER, "w": f"((?i:{words}))"}
        pattern, end = "", 0
        for slot in _SLOT.finditer(self.text):
            pattern += _literal(self.text[end : slot.start()]) + slots[slot[1]]
            end = slot.end()
        return re.compile(pattern + _literal(self.text[end:])).search(document, heading.end() if heading else 0)

    def stale(self, document: str) -> list[str]:
        """Page, line, and both numbers, of each number of the document that the code does not give."""
        place = self.place(document)
        if place is None:
            return [f"docs/{self.page}.md: no longer says {self.text!r}; mend the claim"]
        try:
            numbers = self.numbers()
        except Exception as error:  # whatever a changed description leads to
            line = document.count("\n", 0, place.start()) + 1
            return [f"docs/{self.page}.md:{line}: the code gives no number ({error}): {self.text!r}"]
        errors = []
        for index, (slot, number) in enumerate(zip(_SLOT.findall(self.text), numbers, strict=True), 1):
            shown, computed = place[index], _written(number, self._words if slot else ())
            if shown.casefold() != computed:
                line = document.count("\n", 0, place.start(index)) + 1
                errors.append(f"docs/{self.page}.md:{line}: says {shown}, but the code gives {computed}: {self.text!r}")
        return errors

    @property
    def _words(self) -> list[str]:
        return _WORDS["zh" if self.page.endswith(MARK) else "en"]


def in_both(
    page: str,
    english: str,
    chinese: str,
    numbers: Callable[[], tuple[float, ...]],
    in_chinese: Callable[[], tuple[float, ...]] | None = None,
    under: str = "",
) -> Iterator[Claim]:
    """A claim of a page and of its Chinese counterpart, whose numbers may stand in another order."""
    yield Claim(page, english, numbers, under)
    yield Claim(f"{page}{MARK}", chinese, in_chinese or numbers, under)


def _literal(text: str) -> str:
    return r"\s+".join(r"[^\n]*?".join(map(re.escape, word.split("…"))) for word in text.split(" "))


def _written(number: float, words: list[str] | tuple[()]) -> str:
    """A number as documents write it: as a word, or with thousands parted and the minus sign of typography."""
    if words and number == int(number) and 0 <= number < len(words):
        return words[int(number)]
    return f"{number:,.6f}".rstrip("0").rstrip(".").replace("-", "−")


def all_claims() -> list[Claim]:
    """Those of the course and those of the manual."""
    from tests.docs.course_claims import course_claims
    from tests.docs.manual_claims import manual_claims

    return [*course_claims(), *manual_claims()]


def stale() -> list[str]:
    """What the pages say and the code does not give."""
    return [error for claim in all_claims() for error in claim.stale((DOCS / f"{claim.page}.md").read_text("utf-8"))]


if __name__ == "__main__":
    errors = stale()
    print("\n".join(errors) or f"{len(all_claims())} claims hold")
    sys.exit(bool(errors))
