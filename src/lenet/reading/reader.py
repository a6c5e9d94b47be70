"""The reader: a picture in, the digits in it out.

Ink, rows and candidates come from the modules beside this one; here they meet the network.
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.errors import DataError
from lenet.reading.ink import InkMap, Polarity, find_ink
from lenet.reading.normalization import normalize
from lenet.reading.path import best_path
from lenet.reading.pictures import Picture, Source, open_picture
from lenet.reading.recognition import DOUBTFUL, LABELS, Recognizer
from lenet.reading.segmentation import Box, Candidate, find_rows, find_rules
from lenet.weights import Weights

THRESHOLDS = (0.25, 0.38, 0.52)  # shares of full ink; the reading that is surest of its digits wins
LEFT_OUT = 1.0  # in nats: what ink costs that another threshold counts to a digit and this one does not
AGREEMENT = 0.15  # in nats of mean probability, for each other threshold that gives the same text
MOST_PIECES = 400  # of ink: a page with more holds texture, not rows of digits

GrayLevels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Digit:
    """One digit of a picture.

    Attributes:
        box: (top, left, bottom, right) in the upright picture's pixels, half-open.
        label: the name of the likeliest class, a digit.
        probability: of that class, 0..1.
        alternatives: the other classes and their probabilities, likeliest first.
        image: uint8 (28, 28), ink-high: what the network saw.
    """

    box: Box
    label: str
    probability: float
    alternatives: tuple[tuple[str, float], ...]
    image: GrayLevels

    @property
    def is_doubtful(self) -> bool:
        """Whether the network is less than 80 % sure."""
        return self.probability < DOUBTFUL

    def to_json(self) -> dict[str, Any]:
        """Box, label, probability and alternatives, as plain values."""
        return {
            "label": self.label,
            "probability": round(self.probability, 4),
            "box": list(self.box),
            "alternatives": [[label, round(share, 4)] for label, share in self.alternatives],
        }


@dataclass(frozen=True, eq=False)
class Reading:
    """What a picture says.

    Attributes:
        text: the digits, rows top to bottom, one a line.
        digits: the same digits in the same order.
        name: the picture's path.
        size: (height, width) of the picture, upright.
        polarity: which gray levels were taken for ink.
        steps: what the reader saw on the way: the picture it worked on and its ink map.
    """

    text: str
    digits: tuple[Digit, ...]
    name: str
    size: tuple[int, int]
    polarity: Polarity
    steps: "Steps" = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """The reading as plain values; 28×28 pictures are left out."""
        return {
            "file": self.name,
            "text": self.text,
            "size": list(self.size),
            "polarity": str(self.polarity),
            "digits": [digit.to_json() for digit in self.digits],
        }


@dataclass(frozen=True, eq=False)
class Steps:
    """The picture as it was opened, and its ink."""

    picture: Picture
    ink: InkMap


class Reader:
    """Reads single digits and rows of digits from pictures, without torch.

    Args:
        weights: of any network with ten classes, or a recognizer that is at hand; the ones that ship with the package
            if none are given.

    Raises:
        WeightsError, EngineError, MissingExtra: as `Recognizer` does.

    >>> page = np.full((100, 100), 230, np.uint8)
    >>> page[20:80, 47:53] = 30
    >>> Reader().read(page).text
    '1'
    """

    def __init__(self, weights: Weights | Recognizer | None = None) -> None:
        self._recognizer = weights if isinstance(weights, Recognizer) else Recognizer(weights)
        self.weights = self._recognizer.weights

    def read(self, source: Source, polarity: Polarity | str = Polarity.FOUND, *, single: bool = False) -> Reading:
        """Read a picture.

        Args:
            source: a path, a Pillow image, or an array of gray levels or RGB.
            polarity: which gray levels are ink: ``"found"``, ``"ink-high"`` (light on dark) or ``"paper-high"``.
            single: whether the picture is known to hold one digit; then the one that stands out most is read.

        Raises:
            DataError: if the picture cannot be opened, or shows no ink.
        """
        picture = open_picture(source)
        ink = find_ink(picture.colors, Polarity(polarity))
        thresholds = ink.thresholds(THRESHOLDS)
        rules = find_rules(ink, min(thresholds, default=1.0))
        drafts = [draft for threshold in thresholds if (draft := self._draft(ink, threshold, rules))]
        if not drafts and rules.any():  # nothing but rules: then they were strokes
            drafts = [draft for threshold in thresholds if (draft := self._draft(ink, threshold, rules * 0))]
        if not drafts:
            raise DataError(_nothing_found(picture.name, Polarity(polarity), ink))
        lines = _most_prominent(drafts, ink) if single else _surest(drafts, ink)
        digits = [[self._digit(sign, picture, ink) for sign in line] for line in lines]
        text = "\n".join("".join(digit.label for digit in line) for line in digits)
        steps = Steps(picture, ink)
        return Reading(text, tuple(chain(*digits)), picture.name, picture.size, ink.polarity, steps)

    def read_images(self, images: GrayLevels) -> NDArray[np.float32]:
        """The probabilities (N, 10) of pictures (N, 28, 28) that are normalized already."""
        return self._recognizer.probabilities(images)

    def _draft(self, ink: InkMap, threshold: float, rules: NDArray[np.uint8]) -> "Draft":
        """What the picture says at one threshold: the best path through the candidates of each row."""
        rows = find_rows(ink, threshold, rules)
        if sum(len(row.pieces) for row in rows) > MOST_PIECES:
            return []
        runs = [[(run, image) for run in row.candidates() if (image := normalize(run.ink)) is not None] for row in rows]
        images = [image for row_runs in runs for _, image in row_runs]
        if not images:
            return []
        shares = iter(self.read_images(np.stack(images)))
        draft = []
        for row, row_runs in zip(rows, runs, strict=True):
            signs = [Sign(run, image, next(shares)) for run, image in row_runs]
            surest = np.array([np.log(sign.probability) for sign in signs], np.float32)
            path = best_path([sign.candidate for sign in signs], surest, len(row.pieces))
            if path.chosen:
                draft.append([signs[index] for index in path.chosen])
        return draft

    def _digit(self, sign: "Sign", picture: Picture, ink: InkMap) -> Digit:
        down = picture.size[0] / ink.levels.shape[0]
        across = picture.size[1] / ink.levels.shape[1]
        top, left, bottom, right = sign.candidate.box
        box = (int(top * down), int(left * across), math.ceil(bottom * down), math.ceil(right * across))
        first, *others = np.argsort(-sign.shares)
        return Digit(
            box=box,
            label=LABELS[first],
            probability=float(sign.shares[first]),
            alternatives=tuple((LABELS[other], float(sign.shares[other])) for other in others),
            image=sign.image,
        )


@dataclass(frozen=True, eq=False)
class Sign:
    """A candidate as the network sees it."""

    candidate: Candidate
    image: GrayLevels
    shares: NDArray[np.float32]

    @property
    def probability(self) -> float:
        return float(self.shares.max())

    def mass(self, ink: InkMap) -> float:
        top, left, bottom, right = self.candidate.box
        return float((ink.levels[top:bottom, left:right] * (self.candidate.ink >= 0.5)).sum())

    @property
    def label(self) -> str:
        return LABELS[int(self.shares.argmax())]


Draft = list[list[Sign]]  # the signs of each line


def _surest(drafts: list[Draft], ink: InkMap) -> Draft:
    """The draft that tells surest what the ink is; one on which several thresholds agree gains by it.

    Every bit of ink counts by its mass: by how surely the digit it belongs to is read, or as left out.
    """
    texts = ["\n".join("".join(sign.label for sign in line) for line in draft) for draft in drafts]
    votes = Counter(texts)
    masses = [[sign.mass(ink) for line in draft for sign in line] for draft in drafts]
    most = max(sum(mass) for mass in masses)

    def sureness(index: int) -> float:
        signs = chain(*drafts[index])
        told = sum(mass * math.log(sign.probability) for mass, sign in zip(masses[index], signs, strict=True))
        left_out = LEFT_OUT * (most - sum(masses[index]))
        return float((told - left_out) / most + AGREEMENT * (votes[texts[index]] - 1))

    return drafts[max(range(len(drafts)), key=sureness)]


def _most_prominent(drafts: list[Draft], ink: InkMap) -> Draft:
    """The one sign that is read surely, has much ink, and stands in the middle rather than at an edge."""
    height, width = ink.levels.shape

    def prominence(sign: Sign) -> float:
        top, left, bottom, right = sign.candidate.box
        aside = ((left + right) / 2 / width - 0.5) ** 2 + ((top + bottom) / 2 / height - 0.5) ** 2
        edges = (top <= 1) + (left <= 1) + (bottom >= height - 1) + (right >= width - 1)
        return float(math.log(sign.probability * math.sqrt(sign.mass(ink))) - aside / 0.245 - 0.2 * edges)

    return [[max((sign for draft in drafts for line in draft for sign in line), key=prominence)]]


def _nothing_found(name: str, polarity: Polarity, ink: InkMap) -> str:
    if polarity is not Polarity.FOUND:
        return f"{name}: found no ink in {polarity} gray levels; leave the polarity to be found, or try the other one"
    if ink.polarity is Polarity.PAPER_HIGH:
        return f"{name}: found no ink darker than the paper; try --ink-high for light digits on a dark ground"
    return f"{name}: found no ink lighter than the ground; try --paper-high for dark digits on light paper"
