"""Starting is quick because a command imports what it needs and nothing else: looked up in sys.modules, not timed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet.data import write_idx

HEAVY = ("torch", "matplotlib", "onnx", "onnxruntime")
PICTURES = ("cv2", "PIL")
NETWORK = ("requests", "urllib3", "ssl", "http.client")
OTHERS = ("rich", "scipy")
UNUSED_BY_READING = (  # and as much as 25 ms of a process that reads one picture
    *("numpy.ma", "numpy.random", "_hashlib", "statistics"),
    *("lenet.checkpoints", "lenet.reading.tables.resumption", "lenet.reading.tables.csv_table"),
)


def imported_by(code: str, *candidates: str) -> set[str]:
    """The candidates that a fresh Python has imported when it has run the code."""
    check = f"{code}\nimport sys\nprint('imported', *(set({candidates!r}) & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    last = ran.stdout.splitlines()[-1].split()
    assert last[0] == "imported"
    return set(last[1:])


def command(*arguments: object) -> str:
    return f"from lenet.cli import main\nassert main({[str(argument) for argument in arguments]!r}) == 0"


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    write_idx(tmp_path / "digits-idx3-ubyte.gz", np.zeros((3, 28, 28), np.uint8))
    return tmp_path / "digits-idx3-ubyte.gz"


def test_what_is_imported_is_seen():
    assert imported_by("import PIL.Image", *PICTURES) == {"PIL"}


@pytest.mark.parametrize("options", [[], ["--json"], ["--detail"]])
def test_reading_an_idx_file_imports_no_picture_library_and_no_network(digits: Path, options: list[str]):
    assert imported_by(command("read", digits, *options), *HEAVY, *PICTURES, *NETWORK, *OTHERS) == set()


def test_reading_a_picture_imports_pictures_and_no_more(tmp_path: Path):
    page = np.full((60, 60), 255, np.uint8)
    page[10:50, 27:33] = 0
    Image.fromarray(page).save(tmp_path / "one.png")
    read = command("read", tmp_path / "one.png")
    assert imported_by(read, *HEAVY, *PICTURES, *NETWORK, *OTHERS) == set(PICTURES)


@pytest.mark.parametrize("name", ["seven.png", "phone.png"])
def test_reading_a_picture_without_a_table_imports_no_tables_no_random_numbers_and_no_masked_arrays(name: str):
    picture = Path(__file__).parents[2] / "examples/digits" / name
    assert imported_by(command("read", picture), *UNUSED_BY_READING) == set()


@pytest.mark.parametrize(
    "code",
    [
        "from lenet.model import load, pretrained\npretrained()",
        "from lenet.data.idx import read_idx",
        "from lenet.data import read_idx, write_idx",
        "from lenet.engine import Forward, forward",
        "from lenet.reading import Recognizer\nRecognizer()",
        "from lenet.evaluation import evaluate, evaluate_outputs",
        "import lenet",
    ],
)
def test_weights_idx_files_and_the_engine_need_only_numpy(code: str):
    assert imported_by(code, *HEAVY, *PICTURES, *NETWORK, *OTHERS) == set()


@pytest.mark.parametrize("package", ["lenet", "lenet.data", "lenet.reading", "lenet.evaluation"])
def test_every_name_that_is_imported_late_is_there(package: str):
    code = f"import {package} as package\nfor name in package.__all__: getattr(package, name)\ndir(package)"
    assert "torch" not in imported_by(code, "torch")
    missing = f"import {package} as package\nassert not hasattr(package, 'nonsense')"
    assert imported_by(missing, *PICTURES) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["networks"],
        ["show", "lenet-5"],
        ["show", "lenet-1", "--toml"],
        ["diff", "lenet-5", "lenet-1"],
        ["code", "lenet-5"],
    ],
)
def test_counting_and_printing_networks_imports_not_even_numpy(arguments: list[str]):
    assert imported_by(command(*arguments), *HEAVY, *PICTURES, *NETWORK, "numpy", "safetensors", "tomllib") == set()
