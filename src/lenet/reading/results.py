"""Results of reading: the digits, what was left out, and the text they make; printed, each is one short line."""

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.boxes import Box
from lenet.errors import ReadingError, counted
from lenet.pictures.loading import Picture
from lenet.reading.foreground.ink import InkMap, Polarity
from lenet.reading.lines.numbers import MAY_BE_DIGITS

GrayLevels = NDArray[np.uint8]
REJECTED_MARK = "?"
FIRST_PAGE_REMARK = "the first of several pages; lenet.read_pages reads all of them, over HTTP pages=all"


class PageResult:
    """Base of page results other than `Reading`: those of forms, by a template.

    Attributes:
        is_rejected: whether there is nothing in it that can be relied on.
    """

    is_rejected: bool


@dataclass(frozen=True, eq=False)
class Digit:
    """One digit of a picture.

    Attributes:
        box: (top, left, bottom, right) in the upright picture's pixels, half-open.
        label: the name of the likeliest class, a digit.
        probability: of that class, calibrated, 0..1; all ten and `no_digit` add up to 1. Where a picture is read as a
            single digit, the share of the class among all candidates for it; in a line, what the network gives this
            ink. Whether a line is accepted depends on the reading's `confidences`.
        alternatives: the other classes and their probabilities, likeliest first.
        image: uint8 (28, 28), ink-high: what the network saw.
        is_rejected: whether the answer is not sure enough to be accepted.
        line: the number of its line, from 0.
    """

    box: Box
    label: str
    probability: float
    alternatives: tuple[tuple[str, float], ...]
    image: GrayLevels
    is_rejected: bool = False
    line: int = 0

    def __repr__(self) -> str:
        doubt = ", rejected" if self.is_rejected else ""
        return f"Digit({self.label!r}, {self.probability:.4f}{doubt}, line {self.line}, box {self.box})"

    @property
    def no_digit(self) -> float:
        """The probability that it is no digit at all; 0 if the network has no answer for that."""
        return max(0.0, 1.0 - self.probability - sum(share for _, share in self.alternatives))

    def to_json(self) -> dict[str, Any]:
        """Box, label, probability and alternatives, as plain values."""
        return {
            "label": self.label,
            "probability": round(self.probability, 4),
            "rejected": self.is_rejected,
            "box": list(self.box),
            "line": self.line,
            "alternatives": [[label, round(share, 4)] for label, share in self.alternatives],
            "no_digit": round(self.no_digit, 4),
        }


@dataclass(frozen=True)
class Sign:
    """A sign between digits: minus, point, comma, colon, slash, plus or parenthesis.

    Attributes:
        box: (top, left, bottom, right), as a digit's.
        text: the sign, one of ``-.,:/+``, or the separator that the pattern has at its place.
        line: the number of its line, from 0.
        index: the number of the digit of its line that it stands before, from 0; their count behind the last.
    """

    box: Box
    text: str
    line: int = 0
    index: int = 0

    def to_json(self) -> dict[str, Any]:
        """Text, box and place, as plain values."""
        return {"text": self.text, "box": list(self.box), "line": self.line, "index": self.index}


@dataclass(frozen=True)
class Ignored:
    """Ink that was left out: its box, as a digit's, and why in a few words."""

    box: Box
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Box and reason, as plain values."""
        return {"box": list(self.box), "reason": self.reason}


@dataclass(frozen=True, eq=False)
class Cell:
    """A cell of a table, or a box of a form.

    Attributes:
        row: its number from 0, through all grids of the picture from the top.
        column: its number from 0, in its grid.
        box: as a digit's; in a photo in perspective the upright box around it.
        text: its digits, a space for a gap, and the signs between them where the reading's text has them; empty if it
            is blank.
        digits: the same digits, as in the reading.
        is_unread: whether it holds ink that was taken for no digit.
    """

    row: int
    column: int
    box: Box
    text: str
    digits: tuple[Digit, ...]
    is_unread: bool = False

    def __repr__(self) -> str:
        doubt = ", rejected" if self.is_rejected else ""
        return f"Cell({self.row}, {self.column}, {self.text!r}{doubt}, box {self.box})"

    @property
    def is_rejected(self) -> bool:
        """Whether it is not sure what stands in it; a blank cell is not rejected."""
        return self.is_unread or any(digit.is_rejected for digit in self.digits)

    @property
    def accepted_text(self) -> str:
        """The text with a question mark in the place of each rejected digit, and for ink that was not read."""
        return _accepted(self.text, self.digits) or REJECTED_MARK * self.is_unread

    @property
    def probability(self) -> float:
        """The probability of its least sure digit; 1 if it is blank, 0 if it was not read."""
        return min((digit.probability for digit in self.digits), default=float(not self.is_unread))

    def to_json(self) -> dict[str, Any]:
        """The cell as plain values; its digits stand in the reading's."""
        return {
            "row": self.row,
            "column": self.column,
            "text": self.text,
            "accepted": self.accepted_text,
            "rejected": self.is_rejected,
            "probability": round(self.probability, 4),
            "box": list(self.box),
        }


def _accepted(text: str, digits: Sequence[Digit]) -> str:
    marks = iter(REJECTED_MARK if digit.is_rejected else digit.label for digit in digits)
    return "".join(next(marks) if character.isdigit() else character for character in text)


@dataclass(frozen=True, eq=False)
class Reading:
    """The result of reading one picture.

    Attributes:
        text: the digits, lines top to bottom, one below the other; a space for a gap; the signs between them where a
            pattern asks for them or they were to be kept. Empty if there are no digits.
        digits: the same digits in the same order, doubtful ones included.
        ignored: ink that was taken for no digit.
        name: the picture's path, or what kind of object it was.
        size: (height, width) of the picture, upright.
        polarity: which gray levels were taken for ink.
        remark: what to know of it: why nothing was found, which signs were left out of the text, what may be digits and
            was left out, which cells were not read, how the page was rotated, whether there are pages that were not
            read; empty if there is nothing to say.
        signs: the signs between the digits, whether the text has them or not.
        rotation: by how many degrees the page was rotated clockwise to be read, 0, 90, 180 or 270; boxes are in the
            picture as it was.
        confidences: of each line, 0..1, by which it is accepted: calibrated from the posterior probability of its text
            among all readings of its ink and the probabilities of its digits. A line of cells, each of which is
            accepted by itself, has the confidence of the least sure one.
        steps: what the reader saw on the way, megabytes of it: the picture it worked on and its ink map; None unless
            they were asked for.
        cells: those of the grid, if boxes or a table bound the digits; row by row, left to right.
    """

    text: str
    digits: tuple[Digit, ...]
    ignored: tuple[Ignored, ...]
    name: str
    size: tuple[int, int]
    polarity: Polarity
    remark: str = ""
    steps: "Steps | None" = None
    signs: tuple[Sign, ...] = ()
    rotation: int = 0
    cells: tuple[Cell, ...] = ()
    confidences: tuple[float, ...] = ()

    def __repr__(self) -> str:
        rejected = sum(digit.is_rejected for digit in self.digits)
        counts = f"{counted(len(self.digits), 'digit')}, {rejected} rejected, {len(self.ignored)} ignored"
        return f"Reading({reprlib.repr(self.text)}, {counts}, {reprlib.repr(self.name)})"

    def _repr_html_(self) -> str:
        from lenet.notebook import reading_html

        return reading_html(self)

    @property
    def kept_steps(self) -> "Steps":
        """The steps, which must have been kept.

        Raises:
            ReadingError: if they were not kept.
        """
        if self.steps is None:
            raise ReadingError(f"{self.name}: its steps were not kept; to draw them, read it with keep_steps=True")
        return self.steps

    @property
    def is_incomplete(self) -> bool:
        """Whether ink was left out that may be digits."""
        return any(piece.reason == MAY_BE_DIGITS for piece in self.ignored)

    @property
    def is_rejected(self) -> bool:
        """Whether there is no answer that can be relied on: no digit, one rejected or left out, or a cell not read."""
        is_unread = any(cell.is_unread for cell in self.cells)
        return not self.digits or self.is_incomplete or is_unread or any(digit.is_rejected for digit in self.digits)

    @property
    def accepted_text(self) -> str:
        """The text with a question mark in the place of each rejected digit."""
        return _accepted(self.text, self.digits)

    @property
    def table(self) -> list[list[str]]:
        """The accepted text of the cells, row by row; cells that are blank or not there are empty."""
        columns = 1 + max((cell.column for cell in self.cells), default=-1)
        rows = [[""] * columns for _ in range(1 + max((cell.row for cell in self.cells), default=-1))]
        for cell in self.cells:
            rows[cell.row][cell.column] = cell.accepted_text
        return rows

    def to_json(self) -> dict[str, Any]:
        """The reading as plain values; 28×28 pictures are left out."""
        return {
            "file": self.name,
            "text": self.text,
            "accepted": self.accepted_text,
            "rejected": self.is_rejected,
            "remark": self.remark,
            "size": list(self.size),
            "polarity": str(self.polarity),
            "turned": self.rotation,  # as published
            "digits": [digit.to_json() for digit in self.digits],
            "signs": [sign.to_json() for sign in self.signs],
            "ignored": [piece.to_json() for piece in self.ignored],
            "cells": [cell.to_json() for cell in self.cells],
        }


@dataclass(frozen=True, eq=False)
class Steps:
    """The picture as it was opened, and its ink."""

    picture: Picture = field(repr=False)
    ink: InkMap = field(repr=False)
