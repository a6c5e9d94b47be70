"""A job of torchrun whose machine dies goes on, from its checkpoint, with those that are left."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.processes import SECONDS, processes_with, wait_until
from tests.training.test_distributed import free_port
from tests.training.test_training import stripes, write_npz

pytest.importorskip("torch")

EPOCHS = 6
# The first to come waits for the other: torchrun itself waits for one that is lost while it joins a job that runs.
CONFIGURATION = "last_call_timeout=20,join_timeout=60,keep_alive_interval=1,keep_alive_max_attempt=3"


def training(source, out, *more):
    given = ["--data", str(source), "--epochs", str(EPOCHS), "--batch", "7", "--validation", "14", "--threads", "1"]
    return ["-m", "lenet", "train", "lenet-short", *given, "--out", str(out), *more]


def start_agent(port, command, is_host, mark):
    """An agent of torchrun with one process, as it is started on each machine; one of them hosts the rendezvous."""
    agent = ["-m", "torch.distributed.run", "--nnodes=1:2", "--nproc-per-node=1", "--max-restarts=3"]
    rendezvous = ["--rdzv-backend=c10d", f"--rdzv-endpoint=127.0.0.1:{port}", "--rdzv-id=test"]
    return subprocess.Popen(
        [sys.executable, *agent, *rendezvous, f"--rdzv-conf={CONFIGURATION},is_host={is_host}", *command],
        env=os.environ | {"OMP_NUM_THREADS": "1", "LENET_TEST_MACHINE": mark},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_machine(mark):
    """Kill an agent and what it has started, as the loss of its machine does."""
    for process in processes_with(f"LENET_TEST_MACHINE={mark}"):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def epochs_in(out):
    path = out / "history.jsonl"
    return [json.loads(line)["epoch"] for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux tells which processes are an agent's")
def test_when_one_of_two_agents_is_killed_the_other_goes_on_from_the_checkpoint(tmp_path):
    source = write_npz(tmp_path / "stripes.npz", stripes(2000))
    port, out = free_port(), tmp_path / "together"
    command = training(source, out, "--resume")
    marks = [f"{tmp_path}/{name}" for name in ("first", "second")]
    agents = [start_agent(port, command, mark == marks[0], mark) for mark in marks]
    try:
        wait_until(lambda: epochs_in(out) or agents[0].poll() is not None)
        before = epochs_in(out)
        assert len(processes_with(f"LENET_TEST_MACHINE={marks[1]}")) == 2, "an agent and its process train, too"
        kill_machine(marks[1])
        _, errors = agents[0].communicate(timeout=SECONDS)
    finally:
        for agent, mark in zip(agents, marks, strict=True):
            kill_machine(mark)
            agent.communicate()
    assert agents[0].returncode == 0, errors
    assert before
    assert before[-1] < EPOCHS
    assert epochs_in(out) == list(range(1, EPOCHS + 1))
    alone = subprocess.run([sys.executable, *training(source, tmp_path / "alone")], capture_output=True, text=True)
    assert alone.returncode == 0, alone.stderr
    one, other = (load_file(folder / "last.safetensors") for folder in (tmp_path / "alone", out))
    for name, array in one.items():
        np.testing.assert_allclose(other[name], array, rtol=0, atol=1e-3)
