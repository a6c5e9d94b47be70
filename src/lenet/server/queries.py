"""The query parameters: what is asked about a picture. Each is described once, for the reader and for the OpenAPI."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from lenet.errors import ReadingError, UnknownName
from lenet.reading.batch.pages import POLARITIES, Settings
from lenet.reading.recognition import parse_share
from lenet.server.problems import Problem

DETAILS = ("text", "digits", "steps")
_LONGEST_PATTERN = 200

T = TypeVar("T")


@dataclass(frozen=True)
class Query:
    """What is asked about a picture: the settings of a reading, and how much to tell.

    Attributes:
        settings: polarity, single, length, pattern, max_error: as ``lenet read`` takes them.
        detail: one of DETAILS.
        normalized: whether the picture is 28×28 as MNIST's are and goes to the network as it is.
        network: whose activations are asked for; None is the one that reads.
    """

    settings: Settings = field(default_factory=Settings)
    detail: str = "digits"
    normalized: bool = False
    network: str | None = None


def _flag(name: str, text: str) -> bool:
    if text.lower() in ("", "true", "1"):
        return True
    if text.lower() in ("false", "0"):
        return False
    raise Problem(422, f"{name} is {text!r}, expected true or false")


def _length(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 9 and int(text) > 0):
        raise Problem(422, f"{name} is {text!r}, expected a whole number of at least 1")
    return int(text)


def _share(name: str, text: str) -> float:
    try:
        return parse_share(name, text)
    except ReadingError as error:
        raise Problem(422, str(error)) from None


def _polarity(name: str, text: str) -> str:
    return _one_of(name, text, POLARITIES)


def _detail(name: str, text: str) -> str:
    return _one_of(name, text, DETAILS)


def _one_of(name: str, text: str, known: tuple[str, ...]) -> str:
    if text not in known:
        raise UnknownName(name, text, known)
    return text


def _pattern(name: str, text: str) -> str:
    if len(text) > _LONGEST_PATTERN:
        raise Problem(422, f"{name} has {len(text):,} characters; at most {_LONGEST_PATTERN} are accepted")
    return text


def _any(name: str, text: str) -> str:
    return text


@dataclass(frozen=True)
class Parameter:
    """A query parameter: how its text is taken, and its place in the OpenAPI."""

    take: Callable[[str, str], Any]
    schema: Mapping[str, Any]
    description: str
    example: Any = None

    def to_json(self, name: str) -> dict[str, Any]:
        """As an OpenAPI document lists it."""
        values = {"name": name, "in": "query", "schema": dict(self.schema), "description": self.description}
        return values if self.example is None else values | {"example": self.example}


_BOOLEAN = {"type": "boolean", "default": False}
ABOUT_ONE = {
    "polarity": Parameter(
        _polarity,
        {"type": "string", "enum": list(POLARITIES), "default": "found"},
        "Which gray levels are ink: `ink-high` is light on dark, `paper-high` dark on light.",
    ),
    "normalized": Parameter(
        _flag,
        _BOOLEAN,
        "The picture is one digit of 28×28 pixels, normalized as MNIST's are (light on black, the digit 20 pixels "
        "high, its center of mass in the middle), and goes to the network as it is: many times faster.",
    ),
}
ABOUT_ALL = {
    "detail": Parameter(
        _detail,
        {"type": "string", "enum": list(DETAILS), "default": "digits"},
        "`text`: the text alone; `digits`: with boxes and probabilities; `steps`: with the 28×28 pixels of each digit, "
        "as the network saw it, in a PNG file (base64).",
    ),
    "single": Parameter(_flag, _BOOLEAN, "The picture holds one digit."),
    "length": Parameter(
        _length, {"type": "integer", "minimum": 1, "maximum": 100}, "Each line has so many digits.", None
    ),
    "pattern": Parameter(
        _pattern, {"type": "string", "maxLength": _LONGEST_PATTERN}, r"What each line looks like, as `\d{3}-\d{4}`."
    ),
    "max_error": Parameter(
        _share,
        {"type": "string", "examples": ["0.5%", "0.005"]},
        "Reject so that at most this share of accepted digits is wrong, as `0.5%` or `0.005`.",
    ),
    **ABOUT_ONE,
}
NETWORK = {
    "network": Parameter(
        _any, {"type": "string"}, "The network whose activations are asked for; by default the one that reads."
    ),
}

PARAMETERS = {"read": ABOUT_ALL, "activations": {**NETWORK, **ABOUT_ONE}}
_SETTINGS = ("polarity", "single", "length", "pattern", "max_error")


def query_of(query: bytes, about: str) -> Query:
    """What a query string asks.

    Args:
        query: as it stands in the URL.
        about: a key of PARAMETERS, which names those that are taken.

    Raises:
        Problem, UnknownName, ReadingError: if a parameter is not known, given twice, has a wrong value, or contradicts
            another one.
    """
    return _remembered(query, about) if len(query) < 200 else _parsed(query, about)


@lru_cache(maxsize=256)
def _remembered(query: bytes, about: str) -> Query:
    return _parsed(query, about)


def _parsed(query: bytes, about: str) -> Query:
    parameters = PARAMETERS[about]
    values: dict[str, Any] = {}
    for name, text in parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="replace"):
        if name not in parameters:
            raise UnknownName("query parameter", name[:60], parameters)
        if name in values:
            raise Problem(422, f"{name} is given twice")
        values[name] = parameters[name].take(name, text)
    own = {name: values.pop(name) for name in _SETTINGS if name in values}
    if values.get("normalized") and {"length", "pattern"} & own.keys():
        raise Problem(422, "a normalized picture holds one digit: leave out length and pattern")
    if about == "activations":
        own["single"] = True
    return Query(Settings(**own), **values)
