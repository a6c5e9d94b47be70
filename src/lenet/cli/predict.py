"""``lenet predict``: classification of pictures by any model."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lenet.cli import completion
from lenet.cli.options import EXIT_FAILED
from lenet.cli.output import MIN_FILES_FOR_SUMMARY, JsonList, answering, check_picture_paths, report
from lenet.cli.signals import deferred_signals
from lenet.cli.tables import check_table_path
from lenet.errors import DataError, counted, printable
from lenet.model import Model, load
from lenet.reading.batch.pages import pages_in, result_or_error
from lenet.reading.batch.picture_files import PictureFiles, name_of
from lenet.reading.tables.csv_table import Table
from lenet.verbs.predict import Prediction
from lenet.verbs.predict import predict as predict_verb

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COLUMNS = ("file", "class", "probability", "likeliest", "remark")

_MAX_DRAWN, _SIDE = 500, 120


def predict(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Pictures, folders, quoted globs; '-' is stdin; mnist:7 is a test picture of a public data set.",
            metavar="FILE|FOLDER|GLOB|-...",
        ),
    ],
    model: Annotated[
        str,
        typer.Option(
            "--model",
            help="A weights file, a run's folder, or a network whose weights ship.",
            autocompletion=completion.models,
        ),
    ],
    top: Annotated[int, typer.Option(min=1, help="Tell so many of the likeliest classes.")] = 3,
    fit: Annotated[
        Literal["pad", "crop", "stretch"],
        typer.Option(help="How a picture becomes a square; training on folders of pictures pads."),
    ] = "pad",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: class, probabilities, remark.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write the answers into this CSV file, too.")] = None,
    sheet: Annotated[
        Path | None, typer.Option(help=f"Draw the pictures, the first {_MAX_DRAWN}, with the answers into this file.")
    ] = None,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Look into folders within folders.")] = False,
) -> None:
    """Name the classes that pictures are of, with their probabilities, by any model.

    Pictures come to the network as they did in training: in color or in gray levels, whole; a model of digits as ink
    takes the digit that stands out most. Of a TIFF or PDF file each page is a picture. "as likely as chance" follows an
    answer that is less than a tenth of the way from 1/classes to certainty. What cannot be opened is reported on stderr
    and the others are answered; the exit code is then 1.

    lenet predict photos/ --model runs/lenet-rgb-cifar10-1 --sheet answers.png

    lenet predict '**/*.jpg' --model pets.safetensors --top 1 --csv answers.csv
    """
    if files.count("-") > 1:
        raise typer.BadParameter("'-' is stdin, which can be read only once")
    check_table_path(csv, COLUMNS)
    check_picture_paths({"--sheet": sheet})
    pictures = PictureFiles(files, recursive=recursive)
    sources, loaded_model = list(pictures), load(model)
    if sheet is not None and os.path.realpath(sheet) in {
        os.path.realpath(source) for source in sources if isinstance(source, Path)
    }:
        raise typer.BadParameter(f"--sheet would write over {sheet}; name another file")
    names_digits = loaded_model.picture_kind.kind == "digits"
    output = _Output(sources, top, pictures.is_many or len(files) > 1, names_digits, as_json, csv)
    for problem in pictures.problems:
        output.fail(str(problem))
    is_many = pictures.is_many or len(sources) >= MIN_FILES_FOR_SUMMARY
    tiles = output.take(_predict_each(sources, loaded_model, fit), is_many, keeps_pictures=sheet is not None)
    if sheet is not None and tiles:
        from lenet.data import draw_sheet, save_sheet

        save_sheet(draw_sheet([picture for picture, _ in tiles], [title for _, title in tiles], 8, _SIDE), sheet)
        print(
            f"drew {len(tiles):,} of {counted(output.answered, 'picture')} into {printable(str(sheet))}",
            file=sys.stderr,
        )
    if output.failed:
        raise typer.Exit(EXIT_FAILED)


@dataclass(frozen=True)
class _Answer:
    """The prediction for one picture.

    Attributes:
        file_number: of the file among those that were named, from 1.
        name: of the file, with the page if it has several.
        picture: as `lenet.predict` takes it.
        prediction: the classes, or what is wrong.
    """

    file_number: int
    name: str
    picture: Any
    prediction: Prediction | DataError


def _predict_each(sources: Sequence[Path | bytes], model: Model, fit: str) -> Iterator[_Answer]:
    for index, source in enumerate(sources):
        for page, picture in _pages(source if isinstance(source, bytes) else str(source)):
            prediction = picture
            if not isinstance(picture, DataError):
                prediction = result_or_error(picture, partial(predict_verb, model, picture, fit=fit))
            yield _Answer(index + 1, name_of(source) + page, picture, prediction)


def _pages(source: str | bytes) -> Iterator[tuple[str, Any]]:
    """Each page of a TIFF or PDF file with what its name ends in, ", page 2"; any other picture as it is."""
    from lenet.pictures.loading import has_several_pages

    if not has_several_pages(source):
        yield "", source
        return
    from PIL import Image

    for number, page in enumerate(pages_in(source), 1):
        yield f", page {number}", page if isinstance(page, DataError) else Image.fromarray(page.colors)


def _thumbnail(picture: Any) -> "NDArray[np.uint8]":
    """Thumbnail of a whole picture in color, or of a data set's example."""
    from lenet.data import read_picture
    from lenet.verbs.pictures import data_set_picture

    pixels = data_set_picture(picture) if isinstance(picture, str) else None
    return read_picture(picture, size=_SIDE, color=True) if pixels is None else pixels


def _warn_of_several(name: str, source: Any) -> None:
    """Warn of a picture that shows several digits, of which a model of digits names one."""
    from lenet.reading import Reader, Reading
    from lenet.verbs.pictures import data_set_picture

    if isinstance(source, str) and data_set_picture(source) is not None:
        return
    reading = result_or_error(source, lambda: Reader().read(source))
    if isinstance(reading, Reading) and len(reading.digits) > 1:
        count = len(reading.digits)
        report(f"{name}: shows {count} digits, of which the one that stands out most is named; lenet read reads all")


class _Output:
    """Printer of predictions in the order of the pictures, with counts of answered and failed ones."""

    def __init__(
        self,
        sources: Sequence[Path | bytes],
        top: int,
        is_named: bool,
        names_digits: bool,
        as_json: bool,
        csv: Path | None,
    ) -> None:
        self.answered = self.failed = 0
        self._sources, self._top, self._is_named, self._names_digits = sources, top, is_named, names_digits
        self._json = JsonList(indent=2) if as_json else None
        self._table = Table(csv, COLUMNS) if csv is not None else None

    def take(
        self, answers: Iterator[_Answer], is_many: bool, keeps_pictures: bool
    ) -> "list[tuple[NDArray[np.uint8], str]]":
        """Write each prediction as it comes, and return thumbnails with titles if ``keeps_pictures``.

        Raises:
            Stopped: by Ctrl-C or SIGTERM, after the answer that was being written.
            LeNetError: if the table cannot be written.
        """
        thumbnails: list[tuple[NDArray[np.uint8], str]] = []
        total = len(self._sources)
        with answering(total, is_many, self._json, self._table, "predicting") as show_progress:
            for answer in answers:
                prediction = answer.prediction
                with deferred_signals():
                    self._take(answer)
                    show_progress(answer.file_number)
                if self._names_digits and isinstance(prediction, Prediction):
                    _warn_of_several(answer.name, answer.picture)
                if keeps_pictures and isinstance(prediction, Prediction) and len(thumbnails) < _MAX_DRAWN:
                    title = f"{prediction.class_name} {prediction.probability:.0%}"
                    thumbnails.append((_thumbnail(answer.picture), title + "?" * bool(prediction.remark)))
        if is_many and total:
            failed = f", {self.failed:,} failed" if self.failed else ""
            print(
                f"answered {self.answered:,} of {counted(self.answered + self.failed, 'picture')}{failed}",
                file=sys.stderr,
            )
        return thumbnails

    def _take(self, answer: _Answer) -> None:
        name, prediction = answer.name, answer.prediction
        if isinstance(prediction, DataError):
            self.fail(str(prediction), name)
            return
        self.answered += 1
        likeliest = prediction.top(self._top)
        if self._table is not None:
            others = "|".join(f"{class_name} {probability:.4f}" for class_name, probability in likeliest)
            row = (name, prediction.class_name, f"{prediction.probability:.4f}", others, prediction.remark)
            self._table.write(row)
        if self._json is not None:
            self._json.add({"file": name} | prediction.to_json(self._top))
            return
        (first, probability), *alternatives = likeliest
        is_page = name != name_of(self._sources[answer.file_number - 1])
        line = f"{name}: {first}" if self._is_named or is_page else first
        line += f"  {probability:.1%}"
        if alternatives:
            line += "  then " + ", ".join(f"{class_name} {share:.1%}" for class_name, share in alternatives)
        print(line + (f"; {prediction.remark}" if prediction.remark else ""), flush=True)

    def fail(self, message: str, name: str = "") -> None:
        """Count a picture, or a word that names none, and say why."""
        self.failed += 1
        if message.startswith("bytes: "):
            message = f"{name}: {message.removeprefix('bytes: ')}"
        if self._table is not None and name:
            self._table.write((name, "", "", "", message))
        report(message)
