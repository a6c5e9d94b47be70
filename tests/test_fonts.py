"""Fonts for text in pictures."""

import numpy as np
import pytest

from lenet import fonts
from lenet.data.sheet import draw_sheet, shorten
from lenet.fonts import font_for

DEJAVU = pytest.importorskip("matplotlib").get_data_path() + "/fonts/ttf/DejaVuSans.ttf"


@pytest.fixture(autouse=True)
def one_font_is_installed(monkeypatch):
    """Whatever else this machine has."""
    monkeypatch.setattr(fonts, "INSTALLED", (DEJAVU,))
    monkeypatch.setattr(fonts, "_warned", set())
    caches = (fonts._installed_fonts, font_for)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


def test_english_is_drawn_in_pillows_own_font_and_other_letters_in_one_that_has_them(capsys):
    assert {font_for(text, 12).getname()[0] for text in ("seven", "", "3 of 9…")} == {"Aileron"}
    assert {font_for(text, 12).getname()[0] for text in ("café", "семь", "a − b")} == {"DejaVu Sans"}
    assert font_for("семь", 30).size == 30
    assert not capsys.readouterr().err


def test_letters_that_no_font_has_are_said_once(capsys):
    assert font_for("猫 кот", 12).getname()[0] == "DejaVu Sans", "it has most of them"
    font_for("狗", 12)
    assert capsys.readouterr().err == (
        "lenet: no font is installed that has 猫: boxes are drawn in their place; install one, as Noto Sans CJK\n"
    )


def test_class_names_beyond_english_differ_on_a_sheet():
    picture = np.zeros((28, 28), np.uint8)
    first, second = (np.asarray(draw_sheet([picture], [title])) for title in ("кот", "пёс"))
    assert (first != second).any()


def test_a_text_is_cut_to_its_width_in_its_own_font():
    long = "семнадцать" * 10
    short = shorten(long, 12, 80)
    assert short.endswith("…")
    assert font_for(long, 12).getlength(short) <= 80


def test_no_font_is_looked_for_as_long_as_text_is_english(monkeypatch):
    monkeypatch.setattr(fonts, "_installed_fonts", lambda: pytest.fail("looked for"))
    font_for("seven", 12)
