"""Templates from blank pages: boxes, combs and lines are found, and each becomes a field to be named by a person.

A box is a region of paper that print closes, of four straight sides; boxes of like size in a row are one field with a
digit in each. A comb, which is open at the top, is a line with teeth. A line with white above it is a field, too.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lenet.boxes import bounding_box
from lenet.errors import DataError, LeNetError, check_switches, printable, reason_of
from lenet.files import atomic_writer, check_writable, path_argument, write_atomically
from lenet.forms.alignment import Sheet
from lenet.forms.template import MAX_FIELDS, Template
from lenet.pictures.loading import Picture, open_picture

MIN_SIDE = 14  # pixels of the sheet: smaller boxes hold no digit that can be read
MAX_AREA = 0.1  # of the page: larger regions are frames around fields
MIN_FILL = 0.9  # of its bounding box: paper that fills less of it is no box
MAX_INSIDE = 0.012  # of a box, with print: what holds more is a label
DIGIT_ASPECT = 1.6  # width over height of a box for one digit, at most
SAME_SIZE = 0.25  # by which the boxes of a field may differ, as a share of their size
MAX_GAP = 0.75  # of a box's width: white between groups of boxes of one field
TICK_GAP = 0.2  # of the page's width: from one box to tick to the next
MIN_LINE_LENGTH = 0.08  # of the page's width: a shorter line is none to write on
MAX_LINE_THICKNESS = 6  # pixels: a thicker one is a bar
WRITING_HEIGHT = 44  # pixels above a line that are written in: 8 mm on A4
MIN_TOOTH_HEIGHT = 8  # pixels of the teeth of a comb above its line
COMB_HEIGHT = 1.2  # pitches that digits in a comb are high, at most: its teeth may be short
OUTLINE_COLOR: tuple[int, int, int] = (0, 90, 181)

SheetBox = tuple[float, float, float, float]

_HEAD = """\
# A template of a form: what is in its fields, and where. Made from {blank}; the fields are drawn in {drawing}.
# Name the fields, delete those that are none, and say what is in them:
#   kind = "digits", "number" (with sign, comma or point), "date" (format = "DD.MM.YYYY") or "ticks"
#   length = 10   pattern = '\\d{{1,5}},\\d{{2}}'   range = [0, 500]
#   check = "luhn", "isbn-10", "isbn-13", "ean-8", "ean-13" or an ISO 7064 system such as "mod-97-10"
# and of numbers that add up:
#   [[sum]]
#   total = "total"
#   terms = ["rent", "heating"]

page = [{height}, {width}]
blank = {name}
sha256 = "{digest}"
"""


@dataclass(frozen=True)
class _FoundField:
    """A field that was found: its kind, its box or boxes in the sheet's pixels."""

    kind: str
    boxes: tuple[SheetBox, ...]

    @property
    def box(self) -> SheetBox:
        return bounding_box(self.boxes)


def new_form(blank: str | Path, output: str | Path, *, overwrite: bool = False) -> Template:
    """Write a template with a field for each box, comb and line of a blank page, and a picture with their numbers.

    Args:
        blank: a picture of the blank page, straight and upright.
        output: the template to write, a TOML file; the picture gets its name with the suffix ``.png``.
        overwrite: whether a template and a picture that are there are written over.

    Returns:
        The template.

    Raises:
        DataError: if the picture cannot be opened, or shows neither boxes nor lines.
        LeNetError: if the output is no TOML file, it or its picture is there already, or cannot be written; or if a
            name is none that can stand in a template.
    """
    source = path_argument("blank", blank, LeNetError)
    target = path_argument(
        "output", output, lambda _: LeNetError(f"{output!r}: expected a template's name that ends in .toml")
    )
    if target.suffix.lower() != ".toml":
        raise LeNetError(f"{target}: expected a template's name that ends in .toml")
    check_switches(LeNetError, overwrite=overwrite)
    drawing = target.with_suffix(".png")
    name = Path(os.path.relpath(source, target.parent)).as_posix()
    for path, text in ((source, name), (target, drawing.name)):
        if printable(text) != text:
            raise LeNetError(f"{path}: has a name that cannot stand in a template, a text in UTF-8; give it another")
    if target.exists() and not overwrite:
        raise LeNetError(f"{target}: is there already; name another template, or add --overwrite (overwrite=True)")
    if drawing.resolve() == source.resolve():
        raise LeNetError(
            f"{drawing}: is the blank page, and the fields are drawn there; give the template another name"
        )
    if drawing.exists() and not overwrite:
        raise LeNetError(
            f"{drawing}: is there already, and the fields are drawn there; name another template, or say that it is to "
            "be overwritten"
        )
    check_writable(target)
    picture = open_picture(source)
    fields = find_fields(picture)
    if not fields:
        raise DataError(
            f"{source}: shows no boxes, combs or lines to write on; scan the blank page straight, at 150 dots an inch "
            "or more"
        )
    try:
        head = _HEAD.format(
            blank=source.name,
            drawing=drawing.name,
            height=picture.size[0],
            width=picture.size[1],
            name=json.dumps(name, ensure_ascii=False),
            digest=hashlib.sha256(source.read_bytes()).hexdigest(),
        )
        text = head + "".join(_field_toml(field, number, picture) for number, field in enumerate(fields, 1))
        template = Template.parse(text, str(target))
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_writer(drawing) as file:
            _draw_fields(picture, fields).save(file, "png")
        write_atomically(target, text.encode())
    except OSError as error:
        raise LeNetError(f"{error.filename or target}: cannot be written ({reason_of(error)})") from None
    return template


def find_fields(picture: Picture) -> list[_FoundField]:
    """The fields of a blank page, in reading order; boxes are in the picture's pixels."""
    sheet = Sheet.of(picture)
    boxes = _closed_boxes(sheet.print)
    fields = _group_boxes(boxes, sheet.shape[1]) + _fields_on_lines(sheet.print, boxes)
    y, x = sheet.scale
    placed = [
        _FoundField(one.kind, tuple((t / y, le / x, b / y, r / x) for t, le, b, r in one.boxes)) for one in fields
    ]
    return sorted(placed, key=lambda one: _reading_order(one.box, picture.size))[:MAX_FIELDS]


def _closed_boxes(printed: NDArray[np.bool_]) -> list[SheetBox]:
    """Find boxes: rectangles of paper that print encloses, without print inside; to the middle of their lines."""
    height, width = printed.shape
    paper = np.asarray(~printed, np.uint8)
    _, labels, statistics, _ = cv2.connectedComponentsWithStats(paper, connectivity=4)
    boxes = []
    for number, (left, top, w, h, area) in enumerate(statistics[1:].tolist(), 1):
        if min(w, h) < MIN_SIDE or w * h > MAX_AREA * height * width or area < MIN_FILL * w * h:
            continue
        inside = labels[top : top + h, left : left + w] == number
        if 1 - inside[2:-2, 2:-2].mean() > MAX_INSIDE:
            continue
        boxes.append((top - 1.0, left - 1.0, top + h + 1.0, left + w + 1.0))
    return boxes


def _group_boxes(boxes: Sequence[SheetBox], width: int) -> list[_FoundField]:
    """Boxes of like size in a row as fields of digits, small ones apart as ticks, wide ones as numbers."""
    narrow = [box for box in boxes if _width(box) <= DIGIT_ASPECT * _height(box)]
    fields = [_FoundField("number", (box,)) for box in boxes if box not in narrow]
    rows = _rows(narrow, lambda a, b: b[1] - a[3] <= MAX_GAP * _width(a))
    several = [row for row in rows if len(row) > 1]
    fields += [_FoundField("digits", tuple(row)) for row in several]
    digit_height = float(np.median([_height(box) for row in several for box in row])) if several else np.inf
    alone = [row[0] for row in rows if len(row) == 1]
    fields += [_FoundField("digits", (box,)) for box in alone if _height(box) >= 0.85 * digit_height]
    ticks = [box for box in alone if _height(box) < 0.85 * digit_height]
    fields += [_FoundField("ticks", tuple(row)) for row in _rows(ticks, lambda a, b: b[1] - a[3] <= TICK_GAP * width)]
    return fields


def _rows(boxes: Iterable[SheetBox], are_near: Callable[[SheetBox, SheetBox], bool]) -> list[list[SheetBox]]:
    """Boxes of like size side by side."""
    rows: list[list[SheetBox]] = []
    for box in sorted(boxes, key=lambda box: box[1]):
        for row in rows:
            last = row[-1]
            is_aligned = abs(last[0] - box[0]) + abs(last[2] - box[2]) <= SAME_SIZE * _height(box)
            is_as_wide = abs(_width(last) - _width(box)) <= SAME_SIZE * _width(box)
            if is_aligned and is_as_wide and are_near(last, box):
                row.append(box)
                break
        else:
            rows.append([box])
    return rows


def _fields_on_lines(printed: NDArray[np.bool_], boxes: Sequence[SheetBox]) -> list[_FoundField]:
    """The combs, and the white above lines, that bound no box."""
    width = printed.shape[1]
    bars = cv2.morphologyEx(
        printed.view(np.uint8), cv2.MORPH_OPEN, np.ones((1, round(MIN_LINE_LENGTH * width)), np.uint8)
    )
    _, _, statistics, _ = cv2.connectedComponentsWithStats(np.asarray(bars, np.uint8), connectivity=8)
    fields: list[_FoundField] = []
    for left, top, w, h, _ in statistics[1:].tolist():
        if h > MAX_LINE_THICKNESS or top < WRITING_HEIGHT:
            continue
        if any(_touch((top - MIN_TOOTH_HEIGHT, left, top, left + w), other) for other in boxes):
            continue
        if cells := _comb_boxes(printed, top, left, w):
            fields.append(_FoundField("digits", cells))
            continue
        above = printed[top - WRITING_HEIGHT : top - 2, left : left + w]
        inked = np.flatnonzero(above.mean(axis=1) > 0.02)
        start = top - WRITING_HEIGHT + (int(inked[-1]) + 3 if len(inked) else 0)
        if top - start >= 0.6 * WRITING_HEIGHT:
            fields.append(_FoundField("number", ((float(start), float(left), float(top), float(left + w)),)))
    return fields


def _comb_boxes(printed: NDArray[np.bool_], top: int, left: int, width: int) -> tuple[SheetBox, ...]:
    """The boxes of a comb on a line: between teeth that stand on it, evenly spaced; none if there are no such teeth."""
    window = printed[top - MIN_TOOTH_HEIGHT : top, max(0, left - 4) : left + width + 4].all(axis=0)
    edges = np.flatnonzero(np.diff(np.r_[0, window.astype(np.int8), 0]))
    teeth = edges.reshape(-1, 2).mean(axis=1) + max(0, left - 4)
    pitches = np.diff(teeth)
    if len(pitches) < 2 or pitches.min() < MIN_SIDE or np.ptp(pitches) > SAME_SIZE * pitches.mean():
        return ()
    high = float(top - COMB_HEIGHT * pitches.mean())
    return tuple((high, float(a), float(top), float(b)) for a, b in pairwise(teeth))


def _touch(box: SheetBox, other: SheetBox) -> bool:
    """Whether two boxes share more than 4 columns of pixels, and are less than 4 rows apart."""
    return min(box[2] + 4, other[2] + 4) > max(box[0], other[0]) and min(box[3], other[3]) - max(box[1], other[1]) > 4


def _height(box: SheetBox) -> float:
    return box[2] - box[0]


def _width(box: SheetBox) -> float:
    return box[3] - box[1]


def _reading_order(box: SheetBox, size: tuple[int, int]) -> tuple[int, float]:
    """Sort key of a box in reading order: by rows of a sixtieth of the page, then from the left."""
    return round(60 * (box[0] + box[2]) / 2 / size[0]), box[1]


def _field_toml(field: _FoundField, number: int, picture: Picture) -> str:
    """The field as a table of TOML."""
    lines = ["", "[[field]]", f'name = "field {number}"', f'kind = "{field.kind}"']
    height, width = picture.size

    def listed(box: SheetBox) -> str:
        limits = (height, width, height, width)
        return str([min(max(0, round(side)), limit) for side, limit in zip(box, limits, strict=True)])

    if field.kind == "ticks":
        choices = ", ".join(f"{index} = {listed(box)}" for index, box in enumerate(field.boxes, 1))
        return "\n".join([*lines, f"choices = {{ {choices} }}"]) + "\n"
    lines.append(f"box = {listed(field.box)}")
    if field.kind == "digits":
        are_joined = all(b[1] - a[3] < 0.15 * _width(field.boxes[0]) for a, b in pairwise(field.boxes))
        sides = [[round(box[1]), round(box[3])] for box in field.boxes]
        places = [side for pair in sides for side in pair]
        lines.append(f"cells = {len(field.boxes) if are_joined or places != sorted(places) else sides}")
    return "\n".join(lines) + "\n"


def _draw_fields(picture: Picture, fields: Sequence[_FoundField]) -> Image.Image:
    """The page, its fields outlined and numbered."""
    image = Image.fromarray(picture.colors).convert("RGB")
    draw = ImageDraw.Draw(image, "RGBA")
    scale = image.height / picture.size[0]
    text_height = max(10, image.height // 90)
    for number, field in enumerate(fields, 1):
        for top, left, bottom, right in field.boxes:
            outline = tuple(side * scale for side in (left, top, right, bottom))
            draw.rectangle(
                outline, fill=(*OUTLINE_COLOR, 40), outline=(*OUTLINE_COLOR, 255), width=max(1, image.height // 700)
            )
        top, left = field.box[0] * scale, field.box[1] * scale
        font = ImageFont.load_default(text_height)
        place = (max(0, left - text_height * (0.4 + 0.6 * len(str(number)))), max(0, top))
        draw.text(
            place, str(number), fill=(*OUTLINE_COLOR, 255), font=font, stroke_width=2, stroke_fill=(255, 255, 255, 255)
        )
    return image
