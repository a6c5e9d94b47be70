"""Several processes train as one on the joined batch."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lenet.errors import TrainingError
from lenet.model import load
from lenet.training.distributed import Worker
from tests.processes import SECONDS
from tests.training.test_training import stripes, write_npz

pytest.importorskip("torch")

PROCESSES = 2


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def arguments(source, out, *more):
    # 7 examples leave the processes unequal shares, and the last batch of one epoch leaves one of them none.
    given = ["--data", source, "--epochs", "2", "--batch", "7", "--validation", "14", "--threads", "1"]
    return ["train", "lenet-short", *given, "--out", str(out), *more]


def run_together(command):
    """What each process of a job prints on stdout and stderr; all must end well."""
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": str(PROCESSES)}
    joined = [
        subprocess.Popen(
            command,
            env=os.environ | meeting | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(PROCESSES)
    ]
    printed = [process.communicate(timeout=SECONDS) for process in joined]
    assert [process.returncode for process in joined] == [0, 0], printed
    return printed


def test_two_processes_give_the_weights_of_one_to_1e_5(tmp_path):
    source = write_npz(tmp_path / "stripes.npz", stripes(120))  # 106 to train on: 15 batches of 7 and one of 1
    more = ["--optimizer", "adamw", "--learning-rate", "0.003"]
    alone = subprocess.run(
        [sys.executable, "-m", "lenet", *arguments(source, tmp_path / "one", *more)], capture_output=True, text=True
    )
    printed = run_together([sys.executable, "-m", "lenet", *arguments(source, tmp_path / "two", *more)])
    assert alone.returncode == 0, alone.stderr
    one, two = (load(tmp_path / name / "best.safetensors") for name in ("one", "two"))
    for name, array in one.parameters.items():
        np.testing.assert_allclose(two.parameters[name], array, rtol=0, atol=1e-5)
    assert "test: " in printed[0][0]
    assert printed[1][0] == ""
    histories = [
        [json.loads(line) for line in (tmp_path / name / "history.jsonl").read_text().splitlines()]
        for name in ("one", "two")
    ]
    for row, other in zip(*histories, strict=True):
        assert row["errors"] == other["errors"]
        assert row["loss"] == pytest.approx(other["loss"], rel=1e-5)


LEFT = """
from pathlib import Path

import lenet
from lenet.training.distributed import ProcessGroup, Worker

with ProcessGroup(Worker.from_environment()) as group:
    import torch._dynamo

    assert group.sum_loss_and_errors(1.0, 3) == (2.0, 6)
print(*sorted(path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")), sep="\\n")
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only Linux lists a process's threads")
def test_no_thread_of_the_group_outlives_it():
    printed = run_together([sys.executable, "-c", LEFT])
    assert not [name for out, _ in printed for name in out.splitlines() if "gloo" in name or "tcpstore" in name]


@pytest.mark.parametrize("examples", [0, 1, 7])
@pytest.mark.parametrize("processes", [1, 2, 3])
def test_the_shares_of_a_batch_make_up_the_batch(examples, processes):
    rows = np.arange(examples)
    shares = [Worker(rank, processes).shard(rows) for rank in range(processes)]
    assert sorted(np.concatenate(shares).tolist()) == rows.tolist()


@pytest.mark.parametrize(
    "environment",
    [
        {"RANK": "2", "WORLD_SIZE": "2"},
        {"RANK": "first"},
        {"LOCAL_RANK": "-3"},
        {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "2"},
    ],
)
def test_a_place_that_no_job_has_is_refused(environment):
    with pytest.raises(TrainingError, match="torchrun"):
        Worker.from_environment(environment)
