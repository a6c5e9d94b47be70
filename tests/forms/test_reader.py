"""Reading by a form's template: photos of its pages become fields with a status each; anything else is rejected."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import lenet
from lab.benchmarks.photographed_forms import photograph_page
from lenet.errors import DataError
from lenet.forms.reader import FormReader
from lenet.forms.template import Template, TemplateError

EXAMPLES = Path(__file__).parents[2] / "examples/digits"


@pytest.fixture(scope="module")
def scanned(form, reader):
    values = form.values(0)
    return values, form.scan(values), reader.read(form.scan(values))


def test_every_kind_of_field_is_read_on_a_scan(scanned):
    values, _, reading = scanned
    wrong = {
        field.name: (field.text, values[field.name]) for field in reading.fields if field.text != values[field.name]
    }
    assert len(wrong) <= 1, wrong
    assert not [field for field in reading.with_status("ok") if field.text != values[field.name]]
    assert {field.kind for field in reading.with_status("ok")} == {"digits", "number", "date", "ticks"}
    assert [one.holds for one in reading.sums] == [True, True]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_photos_in_perspective_with_folds_and_shadows_are_read(form, reader, number):
    values = form.values(number)
    reading = reader.read(form.photo(values, number))
    assert not reading.is_rejected
    right = sum(field.text == values[field.name] for field in reading.fields)
    assert right >= 22
    assert not [field for field in reading.with_status("ok") if field.text != values[field.name]]


@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_a_page_on_its_side_or_upside_down_is_read_as_upright(scanned, reader, quarter_turns):
    _, scan, upright = scanned
    turned = reader.read(np.rot90(scan, quarter_turns).copy())
    assert turned.rotation == 90 * quarter_turns
    assert f"was turned by {90 * quarter_turns} degrees" in turned.remarks[0]
    assert sum(a.text == b.text for a, b in zip(turned.fields, upright.fields, strict=True)) >= 23


def test_boxes_and_corners_are_in_the_pictures_pixels(scanned, reader):
    _, scan, upright = scanned
    shifted = np.full((scan.shape[0] + 300, scan.shape[1] + 200), 255, np.uint8)
    shifted[200 : 200 + scan.shape[0], 50 : 50 + scan.shape[1]] = scan
    for field, moved in zip(upright.fields, reader.read(shifted).fields, strict=True):
        expected = np.add(field.box, (200, 50, 200, 50))
        assert np.abs(np.array(moved.box) - expected).max() <= 3
        assert np.abs(np.array(moved.corners) - np.array(field.corners) - (200, 50)).max() <= 3


def test_every_field_of_an_unfilled_page_is_blank(form, reader):
    reading = reader.read(form.blank)
    assert {field.status for field in reading.fields} == {"blank"}
    assert reading.status == "blank"
    assert reading.remarks == ("no field is filled",)


@pytest.mark.parametrize("number", [4, 5])
def test_photos_of_an_unfilled_page_are_blank_too(form, reader, number):
    photo = photograph_page(form.blank, np.zeros(form.blank.shape, np.float32), np.random.default_rng([78, number]))
    reading = reader.read(photo)
    assert {field.status for field in reading.fields} == {"blank"}
    assert "no field is filled" in reading.remarks


def test_an_unfilled_page_printed_heavily_or_scanned_small_is_blank(form, reader):
    heavy = cv2.erode(form.blank, np.ones((3, 3), np.uint8))
    small = cv2.resize(form.blank, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    for page in (heavy, small):
        assert reader.read(page).status == "blank"


def test_fields_outside_of_a_cropped_picture_are_reported_and_never_read(scanned, reader):
    values, scan, _ = scanned
    cropped = reader.read(scan[:, :700].copy())
    outside = [field for field in cropped.fields if field.reason == "lies outside the picture"]
    assert {"zip", "article", "all"} <= {field.name for field in outside}
    assert all((field.text, field.status) == ("", "doubtful") for field in outside)
    assert "fields outside the picture: " in cropped.remarks[0]
    assert cropped["number"].text == values["number"]


@pytest.mark.parametrize(
    "picture",
    [
        np.full((1200, 900), 240, np.uint8),
        np.zeros((1200, 900), np.uint8),
        np.random.default_rng(1).integers(0, 256, (1200, 900), np.uint8),
        EXAMPLES / "phone.png",
        EXAMPLES.parents[1] / "docs/images/lenet-5-poster.png",
    ],
    ids=["white", "black", "noise", "digits", "poster"],
)
def test_what_does_not_show_the_form_is_rejected_with_the_reason(reader, picture):
    reading = reader.read(picture)
    assert reading.is_rejected
    assert reading.fields == ()
    assert "form" in reading.reason


def test_another_form_of_the_same_look_is_rejected(scanned, form, reader):
    _, scan, _ = scanned
    other = scan.copy()
    other[170:1700] = np.roll(scan[170:1700][::-1], 57, axis=0)  # the same head and foot, other fields
    reading = reader.read(other)
    assert reading.is_rejected or not reading.with_status("ok")


def test_a_mirrored_page_is_rejected(scanned, reader):
    assert reader.read(scanned[1][:, ::-1].copy()).is_rejected


def test_a_check_digit_that_no_reading_meets_is_a_violation(form, reader):
    values = form.values(0)
    body = values["account"][:-2]
    wrong = f"{body}{(int(values['account'][-2:]) + 37) % 100:02d}"
    field = reader.read(form.scan(values | {"account": wrong}))["account"]
    assert field.status in ("violates", "doubtful")
    assert field.status != "violates" or "check digit (mod-97-10)" in field.reason


def test_a_sum_that_does_not_hold_marks_all_its_fields(form, reader):
    values = form.values(0)
    reading = reader.read(form.scan(values | {"all": "123" if values["all"] != "123" else "321"}))
    assert [one.holds for one in reading.sums] == [True, False]
    assert {reading[name].status for name in ("week 1", "week 2", "week 3", "all")} == {"violates"}
    assert "week 1 + week 2 + week 3 add up to" in reading["all"].reason


def test_two_ticks_violate_and_none_is_blank(form, reader):
    values = form.values(0)
    both = np.minimum(form.scan(values | {"class": "a"}), form.scan(values | {"class": "c"}))
    assert (reader.read(both)["class"].status, reader.read(both)["class"].reason) == ("violates", "a and c are ticked")
    assert reader.read(form.scan(values | {"class": ""}))["class"].status == "blank"


def test_a_value_out_of_its_range_violates(form, reader):
    field = reader.read(form.scan(form.values(0) | {"year": "1066"}))["year"]
    assert field.status == "violates"
    assert field.reason == "is below 1950"


def test_strokes_that_cross_printed_rules_stay_whole(form, reader):
    from lenet.forms.alignment import align
    from lenet.forms.handwriting import written_levels
    from lenet.pictures.loading import open_picture

    page = form.blank.copy()
    page[300:900, 300:310] = 20  # a stroke down across boxes
    sheet = reader._sheet
    written = written_levels(align(open_picture(page), sheet), sheet, np.s_[:, :])
    scale = sheet.scale[0]
    column = written[int(310 * scale) : int(890 * scale), int(302 * scale) : int(309 * scale)].max(axis=1)
    assert (column > 0.4).mean() > 0.99
    beside = written[int(310 * scale) : int(890 * scale), int(320 * scale) :]
    assert (beside > 0.25).mean() < 0.0005


def test_the_python_verb_reads_a_page_too(form, scanned):
    _, scan, reading = scanned
    assert lenet.read_form(scan, form.path).values == reading.values


# --- templates and their blank pages ---------------------------------------------------------------------------------


def test_a_template_without_a_blank_page_is_refused():
    template = Template.parse('page = [10, 10]\n[[field]]\nname = "a"\nkind = "digits"\nbox = [0, 0, 5, 5]\n')
    with pytest.raises(TemplateError, match="names no blank page"):
        FormReader(template)


def test_a_blank_page_that_is_missing_or_not_the_templates_is_refused(form, tmp_path):
    text = form.path.read_text()
    (tmp_path / "form.toml").write_text(text)
    with pytest.raises(DataError, match=r"blank.png: the form's blank page cannot be read"):
        FormReader(tmp_path / "form.toml")
    Image.fromarray(form.blank).save(tmp_path / "blank.png")
    digest = hashlib.sha256((tmp_path / "blank.png").read_bytes()).hexdigest()
    named = text.replace('blank = "blank.png"', f'blank = "blank.png"\nsha256 = "{digest}"')
    (tmp_path / "form.toml").write_text(named)
    assert FormReader(tmp_path / "form.toml").template.digest == digest
    Image.fromarray(form.blank[::-1]).save(tmp_path / "blank.png")
    with pytest.raises(TemplateError, match="is not the blank page of the template form"):
        FormReader(tmp_path / "form.toml")
