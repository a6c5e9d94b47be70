"""Output of ``lenet read`` as a stream: answers on stdout, problems and progress on stderr, tables."""

import json
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lenet.cli.signals import deferred_signals
from lenet.errors import DataError, LeNetError, Stopped, counted, printable
from lenet.files import check_writable
from lenet.reading.batch.files import FileReading
from lenet.reading.batch.pages import Page, names_idx
from lenet.reading.batch.picture_files import PictureFiles
from lenet.reading.idx import IdxReading
from lenet.reading.tables.formatting import DigitReading, ReadingFormatter, is_in_doubt

if TYPE_CHECKING:
    from lenet.forms.formatting import FormFormatter
    from lenet.reading.tables.csv_table import Table

MIN_FILES_FOR_SUMMARY = 10  # from this many files on, a summary is printed


class Output:
    """Printer of readings in the order of the pages, with counts of the outcomes.

    Attributes:
        read, failed, without_digits: pages, and files that cannot be opened.
        in_doubt: pages with rejected digits.
        drawn, undrawn: pages whose drawing was written, and those whose drawing failed.
    """

    def __init__(
        self, files: PictureFiles, reading: FileReading, formatter: "ReadingFormatter | FormFormatter", as_json: bool
    ) -> None:
        self.read = self.failed = self.without_digits = self.in_doubt = self.drawn = self.undrawn = 0
        self._files, self._reading, self._formatter = files, reading, formatter
        self._reported_problems = 0
        self._total = files.count()
        self._json: JsonList | None = None
        if as_json:  # the digits of an IDX file are many, so each is one line of JSON
            is_finite = self._total is not None
            has_idx = is_finite and any(isinstance(source, Path) and names_idx(source) for source in files)
            self._json = JsonList(indent=None if has_idx else 2)

    def write_pages(self, pages: Generator[Page, None, None], is_many: bool) -> None:
        """Write each page as it comes: its rows first, and then its answers.

        Raises:
            Stopped: by Ctrl-C or SIGTERM, after the page that was being written.
            LeNetError: if a table cannot be written.
        """
        started = time.monotonic()
        first = self._reading.first
        if first:
            report(f"goes on after {counted(first, 'file')}, whose answers are there")
        self._report_problems()
        finished_files = first
        with (
            answering(self._total, is_many, self._json, self._reading, first=first) as show_progress,
            closing(pages),
        ):
            for page in pages:
                with deferred_signals():
                    self._write_page(page)
                    finished_files = page.index + 1
                    show_progress(finished_files)
                self._report_problems()
            self._report_problems()
            self._reading.finish()
        if is_many and finished_files:
            print(self._summary(time.monotonic() - started), file=sys.stderr)

    def _report_problems(self) -> None:
        """Report the inputs that name nothing, each once, as soon as they are met."""
        for problem in self._files.problems[self._reported_problems :]:
            self._reported_problems += 1
            self._fail(str(problem))

    def _write_page(self, page: Page) -> None:
        name = self._reading.name(page.index)
        self._reading.write(page)
        if isinstance(page.result, DataError):
            self._fail(self._reading.problem(page))
            return
        printed_name = name if page.is_only else f"{name}, page {page.number}"
        if isinstance(self._formatter, ReadingFormatter):
            self._count(page, cast("DigitReading", page.result), printed_name, self._formatter)
        else:
            self._count_form(page.result, printed_name)
        if self._json is not None:
            for values in self._formatter.json(name, page.number, cast("Any", page.result)):
                self._json.add(values)
            return
        formatter = self._formatter if page.is_only else self._formatter.named()
        for line in formatter.text(printed_name, cast("Any", page.result)):
            print(line)
        sys.stdout.flush()

    def _count(self, page: Page, reading: DigitReading, printed_name: str, formatter: ReadingFormatter) -> None:
        """Count a page by its outcome, and print its remarks."""
        self.in_doubt += is_in_doubt(reading, formatter.min_probability)
        if isinstance(reading, IdxReading):
            self.read += 1
        else:
            self.drawn += page.callback_error is None
            if formatter.by_cell and not reading.cells:
                self.without_digits += 1
                report(f"{printed_name}: no cells found: no boxes, and no table")
            elif reading.digits:
                self.read += 1
            else:
                self.without_digits += 1
            if reading.remark:
                report(f"{printed_name}: {reading.remark}")
        if page.callback_error is not None:
            self.undrawn += 1
            report(str(page.callback_error))

    def _count_form(self, reading: Any, printed_name: str) -> None:
        """Count a page of a form by its status, and print its remarks."""
        if reading.is_rejected:
            self.without_digits += 1
            report(f"{printed_name}: {reading.reason}")
            return
        self.read += 1
        self.in_doubt += reading.status in ("doubtful", "violates")
        if reading.remarks:
            report(f"{printed_name}: {'; '.join(reading.remarks)}")

    def _fail(self, sentence: str) -> None:
        self.failed += 1
        report(sentence)

    def _summary(self, seconds: float) -> str:
        count = self.read + self.failed + self.without_digits
        parts = [f"read {self.read:,} of {counted(count, 'picture')}"]
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        of_digits = isinstance(self._formatter, ReadingFormatter)
        if self.without_digits:
            parts.append(f"{self.without_digits:,} {'without digits' if of_digits else 'that do not show the form'}")
        if self.in_doubt:
            parts.append(f"{self.in_doubt:,} {'with rejected digits' if of_digits else 'with fields to look at'}")
        pace = count / max(seconds, 1e-9)
        return ", ".join(parts) + (f"; {pace:,.{1 if pace < 10 else 0}f} a second" if self.read else "")


def check_picture_paths(paths: dict[str, Path | None]) -> None:
    """Check the paths of picture files to be written, by the options that name them; None is left out.

    Raises:
        DataError: if a name's end is no picture's.
        LeNetError: if a folder is not there, or cannot be written into, or two options name one file.
    """
    option_of: dict[Path, str] = {}
    for option, path in paths.items():
        if path is None:
            continue
        if path.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
            raise DataError(f"{path}: expected a picture file's name that ends in .png, .jpg or .webp")
        if not path.parent.exists():
            raise LeNetError(f"{path.parent}: no such folder for {path.name}")
        check_writable(path)
        if (other := option_of.setdefault(path.resolve(), option)) != option:
            raise LeNetError(f"{option} would write over what {other} draws into {path}; name another file")


class JsonList:
    """Incremental JSON list on stdout, as `json.dumps` would print the whole."""

    def __init__(self, indent: int | None) -> None:
        self._indent = indent
        self._is_empty = True

    def add(self, value: object) -> None:
        text = json.dumps(value, indent=self._indent, ensure_ascii=False)
        if self._indent:
            text = "\n" + "\n".join(" " * self._indent + line for line in text.split("\n"))
        prefix = "[" if self._is_empty else "," if self._indent else ", "
        print(prefix + text, end="", flush=True)
        self._is_empty = False

    def end(self) -> None:
        print("[]" if self._is_empty else "\n]" if self._indent else "]", flush=True)


@contextmanager
def answering(
    total: int | None,
    is_many: bool,
    json_list: JsonList | None,
    table: "Table | FileReading | None",
    doing: str = "reading",
    first: int = 0,
) -> Iterator[Callable[[int], None]]:
    """Context that shows progress over files and completes JSON and tables at its end.

    It gives a function that is called with the number of files done.

    Args:
        total: the number of files, None if it is not known.
        is_many: whether progress is shown.
        json_list, table: what is completed at the end.
        doing: what is done with each file.
        first: how many files were done before.

    Raises:
        Stopped: in place of KeyboardInterrupt.
    """
    finished_files = first

    def show_progress(files_done: int) -> None:
        nonlocal finished_files
        finished_files = files_done
        show_bar(finished_files)

    try:
        with progress(total if is_many else 0, doing) as show_bar:
            yield show_progress
    except KeyboardInterrupt:
        done = counted(finished_files, "file") if total is None else f"{finished_files:,} of {counted(total, 'file')}"
        advice = "; add --resume to go on" if isinstance(table, FileReading) and table.has_tables else ""
        raise Stopped(f"stopped after {done}{advice}") from None
    finally:
        with deferred_signals():
            if json_list is not None:
                json_list.end()
            if table is not None:
                table.close()


@contextmanager
def progress(total: int | None, doing: str = "reading") -> Iterator[Callable[[int], None]]:
    """Context that shows a progress bar where stderr is a terminal; gives a function to call with the files done."""
    if total == 0 or not sys.stderr.isatty():
        yield lambda completed: None
        return
    from rich.console import Console  # here, because it takes as long to import as a picture to read
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(compact=True))
    # Answers on the same terminal go above the bar; those in a pipe or a file must not come near it.
    bar = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=sys.stdout.isatty())
    with bar:
        task = bar.add_task(doing, total=total)
        yield lambda completed: bar.update(task, completed=completed)


def report(message: str) -> None:
    """Print a message on stderr, in one line."""
    print(f"lenet: {printable(' '.join(message.split()))}", file=sys.stderr)
