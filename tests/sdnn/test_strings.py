"""Strings written, windows cut from them, penalties decoded, and a network trained on them."""

from dataclasses import replace
from itertools import pairwise, product
from math import inf

import numpy as np
import pytest

from lenet.data.distortions import Distortions
from lenet.engine.native import instruction_sets
from lenet.errors import LeNetError
from lenet.sdnn.decoding import Grammar, decode
from lenet.sdnn.digit_strings import GAPS, INK, MARGIN, write_strings
from lenet.sdnn.displacement import BLANK, Displacement, network_with_blank
from lenet.sdnn.reader import StringReader, choose_grammar
from lenet.sdnn.windows import RECIPE, WindowParameters, WindowStream, cut_windows, invert
from lenet.training import fit

STILL = Distortions(translation=0, rotation=0, scale=0, squeeze=0, shear=0)
needs_engine = pytest.mark.skipif(not instruction_sets(), reason="the native engine was not built")


@pytest.fixture(scope="module")
def bars():
    """Digits that are bars of 4 to 13 columns somewhere in the picture; the gray level names the class."""
    images = np.zeros((200, 28, 28), np.uint8)
    labels = np.arange(200) % 10
    for image, label, left in zip(images, labels, np.random.default_rng(0).integers(3, 12, 200), strict=True):
        image[6:22, left : left + 4 + label] = 100 + 10 * label
    return images, labels


@pytest.mark.parametrize("gap", GAPS)
def test_gaps_lie_between_the_boxes_of_the_ink(bars, gap):
    images, labels = bars
    chosen = np.random.default_rng(1).integers(0, 200, (6, 5))
    strings = write_strings(images, labels, chosen, np.random.default_rng(2), [gap])
    assert strings.texts == ["".join(str(labels[index]) for index in row) for row in chosen]
    assert strings.fields.shape[1:] == (32, strings.fields.shape[2] // 4 * 4)
    for field, row, centers, end in zip(strings.fields, chosen, strings.centers, strings.ends, strict=True):
        at = MARGIN
        for index, center in zip(row, centers, strict=True):
            wide = 4 + labels[index]
            inside = field[:, at + 1 : at + wide - 1]
            assert set(np.unique(inside)) == {0, 100 + 10 * labels[index]}
            assert center == at + (wide - 1) / 2
            at += wide + gap
        inked = np.flatnonzero((field >= INK).any(axis=0))
        assert inked[0] == MARGIN
        assert inked[-1] == end - MARGIN - 1 == at - gap - 1
        empty = np.diff(inked).max() - 1
        assert empty == max(gap, 0)


def test_digits_stand_up_to_two_pixels_higher_or_lower(bars):
    images, labels = bars
    strings = write_strings(images, labels, np.arange(200)[:, None], np.random.default_rng(0))
    tops = (strings.fields >= INK).any(axis=2).argmax(axis=1)
    assert set(tops) == {6, 7, 8, 9, 10}
    level = write_strings(images, labels, np.arange(200)[:, None], np.random.default_rng(0), max_vertical_shift=0)
    assert set((level.fields >= INK).any(axis=2).argmax(axis=1)) == {8}


def test_a_window_has_the_class_of_the_digit_in_its_middle_and_none_where_there_is_none(bars):
    parameters = WindowParameters(noisy=0.0, distortions=STILL)
    windows, classes = cut_windows(*bars, np.random.default_rng(5), parameters)
    assert (classes == BLANK).sum() == round(parameters.blanks * 200)
    assert sorted(classes[classes != BLANK]) == sorted(bars[1])  # each digit once
    for window, kind in zip(windows, classes, strict=True):
        row = window.max(axis=0).astype(int)
        middles = _middles_of_bars(row)
        near = [level for level, middle in middles if abs(middle - 15.5) <= parameters.reach]
        if kind == BLANK:
            assert not near
        else:
            assert 100 + 10 * kind in row[13:19]


def _middles_of_bars(row):
    """Gray level and middle of the runs of one level that do not reach the edge or another bar."""
    edges = np.flatnonzero(np.diff(np.pad(row, 1, constant_values=-1)))
    whole = [(a, b) for a, b in pairwise(edges) if row[a] and a > 0 and b < 32 and row[a - 1] == 0 == row[b]]
    return [(row[a], (a + b - 1) / 2) for a, b in whole]


def test_a_tenth_of_the_pixels_of_some_windows_is_inverted():
    images = np.full((2000, 32, 32), 30, np.uint8)
    changed = (invert(images, np.random.default_rng(0), 0.25, 0.1) == 225).mean(axis=(1, 2))
    assert (changed > 0).mean() == pytest.approx(0.25, abs=0.03)
    assert changed[changed > 0].mean() == pytest.approx(0.1, abs=0.005)


@pytest.mark.parametrize(
    "grammar",
    [
        Grammar(),
        Grammar(entry=1.0, contact=2.0, again=0.5, stay=0.25, longest=2),
        Grammar(entry=-1.5, contact=inf, again=1.25, stay=-0.5, longest=3),
        Grammar(entry=0.5, contact=0.0, again=0.0, stay=1.0, longest=1),
    ],
)
def test_the_path_is_the_cheapest_of_all(grammar):
    rng = np.random.default_rng(7)
    penalties = np.full((40, 5, 11), 1e3, np.float32)
    seen = [0, 9, BLANK]
    penalties[:, :, seen] = rng.uniform(0, 4, (40, 5, 3))
    for path, own in zip(decode(penalties, grammar), penalties, strict=True):
        cost, text = min(_all_paths(own, seen, grammar))
        assert path.penalty == pytest.approx(cost, abs=1e-5)
        assert path.text == text
        written = [str(path.classes[first]) for first, _ in path.digit_columns]
        assert "".join(written) == text
        assert all(path.classes[first] == path.classes[last] for first, last in path.digit_columns)


def _all_paths(penalties, seen, grammar):
    """Price and text of everything that could be said: each column reads a class, and a digit begins or goes on."""
    choices = [(kind, begins) for kind in seen for begins in ((True, False) if kind != BLANK else (False,))]
    for path in product(choices, repeat=len(penalties)):
        cost, text, before, run = 0.0, "", BLANK, 0
        for (kind, begins), own in zip(path, penalties, strict=True):
            cost += float(own[kind])
            if begins:
                cost += grammar.entry
                if before != BLANK:
                    cost += grammar.again if kind == before else grammar.contact
                text, run = text + str(kind), 1
            elif kind != BLANK:
                run += 1
                cost += grammar.stay if kind == before and run <= grammar.longest else inf
            before = kind
        yield cost, text


def test_contiguous_digits_are_forbidden_unless_they_are_paid_for():
    penalties = np.full((1, 4, 11), 9.0, np.float32)
    for column, kind in enumerate([1, 4, 4, BLANK]):
        penalties[0, column, kind] = 0
    penalties[0, 0, BLANK] = 4
    assert decode(penalties)[0].text == "4"  # a stroke of the 4 was taken for a 1
    assert decode(penalties, Grammar(contact=1.0))[0].text == "14"


def test_a_row_of_equal_columns_longer_than_a_digit_is_two():
    penalties = np.full((1, 5, 11), 9.0, np.float32)
    penalties[0, :, 1] = 0
    assert decode(penalties, Grammar(again=1.0, longest=3))[0].text == "11"
    assert decode(penalties, Grammar(again=1.0, longest=5))[0].text == "1"


@needs_engine
def test_a_network_trained_on_strings_reads_strings(mnist, tmp_path):
    images, labels = mnist.train_images[:10_000], mnist.train_labels[:10_000]
    stream = WindowStream(images, labels, WindowParameters(noisy=0.0))
    run = fit(network_with_blank(), stream, replace(RECIPE, epochs=4, ema=0.99), tmp_path / "run")
    wrong = [row["errors"] / row["examples"] for row in run.history]
    assert len(wrong) == 4
    assert wrong[-1] < 0.3 * wrong[0]
    assert run.history[0]["examples"] == pytest.approx(stream.examples, rel=0.01)
    model, rng = run.model, np.random.default_rng(0)
    strings = write_strings(
        mnist.train_images[-300:], mnist.train_labels[-300:], np.arange(300).reshape(100, 3), rng, [3, 4]
    )
    grammar, right = choose_grammar(Displacement(model), [strings])
    answers = [path.text for path in StringReader(model, grammar).read(strings.fields)]
    assert np.mean([answer == text for answer, text in zip(answers, strings.texts, strict=True)]) == right > 0.5


@needs_engine
def test_the_same_seed_trains_the_same_network(mnist, tmp_path):
    images, labels = mnist.train_images[:500], mnist.train_labels[:500]
    first, second = (
        fit(network_with_blank(), WindowStream(images, labels, seed=5), RECIPE, tmp_path / name, until=1, threads=1)
        for name in ("first", "second")
    )
    for name, array in first.model.parameters.items():
        np.testing.assert_array_equal(array, second.model.parameters[name])


def test_ink_at_the_right_edge_of_its_picture_is_written_whole():
    images = np.zeros((1, 28, 28), np.uint8)
    images[0, 6:22, 20:26] = 200
    strings = write_strings(images, np.array([1]), np.zeros((2, 2), int), np.random.default_rng(0), [3])
    assert (strings.fields.max(axis=1) > 0).sum(axis=1).tolist() == [12, 12]
    assert (np.flatnonzero(strings.fields[0].any(axis=0))[0], strings.ends[0]) == (MARGIN, 2 * MARGIN + 15)


@pytest.mark.parametrize(("gaps", "shift", "why"), [((-5, 1), 2, "a gap of -5"), (GAPS, 3, "expected 0 to 2")])
def test_gaps_wider_than_digits_and_shifts_out_of_the_field_are_errors(bars, gaps, shift, why):
    with pytest.raises(LeNetError, match=why):
        write_strings(*bars, np.zeros((50, 5), int), np.random.default_rng(0), gaps, shift)
