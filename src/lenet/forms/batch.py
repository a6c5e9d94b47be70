"""Reading of pages of a form, one or very many: the settings that `lenet.reading.batch` reads forms with."""

import hashlib
import json
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lenet.errors import DataError, ReadingError, check_switches
from lenet.forms.formatting import FormFormatter
from lenet.forms.reader import FormReader, blank_page
from lenet.forms.results import FormReading
from lenet.forms.template import Template
from lenet.model import Model
from lenet.pictures.loading import Picture, Source
from lenet.reading.batch.files import FileReading, TablePaths, written_pages
from lenet.reading.batch.pages import Settings, workers_for
from lenet.reading.batch.picture_files import PictureFiles
from lenet.reading.recognition import Recognizer


@dataclass(frozen=True)
class FormSettings(Settings):
    """Settings for reading pages of a form: its template and a model. The other settings are those of pictures.

    Raises:
        TemplateError: if the template is wrong, or names no blank page.
        DataError: if the blank page cannot be opened.
        ReadingError: if no form is named.
    """

    form: str | Path | Template | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.form is None:
            raise ReadingError("form is missing, expected a template or its TOML file")
        blank_page(self.template)

    @cached_property
    def template(self) -> Template:
        """The form."""
        return self.form if isinstance(self.form, Template) else Template.load(str(self.form))

    @property
    def takes_idx(self) -> bool:
        return False

    def page_function(self, recognizer: Recognizer) -> Callable[[Picture, int], FormReading]:
        """Make the function that reads a page, of its picture and its number in its file."""
        return FormReader(self.template, recognizer).read

    def identity(self) -> dict[str, Any]:
        """Compute the digests that a resumed table is compared by: of template and blank page."""
        template = self.template
        assert template.blank is not None
        described = json.dumps([repr(template.page), *map(repr, (*template.fields, *template.sums))]).encode()
        return {"form": hashlib.sha256(described + template.blank.read_bytes()).hexdigest()}


def read_form(picture: Source, form: str | Path | Template, *, model: Model | str | Path | None = None) -> FormReading:
    """Read a page of a form.

    Args:
        picture: a path, the bytes of a file, a Pillow image, or an array of gray levels or RGB; of a file with several
            pages the first.
        form: the template, or its TOML file, as `new_form` makes one.
        model: as `Reader` takes it.

    Returns:
        The reading: of each field its text, probability, box and status; rejected, with the reason, if the picture
        does not show the form.

    Raises:
        TemplateError: if the template is wrong.
        DataError: if the picture or the blank page cannot be opened.
        WeightsError, EngineError, MissingExtra: if the model cannot be loaded.
    """
    settings = FormSettings(form=form, model=model)
    return FormReader(settings.template, settings.recognizer()).read(picture)


def read_forms(
    files: str | Path | Sequence[str | Path] = (),
    form: str | Path | Template | None = None,
    *,
    model: Model | str | Path | None = None,
    csv: str | Path | None = None,
    jsonl: str | Path | None = None,
    parquet: str | Path | None = None,
    resume: bool = False,
    files_from: str | Path | None = None,
    shard: str | None = None,
    recursive: bool = False,
    workers: int | None = None,
) -> Generator[FormReading, None, None]:
    """Read pages of a form as ``lenet read --form`` does, each written into tables before it is yielded.

    Args:
        files: pictures, PDF and TIFF files, folders and globs; or one of them.
        form: the template, or its TOML file.
        model: as `Reader` takes it.
        csv, jsonl, parquet: the tables: a row a page, a column a field, and its status beside it.
        resume, files_from, shard, recursive, workers: as `read_files` takes them.

    Returns:
        The pages in their order; one that cannot be opened is rejected, and its reason says why.

    Raises:
        TemplateError: if the template is wrong.
        DataError: if an input names no file, raised when all others are read; or if a table would be written over a
            file that is none, or has another format's name.
        LeNetError: if the tables cannot be written, or resumed.
        ReadingError, WeightsError, EngineError, MissingExtra: if the settings cannot be met.
    """
    check_switches(ReadingError, resume=resume, recursive=recursive)
    settings = FormSettings(form=form, model=model)
    picture_files = PictureFiles(files, recursive=recursive, files_from=files_from, shard=shard)
    formatter = FormFormatter(settings.template)
    file_reading = FileReading(picture_files, settings, formatter, TablePaths.of(csv, jsonl, parquet), resume)
    return _written_readings(file_reading, picture_files, workers_for(picture_files.count(), workers), formatter)


def _written_readings(
    file_reading: FileReading, picture_files: PictureFiles, workers: int, formatter: FormFormatter
) -> Generator[FormReading, None, None]:
    with closing(written_pages(picture_files, file_reading, workers)) as pages:
        for page in pages:
            name = file_reading.name(page.index)
            if isinstance(page.result, DataError):
                yield formatter.failure(name, page.number, file_reading.problem(page))
            elif isinstance(page.result, FormReading):
                yield page.result.of(name, page.number)
