"""Rows run, stop and go on; streams present what they say; groups side by side change nothing."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lenet.engine.native import instruction_sets
from lenet.errors import TrainingError
from lenet.experiments import find, folder, runner
from lenet.experiments.groups import train_group
from lenet.experiments.plan import Request
from lenet.experiments.preparation import RowData, reduce_digits
from lenet.experiments.rows import SQUARED
from lenet.experiments.runner import reproduce
from lenet.experiments.streams import COPIES, PatternStream, invert_pixels
from lenet.model import load
from lenet.networks import describe
from lenet.training import Run, fit, progress
from lenet.training.progress import NullProgress
from lenet.training.recipes import SDLM
from lenet.training.side_by_side import side_by_side
from lenet.training.stream import Patterns
from tests.experiments.replica_fakes import FakeReplicas, use_fake_replicas

RATES = (0.0005, 0.0002, 0.0001)
ROW = replace(find("lenet-5"), recipe=replace(SDLM, epochs=3, rates=RATES, curvature_examples=5))


def digits(number, seed=0):
    rng = np.random.default_rng(seed)
    return Patterns(rng.integers(0, 256, (number, 32, 32), np.uint8), rng.integers(0, 10, number))


@pytest.fixture
def small_data(monkeypatch):
    """Thirty random pictures in place of MNIST, twenty of them to learn from, by a stand-in for the engine."""
    description = {"name": "mnist", "preparation": "as it is", "tested_on": "the test part", "training_patterns": 20,
               "test_patterns": 10, "training_sha256": "", "test_sha256": ""}  # fmt: skip
    monkeypatch.setattr(runner, "prepare", lambda *_, **__: RowData(digits(20), digits(10, 1), description))
    monkeypatch.setattr(progress, "_SPAN_SECONDS", 0)  # progress after each update
    use_fake_replicas(monkeypatch)


class Killing(NullProgress):
    """Ends the run as a kill does, after so many patterns."""

    def __init__(self, patterns):
        super().__init__()
        self.left = patterns

    def advance(self, examples, text=""):
        super().advance(examples, text)
        self.left -= examples
        if self.left < 0:
            raise KeyboardInterrupt


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(one) for key, one in value.items() if key not in ("seconds", "images_per_second")}
    return [without_times(one) for one in value] if isinstance(value, list) else value


def assert_same_parameters(group, other):
    for arrays, others in zip(group.parameters, other.parameters, strict=True):
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, others[name])


@pytest.mark.parametrize("patterns", [0, 14, 30, 55, 77])
def test_a_run_that_was_killed_and_resumed_equals_an_uninterrupted_one(tmp_path, small_data, patterns):
    request = Request(seeds=3)
    whole = reproduce(ROW, tmp_path / "whole", request)
    with pytest.raises(KeyboardInterrupt):
        reproduce(ROW, tmp_path / "killed", request, progress=Killing(patterns))
    resumed = reproduce(ROW, tmp_path / "killed", request)
    assert without_times(resumed.settings) == without_times(whole.settings)
    histories = [
        [without_times(json.loads(line)) for line in (tmp_path / name / "history.jsonl").read_text().splitlines()]
        for name in ("whole", "killed")
    ]
    assert histories[0] == histories[1]
    assert len(histories[0]) == 2 * 3
    for group, other in zip(whole.groups["all"], resumed.groups["all"], strict=True):
        assert_same_parameters(group, other)


def test_a_finished_row_is_opened_and_not_taught_again(tmp_path, small_data):
    first = reproduce(ROW, tmp_path / "row", Request(seeds=2))
    again = reproduce(ROW, tmp_path / "row", Request(seeds=2), progress=Killing(0))
    assert again.settings == first.settings


def test_the_first_seeds_weights_are_kept_whatever_they_are_worth(tmp_path, small_data):
    trained = reproduce(ROW, tmp_path / "row", Request(seeds=3))
    kept = load(tmp_path / "row/weights.safetensors")
    np.testing.assert_array_equal(kept.parameters["f6.bias"], trained.groups["all"][0].parameters[0]["f6.bias"])
    assert kept.provenance["seed"] == 0


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (
            Request(seeds=4),
            r"was begun with seeds 3 \(2 \+ 1\), not 4 \(2 \+ 2\); choose another folder",
        ),
        (Request(seeds=3, passes=2), "was begun with passes 3, not 2; choose another folder with --out"),
        (Request(seeds=3, j=20.0), r"was begun with recipe j 15\.0, not 20\.0; choose another folder"),
    ],
)
def test_a_folder_begun_with_other_settings_is_refused_in_one_sentence(tmp_path, small_data, request_, sentence):
    reproduce(ROW, tmp_path / "row", Request(seeds=3))
    with pytest.raises(TrainingError, match=sentence):
        reproduce(ROW, tmp_path / "row", request_)


def test_a_folder_of_another_row_is_refused(tmp_path, small_data):
    reproduce(ROW, tmp_path / "row", Request(seeds=1))
    with pytest.raises(TrainingError, match="holds lenet-5, not lenet-4; choose another folder with --out"):
        reproduce(find("lenet-4"), tmp_path / "row", Request(seeds=1))


@pytest.mark.parametrize("name", ["run.json", "groups/all-1/last.safetensors"])
def test_a_damaged_file_is_named(tmp_path, small_data, name):
    reproduce(ROW, tmp_path / "row", Request(seeds=1))
    (tmp_path / "row" / name).write_bytes(b"{damaged")
    with pytest.raises(TrainingError, match=f"{name}: not"):
        reproduce(ROW, tmp_path / "row", Request(seeds=1))


def test_a_row_rests_on_rows_beside_it_that_are_run_first(tmp_path, small_data):
    curve = replace(find("figure-5"), recipe=find("figure-5").recipe.limited_to(1))
    trained = reproduce(curve, tmp_path / "figure-5", Request(seeds=2, passes=1))
    dependencies = folder.read(tmp_path / "lenet-5")
    rates = trained.settings["results"]["measures"][0]["values"]
    lines = [json.loads(line) for line in (tmp_path / "lenet-5/history.jsonl").read_text().splitlines()]
    assert dependencies["results"]
    assert rates == [100 * errors / 10 for line in lines for errors in line["test_errors"]]


def test_a_finished_row_is_refused_when_the_row_below_it_was_taught_otherwise(tmp_path, small_data):
    curve = find("figure-5")
    reproduce(curve, tmp_path / "figure-5", Request(seeds=2, quick=True))
    shutil.rmtree(tmp_path / "lenet-5")
    with pytest.raises(TrainingError, match="figure-5: was begun with seeds_below lenet-5 "):
        reproduce(curve, tmp_path / "figure-5", Request(seeds=3, quick=True))
    assert not (tmp_path / "lenet-5").exists()


def test_a_command_that_is_refused_begins_no_folder(tmp_path, small_data):
    reproduce(find("lenet-5"), tmp_path / "lenet-5", Request(seeds=2, quick=True))
    with pytest.raises(TrainingError, match="lenet-5: was begun with seeds"):
        reproduce(find("figure-5"), tmp_path / "figure-5", Request(seeds=3, quick=True))
    assert not (tmp_path / "figure-5").exists()


def test_a_run_does_not_go_on_with_an_engine_of_other_bits(tmp_path, small_data, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        reproduce(ROW, tmp_path / "row", Request(seeds=1), progress=Killing(4))
    settings = folder.read(tmp_path / "row")
    settings["machine"]["instructions"] = "neon"
    folder.save(tmp_path / "row", settings)
    with pytest.raises(TrainingError, match="was begun by the engine neon, whose last bits differ; set LENET_ENGINE="):
        reproduce(ROW, tmp_path / "row", Request(seeds=1))


def test_a_row_is_complete_only_if_everything_below_it_is():
    whole = Request().plan(find("figure-6"))
    cut = Request(passes=19).plan(find("lenet-5-distorted"))
    partly = replace(whole, dependencies={**whole.dependencies, "lenet-5-distorted": cut})
    assert partly.recipes["recipe"] == whole.recipes["recipe"]
    assert [runner._is_complete(plan, "the test part") for plan in (whole, partly)] == [True, False]
    assert not runner._is_complete(whole, "5,000 training patterns set aside")
    assert not runner._is_complete(replace(whole, quick=True), "the test part")


def test_the_run_says_everything_needed_to_repeat_it(tmp_path, small_data):
    settings = reproduce(ROW, tmp_path / "row", Request(seeds=2)).settings
    assert settings["command"] == "lenet reproduce lenet-5 --seeds 2"
    assert (settings["seeds"], settings["orders"]) == ([[0], [1]], [1_989, 1_990])
    assert settings["recipe"] == ROW.recipe.to_json()
    assert settings["network"] == describe("lenet-5").to_json()
    assert {"lenet", "python", "numpy", "opencv"} <= settings["versions"].keys()


def test_the_losses_and_errors_of_an_epochs_spans_add_up(tmp_path, small_data, monkeypatch):
    seen = []

    class Watched(FakeReplicas):
        def learn(self, images, labels, order, eta, mu):
            seen.append((len(order), eta, mu))
            loss = np.array([float(labels[order].sum()) / len(order), 2.0])
            return super().learn(images, labels, order, eta, mu) | {"errors": np.array([len(order), 1]), "loss": loss}

    use_fake_replicas(monkeypatch, Watched)
    patterns = digits(10)
    recipe, test = replace(ROW.recipe, curvature_examples=4), digits(4)
    group = train_group(tmp_path / "group", describe("lenet-5"), recipe, [0, 1], PatternStream(patterns, 1), test)
    assert seen == [(1, eta, 0.02) for eta in RATES for _ in range(10)]
    assert [row["learning_rate"] for row in group.history] == list(RATES)
    assert group.history[0]["errors"] == [10, 10]
    assert group.history[0]["loss"] == pytest.approx([patterns.labels.mean(), 2.0])


@pytest.mark.skipif(not instruction_sets(), reason="replicas run in the native engine")
@pytest.mark.parametrize("stopped_after", [10, 25, 45])
def test_replicas_of_the_engine_resume_bit_for_bit(tmp_path, monkeypatch, stopped_after):
    monkeypatch.setattr(progress, "_SPAN_SECONDS", 0)
    network, recipe = describe("lenet-1"), replace(SQUARED, epochs=3, rates=RATES, curvature_examples=5)
    patterns = Patterns(digits(20).images[:, 2:30, 2:30].copy(), digits(20).labels)
    arguments = network, recipe, [0, 1, 2], PatternStream(patterns, 1, curvature_examples=5), patterns
    whole = train_group(tmp_path / "whole", *arguments)
    with pytest.raises(KeyboardInterrupt):
        train_group(tmp_path / "killed", *arguments, progress=Killing(stopped_after))
    resumed = train_group(tmp_path / "killed", *arguments)
    assert without_times(resumed.history) == without_times(whole.history)
    assert_same_parameters(whole, resumed)


@pytest.mark.skipif(not instruction_sets(), reason="replicas run in the native engine")
def test_sdlm_goes_on_within_an_epoch_without_estimating_again(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "_SPAN_SECONDS", 0)
    network, recipe = describe("lenet-1"), replace(SQUARED, epochs=2, rates=RATES[:2], curvature_examples=5)
    stream = PatternStream(Patterns(digits(20).images[:, 2:30, 2:30].copy(), digits(20).labels), 1)
    alone = fit(network, stream, recipe, tmp_path / "alone")
    with pytest.raises(KeyboardInterrupt):
        fit(network, stream, recipe, tmp_path / "killed", checkpoint_every=6, progress=Killing(15))
    assert Run(tmp_path / "killed").load_checkpoint().step == 12
    resumed = fit(network, stream, recipe, tmp_path / "killed", checkpoint_every=6, resume=True)
    assert without_times(resumed.history) == without_times(alone.history)
    for name, array in alone.model.parameters.items():
        np.testing.assert_array_equal(array, resumed.model.parameters[name])


def test_the_order_is_random_but_constant_and_another_one_for_another_group():
    first, again = PatternStream(digits(30), 5).epoch(0), PatternStream(digits(30), 5).epoch(7)
    order = first.order
    np.testing.assert_array_equal(order, again.order)
    assert sorted(order) == list(range(30))
    assert list(order) != list(range(30))
    assert list(PatternStream(digits(30), 6).epoch(0).order) != list(order)
    np.testing.assert_array_equal(first.images, digits(30).images)


def test_second_derivatives_are_estimated_from_other_patterns_before_each_pass():
    stream = PatternStream(digits(100), 5, curvature_examples=20)
    first, second = (stream.epoch(number).curvature.tolist() for number in (0, 1))
    assert first != second
    assert len(set(first)) == 20


def test_the_smaller_training_set_lies_within_the_larger():
    whole = digits(40)
    small, large = (PatternStream(whole, 3, number=number).training() for number in (10, 20))
    assert (len(small), len(large)) == (10, 20)
    assert {image.tobytes() for image in small.images} <= {image.tobytes() for image in large.images}


def test_ten_passes_present_each_pattern_and_each_distorted_copy_once_and_the_next_ten_again():
    whole = digits(12)
    stream = PatternStream(whole, 3, "distorted")
    passes = [stream.epoch(number) for number in range(COPIES + 1)]
    assert all(len(one) == 12 for one in passes)
    shown = {image.tobytes() for one in passes for image in one.images}
    assert {image.tobytes() for image in whole.images} <= shown
    assert len(shown) == 12 * (COPIES + 1)
    assert sorted(np.concatenate([one.labels for one in passes])) == sorted(np.repeat(whole.labels, COPIES + 1))
    np.testing.assert_array_equal(stream.epoch(COPIES + 1).images, passes[0].images)


def test_noise_is_another_one_in_each_pass_and_inverts_a_tenth_of_the_pixels():
    stream = PatternStream(digits(50), 3, "noisy")
    first, second = stream.epoch(0).images, stream.epoch(1).images
    changed = first != digits(50).images
    assert 0.09 < changed.mean() < 0.11
    np.testing.assert_array_equal(first[changed], ~digits(50).images[changed])
    assert (first != second).any()


def test_nothing_is_inverted_where_no_share_is():
    images = digits(3).images
    np.testing.assert_array_equal(invert_pixels(images, np.random.default_rng(0), 0.0), images)


def test_a_reduced_digit_keeps_its_middle_and_its_gray():
    field = np.zeros((1, 28, 28), np.uint8)
    field[0, 4:24, 9:19] = 255  # 20 high, 10 wide
    small = reduce_digits(field)[0].astype(float)
    assert small.sum() == pytest.approx(255 * 16 * 8)
    rows, columns = np.indices(small.shape)
    assert ((rows * small).sum() / small.sum(), (columns * small).sum() / small.sum()) == pytest.approx((13.5, 13.5))


def test_jobs_side_by_side_stop_when_one_fails():
    whole, lived = NullProgress(), []

    def lasting():
        for _ in range(10_000):
            whole.part("lasting").advance(1)
            lived.append(1)
            np.random.default_rng(0).random(10_000)

    def failing():
        raise TrainingError("a group failed")

    with pytest.raises(TrainingError, match="a group failed"):
        side_by_side([lasting, failing], whole, threads=2)
    assert len(lived) < 10_000


@pytest.mark.skipif(not instruction_sets(), reason="replicas run in the native engine")
@pytest.mark.parametrize("is_measured", [True, False])
def test_a_row_that_version_0_1_trained_is_opened_with_its_networks(tmp_path, mnist, is_measured):
    place = tmp_path / "lenet-1"
    shutil.copytree(Path(__file__).parents[1] / "version-0.1/row", place)
    kept = json.loads((place / "run.json").read_text())
    figures = [(one["measure"], one["values"]) for one in kept["results"]["measures"]]
    if not is_measured:
        del kept["results"]
        (place / "run.json").write_text(json.dumps(kept))
    opened = reproduce(find("lenet-1"), place, Request(quick=True), progress=Killing(0))
    assert [(one["measure"], one["values"]) for one in opened.settings["results"]["measures"]] == figures
    assert opened.settings["recipe"] == Request(quick=True).plan(find("lenet-1")).recipe.to_json()
    with pytest.raises(TrainingError, match="was begun with quick true, not false"):
        reproduce(find("lenet-1"), place, Request(seeds=2, passes=1))
