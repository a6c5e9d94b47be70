"""Write the files that follow from a row's results: its pictures, and its line for the table of results."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lenet.experiments import folder, pictures
from lenet.experiments.formatting import results_line
from lenet.experiments.rows import find
from lenet.files import write_atomically

RESULTS_LINE_FILE = "row.md"


def write_row(run_folder: Path, settings: Mapping[str, Any]) -> list[Path]:
    """Draw a row's pictures, light and dark, and write its line for the table of results; the files' paths.

    Raises:
        MissingExtra: if matplotlib is not installed.
    """
    line = run_folder / RESULTS_LINE_FILE
    with folder.checked_results(run_folder):
        write_atomically(line, results_line(settings).encode())
        return [*pictures.draw(find(settings["name"]), settings, run_folder), line]
