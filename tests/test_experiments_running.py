"""Rows run, stop and go on; streams present what they say; groups side by side change nothing."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from lenet.engine.native import instruction_sets
from lenet.errors import TrainingError
from lenet.experiments import checkpoint, find, folder, replicas, runner
from lenet.experiments.preparation import Material, reduced
from lenet.experiments.progress import NullProgress
from lenet.experiments.recipe import LENET_5, SQUARED
from lenet.experiments.replicas import train
from lenet.experiments.request import Request
from lenet.experiments.runner import reproduce
from lenet.experiments.streams import COPIES, Patterns, Stream, inverted
from lenet.experiments.threads import side_by_side
from lenet.model import load
from lenet.networks import describe
from replica_fakes import FakeLanes

ROW = replace(find("lenet-5"), recipe=replace(LENET_5, rates=(0.0005, 0.0002, 0.0001), curvature_patterns=5))


def digits(number, seed=0):
    rng = np.random.default_rng(seed)
    return Patterns(rng.integers(0, 256, (number, 32, 32), np.uint8), rng.integers(0, 10, number))


@pytest.fixture
def small_data(monkeypatch):
    """Thirty random pictures in place of MNIST, twenty of them to learn from."""
    account = {"name": "mnist", "preparation": "as it is", "tested_on": "the test part", "training_patterns": 20,
               "test_patterns": 10, "training_sha256": "", "test_sha256": ""}  # fmt: skip
    monkeypatch.setattr(runner, "prepare", lambda *_, **__: Material(digits(20), digits(10, 1), account))
    monkeypatch.setattr(replicas, "_SPAN", 7)


class Killing(NullProgress):
    """Ends the run as a kill does, after so many signs of life."""

    def __init__(self, signs):
        super().__init__()
        self.left = signs

    def advance(self, patterns):
        super().advance(patterns)
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(one) for key, one in value.items() if key != "seconds"}
    return [without_times(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("signs", [0, 2, 4, 8, 11])
def test_a_run_that_was_killed_and_resumed_equals_an_uninterrupted_one(tmp_path, small_data, signs):
    request = Request(seeds=3)
    whole = reproduce(ROW, tmp_path / "whole", request, make=FakeLanes)
    with pytest.raises(KeyboardInterrupt):
        reproduce(ROW, tmp_path / "killed", request, progress=Killing(signs), make=FakeLanes)
    resumed = reproduce(ROW, tmp_path / "killed", request, make=FakeLanes)
    assert without_times(resumed.settings) == without_times(whole.settings)
    histories = [
        [without_times(json.loads(line)) for line in (tmp_path / name / "history.jsonl").read_text().splitlines()]
        for name in ("whole", "killed")
    ]
    assert histories[0] == histories[1]
    assert len(histories[0]) == 2 * 3
    for group, other in zip(whole.groups["all"], resumed.groups["all"], strict=True):
        for name, array in group.lanes.state().items():
            np.testing.assert_array_equal(array, other.lanes.state()[name])


def test_a_finished_row_is_opened_and_not_taught_again(tmp_path, small_data):
    first = reproduce(ROW, tmp_path / "row", Request(seeds=2), make=FakeLanes)
    again = reproduce(ROW, tmp_path / "row", Request(seeds=2), progress=Killing(0), make=FakeLanes)
    assert again.settings == first.settings


def test_the_first_seeds_weights_are_kept_whatever_they_are_worth(tmp_path, small_data):
    taught = reproduce(ROW, tmp_path / "row", Request(seeds=3), make=FakeLanes)
    kept = load(tmp_path / "row/weights.safetensors")
    np.testing.assert_array_equal(kept.parameters["f6.bias"], taught.groups["all"][0].lanes.arrays(0)["f6.bias"])
    assert kept.provenance["seed"] == 0


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (
            Request(seeds=4),
            r"was begun with seeds 2 \+ 1, not 2 \+ 2; choose another folder",
        ),
        (Request(seeds=3, passes=2), "was begun with passes 3, not 2; choose another folder with --out"),
        (Request(seeds=3, j=20.0), r"was begun with recipe j 15\.0, not 20\.0; choose another folder"),
    ],
)
def test_a_folder_begun_with_other_settings_is_refused_in_one_sentence(tmp_path, small_data, request_, sentence):
    reproduce(ROW, tmp_path / "row", Request(seeds=3), make=FakeLanes)
    with pytest.raises(TrainingError, match=sentence):
        reproduce(ROW, tmp_path / "row", request_, make=FakeLanes)


def test_a_folder_of_another_row_is_refused(tmp_path, small_data):
    reproduce(ROW, tmp_path / "row", Request(seeds=1), make=FakeLanes)
    with pytest.raises(TrainingError, match="holds lenet-5, not lenet-4; choose another folder with --out"):
        reproduce(find("lenet-4"), tmp_path / "row", Request(seeds=1), make=FakeLanes)


@pytest.mark.parametrize("name", ["run.json", "lanes/all-1.safetensors"])
def test_a_damaged_file_is_named(tmp_path, small_data, name):
    reproduce(ROW, tmp_path / "row", Request(seeds=1), make=FakeLanes)
    (tmp_path / "row" / name).write_bytes(b"{damaged")
    with pytest.raises(TrainingError, match=f"{name}: not"):
        reproduce(ROW, tmp_path / "row", Request(seeds=1), make=FakeLanes)


def test_a_row_rests_on_rows_beside_it_that_are_run_first(tmp_path, small_data):
    curve = replace(find("figure-5"), recipe=find("figure-5").recipe.limited_to(1))
    taught = reproduce(curve, tmp_path / "figure-5", Request(seeds=2, passes=1), make=FakeLanes)
    below = folder.read(tmp_path / "lenet-5")
    rates = taught.settings["results"]["measures"][0]["values"]
    lines = [json.loads(line) for line in (tmp_path / "lenet-5/history.jsonl").read_text().splitlines()]
    assert below["results"]
    assert rates == [100 * errors / 10 for line in lines for errors in line["test_errors"]]


def test_a_finished_row_is_refused_when_the_row_below_it_was_taught_otherwise(tmp_path, small_data):
    curve = find("figure-5")
    reproduce(curve, tmp_path / "figure-5", Request(seeds=2, quick=True), make=FakeLanes)
    shutil.rmtree(tmp_path / "lenet-5")
    with pytest.raises(TrainingError, match="figure-5: was begun with seeds_below lenet-5 "):
        reproduce(curve, tmp_path / "figure-5", Request(seeds=3, quick=True), make=FakeLanes)
    assert not (tmp_path / "lenet-5").exists()


def test_a_command_that_is_refused_begins_no_folder(tmp_path, small_data):
    reproduce(find("lenet-5"), tmp_path / "lenet-5", Request(seeds=2, quick=True), make=FakeLanes)
    with pytest.raises(TrainingError, match="lenet-5: was begun with seeds"):
        reproduce(find("figure-5"), tmp_path / "figure-5", Request(seeds=3, quick=True), make=FakeLanes)
    assert not (tmp_path / "figure-5").exists()


def test_a_run_does_not_go_on_with_an_engine_of_other_bits(tmp_path, small_data, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        reproduce(ROW, tmp_path / "row", Request(seeds=1), progress=Killing(4), make=FakeLanes)
    settings = folder.read(tmp_path / "row")
    settings["machine"]["instructions"] = "neon"
    folder.save(tmp_path / "row", settings)
    with pytest.raises(TrainingError, match="was begun by the engine neon, whose last bits differ; set LENET_ENGINE="):
        reproduce(ROW, tmp_path / "row", Request(seeds=1), make=FakeLanes)


def test_what_is_kept_without_all_that_a_run_goes_on_from_is_refused(tmp_path):
    path = tmp_path / "group.safetensors"
    checkpoint.keep(path, {"weights": np.ones(2)}, {"seeds": [0]}, history=[])
    state, known = checkpoint.resume(path, {"seeds": [0]}, lambda record: record.list("history"))
    assert (state["weights"].tolist(), known) == ([1, 1], [])
    said = r"not readable as networks under way \(no entry 'drawn'\); delete it to start afresh"
    with pytest.raises(TrainingError, match=said):
        checkpoint.resume(path, {"seeds": [0]}, lambda record: record.record("drawn"))
    assert checkpoint.resume(tmp_path / "none", {}, lambda record: None) is None


def test_a_row_is_complete_only_if_everything_below_it_is(tmp_path):
    row = find("figure-6")
    whole, cut = runner._recipes(row, Request()), runner._recipes(row, Request())
    cut["below"]["lenet-5-distorted"] = runner._recipes(find("lenet-5-distorted"), Request(passes=19))
    assert cut["recipe"] == whole["recipe"]
    verdicts = [runner._is_complete(row, {**one, "quick": False, "tested_on": "the test part"}) for one in (whole, cut)]
    assert verdicts == [True, False]


def test_the_run_says_everything_needed_to_repeat_it(tmp_path, small_data):
    settings = reproduce(ROW, tmp_path / "row", Request(seeds=2), make=FakeLanes).settings
    assert settings["command"] == "lenet reproduce lenet-5 --seeds 2"
    assert (settings["seeds"], settings["orders"]) == ([[0], [1]], [1_989, 1_990])
    assert settings["recipe"] == ROW.recipe.to_json()
    assert settings["network"] == describe("lenet-5").to_json()
    assert {"lenet", "python", "numpy", "opencv"} <= settings["versions"].keys()


def test_networks_see_the_pass_in_spans_and_the_errors_add_up(tmp_path):
    seen = []

    class Watched(FakeLanes):
        def learn(self, images, labels, order, eta, mu):
            seen.append((len(order), eta, mu))
            return super().learn(images, labels, order, eta, mu) | {
                "errors": np.array([len(order), 1]),
                "loss": np.array([len(order), 2.0]),
            }

    stream = Stream(digits(10), 1)
    replicas._SPAN, before = 4, replicas._SPAN
    try:
        group = train(tmp_path / "group", describe("lenet-5"), ROW.recipe, [0, 1], stream, digits(4), make=Watched)
    finally:
        replicas._SPAN = before
    assert seen == [(number, eta, 0.02) for eta in (0.0005, 0.0002, 0.0001) for number in (4, 4, 2)]
    assert group.history[0]["train_errors"] == [10, 3]
    assert group.history[0]["loss"] == [(4 * 4 + 4 * 4 + 2 * 2) / 10, 2.0]


@pytest.mark.skipif(not instruction_sets(), reason="replicas run in the native engine")
def test_replicas_of_the_engine_resume_bit_for_bit(tmp_path, monkeypatch):
    monkeypatch.setattr(replicas, "_SPAN", 7)
    network, recipe = describe("lenet-1"), replace(SQUARED, rates=(0.0005, 0.0002, 0.0001), curvature_patterns=5)
    patterns = Patterns(digits(20).images[:, 2:30, 2:30].copy(), digits(20).labels)
    stream = Stream(patterns, 1)
    whole = train(tmp_path / "whole", network, recipe, [0, 1, 2], stream, patterns)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "killed", network, recipe, [0, 1, 2], stream, patterns, progress=Killing(4))
    resumed = train(tmp_path / "killed", network, recipe, [0, 1, 2], stream, patterns)
    assert without_times(resumed.history) == without_times(whole.history)
    for name, array in whole.lanes.state().items():
        np.testing.assert_array_equal(array, resumed.lanes.state()[name])


def test_the_order_is_random_but_constant_and_another_one_for_another_group():
    (first, order), (_, again) = Stream(digits(30), 5).of_pass(0), Stream(digits(30), 5).of_pass(7)
    np.testing.assert_array_equal(order, again)
    assert sorted(order) == list(range(30))
    assert list(order) != list(range(30))
    assert list(Stream(digits(30), 6).of_pass(0)[1]) != list(order)
    np.testing.assert_array_equal(first.images, digits(30).images)


def test_second_derivatives_are_estimated_from_other_patterns_before_each_pass():
    stream = Stream(digits(100), 5)
    first, second = (stream.curvature_patterns(number, 20).tolist() for number in (0, 1))
    assert first != second
    assert len(set(first)) == 20


def test_the_smaller_training_set_lies_within_the_larger():
    whole = digits(40)
    small, large = (Stream(whole, 3, examples=number).training() for number in (10, 20))
    assert (len(small), len(large)) == (10, 20)
    assert {image.tobytes() for image in small.images} <= {image.tobytes() for image in large.images}


def test_ten_passes_present_each_pattern_and_each_distorted_copy_once_and_the_next_ten_again():
    whole = digits(12)
    stream = Stream(whole, 3, "distorted")
    passes = [stream.of_pass(number)[0] for number in range(COPIES + 1)]
    assert all(len(one) == 12 for one in passes)
    shown = {image.tobytes() for one in passes for image in one.images}
    assert {image.tobytes() for image in whole.images} <= shown
    assert len(shown) == 12 * (COPIES + 1)
    assert sorted(np.concatenate([one.labels for one in passes])) == sorted(np.repeat(whole.labels, COPIES + 1))
    np.testing.assert_array_equal(stream.of_pass(COPIES + 1)[0].images, passes[0].images)


def test_noise_is_another_one_in_each_pass_and_inverts_a_tenth_of_the_pixels():
    stream = Stream(digits(50), 3, "noisy")
    first, second = stream.of_pass(0)[0].images, stream.of_pass(1)[0].images
    changed = first != digits(50).images
    assert 0.09 < changed.mean() < 0.11
    np.testing.assert_array_equal(first[changed], ~digits(50).images[changed])
    assert (first != second).any()


def test_nothing_is_inverted_where_no_share_is():
    images = digits(3).images
    np.testing.assert_array_equal(inverted(images, np.random.default_rng(0), 0.0), images)


def test_a_reduced_digit_keeps_its_middle_and_its_gray():
    field = np.zeros((1, 28, 28), np.uint8)
    field[0, 4:24, 9:19] = 255  # 20 high, 10 wide
    small = reduced(field)[0].astype(float)
    assert small.sum() == pytest.approx(255 * 16 * 8)
    rows, columns = np.indices(small.shape)
    assert ((rows * small).sum() / small.sum(), (columns * small).sum() / small.sum()) == pytest.approx((13.5, 13.5))


def test_jobs_side_by_side_stop_when_one_fails():
    progress, lived = NullProgress(), []

    def lasting():
        for _ in range(10_000):
            progress.advance(1)
            lived.append(1)
            np.random.default_rng(0).random(10_000)

    def failing():
        raise TrainingError("a group failed")

    with pytest.raises(TrainingError, match="a group failed"):
        side_by_side([lasting, failing], progress, threads=2)
    assert len(lived) < 10_000
