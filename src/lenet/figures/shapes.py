"""Shapes of stages in a diagram: stacked planes in proportion to their maps, or a strip of units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from lenet.architecture import Shape
from lenet.figures.sheet import Point, Sheet, mix_colors

_MAX_PLANES = 24
_MAX_STRIP_LENGTH = 1.5
_SLANT = (0.3, 0.954)


class StageShape(Protocol):
    """The shape of a stage: planes or a strip, with a movable upper left corner."""

    @property
    def size(self) -> tuple[float, float]: ...

    def draw(self, sheet: Sheet, x: float, y: float) -> None: ...

    def ends(self, x: float, y: float) -> tuple[Point, Point]:
        """The upper and lower right corner, between which all its units lie."""
        ...

    def patch(self, x: float, y: float, row: float, column: float, rows: float, columns: float) -> list[Point]:
        """The corners of some of its units, clockwise from the upper left."""
        ...


@dataclass(frozen=True)
class _Planes:
    """Maps stacked from the upper left to the lower right, the last one in front."""

    shape: Shape
    unit: float
    tint: float

    @property
    def _spread(self) -> float:
        maps = self.shape[0]
        return min(0.42, 0.07 * (maps - 1) ** 0.62) if maps > 1 else 0.0

    @property
    def size(self) -> tuple[float, float]:
        _, height, width = self.shape
        return width * self.unit + self._spread, height * self.unit + self._spread

    def draw(self, sheet: Sheet, x: float, y: float) -> None:
        maps, height, width = self.shape
        drawn_planes, theme = min(maps, _MAX_PLANES), sheet.theme
        fill, edge = mix_colors(theme.paper, theme.quiet, self.tint), mix_colors(theme.muted, theme.ink, 0.35)
        for index in range(drawn_planes):
            shift = self._spread * index / max(drawn_planes - 1, 1)
            sheet.box(x + shift, y + shift, width * self.unit, height * self.unit, fill, edge, 0.5)

    def ends(self, x: float, y: float) -> tuple[Point, Point]:
        width, height = self.size
        return (x + width - self._spread, y), (x + width, y + height)

    def patch(self, x: float, y: float, row: float, column: float, rows: float, columns: float) -> list[Point]:
        left, top = x + self._spread + column * self.unit, y + self._spread + row * self.unit
        right, bottom = left + columns * self.unit, top + rows * self.unit
        return [(left, top), (right, top), (right, bottom), (left, bottom)]


@dataclass(frozen=True)
class _Strip:
    """Units in a row that runs away from the reader."""

    units: int
    length: float

    _BREADTH = 0.1

    @property
    def size(self) -> tuple[float, float]:
        return self._BREADTH + _SLANT[0] * self.length, _SLANT[1] * self.length

    def draw(self, sheet: Sheet, x: float, y: float) -> None:
        theme = sheet.theme
        fill, edge = mix_colors(theme.paper, theme.quiet, 0.5), mix_colors(theme.muted, theme.ink, 0.35)
        sheet.polygon(self.patch(x, y, 0, 0, self.units, 1), fill, edge, 0.5)
        if self.length / self.units > 0.02:
            for unit in range(1, self.units):
                left, right, *_ = self.patch(x, y, unit, 0, 1, 1)
                sheet.polygon([left, right], edge=edge, line=0.3)

    def ends(self, x: float, y: float) -> tuple[Point, Point]:
        _, upper, lower, _ = self.patch(x, y, 0, 0, self.units, 1)
        return upper, lower

    def patch(self, x: float, y: float, row: float, column: float, rows: float, columns: float) -> list[Point]:
        pitch = self.length / self.units
        start, end = row * pitch, (row + rows) * pitch
        (dx, dy), breadth = _SLANT, self._BREADTH
        left, right = (x + dx * start, y + dy * start), (x + dx * end, y + dy * end)
        return [left, (left[0] + breadth, left[1]), (right[0] + breadth, right[1]), right]


def stage_shape(shape: Shape, unit: float, max_units: int, tint: float) -> StageShape:
    if not unit_count(shape):
        return _Planes(shape, unit, tint)
    units = shape[0]
    return _Strip(units, max(min(1.0, units / max(max_units, 120)) * _MAX_STRIP_LENGTH, min(0.04 * units, 0.36)))


def unit_count(shape: Shape) -> int:
    """The number of units of a stage without maps; else 0."""
    return shape[0] if shape[1:] == (1, 1) else 0
