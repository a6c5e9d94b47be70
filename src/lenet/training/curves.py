"""A run's learning curves as a picture."""

import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lenet.files import write_atomically
from lenet.training.runs import Run

_WIDTH, _HEIGHT = 1080, 432
_FINER = 2  # drawn so many times larger and then reduced, which smooths the lines
_COLORS = {"training, while learning": "#1f77b4", "validation": "#d95f02"}
_INK, _GRID, _FRAME = "#222222", "#e4e4e4", "#888888"

Curves = dict[str, list[float]]


def draw_curves(run: Run) -> Path:
    """Draw loss and error rate by epoch into ``curves.png`` of the run's folder; its path."""
    stream = io.BytesIO()
    curves_picture(run).save(stream, format="png")
    write_atomically(run.curves_path, stream.getvalue())
    return run.curves_path


def curves_picture(run: Run) -> Image.Image:
    """Loss and error rate by epoch."""
    history, settings = run.history, run.settings
    picture = Image.new("RGB", (_WIDTH * _FINER, _HEIGHT * _FINER), "white")
    draw = ImageDraw.Draw(picture)
    name, data, recipe = (settings[part]["name"] for part in ("network", "data", "recipe"))
    _text(draw, (24, 24), f"{name} on {data}, recipe {recipe}", "lm", size=16)
    epochs = [row["epoch"] for row in history]
    panels = (("loss", "loss", 24), ("error rate in %", "error_rate", _WIDTH // 2 + 12))
    for title, key, left in panels:
        curves: Curves = {}
        for label, prefix in zip(_COLORS, ("", "validation_"), strict=True):
            values = [row[prefix + key] for row in history]
            if None not in values:
                curves[label] = [float(np.mean(value)) for value in values]  # of replicas, the mean
        _panel(draw, (left + 40, 72, left + _WIDTH // 2 - 40, _HEIGHT - 52), title, epochs, curves)
    _legend(draw, list(curves))
    return picture.reduce(_FINER)


def _panel(
    draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], title: str, epochs: Sequence[int], curves: Curves
) -> None:
    """One chart: axes from zero up, ticks, and a line with its points for each curve."""
    left, top, right, bottom = box
    ticks = nice_ticks(0, max(max(values) for values in curves.values()))
    first, last = epochs[0] - 0.5, epochs[-1] + 0.5

    def place(epoch: float, value: float) -> tuple[float, float]:
        across, up = (epoch - first) / (last - first), value / ticks[-1]
        return left + across * (right - left), bottom - up * (bottom - top)

    _text(draw, (left, top - 16), title, "lm", size=14)
    for tick in ticks:
        y = place(first, tick)[1]
        _line(draw, [(left, y), (right, y)], _GRID, 1)
        _text(draw, (left - 8, y), f"{tick:g}", "rm")
    for tick in nice_ticks(epochs[0], epochs[-1], whole=True):
        if epochs[0] <= tick <= epochs[-1]:
            x = place(tick, 0)[0]
            _line(draw, [(x, bottom), (x, bottom + 5)], _FRAME, 1)
            _text(draw, (x, bottom + 15), f"{tick:g}", "mm")
    _text(draw, ((left + right) / 2, bottom + 36), "epoch", "mm")
    _line(draw, [(left, top), (left, bottom), (right, bottom)], _FRAME, 1)
    for label, values in curves.items():
        points = [place(epoch, value) for epoch, value in zip(epochs, values, strict=True)]
        _line(draw, points, _COLORS[label], 2)
        if len(points) <= 60:
            for point in points:
                _dot(draw, point, _COLORS[label])


def nice_ticks(low: float, high: float, *, whole: bool = False, most: int = 7) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten, at most ``most`` of them, from the last under ``low`` to ``high``.

    >>> nice_ticks(0, 0.37)
    [0.0, 0.1, 0.2, 0.3, 0.4]
    >>> nice_ticks(1, 3, whole=True)
    [1.0, 2.0, 3.0]
    """
    power = math.floor(math.log10(high - low or 1.0)) - 1
    exponents = range(max(power, 0), max(power, 0) + 4) if whole else range(power, power + 4)
    steps = (factor * 10.0**exponent for exponent in exponents for factor in (1, 2, 5))
    for step in steps:
        begin, end = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if end - begin < most:
            return [float(f"{index * step:.12g}") for index in range(begin, max(end, begin + 1 - whole) + 1)]
    raise AssertionError("a step ten times the range always fits")


def _legend(draw: ImageDraw.ImageDraw, labels: list[str]) -> None:
    right = _WIDTH - 40.0
    for label in reversed(labels):
        _text(draw, (right, 24), label, "rm")
        right -= _font(12).getlength(label) / _FINER + 10
        _line(draw, [(right - 24, 24), (right, 24)], _COLORS[label], 2)
        _dot(draw, (right - 12, 24), _COLORS[label])
        right -= 24 + 24


def _line(draw: ImageDraw.ImageDraw, points: list[tuple[float, float]], color: str, width: int) -> None:
    draw.line([(x * _FINER, y * _FINER) for x, y in points], color, width * _FINER, joint="curve")


def _dot(draw: ImageDraw.ImageDraw, point: tuple[float, float], color: str) -> None:
    x, y = point
    draw.ellipse([(x - 4) * _FINER, (y - 4) * _FINER, (x + 4) * _FINER, (y + 4) * _FINER], color)


def _text(draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, anchor: str, *, size: int = 12) -> None:
    draw.text((place[0] * _FINER, place[1] * _FINER), text, _INK, _font(size), anchor=anchor)


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size * _FINER)
