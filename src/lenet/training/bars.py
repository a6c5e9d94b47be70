"""What a run shows on a terminal."""

from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from lenet.training.progress import LogProgress, describe_epoch


class BarProgress(LogProgress):
    """A bar with loss, error rate, images a second and the time left; the epochs' lines scroll by above it."""

    def __init__(self) -> None:
        super().__init__()
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(compact=True))
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task("starting", total=None)

    def start(self, epochs: int, examples: int, done: int) -> None:
        super().start(epochs, examples, done)
        self._progress.update(self._task, total=epochs * examples, completed=done)

    def advance(self, epoch: int, examples: int, loss: float, error_rate: float, images_per_second: float) -> None:
        place = f"epoch {epoch}/{self._epochs}"
        text = f"{place}  loss {loss:.3f}  error {error_rate:.2f} %  {images_per_second:,.0f} images/s"
        self._progress.update(self._task, completed=examples, description=text)

    def epoch(self, row: dict[str, Any]) -> None:
        self._progress.console.print(describe_epoch(row, self._epochs), highlight=False)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._progress.stop()
