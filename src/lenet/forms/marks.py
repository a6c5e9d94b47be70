"""Marks of forms: four alike in the corners of a page, by which it is found where its other print looks all the same;
and QR codes, which say which form a page is.

Corner marks may be squares, L's, rings or ArUco markers: of each its center is found, and how much of its convex hull
it fills, which no view of flat paper changes.

Source: ISO/IEC 18004 (QR codes; by OpenCV's detector).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.float32]
Points = NDArray[np.float32]

IN_CORNER = 0.15  # of a page's sides: marks lie within this far of its corners
MIN_MARK, MAX_MARK = 0.006, 0.06  # of a page's longer side: the square root of the area of a mark's hull
SMALLEST_PAGE = 0.3  # of a photo's longer side: the longer side of a page on it
MIN_FULL = 0.5  # of full print: the level of a mark
MAX_AREA_RATIO, MAX_FILL_DIFFERENCE = 1.3, 0.15  # of two marks of a page seen from above
MAX_AREA_RATIO_ON_PHOTO = 2.5  # where perspective makes the nearer marks larger
MAX_CANDIDATES, MAX_VIEWS = 24, 1000  # components of a photo that may be marks, and positions of a page
QUIET_ZONE = 0.25  # of a QR code's side: the margin around it


@dataclass(frozen=True, eq=False)
class CornerMarks:
    """Four alike marks in the corners of a page.

    Attributes:
        centers: float32 (4, 2), their x and y: top left, top right, bottom right, bottom left.
        area: that of a mark's convex hull, as a share of the quadrilateral of their centers.
        fill: the share of the hull that is ink.
    """

    centers: Points
    area: float
    fill: float


@dataclass(frozen=True)
class Code:
    """A QR code: its text, and the rows and columns of the page around it."""

    text: str
    window: tuple[slice, slice]


@dataclass(frozen=True)
class _Component:
    x: float
    y: float
    area: float
    fill: float


def corner_marks(levels: Levels, full: float) -> CornerMarks | None:
    """The marks in the corners of a blank page; None if there are not four alike.

    Args:
        levels: float32 (h, w), its ink.
        full: the level of its full print.
    """
    height, width = levels.shape
    components = _components(levels, full, 1.0)
    marks = []
    for x, y in ((0, 0), (width, 0), (width, height), (0, height)):
        near = [one for one in components if abs(one.x - x) < IN_CORNER * width and abs(one.y - y) < IN_CORNER * height]
        if not near:
            return None
        marks.append(min(near, key=lambda one: (one.x - x) ** 2 + (one.y - y) ** 2))
    fill = float(np.mean([one.fill for one in marks]))
    if not _are_alike(marks, fill, MAX_AREA_RATIO):
        return None
    centers = np.array([(one.x, one.y) for one in marks], np.float32)
    return CornerMarks(centers, _relative_area(marks, centers), fill)


def find_mark_quadrilaterals(levels: Levels, full: float, marks: CornerMarks) -> list[Points]:
    """Find where the marks of a form may lie on a photo of it.

    Args:
        levels: float32 (h, w), the photo's ink.
        full: the level of full print.
        marks: those of the blank page.

    Returns:
        float32 (4, 2) each, x and y in the marks' order, for each way that the page may be turned; those first whose
        marks are nearest to the form's in size.
    """
    candidates = [
        one for one in _components(levels, full, SMALLEST_PAGE) if abs(one.fill - marks.fill) < MAX_FILL_DIFFERENCE
    ]
    candidates = sorted(candidates, key=lambda one: -one.area)[:MAX_CANDIDATES]
    quadrilaterals: list[tuple[float, Points]] = []
    for four in combinations(candidates, 4):
        centers = np.array([(one.x, one.y) for one in four], np.float32)
        hull = np.asarray(cv2.convexHull(centers).reshape(-1, 2), np.float32)
        if len(hull) == 4 and _are_alike(four, marks.fill, MAX_AREA_RATIO_ON_PHOTO):
            log_ratio = abs(float(np.log(_relative_area(four, hull) / marks.area)))
            if log_ratio < np.log(MAX_AREA_RATIO_ON_PHOTO):
                quadrilaterals.append((log_ratio, _order_clockwise(hull)))
    quadrilaterals.sort(key=lambda one: one[0])
    return [np.roll(corners, -turn, axis=0) for _, corners in quadrilaterals for turn in range(4)][:MAX_VIEWS]


def codes(gray: NDArray[np.uint8]) -> tuple[Code, ...]:
    """Decode the QR codes of an upright page; ``gray`` is uint8 (h, w)."""
    detector: Any = cv2.QRCodeDetector()
    _, texts, corners, _ = detector.detectAndDecodeMulti(gray)
    if corners is None:
        return ()
    return tuple(
        Code(text, _window_around(code_corners, gray.shape))
        for text, code_corners in zip(texts, corners, strict=True)
        if text
    )


def _window_around(corners: Points, shape: tuple[int, ...]) -> tuple[slice, slice]:
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    margin = QUIET_ZONE * max(right - left, bottom - top)
    rows = slice(max(0, int(top - margin)), min(shape[0], int(bottom + margin) + 1))
    return rows, slice(max(0, int(left - margin)), min(shape[1], int(right + margin) + 1))


def _components(levels: Levels, full: float, smallest: float) -> list[_Component]:
    """The connected components as large as marks are, of pages whose longer side is at least so much of the levels'."""
    mask = np.asarray(levels > MIN_FULL * full, np.uint8)
    _, labels, statistics, centers = cv2.connectedComponentsWithStats(mask, connectivity=8)
    longer = max(levels.shape)
    lowest, highest = MIN_MARK * smallest * longer, MAX_MARK * longer
    components = []
    for number, (left, top, width, height, ink) in enumerate(statistics[1:].tolist(), 1):
        if min(width, height) < lowest or max(width, height) > 2 * highest:
            continue
        ys, xs = np.nonzero(labels[top : top + height, left : left + width] == number)
        hull = cv2.convexHull(np.stack([xs, ys], axis=-1).astype(np.int32))
        # The area within the outline of its pixels: the hull goes through their centers.
        area = float(cv2.contourArea(hull)) + cv2.arcLength(hull, True) / 2 + 1
        if lowest**2 <= area <= highest**2:
            components.append(_Component(float(centers[number][0]), float(centers[number][1]), area, ink / area))
    return components


def _are_alike(four: Sequence[_Component], fill: float, ratio: float) -> bool:
    areas = [one.area for one in four]
    return max(areas) < ratio * min(areas) and all(abs(one.fill - fill) < MAX_FILL_DIFFERENCE for one in four)


def _relative_area(four: Sequence[_Component], corners: Points) -> float:
    return float(np.mean([one.area for one in four])) / max(float(cv2.contourArea(corners)), 1.0)


def _order_clockwise(hull: Points) -> Points:
    """Order the corners of a page clockwise, as seen on the picture; the first one may be any of them."""
    (ax, ay), (bx, by), (cx, cy) = hull[:3]
    turn = (bx - ax) * (cy - by) - (by - ay) * (cx - bx)
    return np.asarray(hull if turn > 0 else hull[::-1], np.float32)
