"""Progress bars on a terminal."""

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from lenet.training.progress import LogProgress


class BarProgress(LogProgress):
    """Progress bar with loss, error and time left; the epochs' lines are printed above it."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %"))
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("starting", total=None)
        super().__init__()

    def begin(self, name: str, examples: int) -> None:
        super().begin(name, examples)
        self._bar.update(self._task, total=examples or None, completed=0, description=name)

    def skip(self, examples: int) -> None:
        super().skip(examples)
        self._bar.update(self._task, completed=self._done)

    def advance(self, examples: int, text: str = "") -> None:
        super().advance(examples, text)
        description = "  ".join(filter(None, (self._name, text, self.time_left())))
        self._bar.update(self._task, completed=self._done, description=description)

    def _print(self, text: str) -> None:
        self._bar.console.print(text, highlight=False)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._bar.stop()
