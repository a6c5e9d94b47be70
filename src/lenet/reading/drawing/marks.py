"""Marks on a picture: boxes around digits, labels beside them, and ink that was left out, with no digit hidden.

Nothing is told by color alone: accepted digits stand in solid blue boxes, rejected ones in dashed orange ones with a
"?", signs and ignored ink in thin dotted gray ones, cells of a grid in thin green ones. Every kind of color vision
tells that blue and that orange apart.
"""

from collections.abc import Sequence
from itertools import groupby, pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lenet.boxes import bounding_box
from lenet.reading.results import REJECTED_MARK, Digit, Ignored, Reading

Box = tuple[float, float, float, float]  # (top, left, bottom, right), as everywhere; Pillow has them the other way
Color = tuple[int, int, int]

ACCEPTED: Color = (0, 90, 181)
REJECTED: Color = (213, 94, 0)
IGNORED: Color = (110, 110, 110)
CELL: Color = (0, 140, 120)
PAPER: Color = (255, 255, 255)
TEXT: Color = (40, 40, 40)

MAX_LABEL_SCALE = 2.4  # times as high as the other letters
MAX_REASONS = 40  # that are written beside ignored ink


class Sheet:
    """A reading's picture in a frame of paper, to be marked.

    Args:
        reading: with its steps.
        side: of the picture, the longer one, in pixels.
        frame: the width of the paper around it.
        text_height: the height of letters.
    """

    def __init__(self, reading: Reading, side: int, frame: int, text_height: int) -> None:
        picture = reading.kept_steps.picture
        self.reading, self.text_height = reading, text_height
        self._scale, self._frame = side / max(reading.size), frame
        height, width = (max(1, round(extent * self._scale)) for extent in reading.size)
        self.picture = Image.new("RGB", (width + 2 * frame, height + 2 * frame), PAPER)
        self.picture.paste(resize_pixels(picture.colors, height, width), (frame, frame))
        self._draw = ImageDraw.Draw(self.picture)
        self._digits = [self._to_sheet(digit.box) for digit in reading.digits]
        self._digit_height = float(np.median([box[2] - box[0] for box in self._digits] or [0.0]))
        self.line_width = max(2, min(text_height // 6, int(self._digit_height / 16)))
        self._occupied = np.array(self._digits, np.float64).reshape(-1, 4)

    def mark_digits(self, has_labels: bool = True) -> None:
        """Draw boxes around the digits, and labels beside them: placed to overlap no digit, where that is possible."""
        for digit, box in zip(self.reading.digits, self._digits, strict=True):
            draw_digit_box(self._draw, _expand(box, 1 + self.line_width), digit.is_rejected, self.line_width)
        if not has_labels:
            return
        font = ImageFont.load_default(self._letter_height())
        for _, members in groupby(range(len(self._digits)), key=lambda index: self.reading.digits[index].line):
            line = list(members)
            labels = [label_of(self.reading.digits[index]) for index in line]
            placements = [
                [
                    self._place_beside(direction, self._digits[index], label, font)
                    for index, label in zip(line, labels, strict=True)
                ]
                for direction in _DIRECTIONS
            ]
            spots = next((spots for spots in placements if self._are_free(spots)), None)  # one side for the whole line
            if spots is None:
                spots = []
                for candidates in zip(*placements, strict=True):
                    spots.append(min(candidates, key=self._overlap_area))
                    self._reserve(spots[-1:])
            else:
                self._reserve(spots)
            for index, label, spot in zip(line, labels, spots, strict=True):
                self._draw.rectangle(_to_xyxy(spot), fill=color_of(self.reading.digits[index]), outline=PAPER)
                self._draw.text(_center_xy(spot), label, PAPER, font, anchor="mm")

    def mark_ignored(self, has_reasons: bool = True) -> None:
        """Draw faint boxes around signs and ignored ink, with what the larger pieces are where there is room."""
        font = ImageFont.load_default(max(11, round(0.85 * self.text_height)))
        signs = [Ignored(sign.box, f"sign {sign.text}") for sign in self.reading.signs]
        pieces = sorted(
            [*signs, *visible_ignored(self.reading)], key=lambda piece: -(piece.box[2] - piece.box[0]) - piece.box[3]
        )
        boxes = [self._to_sheet(piece.box) for piece in pieces]
        for box in boxes:
            draw_ignored(self._draw, _expand(box, 2), max(1, self.text_height // 14))
        occupied = self._occupied
        self._reserve(boxes)
        for piece, box in zip(pieces[: MAX_REASONS if has_reasons else 0], boxes, strict=False):
            spots = [self._place_beside(direction, box, piece.reason, font) for direction in _DIRECTIONS]
            free = next((spot for spot in spots if self._overlap_area(spot) == 0), None)
            if free is not None:
                self._reserve([free])
                occupied = np.concatenate([occupied, np.array([free])])
                self._draw.rectangle(_to_xyxy(free), fill=PAPER)
                self._draw.text(_center_xy(free), piece.reason, IGNORED, font, anchor="mm")
        self._occupied = occupied  # the labels of digits may well cover what was left out

    def mark_cells(self) -> None:
        """Draw a thin frame inside each cell of the grid; one with ink that was not read is dashed and orange."""
        for cell in self.reading.cells:
            box = _expand(self._to_sheet(cell.box), -max(1, self.text_height // 10))
            if box[2] - box[0] < 4 or box[3] - box[1] < 4:
                continue
            draw_cell(self._draw, box, cell.is_unread, self.text_height)

    def mark_lines(self) -> None:
        """Draw a thin frame around each line of digits, if there are several."""
        lines = [list(members) for _, members in groupby(self.reading.digits, key=lambda digit: digit.line)]
        for line in lines if len(lines) > 1 else []:
            box = _expand(bounding_box(self._to_sheet(digit.box) for digit in line), 2 * self.line_width + 2)
            self._draw.rectangle(_to_xyxy(box), outline=IGNORED)

    def _to_sheet(self, box: Sequence[float]) -> Box:
        top, left, bottom, right = (self._frame + extent * self._scale for extent in box)
        return top, left, bottom, right

    def _letter_height(self) -> int:
        """The font size of labels: by the digits' height, bounded so that neighbors' labels fit side by side."""
        digits = zip(self.reading.digits, self._digits, strict=True)
        middles = sorted((digit.line, (box[1] + box[3]) / 2) for digit, box in digits)
        pitches = [b - a for (line, a), (other, b) in pairwise(middles) if line == other]
        pitch = float(np.percentile(pitches, 20)) if pitches else np.inf
        height = min(max(0.4 * self._digit_height, self.text_height), MAX_LABEL_SCALE * self.text_height)
        return round(max(min(height, 1.15 * pitch), 11))

    def _place_beside(self, direction: tuple[int, int], box: Box, label: str, font: "_Font") -> Box:
        """Place the box of a label beside a digit's, shifted until it lies on the sheet."""
        left, top, right, bottom = self._draw.textbbox((0, 0), label, font, anchor="mm")
        height, width = max(bottom - top, 0.75 * getattr(font, "size", 11)) + 6, right - left + 6
        (down, across), gap, (x, y) = direction, 2 * self.line_width + 2, _center_xy(box)
        y += down * ((box[2] - box[0] + height) / 2 + gap)
        x += across * ((box[3] - box[1] + width) / 2 + gap)
        top, left, bottom, right = y - height / 2, x - width / 2, y + height / 2, x + width / 2
        shift_y = min(0.0, self.picture.height - 1 - bottom) - min(0.0, top)
        shift_x = min(0.0, self.picture.width - 1 - right) - min(0.0, left)
        return top + shift_y, left + shift_x, bottom + shift_y, right + shift_x

    def _reserve(self, spots: Sequence[Box]) -> None:
        self._occupied = np.concatenate([self._occupied, np.array(spots, np.float64).reshape(-1, 4)])

    def _are_free(self, spots: Sequence[Box]) -> bool:
        """Whether labels at these boxes overlap nothing that is occupied, nor their neighbors."""
        disjoint = all(a[3] <= b[1] or b[3] <= a[1] or a[2] <= b[0] or b[2] <= a[0] for a, b in pairwise(spots))
        return disjoint and not any(self._overlap_area(spot) for spot in spots)

    def _overlap_area(self, spot: Box) -> float:
        """The area of a label's overlap with what must stay visible, in pixels."""
        overlap_h = np.minimum(self._occupied[:, 2], spot[2]) - np.maximum(self._occupied[:, 0], spot[0])
        overlap_w = np.minimum(self._occupied[:, 3], spot[3]) - np.maximum(self._occupied[:, 1], spot[1])
        return float((np.maximum(overlap_h, 0) * np.maximum(overlap_w, 0)).sum())


_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_DIRECTIONS = ((-1, 0), (1, 0), (0, 1), (0, -1))  # of a label from its digit, down and to the right: above, below, …


def label_of(digit: Digit) -> str:
    """The digit, with a question mark if it was rejected."""
    return digit.label + REJECTED_MARK * digit.is_rejected


def color_of(digit: Digit) -> Color:
    return REJECTED if digit.is_rejected else ACCEPTED


def draw_digit_box(draw: ImageDraw.ImageDraw, box: Box, is_rejected: bool, width: int) -> None:
    """Draw the box of a digit: solid and blue, or dashed and orange; a white rim sets it off from any background."""
    draw.rectangle(_to_xyxy(_expand(box, 1)), outline=PAPER, width=width + 2)
    if is_rejected:
        draw_dashed_rectangle(draw, box, REJECTED, width, dash=4 * width, gap=3 * width)
    else:
        draw.rectangle(_to_xyxy(box), outline=ACCEPTED, width=width)


def visible_ignored(reading: Reading) -> list[Ignored]:
    """The ignored ink that is marked as such: all but signs and the rules of a grid, which are seen by its cells."""
    return [
        piece
        for piece in reading.ignored
        if not (reading.cells and piece.reason == "rule")
        and not any(bounding_box((piece.box, sign.box)) == sign.box for sign in reading.signs)
    ]


def draw_cell(draw: ImageDraw.ImageDraw, box: Box, is_unread: bool, text_height: int) -> None:
    """Draw the frame of a cell: thin and green, or dashed and orange if it holds ink that was not read."""
    if is_unread:
        draw_dashed_rectangle(draw, box, REJECTED, 2, dash=8, gap=6)
    else:
        draw.rectangle(_to_xyxy(box), outline=CELL, width=max(1, text_height // 16))


def draw_ignored(draw: ImageDraw.ImageDraw, box: Box, width: int) -> None:
    """Draw the box of ignored ink: thin gray and white dots, visible on any background."""
    draw.rectangle(_to_xyxy(box), outline=PAPER, width=width)
    draw_dashed_rectangle(draw, box, IGNORED, width, dash=3 * width, gap=3 * width)


def draw_dashed_rectangle(
    draw: ImageDraw.ImageDraw, box: Box, color: Color, width: int, dash: float, gap: float
) -> None:
    """Draw a dashed rectangle, inwards as Pillow draws its own; each side begins and ends with a dash."""
    top, left, bottom, right = (round(extent) for extent in box)
    for start, end, is_horizontal in ((left, right, True), (top, bottom, False)):
        count = max(1, round((end - start + gap) / (dash + gap)))
        for number in range(count):
            a = start + number * (end - start + gap) / count
            b = max(a, a + (end - start + gap) / count - gap)
            for edge in (top, bottom - width + 1) if is_horizontal else (left, right - width + 1):
                draw.rectangle(
                    (a, edge, b, edge + width - 1) if is_horizontal else (edge, a, edge + width - 1, b), color
                )


def resize_pixels(colors: NDArray[np.uint8], height: int, width: int) -> Image.Image:
    """Resize RGB: by area where it is reduced, by nearest neighbor where it is enlarged, to keep pixels distinct."""
    interpolation = cv2.INTER_AREA if height < colors.shape[0] else cv2.INTER_NEAREST
    return Image.fromarray(
        np.asarray(cv2.resize(np.ascontiguousarray(colors), (width, height), interpolation=interpolation))
    )


def _expand(box: Box, margin: float) -> Box:
    return box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin


def _to_xyxy(box: Box) -> Box:
    """Convert a box to Pillow's order: left, top, right, bottom."""
    return box[1], box[0], box[3], box[2]


def _center_xy(box: Box) -> tuple[float, float]:
    return (box[1] + box[3]) / 2, (box[0] + box[2]) / 2
