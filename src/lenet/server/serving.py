"""Running the application on a port, in one process or several, with graceful shutdown on Ctrl-C or SIGTERM.

Several processes accept from one socket, which the first process has opened and does not serve itself: it starts them,
starts one anew that has ended, and passes on that they are to stop. Then no further connection begins; each process
accepts those that have begun, answers what was asked of it, says on each connection that this was the last answer, and
ends.

By hand, since uvicorn's own supervisor does not say when all of its processes answer, and leaves them behind when it is
killed.
"""

import asyncio
import logging
import math
import multiprocessing
import os
import shutil
import signal
import socket
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import cv2
import uvicorn

from lenet.desk.desk import Desk
from lenet.engine.native import usable_cores
from lenet.errors import LeNetError
from lenet.forms.template import Template
from lenet.model import Model
from lenet.reading.reader import Reader
from lenet.server import heads
from lenet.server.access import Access
from lenet.server.app import create_app
from lenet.server.limits import Limits
from lenet.server.listening import BACKLOG, address_of, end_connecting, listen
from lenet.server.metrics import FOLDER_VARIABLE
from lenet.server.middleware import Middleware

KEEP_ALIVE_SECONDS = 20  # seconds: a connection without requests
_ACCEPT_SECONDS = 0.1  # seconds: connections that had begun when the server was told to stop are accepted within them
_DRAIN_SECONDS = 0.3  # seconds: what was on its way arrives within them
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class ServerConfig:
    """Configuration of the server, picklable for the worker processes; what is not listed is as `create_app` takes it.

    Attributes:
        model: the model that reads and classifies; if its classes are no digits, the shipped model reads.
        desk: the folder of the desk at ``/desk``; none if None.
        form: the template that the desk's pages are read by.
    """

    model: Model
    page: str | None = None
    limits: Limits = field(default_factory=Limits)
    models: tuple[Model, ...] = ()
    root_path: str = ""
    access: Access = field(default_factory=Access)
    writes_log: bool = False
    file: str | None = None
    desk: Path | None = None
    form: Path | None = None
    forms: tuple[Template, ...] = ()

    def open_desk(self) -> Desk | None:
        """Open the desk, without reading anything yet."""
        model = self.model if self.model.reads_digits else None
        return None if self.desk is None else Desk(self.desk, self.form, model)

    def app(self, desk: Desk | None = None) -> Middleware:
        """The application."""
        return create_app(
            Reader(self.model if self.model.reads_digits else None),
            self.page,
            self.limits,
            models=self.models,
            classifier=self.model,
            root_path=self.root_path,
            access=self.access,
            writes_log=self.writes_log,
            file=self.file,
            desk=desk,
            forms=self.forms,
        )


def serve(
    config: ServerConfig,
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: int = 1,
    announce: Callable[[str], None] = print,
) -> None:
    """Serve until SIGINT or SIGTERM, then finish accepted requests, and return.

    Args:
        config: what is served.
        host, port: where; port 0 takes any that is free.
        workers: how many processes answer.
        announce: called with the address when the server is ready.

    Raises:
        LeNetError: if the port is in use or not allowed, there is no such host, or a process ends while it starts.
    """
    if workers < 1:
        raise LeNetError(f"workers is {workers}, expected at least 1")
    if config.desk is not None and workers > 1:
        raise LeNetError(f"workers is {workers}, but a desk is served by one process, which starts others to read")
    listener = listen(host, port)
    address = address_of(listener, host) + config.root_path
    with listener:
        if workers == 1:
            _serve_here(config, listener, 1, lambda: announce(address))
        else:
            _Workers(config, listener, workers).run(lambda: announce(address))


class _Server(uvicorn.Server):
    """uvicorn's server, with a shutdown that loses no request."""

    def __init__(self, config: uvicorn.Config, app: Middleware, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._app = app
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        parent = multiprocessing.parent_process()
        if parent is not None:  # a process whose parent has been killed ends, too
            asyncio.get_running_loop().add_reader(parent.sentinel, self._parent_ended, parent.sentinel)
        self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.is_stopping = True
        if multiprocessing.parent_process() is None:  # else it is the first process whose socket others accept from
            for listener in sockets or ():
                end_connecting(listener)
        await asyncio.sleep(_ACCEPT_SECONDS)
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        await asyncio.sleep(_DRAIN_SECONDS)
        await super().shutdown(sockets)

    def _parent_ended(self, sentinel: int) -> None:
        asyncio.get_running_loop().remove_reader(sentinel)
        self.should_exit = True


def _serve_here(config: ServerConfig, listener: socket.socket, workers: int, on_start: Callable[[], None]) -> None:
    cv2.setNumThreads(max(1, usable_cores() // workers))
    warnings.simplefilter("ignore")  # what decoders warn of is either harmless or ends in an error
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)  # damaged requests, and slow clients when it stops
    desk = config.open_desk()
    app = config.app(desk)
    uvicorn_config = uvicorn.Config(
        app,
        http=heads.protocol(config.limits.timeout),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        root_path=config.root_path,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=math.ceil(2 * config.limits.timeout) + 5,
    )
    server = _Server(uvicorn_config, app, on_start)

    def stop(number: int, frame: Any) -> None:  # before uvicorn listens to signals, and when it raises them once more
        server.should_exit = True

    with _signals(stop):
        if desk is not None:
            desk.start()
        try:
            server.run([listener])
        finally:
            if desk is not None:
                desk.stop()


def _work(listener: socket.socket, workers: int, ready_pipe: Connection) -> None:
    """Entry point of a worker process; its `ServerConfig` comes over the connection."""
    # Ctrl-C reaches all processes of a terminal; it is the first process that tells the others to stop.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        config = ready_pipe.recv()
    except (EOFError, OSError):  # the first process has ended
        return

    def on_start() -> None:
        ready_pipe.send(True)
        ready_pipe.close()

    _serve_here(config, listener, workers, on_start)
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():  # it was killed and could not remove it
        shutil.rmtree(os.environ[FOLDER_VARIABLE], ignore_errors=True)


class _Workers:
    """Supervisor of the worker processes."""

    def __init__(self, config: ServerConfig, listener: socket.socket, count: int) -> None:
        self._config, self._listener = config, listener
        self._count = count
        self._context = multiprocessing.get_context("spawn")
        self._processes: dict[int, SpawnProcess] = {}
        self._starting: dict[Connection, int] = {}
        self._wake_sender, self._wake_receiver = socket.socketpair()
        self._is_stopping = False

    def run(self, on_start: Callable[[], None]) -> None:
        """Start the workers, and return when they have stopped."""
        self._wake_sender.setblocking(False)
        previous = signal.set_wakeup_fd(self._wake_sender.fileno(), warn_on_full_buffer=False)
        try:
            with _signals(self._stop), _metrics_folder():
                for _ in range(self._count):
                    self._start()
                self._watch(on_start)
        finally:
            signal.set_wakeup_fd(previous)
            self._wake_sender.close()
            self._wake_receiver.close()

    def _start(self) -> None:
        ready_pipe, worker_end = self._context.Pipe()
        process = self._context.Process(
            target=_work, args=(self._listener, self._count, worker_end), name="lenet serve"
        )
        process.start()
        worker_end.close()
        with suppress(OSError):  # it has ended already, as will be noticed
            # Not as an argument: one that ends before it has taken a long one keeps `start` waiting for ever.
            ready_pipe.send(self._config)
        self._processes[process.sentinel] = process
        self._starting[ready_pipe] = process.sentinel

    def _watch(self, on_start: Callable[[], None]) -> None:
        is_announced, failed = False, False
        while self._processes:
            for event in wait([*self._processes, *self._starting, self._wake_receiver]):
                if event is self._wake_receiver:
                    self._wake_receiver.recv(64)
                elif isinstance(event, Connection):
                    failed |= not self._receive_readiness(event)
                elif isinstance(event, int) and (process := self._processes.pop(event, None)) is not None:
                    process.join()
                    is_new = event in self._starting.values()
                    failed |= is_new and not self._is_stopping
                    if not self._is_stopping and not failed:
                        self._start()
            if failed:
                self._is_stopping = True
            if self._is_stopping:
                self._terminate_all()
            elif not is_announced and not self._starting:
                on_start()
                is_announced = True
        for connection in self._starting:
            connection.close()
        if failed:
            raise LeNetError("a process that serves ended while it was starting, most likely by lack of memory")

    def _receive_readiness(self, ready_pipe: Connection) -> bool:
        del self._starting[ready_pipe]
        try:
            return bool(ready_pipe.recv())
        except (EOFError, OSError):
            return self._is_stopping
        finally:
            ready_pipe.close()

    def _stop(self, number: int, frame: Any) -> None:
        self._is_stopping = True

    def _terminate_all(self) -> None:
        if self._listener.fileno() >= 0:
            end_connecting(self._listener)
            self._listener.close()  # connections must not wait for processes that accept none
        for process in self._processes.values():
            process.terminate()


@contextmanager
def _signals(handle: Callable[[int, Any], None]) -> Iterator[None]:
    previous_handlers = {number: signal.signal(number, handle) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)


@contextmanager
def _metrics_folder() -> Iterator[None]:
    """Temporary folder for the metrics of all processes; a context."""
    with tempfile.TemporaryDirectory(prefix="lenet-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ[FOLDER_VARIABLE] = folder
        try:
            yield
        finally:
            del os.environ[FOLDER_VARIABLE]
