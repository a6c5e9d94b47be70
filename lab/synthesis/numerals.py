"""Numerals drawn stroke by stroke: shapes that people write and neither MNIST nor the handwriting fonts hold.

Each form is a few strokes of a pen through knots, in heights of the digit: x to the right, y down, 0 at the top and 1
at the foot. All proportions are drawn at random, over the whole range that still reads as that digit.
"""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Generator = np.random.Generator
Curve = NDArray[np.float64]
Knot = tuple[float, float]

HEIGHT = 96  # of a numeral as it is drawn, in pixels
_MARGIN = 8  # more than half of the widest stroke
_JITTER = 0.018  # standard deviation of a knot's place
_STEPS = 12  # line segments between two knots
_TURN = 360 / 10  # degrees between the knots of an arc


class Pen:
    """Draws the strokes of one numeral, its proportions from ``rng``."""

    def __init__(self, rng: Generator) -> None:
        self.rng, self.strokes = rng, list[Curve]()

    def between(self, low: float, high: float) -> float:
        """A proportion, uniform from ``low`` to ``high``."""
        return float(self.rng.uniform(low, high))

    def chance(self, probability: float) -> bool:
        """Whether something of this probability happens."""
        return bool(self.rng.random() < probability)

    def curve(self, *knots: Knot) -> None:
        """A smooth stroke through knots, each a little beside its place."""
        self.strokes.append(_smooth(np.array(knots) + self.rng.normal(0, _JITTER, (len(knots), 2))))

    def corners(self, *knots: Knot, bend: float = 0.03) -> None:
        """A stroke from corner to corner, a little bent between them."""
        places = np.array(knots) + self.rng.normal(0, _JITTER, (len(knots), 2))
        middles = (places[:-1] + places[1:]) / 2 + self.rng.normal(0, bend, (len(places) - 1, 2))
        parts = [_smooth(np.stack(part)) for part in zip(places[:-1], middles, places[1:], strict=True)]
        self.strokes.append(np.concatenate(parts))


def draw_numeral(rng: Generator, label: int | None = None) -> tuple[NDArray[np.float32], int]:
    """Draw a numeral of a random form, or of one with this label: float32 (h, w), 0 paper and 1 ink, and its label."""
    forms = [form_and_label for form_and_label in FORMS if label in (None, form_and_label[1])]
    form, label = forms[rng.integers(len(forms))]
    pen = Pen(rng)
    form(pen)
    return _inked(pen.strokes, rng), label


def _inked(strokes: Sequence[Curve], rng: Generator) -> NDArray[np.float32]:
    squeeze = np.array([np.exp(rng.normal(0, 0.18)), 1.0])
    knots = [stroke * squeeze * HEIGHT for stroke in strokes]
    every = np.concatenate(knots)
    corner = every.min(axis=0) - _MARGIN
    width, height = np.ceil(every.max(axis=0) - corner).astype(int) + _MARGIN
    canvas, thickness = np.zeros((height, width), np.uint8), int(rng.integers(6, 14))
    for stroke in knots:
        cv2.polylines(canvas, [np.int32((stroke - corner) * 16)], False, 255, thickness, cv2.LINE_8, 4)
    return canvas.astype(np.float32) / 255


def _smooth(knots: Curve) -> Curve:
    """A Catmull-Rom spline through knots (N, 2), its ends as far on as the knots beside them are back."""
    if len(knots) == 2:
        return knots
    framed = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    time = np.linspace(0, 1, _STEPS)[:, None]
    parts = [
        (2 * b + (c - a) * time + (2 * a - 5 * b + 4 * c - d) * time**2 + (3 * b - a - 3 * c + d) * time**3) / 2
        for a, b, c, d in zip(framed[:-3], framed[1:-2], framed[2:-1], framed[3:], strict=True)
    ]
    return np.concatenate(parts)


def _arc(center: Knot, radii: Knot, start: float, stop: float, growth: float = 1.0) -> list[Knot]:
    """Knots of an ellipse's arc from angle to angle, in degrees clockwise from the right; radii grow on the way."""
    angles = np.linspace(start, stop, max(3, round(abs(stop - start) / _TURN) + 1))
    factors = np.linspace(1.0, growth, len(angles))
    x = center[0] + radii[0] * factors * np.cos(np.radians(angles))
    y = center[1] + radii[1] * factors * np.sin(np.radians(angles))
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _tailed_zero(pen: Pen) -> None:
    """A 0 that is not quite closed, that runs over its start, or ends in a knot, a tail or a ligature."""
    radius, start, sweep = pen.between(0.24, 0.45), pen.between(-150, -30), pen.between(325, 400)
    turn = -1 if pen.chance(0.8) else 1
    oval = _arc((0.5, 0.5), (radius, 0.5), start, start + turn * sweep, pen.between(0.85, 1.1))
    ending = pen.rng.random()
    x, y = oval[-1]
    if ending < 0.25:  # a knot where the stroke closes
        size = pen.between(0.07, 0.16)
        side = -turn if pen.chance(0.5) else turn
        oval += _arc((x, y + side * size), (size, size), -90 * side, -90 * side + turn * pen.between(200, 380))[1:]
    elif ending < 0.45:  # a tail, outward or across
        oval += [(x - turn * pen.between(0.1, 0.5), y + pen.between(-0.25, 0.3))]
    elif ending < 0.8:  # ligatures at the height of the top, from or to a neighbor
        if pen.chance(0.7):
            reach, level = pen.between(0.15, 0.7), pen.between(-0.08, 0.3)
            pen.curve((0.5 + 0.3 * radius, 0.02), (0.5 + radius + 0.4 * reach, level), (0.5 + radius + reach, level))
        if pen.chance(0.5):
            reach, level = pen.between(0.1, 0.6), pen.between(-0.05, 0.4)
            pen.curve((0.5 - radius - reach, level), (0.5 - radius, level), (0.5, pen.between(-0.02, 0.06)))
    pen.curve(*oval)


def _slashed_zero(pen: Pen) -> None:
    reach = pen.between(0.2, 0.5)
    pen.curve(*_arc((0.5, 0.5), (pen.between(0.22, 0.43), 0.5), -90, 270))
    pen.corners((0.5 + reach, pen.between(-0.1, 0.12)), (0.5 - reach, pen.between(0.88, 1.1)))


def _flagged_one(pen: Pen) -> None:
    """A 1 with an upstroke, which may begin as low as the foot, and perhaps a foot."""
    pen.corners((-pen.between(0.08, 0.5), pen.between(0.08, 0.6)), (0, 0), (0, 1))
    if pen.chance(0.45):
        pen.corners((-pen.between(0.1, 0.38), 1.0), (pen.between(0.1, 0.38), 1.0))


def _steep_one(pen: Pen) -> None:
    """A 1 of two long strokes, like Λ."""
    pen.corners((-pen.between(0.15, 0.5), pen.between(0.6, 1.0)), (0, 0), (pen.between(-0.05, 0.12), 1))


def _looped_one(pen: Pen) -> None:
    """A 1 whose upstroke and stem make a narrow loop."""
    width = pen.between(0.03, 0.12)
    stem = [(width, 0.12), (0.3 * width, 0.0), (-width, 0.12), (-0.5 * width, 0.5), (pen.between(-0.08, 0.08), 0.97)]
    if pen.chance(0.4):
        stem.append((pen.between(0.1, 0.25), pen.between(0.85, 1.0)))
    pen.curve((-pen.between(0.1, 0.4), pen.between(0.4, 0.95)), (0, pen.between(0.3, 0.45)), *stem)


def _looped_two(pen: Pen) -> None:
    """A 2 whose head is a hook, a curl or nearly closed, as in Q, and whose foot is a loop, then a wave."""
    curl, loop = pen.between(0, 1) ** 1.5, pen.between(0.02, 0.3)
    height, width = pen.between(0.2, 0.33), pen.between(0.24, 0.42)
    head = _arc((0.45, height), (width * (1 - 0.45 * curl), height * (1 - 0.45 * curl)), -170 - 190 * curl, -90)
    head += _arc((0.45, height), (width, height), -70, pen.between(10, 45))
    foot = [(0.4, 0.72), (0.1, 1.0), (0.1 - 0.7 * loop, 1 - 0.6 * loop), (0.1 + 0.2 * loop, 1 - 1.2 * loop)]
    wave = [(0.4, 0.97 - 0.3 * loop), (0.65, pen.between(0.98, 1.06)), (pen.between(0.8, 1.1), pen.between(0.8, 1.0))]
    pen.curve(*head, *foot, *wave)


def _flat_topped_three(pen: Pen) -> None:
    """A 3 of a bar, a slope and a bowl, like Ʒ."""
    waist, neck = (pen.between(0.25, 0.5), pen.between(0.32, 0.48)), pen.between(0.65, 0.95)
    bar = [(pen.between(0.0, 0.15), pen.between(0.0, 0.1)), (neck, pen.between(-0.04, 0.06))]
    if pen.chance(0.3):
        bar.insert(0, (bar[0][0] + pen.between(-0.06, 0.04), pen.between(0.14, 0.24)))
    pen.corners(*bar, waist)
    middle = (waist[1] + 1) / 2
    bowl = _arc((waist[0], middle), (pen.between(0.35, 0.55), (1 - waist[1]) / 2), -80, pen.between(110, 170))
    pen.curve(waist, *bowl)


def _curled_three(pen: Pen) -> None:
    """A 3 with a curled head, perhaps a loop at the waist, and a bowl that may run far to the left."""
    height, width, curl = pen.between(0.14, 0.24), pen.between(0.2, 0.36), pen.between(0, 1)
    head = _arc((0.45, height), (width * (1 - 0.5 * curl), height * (1 - 0.5 * curl)), -175 - 90 * curl, -90)
    head += _arc((0.45, height), (width, height), -60, pen.between(35, 60))
    waist = [(0.4, 2 * height)]
    if pen.chance(0.4):
        size = pen.between(0.05, 0.12)
        waist = [(0.4 - size, 2 * height), (0.38 - 1.3 * size, 2 * height - size), (0.4, 2 * height - 1.2 * size)]
    reach = pen.between(0.9, 1.3)
    bowl = _arc((0.36, 0.5 + height), (pen.between(0.32, 0.5), 0.5 - height), -70, pen.between(120, 180), reach)
    pen.curve(*head, *waist, *bowl)


def _open_four(pen: Pen) -> None:
    """A 4 whose left part, an angle or a cup, does not reach the top of its stem, and may not touch it at all."""
    level, stem = pen.between(0.42, 0.7), pen.between(0.5, 0.85)
    start = (pen.between(-0.05, 0.55), pen.between(-0.05, 0.15))
    end = (stem + pen.between(-0.14, 0.35), level + pen.between(-0.08, 0.06))
    if pen.chance(0.6):
        pen.corners(start, (0, level), end)
    else:
        pen.curve(start, (0.0, 0.7 * level), (0.18, level + 0.05), end)
    lean = pen.between(-0.15, 0.1)
    pen.corners((stem - lean, pen.between(-0.1, 0.8 * level - 0.05)), (stem + lean, 1))


def _root_five(pen: Pen) -> None:
    """A 5 whose bowl is nothing but a point, like √: a tick, a stroke down, one up, and a bar."""
    foot, neck = pen.between(0.2, 0.4), pen.between(0.5, 0.85)
    top = pen.between(-0.05, 0.2)
    pen.corners((0, pen.between(0.1, 0.4)), (0.6 * foot, pen.between(0.02, 0.25)), (foot, 0.97))
    width = pen.between(0.0, 0.12)
    pen.curve((foot, 0.97), (foot + width, 1.0), (foot + 1.5 * width + 0.04, 0.9), (neck, top))
    pen.corners((neck, top), (neck + pen.between(0.08, 0.5), top + pen.between(-0.06, 0.06)))


def _parted_five(pen: Pen) -> None:
    """A 5 in two parts, whose bar may hang loose or fly far to the right."""
    waist = pen.between(0.32, 0.5)
    neck = (pen.between(0.2, 0.4), pen.between(0.0, 0.06))
    bowl = _arc((0.3, (1 + waist) / 2), (pen.between(0.25, 0.45), (1 - waist) / 2), -100, pen.between(110, 170))
    pen.corners(neck, (pen.between(0.1, 0.25), waist + 0.06), bowl[0])
    pen.curve(*bowl)
    start = neck[0] + pen.between(-0.05, 0.2), neck[1] + pen.between(-0.12, 0.02)
    pen.corners(start, (start[0] + pen.between(0.2, 0.75), start[1] + pen.between(-0.12, 0.08)))


def _angular_five(pen: Pen) -> None:
    """A 5 in one stroke from the end of its bar, with a shallow bowl."""
    waist, depth = pen.between(0.35, 0.6), pen.between(0.2, 0.5)
    neck = (pen.between(0.3, 0.55), pen.between(-0.02, 0.08))
    pen.corners((neck[0] + pen.between(0.25, 0.9), pen.between(-0.08, 0.1)), neck, (pen.between(0.1, 0.3), waist))
    bowl = _arc((0.25, (1 + waist) / 2), (depth, (1 - waist) / 2), -90, pen.between(100, 160))
    pen.curve((pen.between(0.1, 0.3), waist + 0.03), *bowl)


def _slender_six(pen: Pen) -> None:
    """A 6 with a long upstroke, perhaps hooked, and a low bowl that may stay open."""
    waist = pen.between(0.5, 0.75)
    start = [(pen.between(0.45, 1.0), pen.between(-0.02, 0.05))]
    if pen.chance(0.3):
        start.insert(0, (start[0][0] + pen.between(0.02, 0.12), pen.between(0.1, 0.25)))
    bowl = _arc((0.35, (1 + waist) / 2), (pen.between(0.2, 0.35), (1 - waist) / 2), -200, -pen.between(460, 570))
    pen.curve(*start, (pen.between(0.2, 0.45), 0.4), *bowl)


def _crossed_seven(pen: Pen) -> None:
    """A 7 with a bar that is straight or a wave, a serif at its start, a loop at its corner, a stroke across."""
    width, level = pen.between(0.35, 0.85), pen.between(-0.04, 0.06)
    start = pen.between(0.0, 0.2)
    bar: list[Knot] = [(0.0, start), (0.45 * width, 0.0), (width, level)]
    if pen.chance(0.5):
        wave = pen.between(0.03, 0.1)
        bar = [(0.0, start), (0.25 * width, 0.03 - wave), (0.6 * width, 0.03 + wave), (width, level)]
    if pen.chance(0.45):
        bar.insert(0, (pen.between(-0.12, 0.04), start + pen.between(0.1, 0.3)))
    foot = (width - pen.between(0.0, 0.75), 1.0)
    middle = ((width + foot[0]) / 2 + pen.between(-0.15, 0.12), pen.between(0.42, 0.58))
    if pen.chance(0.1):
        size = pen.between(0.03, 0.08)
        pen.curve(*bar, (width + size, level - size), (width + 0.3 * size, level - 1.6 * size), middle, foot)
    else:
        pen.curve(*bar)
        pen.curve((width, level), middle, foot)
    if pen.chance(0.6):
        tilt = pen.between(-0.1, 0.06)
        left, right = middle[0] - pen.between(0.12, 0.45), middle[0] + pen.between(0.1, 0.4)
        pen.corners((left, middle[1] - tilt), (right, middle[1] + tilt))


def _open_eight(pen: Pen) -> None:
    """An 8 of one stroke that does not come back to its start."""
    waist, upper, lower = pen.between(0.4, 0.55), pen.between(0.22, 0.38), pen.between(0.25, 0.42)
    start = (0.5 + pen.between(0.1, 1.0) * upper, pen.between(0.03, 0.2))
    left = [(0.5, 0.0), (0.5 - upper, 0.5 * waist), (0.5, waist), (0.5 + lower, (1 + waist) / 2), (0.5, 1.0)]
    end = (0.5 + pen.between(0.5, 1.5) * upper, pen.between(-0.08, 0.7 * waist))
    pen.curve(start, *left, (0.5 - lower, (1 + waist) / 2), (0.5, waist), end)


def _open_nine(pen: Pen) -> None:
    """A 9 whose loop is open at its stem, above or below, with a stem that may hook to the left."""
    waist, width = pen.between(0.4, 0.6), pen.between(0.25, 0.42)
    start, stop = -pen.between(10, 80), -pen.between(250, 370)
    pen.curve(*_arc((0.4, waist / 2), (width, waist / 2), start, stop, pen.between(0.9, 1.1)))
    top = (0.4 + width + pen.between(-0.08, 0.06), pen.between(-0.06, 0.25))
    if pen.chance(0.5):
        hook = pen.between(0.2, 0.6)
        pen.curve(top, (top[0] - 0.05, 0.6), (top[0] - 0.4 * hook, 0.97), (top[0] - hook, pen.between(0.8, 1.0)))
    else:
        pen.corners(top, (top[0] - pen.between(-0.1, 0.4), 1.0))


def _ribbon_nine(pen: Pen) -> None:
    """A 9 whose stem leaves the loop at its foot, like ρ, P or a ribbon: the loop's start may cross the stem."""
    waist, width = pen.between(0.42, 0.65), pen.between(0.16, 0.37)
    turn = 1 if pen.chance(0.7) else -1
    stem, reach = turn * pen.between(-0.7, 0.5) * width, pen.between(-0.1, 0.5)
    start = (stem - turn * reach * width + turn * 0.06, waist + pen.between(-0.08, 0.12))
    if pen.chance(0.35):  # across the stem
        start = (stem + turn * pen.between(0.1, 0.4), waist + pen.between(0.0, 0.12))
    loop = [(-turn * width, 0.5 * waist), (0.0, 0.0), (turn * width, 0.5 * waist)]
    foot = (stem + pen.between(-0.25, 0.15), 1.0)
    pen.curve(start, *loop, (stem, waist), ((stem + foot[0]) / 2, (1 + waist) / 2), foot)


Form = Callable[[Pen], None]
FORMS: tuple[tuple[Form, int], ...] = (
    (_tailed_zero, 0),
    (_slashed_zero, 0),
    (_flagged_one, 1),
    (_flagged_one, 1),
    (_steep_one, 1),
    (_looped_one, 1),
    (_looped_two, 2),
    (_looped_two, 2),
    (_flat_topped_three, 3),
    (_curled_three, 3),
    (_open_four, 4),
    (_open_four, 4),
    (_root_five, 5),
    (_parted_five, 5),
    (_angular_five, 5),
    (_slender_six, 6),
    (_crossed_seven, 7),
    (_crossed_seven, 7),
    (_crossed_seven, 7),
    (_open_eight, 8),
    (_open_nine, 9),
    (_ribbon_nine, 9),
)
"""Forms and their labels, all as likely; those that vary most or are missed most come more than once."""
