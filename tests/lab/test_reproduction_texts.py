"""The texts of the report: in both languages, with the numbers that are used, and every deviation where it holds."""

import re

import pytest

from lab.reports.notes import NOTES
from lab.reports.texts import load_texts
from lenet.experiments import ROWS, find, names
from lenet.experiments.details import PUBLISHED, STEPS
from lenet.experiments.digit_strings import Amounts
from lenet.experiments.metrics import MEASURES
from lenet.experiments.streams import AFFINE
from lenet.training.recipes import SDLM

ENGLISH, CHINESE = load_texts("en"), load_texts("zh")
WRITTEN = ("deviations", "tried", "questions")


def deviation(key):
    return ENGLISH.fill("deviations", key), CHINESE.fill("deviations", key)


def test_every_row_has_its_notes():
    assert list(NOTES) == names()
    assert all(notes.deviations and notes.questions for notes in NOTES.values())


def test_every_note_is_written_and_every_written_note_belongs_to_a_row():
    for table in WRITTEN:
        assert {key for notes in NOTES.values() for key in getattr(notes, table)} == set(ENGLISH.tables[table])


def test_both_languages_have_the_same_texts_with_the_same_blanks():
    chinese = {name: table for name, table in CHINESE.tables.items() if name != "names"}
    assert {name: set(table) for name, table in ENGLISH.tables.items()} == {k: set(v) for k, v in chinese.items()}
    for name, table in ENGLISH.tables.items():
        if name != "writing":
            for key, text in table.items():
                assert set(re.findall(r"{[^}]*}", text)) == set(re.findall(r"{[^}]*}", chinese[name][key])), key


def test_every_note_stands_in_its_language():
    for table in WRITTEN:
        for key, text in ENGLISH.tables[table].items():
            assert not re.search("[\u4e00-\u9fff]", text), key
            assert re.search("[\u4e00-\u9fff]", CHINESE.tables[table][key]), key


def test_what_the_package_names_is_named_in_chinese_too():
    same = {"logits", "ReLU"}
    for name in (*(row.title for row in ROWS), *MEASURES.values(), PUBLISHED, *(step.label for step in STEPS)):
        assert ENGLISH.translate(name) == name
        assert (CHINESE.translate(name) == name) == (name in same), name
    assert CHINESE.translate("learned clean, tested noisy") == "无噪声训练，有噪声测试"
    assert CHINESE.translate("lenet-5, vertical shift −10") == "lenet-5，上下平移（像素） −10"
    assert CHINESE.translate("pass 20") == "第 20 遍"
    assert CHINESE.translate("gap −1") == "间距（像素） −1"
    assert CHINESE.translate("15,000") == "15,000"
    assert CHINESE.translate("60,000 + 540,000 distorted") == "60,000 + 540,000 形变"


def test_a_sentence_begins_with_a_capital_in_english_and_ends_with_one_full_stop():
    assert ENGLISH.to_sentence("numbers are float32") == "Numbers are float32."
    assert ENGLISH.to_sentence("μ = 0.02") == "μ = 0.02."
    assert ENGLISH.to_sentence("Which j?") == "Which j?"
    assert CHINESE.to_sentence("j 是多少？") == "j 是多少？"
    assert CHINESE.to_sentence("数值为 float32") == "数值为 float32。"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_deviation_of_the_network_is_named_in_its_row_or_lifted(row):
    notes = NOTES[row.name]
    named = {ENGLISH.fill("deviations", key) for key in notes.deviations} | set(notes.inapplicable_deviations)
    assert set(row.description().deviations) <= named


@pytest.mark.parametrize(
    ("key", "holds"),
    [
        ("init", lambda row: row.recipe.init == "sqrt" or row.windows),
        ("init-with-biases", lambda row: row.recipe.init == "sqrt-biases" and not row.windows),
        ("equation-9", lambda row: row.recipe.loss == "map" and not row.windows),
        ("halved", lambda row: row.recipe.loss == "map" and row.recipe.halved and not row.windows),
        ("squared-error", lambda row: row.recipe.loss == "sum-squared-error"),
        ("reduced", lambda row: row.preparation == "digits reduced to 16×16" or "lenet-1" in row.depends_on),
        ("noise", lambda row: any(part.stream == "noisy" for part in row.parts)),
        (
            "distortion-ranges",
            lambda row: (
                any(part.stream == "distorted" for part in row.parts)
                or any(below in ("lenet-5-distorted", "lenet-4-boosted") for below in row.depends_on)
            ),
        ),
    ],
)
def test_deviations_from_the_paper_are_reported_where_they_hold(key, holds):
    for row in ROWS:
        if holds(row):
            assert key in NOTES[row.name].deviations, row.name


def test_steps_that_were_chosen_are_described_in_words():
    assert "its rates four times as large" in deviation("lenet-1-schedule")[0]
    assert "the rate 0.0003 in all 23 passes" in deviation("zip-schedule")[0]


def test_j_in_words_is_j_in_the_recipe():
    english, chinese = deviation("equation-9")
    assert f"j = {SDLM.j:g};" in english
    assert f"j = {SDLM.j:g}；" in chinese


def test_the_ranges_of_distortion_in_words_are_those_that_are_used():
    for text in deviation("distortion-ranges"):
        for value in (f"±{AFFINE.translation:g}", f"±{100 * AFFINE.scale:g} %", f"±{AFFINE.shear:g}"):
            assert value in text


def test_numbers_in_the_words_about_strings_are_those_that_are_used():
    recipe, cutting = find("sdnn").recipe, find("sdnn").windows
    distortions = cutting.distortions
    for key, values in (
        ("transducer", [f"{Amounts().kept_back:,}"]),
        ("windows", [f"{cutting.blanks:g}"]),
        ("windows-distorted", [f"±{distortions.rotation:g}°", f"±{distortions.shear:g}"]),
        ("windows-distorted", [f"±{100 * distortions.scale:g} %", f"±{100 * distortions.squeeze:g} %"]),
        ("string-loss", [f"j = {recipe.j:g}"]),
        ("string-optimizer", [f"{recipe.batch}", f"{recipe.epochs}", f"{recipe.learning_rate:g}"]),
    ):
        for value in values:
            assert all(value in text for text in deviation(key))
    assert cutting.noisy == cutting.inverted == 0.1
