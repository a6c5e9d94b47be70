"""Templates from blank pages: every box, comb and line becomes a field, and the template reads pages as it is."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

import lenet
from lenet.errors import DataError, LeNetError
from lenet.forms.template import Template


def test_all_fields_of_a_printed_form_are_found_with_their_boxes(form, tmp_path):
    drafted = lenet.new_form(form.path.parent / "blank.png", tmp_path / "new.toml")
    assert len(drafted.fields) == len(form.template.fields) == 24
    for field in form.template.fields:
        nearest = min(drafted.fields, key=lambda one: np.abs(np.array(one.box) - field.box).max())
        assert np.abs(np.array(nearest.box) - field.box).max() <= 4
        assert len(nearest.cells) == len(field.cells)
        assert len(nearest.choices) == len(field.choices)
        assert (nearest.kind == "ticks") == (field.kind == "ticks")


def test_the_template_that_is_written_reads_a_page(form, tmp_path):
    lenet.new_form(form.path.parent / "blank.png", tmp_path / "new.toml")
    values = form.values(0)
    reading = lenet.read_form(form.scan(values), tmp_path / "new.toml")
    texts = [field.text for field in reading.fields]
    assert {values["number"], values["account"], values["isbn"], values["rent"].replace(",", "")} <= set(texts)
    with Image.open(tmp_path / "new.png") as drawing:
        assert drawing.size == form.blank.shape[::-1]


def test_combs_and_lines_are_found_too(tmp_path):
    page = Image.new("L", (1000, 1400), 255)
    draw = ImageDraw.Draw(page)
    draw.text((100, 60), "A form of combs and lines", fill=0, font_size=40)
    for y in (200, 320, 440):
        draw.line((100, y + 50, 100 + 8 * 40, y + 50), fill=0, width=2)
        for tooth in range(9):
            draw.line((100 + 40 * tooth, y + 20, 100 + 40 * tooth, y + 50), fill=0, width=2)
    draw.line((500, 300, 900, 300), fill=0, width=2)
    page.save(tmp_path / "blank.png")
    drafted = lenet.new_form(tmp_path / "blank.png", tmp_path / "form.toml")
    assert [len(field.cells) for field in drafted.fields if field.kind == "digits"] == [8, 8, 8]
    [line] = [field for field in drafted.fields if field.kind == "number"]
    assert np.abs(np.array(line.box)[1:] - (500, 300, 900)).max() <= 4


def test_a_template_that_is_there_is_kept(form, tmp_path):
    blank, template = form.path.parent / "blank.png", tmp_path / "new.toml"
    template.write_text("mine")
    with pytest.raises(LeNetError, match=r"new.toml: is there already"):
        lenet.new_form(blank, template)
    assert template.read_text() == "mine"
    lenet.new_form(blank, template, overwrite=True)
    assert Template.load(template).name == "new"


@pytest.mark.parametrize(("blank", "template"), [("b\udcff.png", "a.toml"), ("b.png", "a\n.toml")])
def test_names_that_no_template_can_hold_are_refused_and_nothing_is_written(form, tmp_path, blank, template):
    (tmp_path / blank).write_bytes((form.path.parent / "blank.png").read_bytes())
    with pytest.raises(LeNetError, match="has a name that cannot stand in a template"):
        lenet.new_form(tmp_path / blank, tmp_path / template)
    assert [path.name for path in tmp_path.iterdir()] == [blank]
    beside = tmp_path / "f\udcff"
    beside.mkdir()
    (tmp_path / blank).rename(beside / 'it\'s "blank".png')
    assert lenet.new_form(beside / 'it\'s "blank".png', beside / "a.toml").blank.name == 'it\'s "blank".png'


def test_a_picture_that_has_the_name_of_the_drawing_is_kept(form, tmp_path):
    blank, photo = tmp_path / "blank.png", tmp_path / "new.png"
    Image.fromarray(form.blank).save(blank)
    photo.write_bytes(b"mine")
    with pytest.raises(LeNetError, match=r"new.png: is there already"):
        lenet.new_form(blank, tmp_path / "new.toml")
    assert photo.read_bytes() == b"mine"
    assert not (tmp_path / "new.toml").exists()
    lenet.new_form(blank, tmp_path / "new.toml", overwrite=True)
    assert photo.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("form.json", "expected a template's name that ends in .toml"),
        ("blank.toml", "blank.png: is the blank page"),
    ],
)
def test_wrong_names_are_refused_before_anything_is_written(form, tmp_path, output, message):
    Image.fromarray(form.blank).save(tmp_path / "blank.png")
    with pytest.raises(LeNetError, match=message):
        lenet.new_form(tmp_path / "blank.png", tmp_path / output)
    assert [path.name for path in tmp_path.iterdir()] == ["blank.png"]


@pytest.mark.parametrize("output", ["", ".", "/"])
def test_a_template_without_a_name_is_refused(form, tmp_path, output):
    Image.fromarray(form.blank).save(tmp_path / "blank.png")
    with pytest.raises(LeNetError, match="expected a template's name that ends in"):
        lenet.new_form(tmp_path / "blank.png", output)


def test_a_page_without_boxes_is_refused(tmp_path):
    Image.new("L", (800, 1000), 255).save(tmp_path / "white.png")
    with pytest.raises(DataError, match="shows no boxes, combs or lines"):
        lenet.new_form(tmp_path / "white.png", tmp_path / "form.toml")
