"""Reading many pictures: in their order, here or by several processes, with only a few of them in memory at any time.

The picture libraries are imported when the first picture is read, so that an IDX file need not wait for them.
"""

import atexit
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from lenet.data.idx import is_idx
from lenet.engine.native import usable_cores
from lenet.errors import DataError, LeNetError, MissingExtra, ReadingError, UnknownName, error_summary
from lenet.model import Model, load
from lenet.reading.idx import IdxReading, read_idx_digits
from lenet.reading.lines.pattern import check_signs, pattern_of
from lenet.reading.recognition import Recognizer

if TYPE_CHECKING:
    from lenet.architecture import Network
    from lenet.pictures.loading import Picture, Source
    from lenet.reading.reader import Reader
    from lenet.reading.results import PageResult, Reading

T = TypeVar("T")

POLARITIES = ("auto", "ink-high", "paper-high")


@dataclass(frozen=True)
class Settings:
    """Arguments of `Reader` and `Reader.read`, as plain values that another process can take.

    Attributes:
        polarity: which gray levels are ink, one of `POLARITIES`.
        single: whether each picture is known to hold one digit.
        length: how many digits each line has; None if that is not known.
        pattern: what each line looks like, as ``r"\\d{3}-\\d{4}"``; None if that is not known.
        model: that reads digits, or its file or name; None for the one that ships.
        network: the network that the model must be of; None for any.
        max_error: the largest share of accepted answers that may be wrong, 0..1; None for the model's own thresholds.
        keep_steps: whether a reading keeps its intermediate images, the opened picture and the ink map, to be drawn.
        signs: ``"keep"`` signs between digits in the text, or ``"omit"`` them: one of `SIGN_MODES`.
        turn: whether a page that is hardly readable as it lies is tried at quarter turns, too.
        grid: whether boxes, tables and squared paper are looked for, whose cells then bound the digits.

    Raises:
        UnknownName: if there is no such polarity or mode of signs.
        ReadingError: if the pattern is none, or contradicts the rest.
    """

    polarity: str = "auto"
    single: bool = False
    length: int | None = None
    pattern: str | None = None
    model: Model | str | Path | None = None
    network: "Network | str | None" = None
    max_error: float | None = None
    keep_steps: bool = False
    signs: str = "omit"
    turn: bool = True
    grid: bool = True

    def __post_init__(self) -> None:
        if self.polarity == "found":  # as version 0.1 called it
            object.__setattr__(self, "polarity", "auto")
        if self.polarity not in POLARITIES:
            raise UnknownName("polarity", str(self.polarity), POLARITIES)
        check_signs(self.signs)
        pattern_of(self.single, self.length, self.pattern)

    def recognizer(self) -> Recognizer:
        """The network that is asked for.

        Raises:
            WeightsError, EngineError, MissingExtra: as `Recognizer` does.
        """
        model = load(self.model) if isinstance(self.model, str | Path) else self.model
        return Recognizer(model, self.max_error)

    @property
    def takes_idx(self) -> bool:
        """Whether the digits of IDX files are read, too."""
        return True

    def page_function(self, recognizer: Recognizer) -> "Callable[[Picture, int], Reading | PageResult]":
        """The function that reads a page, of its picture and its number in its file, from 1."""
        from lenet.reading.reader import Reader

        reader = Reader(recognizer, network=self.network)
        return lambda picture, number: self.read(reader, picture)

    def identity(self) -> dict[str, Any]:
        """Digests of the files that change what these settings read, as plain values."""
        return {}

    def read(self, reader: "Reader", picture: "Source | Picture") -> "Reading":
        """Read a picture with these settings."""
        return reader.read(
            picture,
            self.polarity,
            single=self.single,
            length=self.length,
            pattern=self.pattern,
            signs=self.signs,
            turn=self.turn,
            grid=self.grid,
            keep_steps=self.keep_steps,
        )


@dataclass(frozen=True, eq=False)
class Page:
    """The result of one picture, or of one page of a file that holds several.

    Attributes:
        index: the number of its source, from 0.
        number: of the page in its file, from 1.
        is_only: whether its file holds no other.
        result: the reading; or why there is none.
        callback_error: what the callback of `read_all` raised for the page, in a sentence; None if nothing.
    """

    index: int
    number: int
    is_only: bool
    result: "Reading | IdxReading | PageResult | DataError"
    callback_error: DataError | None = None


PageCallback = Callable[[Page], None]
"""What is done with a page by the process that has read it; it may raise, which stops no other page."""


def read_all(
    sources: Iterable["Source"],
    settings: Settings | None = None,
    workers: int = 1,
    callback: PageCallback | None = None,
) -> Generator[Page, None, None]:
    """Read pictures one after the other; a bad one becomes a `DataError` among the results, and the others are read.

    Args:
        sources: what `Reader.read` takes, and files of several pages or IDX files; taken from it as they are needed.
        settings: how to read.
        workers: how many processes read. With more than one, a script must guard its own start by
            ``if __name__ == "__main__"``, as for everything of Python's multiprocessing.
        callback: called with each page by the process that has read it, while the steps of the reading are at hand,
            which are given back only if the settings keep them. Other processes must be able to take it (`pickle`).
            What it raises becomes the page's ``callback_error``, and the others are read.

    Yields:
        The pages of all sources, in the sources' order.

    Raises:
        ReadingError: if ``workers`` is below 1, or the settings contradict one another.
        WeightsError, EngineError, MissingExtra: as `Recognizer` does.
    """
    workers, settings = workers_for(None, workers), settings or Settings()
    pages = PageReader(settings, callback)  # here in any case: wrong settings are told before a process is started
    if workers > 1:
        from lenet.reading.batch.worker_pool import Make, map_in_processes

        make: Make[tuple[int, Source], list[Page]] = partial(make_page_reader, settings, callback)
        with closing(map_in_processes(make, enumerate(sources), workers, _failed_pages)) as results:
            for source_pages in results:
                yield from source_pages
    else:
        for index, source in enumerate(sources):
            yield from pages.read(index, source)


def workers_for(count: int | None, workers: int | None = None) -> int:
    """Choose the number of processes for so many pictures, None for very many.

    Args:
        workers: as many as are asked for; None takes as many as are soonest done: starting one takes as long as ten
            pictures.

    Raises:
        ReadingError: if workers are asked for, and fewer than one.
    """
    if workers is None:
        return usable_cores() if count is None else max(1, min(usable_cores(), count // 10))
    if not isinstance(workers, int) or workers < 1:
        raise ReadingError(f"workers is {workers!r}, expected a whole number of at least 1")
    return workers if count is None else max(1, min(workers, count))


def make_page_reader(
    settings: Settings, callback: PageCallback | None = None
) -> Callable[[tuple[int, "Source"]], list[Page]]:
    """The function of a worker process: the pages of a source with its index."""
    pages = PageReader(settings, callback)
    return lambda task: list(pages.read(*task))


def _failed_pages(task: tuple[int, "Source"]) -> list[Page]:
    """The result for a source whose worker process died."""
    index, source = task
    error = DataError(f"{_name_of(source)}: ended the process that was reading it, most likely by lack of memory")
    return [Page(index, 1, True, error)]


class PageReader:
    """Reads sources page by page, with the network of its settings."""

    def __init__(self, settings: Settings, callback: PageCallback | None = None) -> None:
        self._settings = settings
        self._read_settings = replace(settings, keep_steps=settings.keep_steps or callback is not None)
        self._callback = callback
        self._recognizer = settings.recognizer()
        self._read_page: Callable[[Picture, int], Reading | PageResult] | None = None

    def read(self, index: int, source: "Source") -> Iterator[Page]:
        """The pages of one source, each after the callback, and with its steps only if they are to be kept."""
        if isinstance(source, str | Path) and names_idx(Path(source)):
            if not self._settings.takes_idx:
                yield Page(index, 1, True, DataError(f"{source}: is an IDX file, expected a picture of a form"))
                return
            yield Page(index, 1, True, result_or_error(source, lambda: self._read_idx(source)))
            return
        opened = pages_in(source)
        picture, number = next(opened, None), 1
        while picture is not None:
            following = next(opened, None)  # one page ahead, which tells whether there are several
            result = result_or_error(source, partial(self._read_picture, picture, number))
            page = Page(index, number, number == 1 and following is None, result)
            callback_error = self._callback_error_of(page, source)
            if getattr(result, "steps", None) is not None and not self._settings.keep_steps:
                page = replace(page, result=replace(cast("Reading", result), steps=None))
            yield replace(page, callback_error=callback_error)
            picture, number = following, number + 1

    def _callback_error_of(self, page: Page, source: "Source") -> DataError | None:
        if self._callback is None:
            return None
        try:
            self._callback(page)
        except LeNetError as error:
            return DataError(str(error))
        except Exception as error:  # the caller's: it must not stop a thousand pictures either
            what = error_summary(error)
            return DataError(f"{_name_of(source)}: was read, and what was to be done with its reading failed ({what})")
        return None

    def _read_picture(self, picture: "Picture | DataError", number: int) -> "Reading | PageResult":
        if isinstance(picture, DataError):
            raise picture
        if self._read_page is None:
            self._read_page = self._read_settings.page_function(self._recognizer)
        return self._read_page(picture, number)

    def _read_idx(self, path: str | Path) -> IdxReading:
        return read_idx_digits(path, self._recognizer, paper_high=self._settings.polarity == "paper-high")


def names_idx(path: Path) -> bool:
    """Whether this is an IDX file; a pipe is none, and none of its bytes are taken."""
    try:
        return path.is_file() and is_idx(path)
    except (OSError, ValueError):  # no right to look; a name that no system takes: reading it says so
        return False


def pages_in(source: "Source") -> Iterator["Picture | DataError"]:
    """The pages of a source, as pictures; what cannot be opened ends them."""
    from lenet.pictures.loading import open_pages

    pictures = iter(open_pages(source))
    while (picture := result_or_error(source, lambda: next(pictures, None))) is not None:
        yield picture
        if isinstance(picture, DataError):
            return


def result_or_error(source: "Source", call: Callable[[], T]) -> T | DataError:
    """The result of the call, or the error that this source raises, so that the others are read."""
    try:
        return call()
    except (DataError, MissingExtra) as error:  # some kinds of files are opened by extras
        return DataError(str(error))
    except LeNetError:  # the settings' fault, and so every picture's
        raise
    except MemoryError:
        return DataError(f"{_name_of(source)}: does not fit into memory; make it smaller first")
    except Exception as error:  # one picture that shows a defect of ours must not stop a thousand
        what = error_summary(error)
        return DataError(f"{_name_of(source)}: a defect of lenet stopped its reading ({what}); please report it")


def _name_of(source: "Source") -> str:
    return str(source) if isinstance(source, str | Path) else type(source).__name__


@overload
def read(
    pictures: "list[Source] | tuple[Source, ...]",
    *,
    workers: int = 1,
    polarity: str = "auto",
    single: bool = False,
    length: int | None = None,
    pattern: str | None = None,
    signs: str = "omit",
    turn: bool = True,
    model: Model | str | Path | None = None,
    network: "Network | str | None" = None,
    max_error: float | None = None,
    grid: bool = True,
    keep_steps: bool = False,
) -> "list[Reading]": ...
@overload
def read(
    pictures: "Source",
    *,
    workers: int = 1,
    polarity: str = "auto",
    single: bool = False,
    length: int | None = None,
    pattern: str | None = None,
    signs: str = "omit",
    turn: bool = True,
    model: Model | str | Path | None = None,
    network: "Network | str | None" = None,
    max_error: float | None = None,
    grid: bool = True,
    keep_steps: bool = False,
) -> "Reading": ...
def read(
    pictures: "Source | list[Source] | tuple[Source, ...]",
    *,
    workers: int = 1,
    polarity: str = "auto",
    single: bool = False,
    length: int | None = None,
    pattern: str | None = None,
    signs: str = "omit",
    turn: bool = True,
    model: Model | str | Path | None = None,
    network: "Network | str | None" = None,
    max_error: float | None = None,
    grid: bool = True,
    keep_steps: bool = False,
) -> "Reading | list[Reading]":
    """Read the digits in a picture, or in each of several.

    Args:
        pictures: a path, the bytes of a file, a Pillow image, or an array of gray levels or RGB; or a list of them.
            Of a file with several pages the first is read, and the reading's remark says so: see `read_pages`.
        workers: how many processes read a list: see `read_all`.
        polarity, single, length, pattern, signs, turn, grid, keep_steps: as `Reader.read` takes them.
        model, network, max_error: as `Reader` takes them.

    Returns:
        A reading; for a list, a list of as many.

    Raises:
        DataError: if a picture cannot be opened.
        WeightsError, EngineError, ReadingError, UnknownName, MissingExtra: if the settings cannot be met.

    >>> import numpy as np
    >>> page = np.full((100, 100), 230, np.uint8)
    >>> page[20:80, 47:53] = 30
    >>> read(page).text, [reading.text for reading in read([page, 255 - page], single=True)]
    ('1', ['1', '1'])
    """
    from lenet.reading.results import FIRST_PAGE_REMARK, Reading

    settings = Settings(polarity, single, length, pattern, model, network, max_error, keep_steps, signs, turn, grid)
    if isinstance(pictures, list | tuple):
        readings: list[Reading] = []
        for page in read_all(pictures, settings, workers):
            if page.number > 1:
                continue
            if isinstance(page.result, DataError):
                raise page.result
            if isinstance(page.result, IdxReading):
                raise DataError(f"{page.result.name}: is an IDX file, expected a picture; read_idx_digits reads it")
            assert isinstance(page.result, Reading)
            remark = page.result.remark if page.is_only else f"{page.result.remark}; {FIRST_PAGE_REMARK}".lstrip("; ")
            readings.append(replace(page.result, remark=remark))
        return readings
    return settings.read(_reader_of(settings), pictures)


def read_pages(picture: "Source", settings: Settings | None = None) -> "list[Reading]":
    """Read the digits in every page of a PDF or TIFF file; any other picture is one page.

    Args:
        picture: as `read` takes one.
        settings: how to read.

    Returns:
        A reading for each page, in their order; the names end in ", page 2" where there are several.

    Raises:
        DataError: if the file, or one of its pages, cannot be opened; `read_all` gives the others all the same.
        WeightsError, EngineError, MissingExtra: if the settings cannot be met.

    >>> import numpy as np
    >>> page = np.full((100, 100), 230, np.uint8)
    >>> page[20:80, 47:53] = 30
    >>> [reading.text for reading in read_pages(page)]
    ['1']
    """
    from lenet.pictures.loading import open_pages

    settings = settings or Settings()
    reader = _reader_of(settings)
    return [settings.read(reader, page) for page in open_pages(picture)]


def _reader_of(settings: Settings) -> "Reader":
    """The reader of these settings; the recognizer that ships is made once."""
    from lenet.reading.reader import Reader

    is_shipped = settings.model is None and settings.max_error is None
    return Reader(_shipped_recognizer() if is_shipped else settings.recognizer(), network=settings.network)


@cache
def _shipped_recognizer() -> Recognizer:
    # What is left when Python ends, the engine's bindings report as leaks.
    atexit.register(_shipped_recognizer.cache_clear)
    return Recognizer()
