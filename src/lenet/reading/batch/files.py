"""Reading of picture files into tables, each answer written when it is known, and resumed after a stop."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, fields, replace
from itertools import compress, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lenet
from lenet.errors import DataError, LeNetError, ReadingError, check_switches
from lenet.files import path_argument
from lenet.reading.batch.pages import Page, PageCallback, Settings, read_all, workers_for
from lenet.reading.batch.picture_files import PictureFiles, Shard, name_of
from lenet.reading.tables.formatting import READING_COLUMNS, Columns, Formatter, ReadingFormatter, Row

if TYPE_CHECKING:
    from lenet.reading.tables.answer_file import AnswerFile

_UNCOMPARED_SETTINGS = ("model", "network", "keep_steps", "form")  # models and forms are compared by their digests


@dataclass(frozen=True)
class TablePaths:
    """Paths of the tables of answers, by format.

    Attributes:
        csv, jsonl, parquet: the files; None for those that are not wanted.
    """

    csv: Path | None = None
    jsonl: Path | None = None
    parquet: Path | None = None

    @classmethod
    def of(cls, csv: str | Path | None, jsonl: str | Path | None, parquet: str | Path | None) -> "TablePaths":
        """The paths that are named, as texts or as paths.

        Raises:
            LeNetError: if one is neither.
        """
        named = (("csv", csv), ("jsonl", jsonl), ("parquet", parquet))
        return cls(*(None if path is None else path_argument(name, path, LeNetError) for name, path in named))

    def check(self, columns: Columns = READING_COLUMNS) -> None:
        """Check that tables with these columns can be written, and write over nothing else.

        Raises:
            DataError: if not.
            MissingExtra: if a package is not installed that a format needs.
        """
        from lenet.reading.tables import places

        if self.csv is not None:
            places.check_csv(self.csv, columns.names)
        if self.jsonl is not None:
            places.check_jsonl(self.jsonl)
        if self.parquet is not None:
            places.check_parquet(self.parquet, columns)

    def open(self, columns: Columns = READING_COLUMNS) -> "list[AnswerFile]":
        """The tables, none of them begun.

        Raises:
            DataError, MissingExtra: as `check` does.
        """
        self.check(columns)
        tables: list[AnswerFile] = []
        if self.csv is not None:
            from lenet.reading.tables.csv_table import CsvTable

            tables.append(CsvTable(self.csv, columns))
        if self.jsonl is not None:
            from lenet.reading.tables.jsonl_table import JsonLines

            tables.append(JsonLines(self.jsonl))
        if self.parquet is not None:
            from lenet.reading.tables.parquet_table import ParquetTable

            tables.append(ParquetTable(self.parquet, columns))
        return tables


class FileReading:
    """The reading of picture files into tables.

    Args:
        files: what is read, in its order.
        settings: how.
        formatter: of the readings as rows and JSON.
        paths: of the tables.
        is_resumed: whether tables that exist and are not empty are continued.

    Attributes:
        first: how many files are not read again.

    Raises:
        LeNetError: if the tables cannot be continued, because settings or files differ.
        DataError, WeightsError, MissingExtra: as `Recognizer` and `TablePaths.open` do.
    """

    def __init__(
        self,
        files: PictureFiles,
        settings: Settings,
        formatter: Formatter,
        paths: TablePaths,
        is_resumed: bool = False,
    ) -> None:
        self._settings, self._formatter = settings, formatter
        self._tables = paths.open(formatter.columns)
        self._names: dict[int, str] = {}  # of the files that were taken and not given back yet
        self._record = record_of(settings, formatter, files.shard) if self._tables else {}
        self._is_begun = False
        self._sources: Iterator[Path | bytes] = iter(files)
        self.first = 0
        if is_resumed:
            if not self._tables:
                raise LeNetError("resume goes on with a table, and none is named; add csv, jsonl or parquet")
            try:
                self._resume()
            except LeNetError:
                for table in self._tables:
                    table.abandon()
                raise

    @property
    def has_tables(self) -> bool:
        """Whether answers are written into tables, which can be resumed."""
        return bool(self._tables)

    def pages(self, workers: int, callback: PageCallback | None = None) -> Generator[Page, None, None]:
        """The pages that are read, as `read_all` gives them; files are counted from the first that was named."""
        with closing(read_all(self._remember_sources(), self._settings, workers, callback)) as pages:
            for page in pages:
                yield replace(page, index=self.first + page.index)

    def name(self, index: int) -> str:
        """The name of the file of the page that was given last."""
        return self._names[index]

    def write(self, page: Page) -> None:
        """Write a page's answers into the tables.

        Raises:
            LeNetError: if a table cannot be written.
        """
        name = self._names[page.index]
        for index in [index for index in self._names if index < page.index]:
            del self._names[index]
        if not self._tables:
            return
        self._begin()
        rows, values = answers_of(page, name, self._formatter)
        for table in self._tables:
            table.write_page(rows, values)

    def problem(self, page: Page) -> str:
        """Why a page could not be read, in a sentence that begins with the file's name."""
        return _problem_of(page, self.name(page.index))

    def finish(self) -> None:
        """Make the tables what was asked for, when all pages are read.

        Raises:
            LeNetError: if a table cannot be written.
        """
        self.close()
        for table in self._tables:
            table.finish()

    def close(self) -> None:
        """Close the tables where they are; they can be resumed."""
        for table in self._tables:
            table.close()

    def _remember_sources(self) -> Iterator[Path | bytes]:
        for index, source in enumerate(self._sources, self.first):
            self._names[index] = name_of(source)
            yield source

    def _begin(self) -> None:
        if self._is_begun:
            return
        from lenet.reading.tables import resumption

        for table in self._tables:
            table.begin()
            if table.is_regular:
                resumption.write_settings(table.target, self._record)
        self._is_begun = True

    def _resume(self) -> None:
        from lenet.reading.tables import resumption

        for table in self._tables:
            table.reopen()
        begun = [any(True for _ in table.whole_lines()) for table in self._tables]
        if not all(begun):  # all are begun anew, which loses nothing where the others hold the first file alone
            for table in compress(self._tables, begun):
                if len(list(islice(table.written_files(), 2))) > 1:
                    empty = next(table for table, is_begun in zip(self._tables, begun, strict=True) if not is_begun)
                    raise LeNetError(
                        f"{table.target}: holds answers already, and {empty.target} none, so they cannot go on "
                        "together; name the tables that were begun together, or leave out resume to read anew"
                    )
            return
        for table in self._tables:
            resumption.check_settings(table.target, self._record)
        self.first, self._sources = resumption.resume(self._tables, self._sources)


def read_files(
    files: str | Path | Sequence[str | Path] = (),
    settings: Settings | None = None,
    *,
    csv: str | Path | None = None,
    jsonl: str | Path | None = None,
    parquet: str | Path | None = None,
    resume: bool = False,
    files_from: str | Path | None = None,
    shard: str | None = None,
    recursive: bool = False,
    lines: bool = False,
    workers: int | None = None,
) -> Generator[Page, None, None]:
    """Read picture files as ``lenet read`` does, page by page, each written into tables before it is given out.

    Args:
        files: pictures, folders, globs and IDX files; or one of them.
        settings: how to read.
        csv, jsonl, parquet: the tables that the answers are written into.
        resume: whether existing tables are continued, after the last file that all of them hold.
        files_from: a text file with the name of a file on each line; ``-`` is stdin.
        shard: which part of the files is read, as ``"1/4"`` for the first of four: every fourth of them.
        recursive: whether subfolders are searched.
        lines: whether each line of digits is a row of its own.
        workers: how many processes read, by default as many as pay. With more than one, a script must guard its own
            start by ``if __name__ == "__main__"``.

    Yields:
        The pages of all files that are not in the tables yet; where one could not be read, with its error as result.
        When it is closed before its end, the tables hold what was given out, and `resume` goes on with them.

    Raises:
        DataError: if an input names no file, raised when all others are read; or if a table would be written over a
            file that is none, or has another format's name.
        LeNetError: if the tables cannot be written or continued.
        ReadingError, WeightsError, EngineError, MissingExtra: if the settings cannot be met.
    """
    check_switches(ReadingError, resume=resume, recursive=recursive, lines=lines)
    picture_files = PictureFiles(files, recursive=recursive, files_from=files_from, shard=shard)
    settings = settings or Settings()
    formatter = ReadingFormatter(settings.recognizer().min_probability, is_named=True, by_line=lines)
    reading = FileReading(picture_files, settings, formatter, TablePaths.of(csv, jsonl, parquet), resume)
    return written_pages(picture_files, reading, workers_for(picture_files.count(), workers))


def written_pages(files: PictureFiles, reading: FileReading, workers: int) -> Generator[Page, None, None]:
    """The pages of files, each written into the tables before it is given out: see `read_files`."""
    try:
        with closing(reading.pages(workers)) as pages:
            for page in pages:
                reading.write(page)
                yield page
        reading.finish()
    finally:
        reading.close()
    if files.problems:
        raise files.problems[0]


def answers_of(page: Page, name: str, formatter: Formatter) -> tuple[list[Row], list[Row]]:
    """The rows and the JSON values of a page of the file of this name; where it could not be read, of its error."""
    if isinstance(page.result, DataError):
        row, values = formatter.failed(name, page.number, _problem_of(page, name))
        return [row], [values]
    answer = name, page.number, page.result
    return list(formatter.rows(*answer)), list(formatter.json(*answer))


def _problem_of(page: Page, name: str) -> str:
    sentence = str(page.result)
    return f"{name}: {reason}" if (reason := sentence.removeprefix("bytes: ")) != sentence else sentence


def record_of(settings: Settings, formatter: Formatter, shard: Shard) -> dict[str, Any]:
    """Settings that a resumed reading must share with the interrupted one, as plain values."""
    model = settings.recognizer().model
    names = [field.name for field in fields(settings) if field.name not in _UNCOMPARED_SETTINGS]
    return {
        "lenet": lenet.__version__,
        "network": model.network.name,
        "model": model.digest,
        "shard": str(shard),
        **formatter.record,
        **settings.identity(),
        **{name: getattr(settings, name) for name in names},
    }
