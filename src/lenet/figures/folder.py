"""A folder for figures, and how they are written into it: their format, their theme, their resolution."""

from dataclasses import dataclass
from pathlib import Path

from lenet.errors import LeNetError, UnknownName
from lenet.figures.sheet import DARK, LIGHT, Format, Sheet, Theme
from lenet.files import check_folder_writable, path_argument

_FORMATS = ("png", "svg")


@dataclass(frozen=True)
class FigureFolder:
    """A folder for figures; nothing is written before the first of them.

    Attributes:
        path: made if it is not there.
        format: ``"png"``, or ``"svg"``, in which letters stay letters.
        dark: light on dark, for projectors; else dark on white, for paper.
        dpi: dots per inch of a PNG; None takes what suits each kind of figure.

    Raises:
        UnknownName: if ``format`` is no format of figures.
        LeNetError: if ``path`` is a file, or cannot be written into.
    """

    path: str | Path
    format: Format = "png"
    dark: bool = False
    dpi: int | None = None

    def __post_init__(self) -> None:
        check_format(self.format)
        check_folder_writable(path_argument("output", self.path, LeNetError))

    @property
    def theme(self) -> Theme:
        """The colors."""
        return DARK if self.dark else LIGHT

    def save(self, sheet: Sheet, name: str, dpi: int = 150) -> Path:
        """Write a sheet as the figure of a name, at ``dpi`` if the folder says no other; its path."""
        return sheet.save(Path(self.path) / f"{name}.{self.format}", self.dpi or dpi)


def check_format(format: str) -> None:
    """Raise UnknownName unless figures are written in ``format``."""
    if format not in _FORMATS:
        raise UnknownName("figure format", format, _FORMATS)
