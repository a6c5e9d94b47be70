"""Results of reading: the digits, what was left out, and the text they make; printed, each is one short line."""

import reprlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.errors import ReadingError
from lenet.pictures.loading import Picture
from lenet.reading.foreground.ink import InkMap, Polarity
from lenet.reading.lines.segmentation import Box

GrayLevels = NDArray[np.uint8]
REJECTED_MARK = "?"


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
class Ignored:
    """Ink that was left out: its box, as a digit's, and why in a few words."""

    box: Box
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Box and reason, as plain values."""
        return {"box": list(self.box), "reason": self.reason}


@dataclass(frozen=True, eq=False)
class Reading:
    """The result of reading one picture.

    Attributes:
        text: the digits, lines top to bottom, one below the other; a space for a gap. Empty if there are none.
        digits: the same digits in the same order, doubtful ones included.
        ignored: ink that was taken for no digit.
        name: the picture's path, or what kind of object it was.
        size: (height, width) of the picture, upright.
        polarity: which gray levels were taken for ink.
        remark: why nothing was found; empty if something was.
        confidences: of each line, 0..1, the share that its text has of all that its ink may be read as; whether the
            line is accepted depends on it.
        steps: what the reader saw on the way, megabytes of it: the picture it worked on and its ink map; None unless
            they were asked for.
    """

    text: str
    digits: tuple[Digit, ...]
    ignored: tuple[Ignored, ...]
    name: str
    size: tuple[int, int]
    polarity: Polarity
    remark: str = ""
    steps: "Steps | None" = None
    confidences: tuple[float, ...] = ()

    def __repr__(self) -> str:
        rejected = sum(digit.is_rejected for digit in self.digits)
        counts = f"{len(self.digits)} digits, {rejected} rejected, {len(self.ignored)} ignored"
        return f"Reading({reprlib.repr(self.text)}, {counts}, {reprlib.repr(self.name)})"

    def _repr_html_(self) -> str:
        from lenet.notebook import reading_html

        return reading_html(self)

    @property
    def kept_steps(self) -> "Steps":
        """The steps, for who cannot do without.

        Raises:
            ReadingError: if they were not kept.
        """
        if self.steps is None:
            raise ReadingError(f"{self.name}: its steps were not kept; to draw them, read it with keep_steps=True")
        return self.steps

    @property
    def is_rejected(self) -> bool:
        """Whether there is no answer that can be relied on: no digit, or one that was rejected."""
        return not self.digits or any(digit.is_rejected for digit in self.digits)

    @property
    def accepted_text(self) -> str:
        """The text with a question mark in the place of each rejected digit."""
        marks = iter(REJECTED_MARK if digit.is_rejected else digit.label for digit in self.digits)
        return "".join(next(marks) if character.isdigit() else character for character in self.text)

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
            "digits": [digit.to_json() for digit in self.digits],
            "ignored": [piece.to_json() for piece in self.ignored],
        }


@dataclass(frozen=True, eq=False)
class Steps:
    """The picture as it was opened, and its ink."""

    picture: Picture = field(repr=False)
    ink: InkMap = field(repr=False)
