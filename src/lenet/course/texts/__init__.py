"""The words of the exercises, by language: titles of lessons, tasks, and a hint for each mistake."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from lenet.errors import UnknownName

LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Texts:
    """The texts of one language.

    Attributes:
        lessons: the title of each lesson, by number.
        tasks: what each exercise asks.
        hints: what helps where no known mistake was made.
        mistakes: for each exercise, a hint for each mistake; ``{answer}`` in it is the wrong answer.
        words: short texts of the marking itself.
    """

    lessons: dict[int, str]
    tasks: dict[str, str]
    hints: dict[str, str]
    mistakes: dict[str, dict[str, str]]
    words: dict[str, str]


@cache
def texts(language: str) -> Texts:
    """The texts of a language.

    Raises:
        UnknownName: if there are none in that language.
    """
    if language not in LANGUAGES:
        raise UnknownName("language", str(language), LANGUAGES)
    values = tomllib.loads(resources.files(__name__).joinpath(f"{language}.toml").read_text("utf-8"))
    exercises: dict[str, dict[str, Any]] = values["exercises"]
    return Texts(
        lessons={int(number): title for number, title in values["lessons"].items()},
        tasks={number: exercise["task"] for number, exercise in exercises.items()},
        hints={number: exercise["hint"] for number, exercise in exercises.items()},
        mistakes={number: exercise["mistakes"] for number, exercise in exercises.items()},
        words=values["words"],
    )
