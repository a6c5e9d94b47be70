"""What a reading leaves for a desk."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.cli import main
from lenet.data import write_idx
from lenet.desk.fields import NO_PAGE, page_of_form, page_of_values
from lenet.desk.results_file import import_results
from lenet.desk.stack import Stack
from lenet.errors import DataError
from lenet.forms.results import FieldReading, FormReading, SumReading
from lenet.reading.lines.numbers import MAY_BE_DIGITS

DIGITS = Path(__file__).parents[2] / "examples" / "digits"


def of_form(*statuses: str, holds: bool | None = True) -> FormReading:
    fields = tuple(
        FieldReading(f"f{number}", "digits", "12", 0.9, (0, 0, 9, 30), status, "", (("17", 0.05),))
        for number, status in enumerate(statuses)
    )
    return FormReading("scan.png", 1, "form", fields, (SumReading("f2", ("f0", "f1"), holds),), size=(100, 80))


def test_of_a_form_what_is_doubtful_or_violates_needs_review():
    page = page_of_form(of_form("ok", "doubtful", "violates", "blank"))
    assert [field.needs_review for field in page.fields] == [False, True, True, False]
    assert all(field.bundle is None for field in page.fields)


def test_all_fields_of_a_sum_that_does_not_hold_are_asked_together_and_no_others():
    page = page_of_form(of_form("ok", "ok", "ok", "ok", holds=False))
    assert [(field.needs_review, field.bundle) for field in page.fields] == [(True, "f2")] * 3 + [(False, None)]
    assert page.sums == (("f2", ("f0", "f1")),)


def test_a_page_that_does_not_show_the_form_is_reported_beside_its_file(tmp_path):
    rejected = FormReading("scan.png", 2, "form", is_rejected=True, reason="does not show the form", size=(100, 80))
    stack = Stack(tmp_path)
    file = stack.add_file("scan.png", tmp_path / "scan.png")
    stack.finish_file(file, [page_of_form(of_form("ok")), page_of_form(rejected)])
    assert stack.files()[0]["problem"] == "page 2: does not show the form"
    assert (stack.counts().failed, stack.counts().pages) == (1, 2)


def test_a_form_comes_back_from_its_json():
    reading = of_form("ok", "doubtful", "violates", holds=False)
    assert page_of_values(json.loads(json.dumps(reading.to_dict()))) == page_of_form(reading)


def test_the_lines_of_a_page_are_its_fields_and_rejected_digits_make_one_doubtful():
    reading = lenet.read(DIGITS / "pi.png")
    page = page_of_values(reading.to_json())
    assert [field.text for field in page.fields] == reading.text.split("\n")
    for number, field in enumerate(page.fields):
        digits = [digit for digit in reading.digits if digit.line == number]
        assert field.needs_review == any(digit.is_rejected for digit in digits)
        assert field.box[0] == min(digit.box[0] for digit in digits)
        assert field.probability == pytest.approx(min(digit.probability for digit in digits), abs=1e-4)
    (asked,) = [field for field in page.fields if field.needs_review]
    assert all(len(text) == len(asked.text) for text, _ in asked.alternatives)
    probabilities = [probability for _, probability in asked.alternatives]
    assert probabilities == sorted(probabilities, reverse=True)


def digit(label: str, left: int, *, line: int = 0, rejected: bool = False) -> dict:
    box, other = [10, left, 30, left + 12], [["1", 0.2], ["8", 0.1]]
    return {"label": label, "probability": 0.7 if rejected else 0.99, "rejected": rejected, "box": box, "line": line,
            "alternatives": other, "no_digit": 0.0}  # fmt: skip


def cell(column: int, text: str, *, rejected: bool = False) -> dict:
    box = [0, 50 * column, 40, 50 * column + 50]
    return {"row": 0, "column": column, "text": text, "accepted": text, "rejected": rejected, "probability": 0.7,
            "box": box}  # fmt: skip


def test_the_cells_of_a_table_are_its_fields_blank_ones_are_none_and_unread_ink_needs_review():
    digits = [digit("4", 5), digit("2", 20), digit("7", 60, rejected=True)]
    cells = [cell(0, "42"), cell(1, "7", rejected=True), cell(2, ""), cell(3, "", rejected=True)]
    page = page_of_values({"file": "a.png", "page": 2, "size": [40, 200], "text": "42 7", "remark": "",
                           "digits": digits, "cells": cells})  # fmt: skip
    assert [(field.name, field.text, field.needs_review) for field in page.fields] == [
        ("row 1, column 1", "42", False), ("row 1, column 2", "7", True), ("row 1, column 4", "", True)
    ]  # fmt: skip
    assert page.fields[1].alternatives == (("1", 0.2), ("8", 0.1))
    assert page.number == 2


def page_with(ignored: list[dict], digits: list[dict]) -> list[tuple]:
    text = "".join(one["label"] for one in digits)
    values = {"file": "a.png", "size": [40, 200], "text": text, "remark": "why", "digits": digits, "ignored": ignored}
    return [(field.name, field.box, field.reason) for field in page_of_values(values).fields if field.needs_review]


def test_ink_that_was_left_out_and_may_be_digits_needs_review_and_so_is_a_page_of_which_nothing_was_read():
    marks = [{"box": [5, 90, 35, 120], "reason": MAY_BE_DIGITS}, {"box": [0, 0, 3, 3], "reason": "speck"}]
    assert page_with(marks, [digit("4", 5)]) == [("left out 1", (5, 90, 35, 120), MAY_BE_DIGITS)]
    assert page_with(marks[1:], []) == [("page", (0, 0, 40, 200), "why")]
    assert page_with(marks[1:], [digit("4", 5)]) == page_with([], []) == []


def test_ink_that_was_left_out_is_numbered_as_it_is_asked():
    boxes = [(60, 90, 90, 120), (5, 90, 35, 120), (5, 10, 35, 30)]
    marks = [{"reason": MAY_BE_DIGITS, "box": list(box)} for box in boxes]
    assert [(name, box) for name, box, _ in page_with(marks, [])] == [
        ("left out 1", boxes[2]), ("left out 2", boxes[1]), ("left out 3", boxes[0])
    ]  # fmt: skip


def test_ink_that_lies_in_other_ink_that_needs_review_is_not_asked_once_more():
    line, part, beside = [5, 10, 35, 190], [10, 10, 30, 60], [0, 150, 34, 195]
    marks = [{"box": box, "reason": MAY_BE_DIGITS} for box in (part, line, line, beside)]
    assert [box for _, box, _ in page_with(marks, [])] == [tuple(beside), tuple(line)]


def test_pictures_that_are_not_where_a_table_names_them_are_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    table = tmp_path / "read.jsonl"
    main(["read", str(DIGITS / "pi.png"), "--jsonl", str(table)])
    lines = table.read_text()
    import_results(table, lambda: Stack(tmp_path / "desk"))
    assert capsys.readouterr().err == ""
    table.write_text(lines + lines.replace("pi.png", "gone.png") + lines.replace("pi.png", "lost.png"))
    import_results(table, lambda: Stack(tmp_path / "desk"))
    assert capsys.readouterr().err.startswith(
        f"lenet: 2 pictures are not where {table} says, the first {DIGITS / 'gone.png'}, and fields of such are asked"
    )


def test_a_table_of_readings_becomes_a_stack_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = tmp_path / "read.jsonl"
    main(["read", str(DIGITS / "pi.png"), str(DIGITS / "phone.png"), "--jsonl", str(table)])
    for _ in range(2):
        assert import_results(table, lambda: Stack(tmp_path / "desk")) == 2
    stack = Stack(tmp_path / "desk")
    assert stack.counts().pages == 2
    assert {page["path"] for page in stack.pages()} == {str(DIGITS / "pi.png"), str(DIGITS / "phone.png")}


def test_a_page_that_a_table_has_twice_is_taken_as_it_was_read_last_and_no_page_is_lost(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def line(file, page, remark):
        return json.dumps({"file": file, "page": page, "digits": [], "text": "", "size": [9, 9], "remark": remark})

    table = tmp_path / "read.jsonl"
    lines = [line("a.pdf", 1, "first"), line("a.pdf", 1, "again"), line("b.png", 1, ""), line("a.pdf", 2, "")]
    table.write_text("\n".join(lines))
    assert import_results(table, lambda: Stack(tmp_path / "desk")) == 3
    pages = [(page["file_name"], page["number"], page["remark"]) for page in Stack(tmp_path / "desk").pages()]
    assert pages == [("a.pdf", 1, "again"), ("a.pdf", 2, ""), ("b.png", 1, "")]


def test_a_table_that_has_grown_adds_its_new_pages_and_what_was_answered_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sure, doubtful = digit("4", 5), digit("7", 5, rejected=True)

    def line(page, one):
        return json.dumps({"file": "a.pdf", "page": page, "digits": [one], "text": one["label"], "size": [40, 200]})

    unread = json.dumps({"file": "b.heic", "page": 1, "text": "", "remark": "b.heic: needs a package"})
    table, folder = tmp_path / "read.jsonl", tmp_path / "desk"
    table.write_text("\n".join([line(1, doubtful), unread]))
    assert import_results(table, lambda: Stack(folder)) == 2
    stack = Stack(folder)
    assert (stack.counts().pages, stack.counts().failed) == (1, 1)
    stack.answer("ann", stack.lease("ann")[0]["id"], "1")
    stack.close()
    table.write_text(
        "\n".join([line(1, sure), line(2, sure), line(3, doubtful), line(1, sure).replace("a.pdf", "b.heic")])
    )
    assert import_results(table, lambda: Stack(folder)) == 4
    stack = Stack(folder)
    pages = [(page["file_name"], page["number"]) for page in stack.pages()]
    assert pages == [("a.pdf", 1), ("a.pdf", 2), ("a.pdf", 3), ("b.heic", 1)]
    assert (stack.counts().failed, stack.counts().for_review, stack.counts().answered) == (0, 2, 1)
    assert stack.fields()[0]["answer"] == "1"


def test_a_table_whose_lines_are_answers_of_their_own_gives_pages_with_all_lines(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    phone = np.asarray(Image.open(DIGITS / "phone.png").convert("L"))
    Image.fromarray(np.concatenate([phone, phone])).save("two.png")
    files = ["two.png", str(DIGITS / "pi.png")]
    for name, lines in (("pages", []), ("lines", ["--lines"])):
        main(["read", *files, "--jsonl", str(tmp_path / f"{name}.jsonl"), *lines])
        assert import_results(tmp_path / f"{name}.jsonl", lambda name=name: Stack(tmp_path / name)) == 2
    stacks = [Stack(tmp_path / name) for name in ("pages", "lines")]
    by_page, by_line = [[(one["page"], one["name"], one["text"]) for one in stack.fields()] for stack in stacks]
    assert by_line == by_page
    assert len({page for page, *_ in by_page}) < len(by_page), "a page has several lines"


def test_digits_of_an_idx_file_in_a_table_are_told_and_the_pictures_are_reviewed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_idx(tmp_path / "two.idx", np.zeros((2, 28, 28), np.uint8))
    main(["read", "two.idx", str(DIGITS / "pi.png"), "--jsonl", "read.jsonl"])
    assert import_results(tmp_path / "read.jsonl", lambda: Stack(tmp_path / "desk")) == 2
    stack = Stack(tmp_path / "desk")
    assert [file["problem"] for file in stack.files()] == [NO_PAGE, ""]
    assert stack.counts().pages == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no readings"),
        ("no json\n", "line 1: not JSON"),
        ('{"file": "a.png", "page": 1}\n{"page": 2}\n', "line 2: no entry 'file'"),
        ('{"file": "a.png", "digits": [{}], "size": [1, 1], "text": ""}\n', r"line 1: no entry 'digits\[0\].label'"),
        ('{"file": "a.png", "form": "f", "fields": 3}\n', "line 1: "),
    ],
)
def test_what_is_no_table_of_readings_is_refused_before_a_stack_is_made(tmp_path, content, message):
    table = tmp_path / "read.jsonl"
    table.write_text(content)
    with pytest.raises(DataError, match=message):
        import_results(table, lambda: Stack(tmp_path / "desk"))
    assert not (tmp_path / "desk").exists()


@pytest.mark.parametrize(
    ("of_page", "of_digit", "message"),
    [
        ({}, {"probability": None}, r"digits\[0\].probability is None, expected a number of 0 to 1"),
        ({}, {"probability": "0.7"}, r"digits\[0\].probability is '0.7', expected a number"),
        ({}, {"label": 7}, r"digits\[0\].label is 7, expected a text"),
        ({}, {"line": -5}, r"digits\[0\].line is -5, expected a whole number of at least 0"),
        ({}, {"box": [1.5, 2, 3, 4]}, r"digits\[0\].box is .*, expected a list of 4 whole numbers"),
        ({}, {"rejected": "no"}, r"digits\[0\].rejected is 'no', expected true or false"),
        ({}, {"alternatives": [["1", "x"]]}, "alternatives.probability is 'x'"),
        ({}, {"alternatives": [3]}, "an entry of alternatives is 3"),
        ({"page": 10**30}, {}, "expected at most 2,147,483,647"),
        ({"size": [10**30, 1]}, {}, "expected at most 2,147,483,647"),
        ({"remark": "\udcff"}, {}, "half a character"),
        ({"cells": [3]}, {}, r"cells\[0\] is 3, expected a record"),
        ({"ignored": [3]}, {}, r"ignored\[0\] is 3, expected a record"),
        ({"line": "x"}, {}, "line is 'x', expected a whole number"),
    ],
)
def test_a_damaged_value_in_a_table_is_named_with_its_place_before_a_stack_is_made(
    tmp_path, of_page, of_digit, message
):
    values = {
        "file": "a.png",
        "page": 1,
        "text": "7",
        "size": [40, 200],
        "digits": [digit("7", 5) | of_digit],
    } | of_page
    (tmp_path / "read.jsonl").write_text(json.dumps(values))
    with pytest.raises(DataError, match=rf"read.jsonl, line 1: .*{message}.*; expected what lenet read --jsonl writes"):
        import_results(tmp_path / "read.jsonl", lambda: Stack(tmp_path / "desk"))
    assert not (tmp_path / "desk").exists()
