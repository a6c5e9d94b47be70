"""The files that follow from a row's results: its pictures and its line; and the report of all rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lenet.files import write_atomically
from lenet.reproduction import folder, pictures, report
from lenet.reproduction.rows import find

LINE = "row.md"
PAGES = (("en", "reproduction.md"), ("zh", "reproduction.zh-CN.md"))
_PICTURES = Path("images/reproduction")


def write_row(place: Path, settings: Mapping[str, Any]) -> list[Path]:
    """Draw a row's pictures, light and dark, and write its line for the table of results; the files' paths.

    Raises:
        MissingExtra: if matplotlib is not installed.
    """
    line = place / LINE
    write_atomically(line, report.results_line(settings).encode())
    return [*pictures.draw(find(settings["name"]), settings, place), line]


def write_report(root: Path, docs: Path) -> list[Path]:
    """Compose the report in both languages from the rows' folders below ``root``; the files' paths.

    Raises:
        TrainingError: if a run.json there is damaged.
    """
    finished, written = folder.finished(root), []
    for settings in finished:
        row = find(settings["name"])
        drawn = {
            docs / _PICTURES / f"{there}{shade}.png": root / row.name / f"{here}{shade}.png"
            for here, there in row.pictures.items()
            for shade, _ in pictures.SHADES
        }
        if not all(path.exists() for path in drawn.values()):
            pictures.draw(row, settings, root / row.name)
        for target, path in drawn.items():
            write_atomically(target, path.read_bytes())
            written.append(target)
    for language, name in PAGES:
        text = report.page(finished, "en" if language == "en" else "zh", _PICTURES.as_posix())
        write_atomically(docs / name, text.encode())
        written.append(docs / name)
    return written
