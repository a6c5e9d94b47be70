"""What is given out while pages come in: answers on stdout, trouble and progress on stderr, a CSV file."""

import json
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from lenet.cli.answers import Answers, is_in_doubt
from lenet.cli.picture_files import PictureSources
from lenet.cli.signals import signals_held_back
from lenet.cli.table import Table
from lenet.errors import DataError, LeNetError, Stopped, printable
from lenet.reading.batch.pages import Page, names_idx
from lenet.reading.idx import IdxReading


class Output:
    """Answers in the order in which they come, and a count of everything.

    Attributes:
        read, failed, without_digits: pages, and files that cannot be opened.
        in_doubt: pages with rejected digits.
        drawn, undrawn: pages that were drawn if that was asked for, and those that could not be.
    """

    def __init__(self, pictures: PictureSources, answers: Answers, as_json: bool, csv: Path | None) -> None:
        self.read = self.failed = self.without_digits = self.in_doubt = self.drawn = self.undrawn = 0
        self._pictures, self._answers = pictures, answers
        self._table = Table(csv) if csv is not None else None
        self._json: JsonList | None = None
        if as_json:  # what was read from an IDX file is long, and one line of it each
            has_idx = any(isinstance(source, Path) and names_idx(source) for source in pictures.sources)
            self._json = JsonList(indent=None if has_idx else 2)

    def take(self, pages: Generator[Page, None, None], is_many: bool) -> None:
        """Give out what comes, each page when it comes: its rows first, and then its answers.

        Raises:
            Stopped: by Ctrl-C or SIGTERM, when the page that was being given out was whole.
            LeNetError: if the table cannot be written.
        """
        started = time.monotonic()
        for problem in self._pictures.problems:
            self._fail(str(problem))
        total, done = len(self._pictures.sources), 0
        try:
            with closing(pages), progress(total if is_many else 0) as show_progress:
                for page in pages:
                    with signals_held_back():
                        self._take(page)
                        done = page.index + 1
                    show_progress(done)
        except KeyboardInterrupt:
            raise Stopped(f"stopped after {done:,} of {total:,} files") from None
        finally:
            with signals_held_back():
                if self._json is not None:
                    self._json.end()
                if self._table is not None:
                    self._table.close()
        if is_many and total:
            print(self._summary(time.monotonic() - started), file=sys.stderr)

    def _take(self, page: Page) -> None:
        name = self._pictures.name(page.index)
        if isinstance(page.result, DataError):
            self._fail(str(page.result), name, page.number)
            return
        reading = page.result
        printed_name = name if page.is_only else f"{name}, page {page.number}"
        self.in_doubt += is_in_doubt(reading, self._answers.min_probability)
        if isinstance(reading, IdxReading):
            self.read += 1
        else:
            self.drawn += page.problem is None
            if self._answers.by_cell and not reading.cells:
                self.without_digits += 1
                report(f"{printed_name}: no cells found: no boxes, and no table")
            elif reading.digits:
                self.read += 1
                if reading.remark:
                    report(f"{printed_name}: {reading.remark}")
            else:
                self.without_digits += 1
                report(f"{printed_name}: {reading.remark}")
        if page.problem is not None:
            self.undrawn += 1
            report(str(page.problem))
        if self._table is not None:
            for row in self._answers.rows(name, page.number, reading):
                self._table.write(row)
        if self._json is not None:
            for values in self._answers.json(name, page.number, reading):
                self._json.add(values)
            return
        answers = self._answers if page.is_only else self._answers.named()
        for line in answers.text(printed_name, reading):
            print(line)
        sys.stdout.flush()

    def _fail(self, message: str, name: str = "", number: int = 1) -> None:
        self.failed += 1
        if message.startswith("bytes: "):
            message = f"{name}: {message.removeprefix('bytes: ')}"
        if self._table is not None and name:
            self._table.write((name, number, "", "", "", "", "", "", message))
        report(message)

    def _summary(self, seconds: float) -> str:
        count = self.read + self.failed + self.without_digits
        parts = [f"read {self.read:,} of {count:,} pictures"]
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        if self.without_digits:
            parts.append(f"{self.without_digits:,} without digits")
        if self.in_doubt:
            parts.append(f"{self.in_doubt:,} with rejected digits")
        pace = count / max(seconds, 1e-9)
        return ", ".join(parts) + (f"; {pace:,.{1 if pace < 10 else 0}f} a second" if self.read else "")


def check_picture_path(path: Path | None) -> None:
    """Refuse, before anything is done, to draw into a file that is no picture's, or into no folder.

    Raises:
        DataError: if the name's end is no picture's.
        LeNetError: if its folder is not there.
    """
    if path and path.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise DataError(f"{path}: expected a picture file's name that ends in .png, .jpg or .webp")
    if path and not path.parent.is_dir():
        raise LeNetError(f"{path.parent}: no such folder for {path.name}")


class JsonList:
    """A JSON list on stdout, value after value, as `json.dumps` would print the whole."""

    def __init__(self, indent: int | None) -> None:
        self._indent = indent
        self._is_empty = True

    def add(self, value: object) -> None:
        text = json.dumps(value, indent=self._indent, ensure_ascii=False)
        if self._indent:
            text = "\n" + "\n".join(" " * self._indent + line for line in text.split("\n"))
        before = "[" if self._is_empty else "," if self._indent else ", "
        print(before + text, end="", flush=True)
        self._is_empty = False

    def end(self) -> None:
        print("[]" if self._is_empty else "\n]" if self._indent else "]", flush=True)


@contextmanager
def progress(total: int, doing: str = "reading") -> Iterator[Callable[[int], None]]:
    """A bar on a terminal's stderr that is told how many files are done; none elsewhere, or if the total is 0."""
    if not (total and sys.stderr.isatty()):
        yield lambda done: None
        return
    from rich.console import Console  # here, because it takes as long to import as a picture to read
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(compact=True))
    # Answers on the same terminal go above the bar; those in a pipe or a file must not come near it.
    bar = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty())
    with bar:
        task = bar.add_task(doing, total=total)
        yield lambda done: bar.update(task, completed=done)


def report(message: str) -> None:
    """A line on stderr."""
    print(f"lenet: {printable(' '.join(message.split()))}", file=sys.stderr)
