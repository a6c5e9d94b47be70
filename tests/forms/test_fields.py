"""What is written in a form's fields: whose box ink belongs to, and what sums and check digits may say of it."""

from dataclasses import replace

import numpy as np
import pytest

from lenet.forms.check_digits import luhn
from lenet.forms.fields import MIN_OK, _alternatives, _choose_texts, _Hypothesis, _ink_by_box, _owners, _with_sums
from lenet.forms.reader import FormReader
from lenet.forms.results import DOUBTFUL, OK
from lenet.forms.template import Field, Template

BOXES = [(10, 42), (42, 74), (74, 106), (106, 138)]  # columns of four boxes, rows 10 to 50


def ink_by_box(levels: np.ndarray, beside: np.ndarray | None = None) -> dict[int, np.ndarray]:
    owners = _owners(levels.shape, (10, 50), BOXES)
    return _ink_by_box(levels, owners, np.zeros(levels.shape, bool) if beside is None else beside, 0.5, 40)


def test_digits_that_touch_across_several_boxes_are_each_in_their_own():
    levels = np.zeros((60, 150), np.float32)
    levels[28:32, 16:132] = 1  # from the first box to the last
    levels[15:45, 24:28] = levels[15:45, 88:92] = levels[15:45, 120:124] = 1
    inks = ink_by_box(levels)
    assert sorted(inks) == [1, 2, 3, 4]
    assert not any((inks[one] & inks[other]).any() for one in inks for other in inks if one < other)


def test_what_overhangs_a_little_is_of_the_box_that_has_the_rest():
    levels = np.zeros((60, 150), np.float32)
    levels[15:45, 50:78] = 1
    inks = ink_by_box(levels)
    assert sorted(inks) == [2]
    assert (inks[2] == (levels > 0)).all()


def test_the_edge_of_a_rule_is_no_digit_and_a_stroke_on_it_is_one():
    beside = np.zeros((60, 150), bool)
    beside[:, 7:14] = True
    edge, stroke = np.zeros((2, 60, 150), np.float32)
    edge[12:48, 12:14] = 1
    stroke[12:48, 9:14] = 1
    assert ink_by_box(edge, beside) == {}
    assert sorted(ink_by_box(stroke, beside)) == [1]
    assert sorted(ink_by_box(edge)) == [1]


# --- sums ------------------------------------------------------------------------------------------------------------

TEMPLATE = Template.parse(
    "page = [100, 100]\n"
    + "".join(
        f'[[field]]\nname = "{name}"\nkind = "digits"\nbox = [{top}, 0, {top + 9}, 50]\n'
        for top, name in ((0, "a"), (20, "b"), (40, "all"))
    )
    + '[[sum]]\ntotal = "all"\nterms = ["a", "b"]\n'
)


def hypotheses(*texts: tuple[tuple[str, float], ...], strange: str = "") -> list[_Hypothesis]:
    return [
        _Hypothesis(field, one, one[0][1], DOUBTFUL if strange else OK, strange, one[0][0], "", strange)
        for field, one in zip(TEMPLATE.fields, texts, strict=True)
    ]


def test_a_sum_that_only_an_unlikely_change_makes_hold_leaves_none_of_its_fields_sure():
    read, sums = _with_sums(hypotheses((("69", 0.996), ("64", 0.003)), (("117", 0.999),), (("181", 0.996),)), TEMPLATE)
    assert sums[0].holds
    assert [one.texts[0][0] for one in read] == ["64", "117", "181"]
    assert {one.status for one in read} == {DOUBTFUL}


def test_a_sum_that_a_likely_change_makes_hold_leaves_the_others_sure():
    read, _ = _with_sums(hypotheses((("69", 0.6), ("64", 0.4)), (("117", 0.999),), (("181", 0.996),)), TEMPLATE)
    assert [one.texts[0][0] for one in read] == ["64", "117", "181"]
    assert [one.status for one in read[1:]] == [OK, OK]
    assert all(one.probability > MIN_OK for one in read[1:])


def test_a_sum_confirms_digits_that_look_strange():
    texts = (("64", 0.999),), (("117", 0.999),), (("181", 0.999),)
    read, _ = _with_sums(hypotheses(*texts, strange="box 2 holds ink that is no digit"), TEMPLATE)
    assert [(one.status, one.reason) for one in read] == [(OK, "")] * 3


# --- how sure a text is ----------------------------------------------------------------------------------------------

NUMBER = Field("number", "digits", (0, 0, 9, 9))


def softmax(label: int, rivals: dict[int, float] | None = None) -> np.ndarray:
    """Probabilities as a network gives them: every class has a little of them."""
    shares = np.full(10, 4e-4)
    for rival, share in (rivals or {}).items():
        shares[rival] = share
    shares[label] = 0
    shares[label] = 0.99 - shares.sum()
    return shares


def test_a_text_of_clear_digits_is_as_sure_as_one_of_them_however_many_they_are():
    ten = _choose_texts(NUMBER, [_alternatives(softmax(label)) for label in range(10)], [])
    assert (ten.texts[0][0], ten.status) == ("0123456789", OK)
    assert ten.probability > 0.9999
    assert np.prod([softmax(label).max() / softmax(label).sum() for label in range(10)]) < MIN_OK  # with what is left


def test_one_digit_that_may_be_another_makes_a_text_doubtful_among_clear_ones():
    positions = [_alternatives(softmax(label)) for label in (2, 0, 0)]
    read = _choose_texts(NUMBER, [*positions, _alternatives(softmax(9, {4: 0.02}))], [])
    assert (read.texts[0][0], read.status, read.reason) == ("2009", DOUBTFUL, "may be 2004")
    assert read.probability == pytest.approx(0.98, abs=0.002)


def test_a_check_digit_may_still_choose_what_is_hardly_likely_and_the_text_is_doubtful_then():
    field, wrong = (
        replace(NUMBER, check="luhn"),
        next(text for text in map(str, range(312_000, 313_000)) if not luhn(text)),
    )
    read = _choose_texts(field, [_alternatives(softmax(int(digit))) for digit in wrong], [])
    assert luhn(read.texts[0][0])
    assert read.status == DOUBTFUL
    assert read.reason.startswith(f"read as {wrong}, which ")


# --- whole pages -----------------------------------------------------------------------------------------------------


def test_a_field_whose_print_does_not_lie_as_on_the_form_is_never_sure(form):
    values = form.values(0)
    scan, blank = form.scan(values), form.blank.copy()
    reader = FormReader(form.path)
    for page in (scan, blank):
        page[370:430, 630:1060] = np.roll(page[370:430, 630:1060], 24, axis=1)  # more than half a box
        assert reader.read(page)["moved"].status == DOUBTFUL
    assert reader.read(blank)["moved"].reason == "its print does not lie as on the form"


def test_a_blank_box_inside_is_doubtful_even_where_the_check_digit_fits(form):
    number = next(text for text in map(str, range(31_234_567, 99_999_999)) if luhn(text) and luhn(text[:4] + text[5:]))
    scan = form.scan(form.values(0) | {"number": number})
    top, left, bottom, right = (int(side) for side in form.places["number"][4])
    scan[top + 3 : bottom - 3, left + 3 : right - 3] = 255
    field = FormReader(form.path).read(scan)["number"]
    assert field.status == DOUBTFUL
    assert "box 5 is blank" in field.reason
