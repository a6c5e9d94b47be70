"""A pool of worker processes: results in the order of the tasks, and an orderly shutdown.

Processes are spawned, never forked from this one: a fork would copy the engine's locks without the threads that hold
them. Each works with one thread, on one task at a time, with the next one waiting in its pipe, so that it does not
stand idle while its parent writes to a disk. Ctrl-C and SIGTERM, which may reach all of them, are
their parent's to answer. Each has a pipe of its own and shares no lock, so that one that is killed leaves nothing
behind but its task. If it is their parent that is killed, they end and remove what it leaves.
"""

import atexit
import multiprocessing
import os
import select
import shutil
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from multiprocessing.util import get_temp_dir
from typing import Any, Generic, TypeVar

from lenet.errors import LeNetError, ReadingError

Task = TypeVar("Task")
Result = TypeVar("Result")
Make = Callable[[], Callable[[Task], Result]]

# Of a task that waits in a pipe: one that does not fit would block the parent, and its worker an answer to it.
_MAX_AHEAD_BYTES = 4096
_AHEAD = 4  # tasks for each process whose results may wait for an earlier one
_SECONDS_TO_END = 5.0
# Of 16 MB each, which Pillow keeps of a decoded picture for the next one: the system takes a twelfth of a photo's time
# to clear fresh memory. A photo of 12 megapixels, halved, fills one.
_KEPT_BLOCKS = 2
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def map_in_processes(
    make: Make[Task, Result], tasks: Iterable[Task], workers: int, on_lost: Callable[[Task], Result]
) -> Generator[Result, None, None]:
    """Map a function over tasks, in their order, with a few of them in memory at any time.

    When this generator ends or is closed, as an exception in its caller's loop does it, its processes are gone.

    Args:
        make: gives the function; called once in each process. It, the tasks and the results must be picklable.
        tasks: taken from it as they are needed; none of them is None.
        workers: how many processes at most; as many are started as there are tasks at once.
        on_lost: gives the result of a task whose process died, as happens when memory runs out.

    Raises:
        ReadingError: with the text of a LeNetError that the function raised; other exceptions come as they are.
    """
    pool = _WorkerPool(make, workers, on_lost)
    remaining, has_more = enumerate(tasks), True
    results: dict[int, Result] = {}
    submitted = returned = 0
    try:
        while True:
            while has_more and pool.has_room and submitted - returned < _AHEAD * workers:
                try:
                    number, task = next(remaining)
                except StopIteration:
                    has_more = False
                    break
                pool.submit(number, task)
                submitted += 1
            if returned == submitted:
                return
            results |= pool.results()
            while returned in results:
                yield results.pop(returned)
                returned += 1
    finally:
        pool.stop()


@dataclass(frozen=True, eq=False)
class _Worker:
    """A process, its pipe, and the tasks that it was sent, with their numbers; the first of them is in progress."""

    process: BaseProcess
    connection: "Connection[Any, Any]"
    tasks: deque[tuple[int, Any]] = field(default_factory=deque)


class _WorkerPool(Generic[Task, Result]):
    """A worker pool, and its shutdown."""

    def __init__(self, make: Make[Task, Result], max_workers: int, on_lost: Callable[[Task], Result]) -> None:
        self._make, self._max_workers, self._on_lost = make, max_workers, on_lost
        methods = multiprocessing.get_all_start_methods()
        self._context: Any = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        if "forkserver" in methods:  # what every process needs is imported once
            multiprocessing.set_forkserver_preload([__name__, "lenet.reading.reader"])
        # That of the forkserver's socket; in a worker of another pool it is the parent's.
        is_first = multiprocessing.parent_process() is None
        self._folder = get_temp_dir() if "forkserver" in methods and is_first else None
        self._workers: list[_Worker] = []  # all that were started and not ended
        self._waiting: deque[tuple[int, Task, Any]] = deque()  # what was submitted and not sent, and its bytes
        atexit.register(self.stop)  # before multiprocessing's own handler, whose SIGTERM they ignore

    @property
    def has_room(self) -> bool:
        """Whether another task can be submitted."""
        return not self._waiting

    def submit(self, number: int, task: Task) -> None:
        """Send a task to a worker, as soon as one is free to take it."""
        self._waiting.append((number, task, ForkingPickler.dumps(task)))
        self._send()

    def results(self) -> dict[int, Result]:
        """The next results, by their tasks' numbers; waits for one at least."""
        results: dict[int, Result] = {}
        busy = {worker.connection: worker for worker in self._workers if worker.tasks}
        for connection in wait(list(busy)):
            worker = busy[connection]  # type: ignore[index]
            number, task = worker.tasks.popleft()
            try:
                # An answer may import what it is made of, and there are packages that swallow Ctrl-C while they start.
                with _signals_blocked():
                    error, result = worker.connection.recv()
            except (EOFError, OSError):
                self._waiting.extendleft((*one, ForkingPickler.dumps(one[1])) for one in reversed(worker.tasks))
                self._end(worker)
                results[number] = self._on_lost(task)
                continue
            if error is not None:
                raise error
            results[number] = result
        self._send()
        return results

    def _send(self) -> None:
        """Send the tasks that wait to the workers that can take them."""
        while self._waiting:
            number, task, content = self._waiting[0]
            worker = self._free_worker(len(content) <= _MAX_AHEAD_BYTES)
            if worker is None:
                return
            try:
                worker.connection.send_bytes(content)
            except OSError:  # it has died meanwhile; so may the next one, but not for lack of a task
                if worker.tasks:
                    return  # what became of them, the next results tell
                self._end(worker)
                continue
            self._waiting.popleft()
            worker.tasks.append((number, task))

    def _free_worker(self, is_small: bool) -> _Worker | None:
        """An idle worker, else a new one if there may be more, else, for a small task, one with one task; or None."""
        for worker in self._workers:
            if not worker.tasks:
                return worker
        if len(self._workers) < self._max_workers:
            return self._start()
        return next((worker for worker in self._workers if is_small and len(worker.tasks) == 1), None)

    def stop(self) -> None:
        """End all processes, in the middle of their work if need be."""
        with _signals_blocked():
            for worker in self._workers:
                with suppress(OSError):
                    worker.connection.send(None)  # the signal to exit
                worker.connection.close()
            for worker in self._workers:
                if worker.process.is_alive():
                    worker.process.terminate()  # in the middle of its task, too
            while self._workers:
                self._end(self._workers[0])
        atexit.unregister(self.stop)

    def _start(self) -> _Worker:
        parent_end, worker_end = self._context.Pipe()
        process = self._context.Process(target=_work, args=(worker_end, self._make, self._folder), daemon=True)
        worker = _Worker(process, parent_end)
        if hasattr(signal, "pthread_sigmask"):
            resource_tracker.ensure_running()  # which would let signals through if it were started in there
        with _signals_blocked():
            process.start()
            self._workers.append(worker)
        worker_end.close()
        return worker

    def _end(self, worker: _Worker) -> None:
        worker.connection.close()
        worker.process.join(_SECONDS_TO_END)
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()
        self._workers.remove(worker)


def _work(connection: "Connection[Any, Any]", make: Make[Any, Any], folder: str | None) -> None:
    """Run a worker process: task after task, until its parent signals the end.

    EOF without that signal means that the parent was killed: then its temporary folder is removed here.
    """
    if not _work_until_eof(connection, make) and folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _work_until_eof(connection: "Connection[Any, Any]", make: Make[Any, Any]) -> bool:
    """Run all tasks received; False at EOF without the signal to exit."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, partial(_exit_if_orphaned, connection))
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
    function: Callable[[Any], Any] | None = None
    while True:
        try:
            task = connection.recv()
        except (EOFError, OSError):
            return False
        if task is None:
            return True
        try:
            if function is None:
                function = made_for_one_core(make)
            answer: tuple[Exception | None, Any] = None, function(task)
        except LeNetError as error:  # some kinds cannot be taken from one process to another
            answer = ReadingError(str(error)), None
        except Exception as error:
            answer = error, None
        with suppress(OSError):  # the parent is gone: the next receive says why
            connection.send(answer)


def _exit_if_orphaned(connection: "Connection[Any, Any]", number: int, frame: object) -> None:
    """Handle SIGTERM: exit in the middle of a task if the parent has closed the pipe.

    That there is something to receive does not tell it: the next task may wait there.
    """
    if not hasattr(select, "poll"):  # Windows, whose processes are not asked to end but ended
        return
    events = select.poll()
    events.register(connection.fileno(), 0)  # the end of the other side is told in any case
    if events.poll(0):
        raise SystemExit


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block SIGINT and SIGTERM in this block, and in processes started in it until they set their handlers."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    previous_mask = signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous_mask)


def made_for_one_core(make: Make[Task, Result]) -> Callable[[Task], Result]:
    """Make the function of a process that has one core to itself: the libraries under it start no threads."""
    import cv2
    from PIL import Image

    cv2.setNumThreads(1)
    Image.core.set_blocks_max(_KEPT_BLOCKS)  # type: ignore[attr-defined]
    with _single_core():
        return make()


@contextmanager
def _single_core() -> Iterator[None]:
    """Restrict the process to one core, so that an engine created in this block uses one thread."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(usable)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, usable)
