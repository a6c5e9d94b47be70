"""What several test files share."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from lab.benchmarks.page_driver import find_browser
from lenet import data
from lenet.engine.native import instruction_sets
from tests.processes import SECONDS

AXE = "axe-core@4"

settings.register_profile("at any load", deadline=None)
settings.load_profile("at any load")


def pytest_configure() -> None:
    """Let tests be stopped, and stop others, where a shell has started them in the background without Ctrl-C."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def mnist() -> data.Dataset:
    """The real MNIST, fetched into the cache when it is not there."""
    return data.load("mnist")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The system's Chromium, without a window."""
    playwright = pytest.importorskip("playwright.sync_api")
    if find_browser() is None:
        pytest.skip("no Chromium or Chrome on this machine")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe(request: pytest.FixtureRequest) -> str:
    """The accessibility checker's source, from npm, kept in pytest's cache."""
    folder = request.config.cache.mkdir("axe")
    source = folder / "package" / "axe.min.js"
    if not source.exists():
        if shutil.which("npm") is None:
            pytest.skip("axe-core comes with npm, which is not here")
        fetched = subprocess.run(["npm", "pack", AXE], cwd=folder, capture_output=True, text=True, timeout=SECONDS)
        if fetched.returncode:
            pytest.skip("npm cannot be reached for axe-core")
        shutil.unpack_archive(folder / fetched.stdout.split()[-1], folder)
    return source.read_text("utf-8")


@pytest.fixture(scope="session")
def quick_rows(tmp_path_factory, mnist):
    """The folders of all rows of the reproduction on MNIST after a quick look, by row.

    The networks hardly learn; what only the native engine teaches is there where it is.
    """
    from lenet.experiments import ROWS
    from lenet.experiments.plan import Request
    from lenet.experiments.runner import reproduce
    from lenet.verbs.reproduce import write_row
    from tests.experiments.replica_fakes import use_fake_replicas

    root, folders = tmp_path_factory.mktemp("reproduce"), {}
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_fake_replicas(monkeypatch)
        for row in ROWS:
            if row.data == "mnist" and (instruction_sets() or not row.windows):
                folders[row] = root / row.name
                write_row(folders[row], reproduce(row, folders[row], Request(quick=True)).settings)
    return folders
