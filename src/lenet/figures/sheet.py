"""Drawing surface of figures, in inches, x to the right and y down.

The only user of matplotlib: imported when a sheet is made, never through pyplot, so that no global state is touched.
A figure is the same on every machine: letters are of the font that comes inside matplotlib, whichever are installed,
and no setting of the user's is looked at.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, wraps
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from lenet.errors import required
from lenet.files import write_result
from lenet.fonts import font_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.font_manager import FontProperties

Format = Literal["png", "svg"]
Align = Literal["left", "center", "right"]
Point = tuple[float, float]
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Theme:
    """Colors of a sheet; every scale varies in lightness, the signed one also between blue and orange."""

    paper: str
    ink: str
    muted: str
    line: str
    accent: str
    quiet: str
    sequential: tuple[str, ...]
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
    sequential=("#ffffff", "#b4c3d6", "#5f7898", "#0c1a2e"),
    signed=("#08366e", "#3f86c4", "#b5d3ec", "#ffffff", "#f7cf9f", "#d9822b", "#7d3500"),
)
DARK = Theme(
    paper="#11151b",
    ink="#eef1f5",
    muted="#98a3b1",
    line="#3b4552",
    accent="#ffa94d",
    quiet="#46607e",
    sequential=("#11151b", "#41546c", "#94abc6", "#ffffff"),
    signed=("#b9dcff", "#569fe0", "#1f4a75", "#11151b", "#74420f", "#e08a2c", "#ffddb0"),
)

_FILES = {False: "DejaVuSans.ttf", True: "DejaVuSans-Bold.ttf"}
"""Regular and bold, in matplotlib's own folder."""
_LAST_RESORT = "font.enable_last_resort"
_FAMILIES = ("DejaVu Sans", "Verdana", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei")
"""Font families of SVG files: first the one of the layout; the second is as wide."""


def _with_default_settings(method: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Decorator: call with matplotlib's default settings, whatever the user's matplotlibrc and style."""

    @wraps(method)
    def call(*args: Arguments.args, **keywords: Arguments.kwargs) -> Result:
        with _defaults():
            return method(*args, **keywords)

    return call


def require_matplotlib() -> None:
    """Raise MissingExtra if matplotlib is not installed, before long work that ends in a figure."""
    with required("matplotlib", "figures", "drawing figures"):
        import matplotlib  # noqa: F401


@contextmanager
def _defaults() -> Iterator[None]:
    require_matplotlib()
    from matplotlib import rc_context, rcParams

    # Past the accessor, which takes longer than all else: a sheet asks hundreds of times.
    overridden = {name: value for name, value in _settings().items() if dict.__getitem__(rcParams, name) != value}
    if not overridden:
        yield
        return
    with rc_context(overridden):
        yield


@cache
def _settings() -> dict[Any, Any]:
    """matplotlib's defaults, but for pyplot's backends, which are no part of a picture."""
    from matplotlib import rcParamsDefault

    return {name: value for name, value in rcParamsDefault.items() if not name.startswith(("backend", "webagg"))}


class Sheet:
    """One figure.

    Args:
        width, height: in inches.
        theme: `LIGHT` or `DARK`.

    Raises:
        MissingExtra: if matplotlib is not installed.
    """

    @_with_default_settings
    def __init__(self, width: float, height: float, theme: Theme = LIGHT) -> None:
        from matplotlib.figure import Figure

        self.width, self.height, self.theme = width, height, theme
        self.figure = Figure(figsize=(width, height), facecolor=theme.paper)
        self.axes: Axes = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self.axes.set_axis_off()
        self.axes.set_xlim(0, width)
        self.axes.set_ylim(height, 0)

    @_with_default_settings
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
            font=_font(text, size, bold),
            color=color or self.theme.ink,
            ha=align,
            va=vertical,
            parse_math=False,
            zorder=3 if above else 1,
        )

    def side_label(self, x: float, y: float, text: str, size: float) -> None:
        """Write the number of a row, ending at x, its middle at y."""
        self.text(x, y, text, size, self.theme.muted, "right", vertical="center")

    @_with_default_settings
    def picture(
        self,
        values: NDArray[Any],
        x: float,
        y: float,
        width: float,
        height: float,
        colors: tuple[str, ...] = (),
        span: tuple[float, float] | None = None,
    ) -> None:
        """Draw (rows, columns) in ``colors`` over ``span``, or their own; NaN left blank; (rows, columns, 3) as RGB."""
        minimum, maximum = span or (float(values.min()), float(values.max()))
        self.axes.imshow(
            values,
            cmap=_color_map(colors) if colors else None,
            vmin=minimum,
            vmax=maximum if maximum > minimum else minimum + 1.0,
            extent=(x, x + width, y + height, y),
            aspect="auto",
            interpolation="none",
        )
        self.box(x, y, width, height, edge=self.theme.line)

    @_with_default_settings
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
            fraction = (value - low) / (high - low) if high > low else 0.0
            red, green, blue, _ = _color_map(colors)(float(np.clip(fraction, 0, 1)))
            color = "#ffffff" if 0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.5 else "#000000"
            center_x = x + (column + 0.5) * side, y + (row + 0.5) * side
            self.text(*center_x, _short_text(float(value)), size, color, "center", vertical="center")

    @_with_default_settings
    def box(
        self, x: float, y: float, width: float, height: float, fill: str = "none", edge: str = "none", line: float = 0.6
    ) -> None:
        """Draw a rectangle."""
        from matplotlib.patches import Rectangle

        self.axes.add_patch(Rectangle((x, y), width, height, facecolor=fill, edgecolor=edge, linewidth=line))

    @_with_default_settings
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

    @_with_default_settings
    def outline(
        self, values: NDArray[Any], x: float, y: float, width: float, height: float, level: float, color: str
    ) -> None:
        """Draw the line along which values (rows, columns), spread over a rectangle, cross ``level``."""
        rows, columns = values.shape
        if rows > 1 and columns > 1 and values.min() < level < values.max():
            xs = x + width * (np.arange(columns) + 0.5) / columns
            ys = y + height * (np.arange(rows) + 0.5) / rows
            self.axes.contour(xs, ys, values, levels=[level], colors=[color], linewidths=0.9, zorder=2)

    @_with_default_settings
    def line(self, points: list[tuple[float, float]], color: str | None = None, width: float = 0.6) -> None:
        """Draw a line through ``points``."""
        xs, ys = zip(*points, strict=True)
        self.axes.plot(xs, ys, color=color or self.theme.line, linewidth=width, solid_capstyle="round")

    @_with_default_settings
    def dots(self, points: Sequence[Point], color: str, filled: bool = False, size: float = 36) -> None:
        """Draw points as disks or, if not ``filled``, as rings; ``size`` is an area in square points."""
        xs, ys = zip(*points, strict=True)
        fill = color if filled else "none"
        self.axes.scatter(xs, ys, s=size, facecolors=fill, edgecolors=color, linewidths=1.2, zorder=2.5)

    def text_width(self, text: str, size: float) -> float:
        """The width of a text in inches."""
        return text_width(text, size)

    def scale(self, x: float, y: float, width: float, colors: tuple[str, ...], span: tuple[float, float]) -> None:
        """Draw a color bar with the ends of its range, and 0 if it lies between."""
        low, high = span
        self.picture(np.linspace(low, high, 128)[None], x, y, width, 0.09, colors, span)
        ticks = {low, high} | ({0.0} if low < 0 < high else set())
        for tick in sorted(ticks):
            tick_x = x + width * ((tick - low) / (high - low) if high > low else 0.0)
            self.text(tick_x, y + 0.25, value_text(tick), 7, self.theme.muted, "center")

    @_with_default_settings
    def save(self, path: Path, dpi: int = 150) -> Path:
        """Write the sheet whole, in the format that the suffix of ``path`` names; returns ``path``."""
        from matplotlib import rc_context, rcParams

        content = BytesIO()
        kind = path.suffix.removeprefix(".")
        # Letters stay letters in SVG, to be searched and read aloud; the same figure is the same bytes.
        letters: dict[Any, Any] = {"svg.fonttype": "none", "font.sans-serif": list(_FAMILIES)}
        if _LAST_RESORT in rcParams:  # newer matplotlib's pictures of scripts, which are no letters
            letters[_LAST_RESORT] = False
        with _without_glyph_warnings(), rc_context(letters | {"svg.hashsalt": "lenet"}):
            self.figure.savefig(
                content,
                format=kind,
                dpi=dpi,
                facecolor=self.theme.paper,
                metadata={"Date": None} if kind == "svg" else {"Software": None},
            )
        write_result(path, content.getvalue())
        return path


@contextmanager
def _without_glyph_warnings() -> Iterator[None]:
    """Suppress warnings of missing glyphs, which are drawn as boxes."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


@_with_default_settings
def text_width(text: str, size: float, bold: bool = False) -> float:
    """The width of a text in inches."""
    from matplotlib.textpath import text_to_path

    with _without_glyph_warnings():
        return text_to_path.get_text_width_height_descent(text, _font(text, size, bold), ismath=False)[0] / 72


def wrap(text: str, width: float, size: float) -> list[str]:
    """Wrap a text into lines no wider than ``width`` inches, at spaces, where a word is not wider itself."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and text_width(f"{lines[-1]} {word}", size) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def mix_colors(color: str, other: str, fraction: float) -> str:
    """Interpolate linearly between two colors, ``fraction`` of the other one.

    >>> mix_colors("#000000", "#ffffff", 0.5)
    '#808080'
    """
    pairs = [(int(color[offset : offset + 2], 16), int(other[offset : offset + 2], 16)) for offset in (1, 3, 5)]
    return "#" + "".join(f"{round(a + fraction * (b - a)):02x}" for a, b in pairs)


def value_text(value: float, digits: int = 3) -> str:
    """Format a number with significant digits and a true minus sign.

    >>> value_text(-0.12345), value_text(0.0), value_text(1234.5), value_text(182.25, digits=2)
    ('−0.123', '0', '1234', '182')
    """
    text = f"{value:.0f}" if 10**digits <= abs(value) < 1e6 else f"{value:.{digits}g}"
    return text.replace("-", "−")


def _short_text(value: float) -> str:
    """Format a number with at most three digits."""
    decimals = next(decimals for decimals, limit in enumerate((99.5, 9.95, 0.0995, 0.0)) if abs(value) >= limit)
    text = f"{value:.{decimals}f}"
    return "0" if float(text) == 0 else text.replace("-", "−")


def range_text(values: NDArray[Any], digits: int = 3) -> str:
    """Format the minimum and maximum of values.

    >>> range_text(np.array([[-1.5, 0.25]])), range_text(np.zeros((2, 2)))
    ('−1.5 … 0.25', 'all 0')
    """
    low, high = float(values.min()), float(values.max())
    if low == high:
        return f"all {value_text(low, digits)}"
    return f"{value_text(low, digits)} … {value_text(high, digits)}"


@cache
def _color_map(colors: tuple[str, ...]) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("lenet", list(colors), N=512)


def _font(text: str, size: float, bold: bool) -> FontProperties:
    """The font of a text: matplotlib's own; for letters that it lacks, as Chinese ones, an installed one."""
    from matplotlib.font_manager import FontProperties

    path, letters = _font_file(bold)
    if not letters.issuperset(letter for letter in text if letter.isprintable()):
        installed = getattr(font_for(text, size), "path", None)
        if isinstance(installed, str) and Path(installed).name != _FILES[False]:
            family = ["DejaVu Sans", _family_of(installed), "sans-serif"]
            return FontProperties(family=family, size=size)  # those fonts seldom have a bold face
    return FontProperties(family="sans-serif", weight="bold" if bold else "normal", size=size, fname=path)


@cache
def _family_of(path: str) -> str:
    """The name of a font's family, under which matplotlib knows the file from now on."""
    from matplotlib.font_manager import fontManager

    known = len(fontManager.ttflist)
    fontManager.addfont(path)
    return fontManager.ttflist[known].name  # a file may hold several faces; this is the first


@cache
def _font_file(bold: bool) -> tuple[Path, frozenset[str]]:
    """The path of matplotlib's own font and the letters in it."""
    from matplotlib import get_data_path
    from matplotlib.font_manager import get_font

    path = Path(get_data_path(), "fonts", "ttf", _FILES[bold])
    return path, frozenset(map(chr, get_font(path).get_charmap()))
