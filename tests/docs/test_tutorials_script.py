"""The script of the five tutorials: its steps are commands, and it runs."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from PIL import Image

from lenet.cli import VERBS, build_app
from lenet.data import CATALOG

SCRIPT = Path(__file__).parents[2] / "examples" / "tutorials.sh"
STEPS = [
    shlex.split(re.sub(r"\$(\w+)", r"\1", line.strip().removeprefix("step lenet ").replace("$short", "--epochs 1")))
    for line in SCRIPT.read_text("utf-8").splitlines()
    if line.strip().startswith("step lenet ")
]


@pytest.mark.parametrize("arguments", [step for step in STEPS if step[0] in VERBS], ids=" ".join)
def test_every_step_is_a_command_with_options_that_there_are(arguments):
    verb, *rest = arguments
    app = typer.main.get_command(build_app(verb))
    context = app.commands[verb].make_context(verb, rest)
    assert context.params


def test_the_steps_lead_from_the_model_to_ones_own_picture():
    used = [step[0] for step in STEPS]
    assert {"show", "code", "diff", "train", "evaluate", "maps", "predict", "convert"} == set(used)
    assert used.count("train") == 5


def test_a_tutorial_that_there_is_not_is_one_sentence(tmp_path):
    ran = subprocess.run(["sh", str(SCRIPT), "6"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "tutorials.sh: there is no tutorial 6, expected numbers from 1 to 5\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif("predict" not in VERBS, reason="its last step is `lenet predict`")
@pytest.mark.slow
def test_the_script_runs_to_its_end_and_overwrites_nothing(tmp_path, mnist):
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "EPOCHS": "1", "OUT": str(tmp_path / "out")
    }  # fmt: skip
    command = ["sh", str(SCRIPT), "1", "4"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "Conv2d output shape: torch.Size([1, 6, 24, 24])" in ran.stdout
    assert "feature_extractor.0.weight (6, 1, 5, 5)" in ran.stdout
    assert (tmp_path / "out/1/maps/LeNet_conv1_3.png").exists()
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "holds a run already" in again.stderr


def test_twelve_pictures_are_named_with_their_classes_and_every_drawing_is_drawn(tmp_path):
    listed = re.search(r"^PICTURES='(.*?)'$", SCRIPT.read_text("utf-8"), re.MULTILINE | re.DOTALL)[1].splitlines()
    named = [line.split() for line in listed]
    assert len(named) == 12
    assert {name for name, _ in named} == set(CATALOG["cifar10"].class_names)
    subprocess.run([sys.executable, SCRIPT.with_name("draw_scenes.py"), tmp_path / "drawn"], check=True)
    drawings = {f"drawn/{path.name}" for path in (tmp_path / "drawn").iterdir()}
    assert drawings == {file for _, file in named if file.startswith("drawn/")}
    for file in drawings:
        with Image.open(tmp_path / file) as picture:
            assert (picture.mode, picture.size) == ("RGB", (256, 256))
    requirements = SCRIPT.with_name("photos.txt").read_text("utf-8")
    assert re.findall(r"^[\w-]+==[\d.]+$", requirements, re.MULTILINE) == requirements.splitlines()[1:]
