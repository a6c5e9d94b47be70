"""Reading of the fields of an aligned page: digits in boxes, free numbers and dates, ticks, and sums between fields.

Each position of a field has alternatives with probabilities; the field's constraints choose among their combinations,
and then the sums among the texts of several fields.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.forms.alignment import AlignedPage, Levels, Sheet, coverage_of, register_windows
from lenet.forms.choice import MIN_PROBABILITY, choices
from lenet.forms.handwriting import GROWTH, sharpen, written_levels
from lenet.forms.results import BLANK, DOUBTFUL, OK, VIOLATES, FieldReading, SumReading
from lenet.forms.template import PARTS_OF_DATE, Box, Field, Sum, Template, value_of
from lenet.reading.foreground.ink import InkMap, Polarity
from lenet.reading.lines.hypotheses import read_lines
from lenet.reading.lines.layout import find_components
from lenet.reading.lines.pattern import Pattern
from lenet.reading.lines.segmentation import Candidate, crop_of
from lenet.reading.recognition import LABELS, Recognizer
from lenet.reading.scoring import PageReading, ScoredCandidate, recognize

THRESHOLDS = (0.3, 0.42)  # shares of the pen's full ink: digits in boxes are looked at at both
MARGIN = 0.3  # of a field's height around it: digits overhang
MIN_HEIGHT, MIN_DASH = 0.28, 0.25  # of a box's height, and of its width: lower ink is a speck, or a dash
DASH = 0.9  # the probability that a low stroke before digits is a minus, and nothing left of print
MIN_MASS = 0.1  # of the heaviest: lighter components of a box are no part of its digit
MIN_INK = 0.15  # darker than paper by this share of its light: paler ink is left of print, or grain
MIN_PEN = 0.45  # of the page's pen: ink that is paler everywhere in a field was left of print
MIN_OPEN = 0.25  # of a field's pixels, away from print: with fewer, ink is not told from what is left of print
MAX_EDGE, ON_PRINT = 2.5, 0.9  # pixels of width, and the share next to print: thinner ink there is the edge of a rule
PART = 0.25  # of the most that a component has in a box: where it has less, it only overhangs
MIN_DIGIT = 0.2  # the probability of any digit: ink of less is none
MIN_OK = 0.994  # the probability of a text that is accepted: as `python -m lab.synthesis.field_acceptance` gives it
MIN_FAR = 1e-4  # of a digit that a check digit may choose; a field is doubtful if one below MIN_PROBABILITY is chosen
MIN_CORRECTION = 0.05  # of the likeliest texts' probability: five fields of which one in a hundred is misread unawares
MAX_TEXTS = 10  # alternatives of a field
MIN_TICK, MAX_SPECK = 0.045, 0.012  # of a box's area, with ink: a tick, and none
BLACKED = 0.75  # of a box's area: it was crossed out
MIN_PRINT = 0.55  # of a field's print that the page must show there
MIN_PLACED = 0.9  # of it, for a value that is sure: fields that are in their place show 0.98 and more
MIN_VISIBLE = 0.999  # of a field's box
OUTSIDE = "lies outside the picture"


@dataclass(frozen=True)
class _Hypothesis:
    """The readings of a field: texts that it allows, likeliest first, and what may be said of it."""

    field: Field
    texts: tuple[tuple[str, float], ...] = ()
    probability: float = 1.0
    status: str = BLANK
    reason: str = ""
    plain: str = ""  # the likeliest text without any constraint
    doubts: str = ""  # that nothing lifts
    digit_doubts: str = ""  # what is odd about its digits, unless a check digit or a sum confirms them


def read_fields(
    page: AlignedPage, sheet: Sheet, template: Template, recognizer: Recognizer
) -> tuple[tuple[FieldReading, ...], tuple[SumReading, ...]]:
    """Read all fields of a page.

    Args:
        page: aligned to the sheet.
        sheet: of the form's blank page.
        template: the form.
        recognizer: classifies digits.

    Returns:
        The fields and the sums, in the template's order.
    """
    page = register_windows(page, sheet, [_field_window(field, sheet, template) for field in template.fields])
    windows = [_Window.of(field, page, sheet, template) for field in template.fields]
    peaks = [window.open_peak for window in windows if window.open_peak > MIN_INK]
    ink_peak = float(np.quantile(peaks, 0.75)) if peaks else 0.0
    boxes = [_Boxes.of(window, ink_peak) if window.field.cells else None for window in windows]
    scored = recognize([candidate for one in boxes if one for candidate in one.candidates], recognizer)
    scored_of = {id(one.candidate): one for one in scored}
    hypotheses = []
    for window, one in zip(windows, boxes, strict=True):
        if hypothesis := window.unreadable():
            hypotheses.append(hypothesis)
        elif window.field.kind == "ticks":
            hypotheses.append(_read_ticks(window, ink_peak) if ink_peak else _Hypothesis(window.field))
        elif one is not None:
            hypotheses.append(_read_boxes(window.field, one, scored_of))
        else:
            hypotheses.append(_read_free_field(window, ink_peak, recognizer))
    hypotheses = [window.doubted(hypothesis) for window, hypothesis in zip(windows, hypotheses, strict=True)]
    hypotheses, sums = _with_sums(hypotheses, template)
    return tuple(
        _field_reading(hypothesis, window, page) for hypothesis, window in zip(hypotheses, windows, strict=True)
    ), sums


def _ink_peak(levels: Levels) -> float:
    """The mean of the forty darkest pixels; 0 without any."""
    count = min(levels.size, 40)
    return float(np.partition(levels.ravel(), -count)[-count:].mean()) if count else 0.0


def _sheet_scale(sheet: Sheet, template: Template) -> tuple[float, float]:
    """(y, x) pixels of the sheet for each unit of the template."""
    return sheet.shape[0] / template.page[0], sheet.shape[1] / template.page[1]


def _field_window(field: Field, sheet: Sheet, template: Template) -> tuple[slice, slice]:
    """The rows and columns of the sheet that a field takes, with the margin around it."""
    scale = _sheet_scale(sheet, template)
    top, left, bottom, right = (side * scale[index % 2] for index, side in enumerate(field.box))
    height = bottom - top
    if field.kind == "ticks":
        height = scale[0] * min(lower - upper for _, (upper, _, lower, _) in field.choices)
    margin = MARGIN * height
    rows = slice(max(0, int(top - margin)), min(sheet.shape[0], int(bottom + margin) + 1))
    return rows, slice(max(0, int(left - margin)), min(sheet.shape[1], int(right + margin) + 1))


@dataclass(frozen=True, eq=False)
class _Window:
    """A field's part of a page, with a margin around it.

    Attributes:
        corner: of the window, on the sheet.
        box: of the field, in the window's pixels.
        views: what is written there, as it looks with print taken to be wider and to be as wide as on the sheet.
        beside: where print is, or is next to.
        peak: the level of its ink where it is darkest.
        open_peak: the same away from print, where nothing is left of print: that of a page that is blank is low.
        visible, coverage: the shares of the field, and of its print, that the page shows.
        scale: (y, x) pixels of the sheet for each unit of the template.
    """

    field: Field
    corner: tuple[int, int]
    box: Box
    views: tuple[Levels, ...]
    beside: NDArray[np.bool_]
    peak: float
    open_peak: float
    visible: float
    coverage: float
    scale: tuple[float, float]

    @classmethod
    def of(cls, field: Field, page: AlignedPage, sheet: Sheet, template: Template) -> "_Window":
        scale = _sheet_scale(sheet, template)
        box = tuple(side * scale[index % 2] for index, side in enumerate(field.box))
        window = _field_window(field, sheet, template)
        top, left = window[0].start, window[1].start
        inner = np.s_[int(box[0]) : int(box[2]) + 1, int(box[1]) : int(box[3]) + 1]
        views = tuple(sharpen(written_levels(page, sheet, window, growth)) for growth in (GROWTH, 0))
        inside = np.s_[int(box[0]) - top : int(box[2]) - top + 1, int(box[1]) - left : int(box[3]) - left + 1]
        beside = cv2.dilate(sheet.print[window].view(np.uint8), np.ones((7, 7), np.uint8)) > 0
        is_open = ~beside[inside]
        page_peak = max(float(np.quantile(page.levels[window], 0.98)), 0.06)
        return cls(
            field,
            (top, left),
            (box[0] - top, box[1] - left, box[2] - top, box[3] - left),
            views,
            beside,
            _ink_peak(views[0][inside]),
            _ink_peak(views[0][inside][is_open] if is_open.mean() > MIN_OPEN else views[0][inside]),
            float(page.visible[inner].mean()),
            coverage_of(page, sheet, window, page_peak),
            scale,
        )

    @property
    def levels(self) -> Levels:
        """The handwriting's ink levels, of which hardly any can be print."""
        return self.views[0]

    def is_written(self, ink_peak: float) -> bool:
        """Whether somebody wrote here: with a pen whose ink has this peak, 0 if nobody wrote on the page."""
        return ink_peak > 0 and self.open_peak >= MIN_PEN * ink_peak

    def unreadable(self) -> _Hypothesis | None:
        """The hypothesis of a field that the picture does not show, or not as the form has it; None if it does."""
        if self.visible < MIN_VISIBLE:
            return _Hypothesis(self.field, (), 0.0, DOUBTFUL, OUTSIDE)
        if self.coverage < MIN_PRINT:
            return _Hypothesis(self.field, (), 0.0, DOUBTFUL, "the page shows other print there than the form has")
        return None

    def doubted(self, hypothesis: _Hypothesis) -> _Hypothesis:
        """The hypothesis, doubtful if not all of its print is where the form has it: boxes may lie otherwise."""
        if self.coverage >= MIN_PLACED or self.unreadable():
            return hypothesis
        doubt = "its print does not lie as on the form"
        return replace(hypothesis, status=DOUBTFUL, reason=doubt, doubts=doubt)


@dataclass(frozen=True, eq=False)
class _Boxes:
    """The ink of a field's boxes: of each its candidates, one for each view and threshold; none where it is blank.

    ``dashes``: the numbers of the boxes that hold a dash.
    """

    of_box: tuple[tuple[Candidate, ...], ...]
    dashes: frozenset[int] = frozenset()

    @property
    def candidates(self) -> Iterator[Candidate]:
        return (candidate for box in self.of_box for candidate in box)

    @classmethod
    def of(cls, window: _Window, ink_peak: float) -> "_Boxes":
        top, _, bottom, _ = window.box
        sides = [
            (left * window.scale[1] - window.corner[1], right * window.scale[1] - window.corner[1])
            for left, right in window.field.cells
        ]
        of_box: list[list[Candidate]] = [[] for _ in sides]
        dashes: set[int] = set()
        if not window.is_written(ink_peak):
            return cls(tuple(() for _ in sides))
        owners = _owners(window.levels.shape, (top, bottom), sides)
        for levels, share in product(window.views, THRESHOLDS):
            threshold = share * max(window.peak, 0.7 * ink_peak)
            for number, ink in _ink_by_box(levels, owners, window.beside, threshold, bottom - top).items():
                if levels is not window.levels and not of_box[number - 1]:
                    continue  # left of print, more likely than a digit that only this view has
                candidate = _candidate(levels, ink, threshold)
                height, width = candidate.box[2] - candidate.box[0], candidate.box[3] - candidate.box[1]
                if height >= MIN_HEIGHT * (bottom - top):
                    of_box[number - 1].append(candidate)
                elif width >= max(1.8 * height, MIN_DASH * (sides[number - 1][1] - sides[number - 1][0])):
                    dashes.add(number - 1)
        return cls(tuple(tuple(one) for one in of_box), frozenset(number for number in dashes if not of_box[number]))


def _owners(
    shape: tuple[int, ...], rows: tuple[float, float], sides: Sequence[tuple[float, float]]
) -> NDArray[np.int32]:
    """The box that each pixel is nearest to, from 1; 0 far from all."""
    owners = np.zeros(shape, np.int32)
    middles = [(left + right) / 2 for left, right in sides]
    columns = np.arange(shape[1])
    nearest = np.argmin(np.abs(columns[:, None] - np.array(middles)[None]), axis=1)
    for number, (left, right) in enumerate(sides):
        reach = 0.5 * (right - left)
        mine = (nearest == number) & (columns >= left - reach) & (columns < right + reach)
        owners[:, mine] = number + 1
    return owners


def _ink_by_box(
    levels: Levels, owners: NDArray[np.int32], beside: NDArray[np.bool_], threshold: float, height: float
) -> dict[int, NDArray[np.bool_]]:
    """The pixels of each box's ink: components belong to the box that has most of them, what is shared is divided.

    Thin ink that runs beside print is the edge of a rule that lies a little off its place.
    """
    labels, components = find_components((levels > threshold).view(np.uint8), levels)
    parts: dict[int, list[tuple[float, NDArray[np.bool_]]]] = defaultdict(list)
    rows = np.arange(levels.shape[0])[:, None]
    margin = 0.5 * (levels.shape[0] - height)
    for component in components:
        if max(component.height, component.width) < 0.1 * height:
            continue
        mask = labels == component.number
        if mask.sum() <= MAX_EDGE * max(component.height, component.width) and beside[mask].mean() > ON_PRINT:
            continue  # the edge of a rule
        middle = float((mask * rows).sum() / mask.sum())
        if not margin * 0.8 <= middle <= levels.shape[0] - margin * 0.8:
            continue  # of the field above or below
        counts = np.bincount(owners[mask], minlength=2)[1:]
        holders = [number + 1 for number in np.flatnonzero(counts).tolist() if counts[number] >= PART * counts.max()]
        for number in holders:
            part = mask if len(holders) == 1 else mask & (owners == number)
            parts[number].append((float(levels[part].sum()), part))
    result: dict[int, NDArray[np.bool_]] = {}
    for number, members in parts.items():
        heaviest = max(mass for mass, _ in members)
        result[number] = np.asarray(
            np.any([part for mass, part in members if mass >= MIN_MASS * heaviest], axis=0), np.bool_
        )
    return result


def _candidate(levels: Levels, ink: NDArray[np.bool_], threshold: float) -> Candidate:
    ys, xs = np.nonzero(ink)
    box = top, left, bottom, right = int(ys.min()), int(xs.min()), int(ys.max()) + 1, int(xs.max()) + 1
    crop = crop_of(levels[top:bottom, left:right], ink[top:bottom, left:right], threshold)
    return Candidate(0, 1, box, crop, 1.0, (right - left) / (bottom - top), 0)


def _read_boxes(field: Field, boxes: _Boxes, scored_of: dict[int, ScoredCandidate]) -> _Hypothesis:
    """The hypothesis of a field of boxes."""
    positions: list[tuple[tuple[str, float], ...]] = []
    filled: list[int] = []
    doubts: list[str] = []
    digit_doubts: list[str] = []
    for number, candidates in enumerate(boxes.of_box):
        if number in boxes.dashes and field.kind == "number" and not filled:
            positions.append((("-", DASH), ("", 1 - DASH)))
            filled.append(number)
            continue
        scored = [scored_of[id(candidate)] for candidate in candidates if id(candidate) in scored_of]
        if not scored:
            if number in boxes.dashes:
                doubts.append(f"box {number + 1} holds a dash")
            continue
        probabilities = np.mean([one.probabilities for one in scored], axis=0)
        if probabilities.sum() < MIN_DIGIT:
            digit_doubts.append(f"box {number + 1} holds ink that is no digit")
        positions.append(_alternatives(probabilities))
        filled.append(number)
    if not filled and not doubts:
        return _Hypothesis(field)
    gaps = [number for number in range(filled[0], filled[-1]) if number not in filled] if filled else []
    doubts += [f"box {number + 1} is blank" for number in gaps]
    return _choose_texts(field, positions, doubts, digit_doubts)


def _alternatives(probabilities: NDArray[np.floating]) -> tuple[tuple[str, float], ...]:
    """Digits and their probabilities, given that it is one, and one of those that may stand there.

    Those below MIN_PROBABILITY are what a softmax leaves to any class: eight digits that each lose as much to them
    would seem as doubtful as one that may be another.
    """
    shares = probabilities / max(float(probabilities.sum()), 1e-6)
    is_likely = shares >= MIN_PROBABILITY
    shares = np.where(is_likely, shares / max(float(shares[is_likely].sum()), 1e-6), shares)
    return tuple((LABELS[index], float(shares[index])) for index in np.argsort(-shares))


def _choose_texts(
    field: Field,
    positions: Sequence[tuple[tuple[str, float], ...]],
    doubts: Sequence[str],
    digit_doubts: Sequence[str] = (),
) -> _Hypothesis:
    """The hypothesis of a field whose positions have these alternatives: digits, and signs between them.

    Args:
        field: whose constraints choose.
        positions: of each its alternatives.
        doubts: that nothing lifts: there may be more digits, or fewer.
        digit_doubts: those about what one of the digits is, which a check digit or a sum may lift.
    """
    plain_characters = [max(position, key=lambda one: one[1])[0] for position in positions]
    plain = _text_with_separators(field, plain_characters) or "".join(plain_characters)

    def is_allowed(characters: Sequence[str]) -> bool:
        return (text := _text_with_separators(field, characters)) is not None and not field.violation(text)

    lowest = MIN_FAR if field.check is not None else MIN_PROBABILITY
    ranked = choices(positions, is_allowed, max_choices=MAX_TEXTS, min_probability=lowest)
    if ranked and any(
        dict(position)[character] < MIN_PROBABILITY
        for position, character in zip(positions, ranked[0].values, strict=True)
    ):
        doubts = [*doubts, f"read as {plain}, which {field.violation(plain) or 'is not allowed'}"]
    doubts = [*doubts, *digit_doubts] if not ranked else doubts
    if not ranked:
        probability = float(np.prod([max(share for _, share in position) for position in positions]))
        why = "; ".join(doubts) or field.violation(plain) or "is not allowed"
        others = choices(positions, lambda characters: True, max_choices=MAX_TEXTS)
        texts = tuple(
            (_text_with_separators(field, one.values) or "".join(one.values), one.probability) for one in others
        )
        return _Hypothesis(field, texts, probability, VIOLATES if not doubts else DOUBTFUL, why, plain)
    texts = tuple((_text_with_separators(field, one.values) or "", one.probability) for one in ranked)
    hypothesis = _Hypothesis(field, texts, texts[0][1], OK, "", plain, "; ".join(doubts), "; ".join(digit_doubts))
    return _with_status(hypothesis, field.check is not None)


def _with_status(hypothesis: _Hypothesis, is_checked: bool) -> _Hypothesis:
    """The hypothesis with its status by the probability of its first text, which a check digit or a sum may confirm."""
    text, probability = hypothesis.texts[0]
    is_changed = text != hypothesis.plain
    is_sure = probability >= MIN_OK
    is_confirmed = is_checked and not is_changed and is_sure
    if reasons := [one for one in (hypothesis.doubts, "" if is_confirmed else hypothesis.digit_doubts) if one]:
        return replace(hypothesis, status=DOUBTFUL, reason="; ".join(reasons), probability=probability)
    reason = hypothesis.reason
    if is_changed and not reason:
        violation = hypothesis.field.violation(hypothesis.plain) or "is not allowed"
        reason = f"read as {hypothesis.plain}, which {violation}"
    if not is_sure and not reason:
        reason = f"may be {hypothesis.texts[1][0]}" if len(hypothesis.texts) > 1 else "is not sure"
    return replace(hypothesis, status=OK if is_sure else DOUBTFUL, reason=reason, probability=probability)


def _text_with_separators(field: Field, characters: Sequence[str]) -> str | None:
    """The text of a field of these characters: with a date's or a pattern's separators where only digits were read."""
    text = "".join(characters)
    if field.kind == "date" and text.isdecimal():
        parts = PARTS_OF_DATE.findall(field.format)
        if len(text) != sum(map(len, parts)):
            return text
        digits = iter(text)
        return PARTS_OF_DATE.sub(lambda part: "".join(next(digits) for _ in part[0]), field.format)
    if field.pattern is not None and text.isdecimal():
        return _with_separators(text, Pattern.parse(field.pattern))
    return text


def _with_separators(digits: str, pattern: Pattern) -> str | None:
    """The digits with the separators that a pattern asks for between them; None if it does not take them."""
    texts = {0: ""}  # of each state, how it was reached
    for digit in (*digits, None):
        reached: dict[int, str] = {}
        queue = list(texts.items())
        while queue:
            state, text = queue.pop(0)
            if digit is None and state in pattern.accepting:
                return text
            for target in pattern.states[state].following:
                following = pattern.states[target]
                if following.separator:
                    queue.append((target, text + following.separator))
                elif digit is not None and int(digit) in following.digits:
                    reached.setdefault(target, text + digit)
        texts = reached
    return None


def _read_free_field(window: _Window, ink_peak: float, recognizer: Recognizer) -> _Hypothesis:
    """The hypothesis of a field without boxes."""
    field = window.field
    levels, height = _ink_of_field(window)
    if not window.is_written(ink_peak) or height < MIN_HEIGHT * (window.box[2] - window.box[0]):
        return _Hypothesis(field)
    map_ = InkMap(levels, 0.004, 1.0, Polarity.PAPER_HIGH)
    page = read_lines(map_, recognizer)
    expected = _pattern_of(field)
    if expected is not None and not (len(page.lines) == 1 and expected.accepts(_sole_text(page))):
        by_pattern = read_lines(map_, recognizer, expected)
        if by_pattern:
            plain = _sole_text(page)
            hypothesis = _read_lines_of(field, by_pattern, recognizer)
            return (
                hypothesis if hypothesis.status != OK or hypothesis.plain == plain else replace(hypothesis, plain=plain)
            )
    if not page:
        return _Hypothesis(field, (), 0.0, DOUBTFUL, "holds ink that is no digit")
    return _read_lines_of(field, page, recognizer)


def _ink_of_field(window: _Window) -> tuple[Levels, float]:
    """The ink of a field, without that of its neighbors, and how high it is."""
    top, left, bottom, right = window.box
    labels, components = find_components((window.levels > 0.25 * window.peak).view(np.uint8), window.levels)
    inside = [
        component
        for component in components
        if top <= (component.top + component.bottom) / 2 <= bottom
        and left <= (component.left + component.right) / 2 <= right
    ]
    mask = np.isin(labels, [component.number for component in inside]).view(np.uint8)
    near = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    height = max((component.height for component in inside), default=0)
    return np.where(near > 0, window.levels, np.float32(0)), float(height)


def _pattern_of(field: Field) -> Pattern | None:
    """The pattern of a field's digits and separators, as far as it says."""
    if field.pattern is not None:
        return Pattern.parse(field.pattern)
    if field.length is not None:
        return Pattern.of_length(field.length)
    if field.kind == "date":
        text = PARTS_OF_DATE.sub(lambda part: rf"\d{{{len(part[0])}}}", field.format.replace(".", r"\."))
        return Pattern.parse(text)
    return None


def _sole_text(page: PageReading) -> str:
    return " ".join(page.lines_with_signs)


def _read_lines_of(field: Field, page: PageReading, recognizer: Recognizer) -> _Hypothesis:
    """The hypothesis of a free field with these lines."""
    text = _sole_text(page)
    digits = iter(page.digits)
    positions: list[tuple[tuple[str, float], ...]] = []
    for character in text:
        if character in LABELS:
            positions.append(_alternatives(next(digits).probabilities))
        elif character != " " and (field.kind != "digits" or field.pattern is not None):
            positions.append(((character, 1.0),))
    doubts = [f"holds {len(page.lines)} lines"] if len(page.lines) > 1 else []
    digit_doubts = list(dict.fromkeys(digit.doubt for digit in page.digits if digit.doubt))
    if any(reason in ("not a digit", "not digits", "may be digits") for _, reason in page.ignored):
        digit_doubts.append("holds ink that is no digit")
    if not all(recognizer.accepts(confidence, page.kind) for confidence in page.confidences):
        digit_doubts.append("may be other digits, cut otherwise")
    return _choose_texts(field, positions, doubts, digit_doubts)


def _read_ticks(window: _Window, ink_peak: float) -> _Hypothesis:
    """The hypothesis of a field of ticks."""
    field, inks = window.field, []
    threshold = 0.35 * max(ink_peak, 0.12)
    for name, (top, left, bottom, right) in field.choices:
        y, x = window.scale
        ys = round(top * y) - window.corner[0], round(bottom * y) - window.corner[0]
        xs = round(left * x) - window.corner[1], round(right * x) - window.corner[1]
        inside = window.levels[max(0, ys[0]) : ys[1], max(0, xs[0]) : xs[1]]
        inks.append((name, float((inside > threshold).mean()) if inside.size else 0.0))
    ticked = [name for name, share in inks if share >= MIN_TICK]
    unsure = [name for name, share in inks if MAX_SPECK < share < MIN_TICK]
    blacked = [name for name, share in inks if share > BLACKED]
    order = sorted(inks, key=lambda one: -one[1])
    texts = tuple((name, 1.0 if name in ticked and len(ticked) == 1 else 0.5) for name, _ in order if _ > MAX_SPECK)
    if blacked:
        return _Hypothesis(field, texts, 0.5, DOUBTFUL, f"{', '.join(blacked)} is blacked out", texts[0][0])
    if len(ticked) > 1:
        return _Hypothesis(field, texts, 0.5, VIOLATES, f"{' and '.join(ticked)} are ticked", texts[0][0])
    if unsure:
        return _Hypothesis(field, texts, 0.5, DOUBTFUL, f"{', '.join(unsure)} may be ticked", texts[0][0])
    if not ticked:
        return _Hypothesis(field)
    return _Hypothesis(field, texts, 0.99, OK, "", ticked[0])


def _with_sums(hypotheses: list[_Hypothesis], template: Template) -> tuple[list[_Hypothesis], tuple[SumReading, ...]]:
    """The hypotheses, chosen so that the sums hold as far as what was read allows."""
    index_of = {hypothesis.field.name: number for number, hypothesis in enumerate(hypotheses)}
    results = list(hypotheses)
    holds: dict[Sum, bool | None] = dict.fromkeys(template.sums)
    for members in _group_sums(template.sums):
        names = sorted({name for one in members for name in one.names}, key=index_of.__getitem__)
        used = [results[index_of[name]] for name in names]
        blank = {hypothesis.field.name for hypothesis in used if hypothesis.status == BLANK}
        is_unread = any(not hypothesis.texts for hypothesis in used if hypothesis.status != BLANK)
        if is_unread or any(one.total in blank for one in members):
            continue

        def all_hold(texts: tuple[str, ...], names: list[str] = names, members: list[Sum] = members) -> bool:
            values = {name: text or "0" for name, text in zip(names, texts, strict=True)}
            return all(one.holds(values) for one in members)

        positions = [hypothesis.texts or (("", 1.0),) for hypothesis in used]
        ranked = choices(positions, all_hold, max_choices=MAX_TEXTS)
        if not ranked:
            holds |= {one: _mark_violated(one, results, index_of) for one in members}
            continue
        holds |= dict.fromkeys(members, True)
        plain = float(np.prod([max(share for _, share in position) for position in positions]))
        is_likely = ranked[0].prior >= MIN_CORRECTION * plain
        for position, (name, text, before) in enumerate(zip(names, ranked[0].values, used, strict=True)):
            if before.status != BLANK:
                share = sum(choice.probability for choice in ranked if choice.values[position] == text)
                results[index_of[name]] = _confirm_by_sum(before, text, share, is_likely)
    return results, tuple(SumReading(one.total, one.terms, holds[one]) for one in template.sums)


def _confirm_by_sum(hypothesis: _Hypothesis, text: str, probability: float, is_likely: bool) -> _Hypothesis:
    """The hypothesis with the text that its sum chose, of this probability.

    The likeliest text keeps its own probability where what the sum changed elsewhere is_likely; else the error may be
    here.
    """
    others = tuple(one for one in hypothesis.texts if one[0] != text)
    first = hypothesis.texts[0]
    probability = max(probability, first[1]) if is_likely and text == first[0] else probability
    reason = hypothesis.reason
    if text != first[0]:
        reason = f"read as {first[0]}, which does not add up"
    elif reason.startswith("may be ") or reason == "is not sure":
        reason = ""
    chosen = replace(hypothesis, texts=((text, probability), *others), reason=reason)
    if hypothesis.status == VIOLATES:
        return hypothesis
    if (
        hypothesis.status == DOUBTFUL
        and reason
        and not reason.startswith("read as")
        and reason != hypothesis.digit_doubts
    ):
        return chosen
    return _with_status(replace(chosen, reason="" if reason == hypothesis.digit_doubts else reason), True)


def _mark_violated(one: Sum, results: list[_Hypothesis], index_of: dict[str, int]) -> bool:
    """Whether a sum holds; where it does not, its fields say so."""
    values = {name: (results[index_of[name]].texts or (("", 1.0),))[0][0] or "0" for name in one.names}
    if one.holds(values):
        return True
    total = sum(value for name in one.terms if (value := value_of(values[name])) is not None)
    for name in one.names:
        hypothesis = results[index_of[name]]
        if hypothesis.status != BLANK:
            reason = f"{one.total} is {values[one.total]}, and {' + '.join(one.terms)} add up to {total}"
            results[index_of[name]] = replace(hypothesis, status=VIOLATES, reason=reason)
    return False


def _group_sums(sums: Sequence[Sum]) -> list[list[Sum]]:
    """The sums, in groups that share fields."""
    groups: list[list[Sum]] = []
    for one in sums:
        touching = [group for group in groups if any(set(one.names) & set(other.names) for other in group)]
        groups = [group for group in groups if group not in touching]
        groups.append(sorted([one, *(other for group in touching for other in group)], key=sums.index))
    return groups


def _field_reading(hypothesis: _Hypothesis, window: _Window, page: AlignedPage) -> FieldReading:
    """The hypothesis as the page's picture has it."""
    top, left, bottom, right = window.box
    y, x = window.corner
    corners = tuple(page.at(y + row, x + column) for row, column in (
        (top, left), (top, right), (bottom, right), (bottom, left)
    ))  # fmt: skip
    ys, xs = zip(*corners, strict=True)
    box = int(max(0, min(ys))), int(max(0, min(xs))), int(max(0, *ys)) + 1, int(max(0, *xs)) + 1
    text = hypothesis.texts[0][0] if hypothesis.texts and hypothesis.status != BLANK else ""
    is_changed = bool(hypothesis.texts) and hypothesis.status in (OK, DOUBTFUL) and text != hypothesis.plain
    return FieldReading(
        hypothesis.field.name,
        hypothesis.field.kind,
        text,
        min(1.0, hypothesis.probability),
        box,
        hypothesis.status,
        hypothesis.reason,
        hypothesis.texts[1:],
        is_changed and hypothesis.field.kind != "ticks",
        corners,
    )
