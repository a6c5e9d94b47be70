"""The reader: from a picture to its digits.

Ink, lines and candidates come from the modules beside this one; here they become a `Reading` in the picture's pixels.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.errors import WeightsError
from lenet.model import Model, load
from lenet.networks import describe
from lenet.pictures.loading import Picture, Source, open_picture
from lenet.reading.foreground.ink import InkMap, Polarity, find_ink
from lenet.reading.lines.hypotheses import read_lines
from lenet.reading.lines.numbers import are_number
from lenet.reading.lines.pattern import Pattern, pattern_of
from lenet.reading.lines.segmentation import Box, Candidate
from lenet.reading.normalization import DIGIT_SIDE
from lenet.reading.prepared import find_prepared
from lenet.reading.recognition import LABELS, Recognizer
from lenet.reading.results import Digit, Ignored, Reading, Steps
from lenet.reading.scoring import PageReading, ScoredCandidate
from lenet.reading.single import read_single

GrayLevels = NDArray[np.uint8]

MAX_DOUBTFUL_SHARE = (
    1 / 3
)  # of a rejected line's digits: are more of them doubtful themselves, or none, all are rejected


class Reader:
    """Reads single digits and lines of digits from pictures, without torch.

    Args:
        model: a trained model, its file or the folder of its run, or a recognizer; the ones that
            ship with the package if none are given.
        network: the network that the weights must belong to, if that matters: its name or description.
        max_error: the greatest share of accepted answers that may be wrong, as 0.005; the weights' own choice if None.

    Raises:
        WeightsError, EngineError, MissingExtra: as `Recognizer` does, or if the weights are of another network.

    >>> page = np.full((100, 100), 230, np.uint8)
    >>> page[20:80, 47:53] = 30
    >>> Reader().read(page).text
    '1'
    """

    def __init__(
        self,
        model: Model | Recognizer | str | Path | None = None,
        *,
        network: Network | str | None = None,
        max_error: float | None = None,
    ) -> None:
        if isinstance(model, str | Path):
            model = load(model)
        self._recognizer = model if isinstance(model, Recognizer) else Recognizer(model, max_error)
        self.model = self._recognizer.model
        expected = describe(network) if isinstance(network, str) else network
        if expected is not None and expected.name != self.model.network.name:
            raise WeightsError(f"holds {self.model.network.name} weights, but {expected.name} was asked for")

    def read(
        self,
        source: Source | Picture,
        polarity: Polarity | str = Polarity.FOUND,
        *,
        single: bool = False,
        length: int | None = None,
        pattern: str | None = None,
        keep_steps: bool = False,
    ) -> Reading:
        r"""Read a picture.

        Args:
            source: a path, the bytes of a file, a Pillow image, an array of gray levels or RGB, or an opened picture.
            polarity: which gray levels are ink: ``"found"``, ``"ink-high"`` (light on dark) or ``"paper-high"``.
            single: whether the picture is known to hold one digit; then the one that stands out most is read.
            length: how many digits each line has, if that is known.
            pattern: what each line looks like, if that is known, as ``r"\d{3}-\d{4}"``: see `Pattern.parse`.
            keep_steps: whether the reading keeps its `Steps`, which drawing it takes: megabytes for a photo.

        Returns:
            The reading; one without digits, and with a remark, if the picture shows none.

        Raises:
            DataError: if the picture cannot be opened.
        """
        expected = pattern_of(single, length, pattern)
        picture = source if isinstance(source, Picture) else open_picture(source)
        prepared = self._read_prepared(picture, Polarity(polarity), single) if expected is None else None
        draft, ink = prepared or self._read_ink(picture, Polarity(polarity), single, expected)
        digits = [
            self._digit(sign, number, is_rejected, picture, ink)
            for number, (line, confidence) in enumerate(zip(draft.lines, draft.confidences, strict=True))
            for sign, is_rejected in zip(line, self._rejected(line, confidence, draft.kind), strict=True)
        ]
        ignored = [Ignored(_in_picture(box, picture, ink), reason) for box, reason in draft.ignored]
        return Reading(
            draft.text,
            tuple(digits),
            tuple(ignored),
            picture.name,
            picture.size,
            ink.polarity,
            "" if digits else _nothing_found(Polarity(polarity), ink, expected),
            Steps(picture, ink) if keep_steps else None,
            draft.confidences,
        )

    def _read_prepared(self, picture: Picture, polarity: Polarity, single: bool) -> tuple[PageReading, InkMap] | None:
        """The digit of a picture that is normalized already; None if it is not, or more likely shows no digit."""
        prepared = find_prepared(picture.colors, polarity)
        if prepared is None:
            return None
        probabilities = self._recognizer.probabilities(prepared.image[None])[0]
        if not single and probabilities.sum() < 0.5:
            return None
        ink, (top, left, bottom, right) = prepared.ink, prepared.box
        size = (bottom - top) / DIGIT_SIDE, (right - left) / DIGIT_SIDE
        candidate = Candidate(0, 1, prepared.box, ink.levels[top:bottom, left:right], *size, 0)
        sign = ScoredCandidate(candidate, prepared.image, probabilities)
        return PageReading(((sign,),), (frozenset(),), confidences=(sign.probability,), kind="digit"), ink

    def _read_ink(
        self, picture: Picture, polarity: Polarity, single: bool, expected: Pattern | None
    ) -> tuple[PageReading, InkMap]:
        ink = find_ink(picture.colors, polarity)
        draft = read_single(ink, self._recognizer) if single else read_lines(ink, self._recognizer, expected)
        if draft or single:
            return draft, ink
        if polarity is Polarity.FOUND:
            other_ink = find_ink(picture.colors, ink.polarity.opposite)
            other = read_lines(other_ink, self._recognizer, expected)
            if self._is_accepted(other) and all(map(are_number, other.lines)):  # a sheet on a dark table is no 1
                return other, other_ink
        alone = read_single(ink, self._recognizer) if expected is None else PageReading()
        if self._is_accepted(alone):  # what reading it as a single digit would accept is given, but rejected
            draft = replace(alone, ignored=draft.ignored, confidences=(0.0,), kind="line")
        return draft, ink

    def _is_accepted(self, draft: PageReading) -> bool:
        """Whether a page has lines, and all are sure."""
        confident = zip(draft.lines, draft.confidences, strict=True)
        return bool(draft) and all(self._is_sure(line, confidence, draft.kind) for line, confidence in confident)

    def _is_sure(self, line: Sequence[ScoredCandidate], confidence: float, kind: str) -> bool:
        """Whether a line is accepted: by its confidence, and if it may be no number by each of its digits, too."""
        if kind == "line" and not are_number(line):
            return self._recognizer.accepts(confidence, "short_line") and not any(
                self._recognizer.rejects(sign.probabilities) for sign in line
            )
        return self._recognizer.accepts(confidence, kind)

    def read_images(self, images: GrayLevels) -> NDArray[np.float32]:
        """The probabilities (N, 10) of pictures (N, 28, 28) that are normalized already."""
        return self._recognizer.probabilities(images)

    def _rejected(self, line: Sequence[ScoredCandidate], confidence: float, kind: str) -> list[bool]:
        """Which digits of a line are rejected: none if it is sure as a whole, else the doubtful ones, or all."""
        if self._is_sure(line, confidence, kind):
            return [False] * len(line)
        doubtful = [self._recognizer.rejects(sign.probabilities) for sign in line]
        return doubtful if 0 < sum(doubtful) <= MAX_DOUBTFUL_SHARE * len(line) else [True] * len(line)

    def _digit(self, sign: ScoredCandidate, line: int, is_rejected: bool, picture: Picture, ink: InkMap) -> Digit:
        first, *others = np.argsort(-sign.probabilities)
        return Digit(
            box=_in_picture(sign.box, picture, ink),
            label=LABELS[first],
            probability=float(sign.probabilities[first]),
            alternatives=tuple((LABELS[other], float(sign.probabilities[other])) for other in others),
            image=sign.image,
            is_rejected=is_rejected,
            line=line,
        )


def _in_picture(box: Box, picture: Picture, ink: InkMap) -> Box:
    scale_y = picture.size[0] / ink.levels.shape[0]
    scale_x = picture.size[1] / ink.levels.shape[1]
    top, left, bottom, right = box
    return int(top * scale_y), int(left * scale_x), math.ceil(bottom * scale_y), math.ceil(right * scale_x)


def _nothing_found(polarity: Polarity, ink: InkMap, expected: Pattern | None) -> str:
    if expected is not None:
        return "no digits found that fit what was asked for; read without it to see what is there"
    if polarity is not Polarity.FOUND:
        return f"no digits found in {polarity} gray levels; leave the polarity to be found, or try the other one"
    if ink.polarity is Polarity.PAPER_HIGH:
        return "no digits found darker than the paper; try --ink-high for light digits on a dark ground"
    return "no digits found lighter than the ground; try --paper-high for dark digits on light paper"
