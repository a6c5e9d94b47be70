"""Arrays as pictures with their numbers in them, for the course's lessons; needs matplotlib."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lenet.figures.sheet import LIGHT, require_matplotlib

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from lenet.summary import NetworkSummary

INK, MUTED, ACCENT, QUIET, LIGHT_GRAY = LIGHT.ink, LIGHT.muted, LIGHT.accent, LIGHT.quiet, "#e7eaee"
"""Colors of a lesson's pictures, those of all figures here."""


def figure(width: float, height: float, **panels: Any) -> tuple[Figure, Any]:
    """Create a figure and its axes, as ``pyplot.subplots`` does: of a size in inches, on white, without pyplot.

    A notebook shows it as a PNG, whatever matplotlib's backend is, if it is the last value of a cell.

    Raises:
        MissingExtra: if matplotlib is not installed.
    """
    require_matplotlib()
    from matplotlib import figure as figures

    class Picture(figures.Figure):
        def _repr_png_(self) -> bytes:
            file = BytesIO()
            self.savefig(file, format="png", facecolor=LIGHT.paper)
            return file.getvalue()

    picture = Picture(figsize=(width, height), dpi=110, layout="constrained", facecolor=LIGHT.paper)
    return picture, picture.subplots(**panels)


def draw_numbers(
    axes: Axes, values: NDArray[Any], digits: int | None = None, signed: bool = False, title: str = "", size: float = 8
) -> None:
    """Draw (rows, columns) values as squares; with ``digits`` after the point, the numbers stand in them.

    Args:
        axes: of matplotlib, to draw on.
        values: (rows, columns).
        digits: how many each number has after the point; None writes no numbers.
        signed: negative blue, 0 white, positive orange; else from white to black, minimum to maximum.
        title: above the picture.
        size: of the numbers, in points.
    """
    from matplotlib.colors import LinearSegmentedColormap

    array = np.asarray(values, float)
    colors = LinearSegmentedColormap.from_list("lesson", LIGHT.signed if signed else LIGHT.sequential)
    limit = float(np.abs(array).max()) or 1.0
    low, high = (-limit, limit) if signed else (float(array.min()), float(array.max()))
    axes.imshow(array, cmap=colors, vmin=low, vmax=high if high > low else low + 1)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color(LIGHT.line)
    if title:
        axes.set_title(title, fontsize=10, color=INK)
    if digits is not None:
        for (row, column), value in np.ndenumerate(array):
            text = f"{value + 0.0:.{digits}f}".replace("-", "−")
            share = abs(value) / limit if signed else (value - low) / max(high - low, 1e-9)
            axes.text(
                column,
                row,
                text,
                ha="center",
                va="center",
                fontsize=size,
                color=LIGHT.paper if share > 0.55 else INK,
            )


def draw_stages(axes: Axes, summary: NetworkSummary) -> None:
    """Draw the maps of each stage as rectangles of their size, one behind the other, with name and shape below."""
    from matplotlib.patches import Rectangle

    shapes = [("input", summary.network.input), *((stage.name, stage.output_shape) for stage in summary.stages)]
    left, height = 0.0, max(shape[1] for _, shape in shapes)
    for name, (maps, rows, columns) in shapes:
        for index in range(min(maps, 6)):
            corner = (left + index * 1.2, -rows / 2 - index * 0.8)
            axes.add_patch(Rectangle(corner, columns, rows, facecolor=LIGHT.paper, edgecolor=INK, linewidth=0.8))
        label = f"{name}\n{maps}@{rows}×{columns}"
        axes.text(left + columns / 2, 0.7 * height, label, ha="center", va="top", fontsize=8, color=INK)
        left += max(columns, 6) + 13
    axes.set_aspect("equal")
    axes.set_xlim(-4, left)
    axes.set_ylim(1.1 * height, -0.8 * height)
    axes.set_axis_off()


def draw_bars(
    axes: Axes, bars: Mapping[str, float], accent: str = "", number_format: str = ",", title: str = ""
) -> None:
    """Draw values as bars from above to below, each with its number; the one named ``accent`` stands out."""
    colors = [ACCENT if name == accent else QUIET for name in bars]
    axes.barh(list(bars), list(bars.values()), color=colors)
    for place, value in enumerate(bars.values()):
        axes.text(max(value, 0), place, f" {value:{number_format}}", va="center", fontsize=9, color=INK)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.15 * max(bars.values()))
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.set_xticks([])
    if title:
        axes.set_title(title, fontsize=10, color=INK)


def outline(axes: Axes, row: float, column: float, height: float, width: float, color: str = ACCENT) -> None:
    """Draw a frame around units: the first row and column, and how many of each."""
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((column - 0.5, row - 0.5), width, height, fill=False, edgecolor=color, linewidth=2))
