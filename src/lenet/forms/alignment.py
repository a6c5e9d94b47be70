"""Alignment of a page to the blank page of its form: features and a homography, then a mesh of local shifts.

A homography describes flat paper; what a fold or a curl moves beside it, patches of print say, each found again near
the place where the homography puts it. Whether the page shows the form at all is decided by its print: how much of the
blank page's ink is there.

Sources: Lowe, Distinctive image features from scale-invariant keypoints, 2004 (features, ratio test); Barath et al.,
MAGSAC++, 2020 (the robust homography).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lenet.forms.marks import Code, CornerMarks, codes, corner_marks, find_mark_quadrilaterals
from lenet.pictures.loading import Picture
from lenet.reading.foreground.ink import Colors

Levels = NDArray[np.float32]
Matrix = NDArray[np.float64]

SHEET_SIDE = 1600  # pixels of a sheet's longer side: boxes of 6 mm on A4 are 32 pixels high, which reads well
FEATURE_SIDE = 1400  # pixels of the longer side in which features are looked for
MAX_FEATURES = 4000
MARK_SIDE = 800  # pixels of the longer side in which corner marks are looked for: SQUARE is then 13 mm on A4
MAX_MATCH_RATIO = 0.8  # of the distances to the best and the second best match: Lowe's
MAX_MATCH_ERROR = 4.0  # pixels of the feature picture that a match may be off the homography
MIN_MATCHES = 12  # that agree: eight are expected of chance at most among some hundreds
MIN_PRINT = 200  # pixels of print that a blank page must have
PRINT, SEEN_PRINT = 0.5, 0.25  # shares of full ink: what is print on the blank page, and what is seen of it on a page
SAME_FORM = 0.6  # of the print that must be there: forms have 0.9 and more, other forms' print meets by chance 0.3
SQUARE, MIN_LIGHT = 35, 24  # pixels, wider than strokes and ticked boxes; gray levels below which there is no light
PATCH, STEP = 48, 32  # pixels: patches of print, and their distance
MAX_BEND = 0.04  # of the sheet's longer side: how far a fold or a curl may move print off the homography
COARSE, FINE = 7, 5  # pixels that a patch is looked for around its place, at half the scale and then at the full: less
# than half the distance of boxes that look alike
MIN_LIKENESS = 0.25  # normalized correlation of a patch with its place: what is written in it makes it less like
MIN_FARTHER_GAIN = 0.2  # of likeness: by so much a place at the end of the search must be more like than the one where
# it began, for strokes written between two rules are like a rule, and lie just there
MIN_CORNER = 2e-4  # of full ink squared: the smaller eigenvalue of a patch's structure tensor, so that it has a place
MAX_OUTLYING = 1.5  # pixels that a patch's shift may be off the median of those around it
MIN_NEIGHBORS = 6  # patches that a place's shift is taken from
FAR_NEIGHBORS, MAX_SLOPE = 24, 0.1  # patches, and pixels of shift a pixel: a fold of 25 degrees shortens by a tenth, so
# that shifts that differ more from those around them are of a box that was taken for the one beside it
RIDGE_WEIGHT = 1.0  # patches' weight against slopes of shifts; more where they are far, so that nothing is extrapolated
WINDOW_REACH = 14  # pixels that a field may lie off its place yet: COARSE at the sheet's scale
MAX_POINTS, MAX_STEPS = 600, 12  # of print that are looked at in a window, and of one size in the search for its place
MIN_GAIN = 0.01  # of full ink, on print: a window that gains less stays, for each resampling softens it
CODE_SCALE = 2.0  # of the sheet, that a code is looked at: its modules are small
MAX_PERSPECTIVE = 4.0  # between the scales of two corners of a page


@dataclass(frozen=True, eq=False)
class Sheet:
    """A blank page of a form, ready to be found on pages.

    Attributes:
        levels: float32 (h, w), the ink of its print.
        scale: (y, x) pixels of the sheet for each of the picture's.
        points, descriptors: its features, (n, 2) as x, y in the sheet's pixels.
        marks: those in its corners; None if it has none.
        codes: its QR codes.
    """

    levels: Levels
    scale: tuple[float, float]
    points: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    marks: CornerMarks | None = None
    codes: tuple[Code, ...] = ()

    @classmethod
    def of(cls, picture: Picture) -> "Sheet":
        """The sheet of a picture of the blank page."""
        height, width = picture.size
        scale = SHEET_SIDE / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        shrinks = size[0] < picture.colors.shape[1]
        resized = cv2.resize(picture.colors, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
        colors = np.asarray(resized, np.uint8)
        points, descriptors = _features(colors)
        scales = size[1] / height, size[0] / width
        small, full, factor = _small_ink(colors)
        marks = corner_marks(small, full)
        if marks is not None:
            marks = replace(marks, centers=np.asarray((marks.centers + 0.5) / factor - 0.5, np.float32))
        return cls(_ink(colors), scales, points, descriptors, marks, codes(_gray(colors)))

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, in pixels."""
        height, width = self.levels.shape
        return height, width

    @cached_property
    def peak(self) -> float:
        """The level of its full print: the mean of the darkest 0.5 % of its pixels."""
        count = max(60, self.levels.size // 200)
        return float(np.partition(self.levels.ravel(), -count)[-count:].mean())

    @cached_property
    def print(self) -> NDArray[np.bool_]:
        """Which pixels are printed."""
        return np.asarray(self.levels > max(PRINT * self.peak, 0.03), np.bool_)


@dataclass(frozen=True, eq=False)
class AlignedPage:
    """A page, brought into the pixels of its form's sheet.

    Attributes:
        levels: float32 (h, w), the ink of the page; 0 where the picture ends.
        visible: which pixels the picture shows.
        places: float32 (h, w, 2), the x and y of each pixel in the picture.
        coverage: the share of the sheet's print that the page shows, 0..1.
        rotation: by how many degrees the page was rotated clockwise.
    """

    levels: Levels
    visible: NDArray[np.bool_]
    places: NDArray[np.float32]
    coverage: float
    rotation: int

    def at(self, y: float, x: float) -> tuple[float, float]:
        """The (y, x) in the picture of a place on the sheet."""
        height, width = self.levels.shape
        row, column = min(max(round(y), 0), height - 1), min(max(round(x), 0), width - 1)
        place = self.places[row, column]
        return float(place[1]), float(place[0])


class NotThisForm(Exception):
    """A page that does not show the form; the text says why, in a few words."""


def align(picture: Picture, sheet: Sheet) -> AlignedPage:
    """Bring a page into the pixels of its form's sheet.

    Args:
        picture: of the page, in any position.
        sheet: of the form's blank page.

    Raises:
        NotThisForm: if the page does not show the form, or less than can be recognized.
    """
    try:
        return _align_from(picture, sheet, *_homography(picture, sheet))
    except NotThisForm:
        matrix = _homography_by_marks(picture, sheet)
        if matrix is None:
            raise
    return _align_from(picture, sheet, matrix, np.zeros((0, 2)), np.zeros((0, 2)))


def _align_from(
    picture: Picture, sheet: Sheet, matrix: Matrix, centers: NDArray[np.float64], off: NDArray[np.float64]
) -> AlignedPage:
    """The page, aligned from a first homography and the shifts of features off it, as `_homography` gives them."""
    height, width = sheet.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    grid = np.stack([x, y], axis=-1)
    places = _transform_points(matrix, grid)
    levels, visible = _ink_at(picture.colors, places)
    if visible.mean() < 0.05:
        raise NotThisForm("shows too little of the form")
    peak = max(float(np.quantile(levels[visible], 0.995)), 0.06)
    total = np.zeros_like(grid)
    for radius, scale in ((0, 1.0), (COARSE, 0.5), (FINE, 1.0), (FINE, 1.0)):
        shifts = (
            _patch_shifts(sheet, levels, visible, radius, scale) if radius else _shift_mesh(centers, off, sheet.shape)
        )
        if shifts is not None:
            total = shifts + _sample(total, grid + shifts)
            places = _transform_points(matrix, grid + total)
            levels, visible = _ink_at(picture.colors, places)
    coverage = _coverage(sheet, levels, visible, peak)
    if coverage < SAME_FORM:
        raise NotThisForm(f"does not show this form: {coverage:.0%} of its print is there")
    for code in sheet.codes:
        if (text := _code_at(picture.colors, places[code.window])) not in ("", code.text):
            raise NotThisForm(f"is another form: its QR code says {text!r}, this form's {code.text!r}")
    factor = np.array([picture.size[1] / picture.colors.shape[1], picture.size[0] / picture.colors.shape[0]])
    along = _transform_points(matrix, np.array([[[0, height / 2], [width, height / 2]]], np.float32))[0]
    angle = math.degrees(math.atan2(float(along[1, 1] - along[0, 1]), float(along[1, 0] - along[0, 0])))
    return AlignedPage(levels, visible, np.asarray(places * factor, np.float32), coverage, round(-angle / 90) % 4 * 90)


def register_windows(page: AlignedPage, sheet: Sheet, windows: Sequence[tuple[slice, slice]]) -> AlignedPage:
    """Register windows of the sheet, each by its own print.

    A fold has an edge, which the mesh rounds, and at the margins patches are few.

    Args:
        page: aligned.
        sheet: of its form.
        windows: rows and columns of the sheet.

    Returns:
        The page; windows whose print is in its place are as they were.
    """
    levels, places, visible = page.levels.copy(), page.places.copy(), page.visible.copy()
    for window in windows:
        shifts = _corner_shifts(page, sheet, window)
        if shifts is None:
            continue
        rows, columns = window
        y, x = np.mgrid[rows, columns].astype(np.float32)
        size = rows.stop - rows.start, columns.stop - columns.start
        moved = np.stack([x, y], axis=-1) + _interpolate_corners(
            shifts, (y - rows.start) / size[0], (x - columns.start) / size[1]
        )
        maps = _remap_arrays(np.asarray(moved, np.float32))
        levels[window] = np.maximum(cv2.remap(page.levels, *maps, cv2.INTER_CUBIC), 0)
        places[window] = cv2.remap(page.places, *maps, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
        visible[window] = cv2.remap(page.visible.view(np.uint8), *maps, cv2.INTER_NEAREST) > 0
    return replace(page, levels=levels, places=places, visible=visible)


def _corner_shifts(page: AlignedPage, sheet: Sheet, window: tuple[slice, slice]) -> NDArray[np.float32] | None:
    """Shifts (2, 2, 2) of a window's corners, as x, y, that bring most ink onto its print; None if none gains enough.

    A search by ever smaller steps of one corner or side at a time; ink darker than print counts as print.
    """
    rows, columns = window
    ys, xs = np.nonzero(sheet.print[window])
    if len(ys) < MIN_PRINT:
        return None
    chosen = slice(0, None, max(1, len(ys) // MAX_POINTS))
    ys, xs = ys[chosen].astype(np.float32), xs[chosen].astype(np.float32)
    top, left = max(0, rows.start - WINDOW_REACH), max(0, columns.start - WINDOW_REACH)
    area = page.levels[top : rows.stop + WINDOW_REACH, left : columns.stop + WINDOW_REACH]
    here = area[(ys + rows.start - top).astype(int), (xs + columns.start - left).astype(int)]
    dark = max(float(np.quantile(here, 0.75)), 0.06)
    found = np.minimum(area / dark, 1)
    height, width = rows.stop - rows.start, columns.stop - columns.start
    points = np.stack([xs + (columns.start - left), ys + (rows.start - top)], axis=-1)

    def on_print(blurred: Levels, shifts: NDArray[np.float32]) -> NDArray[np.float32]:
        """The mean ink at the print for each of several shifts (n, 2, 2, 2)."""
        moved = points + _interpolate_corners(shifts[:, None], ys / height, xs / width)
        return np.asarray(
            cv2.remap(blurred, *_remap_arrays(np.asarray(moved, np.float32)), cv2.INTER_LINEAR).mean(axis=1)
        )

    shifts = np.zeros((2, 2, 2), np.float32)
    for blur, step in ((2.5, 3.0), (1.5, 1.5), (1.0, 0.75), (0.7, 0.4)):
        blurred = np.asarray(cv2.GaussianBlur(found, (0, 0), blur), np.float32)
        best = float(on_print(blurred, shifts[None])[0])
        for _ in range(MAX_STEPS):
            tried = shifts + step * _MOVES
            gains = on_print(blurred, tried)
            index = int(gains.argmax())
            if gains[index] <= best or np.abs(tried[index]).max() > WINDOW_REACH:
                break
            shifts, best = tried[index], float(gains[index])
    sharp = _blur(found, 1.0)
    before, after = on_print(sharp, np.stack([np.zeros_like(shifts), shifts]))
    return shifts if after > before + MIN_GAIN else None


def _interpolate_corners(
    shifts: NDArray[np.float32], down: NDArray[np.float32], right: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Shifts (..., 2, 2, 2) of four corners, bilinearly between them at shares of the height and the width."""
    down, right = down[..., None], right[..., None]
    upper = shifts[..., 0, 0, :] * (1 - right) + shifts[..., 0, 1, :] * right
    lower = shifts[..., 1, 0, :] * (1 - right) + shifts[..., 1, 1, :] * right
    return np.asarray(upper * (1 - down) + lower * down, np.float32)


def _moves() -> NDArray[np.float32]:
    """Steps (n, 2, 2, 2) of all corners, of those of a side, and of one, each way along x and y."""
    both = slice(None)
    corners = [(both, both), (0, both), (1, both), (both, 0), (both, 1), (0, 0), (0, 1), (1, 0), (1, 1)]
    moves = np.zeros((4 * len(corners), 2, 2, 2), np.float32)
    for number, (row, column) in enumerate(corners):
        for way, (axis, sign) in enumerate(((0, 1), (0, -1), (1, 1), (1, -1))):
            moves[4 * number + way][row, column, axis] = sign
    return moves


_MOVES = _moves()


def coverage_of(page: AlignedPage, sheet: Sheet, window: tuple[slice, slice], peak: float) -> float:
    """The share of the print within a window of the sheet that a page shows; 1 if there is hardly any print."""
    printed = sheet.print[window] & page.visible[window]
    if printed.sum() < 30:
        return 1.0
    seen = cv2.dilate((page.levels[window] > SEEN_PRINT * peak).view(np.uint8), np.ones((3, 3), np.uint8))
    return float(seen[printed].mean())


def _features(colors: Colors) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """SIFT features of a picture: their places in its pixels, and their descriptors."""
    scale = min(1.0, FEATURE_SIDE / max(colors.shape))
    if scale < 1:
        colors = np.asarray(cv2.resize(colors, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    levels = _ink(colors)  # without light and shadow
    full = max(float(np.quantile(levels, 0.99)), 0.1)
    gray = np.asarray(np.rint(255 * (1 - np.clip(levels / full, 0, 1))), np.uint8)
    detector: Any = cv2.SIFT.create(MAX_FEATURES)
    keypoints, descriptors = detector.detectAndCompute(gray, None)
    if descriptors is None:
        return np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32)
    places = np.array([keypoint.pt for keypoint in keypoints], np.float32)
    roots = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-6))  # Hellinger's distance
    return np.asarray((places + 0.5) / scale - 0.5, np.float32), np.asarray(roots, np.float32)


def _homography(picture: Picture, sheet: Sheet) -> tuple[Matrix, NDArray[np.float64], NDArray[np.float64]]:
    """From the sheet to the picture as it was opened; and how far off it the features of the sheet lie, in its pixels.

    Returns:
        The matrix, the places of features (n, 2), and their shifts (n, 2), as x, y.
    """
    points, descriptors = _features(picture.colors)
    if len(points) < MIN_MATCHES or len(sheet.points) < MIN_MATCHES:
        raise NotThisForm("shows no print of this form")
    likeness = sheet.descriptors @ descriptors.T  # of unit vectors: the more alike, the nearer
    numbers = np.arange(len(likeness))
    nearest = likeness.argmax(axis=1)
    first = likeness[numbers, nearest]
    likeness[numbers, nearest] = -1
    distances = np.sqrt(np.maximum(2 - 2 * np.stack([first, likeness.max(axis=1)]), 0))
    good = np.flatnonzero(distances[0] < MAX_MATCH_RATIO * distances[1])
    if len(good) < MIN_MATCHES:
        raise NotThisForm("shows no print of this form")
    source, target = sheet.points[good], points[nearest[good]]
    reach = MAX_MATCH_ERROR * max(1.0, max(picture.colors.shape) / FEATURE_SIDE)
    matrix, inliers = cv2.findHomography(source, target, cv2.USAC_MAGSAC, reach, maxIters=10_000, confidence=0.9999)
    if matrix is None or int(inliers.sum()) < MIN_MATCHES or not _is_view(matrix, sheet.shape):
        raise NotThisForm("does not show this form: its print lies otherwise")
    back = _transform_points(np.asarray(np.linalg.inv(matrix), np.float64), target[None])[0]
    shifts = np.asarray(back - source, np.float64)
    is_near = np.linalg.norm(shifts, axis=1) < MAX_BEND * max(sheet.shape)
    return np.asarray(matrix, np.float64), np.asarray(source[is_near], np.float64), shifts[is_near]


def _homography_by_marks(picture: Picture, sheet: Sheet) -> Matrix | None:
    """The homography that brings corner marks of the sheet onto marks of the picture, and most ink onto its print."""
    if sheet.marks is None:
        return None
    levels, full, scale = _small_ink(picture.colors)
    ys, xs = np.nonzero(sheet.print)
    chosen = slice(0, None, max(1, len(ys) // MAX_POINTS))
    points = np.stack([xs[chosen], ys[chosen]], axis=-1).astype(np.float32)[None]
    found = np.asarray(cv2.GaussianBlur(np.minimum(levels / full, 1), (0, 0), 1.0), np.float32)
    best: tuple[float, Matrix | None] = SEEN_PRINT, None
    for places in find_mark_quadrilaterals(levels, full, sheet.marks):
        corners = np.asarray((places + 0.5) / scale - 0.5, np.float32)
        matrix = np.asarray(cv2.getPerspectiveTransform(sheet.marks.centers, corners), np.float64)
        if _is_view(matrix, sheet.shape):
            places_of_print = np.asarray((_transform_points(matrix, points) + 0.5) * scale - 0.5, np.float32)
            share = float(cv2.remap(found, *_remap_arrays(places_of_print), cv2.INTER_LINEAR).mean())
            best = max(best, (share, matrix), key=lambda one: one[0])
    return best[1]


def _code_at(colors: Colors, places: NDArray[np.float32]) -> str:
    """The text of the QR code at these places of a picture; empty if none is read there."""
    larger = cv2.resize(places, None, fx=CODE_SCALE, fy=CODE_SCALE, interpolation=cv2.INTER_LINEAR)
    maps = _remap_arrays(np.asarray(larger, np.float32))
    found = codes(_gray(np.asarray(cv2.remap(colors, *maps, cv2.INTER_CUBIC, None, cv2.BORDER_REPLICATE), np.uint8)))
    return found[0].text if found else ""


def _small_ink(colors: Colors) -> tuple[Levels, float, float]:
    """The ink of a picture that is made so small that marks are no paper, the level of full ink, and its scale."""
    scale = min(1.0, MARK_SIDE / max(colors.shape))
    small = cv2.resize(colors, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    levels = _ink(np.asarray(small, np.uint8))
    return levels, max(float(np.quantile(levels, 0.995)), 0.06), scale


def _gray(colors: Colors) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(colors, cv2.COLOR_RGB2GRAY), np.uint8)


def _is_view(matrix: NDArray[Any], shape: tuple[int, int]) -> bool:
    """Whether a homography is how a camera sees a page from its front."""
    height, width = shape
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], np.float64) @ matrix.T
    depths = corners[:, 2]
    if depths.min() <= 0 or depths.max() > MAX_PERSPECTIVE * depths.min():
        return False
    places = corners[:, :2] / depths[:, None]
    sides = np.roll(places, -1, axis=0) - places
    following = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    area = float(cv2.contourArea(np.asarray(places, np.float32)))
    return bool(turns.min() > 0) and area > 100 * 100


def _transform_points(matrix: Matrix, points: NDArray[np.float32]) -> NDArray[np.float32]:
    flat = points.reshape(-1, 1, 2).astype(np.float64)
    return np.asarray(cv2.perspectiveTransform(flat, matrix).reshape(points.shape), np.float32)


def _remap_arrays(places: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return np.ascontiguousarray(places[..., 0], np.float32), np.ascontiguousarray(places[..., 1], np.float32)


def _sample(values: NDArray[np.float32], places: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values (h, w, 2) between their pixels; beyond them those of the edge."""
    return np.asarray(
        cv2.remap(values, *_remap_arrays(places), cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE), np.float32
    )


def _ink_at(colors: Colors, places: NDArray[np.float32]) -> tuple[Levels, NDArray[np.bool_]]:
    """The ink of a picture at these places, and which of them it shows."""
    height, width, _ = colors.shape
    x, y = places[..., 0], places[..., 1]
    visible = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
    sheet = cv2.remap(colors, *_remap_arrays(places), cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE)
    levels = _ink(np.asarray(sheet, np.uint8))
    return np.where(visible, levels, np.float32(0)), np.asarray(visible, np.bool_)


def _ink(colors: Colors) -> Levels:
    """Measure each pixel's darkness as a share of the light of the paper around it, in the color that tells most.

    Paper is the closing by a square that no stroke fills: shadows, however sharp their edges, are none of its ink.
    """
    smooth = cv2.GaussianBlur(colors, (0, 0), 0.8)
    light = cv2.morphologyEx(
        cv2.GaussianBlur(smooth, (0, 0), 1.5), cv2.MORPH_CLOSE, np.ones((SQUARE, SQUARE), np.uint8)
    )
    light = np.maximum(np.asarray(light, np.float32), MIN_LIGHT)
    darkest = np.minimum.reduce(cv2.split(np.asarray(smooth, np.float32) / light))  # of the colors
    levels = 1 - darkest
    return np.asarray(np.maximum(levels - np.float32(np.median(levels)), 0), np.float32)


def _coverage(sheet: Sheet, levels: Levels, visible: NDArray[np.bool_], peak: float) -> float:
    """The share of the sheet's print that is seen: of its tiles' the median, so that one shadow does not decide."""
    seen = cv2.dilate((levels > SEEN_PRINT * peak).view(np.uint8), np.ones((3, 3), np.uint8))
    printed = sheet.print & visible
    height, width = sheet.shape
    shares = []
    for top in range(0, height, height // 6 + 1):
        for left in range(0, width, width // 4 + 1):
            window = np.s_[top : top + height // 6 + 1, left : left + width // 4 + 1]
            if (count := int(printed[window].sum())) >= MIN_PRINT:
                shares.append(float(seen[window][printed[window]].sum()) / count)
    return float(np.median(shares)) if shares else 0.0


def _patch_shifts(
    sheet: Sheet, levels: Levels, visible: NDArray[np.bool_], radius: int, scale: float
) -> NDArray[np.float32] | None:
    """Estimate the displacement of each pixel's print, (h, w, 2) as x, y; None if too few patches say."""
    expected = _blur(np.minimum(sheet.levels, sheet.peak), scale)
    dark = float(np.median(levels[sheet.print & visible])) if (sheet.print & visible).any() else 1.0
    found = _blur(np.minimum(levels, max(dark, 0.06)), scale)  # what is written is no darker than print
    corners = cv2.boxFilter(
        cv2.cornerMinEigenVal(expected / max(sheet.peak, 1e-3), 3), -1, (PATCH // 2, PATCH // 2), normalize=True
    )
    height, width = expected.shape
    centers, shifts = [], []
    reach = PATCH // 2
    ways = np.arange(-radius, radius + 1, dtype=np.float32)
    handicap = MIN_FARTHER_GAIN / radius * np.hypot(ways[:, None], ways[None])
    for y in range(reach, height - reach, STEP):
        for x in range(reach, width - reach, STEP):
            if corners[y, x] < MIN_CORNER or not visible[round(y / scale), round(x / scale)]:
                continue
            patch = expected[y - reach : y + reach, x - reach : x + reach]
            top, left = max(0, y - reach - radius), max(0, x - reach - radius)
            area = found[top : y + reach + radius, left : x + reach + radius]
            if min(area.shape) < PATCH:
                continue
            likeness = cv2.matchTemplate(area, patch, cv2.TM_CCOEFF_NORMED)
            first = top - (y - reach - radius), left - (x - reach - radius)
            rows, columns = likeness.shape
            _, _, _, (column, row) = cv2.minMaxLoc(likeness - handicap[first[0] :, first[1] :][:rows, :columns])
            best = likeness[row, column]
            is_inside = 0 < row < likeness.shape[0] - 1 and 0 < column < likeness.shape[1] - 1
            if best < MIN_LIKENESS or not is_inside:  # at the border of the search its place may be beyond
                continue
            dx, dy = _subpixel_peak(likeness, row, column)
            centers.append((x, y))
            shifts.append((left + dx - (x - reach), top + dy - (y - reach)))
    if not centers:
        return None
    return _shift_mesh(np.array(centers, np.float64) / scale, np.array(shifts, np.float64) / scale, sheet.shape, scale)


def _blur(levels: Levels, scale: float) -> Levels:
    reduced = cv2.resize(levels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else levels
    return np.asarray(cv2.GaussianBlur(reduced, (0, 0), 1.0), np.float32)


def _subpixel_peak(likeness: NDArray[Any], row: int, column: int) -> tuple[float, float]:
    """The place of a maximum between pixels, by a parabola through its neighbors: x and y."""

    def between(before: float, middle: float, after: float) -> float:
        bend = before - 2 * middle + after
        return 0.0 if bend >= 0 else float(np.clip((before - after) / (2 * bend), -0.5, 0.5))

    dx = dy = 0.0
    if 0 < column < likeness.shape[1] - 1:
        dx = between(*(float(value) for value in likeness[row, column - 1 : column + 2]))
    if 0 < row < likeness.shape[0] - 1:
        dy = between(*(float(value) for value in likeness[row - 1 : row + 2, column]))
    return column + dx, row + dy


def _shift_mesh(
    centers: NDArray[np.float64], shifts: NDArray[np.float64], shape: tuple[int, int], scale: float = 1.0
) -> NDArray[np.float32] | None:
    """Shifts everywhere from those at some places: local planes through those that agree with their neighbors.

    Args:
        centers, shifts: (n, 2) as x, y, in pixels.
        shape: (height, width) that shifts are wanted for.
        scale: at which they were measured: they are the less exact, the smaller it is.
    """
    if len(centers) < MIN_NEIGHBORS:
        return None
    for count, slope in ((FAR_NEIGHBORS, MAX_SLOPE), (MIN_NEIGHBORS, 0.0)):
        distances = np.linalg.norm(centers[:, None] - centers[None], axis=-1)
        near = np.argsort(distances, axis=1)[:, :count]
        off = np.linalg.norm(shifts - np.median(shifts[near], axis=1), axis=1)
        agree = off < MAX_OUTLYING / scale + slope * np.take_along_axis(distances, near[:, -1:], axis=1)[:, 0]
        if agree.sum() < MIN_NEIGHBORS:
            return None
        centers, shifts = centers[agree], shifts[agree]
    height, width = shape
    ys, xs = np.arange(0, height + STEP, STEP), np.arange(0, width + STEP, STEP)
    nodes = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2).astype(np.float64)
    ways = centers[None] - nodes[:, None]
    squares = (ways**2).sum(axis=-1)
    farthest = np.sqrt(np.partition(squares, MIN_NEIGHBORS - 1, axis=1)[:, MIN_NEIGHBORS - 1])
    reach = np.maximum(1.5 * STEP, 0.7 * farthest)[:, None]
    weights = np.exp(-squares / (2 * reach**2))
    terms = np.concatenate([np.ones((*squares.shape, 1)), ways / reach[..., None]], axis=-1)
    weighted = terms * weights[..., None]
    ridge = RIDGE_WEIGHT * (1 + (farthest / (2 * STEP)) ** 2)[:, None, None] * np.diag([0.0, 1.0, 1.0])
    normal = np.swapaxes(weighted, 1, 2) @ terms + ridge + np.diag([1e-9, 0, 0])
    values = np.linalg.solve(normal, np.swapaxes(weighted, 1, 2) @ shifts)[:, 0]
    mesh = values.reshape(len(ys), len(xs), 2).astype(np.float32)
    row, column = np.mgrid[0:height, 0:width].astype(np.float32) / STEP
    return np.asarray(cv2.remap(mesh, column, row, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE), np.float32)
