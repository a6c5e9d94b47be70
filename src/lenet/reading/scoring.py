"""Classification of candidates: each is normalized and given the probabilities of the ten digits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.boxes import Box
from lenet.reading.foreground.ink import InkMap
from lenet.reading.lines.forward import RowGraph
from lenet.reading.lines.segmentation import Candidate
from lenet.reading.normalization import normalize_all, stroke_width
from lenet.reading.recognition import LABELS, Recognizer

# How many times as many of the 9s among MNIST's training digits have a shape as of the digits that hardly ever have it.
RARITY = 100
_EVER_RARE = "0135678"  # the digits that some shapes are hardly ever
LIKELY = 0.5  # of a probability: more likely than not


@dataclass(frozen=True, eq=False)
class ScoredCandidate:
    """A candidate with its normalized image and the network's probabilities.

    Attributes:
        candidate: ink that may be one digit.
        image: uint8 (28, 28), that ink normalized.
        probabilities: float32 (10,), of the digits; what they lack of 1 is that of no digit.
        doubt: what else than its likeness speaks against it, for the remark; its line is not accepted then.
    """

    candidate: Candidate
    image: NDArray[np.uint8]
    probabilities: NDArray[np.float32]
    doubt: str = ""

    @cached_property
    def probability(self) -> float:
        return float(self.probabilities.max())

    @cached_property
    def stroke_width(self) -> float:
        """The mean width of its strokes, in pixels of the ink map."""
        return stroke_width(self.candidate.mask.view(np.uint8))

    @property
    def label_probability(self) -> float:
        """The probability of its label, given that it is a digit."""
        return self.probability / max(float(self.probabilities.sum()), 1e-6)

    @property
    def is_likelier_none(self) -> bool:
        """Whether the network takes it for no digit rather than for the digit of its label."""
        return 1.0 - float(self.probabilities.sum()) > self.probability

    @property
    def is_doubtful(self) -> bool:
        """Whether its line is not accepted for its sake, however sure the line is."""
        return bool(self.doubt) or self.is_likelier_none

    @cached_property
    def label(self) -> str:
        return LABELS[int(self.probabilities.argmax())]

    @property
    def box(self) -> Box:
        return self.candidate.box

    def mass(self, ink: InkMap) -> float:
        """The ink it holds: the sum of its levels."""
        top, left, bottom, right = self.box
        return float((ink.levels[top:bottom, left:right] * self.candidate.mask).sum())


def recognize(candidates: Sequence[Candidate], recognizer: Recognizer) -> list[ScoredCandidate]:
    """Classify the candidates that hold enough ink to be normalized, in their order; one call of the network."""
    images = normalize_all([candidate.ink for candidate in candidates])
    with_ink = [(candidate, image) for candidate, image in zip(candidates, images, strict=True) if image is not None]
    if not with_ink:
        return []
    probabilities = recognizer.probabilities(np.stack([image for _, image in with_ink]))
    return [
        ScoredCandidate(candidate, image, with_shape_evidence(row, candidate.mask))
        for (candidate, image), row in zip(with_ink, probabilities, strict=True)
    ]


def with_shape_evidence(probabilities: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The probabilities, float32 (10,), of a shape, bool (height, width), that its likeliest digit hardly ever has.

    Of people who write a 9 like a ρ, or a 2 with a loop on top, the network has seen too few.
    """
    label = int(probabilities.argmax())
    if LABELS[label] not in _EVER_RARE:
        return probabilities
    rare = [LABELS.index(one) for one in rare_digits(mask)]
    if label not in rare:
        return probabilities
    likelihoods = probabilities.copy()
    likelihoods[rare] /= RARITY
    likelihoods *= probabilities.sum() / likelihoods.sum()
    return likelihoods


def rare_digits(mask: NDArray[np.bool_]) -> str:
    """The digits that hardly ever look like a shape, bool (height, width): none if it has no loop.

    A loop is white within ink, of more pixels than a square as wide as the stroke. A 1 or a 7 has none, a 0 or a 6 not
    only above its middle, and below these a 3, 5 or 8 does not go on in a slender stroke.
    """
    paper = cv2.copyMakeBorder((~mask).view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    enclosed = cv2.connectedComponentsWithStats(paper, connectivity=4)[2][2:]  # behind ink and the paper around it
    if not len(enclosed) or enclosed[:, cv2.CC_STAT_AREA].max() <= stroke_width(mask.view(np.uint8)) ** 2:
        return ""
    middle = len(mask) // 2
    if (enclosed[:, cv2.CC_STAT_TOP] + enclosed[:, cv2.CC_STAT_HEIGHT] - 1 > middle).any():
        return "17"
    below = mask[middle:][mask[middle:].any(axis=1)]
    extents = mask.shape[1] - below.argmax(axis=1) - below[:, ::-1].argmax(axis=1)
    width = np.ptp(np.flatnonzero(mask[:middle].any(axis=0))) + 1
    has_stem = len(extents) > 0 and np.quantile(extents, 2 / 3) < 0.4 * width
    return _EVER_RARE if has_stem else "0167"


@dataclass(frozen=True)
class PlacedSign:
    """A sign that is no digit: its text, as ``"/"``, its box, and the index of the digit that it stands before.

    Where it begins or ends a cell of a table, a space is between it and the cell beside.
    """

    text: str
    box: Box
    index: int
    has_space_before: bool = False
    has_space_behind: bool = False


@dataclass(frozen=True, eq=False)
class PageReading:
    """One hypothesis of a page, in the pixels of its ink map.

    Attributes:
        lines: the digits of each line, in reading order.
        gaps: for each line, the indices of the digits that a gap wide enough for a space precedes.
        ignored: boxes of ink left out, and why.
        separators: for each line, what a pattern puts before the digit of that index, or behind the last one.
        signs: for each line, the signs between its digits; none are known if it is empty.
        confidences: of each line, 0..1, from the share that its text has of all readings of the same ink, and the
            probabilities of its labels.
        kind: of confidence, as `Recognizer.accepts` takes it.
        graphs: of all rows at the threshold of this hypothesis.
        sign_doubts: for each line, what is not sure about its signs; empty if nothing is.
    """

    lines: tuple[tuple[ScoredCandidate, ...], ...] = ()
    gaps: tuple[frozenset[int], ...] = ()
    ignored: tuple[tuple[Box, str], ...] = ()
    separators: tuple[Mapping[int, str], ...] = ()
    signs: tuple[tuple[PlacedSign, ...], ...] = ()
    confidences: tuple[float, ...] = ()
    kind: str = "line"
    graphs: tuple[RowGraph, ...] = ()
    sign_doubts: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.lines)

    @property
    def digits(self) -> list[ScoredCandidate]:
        """All digits, in reading order."""
        return [digit for line in self.lines for digit in line]

    @property
    def text(self) -> str:
        """Labels, a space for a gap, a pattern's separators, a new line for a line."""
        return self._text_with(self.separators or ({},) * len(self.lines))

    @property
    def text_with_signs(self) -> str:
        """The text with the signs that stand between the digits, where no pattern says what stands there."""
        return "\n".join(self.lines_with_signs)

    @property
    def lines_with_signs(self) -> list[str]:
        """The lines of `text_with_signs`."""
        separators = self.separators or ({},) * len(self.lines)
        signs = self.signs or ((),) * len(self.lines)
        texts = [
            dict(of_pattern) or _sign_texts(of_line) for of_pattern, of_line in zip(separators, signs, strict=True)
        ]
        return self._text_with(texts).split("\n")

    def _text_with(self, separators: Sequence[Mapping[int, str]]) -> str:
        return "\n".join(
            "".join(texts.get(index, " " * (index in gaps)) + digit.label for index, digit in enumerate(line))
            + texts.get(len(line), "")
            for line, gaps, texts in zip(self.lines, self.gaps, separators, strict=True)
        )


def _sign_texts(signs: Sequence[PlacedSign]) -> dict[int, str]:
    """The signs before the digit of each index, or behind the last one."""
    texts: dict[int, str] = {}
    for sign in signs:
        spaced = " " * sign.has_space_before + sign.text + " " * sign.has_space_behind
        texts[sign.index] = texts.get(sign.index, "") + spaced
    return texts
