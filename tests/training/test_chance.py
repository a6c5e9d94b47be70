"""A network that is no better than chance is reported in one line with what to change; one that learns is not."""

import json

import numpy as np
import pytest

import lenet
from lenet import data
from lenet.cli import main
from lenet.training.chance import ChanceLevel, advice
from lenet.training.recipes import RECIPES, recipe


@pytest.fixture(scope="module")
def digits(mnist):
    return data.Dataset(
        "digits", mnist.train_images[:6000], mnist.train_labels[:6000], mnist.test_images[:500],
        mnist.test_labels[:500], mnist.class_names,
    )  # fmt: skip


def test_a_sigmoid_at_the_tutorials_rate_is_at_chance_and_the_recipe_that_learns_is_named(digits, tmp_path, capsys):
    run = lenet.train("lenet-5-sigmoid", digits, recipe="tutorial", epochs=3, out=tmp_path / "run", threads=1)

    output = [line for line in capsys.readouterr().err.splitlines() if "at chance" in line]
    assert len(output) == 1
    assert output[0].startswith("lenet: lenet-5-sigmoid is at chance after epoch 2: its error rate is ")
    assert (
        "use --recipe default, which gets past that with --optimizer adamw, --learning-rate 0.005 and --batch"
        in output[0]
    )
    assert [one.split(":")[0] for one in run.warnings] == ["lenet-5-sigmoid is at chance after epoch 3"]
    assert [("warning" in row) for row in run.history] == [False, True, True]

    better = lenet.train("lenet-5-sigmoid", digits, recipe="default", out=tmp_path / "better", threads=1)
    assert better.warnings == []
    assert "at chance" not in capsys.readouterr().err


def test_single_examples_at_the_rate_of_a_batch_are_at_chance_and_the_rate_is_named(digits, tmp_path, capsys):
    small = data.Dataset("small", digits.train_images[:2000], digits.train_labels[:2000], digits.test_images,
                         digits.test_labels, digits.class_names)  # fmt: skip
    run = lenet.train("lenet-5-relu", small, batch=1, epochs=2, out=tmp_path / "run", threads=1)
    assert len(run.warnings) == 1
    assert "--learning-rate 0.03 is too high for a batch of 1: lower it to 0.0009" in run.warnings[0]
    assert run.warnings[0] in capsys.readouterr().err

    lowered = lenet.train("lenet-5-relu", small, batch=1, learning_rate=0.0009, epochs=2, out=tmp_path / "2", threads=1)
    assert lowered.warnings == []
    assert lowered.evaluation.error_rate < 20


def test_a_batch_larger_than_the_data_counts_as_the_data_does(digits, tmp_path):
    small = data.Dataset("small", digits.train_images[:200], digits.train_labels[:200], digits.test_images,
                         digits.test_labels, digits.class_names)  # fmt: skip
    run = lenet.train("lenet-5-relu", small, batch=100_000, epochs=2, validation=0, out=tmp_path / "run", threads=1)
    for row in run.history:
        assert row["images_per_second"] == pytest.approx(200 / row["seconds"])
    assert "for a batch of 200" in run.warnings[0]


def test_the_shell_says_it_on_stderr_and_json_holds_it(digits, tmp_path, capsys):
    np.savez(tmp_path / "digits.npz", images=digits.train_images[:2000], labels=digits.train_labels[:2000])
    command = ["train", "lenet-5-sigmoid", "--data", str(tmp_path / "digits.npz"), "--recipe", "tutorial"]
    assert main([*command, "--epochs", "1", "--out", str(tmp_path / "run"), "--threads", "1", "--json"]) == 0
    output = capsys.readouterr()
    assert "lenet: lenet-5-sigmoid is at chance after epoch 1" in output.err
    assert "at chance" in json.loads(output.out)["history"][-1]["warning"]


def test_few_examples_are_checked_after_as_many_times_more_epochs_as_they_get(digits, tmp_path, capsys):
    few = data.Dataset("few", digits.train_images[:100], digits.train_labels[:100], digits.test_images,
                       digits.test_labels, digits.class_names)  # fmt: skip
    run = lenet.train("lenet-5-relu", few, recipe="fast", out=tmp_path / "run", threads=1)
    assert len(run.history) == 100
    assert [row["epoch"] for row in run.history if "warning" in row and row["epoch"] < 100] == []


def test_a_network_that_comes_to_be_at_chance_later_is_warned_of_at_the_end(digits, tmp_path, capsys):
    rates = [0.05, 0.05, 0.7, 0.001, 0.001]  # the third one kills the ReLUs
    run = lenet.train("lenet-5-relu", digits, rates=rates, out=tmp_path / "run", threads=1)
    assert ["warning" in row for row in run.history] == [False, False, True, True, True]
    assert [line.split(":")[1] for line in capsys.readouterr().err.splitlines() if "at chance" in line] == [
        " lenet-5-relu is at chance after epoch 5"
    ]


@pytest.mark.parametrize("validation", [0, None])
def test_a_network_that_learns_is_not_warned_of(validation, digits, tmp_path, capsys):
    run = lenet.train("lenet-5-relu", digits, validation=validation, out=tmp_path / "run", threads=1)
    assert run.warnings == []
    assert "at chance" not in capsys.readouterr().err


def test_chance_is_the_accuracy_of_the_most_frequent_class_within_its_interval():
    even = ChanceLevel.of(np.arange(1000) % 10, np.arange(100) % 10)
    assert even == ChanceLevel(0.1, 0.1)
    assert even.is_compatible_with(900, 1000, 90, 100)
    assert even.is_compatible_with(885, 1000, 88, 100)  # a little better, as chance is now and then
    assert not even.is_compatible_with(860, 1000, 90, 100)  # on the training examples it is better than chance
    assert not even.is_compatible_with(900, 1000, 70, 100)
    uneven = ChanceLevel.of(np.array([0] * 900 + [1] * 100), None)
    assert uneven.is_compatible_with(100, 1000, None, 0)  # 90 % right by always answering 0
    assert not uneven.is_compatible_with(60, 1000, None, 0)


def test_a_few_examples_held_out_prove_nothing():
    two = ChanceLevel.of(np.arange(54) % 2, np.arange(6) % 2)
    assert not two.is_compatible_with(5, 54, 1, 6)


def test_a_warning_tells_the_error_rate_of_those_held_out_unless_no_error_of_them_would_prove_anything():
    level = ChanceLevel.of(np.arange(45) % 2, np.arange(5) % 2)
    assert level.is_compatible_with(20, 45, 0, 5)
    assert level.telling(44.4, 0.0, 5) == (44.4, level.training), "0 % error is not told as chance"
    level = ChanceLevel.of(np.arange(450) % 2, np.arange(50) % 2)
    assert level.telling(44.4, 48.0, 50) == (48.0, 0.5)
    assert ChanceLevel.of(np.arange(450) % 2, None).telling(44.4, None, 0) == (44.4, 0.5)


def test_five_examples_that_are_all_right_are_not_reported_as_chance():
    five = ChanceLevel.of(np.array([0, 0, 0, 1, 1]), None)
    assert not five.is_compatible_with(0, 5, None, 0)
    assert not five.is_compatible_with(2, 5, None, 0)
    assert ChanceLevel.of(np.array([0]), np.arange(100) % 10).is_compatible_with(1, 1, 90, 100), "those held out tell"


@pytest.mark.parametrize("name", lenet.names())
def test_advice_for_every_network_is_a_recipe_that_differs_from_what_failed(name):
    network = lenet.describe(name)
    for failed in RECIPES:
        if failed != "1998" or network.smallest_wins:
            chosen = recipe(failed, network)
            sentence = advice(network, chosen)
            rate = "--rates" if chosen.rates else "--learning-rate"
            assert sentence.startswith(("the units saturate", rate, f"lower {rate}"))
            assert "--learning-rate" not in sentence or not chosen.rates, "which rates take the place of"
