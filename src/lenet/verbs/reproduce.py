"""The verb ``reproduce``: the results of 1989 to 1998 by the papers' own algorithm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenet.errors import DataError, TrainingError, check_switches
from lenet.experiments import ROWS, Row, charts, find, runner
from lenet.experiments.folder import checked_results
from lenet.experiments.formatting import results_line
from lenet.experiments.plan import Request
from lenet.figures import sheet
from lenet.files import check_folder_writable, path_argument, write_result

if TYPE_CHECKING:
    from lenet.training.progress import NullProgress

ROOT = Path("runs/reproduce")


@dataclass(frozen=True, repr=False)
class Reproduction:
    """A row that has been reproduced.

    Attributes:
        folder: where its networks, history, results and charts lie.
        settings: the content of its ``run.json``, with the results.
        files: the files that were written.
    """

    folder: Path
    settings: dict[str, Any]
    files: tuple[Path, ...]

    def __repr__(self) -> str:
        return f"Reproduction({self.settings['name']}, {self.folder})"


def reproduce(
    name: str | None = None,
    *,
    everything: bool = False,
    out: str | Path | None = None,
    seeds: int | None = None,
    quick: bool = False,
    passes: int | None = None,
    validation: int = 0,
    j: float | None = None,
    mu: float | None = None,
    eta: float | None = None,
    rate: float = 1.0,
    pass_factor: float = 1.0,
    init: str | None = None,
    halved: bool = True,
    data_dir: str | Path | None = None,
    progress: NullProgress | None = None,
) -> list[Reproduction]:
    """Reproduce a result of 1989 to 1998, or all; a run that was stopped goes on after its last whole pass.

    Args:
        name: of the row, as ``lenet reproduce --list`` names them.
        everything: all rows, a result of the papers each, in place of one.
        out: the row's folder, ``runs/reproduce/NAME`` if None, or ``runs/reproduce/quick/NAME`` of a quick one; with
            ``everything`` the folder of all rows' folders.
        seeds: so many in place of the row's own number.
        quick: one pass over few patterns, to see that all works; the figures mean nothing.
        passes: only the first so many.
        validation: test on so many training patterns set aside; the test split is left alone.
        j, mu: other values than the recipe's, of the penalty of the rubbish class and of the second-order step, to be
            tried on ``validation``, as are all of these.
        eta: one learning rate for all passes.
        rate: a factor for all learning rates.
        pass_factor: a factor for the number of passes that each learning rate lasts.
        init: another rule for the first weights.
        halved: penalties and squared errors are half the squared distances, where the row's recipe has them so.
        data_dir: the folder where the data set's files lie; with ``everything`` NAME below it.
        progress: what shows how it goes.

    Returns:
        The rows that were reproduced, one unless ``everything`` was asked for.

    Raises:
        UnknownName: if there is no such row.
        TrainingError: if a folder holds something else, or a row cannot be changed so.
        LeNetError: if a row's folder cannot be written.
        MissingExtra: if matplotlib is not installed.
    """
    check_switches(TrainingError, everything=everything, quick=quick, halved=halved)
    if (name is None) != everything:
        raise TrainingError("give the name of one row, or ask for everything")
    rows = ROWS if name is None else [find(name)]
    sheet.require_matplotlib()
    default_root = ROOT / "quick" if quick else ROOT  # a quick row is none that others may rest on
    if out is not None:
        out = path_argument("out", out, TrainingError)
    root = out if out and everything else default_root
    data_folder = None if data_dir is None else Path(data_dir)
    if data_folder is not None and not data_folder.is_dir():
        raise DataError(f"{data_folder} is no folder; expected one with the files of the row's data set")
    requests = [
        (row, out if out and not everything else root / row.name, Request(
            seeds, passes, quick, validation, _find_data_folder(row, data_folder, everything),
            j, mu, rate, eta, pass_factor, init, halved))
        for row in rows
    ]  # fmt: skip
    for row, folder, request in requests:  # all before the first, which may take hours
        check_folder_writable(folder)
        runner.check(row, folder, request)
    reproductions = []
    for row, folder, request in requests:
        settings = runner.reproduce(row, folder, request, progress=progress).settings
        reproductions.append(Reproduction(folder, settings, (folder / "run.json", *write_row(folder, settings))))
    return reproductions


def write_row(folder: Path, settings: Mapping[str, Any]) -> list[Path]:
    """Draw a row's charts, light and dark, and write its line for the table of results; the files' paths.

    Raises:
        MissingExtra: if matplotlib is not installed.
    """
    line = folder / "row.md"
    with checked_results(folder):
        write_result(line, results_line(settings).encode())
        return [*charts.draw(find(settings["name"]), settings, folder), line]


def _find_data_folder(row: Row, data_dir: Path | None, everything: bool) -> Path | None:
    """Find a data set's folder: NAME below ``data_dir`` if it exists, else, for one row, itself; None is the cache."""
    if data_dir is None or (data_dir / row.data).is_dir():
        return None if data_dir is None else data_dir / row.data
    return None if everything else data_dir
