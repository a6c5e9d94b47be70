"""Labels of a form: each belongs to a field, and a page that says something else there is no page of the form."""

import cv2
import numpy as np
import pytest

from lenet.forms.alignment import Sheet, align
from lenet.forms.labels import find_labels, other_labels, visible_labels
from lenet.pictures.loading import open_picture
from tests.forms.filled import FilledForm

SIZE = (34, 110)  # height and width of a label's place on the blank page


@pytest.fixture(scope="module")
def sheet(form) -> Sheet:
    return Sheet.of(open_picture(form.blank))


def place(form: FilledForm, name: str) -> tuple[slice, slice]:
    """Where the label left of a field stands."""
    top = round(form.places[name][0][0]) + 8
    return slice(top, top + SIZE[0]), slice(100, 100 + SIZE[1])


def with_labels(form: FilledForm, page: np.ndarray, others: dict[str, str]) -> np.ndarray:
    """The page with labels of other fields in the places of some."""
    changed = page.copy()
    for name, other in others.items():
        changed[place(form, name)] = form.blank[place(form, other)]
    return changed


def test_each_field_has_its_label_and_the_foot_of_the_page_is_none(form, sheet):
    labels = find_labels(sheet, form.template)
    assert {field.name for field in form.template.fields} == {label.field for label in labels if label.field}
    assert [label.field for label in labels if label.window[0].start > 0.9 * sheet.shape[0]] == [None]
    beside = {label.field for label in labels if label.window[1].start < 100 and label.window[0].start > 400}
    assert {"married", "class", "quarter", "rent", "total"} <= beside  # the boxes of another field are nearer to some


def test_a_form_with_two_labels_exchanged_leaves_both_fields_doubtful(form, reader):
    scan = form.scan(form.values(0))
    reading = reader.read(with_labels(form, scan, {"rent": "heating", "heating": "rent"}))
    doubtful = [field.name for field in reading.fields if field.reason.startswith("the page says something else")]
    assert doubtful == ["rent", "heating"]
    assert {reading[name].status for name in doubtful} == {"doubtful"}
    blank = reader.read(with_labels(form, form.blank, {"rent": "heating", "heating": "rent"}))
    assert {field.name for field in blank.with_status("doubtful")} == {"rent", "heating"}


def test_a_form_whose_labels_are_others_is_rejected(form, reader):
    page, (y, x) = form.scan(form.values(0)), reader._sheet.scale
    for label in reader._labels:
        rows, columns = (
            slice(round(one.start / scale), round(one.stop / scale))
            for one, scale in zip(label.window, (y, x), strict=True)
        )
        page[rows, columns] = page[rows, columns][:, ::-1]
    reading = reader.read(page)
    assert reading.is_rejected
    assert reading.reason.startswith("is another form: ")
    assert reading.reason.endswith(" labels are others")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_labels_in_photos_are_those_of_the_form(form, sheet, number):
    labels = find_labels(sheet, form.template)
    page = align(open_picture(form.photo(form.values(number), number)), sheet)
    assert visible_labels(page, labels) == list(labels)
    assert other_labels(page, sheet, labels) == []


@pytest.mark.parametrize("blur", [2, 4])
def test_words_of_a_blurred_page_are_no_others(form, sheet, blur):
    labels = find_labels(sheet, form.template)
    page = align(open_picture(cv2.GaussianBlur(form.scan(form.values(0)), (0, 0), blur)), sheet)
    assert other_labels(page, sheet, labels) == []


def test_a_stroke_across_a_word_is_no_other_word(form, sheet):
    scan = form.scan(form.values(0))
    scan[place(form, "heating")][15:18] = 60
    labels = find_labels(sheet, form.template)
    assert other_labels(align(open_picture(scan), sheet), sheet, labels) == []


def test_labels_outside_the_picture_are_not_missed(form, reader):
    reading = reader.read(form.scan(form.values(0))[:, 300:].copy())  # without the column of labels
    assert not [field for field in reading.fields if field.reason.startswith("the page says something else")]
    assert reading["waste"].status == "ok"
