"""``lenet predict``: the classes of pictures, by any model."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lenet.cli.output import JsonList, check_picture_path, progress, report
from lenet.cli.signals import signals_held_back
from lenet.cli.tables import check_table_path
from lenet.errors import DataError, Stopped, printable
from lenet.model import Model, load
from lenet.reading.batch.pages import result_or_error
from lenet.reading.batch.picture_files import PictureFiles, name_of
from lenet.reading.tables.csv_table import Table
from lenet.verbs.predict import Prediction
from lenet.verbs.predict import predict as verb

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COLUMNS = ("file", "class", "probability", "likeliest", "remark")

_MANY = 10  # files: as of so many there is a summary
_MOST_DRAWN, _SIDE = 500, 120
_FAILED = 1


def register(app: typer.Typer) -> None:
    """Add the verb of this module."""
    app.command()(predict)


def predict(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Pictures, folders, quoted globs; '-' is stdin; mnist:7 is a test picture of a public data set.",
            metavar="FILE|FOLDER|GLOB|-...",
        ),
    ],
    model: Annotated[
        str, typer.Option("--model", help="A weights file, a run's folder, or a network whose weights ship.")
    ],
    top: Annotated[int, typer.Option(min=1, help="Tell so many of the likeliest classes.")] = 3,
    fit: Annotated[
        Literal["pad", "crop", "stretch"],
        typer.Option(help="How a picture becomes a square; training on folders of pictures pads."),
    ] = "pad",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: class, probabilities, remark.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write the answers into this CSV file, too.")] = None,
    sheet: Annotated[
        Path | None, typer.Option(help=f"Draw the pictures, the first {_MOST_DRAWN}, with the answers into this file.")
    ] = None,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Look into folders within folders.")] = False,
) -> None:
    """Name the classes that pictures are of, with their probabilities, by any model.

    Pictures come to the network as they did in training: in color or in gray levels, whole; a model of digits as ink
    takes the digit that stands out most. "as likely as chance" follows an answer that is less than a tenth of the way
    from 1/classes to certainty. What cannot be opened is reported on stderr and the others are answered; the exit code
    is then 1.

    lenet predict photos/ --model runs/lenet-rgb-cifar10-1 --sheet answers.png

    lenet predict '**/*.jpg' --model pets.safetensors --top 1 --csv answers.csv
    """
    if files.count("-") > 1:
        raise typer.BadParameter("'-' is stdin, which can be read only once")
    check_table_path(csv, COLUMNS)
    check_picture_path(sheet)
    found, own = _Pictures.of(PictureFiles(files, recursive=recursive)), load(model)
    if sheet is not None and os.path.realpath(sheet) in {
        os.path.realpath(source) for source in found.sources if isinstance(source, Path)
    }:
        raise typer.BadParameter(f"--sheet would write over {sheet}; name another file")
    names_digits = own.pictures.kind == "digits"
    output = _Output(found, top, found.is_many or len(files) > 1, names_digits, as_json, csv)
    is_many = found.is_many or len(found.sources) >= _MANY
    drawn = output.take(_predictions(found, own, fit), is_many, keeps_pictures=sheet is not None)
    if sheet is not None and drawn:
        from lenet.data import draw_sheet, save_sheet

        save_sheet(draw_sheet([picture for picture, _ in drawn], [title for _, title in drawn], 8, _SIDE), sheet)
        print(f"drew {len(drawn):,} of {output.answered:,} pictures into {printable(str(sheet))}", file=sys.stderr)
    if output.failed:
        raise typer.Exit(_FAILED)


def _predictions(found: "_Pictures", model: Model, fit: str) -> Iterator[Prediction | DataError]:
    for source in map(_given, found.sources):
        yield result_or_error(source, partial(_prediction, model, source, fit))


def _prediction(model: Model, source: str | bytes, fit: str) -> Prediction:
    answer: Prediction = verb(model, source, fit=fit)
    return answer


def _given(source: Path | bytes) -> str | bytes:
    return source if isinstance(source, bytes) else str(source)


def _square(source: Path | bytes) -> "NDArray[np.uint8]":
    """The whole picture in color, or that of a data set, to be looked at."""
    from lenet.data import read_picture
    from lenet.verbs.pictures import of_data_set

    given = _given(source)
    found = of_data_set(given) if isinstance(given, str) else None
    return read_picture(given, size=_SIDE, color=True) if found is None else found


def _tell_of_several(name: str, source: str | bytes) -> None:
    """Say so if a picture shows several digits, of which a model of digits names one."""
    from lenet.reading import Reader, Reading
    from lenet.verbs.pictures import of_data_set

    if isinstance(source, str) and of_data_set(source) is not None:
        return
    reading = result_or_error(source, lambda: Reader().read(source))
    if isinstance(reading, Reading) and len(reading.digits) > 1:
        count = len(reading.digits)
        report(f"{name}: shows {count} digits, of which the one that stands out most is named; lenet read reads all")


@dataclass(frozen=True)
class _Pictures:
    """The pictures that were named, and the words that name none."""

    sources: Sequence[Path | bytes]
    problems: Sequence[DataError]
    is_many: bool

    @classmethod
    def of(cls, files: PictureFiles) -> "_Pictures":
        return cls(list(files), files.problems, files.is_many)


class _Output:
    """Answers in the order of the pictures, and a count of those that were answered and of those that failed."""

    def __init__(
        self, found: _Pictures, top: int, is_named: bool, names_digits: bool, as_json: bool, csv: Path | None
    ) -> None:
        self.answered = self.failed = 0
        self._found, self._top, self._is_named, self._names_digits = found, top, is_named, names_digits
        self._json = JsonList(indent=2) if as_json else None
        self._table = Table(csv, COLUMNS) if csv is not None else None

    def take(
        self, predictions: Iterator[Prediction | DataError], is_many: bool, keeps_pictures: bool
    ) -> "list[tuple[NDArray[np.uint8], str]]":
        """Give out each answer when it comes, and keep small pictures with titles if that is asked for.

        Raises:
            Stopped: by Ctrl-C or SIGTERM, when the answer that was being given out was whole.
            LeNetError: if the table cannot be written.
        """
        for problem in self._found.problems:
            self._fail(str(problem))
        kept: list[tuple[NDArray[np.uint8], str]] = []
        total, done = len(self._found.sources), 0
        try:
            with progress(total if is_many else 0, "predicting") as show_progress:
                for done, prediction in enumerate(predictions, start=1):
                    name, source = name_of(self._found.sources[done - 1]), self._found.sources[done - 1]
                    with signals_held_back():
                        self._take(name, prediction)
                    if self._names_digits and isinstance(prediction, Prediction):
                        _tell_of_several(name, _given(source))
                    if keeps_pictures and isinstance(prediction, Prediction) and len(kept) < _MOST_DRAWN:
                        title = f"{prediction.class_name} {prediction.probability:.0%}"
                        kept.append((_square(source), title + "?" * bool(prediction.remark)))
                    show_progress(done)
        except KeyboardInterrupt:
            raise Stopped(f"stopped after {done:,} of {total:,} files") from None
        finally:
            with signals_held_back():
                if self._json is not None:
                    self._json.end()
                if self._table is not None:
                    self._table.close()
        if is_many and total:
            failed = f", {self.failed:,} failed" if self.failed else ""
            print(f"answered {self.answered:,} of {self.answered + self.failed:,} pictures{failed}", file=sys.stderr)
        return kept

    def _take(self, name: str, prediction: Prediction | DataError) -> None:
        if isinstance(prediction, DataError):
            self._fail(str(prediction), name)
            return
        self.answered += 1
        likeliest = prediction.top(self._top)
        if self._table is not None:
            others = "|".join(f"{one} {probability:.4f}" for one, probability in likeliest)
            row = (name, prediction.class_name, f"{prediction.probability:.4f}", others, prediction.remark)
            self._table.write(row)
        if self._json is not None:
            self._json.add({"file": name} | prediction.to_json(self._top))
            return
        (first, probability), *others_ = likeliest
        line = f"{name}: {first}" if self._is_named else first
        line += f"  {probability:.1%}"
        if others_:
            line += "  then " + ", ".join(f"{one} {share:.1%}" for one, share in others_)
        print(line + (f"; {prediction.remark}" if prediction.remark else ""), flush=True)

    def _fail(self, message: str, name: str = "") -> None:
        self.failed += 1
        if message.startswith("bytes: "):
            message = f"{name}: {message.removeprefix('bytes: ')}"
        if self._table is not None and name:
            self._table.write((name, "", "", "", message))
        report(message)
