"""A run's learning curves as a picture."""

import io
from pathlib import Path

from lenet.errors import MissingExtra
from lenet.files import write_atomically
from lenet.training.runs import Run


def draw_curves(run: Run) -> Path:
    """Draw loss and error rate by epoch into ``curves.png`` of the run's folder.

    Raises:
        MissingExtra: without matplotlib.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise MissingExtra("matplotlib", "figures", "drawing curves") from None
    history = run.history
    epochs = [row["epoch"] for row in history]
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    loss, error = figure.subplots(1, 2)
    for axes, key, title in ((loss, "loss", "loss"), (error, "error_rate", "error rate in %")):
        for prefix, label in (("", "training, while learning"), ("validation_", "validation")):
            values = [row[prefix + key] for row in history]
            if None not in values:
                axes.plot(epochs, values, marker=".", label=label)
        axes.set_xlabel("epoch")
        axes.set_title(title, loc="left")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
    error.set_ylim(bottom=0)
    loss.legend()
    settings = run.settings
    figure.suptitle(f"{settings['network']['name']} on {settings['data']['name']}, recipe {settings['recipe']['name']}")
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    path = run.folder / "curves.png"
    write_atomically(path, picture.getvalue())
    return path
