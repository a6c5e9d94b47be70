"""Background reading of a stack's files: a thread beside the server, and worker processes."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from itertools import groupby
from pathlib import Path

from lenet.desk.fields import NO_PAGE, PageFields, page_of_form, page_of_values
from lenet.desk.stack import Stack, Unwritable
from lenet.errors import DataError
from lenet.forms.results import FormReading
from lenet.reading.batch.pages import Page, Settings, read_all, workers_for
from lenet.reading.idx import IdxReading
from lenet.reading.results import Reading

_WAIT_SECONDS = 0.5
_FULL_SECONDS = 5.0  # until files are read once more that the stack could not keep
# Reads files in their order: the number of each in the list, its pages, and why others could not be read.
ReadFiles = Callable[[Sequence[Path]], Iterator[tuple[int, list[PageFields], str]]]


class BackgroundReading:
    """A thread that reads every file of a stack that waits.

    Args:
        stack: where files come from and pages go to.
        read: reads files, as `read_with` gives it.
    """

    def __init__(self, stack: Stack, read: ReadFiles) -> None:
        self._stack, self._read = stack, read
        self._wake, self._is_stopping = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="desk reading", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Look now whether files wait on the stack."""
        self._wake.set()

    def stop(self) -> None:
        """End behind the file that is being read; the others wait on the stack."""
        self._is_stopping = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_stopping:
            self._wake.clear()
            waiting = self._stack.waiting()
            if not waiting:
                self._wake.wait(_WAIT_SECONDS)
                continue
            try:
                with closing(self._read([path for _, path in waiting])) as results:  # type: ignore[type-var]
                    for index, pages, problem in results:
                        file, path = waiting[index]
                        # The page says the name that a file came with; that of its path may have a number before it.
                        self._stack.finish_file(file, pages, problem.removeprefix(f"{path}: "))
                        if self._is_stopping:
                            return
            except Unwritable:  # of the stack: the files wait on it
                self._wake.wait(_FULL_SECONDS)
            except Exception as error:  # a defect must not leave files waiting for ever, nor end the thread
                reason = f"was not read ({' '.join(str(error).split())})"
                with suppress(Unwritable):
                    for file, _ in waiting:
                        self._stack.finish_file(file, [], reason)


def read_with(settings: Settings) -> ReadFiles:
    """Read files as ``lenet read`` does, by as many processes as their number is worth."""

    def read(paths: Sequence[Path]) -> Iterator[tuple[int, list[PageFields], str]]:
        with closing(read_all(paths, settings, workers_for(len(paths)))) as pages:
            for index, group in groupby(pages, key=lambda page: page.index):
                yield index, *_fields_of(list(group))

    return read


def _fields_of(pages: Sequence[Page]) -> tuple[list[PageFields], str]:
    fields, problem = [], ""
    for page in pages:
        if isinstance(page.result, DataError):
            problem = str(page.result)
        elif isinstance(page.result, IdxReading):
            problem = NO_PAGE
        elif isinstance(page.result, FormReading):
            fields.append(page_of_form(page.result))
        elif isinstance(page.result, Reading):
            fields.append(page_of_values(page.result.to_json() | {"page": page.number}))
    return fields, problem
