"""A run's files are validated before they are used; one process at a time trains into a folder."""

import errno
import json
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save as to_bytes

import lenet
from lenet.cli import main
from lenet.data import load
from lenet.errors import LeNetError, TrainingError, WeightsError
from lenet.files import LEFTOVERS
from lenet.model import read_safetensors
from lenet.training import Recipe, fit, train
from lenet.training.runs import Run, begin, read_settings
from tests.training.test_training import QUICK, TINY, stripes, write_npz

CONCURRENT_PAIRS = int(os.environ.get("LENET_LOCKS", "8"))  # of processes that train into the same folder


@pytest.fixture
def run(tmp_path) -> Run:
    source = write_npz(tmp_path / "stripes.npz", stripes())
    return fit(TINY, load(source), QUICK, tmp_path / "run", threads=1, source={"name_or_path": source})


def changed(run: Run, change) -> dict:
    settings = json.loads(run.settings_path.read_text())
    change(settings)
    run.settings_path.write_text(json.dumps(settings))
    return settings


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda it: it["network"].update(name="../../../ESCAPED"),
            "network name '../../../ESCAPED' is none that a file",
        ),
        (lambda it: it["network"].update(name="/tmp/ESCAPED"), "network name '/tmp/ESCAPED' is none that a file"),
        (lambda it: it["data"].update(name=["x"]), r"data\.name is \['x'\], expected a text"),
        (
            lambda it: it["data"]["source"].update(command="rm"),
            r"data\.source has an entry 'command', expected name_or",
        ),
        (lambda it: it["data"]["source"].update(size="28"), r"data\.source\.size is '28', expected a whole number"),
        (lambda it: it["data"].update(source="mnist"), r"data\.source is 'mnist', expected a record"),
        (lambda it: it["recipe"].update(epochs=True), "epochs is True, expected a whole number"),
        (lambda it: it["recipe"].update(epochs=10**30), "epochs is .*, expected at most 1000000"),
        (lambda it: it["recipe"].update(batch=10**15), "batch is .*, expected at most"),
        (lambda it: it.update(recipe=[]), r"the recipe is \[\], expected a record"),
        (lambda it: it.update(threads=10**9), "threads is 1000000000, expected a whole number of 1 to 1,024"),
        (lambda it: it.update(validation=-1), "validation is -1, expected a whole number of at least 0"),
        (lambda it: it.update(engine=7), "engine is 7, expected a text"),
    ],
)
@pytest.mark.parametrize("option", ["--from", "--resume"])
def test_a_value_of_a_run_json_that_is_not_accepted_is_named(
    change, message, option, run, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    changed(run, change)
    with pytest.raises(TrainingError, match=f"run.json: is not the run.json of a run: .*{message}"):
        read_settings(run.folder)
    arguments = ["--from", str(run.settings_path)] if option == "--from" else ["--out", str(run.folder), "--resume"]
    assert main(["train", *arguments]) == 1
    assert capsys.readouterr().err.rstrip("\n").isprintable()
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("name", ["../../../ESCAPED", "/ESCAPED", "\x1b[2J\nx", "a\\b", "n" * 5000, "七" * 200, ".."])
def test_the_folder_of_a_new_run_is_in_runs_whatever_its_data_is_called(name, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    settings = {"format": "lenet-run-1", "network": {"name": "lenet-5"}, "data": {"name": name}}
    with begin(None, settings) as made:
        assert made.folder.parent == Path("runs")
        assert made.folder.name.isprintable()
        assert made.settings_path.is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["here"]
    assert [path.name for path in Path().iterdir()] == ["runs"]


def test_a_run_is_repeated_into_runs_although_its_data_is_named_like_a_path(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    changed(run, lambda it: it["data"].update(name="../../../ESCAPED\x1b[2J"))
    assert main(["train", "--from", str(run.settings_path), "--epochs", "1"]) == 0
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["tiny-stripes-1"]
    assert not [text for text in capsys.readouterr() if set(text) & set("\x1b\x9b")]


def write_checkpoint(run: Run, changes=None, **arrays) -> None:
    """Write the last checkpoint with other metadata and arrays."""
    header, state = read_safetensors(run.last_path)
    metadata = json.loads(header["lenet"]) | (changes or {})
    state = {name: array for name, array in {**state, **arrays}.items() if array is not None}
    run.last_path.write_bytes(to_bytes(state, metadata={"lenet": json.dumps(metadata)}))


@pytest.mark.parametrize(
    ("metadata", "arrays", "message"),
    [
        ({"epoch": "3"}, {}, "epoch is '3', expected a whole number of 3 to 3"),
        ({"epoch": 7}, {}, "epoch is 7, expected a whole number of 3 to 3"),
        ({"step": -1}, {}, "step is -1, expected a whole number of at least 0"),
        ({"step": 10**9}, {}, "update 1000000000 after 3 epochs is not one of this run"),
        ({"totals": [0]}, {}, r"totals is \[0\], expected a list of 2 numbers"),
        ({"totals": [math.nan, 0]}, {}, "totals is .*, expected a list of 2 numbers"),
        ({"history": {}}, {}, "history is {}, expected a list"),
        ({"history": [{}, {}, {}]}, {}, "no entry 'epoch 1.epoch'"),
        ({}, {"updates": np.float32([np.nan])}, "updates holds a value that is not a finite number"),
        ({}, {"updates": np.float32([-3])}, "count of updates is no whole number"),
        ({}, {"updates": np.float32([1e30])}, "count of updates is no whole number"),
        ({}, {"updates": np.zeros(0, np.float32)}, "count of updates is no whole number"),
        ({}, {"updates": np.int64([3])}, "count of updates is no whole number"),
        ({}, {"weights.c1.bias": np.float32([np.inf] * 4)}, "weights.c1.bias holds a value that is not a finite"),
        ({}, {"weights.c1.bias": np.zeros(5, np.float32)}, r"bias is float32 \(5,\), expected float32 \(4,\)"),
        ({}, {"weights.c1.bias": np.zeros(4)}, r"weights\.c1\.bias is float64 \(4,\), expected float32 \(4,\)"),
        ({}, {"weights.c1.weight": np.zeros((4, 9), np.float32)}, r"weights\.c1\.weight is float32 \(4, 9\)"),
        ({}, {"momentum_buffer.c1.bias": None}, r"it lacks 'momentum_buffer\.c1\.bias'"),
    ],
)  # fmt: skip
def test_a_damaged_checkpoint_is_named_with_what_to_do(metadata, arrays, message, run):
    write_checkpoint(run, metadata, **arrays)
    for resume in (
        lambda: fit(TINY, stripes(), QUICK, run.folder, resume=True, threads=1),
        lambda: restore_in_torch(run),
    ):
        with pytest.raises(TrainingError, match=f"(?s){message}.*delete .*to start the run again"):
            resume()


def restore_in_torch(run: Run) -> None:
    """Restore a checkpoint in torch; ``fit`` resumes a run of the native engine in that engine only."""
    pytest.importorskip("torch")
    from lenet.training.distributed import ProcessGroup, Worker
    from lenet.training.learners.torch import TorchLearner
    from lenet.training.loop import _checkpoint_of
    from lenet.training.stream import DatasetStream, Examples

    examples = Examples.of(stripes(), TINY, None)
    held_out = (examples.held_out_images, examples.held_out_labels)
    start = _checkpoint_of(run, QUICK, DatasetStream(examples, QUICK), held_out)
    TorchLearner(TINY, QUICK, ProcessGroup(Worker()), "cpu").restore(start.state)


def test_a_checkpoint_is_no_model_and_the_message_names_the_one_of_the_run(run):
    with pytest.raises(
        WeightsError, match=r"last\.safetensors: is the checkpoint .* expected .* its best\.safetensors"
    ):
        lenet.load(run.last_path)


@pytest.mark.parametrize("content", ["", "{", "[]\n[]", '{"epoch": 1}\n', "\x00\xff", "[" * 100_000, '{"epoch": NaN}'])
def test_a_run_with_a_damaged_history_can_be_resumed(content, run, capsys):
    intact, last = run.history_path.read_bytes(), run.last_path.read_bytes()
    run.history_path.write_text(content)
    assert [row["epoch"] for row in run.history] in ([1, 2, 3], [])
    run.history_path.write_text(content)
    assert main(["train", "--out", str(run.folder), "--resume"]) == 0
    assert (run.history_path.read_bytes(), run.last_path.read_bytes()) == (intact, last)


def test_a_damaged_history_without_a_checkpoint_is_an_error(run):
    run.last_path.unlink()
    run.history_path.write_text("{")
    with pytest.raises(TrainingError, match=r"history\.jsonl: not a readable history .*--resume to write it again"):
        _ = run.history
    run.history_path.write_text("")
    with pytest.raises(TrainingError, match="no epoch in it is the best"):
        _ = run.best


def test_recipes_with_values_of_another_type_are_errors():
    for values in ([], None, "x", {"epochs": 1.0}, {"learning_rate": math.inf}, {"nesterov": 1}, {"name": 3}):
        with pytest.raises(LeNetError):
            Recipe.from_json(values)


# One folder, one process

CONCURRENT_TRAINING = """
import pathlib, sys, time
barrier, ready, other_ready = map(pathlib.Path, sys.argv[1:4])
from lenet.cli import main
import lenet.training.loop, lenet.cli.training, lenet.training.learners.native
ready.touch()
while not other_ready.exists():
    time.sleep(0.001)
sys.exit(main(sys.argv[4:]))
"""


def train_concurrently(folder: Path, arguments: list[str]) -> list[subprocess.Popen]:
    """Start two processes that begin to train at the same time."""
    ready_files = [folder / "first", folder / "second"]
    return [
        subprocess.Popen(
            [sys.executable, "-c", CONCURRENT_TRAINING, str(folder), str(ready), str(other_ready), *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for ready, other_ready in (ready_files, ready_files[::-1])
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["run.json", "best.safetensors", "last.safetensors", "curves.png", "evaluation.json"])
def test_a_run_whose_disk_is_full_says_so_and_can_be_resumed(name, tmp_path, monkeypatch):
    data, replace_file = stripes(), Path.replace

    def is_full(self, target):
        if Path(target).name == name:
            raise OSError(errno.ENOSPC, "No space left on device", str(target))
        return replace_file(self, target)

    sentence = (
        f"{tmp_path / name}: cannot be written (no space left on device); resume the run in {tmp_path} as soon as"
    )
    monkeypatch.setattr(Path, "replace", is_full)
    with pytest.raises(TrainingError, match=f"^{re.escape(sentence)}"):
        train(TINY, data, recipe=QUICK, out=tmp_path)
    monkeypatch.undo()
    assert train(TINY, data, recipe=QUICK, out=tmp_path, resume=True).evaluation_path.exists()


def test_of_two_processes_that_train_into_one_folder_one_is_refused_and_the_other_undisturbed(tmp_path):
    source = write_npz(tmp_path / "stripes.npz", stripes(600))
    changes = ["--epochs", "12", "--batch", "16", "--threads", "1"]
    arguments = ["train", "lenet-5-relu", "--data", source, *changes]
    assert main([*arguments, "--out", str(tmp_path / "alone")]) == 0
    expected = [(tmp_path / "alone" / name).read_bytes() for name in ("best.safetensors", "last.safetensors")]
    message = "another process is training into this folder; wait for it, or choose another with --out"
    for number in range(CONCURRENT_PAIRS):
        folder = tmp_path / str(number)
        folder.mkdir()
        out = folder / "run"
        resume = number % 2 == 1
        if resume:  # a run that was killed while it trained
            killed = subprocess.Popen(
                [sys.executable, "-m", "lenet", *arguments, "--out", str(out)], stderr=subprocess.DEVNULL
            )
            while not (out / "last.safetensors").exists():
                time.sleep(0.002)
            killed.kill()
            killed.wait()
        pair = train_concurrently(folder, [*arguments, "--out", str(out), *(["--resume"] if resume else [])])
        ended = [(*process.communicate(), process.returncode) for process in pair]
        codes = sorted(code for _, _, code in ended)
        refused = [error for _, error, code in ended if code == 1]
        assert codes == [0, 1], ended
        assert message in refused[0]
        assert out.name in refused[0]
        result = [(out / name).read_bytes() for name in ("best.safetensors", "last.safetensors")]
        assert without_times(result[1]) == without_times(expected[1])
        assert result[0] == expected[0]
        assert not list(out.glob(LEFTOVERS))


def without_times(content: bytes) -> bytes:
    """The arrays of a checkpoint, which follow its header."""
    return content[8 + int.from_bytes(content[:8], "little") :]


def test_a_folder_is_locked_by_the_process_that_trains_into_it_and_free_after_it(run):
    with begin(run.folder, read_settings(run.folder), resume=True):
        with pytest.raises(TrainingError, match="another process is training into this folder"):
            fit(TINY, stripes(), QUICK, run.folder, resume=True)
        with pytest.raises(TrainingError, match="another process is training into this folder"):
            fit(TINY, stripes(), QUICK, run.folder)
        (run.folder / ".unfinished.tmp").touch()
        with pytest.raises(TrainingError):
            fit(TINY, stripes(), QUICK, run.folder, resume=True)
        assert (run.folder / ".unfinished.tmp").exists()
    fit(TINY, stripes(), QUICK, run.folder, resume=True)
    assert not (run.folder / ".unfinished.tmp").exists()
