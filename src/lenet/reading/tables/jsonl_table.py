"""JSON Lines of answers: what ``lenet read --json`` prints of a page, on one line each."""

from collections.abc import Sequence
from pathlib import Path

from lenet.reading.tables.answer_file import AnswerFile
from lenet.reading.tables.formatting import Row
from lenet.records import Record, json_bytes


class JsonLines(AnswerFile):
    """A file with a JSON object on each line, in UTF-8, that holds whole lines at any moment."""

    def write_page(self, rows: Sequence[Row], values: Sequence[Row]) -> None:
        self.append(b"".join(map(json_bytes, values)), len(values))

    def parse_position(self, line: bytes) -> tuple[str, int, int]:
        record = Record.parsed(line)
        return record.text("file"), record.integer("page"), record.integer("line", default=0)


def is_json_lines(path: Path) -> bool:
    """Whether a file begins as one that was written here before."""
    try:
        with path.open("rb") as file:
            return {"file", "page"} <= set(Record.parsed(file.readline()).values)
    except ValueError:
        return False
