"""Files of answers in any format: a page's answers are appended at once, and each line names the picture it is of."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lenet.errors import LeNetError
from lenet.reading.tables.formatting import Row
from lenet.reading.tables.line_file import LineFile


@dataclass(frozen=True)
class WrittenFile:
    """A picture file whose answers have been written: its name, where they begin, and how many lines stand before."""

    name: str
    start: int
    lines: int


class AnswerFile(LineFile, ABC):
    """A file of answers, a line for each page, or each line of a page."""

    @abstractmethod
    def write_page(self, rows: Sequence[Row], values: Sequence[Row]) -> None:
        """Append a page's answers, all or none: its rows, or its values as JSON.

        Raises:
            LeNetError: as `LineFile.append`.
        """

    @abstractmethod
    def parse_position(self, line: bytes) -> tuple[str, int, int]:
        """Parse file, page and line of an answer; the line is 0 where an answer is a whole page's.

        Raises:
            ValueError: if it is no answer.
        """

    @property
    def target(self) -> Path:
        """The file that was asked for."""
        return self.path

    def finish(self) -> None:
        """Write the target from the lines that were appended, when all files are read."""

    def reopen(self) -> None:
        """Restore the lines from a target that was finished."""

    def abandon(self) -> None:
        """Take away the lines that were restored, where they are not gone on with."""

    def written_files(self) -> Iterator[WrittenFile]:
        """The picture files whose answers are there, in their order; of the last one some may be missing.

        Raises:
            LeNetError: if a line is no answer.
        """
        before: tuple[str, int, int] | None = None
        for number, (start, line) in enumerate(self.whole_lines()):
            try:
                name, *position = self.parse_position(line)
            except ValueError as error:
                why = " ".join(str(error).split())
                raise LeNetError(
                    f"{self.target}: answer {number + 1:,} is damaged ({why}); leave out resume to read anew"
                ) from None
            if before is None or name != before[0] or tuple(position) <= before[1:]:  # the same name may follow itself
                yield WrittenFile(name, start, number)
            before = name, *position  # type: ignore[assignment]
