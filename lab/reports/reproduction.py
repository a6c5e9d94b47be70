"""Write docs/reproduction.md and its Chinese version from the folders of ``lenet reproduce``.

    python -m lab.reports.reproduction [--runs runs/reproduce] [--docs docs]

Rows that have not run are left out and named as missing; charts that are missing in a row's folder are drawn again.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from lab.command_line import run_command
from lab.reports.page import compose_page
from lab.reports.texts import Language
from lenet.errors import LeNetError
from lenet.experiments import charts, find, folder
from lenet.files import write_atomically

PAGES: tuple[tuple[Language, str], ...] = (("en", "reproduction.md"), ("zh", "reproduction.zh-CN.md"))
_CHART_FOLDER = Path("images/reproduction")


def load_finished_rows(root: Path) -> list[dict[str, Any]]:
    """Load the run.json of each row below a folder that has results, in order of the folders' names."""
    rows = [folder.read(path.parent) for path in sorted(root.glob("*/run.json"))]
    return [row for row in rows if "results" in row]


def write_report(root: Path, docs: Path) -> list[Path]:
    """Compose the report in both languages from the rows' folders below ``root``; the files' paths.

    Raises:
        TrainingError: if a run.json there is damaged.
    """
    finished_rows, written = load_finished_rows(root), []
    for settings in finished_rows:
        row = find(settings["name"])
        source_by_target = {
            docs / _CHART_FOLDER / f"{target_name}{end}.png": root / row.name / f"{source_name}{end}.png"
            for source_name, target_name in row.charts.items()
            for end, _ in charts.THEMES
        }
        if not all(path.exists() for path in source_by_target.values()):
            charts.draw(row, settings, root / row.name)
        for target, source in source_by_target.items():
            write_atomically(target, source.read_bytes())
            written.append(target)
    for language, name in PAGES:
        write_atomically(docs / name, compose_page(finished_rows, language, _CHART_FOLDER.as_posix()).encode())
        written.append(docs / name)
    return written


def main(arguments: list[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs/reproduce"), help="the rows' folders [%(default)s]")
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="where the report goes [%(default)s]")
    options = parser.parse_args(arguments)
    try:
        if not load_finished_rows(options.runs):
            raise LeNetError(f"{options.runs}: holds no row with results; run `lenet reproduce --all` first")
        print(*write_report(options.runs, options.docs), sep="\n")
    except LeNetError as error:
        sys.exit(f"lab: {error}")


if __name__ == "__main__":
    run_command(main)
