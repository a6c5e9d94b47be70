"""Export of a stack: its table as CSV or XLSX, and labeled crops for ``lenet adapt``."""

import importlib.util
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lenet.desk.fields import problem_of
from lenet.desk.pictures import PagePictures
from lenet.desk.stack import Stack
from lenet.errors import DataError, printable, required
from lenet.reading.tables.csv_cells import line_of_cells

UNANSWERED = "?"  # the text of a field that needs an answer and has none yet
_PAGE_COLUMNS, _REMARK = ("file", "page"), "remark"
_NOT_READ_YET = "not read yet"
_NOT_IN_WORKBOOKS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_LABEL_MARGIN = 0.1  # around a crop, of the field's height: ink farther off does not belong to what is written in it


def table_of(stack: Stack) -> Iterator[list[str]]:
    """The rows of a stack's table, the first with the columns' names.

    If every page is one of the same form, each is a row with its fields; else each field is a row: its name, text, and
    whether it was ``read``, ``answered`` by somebody, or is still ``open``. The last column holds remarks: a page
    without fields is a row, too, and so is a file that could not be read, or was not yet.
    """
    pages = stack.pages()
    form_names = {page["form_name"] for page in pages}
    if len(form_names) == 1 and "" not in form_names:
        texts = [{field["name"]: text_of(field) for field in _fields_of_page(stack, page)} for page in pages]
        names = list(dict.fromkeys(name for of_page in texts for name in of_page))
        rows = [(page, [of_page.get(name, "") for name in names]) for page, of_page in zip(pages, texts, strict=True)]
    else:
        names = ["field", "text", "state"]
        rows = [(page, cells) for page in pages for cells in _rows_of_fields(stack, page) or [["", "", ""]]]
    yield [*_PAGE_COLUMNS, *names, _REMARK]
    for page, cells in rows:
        yield [page["file_name"], str(page["number"]), *cells, page["remark"]]
    for name, remark in _unread_files(stack, pages):
        yield [name, "", *("" for _ in names), remark]


def _rows_of_fields(stack: Stack, page: Mapping[str, Any]) -> list[list[str]]:
    """Of each field of a page its name, text and state."""
    return [
        [
            field["name"],
            text_of(field),
            "answered" if field["answer"] is not None else "open" if field["needs_review"] else "read",
        ]
        for field in _fields_of_page(stack, page)
    ]


def _unread_files(stack: Stack, pages: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Files of which not all is read: name and why; pages of other forms stand in the table with theirs."""
    files = stack.files()
    problems = {file["id"]: file["problem"] for file in files}
    for page in pages:
        problems[page["file"]] = problems[page["file"]].replace(problem_of(page["number"], page["remark"]), "")
    for file in files:
        problem = problems[file["id"]].strip("; ")
        if problem or file["state"] == "waiting":
            yield file["name"], problem or _NOT_READ_YET


def text_of(field: Mapping[str, Any]) -> str:
    """The text of a field: what was answered; else what was read, if it needs no review; else `UNANSWERED`."""
    if field["answer"] is not None:
        return str(field["answer"])
    return UNANSWERED if field["needs_review"] else str(field["text"])


def csv_of(stack: Stack) -> bytes:
    """The table as CSV in UTF-8; an apostrophe protects the texts that a spreadsheet would change."""
    return "".join(f"{line_of_cells(row)}\r\n" for row in table_of(stack)).encode("utf-8", "backslashreplace")


def has_xlsx() -> bool:
    """Whether openpyxl is installed, which `xlsx_of` needs."""
    return importlib.util.find_spec("openpyxl") is not None


def xlsx_of(stack: Stack) -> bytes:
    """The table as an XLSX workbook, each cell of the type text.

    Raises:
        MissingExtra: if openpyxl is not installed.
    """
    with required("openpyxl", "desk", "XLSX"):
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
    book = Workbook(write_only=True)
    sheet = book.create_sheet("lenet")
    for row in table_of(stack):
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, value=_NOT_IN_WORKBOOKS.sub("", printable(text)))
            cell.data_type, cell.number_format = "s", "@"  # a text, whatever it begins with
            cells.append(cell)
        sheet.append(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def labels_of(stack: Stack, pictures: PagePictures) -> bytes:
    """A ZIP file of the answered fields' crops, and ``labels.csv`` with their digits, as ``lenet adapt`` takes it.

    Left out are fields whose answer has no digit, check boxes (no crop shows their answer), and fields whose picture
    is not there any more.
    """
    lines, file = ["file,label,kind"], io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for page in stack.pages():
            for field in _fields_of_page(stack, page):
                digits = re.sub(r"[^0-9]", "", field["answer"] or "")
                if not digits or field["kind"] == "ticks":
                    continue
                try:
                    crop = pictures.crop(
                        Path(page["path"]), page["number"], field["box"], page["rotation"], _LABEL_MARGIN
                    )
                except DataError:
                    continue
                name = f"field-{field['id']:06d}.png"
                archive.writestr(name, crop)
                lines.append(f"{name},{digits},{'single' if len(digits) == 1 else 'string'}")
        archive.writestr("labels.csv", "\n".join(lines) + "\n")
    return file.getvalue()


def _fields_of_page(stack: Stack, page: Mapping[str, Any]) -> list[dict[str, Any]]:
    record = stack.page(page["id"])
    return [] if record is None else record["fields"]
