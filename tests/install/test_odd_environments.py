"""Every verb with closed, full or narrow streams, odd names and missing folders: it works, or says one sentence."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet import create, data
from lenet.cli import main

EXAMPLES = Path(__file__).parents[2] / "examples/digits"
pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX streams and file names")

VERBS = {
    "networks": [],
    "show": ["lenet-5", "--explain", "--lang", "zh"],
    "diff": ["lenet-1", "lenet-5"],
    "code": ["lenet-5"],
    "data list": [],
    "data show": ["own\udcfe", "-o", "sheet\udcff七.png"],
    "train": ["lenet-1", "--data", "own\udcfe", "--recipe", "fast", "--epochs", "1"],
    "evaluate": ["own.safetensors", "--data", "own\udcfe", "--examples", "2", "--json"],
    "read": ["two\udcff×.png", "--detail", "--csv", "out\udcff.csv"],
    "maps": ["pretrained", "two\udcff×.png", "-o", "maps\udcff"],
    "explain": ["-o", "lesson\udcff.html"],
    "reproduce": ["--list"],
    "doctor": [],
}
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}
HOMELESS = {
    **{"HOME": "/dev/null", "TMPDIR": "/nowhere", "OMP_NUM_THREADS": "abc", "LENET_OFFLINE": "why"},
    **{"XDG_CACHE_HOME": "", "MPLCONFIGDIR": "", "LENET_DATA": ""},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a picture, and pictures of two classes, whose names few encodings take, or none."""
    folder = tmp_path_factory.mktemp("odd")
    random = np.random.default_rng(0)
    try:
        for part, count in (("train", 24), ("test", 4)):
            for name in ("\udcff\n", "七×"):
                own = folder / "own\udcfe" / part / name
                own.mkdir(parents=True)
                for number in range(count):
                    pixels = random.integers(0, 255, (28, 28)).astype(np.uint8)
                    Image.fromarray(pixels).save(own / f"{number}\udcfd.png")
    except OSError:
        pytest.skip("this file system takes no such names")
    classes = data.load(folder / "own\udcfe").class_names
    create("lenet-5-relu", classes=classes).save(folder / "own.safetensors")
    (folder / "two\udcff×.png").write_bytes((EXAMPLES / "two.png").read_bytes())
    return folder


def run(
    place: Path, verb: str, variables: Mapping[str, str] | None = None, redirections: str = "", after: str = ""
) -> tuple[int, bytes, str]:
    """Exit code, stdout and stderr of a verb in a fresh process; neither is ever a traceback."""
    words = [*verb.split(), *VERBS[verb]]
    if verb == "train":
        words += ["--out", f"runs/{len(list(place.glob('runs/*')))}"]
    done = subprocess.run(
        ["sh", "-c", f'"$@" {redirections} {after}', "sh", sys.executable, "-m", "lenet", *words],
        cwd=place,
        env={**os.environ, "LENET_DATA": str(place / "data"), **(variables or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    output = done.stderr.decode(errors="backslashreplace")
    assert done.returncode in (0, 1, 2), output
    for sign in ("Traceback", "Exception ignored", "Error:"):
        assert sign not in output
    return done.returncode, done.stdout, output


@pytest.mark.parametrize("verb", VERBS)
def test_closed_streams_stop_nothing(place: Path, verb: str):
    for redirections in (">&-", "2>&-", "<&- >&- 2>&-") if verb in ("show", "read", "train") else ("<&- >&- 2>&-",):
        code, _, errors = run(place, verb, redirections=redirections)
        assert code == 0, errors


@pytest.mark.parametrize("verb", VERBS)
def test_what_an_encoding_lacks_is_spelled_out(place: Path, verb: str):
    code, _, errors = run(place, verb, C_LOCALE)
    assert code == 0, errors


def test_json_stays_json_in_any_encoding(place: Path):
    _, wide, _ = run(place, "evaluate")
    _, narrow, _ = run(place, "evaluate", {"PYTHONIOENCODING": "ascii"})
    assert json.loads(narrow) == json.loads(wide)
    assert "七×" in wide.decode()
    assert "\\\\udcff\\\\n" in wide.decode()


def test_a_run_on_pictures_with_such_names_is_repeated_from_its_record(place: Path):
    run(place, "train")
    record = sorted(place.glob("runs/*/run.json"))[-1]
    assert json.loads(record.read_bytes().decode())["data"]["source"]["name_or_path"] == str(place / "own\udcfe")
    assert main(["train", "--from", str(record), "--out", str(place / "again")]) == 0


@pytest.mark.parametrize("verb", VERBS)
def test_without_a_home_folder_each_verb_works_or_says_why(place: Path, verb: str):
    code, _, errors = run(place, verb, HOMELESS)
    assert code == (verb == "doctor"), errors


@pytest.mark.parametrize("verb", ["data list", "doctor", "train"])
@pytest.mark.parametrize(
    "variables",
    [
        {"LENET_DATA": "relative"},
        {"LENET_DATA": "~nobody-at-all"},
        {"LENET_ENGINE": "abc"},
        {"RANK": "x"},
        {"WORLD_SIZE": "0"},
    ],
    ids=str,
)
def test_an_odd_value_is_one_sentence_at_most(place: Path, verb: str, variables: dict[str, str]):
    code, _, errors = run(place, verb, variables)
    assert not code or errors.count("\n") == (verb != "doctor"), errors
    assert not (code and verb == "train" and next(iter(variables)) not in errors)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("verb", ["show", "read", "train", "code", "data list"])
def test_a_full_disk_under_stdout_is_one_sentence(place: Path, verb: str):
    code, _, errors = run(place, verb, redirections=">/dev/full")
    assert (code, errors.splitlines()[-1]) == (1, "lenet: stdout: no space left on device")
    assert run(place, verb, redirections=">/dev/full 2>/dev/full")[0] == 1


@pytest.mark.parametrize("verb", ["show", "read", "code", "networks"])
def test_a_reader_that_goes_away_is_told_nothing(place: Path, verb: str):
    assert run(place, verb, after="| true") == (0, b"", "")
    assert run(place, verb, redirections="2>&1", after="| true") == (0, b"", "")


def test_no_file_takes_the_place_of_a_closed_stream(tmp_path: Path):
    code = (
        "import os, sys; from lenet.cli import streams; streams.prepare(); file = open('own', 'w'); print('lost'); "
        "print('lost', file=sys.stderr); os.write(1, b'lost'); os.write(2, b'lost'); print(file.fileno(), file=file)"
    )
    subprocess.run(["sh", "-c", '"$@" <&- >&- 2>&-', "sh", sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert (tmp_path / "own").read_text() == "3\n"


@pytest.mark.parametrize(
    "words",
    [
        ["train", "--out", "a\0b"],
        ["train", "--data", "a\0b"],
        ["evaluate", "a\0b"],
        ["read", "a\0b"],
        ["explain", "-o", "a\0.html"],
        ["show", "lenet-5", "--diagram", "a\0.svg"],
    ],
    ids=" ".join,
)
def test_a_name_that_no_system_takes_is_one_sentence(words: list[str], capsys, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    assert "a null byte" in capsys.readouterr().err
    long = [word.replace("\0", "long" * 2000) for word in words]
    assert main(long) in (1, 2)
    assert capsys.readouterr().err.count("\n") == 1


CTRL_C = """
import signal, sys
def press(event, arguments):
    if event == "import" and arguments[0] == {module!r}:
        signal.raise_signal(signal.SIGINT)
sys.addaudithook(press)
sys.argv = ["lenet", *{words!r}]
from lenet.__main__ import run
sys.exit(run())
"""


@pytest.mark.parametrize(
    ("verb", "module"),
    [
        ("networks", "typer"),
        ("train", "numpy"),
        ("train", "lenet.training.curves"),
        ("maps", "lenet.figures"),
        ("evaluate", "lenet.evaluation.sheets"),
        ("read", "lenet.reading.reader"),
        ("explain", "lenet.page"),
        ("doctor", "lenet.benchmarking.machine"),
    ],
)
def test_ctrl_c_while_a_command_starts_and_runs_is_one_line(place: Path, verb: str, module: str):
    code = CTRL_C.format(module=module, words=[*verb.split(), *VERBS[verb]])
    done = subprocess.run([sys.executable, "-c", code], cwd=place, capture_output=True, check=False)
    assert done.returncode in (130, -signal.SIGINT)  # Python's own way, where it was compiling a class; 130 for shells
    assert done.stderr.decode(errors="backslashreplace").splitlines()[-1].startswith("lenet: stopped")
    assert b"Traceback" not in done.stderr
