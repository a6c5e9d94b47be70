"""Query parameters of the picture routes: a pydantic model for each, which parses and documents them.

In place of FastAPI's `Query()` stands `query_of`, because it caches: `Query()` would make a normalized digit take a
sixth longer. Nor does it refuse a parameter that is given twice, or say which ones are known.
"""

from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal, Self, TypeVar

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema, model_validator
from pydantic.json_schema import SkipJsonSchema
from starlette.datastructures import QueryParams

from lenet.errors import ReadingError, UnknownName
from lenet.reading.batch.pages import Settings
from lenet.reading.lines.pattern import MAX_CHARACTERS, pattern_of
from lenet.reading.recognition import parse_share

Flag = Annotated[bool, BeforeValidator(lambda text: text or "true")]  # `?single` alone, too
Length = Annotated[int, Field(ge=1, le=MAX_CHARACTERS)]
Pattern = Annotated[str, Field(max_length=200)]
Share = Annotated[
    float,
    BeforeValidator(lambda text: parse_share("max_error", text)),
    WithJsonSchema({"type": "string", "examples": ["0.5%", "0.005"]}),
]
LeftOut = SkipJsonSchema[None]  # None is not a value that can be given


Polarity = Annotated[
    Literal["auto", "ink-high", "paper-high"],
    BeforeValidator(lambda text: "auto" if text == "found" else text),  # as version 0.1 called it
]


class PictureQuery(BaseModel):
    """Parameters of every picture route."""

    model_config = ConfigDict(frozen=True)

    polarity: Polarity = Field(
        "auto", description="Which gray levels are ink: `ink-high` is light on dark, `paper-high` dark on light."
    )
    normalized: Flag = Field(
        False,
        description="The picture is one digit of 28×28 pixels, normalized as MNIST's are (light on black, the digit "
        "20 pixels high, its center of mass in the middle), and goes to the network as it is: many times faster.",
    )


class ReadQuery(PictureQuery):
    """Parameters of a reading, as of ``lenet read``, and the level of detail."""

    detail: Literal["text", "digits", "steps"] = Field(
        "digits",
        description="`text`: the text alone; `digits`: with boxes and probabilities; `steps`: with the 28×28 pixels of "
        "each digit, as the network saw it, in a PNG file (base64).",
    )
    pages: Literal["first", "all"] = Field(
        "first", description="Of a PDF or TIFF file: the first page, or a list of the readings of all of them."
    )
    single: Flag = Field(False, description="The picture holds one digit.")
    length: Length | LeftOut = Field(None, description="Each line has so many digits.")
    pattern: Pattern | LeftOut = Field(None, description=r"What each line looks like, as `\d{3}-\d{4}`.")
    signs: Literal["omit", "keep"] = Field(
        "omit",
        description="What becomes of the signs between digits: `keep` writes them, as `-12.5`; `omit` says them in "
        "the remark.",
    )
    turn: Flag = Field(True, description="Whether a page that lies on its side or upside down is turned.")
    grid: Flag = Field(True, description="Whether boxes, tables and squared paper are looked for.")
    max_error: Share | LeftOut = Field(
        None, description="Reject so that at most this share of accepted digits is wrong, as `0.5%` or `0.005`."
    )

    form: Annotated[str, Field(max_length=200)] | LeftOut = Field(
        None,
        description="The name of a form that the server was started with: its fields are read, and no other parameter "
        "but `pages` goes with it. A template can be sent in the form's field `form`, too, with its blank page in "
        "`blank`.",
    )

    @model_validator(mode="after")
    def _check_consistency(self) -> Self:
        if self.form is not None:
            self.check_form()
        pattern_of(self.single, self.length, self.pattern)
        if self.normalized and (self.length is not None or self.pattern is not None):
            raise ReadingError("a normalized picture holds one digit: leave out length and pattern")
        if self.normalized and self.pages == "all":
            raise ReadingError("a normalized picture has one page: leave out pages")
        return self

    def check_form(self) -> None:
        """Raise ReadingError unless a form's template says all of how the page is read."""
        for name in self.model_fields_set - {"form", "pages"}:
            raise ReadingError(f"form reads fields as its template says; leave out {name}")

    @cached_property
    def settings(self) -> Settings:
        """The arguments of `Reader.read`."""
        return Settings(
            self.polarity,
            self.single,
            self.length,
            self.pattern,
            max_error=self.max_error,
            signs=self.signs,
            turn=self.turn,
            grid=self.grid,
        )


class ActivationsQuery(PictureQuery):
    """Parameters of activations."""

    network: str | LeftOut = Field(
        None, description="The network whose activations are asked for; by default the one that reads."
    )

    @cached_property
    def settings(self) -> Settings:
        """The arguments of `Reader.read` for a single digit."""
        return Settings(self.polarity, single=True)


class PredictQuery(BaseModel):
    """Parameters of a prediction, as of ``lenet predict``."""

    model_config = ConfigDict(frozen=True)

    network: str | LeftOut = Field(None, description="The network that is asked; by default the one that is served.")
    top: int = Field(3, ge=1, le=10_000, description="So many of the likeliest classes are told.")
    fit: Literal["pad", "crop", "stretch"] = Field(
        "pad",
        description="How a whole picture becomes a square: padded as for training, its middle, or the longer side "
        "squeezed.",
    )


Q = TypeVar("Q", bound=BaseModel)


def query_of(request: Request, model: type[Q]) -> Q:
    """The model of a request's query parameters.

    Raises:
        UnknownName, HTTPException, RequestValidationError: if a parameter is not known, given twice, has a wrong value,
            or contradicts another one.
    """
    query: Q = _cached_query(request.scope["query_string"], model)
    return query


@lru_cache(maxsize=256)
def _cached_query(query: bytes, model: type[Q]) -> Q:
    values: dict[str, str] = {}
    for name, text in QueryParams(query).multi_items():
        if name not in model.model_fields:
            raise UnknownName("query parameter", name[:60], model.model_fields)
        if name in values:
            raise HTTPException(422, f"{name} is given twice")
        values[name] = text
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise RequestValidationError(
            [{**detail, "loc": ("query", *detail["loc"])} for detail in error.errors()]
        ) from None


def parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    """The model's fields as an OpenAPI document lists them."""
    return [
        {
            "name": name,
            "in": "query",
            "description": schema.pop("description"),
            "schema": {key: value for key, value in schema.items() if value is not None},
        }
        for name, schema in model.model_json_schema()["properties"].items()
    ]
