"""A sheet of paper measured in inches, x to the right and y down, on which the panels draw.

The only user of matplotlib: imported when a sheet is made, never through pyplot, so that no global state is touched.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from lenet.errors import MissingExtra
from lenet.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Format = Literal["png", "svg"]
Align = Literal["left", "center", "right"]
Point = tuple[float, float]


@dataclass(frozen=True)
class Theme:
    """The colors of a sheet; every scale is told apart by lightness alone, the signed one also by blue and orange."""

    paper: str
    ink: str
    muted: str
    line: str
    accent: str
    quiet: str
    strength: tuple[str, ...]
    """From a map's minimum to its maximum: ink on paper, or chalk on a blackboard."""
    signed: tuple[str, ...]
    """Negative, zero, positive; zero in the color of the paper."""
    grays: tuple[str, ...] = ("#000000", "#ffffff")
    """The channels of a photograph, bright is high on any paper."""


LIGHT = Theme(
    paper="#ffffff",
    ink="#16202e",
    muted="#69727f",
    line="#c9ced6",
    accent="#c05000",
    quiet="#a9bdd4",
    strength=("#ffffff", "#b4c3d6", "#5f7898", "#0c1a2e"),
    signed=("#08366e", "#3f86c4", "#b5d3ec", "#ffffff", "#f7cf9f", "#d9822b", "#7d3500"),
)
DARK = Theme(
    paper="#11151b",
    ink="#eef1f5",
    muted="#98a3b1",
    line="#3b4552",
    accent="#ffa94d",
    quiet="#46607e",
    strength=("#11151b", "#41546c", "#94abc6", "#ffffff"),
    signed=("#b9dcff", "#569fe0", "#1f4a75", "#11151b", "#74420f", "#e08a2c", "#ffddb0"),
)

_SANS = ("Inter", "Helvetica Neue", "Helvetica", "Arial", "Liberation Sans", "Noto Sans", "DejaVu Sans")
_FAMILIES = ("Helvetica Neue", "Helvetica", "Arial", "Liberation Sans", "Noto Sans CJK SC", "PingFang SC")
"""What an SVG asks its reader's machine for; the first four are equally wide."""
_CHINESE = ("Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Zen Hei")


class Sheet:
    """One figure.

    Args:
        width, height: in inches.
        theme: `LIGHT` or `DARK`.

    Raises:
        MissingExtra: if matplotlib is not installed.
    """

    def __init__(self, width: float, height: float, theme: Theme = LIGHT) -> None:
        self.width, self.height, self.theme = width, height, theme
        self.figure = _figure(width, height, theme.paper)
        self.axes: Axes = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self.axes.set_axis_off()
        self.axes.set_xlim(0, width)
        self.axes.set_ylim(height, 0)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 9,
        color: str | None = None,
        align: Align = "left",
        bold: bool = False,
        vertical: Literal["top", "center", "baseline"] = "baseline",
        above: bool = True,
    ) -> None:
        """Write ``text`` in points of ``size``; dollar signs are dollar signs.

        Text stands above all else, or, if ``above`` is false, above what was drawn before it.
        """
        self.axes.text(
            x,
            y,
            text,
            size=size,
            color=color or self.theme.ink,
            ha=align,
            va=vertical,
            weight="bold" if bold else "normal",
            family=list(_families()),
            parse_math=False,
            zorder=3 if above else 1,
        )

    def side_label(self, x: float, y: float, text: str, size: float) -> None:
        """Write the number of a row, ending at x, its middle at y."""
        self.text(x, y, text, size, self.theme.muted, "right", vertical="center")

    def picture(
        self,
        values: NDArray[Any],
        x: float,
        y: float,
        width: float,
        height: float,
        colors: tuple[str, ...] = (),
        span: tuple[float, float] = (0.0, 1.0),
        framed: bool = True,
    ) -> None:
        """Draw (rows, columns) in ``colors`` over ``span``, NaN left blank; or (rows, columns, 3) as RGB 0..1."""
        low, high = span
        self.axes.imshow(
            values,
            cmap=_color_map(colors) if colors else None,
            vmin=low,
            vmax=high if high > low else low + 1.0,
            extent=(x, x + width, y + height, y),
            aspect="auto",
            interpolation="none",
        )
        if framed:
            self.box(x, y, width, height, edge=self.theme.line)

    def cells(
        self,
        values: NDArray[Any],
        x: float,
        y: float,
        side: float,
        colors: tuple[str, ...],
        span: tuple[float, float],
        edge: str | None = None,
    ) -> None:
        """Draw (rows, columns) values as squares with a hairline between them; NaN is no square."""
        rows, columns = values.shape
        low, high = span
        self.axes.pcolormesh(
            x + side * np.arange(columns + 1),
            y + side * np.arange(rows + 1),
            np.ma.masked_invalid(values),
            cmap=_color_map(colors),
            vmin=low,
            vmax=high if high > low else low + 1.0,
            edgecolors=edge or self.theme.line,
            linewidth=0.5,
        )

    def numbers(
        self,
        values: NDArray[Any],
        x: float,
        y: float,
        side: float,
        colors: tuple[str, ...],
        span: tuple[float, float],
        size: float,
    ) -> None:
        """Write the values into the squares that `cells` drew, dark or light as the square asks."""
        low, high = span
        for (row, column), value in np.ndenumerate(values):
            share = (value - low) / (high - low) if high > low else 0.0
            red, green, blue, _ = _color_map(colors)(float(np.clip(share, 0, 1)))
            color = "#ffffff" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.5 else "#000000"
            at = x + (column + 0.5) * side, y + (row + 0.5) * side
            self.text(*at, _short_text(float(value)), size, color, "center", vertical="center")

    def box(
        self, x: float, y: float, width: float, height: float, fill: str = "none", edge: str = "none", line: float = 0.6
    ) -> None:
        """Draw a rectangle."""
        from matplotlib.patches import Rectangle

        self.axes.add_patch(Rectangle((x, y), width, height, facecolor=fill, edgecolor=edge, linewidth=line))

    def polygon(
        self, points: Sequence[Point], fill: str = "none", edge: str = "none", line: float = 0.6, opacity: float = 1.0
    ) -> None:
        """Draw a closed polygon."""
        from matplotlib.patches import Polygon

        self.axes.add_patch(
            Polygon(
                points, closed=True, facecolor=fill, edgecolor=edge, linewidth=line, alpha=opacity, joinstyle="miter"
            )
        )

    def outline(
        self, values: NDArray[Any], x: float, y: float, width: float, height: float, level: float, color: str
    ) -> None:
        """Draw the line along which values (rows, columns), spread over a rectangle, cross ``level``."""
        rows, columns = values.shape
        if rows > 1 and columns > 1 and values.min() < level < values.max():
            across = x + width * (np.arange(columns) + 0.5) / columns
            down = y + height * (np.arange(rows) + 0.5) / rows
            self.axes.contour(across, down, values, levels=[level], colors=[color], linewidths=0.9, zorder=2)

    def line(self, points: list[tuple[float, float]], color: str | None = None, width: float = 0.6) -> None:
        """Draw a line through ``points``."""
        xs, ys = zip(*points, strict=True)
        self.axes.plot(xs, ys, color=color or self.theme.line, linewidth=width, solid_capstyle="round")

    def scale(self, x: float, y: float, width: float, colors: tuple[str, ...], span: tuple[float, float]) -> None:
        """Draw the legend of a scale that a whole panel shares: a bar with its ends, and 0 where it lies between."""
        low, high = span
        self.picture(np.linspace(low, high, 128)[None], x, y, width, 0.09, colors, span)
        marks = {low, high} | ({0.0} if low < 0 < high else set())
        for mark in sorted(marks):
            at = x + width * ((mark - low) / (high - low) if high > low else 0.0)
            self.text(at, y + 0.25, value_text(mark), 7, self.theme.muted, "center")

    def save(self, path: Path, dpi: int = 150) -> Path:
        """Write the sheet whole, in the format that the suffix of ``path`` names; returns ``path``."""
        from matplotlib import rc_context

        content = BytesIO()
        kind = path.suffix.removeprefix(".")
        # Letters stay letters in SVG, to be searched and read aloud; the same figure is the same bytes.
        with _any_script(), rc_context({"svg.fonttype": "none", "svg.hashsalt": "lenet"}):
            self.figure.savefig(
                content,
                format=kind,
                dpi=dpi,
                facecolor=self.theme.paper,
                metadata={"Date": None} if kind == "svg" else {"Software": None},
            )
        drawn = content.getvalue()
        if kind == "svg":
            ours, theirs = (", ".join(f"'{name}'" for name in names).encode() for names in (_families(), _FAMILIES))
            drawn = drawn.replace(ours, theirs + b", sans-serif")
        write_atomically(path, drawn)
        return path


@contextmanager
def _any_script() -> Iterator[None]:
    """A class name in a script that no installed font has is drawn as boxes; that is all there is to say."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def breadth(text: str, size: float, bold: bool = False) -> float:
    """The width of a text in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=list(_families()), size=size, weight="bold" if bold else "normal")
    with _any_script():
        return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] / 72


def mixed(color: str, other: str, share: float) -> str:
    """Two colors mixed, ``share`` of the other one.

    >>> mixed("#000000", "#ffffff", 0.5)
    '#808080'
    """
    pairs = [(int(color[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(a + share * (b - a)):02x}" for a, b in pairs)


def value_text(value: float, digits: int = 3) -> str:
    """A number in some significant digits, with a true minus sign.

    >>> value_text(-0.12345), value_text(0.0), value_text(1234.5), value_text(182.25, digits=2)
    ('−0.123', '0', '1234', '182')
    """
    text = f"{value:.0f}" if 10**digits <= abs(value) < 1e6 else f"{value:.{digits}g}"
    return text.replace("-", "−")


def _short_text(value: float) -> str:
    """A number of at most three digits, most after the point if it is small."""
    places = next(places for places, limit in enumerate((99.5, 9.95, 0.0995, 0.0)) if abs(value) >= limit)
    text = f"{value:.{places}f}"
    return "0" if float(text) == 0 else text.replace("-", "−")


def range_text(values: NDArray[Any], digits: int = 3) -> str:
    """The true minimum and maximum of some values.

    >>> range_text(np.array([[-1.5, 0.25]])), range_text(np.zeros((2, 2)))
    ('−1.5 … 0.25', 'all 0')
    """
    low, high = float(values.min()), float(values.max())
    if low == high:
        return f"all {value_text(low, digits)}"
    return f"{value_text(low, digits)} … {value_text(high, digits)}"


def _figure(width: float, height: float, paper: str) -> Figure:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("matplotlib", "figures", "drawing figures") from None
    return Figure(figsize=(width, height), facecolor=paper)


@cache
def _color_map(colors: tuple[str, ...]) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("lenet", list(colors), N=512)


@cache
def _families() -> tuple[str, ...]:
    # Only installed families are asked for: matplotlib complains about every other one.
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    latin = next(name for name in _SANS if name in installed)
    return (latin, *(name for name in _CHINESE if name in installed), "DejaVu Sans")
