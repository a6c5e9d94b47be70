"""Shell completion: what a shell offers after a word is what the verb takes there."""

import subprocess
import sys
from pathlib import Path

import pytest

from lenet.data import CATALOG
from lenet.networks import names
from lenet.training.recipes import RECIPES


def completed(line: str, folder: Path) -> list[str]:
    """What bash is told may stand in place of the last word of a line."""
    environment = {"_LENET_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    process = subprocess.run(
        [sys.executable, "-m", "lenet"],
        capture_output=True,
        text=True,
        env=environment | {"PATH": ""},
        cwd=folder,
        check=True,
    )
    return process.stdout.split()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("lenet-5-mnist-1", "pets"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "run.json").write_text("{}")
    (tmp_path / "runs" / "notes").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("lenet show ", names()),
        ("lenet diff lenet-5 lenet-5-r", ["lenet-5-relu"]),
        ("lenet train lenet-1", ["lenet-1989", "lenet-1"]),
        ("lenet train --recipe ", list(RECIPES)),
        ("lenet train --data ", list(CATALOG)),
        ("lenet train --out r", ["runs/lenet-5-mnist-1", "runs/pets"]),
        ("lenet train --from runs/p", ["runs/pets/run.json"]),
        ("lenet evaluate ", ["lenet-5", "lenet-5-relu", "runs/lenet-5-mnist-1", "runs/pets"]),
        ("lenet read --model runs/l", ["runs/lenet-5-mnist-1"]),
        ("lenet data fetch fash", ["fashion-mnist"]),
        ("lenet reproduce details", ["details"]),
        ("lenet convert x.pth --network lenet-c", ["lenet-caffe"]),
        ("lenet show z", []),
    ],
)
def test_a_shell_completes_networks_recipes_data_sets_models_rows_and_runs(folder: Path, line: str, words: list[str]):
    assert completed(line, folder) == words
