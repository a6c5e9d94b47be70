"""Learning curves of a run, drawn by Pillow."""

from pathlib import Path

import numpy as np
from PIL import Image

from lenet.files import atomic_writer
from lenet.training.runs import Run

_WIDTH, _HEIGHT = 10.8, 4.3
_MAX_DOTS = 60


def draw_curves(run: Run) -> Path:
    """Draw the learning curves into ``curves.png`` of the run's folder; its path."""
    picture = curves_picture(run)
    with atomic_writer(run.curves_path) as file:
        picture.save(file, "png")
    return run.curves_path


def curves_picture(run: Run) -> Image.Image:
    """Loss and error rate by epoch."""
    from lenet.figures.bitmap import Bitmap  # here, because a run that begins draws nothing yet
    from lenet.figures.chart import Chart, legend, nice_ticks

    history, settings, sheet = run.history, run.settings, Bitmap(_WIDTH, _HEIGHT)
    name, data, recipe = (settings[part]["name"] for part in ("network", "data", "recipe"))
    sheet.text(0.35, 0.4, f"{name} on {data}, recipe {recipe}", 12)
    epochs = [row["epoch"] for row in history]
    kinds = [("training, while learning", "", sheet.theme.signed[1])]
    if None not in [row[f"validation_{key}"] for row in history for key in ("loss", "error_rate")]:
        kinds.append(("validation", "validation_", sheet.theme.accent))
    steps = [tick for tick in nice_ticks(epochs[0], epochs[-1], integers_only=True) if epochs[0] <= tick <= epochs[-1]]
    for key, title, left in (("loss", "loss", 0.75), ("error_rate", "error rate, %", _WIDTH / 2 + 0.5)):
        # Of replicas, the mean.
        curves = [([float(np.mean(row[prefix + key])) for row in history], color) for _, prefix, color in kinds]
        ticks = nice_ticks(0, max(max(values) for values, _ in curves))
        ends = (epochs[0] - 0.5, epochs[-1] + 0.5), (0, ticks[-1])
        chart = Chart(sheet, left, 1.15, _WIDTH / 2 - 1, _HEIGHT - 1.8, *ends)
        chart.frame(steps, ticks, "epoch", title)
        for values, color in curves:
            chart.line(epochs, values, color)
            if len(values) <= _MAX_DOTS:
                chart.dots(epochs, values, color, filled=True)
    legend(sheet, 0.75, 0.75, [("line", color, words) for words, _, color in kinds])
    return sheet.picture()
