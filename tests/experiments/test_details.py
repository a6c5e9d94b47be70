"""The row `details`, an ablation study: one change a step, from LeNet-5 as published to the one taught today."""

import json
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pytest

from lenet.architecture import Network
from lenet.errors import TrainingError
from lenet.experiments import find, runner
from lenet.experiments.charts import draw
from lenet.experiments.details import PUBLISHED, STEPS
from lenet.experiments.groups import train_each
from lenet.experiments.plan import Request
from lenet.experiments.preparation import RowData
from lenet.experiments.runner import reproduce
from lenet.experiments.statistics import difference
from lenet.model import load
from lenet.networks import describe
from lenet.training import Run
from lenet.training import recipe as named_recipe
from lenet.training.recipes import SDLM
from lenet.training.stream import Patterns
from tests.experiments.replica_fakes import use_fake_replicas


def digits(number, seed=0):
    rng = np.random.default_rng(seed)
    return Patterns(rng.integers(0, 256, (number, 32, 32), np.uint8), rng.integers(0, 10, number))


@pytest.fixture
def details_run(tmp_path, monkeypatch):
    """The finished run of the row, on thirty random pictures."""
    description = {"name": "mnist", "preparation": "as it is", "tested_on": "the test part", "training_patterns": 20,
               "test_patterns": 10, "training_sha256": "", "test_sha256": ""}  # fmt: skip
    monkeypatch.setattr(runner, "prepare", lambda *_, **__: RowData(digits(20), digits(10, 1), description))
    use_fake_replicas(monkeypatch)
    return reproduce(find("details"), tmp_path / "details", Request(quick=True, seeds=3))


def changed_stages(before: Network, after: Network):
    return [new.name for old, new in zip(before.stages, after.stages, strict=True) if old != new]


def test_each_step_changes_what_it_says_and_nothing_else():
    networks = [describe("lenet-5"), *(step.network for step in STEPS)]
    changes = [changed_stages(*pair) for pair in pairwise(networks)]
    assert changes == [[], ["output"], ["s2", "s4"], ["c1", "c3", "c5", "f6"], ["c3"], [], [], [], [], []]
    ranges = [network.input_range for network in networks]
    assert len(set(ranges[:8])) == len(set(ranges[8:])) == 1
    assert {network.input for network in networks} == {(1, 32, 32)}


def test_recipes_change_one_value_at_a_time_except_where_the_optimizer_changes():
    of_sdlm = [SDLM, *(step.recipe for step in STEPS if step.recipe.optimizer == "sdlm")]
    of_mini_batches = [step.recipe for step in STEPS if step.recipe.optimizer != "sdlm"]
    assert len(of_sdlm) + len(of_mini_batches) == len(STEPS) + 1

    def changed(recipes):
        pairs = pairwise(recipes)
        return [[one.name for one in fields(a) if getattr(a, one.name) != getattr(b, one.name)] for a, b in pairs]

    assert changed(of_sdlm) == [["j"], ["loss", "j"], [], [], []]
    assert changed(of_mini_batches) == [["init"], [], ["label_smoothing"], ["shift"]]
    assert (of_sdlm[-1].init, of_mini_batches[0].init) == (SDLM.init, SDLM.init)


def test_the_last_step_is_lenet_5_relu_as_it_is_trained_by_default():
    today, last = describe("lenet-5-relu", size=32), STEPS[-1]
    assert last.recipe == named_recipe("default", describe("lenet-5-relu"))
    assert last.network.input_range == today.input_range
    for ours, theirs in zip(last.network.stages, today.stages, strict=True):
        assert ours.activation == theirs.activation
        assert ours.layer == theirs.layer or (ours.name, ours.layer.maps, theirs.layer.units) == ("c5", 120, 120)
    sizes = [[int(np.prod(shape)) for shape in one.output_shapes] for one in (last.network, today)]
    assert sizes[0] == sizes[1]


def test_every_step_has_results_and_every_step_but_the_first_a_difference(details_run):
    results = details_run.settings["results"]
    labels = [PUBLISHED, *(step.label for step in STEPS)]
    assert list(results["seconds"]) == labels
    assert list(results["changes"]) == labels[1:]
    measured = {(one["measure"], one["part"]): one["values"] for one in results["measures"]}
    for label in labels:
        assert len(measured[("test_error", label)]) == len(measured[("train_error_while_learning", label)]) == 3
    first = measured[("test_error", labels[1])]
    expected = np.mean(first) - np.mean(measured[("test_error", labels[0])])
    assert results["changes"][labels[1]][0] == pytest.approx(expected)


def test_the_published_step_is_the_row_lenet_5(details_run):
    published = details_run.dependencies["lenet-5"].settings["results"]["measures"]
    errors = next(one["values"] for one in published if (one["measure"], one["part"]) == ("test_error", ""))
    ours = next(one for one in details_run.settings["results"]["measures"] if one["part"] == PUBLISHED)
    assert ours["values"] == errors


def test_epochs_of_mini_batches_are_recorded_in_the_history_too(details_run, tmp_path):
    lines = [json.loads(line) for line in (tmp_path / "details/history.jsonl").read_text("utf-8").splitlines()]
    by_part = {line["part"]: line for line in lines}
    assert list(by_part) == [step.label for step in STEPS]
    for step in STEPS:
        line = by_part[step.label]
        assert len(line["loss"]) == len(line["errors"]) == len(line["test_errors"]) == 3
        assert (line["epoch"], line["examples"]) == (1, 20)
    measured = {
        one["part"]: one for one in details_run.settings["results"]["measures"] if one["measure"].startswith("train")
    }
    last = STEPS[-1].label
    assert measured[last]["values"] == [5 * wrong for wrong in by_part[last]["errors"]]


def test_finished_runs_of_mini_batches_are_loaded_and_not_trained_again(details_run, tmp_path):
    step = STEPS[-1]
    recipe = replace(step.recipe, epochs=1)
    arguments = (tmp_path / "runs", step.network, recipe, (0, 1), digits(20), digits(10, 1))
    first = train_each(*arguments)
    written = (tmp_path / "runs/1/best.safetensors").stat().st_mtime_ns
    again = train_each(*arguments)
    assert (again.history, again.seconds) == (first.history, first.seconds)
    assert (tmp_path / "runs/1/best.safetensors").stat().st_mtime_ns == written
    assert (first.seeds, first.history[0]["examples"]) == ((0, 1), 20)


def test_runs_that_version_0_1_finished_are_tested_when_they_are_loaded(tmp_path):
    step, test = STEPS[-1], digits(10, 1)
    arguments = (tmp_path, step.network, replace(step.recipe, epochs=2), (0, 1), digits(20), test)
    first = train_each(*arguments)
    for seed in (0, 1):
        run = Run(tmp_path / f"{seed}")
        checkpoint = run.load_checkpoint()
        for row in checkpoint.history:
            for name in ("examples", "test_loss", "test_errors", "test_error_rate"):
                del row[name]
        run.save_checkpoint(checkpoint)
    again = train_each(*arguments)
    assert again.history[-1]["test_errors"] == first.history[-1]["test_errors"] == first.errors(test)
    assert again.history[-1]["examples"] == 20


def test_a_seed_that_diverged_is_drawn_at_the_edge_of_the_chart(details_run, tmp_path):
    for one in details_run.settings["results"]["measures"]:
        one.update(values=[1.0, 1.1, 88.0], mean=30.0, deviation=50.0)
    assert all(path.stat().st_size > 10_000 for path in draw(find("details"), details_run.settings, tmp_path))


def test_a_difference_of_means_has_an_interval_that_both_samples_widen():
    change, half_width = difference([1.0, 1.2, 1.4], [0.9, 1.0, 1.1])
    assert change == pytest.approx(0.2)
    assert half_width == pytest.approx(4.303 * np.sqrt((0.2**2 + 0.1**2) / 3))
    assert difference([1.0], [0.5, 0.6])[1] is None


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("j", 20.0),
        ("mu", 0.1),
        ("eta", 0.001),
        ("rate", 2.0),
        ("pass_factor", 2.0),
        ("init", "lush"),
        ("halved", False),
    ],
)
def test_recipes_that_are_compared_cannot_be_changed(tmp_path, name, changed):
    option = {"pass_factor": "--pass-factor", "halved": "--no-halved"}.get(name, f"--{name}")
    with pytest.raises(TrainingError, match=f"details compares recipes as they stand; leave {option} out"):
        reproduce(find("details"), tmp_path / "details", Request(**{name: changed}))
    assert not (tmp_path / "details").exists()


def test_the_number_of_cores_changes_no_bit_of_training_by_mini_batches(tmp_path, monkeypatch):
    step, result = STEPS[-1], []
    for cores in (1, 2):
        monkeypatch.setattr("lenet.training.side_by_side.usable_cores", lambda cores=cores: cores)
        folder = tmp_path / f"{cores}"
        train_each(folder, step.network, replace(step.recipe, epochs=1), (0, 1), digits(80), digits(10, 1))
        result.append([load(folder / f"{seed}/best.safetensors").parameters["c5.weight"].tobytes() for seed in (0, 1)])
    assert result[0] == result[1]


def test_a_folder_of_mini_batches_begun_with_another_recipe_is_refused(tmp_path):
    step = STEPS[-1]
    arguments = ((0,), digits(20), digits(10, 1))
    train_each(tmp_path, step.network, replace(step.recipe, epochs=1), *arguments)
    with pytest.raises(TrainingError, match="epochs"):
        train_each(tmp_path, step.network, replace(step.recipe, epochs=2), *arguments)
