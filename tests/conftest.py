"""What several test files share."""

import pytest

from lenet import data


@pytest.fixture(scope="session")
def mnist() -> data.Dataset:
    """The real MNIST, fetched into the cache when it is not there."""
    return data.load("mnist")
