"""Training through the native engine, beside torch, and which of the two a run takes."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from lenet.architecture import Convolution, FullConnection, GlobalAveragePooling, MaxPooling, Network, Stage, relu
from lenet.cli import VERBS, build_app, main
from lenet.data import load
from lenet.engine.native import instruction_sets
from lenet.errors import EngineError, TrainingError
from lenet.networks import describe
from lenet.training import Recipe, Run, devices, fit, progress, recipe
from lenet.training.augmentation import epoch_order, slice_augmentation
from lenet.training.distributed import ProcessGroup, Worker
from tests.training.test_training import QUICK, TINY, arrays_of, assert_same, stripes, write_npz

SETS = instruction_sets()
needs_engine = pytest.mark.skipif(not SETS, reason="the native engine was not built")
native = pytest.mark.parametrize("engine", SETS or [pytest.param("", marks=needs_engine)])
COLOR = Network(
    "color",
    (3, 10, 10),
    (
        Stage("c1", Convolution(5, 3), relu),
        Stage("p1", MaxPooling()),
        Stage("c2", Convolution(7, 3), relu),
        Stage("pool", GlobalAveragePooling()),
        Stage("output", FullConnection(4)),
    ),
)


def examples(network, count, seed=0):
    rng = np.random.default_rng(seed)
    channels, height, width = network.input
    shape = (count, height, width) if channels == 1 else (count, channels, height, width)
    return rng.integers(0, 256, shape).astype(np.uint8), rng.integers(0, network.classes, count)


def learners(network, made, engine):
    """The same network twice, to learn through the engine and through torch."""
    from lenet.training.learners.native import NativeLearner

    TorchLearner = pytest.importorskip("lenet.training.learners.torch").TorchLearner
    return NativeLearner(network, made, engine, 2), TorchLearner(network, made, ProcessGroup(Worker()), "cpu")


def learn(learner, images, labels, made, updates=5):
    order, changes = epoch_order(made, np.arange(len(labels)), 0)
    places = slice(0, updates * made.batch)
    rates = replace(made, epochs=1).learning_rates(0, updates)
    return learner.learn(images, labels, order[places], rates, slice_augmentation(changes, places))


def assert_close(one, other, tolerance):
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_allclose(array, other[name], rtol=0, atol=tolerance, err_msg=name)


# Beside torch


@native
@pytest.mark.parametrize(
    ("network", "values"),
    [
        (TINY, {"shift": 2}),
        (TINY, {"flip": True, "ema": 0.9}),
        (TINY, {"shift": 1, "flip": True, "optimizer": "adamw", "learning_rate": 0.003}),
        (TINY, {"momentum": 0.0, "label_smoothing": 0.1}),
        (TINY, {"nesterov": False, "weight_decay": 0.01}),
        (COLOR, {"shift": 2, "flip": True}),
        (describe("lenet-5"), {}),
        (describe("lenet-1"), {"shift": 1}),
        (describe("lenet-short"), {}),
    ],
    ids=lambda value: getattr(value, "name", None) or "-".join(value) or "plain",
)
def test_five_updates_give_the_weights_and_totals_that_torch_gives(network, values, engine):
    made = recipe("fast", network, **{"batch": 13, "shift": 0, **values})
    images, labels = examples(network, 100)
    one, other = learners(network, made, engine)
    totals = [learn(learner, images, labels, made) for learner in (one, other)]
    assert totals[0] == pytest.approx(totals[1], rel=1e-4)
    # AdamW divides by the size of a gradient, so that the rounding of the smallest ones counts as much as a step.
    tolerance = 2e-5 if made.optimizer == "sgd" else 0.01 * made.learning_rate
    assert_close(one.evaluation_arrays(), other.evaluation_arrays(), tolerance)
    assert one.measure(images, labels) == pytest.approx(other.measure(images, labels), rel=1e-3)


@native
@pytest.mark.parametrize("values", [{}, {"optimizer": "adamw", "ema": 0.9, "learning_rate": 0.003}])
def test_what_one_kept_the_other_can_go_on_with(values, engine):
    made = recipe("fast", TINY, **{"batch": 16, **values})
    images, labels = examples(TINY, 100)
    one, other = learners(TINY, made, engine)
    learn(one, images, labels, made)
    other.restore(one.state())
    assert_same(other.state(), one.state())
    for learner in (one, other):
        learn(learner, images, labels, made)
    assert_close(one.state(), other.state(), 2e-5)


@native
def test_a_state_of_another_network_is_refused(engine):
    made = recipe("fast", TINY)
    one = learners(TINY, made, engine)[0]
    other = learners(COLOR, recipe("fast", COLOR), engine)[0]
    with pytest.raises(TrainingError, match="the state kept does not fit tiny"):
        one.restore(other.state())


@native
@pytest.mark.parametrize("changes", [{}, {"rotation": 10.0, "elastic": 0.5}])
def test_a_run_through_the_engine_learns(changes, engine, tmp_path):
    made = Recipe.from_json(QUICK.to_json() | {"epochs": 5} | changes)
    run = fit(TINY, stripes(600), made, tmp_path / "run", engine=engine)
    assert run.best["validation_error_rate"] < 5
    assert run.settings["engine"] == run.model.provenance["engine"] == engine
    assert "torch" not in run.settings["versions"]


# Spans


@pytest.mark.parametrize("engine", ["torch", *SETS])
@pytest.mark.parametrize("changes", [{"ema": 0.9}, {"rotation": 5.0, "flip": True}])
def test_where_spans_end_changes_no_bit(changes, engine, tmp_path, monkeypatch):
    made = Recipe.from_json(QUICK.to_json() | changes)
    runs, threads = [], 1 if engine == "torch" else 2
    for seconds in (0, 10):
        monkeypatch.setattr(progress, "_SPAN_SECONDS", seconds)
        runs.append(fit(TINY, stripes(), made, tmp_path / str(seconds), engine=engine, threads=threads))
    assert_same(*(run.load_checkpoint().state for run in runs))
    assert [row["loss"] for row in runs[0].history] == [row["loss"] for row in runs[1].history]


def test_spans_grow_until_they_take_their_time():
    pace, spans = progress.Pace(), []
    for _ in range(6):
        spans.append(pace.updates)
        pace.record(pace.updates, 0.001 * pace.updates)
    assert spans == [1, 10, 100, 150, 150, 150]
    pace.record(150, 15.0)
    assert pace.updates == 1


# Divergence


@pytest.mark.parametrize("engine", ["torch", *SETS])
def test_a_loss_that_is_no_number_ends_the_run_after_its_span_and_earlier_weights_stay(engine, tmp_path, monkeypatch):
    updates, broken = 3 * 14, 20  # 216 examples to learn from: 14 batches an epoch
    spans = []
    rates = Recipe.learning_rates

    def breaking(self, epoch, steps):
        all_rates = enumerate(rates(self, epoch, steps), epoch * steps)
        return [1e30 if update == broken else rate for update, rate in all_rates]

    monkeypatch.setattr(progress, "_SPAN_SECONDS", 0)
    monkeypatch.setattr(Recipe, "learning_rates", breaking)
    monkeypatch.setattr(progress.Pace, "record", lambda self, *span: spans.append(span))
    with pytest.raises(TrainingError, match=r"in epoch 2: .*best\.safetensors holds the best weights of the epochs"):
        fit(TINY, stripes(), QUICK, tmp_path / "run", engine=engine)
    assert broken < len(spans) <= broken + 4 < updates
    assert Run(tmp_path / "run").model.provenance["epoch"] == 1


@pytest.mark.parametrize("engine", ["torch", *SETS])
@pytest.mark.parametrize(("batch", "validation"), [(16, 0), (16, None), (240, None)])
def test_a_run_that_diverges_at_once_says_that_nothing_was_kept(batch, validation, engine, tmp_path):
    # In batches of 240 the only update of the epoch breaks the weights, and measuring them finds out.
    made = Recipe(epochs=2, batch=batch, learning_rate=1e30, schedule="constant")
    with pytest.raises(TrainingError, match=r"lower --learning-rate, which is 1e\+30; no epoch was finished"):
        fit(TINY, stripes(), made, tmp_path / "run", validation=validation, engine=engine)
    assert not (tmp_path / "run" / "best.safetensors").exists()


# Which engine


@pytest.mark.parametrize("by_variable", [False, True])
def test_an_engine_that_is_named_and_a_gpu_contradict_one_another(monkeypatch, by_variable):
    if by_variable:
        monkeypatch.setenv("LENET_ENGINE", "avx2")
    with pytest.raises(TrainingError, match="the engine avx2 learns on the CPU and the device is cuda"):
        chosen_engine(monkeypatch, engine=None if by_variable else "avx2", device="cuda")
    assert chosen_engine(monkeypatch, engine="torch", device="cuda") == "torch"


def chosen_engine(
    monkeypatch, *, engine=None, device="auto", processes=1, begun=None, sets=("avx512", "avx2"), gpu=False
):
    monkeypatch.setattr(devices, "instruction_sets", lambda: list(sets))
    monkeypatch.setattr(devices, "_torch_finds_a_gpu", lambda: gpu)
    monkeypatch.setattr(
        devices, "choose_engine", lambda otherwise: os.environ.get("LENET_ENGINE") or (sets or (otherwise,))[0]
    )
    result = devices.choose_device(engine, device, Worker(world_size=processes), begun or {})
    return result.engine


@pytest.mark.parametrize(
    ("forced", "asked", "expected"),
    [
        ("", {}, "avx512"),
        ("", {"sets": ()}, "torch"),
        ("avx2", {}, "avx2"),
        ("torch", {}, "torch"),
        ("avx2", {"gpu": True}, "avx2"),
        ("", {"gpu": True}, "torch"),
        ("", {"gpu": True, "device": "cpu"}, "avx512"),
        ("", {"device": "cuda"}, "torch"),
        ("", {"processes": 2}, "torch"),
        ("avx2", {"engine": "torch"}, "torch"),
        ("", {"begun": {"engine": "avx2"}}, "avx2"),
        ("", {"begun": {"engine": "avx2"}, "gpu": True}, "avx2"),
        ("", {"begun": {"device": "cpu"}}, "torch"),  # runs of before there was a choice
    ],
)
def test_the_engine_follows_from_what_was_asked_and_what_is_there(forced, asked, expected, monkeypatch):
    monkeypatch.setenv("LENET_ENGINE", forced)
    assert chosen_engine(monkeypatch, **asked) == expected


@pytest.mark.parametrize(
    ("forced", "asked", "message"),
    [
        ("numpy", {}, "the engine numpy cannot train"),
        ("", {"device": "abacus"}, "unknown device 'abacus'"),
        ("avx2", {"begun": {"engine": "avx512"}}, "begun with the engine avx512, and with avx2 .* LENET_ENGINE=avx512"),
        ("avx2", {"begun": {}, "sets": ("avx2",)}, None),
        ("", {"begun": {"engine": "neon"}}, "begun with the engine neon, which is not here; go on where it was begun"),
        (
            "avx2",
            {"begun": {"threads": 1}},
            "begun with the engine torch, and with avx2 .* go on with LENET_ENGINE=torch",
        ),
        ("", {"begun": {"engine": "avx2"}, "processes": 2}, "LENET_ENGINE=avx2 in one process on a CPU"),
    ],
)
def test_an_engine_that_would_give_other_bits_or_none_is_refused_in_a_sentence(forced, asked, message, monkeypatch):
    monkeypatch.setenv("LENET_ENGINE", forced)
    if message is None:
        assert chosen_engine(monkeypatch, **asked) == forced
        return
    with pytest.raises(TrainingError, match=message):
        chosen_engine(monkeypatch, **asked)


def test_a_run_begun_with_torch_needs_torch_to_go_on(monkeypatch):
    monkeypatch.setattr(devices, "find_spec", lambda name: None)
    with pytest.raises(TrainingError, match=r"engine torch, which is not here; install it with pip install 'lenet"):
        chosen_engine(monkeypatch, begun={"engine": "torch"})


def test_hidden_gpus_are_not_looked_for(monkeypatch):
    monkeypatch.setattr(devices.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert devices._may_have_a_gpu()
    for hidden in ("", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
        assert not devices._may_have_a_gpu()


def test_a_network_that_the_engine_cannot_run_is_trained_by_torch_with_one_notice(tmp_path, monkeypatch, capsys):
    pytest.importorskip("torch")
    from lenet.training.learners import native

    def refuse(*arguments, **options):
        raise EngineError("the engine cannot run stage c1 of tiny")

    monkeypatch.delenv("LENET_ENGINE", raising=False)
    monkeypatch.setattr(devices, "choose_engine", lambda otherwise: "avx2")
    monkeypatch.setattr(native, "Engine", refuse)
    run = fit(TINY, stripes(), QUICK, tmp_path / "run")
    assert run.settings["engine"] == "torch"
    assert capsys.readouterr().err == "lenet: the engine cannot run stage c1 of tiny; training with torch\n"
    with pytest.raises(EngineError, match="cannot run stage c1"):
        fit(TINY, stripes(), QUICK, tmp_path / "other", engine="avx2")
    assert not (tmp_path / "other").exists()


@needs_engine
def test_training_works_where_torch_is_not_installed(tmp_path):
    source = write_npz(tmp_path / "stripes.npz", stripes())
    code = (
        "import sys; sys.modules['torch'] = None; from lenet.cli import main; "
        f"sys.exit(main(['train', 'lenet-short', '--data', {source!r}, '--epochs', '1', '--out', 'run', '--json']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "curves.png").exists()


@needs_engine
def test_training_imports_only_what_it_needs(tmp_path):
    source = write_npz(tmp_path / "stripes.npz", stripes())
    code = (
        "import sys; from lenet.cli import main; "
        f"assert main(['train', 'lenet-short', '--data', {source!r}, '--epochs', '1', '--out', 'run']) == 0; "
        "print([name for name in ('torch', 'cv2', 'matplotlib', 'rich', 'requests') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


@needs_engine
def test_a_run_is_repeated_with_the_engine_it_was_made_with(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("LENET_ENGINE", raising=False)
    source = write_npz(tmp_path / "stripes.npz", stripes())
    network = describe("lenet-short", classes=3)
    least = SETS[-1]
    run = fit(network, load(source), recipe("fast", network, epochs=1), tmp_path / "run", engine=least,
                source={"name_or_path": source})  # fmt: skip
    assert main(["train", "--from", str(run.settings_path), "--out", str(tmp_path / "again")]) == 0
    again = Run(tmp_path / "again")
    assert again.settings["engine"] == least
    assert_same(arrays_of(run), arrays_of(again))
    monkeypatch.setenv("LENET_ENGINE", "torch")
    assert main(["train", "--from", str(run.settings_path), "--out", str(tmp_path / "torch")]) == 0
    assert f"made with the engine {least}; another one gives other last bits" in capsys.readouterr().err


# Around it


def test_every_verb_is_in_the_module_that_is_imported_for_it():
    for verb in VERBS:
        app = build_app(verb)
        result = {command.name or command.callback.__name__ for command in app.registered_commands}
        result |= {group.name for group in app.registered_groups}
        assert result == {other for other, module in VERBS.items() if module == VERBS[verb]}
