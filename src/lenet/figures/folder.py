"""Validation of a figure's folder and format, before anything is drawn."""

from pathlib import Path

from lenet.errors import DataError, UnknownName

_FORMATS = ("png", "svg")


def figure_folder(directory: str | Path, format: str) -> Path:
    """Validate the folder and the format of figures.

    Returns:
        The folder, which may not exist yet.

    Raises:
        UnknownName: if ``format`` is no format of figures.
        DataError: if ``directory`` is a file.
    """
    figure_format(format)
    folder = Path(directory)
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: is a file, expected a folder for the figures")
    return folder


def figure_format(format: str) -> None:
    """Raise UnknownName unless figures are written in ``format``."""
    if format not in _FORMATS:
        raise UnknownName("figure format", format, _FORMATS)
