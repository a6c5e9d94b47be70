"""A run that is killed at any moment and resumed ends with the bits of one left alone.

LENET_KILLS sets the number of kills; the default keeps the suite quick.
"""

import json
import os
import subprocess
import sys
import time
from importlib.util import find_spec

import numpy as np
import pytest

from lenet.data import load
from lenet.engine.native import instruction_sets
from lenet.model import load as load_model
from lenet.networks import describe
from lenet.training import fit, progress, recipe
from lenet.training.runs import Run
from tests.training.test_training import stripes, write_npz

ENGINES = [*instruction_sets()[:1], *(["torch"] if find_spec("torch") else [])]
KILLS = int(os.environ.get("LENET_KILLS", "3"))
CHANGES = {"batch": 16, "ema": 0.9, "optimizer": "adamw", "learning_rate": 0.003, "shift": 1}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_npz(tmp_path_factory.mktemp("data") / "stripes.npz", stripes(1_500))


@pytest.fixture(params=ENGINES)
def engine(request, monkeypatch):
    """Every engine that can train here, as LENET_ENGINE asks for it, also in other processes."""
    monkeypatch.setenv("LENET_ENGINE", request.param)
    return request.param


def changes_for(engine):
    """Enough epochs that every kill meets a run under way."""
    return CHANGES | {"epochs": (3 if engine == "torch" else 12) * KILLS}


def command(changes, source, out):
    given = [part for key, value in changes.items() for part in (f"--{key.replace('_', '-')}", str(value))]
    places = ["--data", source, "--out", str(out), "--resume", "--checkpoint-every", "7", "--threads", "1"]
    return [sys.executable, "-m", "lenet", "train", "lenet-5-relu", *places, *given]


def bits(run):
    state = run.load_checkpoint().state
    return {name: array.tobytes() for name, array in {**state, **run.model.parameters}.items()}


def without_times(history):
    return [
        {key: value for key, value in row.items() if key not in ("seconds", "images_per_second")} for row in history
    ]


def assert_readable(run):
    """Whatever is there is whole."""
    if run.settings_path.exists():
        assert run.settings["format"]
    if run.best_path.exists():
        load_model(run.best_path)
    if run.last_path.exists():
        run.load_checkpoint()
    if run.history_path.exists():
        assert all(row["epoch"] == index + 1 for index, row in enumerate(run.history))


def test_kills_at_random_moments_change_no_bit_and_leave_no_file_unreadable(engine, source, tmp_path):
    rng = np.random.default_rng(0)
    network, changes = describe("lenet-5-relu", classes=3), changes_for(engine)
    alone = fit(network, load(source), recipe("default", network, **changes), tmp_path / "alone", threads=1)
    killed = Run(tmp_path / "killed")
    kills = 0
    while kills < KILLS:
        process = subprocess.Popen(
            command(changes, source, killed.folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        begun = time.monotonic()
        # The first part of a process's life is imports; most kills shall fall on training.
        while process.poll() is None and not killed.settings_path.exists() and time.monotonic() - begun < 60:
            time.sleep(0.01)
        stamp = killed.last_path.stat().st_mtime_ns if killed.last_path.exists() else 0
        while process.poll() is None and time.monotonic() - begun < 60:
            if killed.last_path.exists() and killed.last_path.stat().st_mtime_ns != stamp:
                break
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.15))
        process.kill()
        if process.wait() == 0:
            break  # it was done before it could be killed
        kills += 1
        assert_readable(killed)
    subprocess.run(command(changes, source, killed.folder), check=True, capture_output=True)
    assert kills == KILLS
    assert bits(killed) == bits(alone)
    assert without_times(killed.history) == without_times(alone.history)
    assert not list(killed.folder.glob(".*.tmp"))


@pytest.mark.parametrize("changes", [{}, {"momentum": 0.0}, {"optimizer": "adamw", "ema": 0.9}])
@pytest.mark.parametrize("updates", [3, 29, 58])
def test_a_run_stopped_after_any_update_ends_with_the_same_bits(
    changes, updates, engine, source, tmp_path, monkeypatch
):
    if engine == "torch":
        from lenet.training.learners.torch import TorchLearner as Learner
    else:
        from lenet.training.learners.native import NativeLearner as Learner

    network, dataset = describe("lenet-short", classes=3), load(source)
    made = recipe("fast", network, epochs=3, batch=32, **changes)
    alone = fit(network, dataset, made, tmp_path / "alone", threads=1)
    original, taken = Learner.learn, 0
    monkeypatch.setattr(progress, "_SPAN_SECONDS", 0)  # so that each update is handed over by itself

    def stopping(self, images, labels, order, rates, changes):
        nonlocal taken
        if taken + len(rates) > updates:
            raise KeyboardInterrupt
        taken += len(rates)
        return original(self, images, labels, order, rates, changes)

    monkeypatch.setattr(Learner, "learn", stopping)
    with pytest.raises(KeyboardInterrupt):
        fit(network, dataset, made, tmp_path / "stopped", threads=1, checkpoint_every=10)
    monkeypatch.setattr(Learner, "learn", original)
    stopped = fit(network, dataset, made, tmp_path / "stopped", threads=1, checkpoint_every=10, resume=True)
    assert bits(stopped) == bits(alone)
    assert without_times(stopped.history) == without_times(alone.history)


def test_a_run_killed_before_its_first_checkpoint_starts_again(engine, source, tmp_path):
    network, dataset = describe("lenet-short", classes=3), load(source)
    made = recipe("fast", network, epochs=1)
    alone = fit(network, dataset, made, tmp_path / "alone", threads=1)
    begun = Run(tmp_path / "begun")
    begun.folder.mkdir()
    (begun.folder / "run.json").write_text(json.dumps(alone.settings))
    (begun.folder / ".run.json.x.tmp").write_text("half a fi")
    assert bits(fit(network, dataset, made, begun.folder, resume=True)) == bits(alone)
    assert not list(begun.folder.glob(".*.tmp"))
