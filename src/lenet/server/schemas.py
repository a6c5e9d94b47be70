"""Response schemas for the OpenAPI document; responses are built as plain values and not validated against them."""

import json
from typing import Annotated, Any, Literal

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field


class JSONLineResponse(JSONResponse):
    """An answer written as the command line writes it: one line, and whatever a weights file holds."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, ensure_ascii=False).encode(errors="backslashreplace")


Box = Annotated[
    list[int],
    Field(min_length=4, max_length=4, description="Top, left, bottom, right, in pixels; half-open."),
]
Share = Annotated[float, Field(ge=0, le=1)]


class ResponseModel(BaseModel):
    """Base of the response schemas: keys that are not declared are an error."""

    model_config = ConfigDict(extra="forbid")


class Digit(ResponseModel):
    """One digit of a picture."""

    label: str = Field(description="The likeliest digit.")
    probability: Share = Field(description="Its probability, calibrated.")
    rejected: bool = Field(description="Whether it is not sure enough to be relied on.")
    box: Box
    line: int = Field(description="The number of its line, from 0.")
    alternatives: list[tuple[str, float]] = Field(description="The other digits with their probabilities.")
    no_digit: Share = Field(description="The probability that it is no digit at all.")
    image: str | None = Field(
        None, description="With `detail=steps`: 28×28 pixels as the network saw them, a PNG file in base64."
    )


class Sign(ResponseModel):
    """A sign between digits."""

    text: str = Field(description="One of `-.,:/+`, or what the query's `pattern` has in its place.")
    box: Box
    line: int = Field(description="The number of its line, from 0.")
    index: int = Field(description="The number of the digit of its line that it stands before, from 0.")


class Ignored(ResponseModel):
    """Ink that was left out."""

    box: Box
    reason: str


class Cell(ResponseModel):
    """A cell of a table, or a box of a form."""

    row: int = Field(description="Its number from 0, through all grids of the picture from the top.")
    column: int = Field(description="Its number from 0, in its grid.")
    text: str = Field(description="Its digits, a space for a gap; empty if it is blank.")
    accepted: str = Field(description="The text with `?` in the place of each rejected digit, and of ink not read.")
    rejected: bool = Field(description="Whether it is not sure what stands in it.")
    probability: Share = Field(description="That of its least sure digit; 1 if it is blank, 0 if it was not read.")
    box: Box


class Reading(ResponseModel):
    """The reading of a picture; with `detail=text` down to `remark`."""

    file: str = Field(description="The picture's name, if the upload has one.")
    page: int
    text: str = Field(description="The digits, lines one below the other, a space for a gap.")
    accepted: str = Field(description="The text with `?` in the place of each rejected digit.")
    rejected: bool = Field(description="Whether there is no answer that can be relied on.")
    remark: str = Field(
        description="Why nothing was found, which signs were left out, what may be missing, which cells were not "
        "read, and whether there are pages that were not read; empty if there is nothing to say."
    )
    size: tuple[int, int] | None = Field(None, description="Height and width of the upright picture.")
    polarity: str | None = Field(None, description="Which gray levels were taken for ink.")
    turned: int | None = Field(None, description="By how many degrees the page was turned clockwise to be read.")
    digits: list[Digit] | None = None
    signs: list[Sign] | None = None
    ignored: list[Ignored] | None = None
    cells: list[Cell] | None = Field(None, description="Those of the grid, row by row; none if no grid was found.")


class FormField(ResponseModel):
    """The reading of a form's field."""

    name: str
    kind: Literal["digits", "number", "date", "ticks"]
    text: str = Field(description="The likeliest reading that the field's constraints allow; empty if it is blank.")
    probability: Share
    status: Literal["ok", "doubtful", "blank", "violates"]
    reason: str = Field(description="Why it is not ok, or what a constraint has changed; else empty.")
    changed: bool = Field(description="Whether a constraint chose another text than the likeliest one.")
    box: Box
    corners: list[tuple[float, float]] = Field(
        description="Its top left, top right, bottom right and bottom left in the picture, each y, x."
    )
    alternatives: list[tuple[str, float]] = Field(description="Other texts and their probabilities.")


class FormSum(ResponseModel):
    """Fields that add up."""

    total: str
    terms: list[str]
    holds: bool | None = Field(description="Whether they do; null if one of them is blank.")


class FormPage(ResponseModel):
    """The reading of a form's page."""

    file: str = Field(description="The picture's name, if the upload has one.")
    page: int
    form: str = Field(description="The name of its template.")
    status: Literal["ok", "doubtful", "blank", "violates", "rejected"] = Field(description="That of its worst field.")
    rejected: bool = Field(description="Whether nothing was read, because the page does not show the form.")
    reason: str = Field(description="Why; empty if it was read.")
    remarks: list[str] = Field(description="How it was turned, which fields lie outside the picture.")
    size: tuple[int, int] = Field(description="Height and width of the upright picture.")
    turned: int = Field(description="By how many degrees the page was turned clockwise to be read.")
    fields: list[FormField] = Field(description="All of the form, in its order; of a rejected page none.")
    sums: list[FormSum]


class Prediction(ResponseModel):
    """The classes that a picture may be of."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    file: str = Field(description="The picture's name, if the upload has one.")
    class_name: str = Field(alias="class", description="The likeliest class.")
    probability: Share = Field(description="Its probability.")
    probabilities: dict[str, float] = Field(description="Of the likeliest classes, `top` of them.")
    none: Share = Field(description="The probability of none of the classes; 0 where the network has no such answer.")
    remark: str = Field(description="What makes the answer worth little, as `as likely as chance`; else empty.")
    network: str = Field(description="Whose answer it is.")


class StageArray(ResponseModel):
    """The units of a stage: before its activation under its name, as `c1`, and after it, as `c1_squash`."""

    name: str
    shape: list[int] = Field(description="Maps, rows, columns.")
    values: list[list[list[float]]]


class Activations(ResponseModel):
    """The activations of every stage of a network for a digit."""

    file: str
    network: str
    digit: Digit = Field(description="The digit that was found, as the reader reads it.")
    image: list[list[int]] = Field(description="28×28 gray levels, 255 is ink: what the network sees.")
    stages: list[StageArray] = Field(description="In the order of the pass; `input` is the network's input.")
    labels: list[str] = Field(description="What each output stands for.")
    smallest_wins: bool = Field(description="Whether outputs are penalties.")
    probabilities: list[float] = Field(
        description="Of the ten digits, calibrated; what they lack of 1 is that of no digit."
    )


class Totals(ResponseModel):
    """Sums over all stages."""

    parameters: int
    connections: int
    macs: int
    units: int
    fixed: int = Field(description="Numbers that are stored but not trained, as the prototypes of RBF units.")


class NetworkListEntry(ResponseModel):
    """An entry of the list of networks."""

    name: str
    description: str
    source: str
    input_shape: list[int]
    deviations: list[str] = Field(description="In what it differs from its source.")
    totals: Totals
    has_weights: bool = Field(description="Whether activations can be asked of it.")


class NetworkSummary(NetworkListEntry):
    """A network, counted exactly."""

    stages: list[dict[str, Any]] = Field(description="Shapes, parameters, connections, receptive field of each stage.")
    network: dict[str, Any] = Field(description="Its whole description, as its weights file carries it.")
    provenance: dict[str, Any] | None = Field(description="Where its weights come from, if there are any.")


class Health(ResponseModel):
    """Version, network and weights of a server that answers."""

    status: str
    version: str
    network: str = Field(description="The one that is served.")
    file: str | None = Field(description="The name of the file that its weights come from.")
    sha256: str = Field(description="Of its parameters, as `lenet.load(FILE).digest`.")


class ProblemDetails(ResponseModel):
    """Why a request is not met (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = Field(description="One sentence, the same that the command line prints.")
