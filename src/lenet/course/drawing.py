"""Arrays as pictures with their numbers in them, for the course's lessons; needs matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lenet.figures.sheet import LIGHT, check_installed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, ACCENT, QUIET = LIGHT.ink, LIGHT.muted, LIGHT.accent, LIGHT.quiet
"""Colors of a lesson's pictures, those of all figures here."""


def figure(width: float, height: float, **panels: Any) -> tuple[Figure, Any]:
    """A figure and its axes, as ``pyplot.subplots`` gives them: of a size in inches, on white, without pyplot.

    Raises:
        MissingExtra: if matplotlib is not installed.
    """
    check_installed()
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), dpi=110, layout="constrained", facecolor=LIGHT.paper)
    return made, made.subplots(**panels)


def draw_numbers(
    axes: Axes, values: NDArray[Any], digits: int | None = None, signed: bool = False, title: str = "", size: float = 8
) -> None:
    """Draw (rows, columns) values as squares; with ``digits`` after the point, the numbers stand in them.

    Args:
        axes: where.
        values: (rows, columns).
        digits: of each number; None writes none.
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
            share = abs(value) / limit if signed else (value - low) / max(high - low, 1e-9)
            axes.text(
                column,
                row,
                f"{value:.{digits}f}".replace("-", "−"),
                ha="center",
                va="center",
                fontsize=size,
                color=LIGHT.paper if share > 0.55 else INK,
            )


def outline(axes: Axes, row: float, column: float, height: float, width: float, color: str = ACCENT) -> None:
    """Draw a frame around units: the first row and column, and how many of each."""
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((column - 0.5, row - 0.5), width, height, fill=False, edgecolor=color, linewidth=2))
