"""Evaluation on hand-made outputs, where every figure can be counted."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.architecture import EuclideanRbf, FullConnection, Network, Stage
from lenet.cli import main
from lenet.data import Dataset
from lenet.engine import native
from lenet.errors import DataError, UnknownName, WeightsError
from lenet.evaluation import (
    draw_answers,
    draw_confusion,
    draw_mistakes,
    evaluate,
    evaluate_outputs,
    metrics,
    wilson_interval,
)
from lenet.evaluation.calibration import calibration_bins, calibration_error
from lenet.initialization import initial_weights
from lenet.model import Model
from lenet.networks import describe

LOGITS = Network("three", (1, 2, 2), (Stage("output", FullConnection(3)),))
PENALTIES = Network("two", (1, 1, 2), (Stage("output", EuclideanRbf(((1, 1), (-1, -1)))),))


@pytest.fixture
def judged():
    """Six examples; 0 is right by 2, 1 wrong by 1, 2 wrong by 3, 3 right by 3, 4 right by 4, 5 right by 0.5."""
    outputs = [[2, 0, 0], [1, 0, 0], [0, 0, 3], [0, 3, 0], [0, 0, 4], [0.5, 0, 0]]
    return evaluate_outputs(LOGITS, np.array(outputs, np.float32), np.array([0, 1, 1, 1, 2, 0]), data="six")


def dataset(examples=30, seed=0):
    rng = np.random.default_rng(seed)
    images, labels = rng.integers(0, 256, (examples, 2, 2)).astype(np.uint8), rng.integers(0, 3, examples)
    return Dataset("noise", images, labels, images, labels, ("0", "1", "2"))


def weights():
    rng = np.random.default_rng(1)
    return Model(LOGITS, {k: rng.normal(size=s).astype(np.float32) for k, s in LOGITS.parameter_shapes().items()}, {})


def test_errors_confusion_and_class_errors_are_counted(judged):
    assert (judged.errors, judged.examples) == (2, 6)
    assert judged.error_rate == pytest.approx(100 / 3)
    assert judged.confusion.tolist() == [[2, 0, 0], [1, 1, 1], [0, 0, 1]]
    assert [(row["errors"], row["examples"]) for row in judged.class_errors] == [(0, 2), (2, 3), (0, 1)]


def test_the_worst_mistakes_come_first(judged):
    assert [(m.index, m.actual, m.predicted) for m in judged.worst_mistakes()] == [(2, 1, 2), (1, 1, 0)]
    assert judged.worst_mistakes(1)[0].probability == pytest.approx(math.exp(3) / (math.exp(3) + 2))


def test_the_rejection_curve_refuses_the_smallest_margins_first(judged):
    rejected, remaining = judged.rejection_curve
    # margins 0.5, 1 (wrong), 2, 3 (one of two wrong), 4
    assert rejected.tolist() == pytest.approx([0, 100 / 6, 200 / 6, 50, 500 / 6, 100])
    assert remaining.tolist() == pytest.approx([200 / 6, 40, 25, 100 / 3, 0, 0])
    assert judged.reject_rate(30) == pytest.approx(200 / 6)
    assert judged.reject_rate(0) == pytest.approx(500 / 6)


def test_of_penalties_the_smallest_wins():
    judged = evaluate_outputs(PENALTIES, np.array([[1, 5], [8, 2]], np.float32), np.array([0, 0]))
    assert judged.predictions.tolist() == [0, 1]
    assert judged.margins.tolist() == [4, 6]
    assert judged.probabilities[0, 0] > 0.9


@given(st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_solves_the_score_equation(case):
    errors, examples = case
    share = errors / examples
    for limit in wilson_interval(errors, examples):
        bound = limit / 100
        assert 0 <= bound <= 1
        assert abs(share - bound) == pytest.approx(1.96 * math.sqrt(bound * (1 - bound) / examples), rel=1e-3, abs=1e-7)


@pytest.mark.parametrize("engine", [*native.instruction_sets(), "torch", "numpy"])
def test_every_engine_evaluates_alike(engine):
    if engine == "torch":
        pytest.importorskip("torch")
    result, expected = evaluate(weights(), dataset(), engine=engine), evaluate(weights(), dataset(), engine="numpy")
    assert result.errors == expected.errors
    np.testing.assert_allclose(result.probabilities, expected.probabilities, atol=1e-6)


@pytest.mark.parametrize("engine", ["torch", "numpy"])
def test_the_variable_names_the_engine_where_none_is_asked_for(engine, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setenv("LENET_ENGINE", engine)
    named = evaluate(weights(), dataset(), engine=engine)
    np.testing.assert_array_equal(evaluate(weights(), dataset()).probabilities, named.probabilities)


def test_a_file_evaluates_like_its_weights(tmp_path):
    weights().save(tmp_path / "three.safetensors")
    by_file = evaluate(tmp_path / "three.safetensors", dataset())
    np.testing.assert_array_equal(by_file.probabilities, evaluate(weights(), dataset()).probabilities)


def test_more_examples_than_go_through_at_once_are_all_evaluated(monkeypatch):
    whole = evaluate(weights(), dataset(30))
    monkeypatch.setattr(metrics, "_BATCH", 7)
    np.testing.assert_allclose(evaluate(weights(), dataset(30)).probabilities, whole.probabilities, atol=1e-6)


def test_the_predictions_are_those_of_a_matrix_product():
    result, known = dataset(), weights()
    inputs = result.test_images.reshape(30, -1) / 255
    expected = (inputs @ known.parameters["output.weight"].T + known.parameters["output.bias"]).argmax(1)
    assert evaluate(known, result).predictions.tolist() == expected.tolist()


def test_json_holds_plain_values_and_the_same_counts(judged):
    read_back = json.loads(json.dumps(judged.to_json()))
    assert read_back["errors"] == 2
    assert sum(map(sum, read_back["confusion"])) == 6


def test_the_sheets_show_every_mistake_and_every_class(judged):
    images = np.zeros((6, 2, 2), np.uint8)
    without = evaluate_outputs(LOGITS, np.eye(3, dtype=np.float32), np.arange(3))
    heading = draw_mistakes(without, images).height
    assert draw_mistakes(judged, images).height > heading + 84  # one row of pictures
    assert draw_confusion(judged).width == draw_confusion(judged).height > 3 * 46


def test_no_name_of_a_class_is_cut_in_the_confusion_matrix(judged):
    start = "a name wider than a column, of number "
    one, other = (
        np.asarray(draw_confusion(replace(judged, class_names=(f"{start}{last}", "b", "c")))) for last in "17"
    )
    top = len(one) - 3 * 46 - 8
    assert (one[:top, top : top + 46] != other[:top, top : top + 46]).any()  # above the first column
    assert (one[top : top + 46, :top] != other[top : top + 46, :top]).any()  # beside the first row


def test_bad_weights_splits_and_class_counts_are_named(tmp_path):
    (tmp_path / "empty.safetensors").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"empty\.safetensors"):
        evaluate(tmp_path / "empty.safetensors", dataset())
    with pytest.raises(UnknownName, match="'tset'"):
        evaluate(weights(), dataset(), split="tset")
    with pytest.raises(UnknownName, match="known: auto, avx512, avx2, neon, baseline, torch, numpy"):
        evaluate(weights(), dataset(), engine="abacus")
    images, labels = np.zeros((4, 2, 2), np.uint8), np.arange(4)
    with pytest.raises(
        DataError,
        match="four has the classes a, b, c, d, but the model's are 0, 1, 2; they have none in common; expected data",
    ):
        evaluate(weights(), Dataset("four", images, labels, images, labels, tuple("abcd")))


def test_the_sheet_of_examples_shows_them_in_their_order_and_marks_the_wrong_ones(judged):
    images = np.zeros((6, 3, 8, 8), np.uint8)
    images[:, 0] = np.arange(6)[:, None, None] * 40 + 10
    pixels = np.asarray(draw_answers(judged, images, 6), int)
    middles = [pixels[30 + 42, 6 + 90 * place + 42].tolist() for place in range(6)]
    assert middles == [[40 * place + 10, 0, 0] for place in range(6)]
    answers = [pixels[30 + 84 + 18 :, 6 + 90 * place : 90 * place + 90] for place in range(6)]
    is_red = [bool(((one[..., 0] - one[..., 1]) > 100).any()) for one in answers]
    assert is_red == [False, True, True, False, False, False]


def test_the_command_prints_class_names_json_and_pictures(tmp_path, capsys):
    weights().save(tmp_path / "three.safetensors")
    result = dataset()
    np.savez(tmp_path / "noise.npz", x_train=result.train_images, y_train=result.train_labels,
             x_test=result.test_images, y_test=result.test_labels)  # fmt: skip
    command = ["evaluate", str(tmp_path / "three.safetensors"), "--data", str(tmp_path / "noise.npz")]
    assert (
        main([*command, "--examples", "3", "--sheet", str(tmp_path / "s.png"), "--mistakes", str(tmp_path / "m.png")])
        == 0
    )
    printed = capsys.readouterr().out
    assert printed.count("predicted") == 3
    assert "95 % interval" in printed
    assert (tmp_path / "m.png").stat().st_size > 0
    assert (tmp_path / "s.png").stat().st_size > 0
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["examples"] == 30


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_figures_are_printed_where_a_drawing_cannot_be_written(as_json, tmp_path, capsys):
    weights().save(tmp_path / "three.safetensors")
    result = dataset()
    np.savez(tmp_path / "noise.npz", x_train=result.train_images, y_train=result.train_labels,
             x_test=result.test_images, y_test=result.test_labels)  # fmt: skip
    (tmp_path / "s.png").symlink_to("/dev/full")
    command = ["evaluate", str(tmp_path / "three.safetensors"), "--data", str(tmp_path / "noise.npz")]
    assert main([*command, *as_json, "--sheet", str(tmp_path / "s.png")]) == 1
    printed = capsys.readouterr()
    assert ("error_rate" if as_json else "95 % interval") in printed.out
    assert "s.png: cannot be written" in printed.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "nothing.safetensors"], "no such weights file"),
        (["evaluate", "pretraned"], "unknown weights file, run or pretrained network 'pretraned'"),
        (["evaluate", "pretrained", "--mistakes", "sheet.txt"], r"sheet.txt: expected a picture"),
        (["evaluate", "--sheet", "a.png", "--mistakes", "./a.png"], "--mistakes would write over what --sheet draws"),
    ],
)
def test_the_command_says_what_is_wrong_in_one_line(arguments, message, capsys):
    assert main(arguments) in (1, 2)
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1


def test_an_output_for_none_of_the_classes_is_no_answer(mnist):
    network = describe("lenet-5-relu", classes=11)
    arrays = initial_weights(network, "pytorch", 0)
    arrays["output.bias"] = arrays["output.bias"].copy()
    arrays["output.bias"][10] = 50  # always the likeliest
    plain = evaluate(Model(network, arrays), mnist)
    assert plain.errors == plain.examples
    judged = evaluate(Model(network, arrays, {"reject_class": 10}), mnist)
    assert judged.probabilities.shape == (10_000, 10)
    assert judged.predictions.max() < 10
    assert judged.errors < judged.examples


@pytest.mark.parametrize("value", [None, 11, -1, "ten"])
@pytest.mark.parametrize("key", ["reject_class", "refusal"])
def test_a_reject_class_that_is_no_output_is_none(key, value):
    network = describe("lenet-5-relu", classes=11)
    assert Model(network, initial_weights(network, "pytorch", 0), {key: value}).reject_class is None


def test_a_label_that_only_the_reject_class_could_be_is_named(mnist):
    network = describe("lenet-5-relu", classes=11)
    rejecting = Model(network, initial_weights(network, "pytorch", 0), {"reject_class": 10})
    images, labels = mnist.test_images[:11], np.arange(11)
    eleven = Dataset("eleven", images, labels, images, labels, tuple(map(str, range(11))))
    with pytest.raises(
        DataError, match=r"eleven has the classes 0, .*, but the model's are 0, .*; none of these is 10"
    ):
        evaluate(rejecting, eleven)


@pytest.mark.parametrize("name", [["mnist"], {"mnist": 1}, 7, None])
def test_the_data_that_weights_were_trained_on_may_be_told_in_any_way(name, tmp_path, capsys):
    network = describe("lenet-5-relu")
    path = tmp_path / "weights.safetensors"
    Model(network, initial_weights(network, "pytorch", 0), {"data": {"name": name}}).save(path)
    np.savez(tmp_path / "data.npz", images=np.zeros((20, 28, 28), np.uint8), labels=np.arange(20) % 10)
    assert main(["evaluate", str(path), "--data", str(tmp_path / "data.npz")]) == 0
    assert "were trained on" not in capsys.readouterr().err


def test_the_calibration_error_of_a_network_that_is_too_sure_is_how_much_too_sure_it_is():
    right = np.arange(1000) % 2 == 0
    assert calibration_error(np.full(1000, 0.9), right) == pytest.approx(0.4, abs=0.02)


def test_the_calibration_error_finds_doubt_in_one_half_and_certainty_in_the_other():
    probabilities = np.concatenate([np.full(300, 0.6), np.full(300, 0.8)])
    right = np.concatenate([np.ones(300), np.arange(300) % 5 < 2])  # 100 % and 40 %: the mean would hide both
    assert calibration_error(probabilities, right, bins=10) == pytest.approx(0.4)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40), st.integers(1, 20))
def test_the_calibration_error_lies_between_the_difference_of_the_means_and_one(pairs, bins):
    probabilities, right = map(np.array, zip(*pairs, strict=True))
    error = calibration_error(probabilities, right, bins)
    assert abs(probabilities.mean() - right.mean()) - 1e-9 <= error <= 1 + 1e-9


@given(st.lists(st.floats(0, 1), max_size=40), st.integers(1, 20))
def test_bins_of_calibration_hold_all_answers_equally_many_and_ascending(probabilities, bins):
    parts = calibration_bins(probabilities, bins)
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    assert len(parts) == max(1, min(bins, len(probabilities)))
    together = np.concatenate(parts)
    assert sorted(together) == list(range(len(probabilities)))
    assert (np.diff(np.array(probabilities)[together]) >= 0).all()
