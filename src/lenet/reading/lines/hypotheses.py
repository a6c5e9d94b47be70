"""Reading lines of digits: rows of pieces at several thresholds, best paths, and the most confident reading of all."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.boxes import Box, bounding_box
from lenet.reading.foreground.components import label_components
from lenet.reading.foreground.ink import SHARES, InkMap
from lenet.reading.foreground.rules import LONG_SIDE, find_rules, level_runs
from lenet.reading.lines.augmentation import views_of_line
from lenet.reading.lines.doubts import (
    BROKEN,
    HAS_POINT,
    MAY_BE_BAR,
    MAY_BE_LETTERS,
    MAY_BE_ONE,
    MAY_BE_SLASH,
    OTHER_SHAPE,
    UNTOLD_INK,
    doubted,
    doubts_of,
    with_doubt,
    with_line_doubt,
)
from lenet.reading.lines.forward import RowGraph, find_row
from lenet.reading.lines.layout import COLUMN_GAP, MAX_LOW_HEIGHT, SAMPLE, Mask, find_spaces
from lenet.reading.lines.numbers import (
    CROSSED_OUT,
    MAY_BE_DIGITS,
    are_number,
    are_tallies,
    find_crossing_out,
    find_scribbles,
    numbers_of,
    reason_of,
    without_words,
)
from lenet.reading.lines.omissions import extends, with_losses, with_lost_signs
from lenet.reading.lines.path import Path, best_path
from lenet.reading.lines.pattern import Pattern
from lenet.reading.lines.segmentation import MAX_RING_HEIGHT, Candidate, Page, Piece, Row, find_page, is_dash
from lenet.reading.lines.signs import (
    are_side_by_side,
    between_parentheses,
    find_bars,
    find_signs,
    reindexed,
    separator_scores,
    without_sign,
)
from lenet.reading.recognition import SURE, Recognizer
from lenet.reading.scoring import LIKELY, PageReading, PlacedSign, ScoredCandidate, recognize

# The power to which a share counts: path weights multiply the evidence of overlapping candidates, and are too extreme.
SHARE_POWER = 0.25
CANDIDATES_AT_ONCE = 600  # in one call of the network: 50 MB
MAX_CANDIDATES = 40_000  # of a page: ten seconds and more; what is left then is not looked at


def read_lines(ink: InkMap, recognizer: Recognizer, pattern: Pattern | None = None) -> PageReading:
    """Read the lines of an ink map; without lines if it shows no digits.

    Args:
        ink: the ink of a picture.
        recognizer: classifies candidates.
        pattern: what each line must look like, if that is known; lines that cannot are ignored.
    """
    thresholds = ink.thresholds(SHARES)
    if not thresholds:
        return PageReading()
    rules = find_rules(ink, min(thresholds))
    page = find_page(ink, thresholds[0], rules, partial(_are_digits, recognizer))
    if not page.skew:
        return _read(ink, rules, {thresholds[0]: page}, thresholds, recognizer, pattern)
    rotation = _Rotation(ink.levels.shape, page.skew)
    rotated = ink.with_levels(rotation.rotate(ink.levels))
    hypothesis = _read(rotated, rotation.rotate(rules), {}, thresholds, recognizer, pattern)
    return rotation.rotate_back(hypothesis)


Levels = TypeVar("Levels", NDArray[np.float32], Mask)


class _Rotation:
    """Rotation of an ink map that levels lines which fall by so many degrees, and of boxes back."""

    def __init__(self, shape: tuple[int, ...], degrees: float) -> None:
        self.height, self.width = shape
        sine, cosine = abs(math.sin(math.radians(degrees))), math.cos(math.radians(degrees))
        width, height = (
            math.ceil(self.width * cosine + self.height * sine),
            math.ceil(self.width * sine + self.height * cosine),
        )
        self.matrix = cv2.getRotationMatrix2D((self.width / 2, self.height / 2), degrees, 1.0)
        self.matrix[:, 2] += np.array([(width - self.width) / 2, (height - self.height) / 2])
        self.size = width, height

    def rotate(self, levels: Levels) -> Levels:
        interpolation = cv2.INTER_LINEAR if levels.dtype == np.float32 else cv2.INTER_NEAREST
        return np.asarray(cv2.warpAffine(levels, self.matrix, self.size, flags=interpolation), levels.dtype)

    def rotate_back(self, hypothesis: PageReading) -> PageReading:
        lines = tuple(
            tuple(replace(digit, candidate=replace(digit.candidate, box=self._box(digit.box))) for digit in line)
            for line in hypothesis.lines
        )
        signs = tuple(tuple(replace(sign, box=self._box(sign.box)) for sign in line) for line in hypothesis.signs)
        ignored = tuple((self._box(box), reason) for box, reason in hypothesis.ignored)
        return replace(hypothesis, lines=lines, signs=signs, ignored=ignored)

    def _box(self, box: Box) -> Box:
        """The upright box of an ellipse in the given one: that of its corners would be far larger than its ink."""
        top, left, bottom, right = box
        inverse = cv2.invertAffineTransform(self.matrix)
        x, y = inverse @ ((left + right) / 2, (top + bottom) / 2, 1.0)
        half_size = np.array([(right - left) / 2, (bottom - top) / 2])
        half_width, half_height = np.sqrt((inverse[:, :2] ** 2) @ (half_size**2))
        return (
            max(0, math.floor(y - half_height)),
            max(0, math.floor(x - half_width)),
            min(self.height, math.ceil(y + half_height)),
            min(self.width, math.ceil(x + half_width)),
        )


def _read(
    ink: InkMap,
    rules: Mask,
    pages: dict[float, Page],
    thresholds: list[float],
    recognizer: Recognizer,
    pattern: Pattern | None,
) -> PageReading:
    """The most confident hypothesis of all thresholds, if most of them show digits.

    Where the first two agree and are sure, or show nothing, the others are not computed.
    """

    are_digits = partial(_are_digits, recognizer)

    def hypotheses_at(levels: list[float], lines: Mask) -> list[PageReading]:
        level_pages = [
            pages[threshold] if threshold in pages else find_page(ink, threshold, lines, are_digits)
            for threshold in levels
        ]
        return hypotheses_of(ink, level_pages, recognizer, pattern)

    def vote(lines: Mask) -> list[PageReading]:
        hypotheses = hypotheses_at(thresholds[:2], lines)
        return (
            hypotheses
            if _agree(hypotheses) or not any(hypotheses)
            else hypotheses + hypotheses_at(thresholds[2:], lines)
        )

    hypotheses = rivals = vote(rules)
    rules_of_rivals = rules
    if not any(hypotheses) and (rules > (at_edges := _reaching_the_edges(rules))).any():
        pages = {}  # nothing but rules: then those that end within the picture were strokes
        rules_of_rivals = at_edges
        rivals = vote(at_edges)
        hypotheses = hypotheses + rivals
    else:
        hypotheses = [replace(hypothesis, ignored=hypothesis.ignored + _boxes_of(rules)) for hypothesis in hypotheses]
    nonempty = [hypothesis for hypothesis in hypotheses if hypothesis]
    if 2 * sum(map(shows_digits, hypotheses)) < len(thresholds[: len(hypotheses)]) or not nonempty:  # most show nothing
        return next(hypothesis for hypothesis in hypotheses if not hypothesis)
    chosen = most_confident(nonempty, rivals, pattern)
    chosen = average_over_views(chosen, ink, rules_of_rivals, thresholds, recognizer, pattern)
    told = chosen if pattern else with_lost_signs(chosen, nonempty)
    mask = (ink.levels > thresholds[0]).view(np.uint8)
    return with_losses(_with_crossings_out(told, mask, rules), nonempty)


def _with_crossings_out(chosen: PageReading, mask: Mask, rules: Mask) -> PageReading:
    """The chosen reading, lines that are crossed out not accepted: their rules are told as that.

    Args:
        chosen: the reading.
        mask: of the ink, uint8 (h, w).
        rules: what was taken out of it as rules; shorter strokes are left.
    """

    def crossing_out(line: Sequence[ScoredCandidate]) -> Box | None:
        boxes = [digit.box for digit in line]
        top, left, bottom, right = bounding_box(boxes)
        reach = 2 * (bottom - top)
        window = np.s_[top:bottom, max(0, left - reach) : right + reach]
        strokes = rules.copy()
        middles = sorted((box[1] + box[3]) // 2 for box in boxes)
        if len(line) > 1:  # a stroke through one digit, or from one into the next, may be its own
            strokes[window] |= level_runs(mask[window], middles[-1] - middles[0])
        if not strokes.any():
            return None
        return find_crossing_out(
            line,
            [  # a printed one goes through a crop
                (y, x, y + h, x + w)
                for x, y, w, h, _ in label_components(strokes)[1][1:].tolist()
                if x > h or x + w + h < mask.shape[1]
            ],
        )

    crossings = [crossing_out(line) for line in chosen.lines]
    lines = tuple(
        with_line_doubt(line, CROSSED_OUT) if crossing else line
        for line, crossing in zip(chosen.lines, crossings, strict=True)
    )
    ignored = chosen.ignored + tuple((crossing, CROSSED_OUT) for crossing in crossings if crossing)
    return replace(chosen, lines=lines, ignored=ignored)


def most_confident(
    hypotheses: Sequence[PageReading], rivals: Sequence[PageReading], pattern: Pattern | None = None
) -> PageReading:
    """The hypothesis whose lines have the largest shares and surest digits, of those with the median number of lines.

    The confidence of a line is the share that its text has, to the power SHARE_POWER, times the probabilities of its
    labels, given that they are of digits: whether they are is in the share. In lines that may be no numbers it counts
    here, too, for there it is the question. To choose by that would prefer hypotheses that leave digits out.
    Where at least half of the hypotheses show the digits of that one, and sure ones beside them, it is one of these.

    Args:
        hypotheses: with lines.
        rivals: the hypotheses of all thresholds, which shares are of: see `_shares`.
        pattern: what each line must look like, if that is known.
    """
    count = sorted(len(hypothesis.lines) for hypothesis in hypotheses)[(len(hypotheses) - 1) // 2]
    rated = [
        (hypothesis, _shares(hypothesis, rivals, pattern))
        for hypothesis in hypotheses
        if len(hypothesis.lines) == count
    ]

    def rating(one: tuple[PageReading, list[float]]) -> float:
        shares_of_lines = zip(one[1], one[0].lines, strict=True)
        return sum(
            math.log(max(share * min(digit.probability for digit in line), 1e-9)) for share, line in shares_of_lines
        )

    chosen, _ = max(rated, key=rating)
    more_complete = [] if pattern else [one for one in rated if extends(one[0], chosen)]
    chosen, shares = max(more_complete if 2 * len(more_complete) >= len(hypotheses) else rated, key=rating)
    confidences = tuple(
        share**SHARE_POWER
        * math.prod(digit.label_probability if are_number(line) else digit.probability for digit in line)
        for share, line in zip(shares, chosen.lines, strict=True)
    )
    return replace(chosen, confidences=confidences)


def average_over_views(
    reading: PageReading,
    ink: InkMap,
    rules: Mask,
    thresholds: list[float],
    recognizer: Recognizer,
    pattern: Pattern | None = None,
) -> PageReading:
    """Test-time augmentation: the confidence of a number becomes the mean over it and its `views_of_line`.

    In a view that is read as another text it is 0. What is sure as it is, what may be no number and what is not
    accepted for another reason is not read again.

    Args:
        reading: lines, as `most_confident` gives them.
        ink: which they were read from.
        rules: the mask of ruled lines in it.
        thresholds: of its levels.
        recognizer: classifies candidates.
        pattern: what each line must look like, if that is known.
    """
    confidences = list(reading.confidences)
    for number, (text, line) in enumerate(zip(_texts_of(reading, pattern), reading.lines, strict=True)):
        if confidences[number] > SURE or not are_number(line) or any(digit.is_doubtful for digit in line):
            continue
        of_views = [confidences[number]]
        for view, view_rules in views_of_line(ink, rules, _boxes_of_line(line, reading.graphs)):
            pages = [
                find_page(view, threshold, view_rules, partial(_are_digits, recognizer)) for threshold in thresholds[:2]
            ]
            hypotheses = hypotheses_of(view, pages, recognizer, pattern)
            nonempty = [hypothesis for hypothesis in hypotheses if hypothesis]
            again = most_confident(nonempty, hypotheses, pattern) if nonempty else PageReading()
            of_views.append(dict(zip(_texts_of(again, pattern), again.confidences, strict=True)).get(text, 0.0))
        confidences[number] = float(np.mean(of_views))
    return replace(reading, confidences=tuple(confidences), graphs=())


def _boxes_of_line(line: Sequence[ScoredCandidate], graphs: Sequence[RowGraph]) -> list[Box]:
    """The boxes of a line's digits, and of the other pieces of its row that are in its column."""
    boxes = [digit.box for digit in line]
    top, _, bottom, _ = box = bounding_box(boxes)
    row, reach = find_row(graphs, box), COLUMN_GAP * (bottom - top)
    return boxes + [piece for piece in (row.pieces if row else ()) if _is_beside(piece, line, reach)]


def _texts_of(reading: PageReading, pattern: Pattern | None) -> list[str]:
    """The text of each line: its digits, and a pattern's separators."""
    if pattern:
        return reading.text.split("\n")
    return ["".join(digit.label for digit in line) for line in reading.lines]


def _are_digits(recognizer: Recognizer, candidates: list[Candidate]) -> bool:
    scored = recognize(candidates, recognizer)
    return (
        bool(scored) and float(np.mean([digit.probabilities.sum() for digit in scored])) >= LIKELY
    )  # pages of digits have 0.95, textures 0.25


def _shares(hypothesis: PageReading, rivals: Sequence[PageReading], pattern: Pattern | None = None) -> list[float]:
    """The share that the text of each line has of all readings of its ink, the mean over all thresholds.

    Ink that was told to be a sign is no digit on any path.
    """
    shares = []
    texts = _texts_of(hypothesis, pattern)
    signs = hypothesis.signs if hypothesis.signs and not pattern else ((),) * len(hypothesis.lines)
    for text, line, line_signs in zip(texts, hypothesis.lines, signs, strict=True):
        box = bounding_box([digit.box for digit in line])
        rows = [find_row(rival.graphs, box) for rival in rivals]
        sign_boxes = [sign.box for sign in line_signs]
        shares.append(float(np.mean([row.share(text, box, pattern, sign_boxes) if row else 0.0 for row in rows])))
    return shares


def shows_digits(hypothesis: PageReading) -> bool:
    """Whether there are lines of digits, or what may be some."""
    return bool(hypothesis) or any(reason == MAY_BE_DIGITS for _, reason in hypothesis.ignored)


def _reaching_the_edges(rules: Mask) -> Mask:
    """The rules that reach an edge of the picture: folds and table edges, never strokes."""
    _, labels = cv2.connectedComponents(rules, connectivity=8)
    at_edges = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    return np.asarray(np.isin(labels, at_edges[at_edges > 0]), np.uint8)


def _agree(hypotheses: list[PageReading]) -> bool:
    if len({hypothesis.text for hypothesis in hypotheses}) > 1 or not all(hypotheses):
        return False
    return all(digit.probability > SURE for hypothesis in hypotheses for digit in hypothesis.digits)


def _boxes_of(rules: Mask) -> tuple[tuple[Box, str], ...]:
    if not rules.any():
        return ()
    _, statistics = label_components(rules)
    min_length = LONG_SIDE * max(rules.shape)
    return tuple(((y, x, y + h, x + w), "rule") for x, y, w, h, _ in statistics[1:].tolist() if max(w, h) > min_length)


def hypotheses_of(ink: InkMap, pages: list[Page], recognizer: Recognizer, pattern: Pattern | None) -> list[PageReading]:
    """The hypotheses at each threshold: the best path through each row."""
    height, width = ink.levels.shape
    lines = iter(_read_rows([row for page in pages for row in page.rows], recognizer, pattern))
    hypotheses = []
    for page in pages:
        if page.is_texture:
            hypotheses.append(PageReading(ignored=(((0, 0, height, width), "texture"),)))
            continue
        parts = [next(lines) for _ in page.rows]
        graphs = tuple(graph for part in parts for graph in part.graphs)
        if not pattern:
            parts = without_words(parts)
        nonempty = [part for part in parts if part]
        ignored = page.ignored + tuple(chain(*(part.ignored for part in parts)))
        hypotheses.append(
            PageReading(
                tuple(with_doubt(line, ignored, (height, width)) for part in nonempty for line in part.lines),
                tuple(gaps for part in nonempty for gaps in part.gaps),
                ignored,
                tuple(separators for part in nonempty for separators in part.separators),
                tuple(signs for part in nonempty for signs in part.signs),
                graphs=graphs,
                sign_doubts=tuple(doubt for part in nonempty for doubt in part.sign_doubts),
            )
        )
    return hypotheses


def _read_rows(rows: list[Row], recognizer: Recognizer, pattern: Pattern | None) -> list[PageReading]:
    """Each row as a hypothesis of one line; one call of the network for as many rows as memory is meant for."""
    lines: list[PageReading] = []
    candidates_read = 0
    while len(lines) < len(rows):
        end, count = len(lines), 0
        while end < len(rows) and (count == 0 or count + len(rows[end].runs) <= CANDIDATES_AT_ONCE):
            count, end = count + len(rows[end].runs), end + 1
        candidates_read += count
        batch = rows[len(lines) : end]
        if candidates_read > MAX_CANDIDATES:
            boxes = [bounding_box([row.box_of(piece) for piece in row.pieces]) for row in batch]
            lines += [PageReading(ignored=((box, MAY_BE_DIGITS),)) for box in boxes]
        else:
            lines += _read_batch(batch, recognizer, pattern)
    return lines


def _read_batch(rows: list[Row], recognizer: Recognizer, pattern: Pattern | None) -> list[PageReading]:
    runs = [
        list(row.candidates()) if is_likely else []
        for row, is_likely in zip(rows, _likely_rows(rows, recognizer), strict=True)
    ]
    scored_of: dict[int, list[ScoredCandidate]] = {index: [] for index in range(len(rows))}
    row_of = {id(candidate): index for index, run in enumerate(runs) for candidate in run}
    for digit in recognize(list(chain(*runs)), recognizer):
        scored_of[row_of[id(digit.candidate)]].append(digit)
    return [
        replace(_line(row, scored_of[index], pattern), graphs=_graphs(row, scored_of[index]))
        for index, row in enumerate(rows)
    ]


def _graphs(row: Row, scored: list[ScoredCandidate]) -> tuple[RowGraph, ...]:
    """The interpretation graph of a row; none where nothing was classified."""
    if not scored:
        return ()
    pieces = tuple(row.box_of(piece) for piece in row.pieces)
    candidates = [digit.candidate for digit in scored]
    probabilities = np.stack([digit.probabilities for digit in scored])
    return (RowGraph.of(bounding_box(list(pieces)), pieces, candidates, probabilities),)


def _likely_rows(rows: list[Row], recognizer: Recognizer) -> list[bool]:
    """Which rows to classify in full: long ones by the mean probability of their components as large as digits."""
    whole_components = [list(row.whole_components()) if len(row.runs) > SAMPLE else [] for row in rows]
    scored = recognize(list(chain(*whole_components)), recognizer)
    digit_probability = {id(digit.candidate): float(digit.probabilities.sum()) for digit in scored}
    means = [
        float(np.mean([digit_probability.get(id(candidate), 0.0) for candidate in candidates]))
        if len(candidates) > 3
        else 1.0
        for candidates in whole_components
    ]
    return [mean >= LIKELY for mean in means]


def _line(row: Row, scored: list[ScoredCandidate], pattern: Pattern | None) -> PageReading:
    """A row's best path as a hypothesis of one line, or of none if the row is no line of digits."""
    row_box = bounding_box([row.box_of(piece) for piece in row.pieces])
    if not scored:
        return PageReading(
            ignored=((row_box, "not digits" if row.digit_height * 2 < row_box[3] - row_box[1] else "speck"),)
        )
    logs = np.log(np.maximum(np.stack([digit.probabilities for digit in scored]), 1e-6))
    separators = separator_scores(row) if pattern and pattern.has_separators else []
    path = best_path([digit.candidate for digit in scored], logs, len(row.pieces), pattern, separator_scores=separators)
    if math.isinf(path.score):
        return PageReading(ignored=((row_box, "does not fit the pattern"),))
    digits = [_allowed(scored[number], classes) for number, classes in zip(path.chosen, path.allowed, strict=True)]
    if pattern:
        return _line_of_pattern(row, scored, digits, path)
    if enclosed := between_parentheses(row, scored):
        inner = _best_digits(enclosed, len(row.pieces))
        digits = inner if inner and min(digit.probability for digit in inner) >= LIKELY else digits
    digits = [without_sign(row, digit, scored, digits) for digit in digits]
    unused_pieces = _unused_pieces(row, [digit.candidate for digit in digits])
    scribbles = find_scribbles(digits)
    ignored = [(digits[number].box, "not a digit") for number in sorted(scribbles)]
    digits = [digit for number, digit in enumerate(digits) if number not in scribbles]
    may_be_digits = [digit.box for digit in scored if _is_digit_among(digit, unused_pieces, row)]
    line_signs = find_signs(row, digits, unused_pieces)
    sign_boxes = [sign.box for sign in line_signs.signs]
    ignored += [(box, "separator") for box in sign_boxes if box not in row.points]
    ignored += [(box, MAY_BE_DIGITS) for box in may_be_digits if not _is_within(box, sign_boxes)]
    unread = [
        (box, _reason(row, piece, line_signs.digit_height))
        for piece in unused_pieces
        if not _is_within(box := row.box_of(piece), [*sign_boxes, *may_be_digits])
    ]
    ignored += unread
    digits = list(line_signs.digits)
    doubts = doubts_of(digits, row)
    doubts |= {id(digits[index]): HAS_POINT for index in line_signs.pointed}
    doubts |= {id(digits[index]): MAY_BE_BAR for index in find_bars(digits)}
    doubts |= {id(digits[index]): MAY_BE_SLASH for index in line_signs.possible_slashes}
    if not digits:
        return PageReading(ignored=tuple(ignored))
    others = [box for box, reason in ignored if reason == "not a digit"]
    numbers, words = numbers_of(digits, others, sign_boxes, _gaps(digits, ignored))
    ignored += words
    if not numbers:
        return PageReading(ignored=((row_box, reason_of(digits, len(others))),))
    gaps = _gaps(numbers, ignored)
    if are_tallies(numbers, gaps):
        return PageReading(ignored=((row_box, "tally marks"),))
    line = tuple(doubted(digit, doubts[id(digit)]) if id(digit) in doubts else digit for digit in numbers)
    if any(reason == "not a digit" and _is_beside(box, numbers, row.digit_height) for box, reason in unread):
        line = with_line_doubt(line, OTHER_SHAPE)  # it may be one that the network does not know
    if line_signs.has_possible_one:
        line = with_line_doubt(line, MAY_BE_ONE)
    pieces_left = [box for box, _ in unread] + [sign.box for sign in line_signs.signs if sign.text != ":"]
    digit_height = line_signs.digit_height
    pieces_left = [box for box in pieces_left if not _is_flat(box, digit_height)]  # what is left of rules is
    if any(
        _is_beside(box, numbers, COLUMN_GAP * digit_height) and box[2] - box[0] >= MAX_RING_HEIGHT * digit_height
        for box in _groups(pieces_left, min(digit.stroke_width for digit in numbers))
    ):
        line = with_line_doubt(line, BROKEN)
    is_untold = any(
        _is_beside(box, numbers, digit_height if _is_flat(box, digit_height) else 0) for box in line_signs.untold
    )
    signs = (reindexed(line_signs.signs, numbers),)
    if are_side_by_side(signs[0]):
        line = with_line_doubt(line, MAY_BE_LETTERS)
    return PageReading((line,), (gaps,), tuple(ignored), ({},), signs, sign_doubts=(UNTOLD_INK * is_untold,))


def _best_digits(scored: list[ScoredCandidate], pieces: int) -> list[ScoredCandidate]:
    """The candidates on the best path through so many pieces, left to right, whatever they make."""
    logs = np.log(np.maximum(np.stack([digit.probabilities for digit in scored]), 1e-6))
    return [scored[number] for number in best_path([digit.candidate for digit in scored], logs, pieces).chosen]


def _line_of_pattern(row: Row, scored: list[ScoredCandidate], digits: list[ScoredCandidate], path: Path) -> PageReading:
    """The line that a pattern asks for, if no whole digit was left out for it."""
    unused_pieces = _unused_pieces(row, [scored[number].candidate for number in path.chosen])
    signs = tuple(
        PlacedSign(text, row.box_of(row.pieces[piece]), index) for piece, text, index in path.separator_pieces
    )
    separators = [row.pieces[piece] for piece, _, _ in path.separator_pieces]
    unused_pieces = [piece for piece in unused_pieces if piece not in separators]
    if any(_is_digit_among(digit, unused_pieces, row) for digit in scored):
        row_box = bounding_box([row.box_of(piece) for piece in row.pieces])
        return PageReading(ignored=((row_box, "does not fit the pattern"),))
    ignored = [(sign.box, "separator") for sign in signs]
    ignored += [(row.box_of(piece), _reason(row, piece, row.digit_height)) for piece in unused_pieces]
    if not digits:
        return PageReading(ignored=tuple(ignored))
    return PageReading(
        (tuple(digits),), (frozenset(),), tuple(ignored), (path.separators,), (signs,), sign_doubts=("",)
    )


def _is_beside(box: Box, digits: Sequence[ScoredCandidate], reach: float) -> bool:
    """Whether a box stands among digits of a line, or no farther from their ends."""
    _, left, _, right = bounding_box([digit.box for digit in digits])
    return box[3] > left - reach and box[1] < right + reach


def _is_flat(box: Box, digit_height: float) -> bool:
    return is_dash(box[3] - box[1], box[2] - box[0], digit_height)


def _is_within(box: Box, others: Sequence[Box]) -> bool:
    return any(a <= box[0] and b <= box[1] and box[2] <= c and box[3] <= d for a, b, c, d in others)


def _groups(boxes: Sequence[Box], gap: float) -> list[Box]:
    """The box of each two and more over one another, or no farther apart: the pieces of a broken digit may be."""
    groups: list[list[Box]] = []
    for box in boxes:
        joined = [group for group in groups if any(max(box[1], one[1]) - min(box[3], one[3]) <= gap for one in group)]
        groups = [group for group in groups if group not in joined] + [[box, *chain(*joined)]]
    return [bounding_box(group) for group in groups if len(group) > 1]


def _gaps(digits: list[ScoredCandidate], ignored: list[tuple[Box, str]]) -> frozenset[int]:
    middles = [digit.box[1] + digit.box[3] for digit in digits]
    centers = [box[1] + box[3] for box, reason in ignored if reason in ("separator", "not a digit")]
    separated = frozenset(
        index
        for index in range(1, len(digits))
        if any(middles[index - 1] < center < middles[index] for center in centers)
    )
    return find_spaces([digit.box for digit in digits], separated)


def _allowed(digit: ScoredCandidate, classes: frozenset[int]) -> ScoredCandidate:
    """The digit with its probabilities as they are once it is known to be one of these digits, or none."""
    if len(classes) == 10:
        return digit
    probabilities = np.zeros_like(digit.probabilities)
    numbers = sorted(classes)
    probabilities[numbers] = digit.probabilities[numbers]
    nothing = max(0.0, 1.0 - float(digit.probabilities.sum()))
    return replace(digit, probabilities=probabilities / np.float32(max(float(probabilities.sum()) + nothing, 1e-6)))


def _unused_pieces(row: Row, chosen: list[Candidate]) -> list[Piece]:
    covered = {
        piece
        for candidate in chosen
        for piece in range(candidate.first, candidate.last)
        if piece not in candidate.dropped
    }
    return [piece for index, piece in enumerate(row.pieces) if index not in covered]


def _is_digit_among(digit: ScoredCandidate, pieces: list[Piece], row: Row) -> bool:
    """Whether these pieces hold a whole digit, left out only because the pattern has no place for it."""
    parts = row.pieces[digit.candidate.first : digit.candidate.last]
    is_high = digit.candidate.height >= MAX_LOW_HEIGHT
    return is_high and all(piece in pieces for piece in parts) and digit.probability > LIKELY


def _reason(row: Row, piece: Piece, digit_height: float) -> str:
    top, left, bottom, right = piece.box
    if piece.height * row.digit_height >= MAX_LOW_HEIGHT * digit_height:
        return "not a digit"
    is_separator = piece.is_mark or is_dash(right - left, bottom - top, digit_height)
    return "separator" if is_separator else "speck"
