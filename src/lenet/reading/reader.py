"""The reader: from a picture to its digits.

Ink, lines and candidates come from the modules beside this one; here they become a `Reading` in the picture's pixels.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.boxes import Box
from lenet.errors import ReadingError, WeightsError, check_switches
from lenet.model import Model, load
from lenet.networks import describe
from lenet.pictures.loading import Picture, Source, open_picture
from lenet.reading.cells import GridReading, read_grid
from lenet.reading.foreground.dots import without_dots
from lenet.reading.foreground.grid.detection import find_grid
from lenet.reading.foreground.grid.rule import MIN_COVERAGE
from lenet.reading.foreground.ink import InkMap, Polarity, find_ink, find_ink_in_shadow
from lenet.reading.lines.doubts import with_sign_doubts
from lenet.reading.lines.hypotheses import read_lines
from lenet.reading.lines.numbers import are_number
from lenet.reading.lines.omissions import with_losses
from lenet.reading.lines.pattern import Pattern, check_signs, pattern_of
from lenet.reading.lines.segmentation import Candidate
from lenet.reading.normalization import DIGIT_SIDE
from lenet.reading.orientation import MAX_REJECTED_SHARE, read_rotated
from lenet.reading.prepared import find_prepared
from lenet.reading.recognition import LABELS, Recognizer
from lenet.reading.remarks import remark_of
from lenet.reading.results import Cell, Digit, Ignored, Reading, Sign, Steps
from lenet.reading.scoring import LIKELY, PageReading, ScoredCandidate
from lenet.reading.single import read_single

GrayLevels = NDArray[np.uint8]

NO_SINGLE = ("tally marks", "texture")  # reasons for which a page without lines holds no single digit either


class Reader:
    """Reads single digits and lines of digits from pictures, without torch.

    Args:
        model: a trained model, its file or the folder of its run, or a recognizer; the ones that
            ship with the package if none are given.
        network: the network that the weights must belong to, if that matters: its name or description.
        max_error: the maximum error rate of accepted answers, as 0.005; the weights' own choice if None.

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
        polarity: Polarity | str = Polarity.AUTO,
        *,
        single: bool = False,
        length: int | None = None,
        pattern: str | None = None,
        signs: str = "omit",
        turn: bool = True,
        grid: bool = True,
        keep_steps: bool = False,
    ) -> Reading:
        r"""Read a picture.

        Args:
            source: a path, the bytes of a file, a Pillow image, an array or a tensor of gray levels or RGB, or an
                opened picture.
            polarity: which gray levels are ink: ``"auto"``, ``"ink-high"`` (light on dark) or ``"paper-high"``.
            single: whether the picture is known to hold one digit; then the one that stands out most is read.
            length: how many digits each line has, if that is known.
            pattern: what each line looks like, if that is known, as ``r"\d{3}-\d{4}"``: see `Pattern.parse`.
            signs: whether the text has the signs between digits, as ``-12.5`` or ``24/12/2025``: ``"keep"``, or
                ``"omit"``, which leaves them to the remark. What a pattern asks for the text always has.
            turn: whether a page that cannot be read as it lies is rotated by quarter turns.
            grid: whether boxes, tables and squared paper are looked for; then cells bound the digits.
            keep_steps: whether the reading keeps its `Steps`, which drawing it takes: megabytes for a photo.

        Returns:
            The reading; one without digits, and with a remark, if the picture shows none. Of a file with several pages
            that of the first, and the remark says so.

        Raises:
            DataError: if the picture cannot be opened.
            UnknownName: if ``signs`` is neither.
            ReadingError: if ``length``, ``pattern`` or a switch has no such value.
        """
        check_signs(signs)
        check_switches(ReadingError, single=single, turn=turn, grid=grid)
        expected = pattern_of(single, length, pattern)
        picture = source if isinstance(source, Picture) else open_picture(source)
        prepared = self._read_prepared(picture, Polarity(polarity), single) if expected is None else None
        reading, ink, rotation = prepared or self._read_ink(picture, Polarity(polarity), single, expected, turn, grid)
        keeps_signs = signs == "keep" or (expected is not None and expected.has_separators)
        if keeps_signs and not reading.cells:  # the digits of cells are their lines', and these know their signs
            reading = replace(reading, page=with_sign_doubts(reading.page))
        page, rejected = reading.page, self._rejected_digits(reading)
        digit_of = {
            id(digit): self._digit(digit, number, id(digit) in rejected, picture, ink)
            for number, line in enumerate(page.lines)
            for digit in line
        }
        digits = list(digit_of.values())
        cells = [
            Cell(
                read.cell.row,
                read.cell.column,
                _in_picture(read.cell.box, picture, ink),
                read.text_with_signs if keeps_signs else read.text,
                tuple(digit_of[id(digit)] for digit in read.lines.digits),
                read.is_unread,
            )
            for read in reading.cells
        ]
        ignored = [Ignored(_in_picture(box, picture, ink), reason) for box, reason in page.ignored]
        placed_signs = [
            Sign(_in_picture(sign.box, picture, ink), sign.text, number, sign.index)
            for number, line in enumerate(page.signs)
            for sign in line
        ]
        without_signs = replace(reading, page=replace(page, signs=())) if keeps_signs else reading
        return Reading(
            page.text_with_signs if keeps_signs else page.text,
            tuple(digits),
            tuple(ignored),
            picture.name,
            picture.size,
            ink.polarity,
            remark_of(without_signs, Polarity(polarity), ink, expected, rotation, picture.has_more_pages),
            Steps(picture, ink) if keep_steps else None,
            tuple(placed_signs),
            rotation,
            tuple(cells),
            page.confidences,
        )

    def _read_prepared(
        self, picture: Picture, polarity: Polarity, single: bool
    ) -> tuple[GridReading, InkMap, int] | None:
        """The digit of a picture that is normalized already; None if it is not, or more likely shows no digit."""
        prepared = find_prepared(picture.colors, polarity)
        if prepared is None:
            return None
        probabilities = self._recognizer.probabilities(prepared.image[None])[0]
        if not single and probabilities.sum() < LIKELY:
            return None
        ink, (top, left, bottom, right) = prepared.ink, prepared.box
        size = (bottom - top) / DIGIT_SIDE, (right - left) / DIGIT_SIDE
        candidate = Candidate(0, 1, prepared.box, ink.levels[top:bottom, left:right], *size, 0)
        digit = ScoredCandidate(candidate, prepared.image, probabilities)
        page = PageReading(((digit,),), (frozenset(),), confidences=(digit.probability,), kind="digit")
        return GridReading(page), ink, 0

    def _read_ink(
        self, picture: Picture, polarity: Polarity, single: bool, expected: Pattern | None, turn: bool, with_grid: bool
    ) -> tuple[GridReading, InkMap, int]:
        """The reading of a picture, its ink, and the degrees by which the page was rotated."""

        def read_ink(ink: InkMap) -> tuple[GridReading, int]:
            if single:
                return GridReading(read_single(ink, self._recognizer)), 0
            read = partial(self._read_page, expected=expected, with_grid=with_grid)
            reading = read(ink)
            return read_rotated(ink, reading, self._recognizer, read, self._accepted) if turn else (reading, 0)

        ink = find_ink(picture.colors, polarity)
        reading, rotation = read_ink(ink)
        ink_in_shadow = find_ink_in_shadow(picture.colors, ink)  # what is no table is paper, and digits would be lost
        if ink_in_shadow is not None:
            in_shadow, rotation_in_shadow = read_ink(ink_in_shadow)
            found = [line for line in in_shadow.page.lines if _text_of(line) not in map(_text_of, reading.page.lines)]
            may_be_paper = single or all(map(are_number, found))  # what lies on a table may look like a digit or two
            if may_be_paper and self._accepted(in_shadow) > self._accepted(reading):
                reading, ink, rotation = in_shadow, ink_in_shadow, rotation_in_shadow
            else:
                numbers = PageReading(tuple(filter(are_number, found)))
                reading = replace(reading, page=with_losses(reading.page, [numbers]))
        if polarity is Polarity.AUTO and (opposite := self._read_opposite(picture, ink, reading, single, expected)):
            return *opposite, 0
        if single or reading.page:
            return reading, ink, rotation
        is_told = (
            expected is not None or reading.cells or any(reason in NO_SINGLE for _, reason in reading.page.ignored)
        )
        alone = PageReading() if is_told else read_single(ink, self._recognizer)
        if self._is_accepted(alone):  # what reading it as a single digit would accept is given, but rejected
            reading = GridReading(replace(alone, ignored=reading.page.ignored, confidences=(0.0,), kind="line"))
        return reading, ink, 0

    def _read_opposite(
        self, picture: Picture, ink: InkMap, reading: GridReading, single: bool, expected: Pattern | None
    ) -> tuple[GridReading, InkMap] | None:
        """The reading with the opposite polarity, and its ink, where it may be right, and is accepted and surer."""
        may_be_paper = ink.may_be_paper and not reading.cells
        if not may_be_paper and (single or reading.page):
            return None
        ink = find_ink(picture.colors, ink.polarity.opposite)
        page = read_single(ink, self._recognizer) if single else read_lines(ink, self._recognizer, expected)
        if not self._is_accepted(page) or min(page.confidences) <= min(reading.page.confidences, default=0.0):
            return None
        # A sheet on a dark table is no 1, nor is the white of a box.
        is_box = any(digit.candidate.mask.mean() > MIN_COVERAGE for digit in page.digits)
        may_be_digit = may_be_paper and not is_box
        return (GridReading(page), ink) if may_be_digit or all(map(are_number, page.lines)) else None

    def _read_page(self, ink: InkMap, expected: Pattern | None, with_grid: bool) -> GridReading:
        grid = find_grid(ink) if with_grid else None
        if grid is None:
            return GridReading(read_lines(without_dots(ink), self._recognizer, expected))
        return read_grid(ink, grid, self._recognizer, expected)

    def _accepted(self, reading: GridReading) -> int:
        """The number of digits that are accepted."""
        return len(reading.page.digits) - len(self._rejected_digits(reading))

    def _rejected_digits(self, reading: GridReading) -> set[int]:
        """The `id` of each digit that is rejected: those of cells with their cell, all others with their line."""
        in_cells = {id(digit) for read in reading.cells for digit in read.lines.digits}
        if reading.cells and all(
            digit.label == "1" for digit in reading.page.digits
        ):  # they may be what is left of rules
            return {id(digit) for digit in reading.page.digits}
        rejected: set[int] = set()
        for page in (reading.page, *(read.lines for read in reading.cells)):
            for line, confidence in zip(page.lines, page.confidences, strict=True):
                line_digits = (
                    line if page is not reading.page else [digit for digit in line if id(digit) not in in_cells]
                )
                if line_digits:
                    flags = self._rejected(line_digits, confidence, page.kind)
                    rejected |= {
                        id(digit) for digit, is_rejected in zip(line_digits, flags, strict=True) if is_rejected
                    }
        return rejected

    def _is_accepted(self, reading: PageReading) -> bool:
        """Whether a page has lines, and all are sure."""
        confident = zip(reading.lines, reading.confidences, strict=True)
        return bool(reading) and all(self._is_sure(line, confidence, reading.kind) for line, confidence in confident)

    def _is_sure(self, line: Sequence[ScoredCandidate], confidence: float, kind: str) -> bool:
        """Whether a line is accepted: by its confidence, and if it may be no number by each of its digits, too.

        None is with a digit that is likelier no digit than its label: it would be accepted as what it is not read as.
        """
        if any(digit.is_doubtful for digit in line):
            return False
        if kind == "line" and not are_number(line):
            return self._recognizer.accepts(confidence, "short_line") and not any(
                self._recognizer.rejects(digit.probabilities) for digit in line
            )
        return self._recognizer.accepts(confidence, kind)

    def read_images(self, images: GrayLevels) -> NDArray[np.float32]:
        """The probabilities (N, 10) of pictures (N, 28, 28) that are normalized already."""
        return self._recognizer.probabilities(images)

    def _rejected(self, line: Sequence[ScoredCandidate], confidence: float, kind: str) -> list[bool]:
        """Which digits of a line are rejected: none if it is sure as a whole, else the few doubtful ones, or all."""
        if self._is_sure(line, confidence, kind):
            return [False] * len(line)
        doubtful = [bool(digit.doubt) or self._recognizer.rejects(digit.probabilities) for digit in line]
        return doubtful if 0 < sum(doubtful) <= MAX_REJECTED_SHARE * len(line) else [True] * len(line)

    def _digit(self, digit: ScoredCandidate, line: int, is_rejected: bool, picture: Picture, ink: InkMap) -> Digit:
        first, *others = np.argsort(-digit.probabilities)
        return Digit(
            box=_in_picture(digit.box, picture, ink),
            label=LABELS[first],
            probability=float(digit.probabilities[first]),
            alternatives=tuple((LABELS[other], float(digit.probabilities[other])) for other in others),
            image=digit.image,
            is_rejected=is_rejected,
            line=line,
        )


def _text_of(line: Sequence[ScoredCandidate]) -> str:
    return "".join(digit.label for digit in line)


def _in_picture(box: Box, picture: Picture, ink: InkMap) -> Box:
    scale_y = picture.size[0] / ink.levels.shape[0]
    scale_x = picture.size[1] / ink.levels.shape[1]
    top, left, bottom, right = box
    return int(top * scale_y), int(left * scale_x), math.ceil(bottom * scale_y), math.ceil(right * scale_x)
