"""The tables and labels that a desk exports."""

import csv
import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from lenet.desk.desk import Desk
from lenet.desk.export import csv_of, labels_of, xlsx_of
from lenet.desk.fields import Field, PageFields
from lenet.desk.pictures import PagePictures
from lenet.desk.stack import Stack
from lenet.errors import LeNetError
from lenet.reading.batch.labels import read_labels

ANSWERS = {"f0": "0042", "f1": "=1+1", "f2": "", "f3": "12-5"}


def stack_of(folder: Path, form: str) -> Stack:
    stack, path = Stack(folder), folder / "scan.png"
    Image.new("L", (200, 50), 200).save(path)
    fields = [
        Field(f"f{n}", "digits", "7", 0.5, (5, 40 * n, 45, 40 * n + 30), "doubtful", needs_review=True)
        for n in range(5)
    ]
    fields.append(Field("sure", "digits", "0815", 0.99, (5, 160, 45, 200)))
    stack.finish_file(stack.add_file("scan.png", path), [PageFields(1, (50, 200), tuple(fields), form_name=form)])
    for field in stack.lease("ann", 5):
        if field["name"] in ANSWERS:
            stack.answer("ann", field["id"], ANSWERS[field["name"]])
    return stack


def test_each_page_of_a_form_is_a_row_and_what_is_open_is_marked(tmp_path):
    head, row = csv.reader(io.StringIO(csv_of(stack_of(tmp_path, "form")).decode()))
    assert head == ["file", "page", "f0", "f1", "f2", "f3", "f4", "sure", "remark"]
    assert row == ["scan.png", "1", "'0042", "'=1+1", "", "'12-5", "?", "'0815", ""]


def test_each_field_of_other_pages_is_a_row_with_its_state(tmp_path):
    rows = list(csv.reader(io.StringIO(csv_of(stack_of(tmp_path, "")).decode())))
    assert {row[-1] for row in rows[1:]} == {""}
    assert [row[2:-1] for row in rows] == [
        ["field", "text", "state"], ["f0", "'0042", "answered"], ["f1", "'=1+1", "answered"], ["f2", "", "answered"],
        ["f3", "'12-5", "answered"], ["f4", "?", "open"], ["sure", "'0815", "read"],
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["form", ""])
def test_no_page_and_no_file_is_missing_from_the_table_and_the_remark_says_why_nothing_stands_there(tmp_path, form):
    stack = stack_of(tmp_path, form)
    other = PageFields(2, (50, 200), (), "does not show this form", form)
    stack.finish_file(stack.add_file("mixed.pdf", tmp_path / "mixed.pdf"), [other], "page 1: is damaged")
    stack.finish_file(stack.add_file("broken.jpg", tmp_path / "broken.jpg"), [], "not a picture")
    stack.add_file("late.png", tmp_path / "late.png")
    rows = list(csv.reader(io.StringIO(csv_of(stack).decode())))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert [(row[0], row[1], row[-1]) for row in rows if row[0] not in ("file", "scan.png")] == [
        ("mixed.pdf", "2", "does not show this form"), ("mixed.pdf", "", "page 1: is damaged"),
        ("broken.jpg", "", "not a picture"), ("late.png", "", "not read yet"),
    ]  # fmt: skip


def test_a_workbook_holds_the_same_texts_and_no_formula(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_of(stack_of(tmp_path, "form")))).active
    (_, row) = sheet.iter_rows()
    assert [cell.value for cell in row] == ["scan.png", "1", "0042", "=1+1", None, "12-5", "?", "0815", None]
    assert {cell.data_type for cell in row if cell.value} == {"s"}


def test_labels_are_a_folder_that_adapt_reads_with_the_crops_of_what_was_answered(tmp_path):
    stack = stack_of(tmp_path / "desk", "form")
    zipfile.ZipFile(io.BytesIO(labels_of(stack, PagePictures()))).extractall(tmp_path / "out")
    pictures = read_labels(tmp_path / "out")
    assert [(picture.label, picture.kind) for picture in pictures] == [
        ("0042", "string"), ("11", "string"), ("125", "string")
    ]  # fmt: skip
    with Image.open(pictures[0].path) as crop:
        assert crop.size == (34, 48)  # the box of 30×40 with a tenth of its height around, up to the picture's side


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_crops_of_a_page_that_lies_on_its_side_or_upside_down_are_upright(tmp_path, rotation):
    upright = Image.new("L", (40, 40), 255)
    upright.paste(0, (0, 0, 20, 10))
    upright.rotate(rotation, expand=True).save(tmp_path / "a.png")
    crop = PagePictures().crop(tmp_path / "a.png", 1, (0, 0, 40, 40), rotation, 0)
    assert Image.open(io.BytesIO(crop)).convert("L").tobytes() == upright.tobytes()


def test_pictures_that_are_gone_leave_the_tables_whole(tmp_path):
    stack = stack_of(tmp_path / "desk", "form")
    (tmp_path / "desk" / "scan.png").unlink()
    archive = zipfile.ZipFile(io.BytesIO(labels_of(stack, PagePictures())))
    assert archive.namelist() == ["labels.csv"]
    assert b"0042" in csv_of(stack)


def test_pictures_that_lie_in_the_folder_are_on_the_stack_and_dropped_names_are_harmless(tmp_path):
    Image.new("L", (40, 40), 255).save(tmp_path / "a.png")
    (tmp_path / "note.txt").write_text("no picture")
    desk = Desk(tmp_path)
    assert [file["name"] for file in desk.stack.files()] == ["a.png"]
    desk.upload("../../evil\0.png", b"x")
    desk.upload("../../evil\0.png", b"y")
    paths = [path for _, path in desk.stack.waiting()]
    assert [path.parent for path in paths[1:]] == [tmp_path / "files"] * 2
    assert len({path.name for path in paths}) == 3
    assert [file["name"] for file in Desk(tmp_path).stack.files()] == [file["name"] for file in desk.stack.files()]


def test_files_of_one_name_that_are_dropped_at_once_are_all_there(tmp_path):
    desk = Desk(tmp_path)
    contents = [f"{number}".encode() for number in range(24)]
    with ThreadPoolExecutor(8) as threads:
        numbers = list(threads.map(lambda content: desk.upload("image.jpg", content), contents))
    assert len(set(numbers)) == len(contents)
    assert sorted(path.read_bytes() for _, path in desk.stack.waiting()) == sorted(contents)


def test_the_choices_of_check_boxes_are_no_labels(tmp_path):
    stack, path = Stack(tmp_path), tmp_path / "scan.png"
    Image.new("L", (200, 50), 200).save(path)
    fields = tuple(
        Field(name, kind, "", 0.5, (5, 5, 45, 45), "doubtful", needs_review=True)
        for name, kind in (("marks", "ticks"), ("year", "digits"))
    )
    stack.finish_file(stack.add_file("scan.png", path), [PageFields(1, (50, 200), fields, form_name="form")])
    for field in stack.lease("ann", 2):
        stack.answer("ann", field["id"], "4")
    with zipfile.ZipFile(io.BytesIO(labels_of(stack, PagePictures()))) as archive:
        assert archive.namelist() == ["field-000002.png", "labels.csv"]
        assert archive.read("labels.csv") == b"file,label,kind\nfield-000002.png,4,single\n"


def test_files_of_long_names_in_any_script_are_kept_whatever_else_lies_in_their_folder(tmp_path):
    desk = Desk(tmp_path)
    desk.upload("\u626b\u63cf" * 100 + ".png", b"x")
    (tmp_path / "files" / "2024 scans-1.png").write_bytes(b"y")
    desk.upload("a.png", b"z")
    names = [path.name for _, path in desk.stack.waiting()]
    assert [name[:7] for name in names] == ["000001-", "000002-"]
    assert names[0].endswith("\u63cf.png")
    assert [path.read_bytes() for _, path in desk.stack.waiting()] == [b"x", b"z"]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LeNetError, match="choose another folder"):
        Desk(tmp_path / "file" / "stack")
