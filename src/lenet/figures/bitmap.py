"""Pillow implementation of a sheet's methods for charts, where matplotlib may be missing."""

from collections.abc import Sequence

from PIL import Image, ImageColor, ImageDraw

from lenet.figures.sheet import LIGHT, Align, Point, Theme
from lenet.fonts import font_for

_SUPERSAMPLING = 2  # for smooth lines
_INCH = 100 * _SUPERSAMPLING
_POINT = _INCH / 72
_ALIGN = {"left": "l", "center": "m", "right": "r"}


class Bitmap:
    """A picture of 100 pixels an inch, with methods of `Sheet` in its units: inches, points of text and of lines."""

    def __init__(self, width: float, height: float, theme: Theme = LIGHT) -> None:
        self.theme = theme
        self._canvas = Image.new("RGB", (round(width * _INCH), round(height * _INCH)), theme.paper)
        self._draw = ImageDraw.Draw(self._canvas, "RGBA")

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 9,
        color: str | None = None,
        align: Align = "left",
        vertical: str = "baseline",
    ) -> None:
        """Write ``text`` in points of ``size``."""
        anchor = _ALIGN[align] + ("m" if vertical == "center" else "s")
        self._draw.text((x * _INCH, y * _INCH), text, color or self.theme.ink, font_for(text, size * _POINT), anchor)

    def line(self, points: Sequence[Point], color: str | None = None, width: float = 0.6) -> None:
        """Draw a line through ``points``."""
        self._draw.line(_pixels(points), color or self.theme.line, max(1, round(width * _POINT)), joint="curve")

    def polygon(self, points: Sequence[Point], fill: str, opacity: float = 1.0, line: float = 0.0) -> None:
        """Fill a polygon, which has no line around it."""
        self._draw.polygon(_pixels(points), (*ImageColor.getrgb(fill)[:3], round(255 * opacity)))

    def dots(self, points: Sequence[Point], color: str, filled: bool = False, size: float = 36) -> None:
        """Draw points as disks or, if not ``filled``, as rings; ``size`` is an area in square points, as in `Sheet`."""
        radius, line = size**0.5 / 2 * _POINT, round(1.2 * _POINT)
        for x, y in _pixels(points):
            box = (x - radius, y - radius, x + radius, y + radius)
            self._draw.ellipse(box, color if filled else None, color, line)

    def text_width(self, text: str, size: float) -> float:
        """The width of a text in inches."""
        return font_for(text, size * _POINT).getlength(text) / _INCH

    def picture(self) -> Image.Image:
        """The picture drawn so far."""
        return self._canvas.reduce(_SUPERSAMPLING)


def _pixels(points: Sequence[Point]) -> list[Point]:
    return [(x * _INCH, y * _INCH) for x, y in points]
