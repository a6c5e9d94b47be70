"""The desk: a folder's stack, its reading in the background, its pictures, and uploaded files."""

import re
import threading
from pathlib import Path
from typing import Any

from lenet.desk.background import BackgroundReading, read_with
from lenet.desk.pictures import PagePictures
from lenet.desk.stack import Stack, Unwritable
from lenet.errors import reason_of
from lenet.files import write_atomically
from lenet.forms.batch import FormSettings
from lenet.model import Model
from lenet.pictures import SUFFIXES
from lenet.reading.batch.pages import Settings

UPLOADS = "files"  # the folder within a desk's that uploaded files are kept in
_MAX_NAME_LENGTH = 200  # bytes, of the 255 that file systems take


class Desk:
    """A review desk: a folder with a stack of files, whose doubtful fields people answer.

    Args:
        folder: made if it is not there; pictures that lie in it are put on the stack.
        form: the template that pages are read by; as ``lenet read`` reads them if None. Files that were read without
            it, or by another one, are read again, unless somebody has answered or typed something of theirs.
        model: reads the pages; the one that ships if None.

    Raises:
        LeNetError: if the folder cannot be written, or the template is wrong.
    """

    def __init__(
        self,
        folder: str | Path,
        form: str | Path | None = None,
        model: Model | None = None,
    ) -> None:
        settings = Settings(model=model) if form is None else FormSettings(form=Path(form), model=model)
        self.folder, self._upload_lock = Path(folder), threading.Lock()
        self.stack, self.pictures = Stack(self.folder), PagePictures()
        self._reading = BackgroundReading(self.stack, read_with(settings))
        self._template = settings.template if isinstance(settings, FormSettings) else None
        if self._template is not None:
            self.stack.read_again(self._template.name)
        for path in sorted(self.folder.iterdir()):
            if path.is_file() and path.suffix.lower() in SUFFIXES:
                self.stack.add_file(path.name, path.resolve())

    def start(self) -> None:
        """Begin to read what waits."""
        self._reading.start()

    def stop(self) -> None:
        """End behind the file that is being read."""
        self._reading.stop()
        self.stack.close()

    def upload(self, name: str, content: bytes) -> int:
        """Keep a file that was uploaded, put it on the stack, and return its number.

        Raises:
            Unwritable: if it cannot be kept.
        """
        folder = self.folder / UPLOADS
        with self._upload_lock:  # two that come at once, of one name, must not get one number
            numbers = [re.match(r"([0-9]+)-", path.name) for path in folder.glob("[0-9]*-*")]
            number = 1 + max((int(match[1]) for match in numbers if match), default=0)
            path = folder / f"{number:06d}-{_file_name(name)}"
            try:
                write_atomically(path, content)
            except OSError as error:
                raise Unwritable(f"{name}: cannot be kept ({reason_of(error)})") from None
        file = self.stack.add_file(name, path.resolve())
        self._reading.wake()
        return file

    def violation(self, field: int, text: str) -> str:
        """Why a text cannot be what stands in a field, by the form's template; empty if it can, and of no text."""
        record = self.stack.field(field)
        if self._template is None or record is None or not text:
            return ""
        if self.page_of(record)["form_name"] != self._template.name:
            return ""
        template_field = next((one for one in self._template.fields if one.name == record["name"]), None)
        return "" if template_field is None else template_field.violation(text) or template_field.blank_boxes(text)

    def page_of(self, field: dict[str, Any]) -> dict[str, Any]:
        """The page of a field."""
        page = self.stack.page(field["page"])
        if page is None:
            raise AssertionError(f"field {field['id']} has no page")
        return page


def _file_name(name: str) -> str:
    r"""A name that every system takes for a file's.

    >>> _file_name("Scan 3.PDF"), _file_name("../a\x00:b")
    ('Scan_3.PDF', '_a__b')
    """
    plain = re.sub(r"[^\w.-]", "_", name).encode()[-_MAX_NAME_LENGTH:].decode(errors="ignore")
    return plain.lstrip(".") or "picture"
