"""Shell completion: the names of networks, models, recipes, data sets, rows and runs that begin as a word does."""

from collections.abc import Iterable
from pathlib import Path

_RUNS = Path("runs")


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


def networks(incomplete: str) -> list[str]:
    """Networks, as ``lenet networks`` lists them."""
    from lenet.networks import names

    return _beginning(names(), incomplete)


def models(incomplete: str) -> list[str]:
    """Models that ship, and runs below the working folder's ``runs/``."""
    from lenet.model import pretrained_names

    return _beginning(pretrained_names(), incomplete) + runs(incomplete)


def recipes(incomplete: str) -> list[str]:
    """Recipes of training."""
    from lenet.training.recipes import RECIPES

    return _beginning(RECIPES, incomplete)


def data_sets(incomplete: str) -> list[str]:
    """Public data sets."""
    from lenet.data import CATALOG

    return _beginning(CATALOG, incomplete)


def rows(incomplete: str) -> list[str]:
    """Rows of ``lenet reproduce --list``."""
    from lenet.experiments import ROWS

    return _beginning((row.name for row in ROWS), incomplete)


def runs(incomplete: str) -> list[str]:
    """Folders of training runs below the working folder's ``runs/``."""
    return _beginning((path.parent.as_posix() for path in sorted(_RUNS.glob("*/run.json"))), incomplete)


def settings(incomplete: str) -> list[str]:
    """The run.json of training runs."""
    return _beginning((path.as_posix() for path in sorted(_RUNS.glob("*/run.json"))), incomplete)
