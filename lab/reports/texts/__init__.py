"""Texts of the reports, a TOML file for each language: tables of sentences whose {names} are filled in."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

Language = Literal["en", "zh"]

_NAME_AND_NUMBER = re.compile(r"(.+?)([−-]?\d[\d.,]*)")


@dataclass(frozen=True, eq=False)
class Texts:
    """The texts in one language, by table and key."""

    tables: Mapping[str, Mapping[str, Any]]

    def fill(self, table: str, key: str, **values: object) -> str:
        """Fill in a text of a table."""
        return str(self.tables[table][key]).format(**values)

    def translate(self, english: str) -> str:
        """Translate a name that the package gives: a title, a measure, or a part, whole or piece by piece.

        >>> load_texts("zh").translate("lenet-5, vertical shift −10")
        'lenet-5，上下平移（像素） −10'
        >>> load_texts("en").translate("pass 20")
        'pass 20'
        """
        names = self.tables.get("names", {})
        if english in names:
            return str(names[english])
        return self.fill("writing", "comma").join(_translate(piece, names) for piece in english.split(", "))

    def to_sentence(self, text: str) -> str:
        """End a text with a full stop, and begin it with a capital where the language has them."""
        writing = self.tables["writing"]
        if writing["capitals"] and text[:1].isascii():
            text = text[:1].upper() + text[1:]
        return text if text.endswith(tuple(writing["stops"])) else text + str(writing["stop"])

    def to_list(self, texts: list[str]) -> str:
        """List texts as sentences, an item each."""
        return "\n".join(f"- {self.to_sentence(text)}" for text in texts)


@cache
def load_texts(language: Language) -> Texts:
    """Load the texts of a language."""
    return Texts(tomllib.loads(resources.files(__name__).joinpath(f"{language}.toml").read_text("utf-8")))


def _translate(piece: str, names: Mapping[str, str]) -> str:
    """Look a piece up; if it ends with a number, its words with {} in place of the number."""
    if (numbered := _NAME_AND_NUMBER.fullmatch(piece)) and (pattern := names.get(f"{numbered[1]}{{}}")):
        return pattern.format(numbered[2])
    return names.get(piece, piece)
