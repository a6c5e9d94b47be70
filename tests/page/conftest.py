"""The page in a browser: opened, used, and left without an error and without a request to anywhere."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.benchmarks.page_driver import open_page, shots_folder


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of the page are kept."""
    return shots_folder(tmp_path_factory.mktemp("shots"))


@pytest.fixture
def driver(browser: Any, file: Path) -> Iterator[Any]:
    """The module's ``file``, open in the browser."""
    with open_page(browser, file) as driver:
        yield driver
    assert driver.errors == []
    assert [address for address in driver.requests if not address.startswith(("file:", "data:", "blob:"))] == []
