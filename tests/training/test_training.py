"""Recipes, the loop, runs on disk and the verb, on data small enough to train in a blink."""

import json
import math
from dataclasses import replace
from importlib.util import find_spec
from itertools import product

import numpy as np
import pytest

import lenet
from lenet.architecture import Activation, Convolution, FullConnection, MaxPooling, Network, Stage, relu
from lenet.cli import main
from lenet.cli import training as verbs
from lenet.data import Dataset, split_validation
from lenet.engine.native import Augmentation, instruction_sets
from lenet.errors import LeNetError, TrainingError, UnknownName
from lenet.evaluation import evaluate
from lenet.model import Model, load
from lenet.networks import describe, names
from lenet.training import RECIPES, Epoch, Recipe, fit, recipe
from lenet.training.augmentation import augment, epoch_order
from lenet.training.progress import Cancelled, LogProgress
from lenet.training.recipes import PUBLISHED_RATES, SDLM
from lenet.training.runs import Run, fingerprint, read_settings
from lenet.training.stream import GeneratedStream

ENGINES = [*instruction_sets(), *(["torch"] if find_spec("torch") else [])]
TINY = Network(
    "tiny",
    (1, 8, 8),
    (Stage("c1", Convolution(4, 3), relu), Stage("p1", MaxPooling()), Stage("output", FullConnection(3))),
)
QUICK = Recipe(epochs=3, batch=16, shift=1, learning_rate=0.05)


def stripes(examples=240, seed=0):
    """Three classes that can be told apart: a bright row at the top, in the middle, at the bottom, under noise."""
    rng = np.random.default_rng(seed)

    def part(count):
        labels = rng.integers(0, 3, count)
        images = rng.integers(0, 120, (count, 8, 8)).astype(np.uint8)
        images[np.arange(count), 1 + 2 * labels] = 255
        return images, labels

    return Dataset("stripes", *part(examples), *part(60), class_names=("top", "middle", "bottom"))


@pytest.fixture(params=ENGINES)
def engine(request, monkeypatch):
    """Every engine that can train here, as LENET_ENGINE asks for it."""
    monkeypatch.setenv("LENET_ENGINE", request.param)
    return request.param


def arrays_of(run):
    return run.model.parameters


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name])


def write_npz(path, dataset):
    np.savez(path, x_train=dataset.train_images, y_train=dataset.train_labels,
             x_test=dataset.test_images, y_test=dataset.test_labels)  # fmt: skip
    return str(path)


# Recipes


def test_one_cycle_rises_to_its_peak_and_falls_towards_zero():
    rates = Recipe(learning_rate=0.06, warm_up=0.3, epochs=1).learning_rates(0, 1000)
    assert max(rates) == rates[299] == 0.06
    assert rates[:300] == sorted(rates[:300])
    assert rates[299:] == sorted(rates[299:], reverse=True)
    assert 0 < rates[-1] < 1e-4


def test_the_tutorial_recipe_is_the_one_that_people_copy():
    copied = recipe("tutorial", describe("lenet-5-relu"))
    assert (copied.batch, copied.optimizer, copied.learning_rate, copied.momentum, copied.epochs) == (
        16, "sgd", 1e-3, 0.9, 50,
    )  # fmt: skip
    assert not any((copied.shift, copied.distortions, copied.label_smoothing, copied.weight_decay))
    assert copied.learning_rates(49, 10) == [1e-3] * 10


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("network", names())
def test_every_recipe_fits_every_network_and_survives_json(name, network):
    described = describe(network)
    if name == "1998" and described.stages[-1].activation is Activation.LOG_SOFTMAX:
        with pytest.raises(TrainingError, match="the optimizer sdlm does not learn by nll; expected penalty, map"):
            recipe(name, described)
        return
    made = recipe(name, described)
    assert Recipe.from_json(json.loads(json.dumps(made.to_json()))) == made


def test_small_sets_get_more_epochs_and_all_that_were_measured_keep_theirs():
    relu = describe("lenet-5-relu")
    assert [recipe("default", relu, examples=count).epochs for count in (None, 60_000, 7291, 5000)] == [5] * 4
    assert [recipe("default", relu, examples=count).epochs for count in (4999, 1000, 100, 1)] == [10, 25, 250, 250]
    assert recipe("fast", describe("lenet-5"), examples=1000).epochs == 20
    assert recipe("default", relu, examples=10, epochs=3).epochs == 3
    assert [recipe("default", relu, examples=count).learning_rate for count in (5000, 4999)] == [0.06, 0.03]
    assert recipe("fast", describe("lenet-5"), examples=1000).learning_rate == 2e-3  # AdamW's
    assert recipe("tutorial", relu, examples=10) == recipe("tutorial", relu)


def test_color_is_learned_slower_unless_the_network_has_a_recipe_of_its_own():
    for name in ("lenet-5-relu", "lenet-short", "lenet-caffe"):
        gray, color = (recipe("fast", describe(name, channels=channels)) for channels in (1, 3))
        assert (gray.epochs, gray.learning_rate) == (2, 0.1)
        assert (color.epochs, color.learning_rate) == (4, 0.02)
    assert recipe("default", describe("lenet-rgb")).learning_rate == 0.05


def named_set(labels, names):
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 28, 28)).astype(np.uint8)
    return Dataset("mine", images, np.array(labels), images, np.array(labels), names)


def test_a_class_without_examples_is_named_and_one_class_alone_is_refused(tmp_path, capsys):
    lenet.train("lenet-5-relu", named_set([0, 2] * 10, ("cat", "dog", "cow")), epochs=1, out=tmp_path / "run")
    assert "lenet: mine has no training examples of dog: none is learned\n" in capsys.readouterr().err
    with pytest.raises(TrainingError, match="mine holds examples of the class dog alone; expected at least two"):
        lenet.train("lenet-5-relu", named_set([1] * 20, ("cat", "dog")), epochs=1, out=tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_more_classes_than_outputs_are_refused_with_a_network_that_takes_them(tmp_path):
    eleven = named_set(list(range(11)) * 2, tuple("abcdefghijk"))
    message = r"mine has 11 classes, but lenet-5 has 10 outputs for them; .*; take lenet-5-relu by name"
    with pytest.raises(TrainingError, match=message):
        lenet.train("lenet-5", eleven, epochs=1, out=tmp_path / "run")


def test_given_values_replace_those_of_the_recipe():
    assert recipe("fast", describe("lenet-5"), learning_rate=0.5, epochs=None).learning_rate == 0.5


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": 0}, "epochs is 0, expected at least 1"),
        ({"learning_rate": math.nan}, "learning_rate is nan, expected a number above 0"),
        ({"momentum": 1.0}, "momentum is 1.0, expected at least 0 and less than 1"),
        ({"optimizer": "sdg"}, "unknown optimizer 'sdg'; did you mean sgd"),
        ({"init": "zero"}, "unknown initialization 'zero'"),
        ({"loss": "map", "label_smoothing": 0.1}, "the loss map takes none"),
        ({"scale": 2.0}, "scale is 2.0"),
        ({"halved": True}, "halved goes with the optimizer sdlm, not with sgd; set it to false, or take sdlm"),
    ],
)
def test_a_value_that_is_not_accepted_is_named(values, message):
    with pytest.raises(LeNetError, match=message):
        Recipe(**values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"j": 1.0}, "j goes with the loss map, and the loss is cross-entropy; leave j out"),
        ({"mu": 1.0}, "mu goes with the optimizer sdlm, and the optimizer is sgd"),
        ({"curvature_examples": 9}, "curvature_examples goes with the optimizer sdlm"),
        ({"nesterov": True, "optimizer": "adamw"}, "nesterov goes with the optimizer sgd, and the optimizer is adamw"),
        ({"warm_up": 0.1, "schedule": "constant"}, "warm_up goes with the schedule one-cycle or one-cycle-midpoint"),
        ({"learning_rate": 0.1, "rates": [0.1]}, "learning_rate goes with the schedule one-cycle or"),
        ({"shift": 28}, "shift is 28, expected less than 28, the side of a picture"),
    ],
)
def test_a_value_that_would_do_nothing_or_move_pictures_away_is_refused(values, message, tmp_path):
    with pytest.raises(TrainingError, match=message):
        lenet.train("lenet-5-relu", named_set([0, 1] * 10, ("cat", "dog")), out=tmp_path / "run", **values)
    assert not (tmp_path / "run").exists()


def test_a_recipe_of_wrong_types_is_refused():
    with pytest.raises(TrainingError, match="epochs is '3', expected a whole number"):
        Recipe.from_json({"epochs": "3"})
    with pytest.raises(UnknownName, match="did you mean epochs"):
        Recipe.from_json({"epoch": 3})


@pytest.mark.parametrize(
    ("network", "loss"), [("lenet-5", "cross-entropy"), ("lenet-5-relu", "map"), ("lenet-5-relu", "nll")]
)
def test_a_loss_that_does_not_fit_the_outputs_is_refused(network, loss, tmp_path):
    described = describe(network)
    with pytest.raises(TrainingError, match=f"loss {loss}"):
        fit(described, stripes(), recipe("fast", described, loss=loss), tmp_path / "run")
    assert not (tmp_path / "run").exists()


# Chance


def test_an_epoch_follows_from_seed_and_number_alone_and_epochs_differ():
    first, again, next_one = (epoch_order(QUICK, np.arange(240), epoch) for epoch in (0, 0, 1))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1].shifts, again[1].shifts)
    assert (first[0] != next_one[0]).any()
    assert (first[1].shifts != next_one[1].shifts).any()
    assert sorted(first[0]) == list(range(240))


def test_every_shift_within_the_limit_is_drawn():
    shifts = epoch_order(Recipe(shift=2), np.arange(500), 0)[1].shifts
    assert {tuple(shift) for shift in shifts.tolist()} == set(product(range(-2, 3), repeat=2))


def test_a_picture_is_mirrored_and_then_shifted_down_and_right():
    picture = np.arange(9, dtype=np.uint8).reshape(1, 3, 3)
    changes = Augmentation(shifts=np.array([[1, -1]], np.int8), mirrored=np.array([True]), seed=0, epoch=0)
    assert augment(picture, changes).tolist() == [[[0, 0, 0], [1, 0, 0], [4, 3, 0]]]
    color = augment(np.repeat(picture[:, None], 3, axis=1), changes)
    assert color[0, 2].tolist() == [[1, 0, 0], [1, 0, 0], [4, 3, 3]]  # the edge is repeated


def test_mirroring_turns_about_half_of_the_pictures():
    images = stripes().train_images
    mirrored = augment(images, epoch_order(Recipe(flip=True), np.arange(len(images)), 0)[1])
    turned = (mirrored == images[..., ::-1]).all(axis=(1, 2))
    kept = (mirrored == images).all(axis=(1, 2))
    assert (turned ^ kept).all()
    assert 80 < turned.sum() < 160


# The loop


def test_training_learns_and_keeps_what_it_needs(engine, tmp_path):
    result = stripes()
    run = fit(TINY, result, QUICK, tmp_path / "run", threads=1)
    assert evaluate(run.best_path, result).error_rate < 5
    assert {path.name for path in run.folder.iterdir()} == {
        ".lock", "run.json", "history.jsonl", "best.safetensors", "last.safetensors",
    }  # fmt: skip
    assert [row["epoch"] for row in run.history] == [1, 2, 3]
    assert run.best["validation_errors"] == min(row["validation_errors"] for row in run.history)
    provenance = run.model.provenance
    assert provenance["data"]["training_sha256"] == fingerprint(result.train_images, result.train_labels)
    assert provenance["epoch"] == run.best["epoch"]
    assert provenance["engine"] == run.settings["engine"] == engine


@pytest.mark.parametrize("changes", [{}, {"optimizer": "adamw"}, {"ema": 0.9}, {"momentum": 0.0}, {"rotation": 5.0}])
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(engine, changes, tmp_path):
    made = Recipe.from_json(QUICK.to_json() | {"epochs": 1} | changes)
    runs = [fit(TINY, stripes(), made, tmp_path / name, threads=1) for name in "ab"]
    assert_same(arrays_of(runs[0]), arrays_of(runs[1]))
    other = fit(TINY, stripes(), Recipe.from_json(made.to_json() | {"seed": 1}), tmp_path / "c", threads=1)
    assert (arrays_of(runs[0])["c1.weight"] != arrays_of(other)["c1.weight"]).any()


def test_one_update_of_plain_descent_is_the_rate_times_the_mean_gradient(engine, tmp_path):
    torch = pytest.importorskip("torch")
    from lenet.initialization import initial_weights
    from lenet.preprocess import network_inputs
    from lenet.pytorch import build, load_arrays

    result = stripes(20)
    plain = Recipe(
        epochs=1, batch=20, momentum=0, nesterov=False, weight_decay=0, schedule="constant", learning_rate=0.1
    )
    run = fit(TINY, result, plain, tmp_path / "run", validation=0, threads=1)
    module = build(TINY)
    load_arrays(module, initial_weights(TINY, plain.init, plain.seed))
    inputs = torch.from_numpy(network_inputs(result.train_images, TINY.input, TINY.input_range))
    torch.nn.functional.cross_entropy(module(inputs), torch.from_numpy(result.train_labels)).backward()
    for name, parameter in module.named_parameters():
        expected = (parameter - 0.1 * parameter.grad).detach().numpy()
        np.testing.assert_allclose(arrays_of(run)[name], expected, atol=1e-6)


def test_the_running_mean_is_what_is_kept_and_learning_goes_on_from_the_weights(engine, tmp_path):
    with_mean, without = (
        fit(TINY, stripes(), Recipe.from_json(QUICK.to_json() | {"ema": ema}), tmp_path / str(ema), threads=1)
        for ema in (0.9, 0.0)
    )
    state, plain = with_mean.load_checkpoint().state, without.load_checkpoint().state
    np.testing.assert_array_equal(state["weights.c1.weight"], plain["weights.c1.weight"])
    assert (state["average.c1.weight"] != state["weights.c1.weight"]).any()


def test_the_weights_kept_are_those_with_the_fewest_validation_errors(engine, tmp_path):
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (200, 8, 8)).astype(np.uint8), rng.integers(0, 3, 200)
    # Nothing can be learned here, so the validation errors go up and down.
    noise = Dataset("noise", images, labels, images[:9], labels[:9], tuple("abc"))
    run = fit(
        TINY, noise, Recipe(epochs=8, batch=8, optimizer="adamw", learning_rate=0.01), tmp_path / "run", validation=60
    )
    errors = [row["validation_errors"] for row in run.history]
    assert run.best["epoch"] == 1 + errors.index(min(errors))
    assert errors[-1] > min(errors)
    split = split_validation(noise, 60)
    held_out = Dataset("held out", images, labels, split.validation_images, split.validation_labels, noise.class_names)
    assert evaluate(run.best_path, held_out).errors == min(errors)


def test_the_test_split_decides_nothing(engine, tmp_path):
    result = stripes()
    shuffled = Dataset("stripes", result.train_images, result.train_labels, result.test_images[::-1].copy(),
                       (result.test_labels + 1) % 3, result.class_names)  # fmt: skip
    runs = [fit(TINY, data, QUICK, tmp_path / str(i), threads=1) for i, data in enumerate((result, shuffled))]
    assert runs[0].best_path.read_bytes() != b""
    assert_same(arrays_of(runs[0]), arrays_of(runs[1]))
    assert runs[0].best["epoch"] == runs[1].best["epoch"]


def test_a_run_that_diverges_says_so(engine, tmp_path):
    with pytest.raises(TrainingError, match="lower --learning-rate, which is"):
        fit(TINY, stripes(), Recipe(epochs=2, learning_rate=1e30, schedule="constant"), tmp_path / "run")
    assert not (tmp_path / "run" / "best.safetensors").exists()


def test_a_device_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TrainingError, match="unknown device 'abacus'"):
        fit(TINY, stripes(), QUICK, tmp_path / "run", device="abacus")


def test_more_classes_than_outputs_are_refused(tmp_path):
    images, labels = np.zeros((40, 8, 8), np.uint8), np.arange(40) % 4
    four = Dataset("four", images, labels, images, labels, tuple("abcd"))
    with pytest.raises(TrainingError, match="four has 4 classes, but tiny has 3 outputs"):
        fit(TINY, four, QUICK, tmp_path / "run")


# Runs on disk


def test_an_existing_run_is_neither_overwritten_nor_mixed_with_another(tmp_path):
    run = fit(TINY, stripes(), QUICK, tmp_path / "run", threads=1)
    before = {path: path.read_bytes() for path in run.folder.iterdir()}
    with pytest.raises(TrainingError, match=r"holds a run of tiny on stripes already; add --resume .* --out"):
        fit(TINY, stripes(), QUICK, tmp_path / "run")
    with pytest.raises(TrainingError, match="was begun with epochs 3, not 4"):
        fit(TINY, stripes(), Recipe.from_json(QUICK.to_json() | {"epochs": 4}), tmp_path / "run", resume=True)
    with pytest.raises(TrainingError, match="was begun on stripes, whose training split differs"):
        fit(TINY, stripes(seed=1), QUICK, tmp_path / "run", resume=True)
    assert {path: path.read_bytes() for path in run.folder.iterdir()} == before


def test_going_on_with_a_finished_run_changes_no_weights(engine, tmp_path):
    run = fit(TINY, stripes(), QUICK, tmp_path / "run", threads=1)
    before = run.best_path.read_bytes(), run.last_path.read_bytes(), run.history_path.read_bytes()
    fit(TINY, stripes(), QUICK, tmp_path / "run", resume=True)
    assert (run.best_path.read_bytes(), run.last_path.read_bytes(), run.history_path.read_bytes()) == before


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "not readable as JSON"), ("[]", "is not the run.json of a run"), ('{"format": "lenet-run-1"}', "no entry")],
)
def test_a_damaged_run_json_is_named(content, message, tmp_path):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(TrainingError, match=message):
        read_settings(tmp_path)


def test_a_damaged_checkpoint_is_named(tmp_path):
    run = fit(TINY, stripes(), QUICK, tmp_path / "run", threads=1)
    run.last_path.write_bytes(run.last_path.read_bytes()[:100])
    with pytest.raises(TrainingError, match=r"last\.safetensors: not a readable checkpoint"):
        fit(TINY, stripes(), QUICK, tmp_path / "run", resume=True)


# The verb


def test_every_value_of_a_recipe_is_an_option():
    import inspect

    options = inspect.signature(verbs.train).parameters
    assert set(Recipe().to_json()) - {"name"} <= set(options)


def test_the_verb_trains_tests_and_says_where_everything_lies(engine, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = write_npz(tmp_path / "stripes.npz", stripes())
    assert main(["train", "lenet-short", "--data", source, "--epochs", "1", "--threads", "1"]) == 0
    printed = capsys.readouterr()
    first, *paths = printed.out.splitlines()
    assert first.startswith("test: ")
    assert "95 % interval" in first
    assert "runs/lenet-short-stripes-1/best.safetensors" in paths
    assert all((tmp_path / path).exists() for path in paths)
    assert "epoch 1/1" in printed.err


def test_a_run_is_repeated_from_its_run_json_with_the_same_bits(engine, tmp_path, capsys):
    source = write_npz(tmp_path / "stripes.npz", stripes())
    first, second = tmp_path / "first", tmp_path / "second"
    command = ["train", "lenet-short", "--data", source, "--recipe", "fast", "--seed", "3", "--batch", "32"]
    assert main([*command, "--epochs", "1", "--threads", "1", "--out", str(first)]) == 0
    capsys.readouterr()
    assert main(["train", "--from", str(first / "run.json"), "--out", str(second), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["settings"]["recipe"] == read_settings(first)["recipe"]
    assert summary["test"]["examples"] == 60

    assert_same(load(first / "best.safetensors").parameters, load(second / "best.safetensors").parameters)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lenet-6"], "unknown network 'lenet-6'; did you mean lenet-5"),
        (["--recipe", "quick"], "unknown recipe 'quick'"),
        (["--resume"], "--resume needs --out"),
        (["--from", "nowhere.json"], "nowhere.json: no such file"),
        (["--data", "minst"], "unknown data set 'minst'"),
        (["lenet-5", "--hidden", "3"], "lenet-5 has no argument 'hidden'"),
    ],
)
def test_the_verb_says_what_is_wrong_in_one_line(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if "--data" not in arguments:
        arguments = [*arguments, "--data", write_npz(tmp_path / "stripes.npz", stripes())]
    assert main(["train", *arguments]) in (1, 2)
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_a_stop_by_hand_says_how_to_go_on(capsys, tmp_path, monkeypatch):
    def stopped(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(verbs, "train_network", stopped)
    source = write_npz(tmp_path / "stripes.npz", stripes())
    assert main(["train", "--data", source, "--out", "my-run"]) == 130
    assert capsys.readouterr().err == "lenet: stopped; go on with: lenet train --out my-run --resume\n"


def test_evaluating_on_other_classes_is_refused_and_names_both(tmp_path, capsys):
    dataset = stripes(60)
    network = describe("lenet-5-relu")
    arrays = {name: np.zeros(shape, np.float32) for name, shape in network.parameter_shapes().items()}
    Model(network, arrays, {"data": {"name": "cifar10"}}).save(tmp_path / "w.safetensors")
    source = write_npz(tmp_path / "stripes.npz", dataset)
    assert main(["evaluate", str(tmp_path / "w.safetensors"), "--data", str(source)]) == 1
    output = capsys.readouterr().err
    assert "stripes has the classes 0, 1, 2, but the model's are airplane, automobile, bird, cat" in output


# Stochastic diagonal Levenberg–Marquardt


@pytest.mark.skipif(not instruction_sets(), reason="replicas run in the native engine")
def test_networks_side_by_side_of_which_one_diverges_stop_and_stay_readable_as_they_were_before(tmp_path, mnist):
    network = describe("lenet-5-relu")
    few = Dataset("few", mnist.train_images[:200], mnist.train_labels[:200], mnist.test_images[:9],
                  mnist.test_labels[:9], mnist.class_names)  # fmt: skip
    made = recipe("1998", network, epochs=2, rates=[1e-4, 10.0])
    message = r"network \d of 8 is \S+ in epoch 2.*lower --rates, which is 10.0.*last.safetensors holds the networks"
    with pytest.raises(TrainingError, match=message):
        fit(network, few, made, tmp_path / "run", seeds=range(8), validation=0)
    run = Run(tmp_path / "run")
    assert [row["epoch"] for row in run.history] == [1]
    assert run.load_checkpoint().epoch == 1
    assert len(run.models) == 8


@pytest.mark.skipif(not instruction_sets(), reason="replicas run in the native engine")
def test_the_algorithm_of_1998_trains_any_network_on_any_data(tmp_path):
    made = recipe("1998", TINY, epochs=3)
    assert (made.optimizer, made.loss, made.rates) == ("sdlm", "cross-entropy", PUBLISHED_RATES[:3])
    run = fit(TINY, stripes(), replace(made, rates=(0.02, 0.01, 0.01)), tmp_path / "run")
    assert run.history[-1]["loss"] < 0.7 * run.history[0]["loss"]
    assert run.best["validation_errors"] == min(row["validation_errors"] for row in run.history)
    assert run.model.class_names == stripes().class_names
    with pytest.raises(TrainingError, match="runs in the native engine, in one process on a CPU; not in torch"):
        fit(TINY, stripes(), made, tmp_path / "other", engine="torch")
    assert not (tmp_path / "other").exists()


@pytest.mark.skipif(not instruction_sets(), reason="replicas run in the native engine")
def test_networks_that_are_trained_side_by_side_are_those_that_are_trained_alone(tmp_path):
    made = recipe("1998", TINY, epochs=2)
    together = fit(TINY, stripes(), made, tmp_path / "together", seeds=[0, 1], validation=0)
    alone = fit(TINY, stripes(), replace(made, seed=0), tmp_path / "alone", validation=0)
    assert [model.provenance["seed"] for model in together.models] == [0, 1]
    assert together.model.digest == together.models[0].digest != together.models[1].digest
    for name, array in alone.model.parameters.items():
        np.testing.assert_array_equal(together.models[0].parameters[name], array)
    assert "2 networks, trained side by side" in together._repr_html_()
    assert [row["errors"][0] for row in together.history] == [row["errors"] for row in alone.history]
    with pytest.raises(TrainingError, match="was begun with other seeds"):
        fit(TINY, stripes(), made, tmp_path / "together", seeds=[0, 2], validation=0, resume=True)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"momentum": 0.9}, r"the optimizer sdlm takes momentum 0\.0 only, not 0\.9"),
        ({"shift": 1}, "the optimizer sdlm takes shift 0 only, not 1"),
        ({"rotation": 5.0}, "the optimizer sdlm takes examples as they are"),
        ({"loss": "mean-squared-error"}, "does not learn by mean-squared-error; expected penalty, map, sum-squared"),
        ({"epochs": 3}, "the schedule piecewise-constant has 20 rates for 3 epochs; expected a rate for each epoch"),
        ({"rates": (0.0,) * 20}, r"rates is 0\.0, expected a number above 0"),
        ({"mu": -1.0}, r"mu is -1\.0, expected a number above 0"),
        ({"optimizer": "adamw", "batch": 64, "schedule": "constant", "rates": ()}, "halved goes with the optimizer"),
    ],
)
def test_what_sdlm_has_no_room_for_is_refused_in_one_sentence(values, message):
    with pytest.raises(TrainingError, match=message):
        replace(SDLM, **values)


def test_rates_given_to_the_recipe_of_1998_are_one_for_each_epoch():
    network = describe("lenet-5")
    assert recipe("1998", network, rates=[0.1, 0.05], epochs=2).rates == (0.1, 0.05)
    with pytest.raises(TrainingError, match="has 1 rate for 2 epochs; expected a rate for each epoch"):
        recipe("1998", network, rates=[0.1], epochs=2)
    with pytest.raises(TrainingError, match="30 epochs were asked for; the recipe has rates for 1 to 20"):
        recipe("1998", network, epochs=30)


@pytest.mark.parametrize("text", ["0.1,x", ",", "0.1;0.2"])
def test_rates_that_are_no_numbers_are_named(text, capsys):
    assert main(["train", "--rates", text]) == 1
    assert f"lenet: rates is {text!r}, expected numbers with commas between them" in capsys.readouterr().err


# Streams


def test_a_stream_whose_draws_follow_one_another_goes_on_where_it_stood(tmp_path):
    class Drawn(GeneratedStream):
        examples = 64

        def epoch(self, number):
            rows = self.rng.integers(0, len(stripes().train_labels), 64)
            return Epoch(stripes().train_images[rows], stripes().train_labels[rows], np.arange(64))

        def describe(self):
            return {"name": "drawn stripes"}

    made = replace(QUICK, epochs=4)
    whole = fit(TINY, Drawn(3), made, tmp_path / "whole", threads=1)
    fit(TINY, Drawn(3), made, tmp_path / "parts", threads=1, until=2)
    parts = fit(TINY, Drawn(3), made, tmp_path / "parts", threads=1, resume=True)
    assert parts.model.digest == whole.model.digest
    assert [row["loss"] for row in parts.history] == [row["loss"] for row in whole.history]
    with pytest.raises(TrainingError, match="was not trained on a data set as it is; go on with the command that"):
        lenet.train(out=tmp_path / "parts", resume=True)


def test_progress_of_runs_side_by_side_is_reported_as_one(capsys):
    whole = LogProgress()
    whole.begin("row", 100)
    first, second = whole.part("first"), whole.part("second")
    first.begin("", 50)  # what a run says of itself changes nothing
    second.skip(30)
    first.advance(70, "in between")
    second.note("is done")
    assert capsys.readouterr().err == "row  second  is done\n"
    first.cancel()
    with pytest.raises(Cancelled):
        second.advance(1)


# What the description takes


def test_training_takes_what_the_description_takes(tmp_path, capsys):
    path = write_npz(tmp_path / "stripes.npz", stripes())
    options = ["--classes", "5", "--channels", "3", "--size", "32"]
    begun = ["--out", str(tmp_path / "run"), "--epochs", "1"]
    assert main(["train", "lenet-5-relu", "--data", path, *options, *begun]) == 0
    expected = describe("lenet-5-relu", classes=5, channels=3, size=32)
    assert load(tmp_path / "run").network == expected
    run = lenet.train("lenet-5-relu", path, classes=5, channels=3, size=32, epochs=1, out=tmp_path / "twin")
    assert run.model.digest == load(tmp_path / "run").digest
    again = lenet.train(repeat=tmp_path / "run", out=tmp_path / "again")
    assert (again.model.network, again.model.digest) == (expected, run.model.digest)


def test_another_network_does_not_repeat_a_run_by_the_default_recipe_in_silence(tmp_path):
    path = write_npz(tmp_path / "stripes.npz", stripes())
    lenet.train("lenet-short", path, epochs=1, out=tmp_path / "run")
    with pytest.raises(
        TrainingError, match=r"its recipe is one for lenet-short .* leave the network out, or say the rec"
    ):
        lenet.train("lenet-5-relu", repeat=tmp_path / "run", out=tmp_path / "again")
    again = lenet.train("lenet-5-relu", recipe="fast", repeat=tmp_path / "run", epochs=1, out=tmp_path / "again")
    assert again.model.network.name == "lenet-5-relu"


@pytest.mark.parametrize(
    ("network", "options", "message"),
    [
        ("lenet-rgb", {"size": 28}, "lenet-rgb has no argument 'size'"),
        ("lenet-5", {"classes": 3}, "lenet-5 has no argument 'classes'"),
        ("lenet-short", {"classes": 2}, "has 3 classes, but lenet-short has 2 outputs"),
        (TINY, {"classes": 3}, "tiny is described already; leave classes out"),
        (lenet.create(TINY), {"size": 32}, "tiny is described already; leave size out"),
    ],
)
def test_an_option_that_a_network_does_not_take_is_refused_before_anything_is_trained(
    network, options, message, tmp_path
):
    with pytest.raises(LeNetError, match=message):
        lenet.train(network, stripes(), out=tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_a_run_that_goes_on_is_described_already(tmp_path):
    lenet.train("lenet-short", stripes(), epochs=1, out=tmp_path / "run")
    with pytest.raises(TrainingError, match="lenet-short is described already; leave channels out"):
        lenet.train(data=stripes(), channels=3, out=tmp_path / "run", resume=True)
