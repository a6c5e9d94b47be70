"""The printed train.py and predict.py, run as they are on small data, in a folder with the printed model.py."""

import ast
import gzip
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import lenet
from lenet import data
from lenet.architecture import FullConnection, Network, Stage
from lenet.cli import main
from lenet.errors import LeNetError
from lenet.networks import names
from tests.pytorch.test_standalone_source import assert_clean

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
GRAY = [name for name in names() if lenet.describe(name).input[0] == 1]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder in which scripts are written and run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(place, network, **options):
    for name, form in (("model", "module"), ("train", "train"), ("predict", "predict")):
        (place / f"{name}.py").write_text(lenet.code(network, form=form, **options), "utf-8")


def run(monkeypatch, capsys, script, *arguments):
    monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
    monkeypatch.setattr(sys, "path", [str(Path.cwd()), *sys.path])
    sys.modules.pop("model", None)
    runpy.run_path(script, run_name="__main__")
    sys.modules.pop("model", None)
    return capsys.readouterr().out


def bars(count, seed, side=28, channels=1):
    """Two classes: bars across, and bars down."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count).astype(np.uint8)
    images = rng.integers(0, 60, (count, channels, side, side)).astype(np.uint8)
    for image, label, at in zip(images, labels, rng.integers(3, side - 6, count), strict=True):
        image[:, at : at + 3, 3:-3] = 255
        if label:
            image[:] = image.transpose(0, 2, 1)
    return images, labels


@pytest.fixture
def idx(place):
    """Bars as the four files of MNIST, one of them packed."""
    folder = place / "idx"
    folder.mkdir()
    for part, count in (("train", 160), ("t10k", 40)):
        images, labels = bars(count, count)
        data.write_idx(folder / f"{part}-images-idx3-ubyte", images[:, 0])
        data.write_idx(folder / f"{part}-labels-idx1-ubyte", labels)
    packed = folder / "train-images-idx3-ubyte"
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(packed.read_bytes()))
    packed.unlink()
    return folder


@pytest.mark.parametrize("name", names())
def test_scripts_are_formatted_free_of_lint_and_need_torch_and_pillow_alone(name, place):
    write(place, name)
    imported = set()
    for path in place.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.partition(".")[0])
    assert imported <= {"argparse", "gzip", "pathlib", "torch", "PIL", "model"}
    assert_clean(place)


@pytest.mark.parametrize("name", GRAY)
def test_every_gray_network_learns_from_idx_files_and_answers(name, place, idx, monkeypatch, capsys):
    write(place, name)
    out = run(monkeypatch, capsys, "train.py", idx, "--epochs", 2)
    epochs = [line for line in out.splitlines() if line.startswith("epoch ")]
    assert [line.split("  ")[0] for line in epochs] == ["epoch 1/2", "epoch 2/2"]
    first, last = (float(line.split("loss ")[1].split()[0]) for line in epochs)
    assert last < first
    assert out.splitlines()[-1].endswith(" %; weights in weights.pt")
    out = run(monkeypatch, capsys, "predict.py", DIGITS / "seven.png", DIGITS / "two.png")
    assert [line.split(": ")[0] for line in out.splitlines()] == [str(DIGITS / "seven.png"), str(DIGITS / "two.png")]
    assert {line.split(": ")[1][0] for line in out.splitlines()} <= {"0", "1"}


@pytest.mark.parametrize("name", ["lenet-5-relu", "lenet-5"])  # of the one the largest wins, of the other the smallest
def test_what_the_script_has_learned_is_right(name, place, idx, monkeypatch, capsys):
    write(place, name)
    out = run(monkeypatch, capsys, "train.py", idx, "--epochs", 40, "--output", "mine.pt")
    assert out.splitlines()[-1] == "test error 0.00 %; weights in mine.pt"
    assert set(torch.load("mine.pt", weights_only=True)["weights"]) == set(lenet.describe(name).parameter_shapes())
    page = np.full((40, 40), 255, np.uint8)
    page[18:23, 5:35] = 0
    Image.fromarray(page).save("0.png")
    Image.fromarray(page.T.copy()).save("1.png")
    out = run(monkeypatch, capsys, "predict.py", "0.png", "1.png", "--weights", "mine.pt")
    answers = [re.fullmatch(r"(\d)\.png: (\d) \((0\.\d{3}|1\.000)\)", line) for line in out.splitlines()]
    assert [answer[1] == answer[2] for answer in answers] == [True, True]
    assert all(float(answer[3]) > 0.5 for answer in answers)


def test_the_same_seed_gives_the_same_weights(place, idx, monkeypatch, capsys):
    write(place, "lenet-short")
    for output in ("one.pt", "other.pt"):
        run(monkeypatch, capsys, "train.py", idx, "--epochs", 2, "--seed", 3, "--output", output)
    one, other = (torch.load(path, weights_only=True)["weights"] for path in ("one.pt", "other.pt"))
    assert all(torch.equal(array, other[name]) for name, array in one.items())


@pytest.fixture
def pictures(place):
    """Bars as pictures in folders of classes, dark on light."""
    images, labels = bars(80, 5, 32, 3)
    for name in ("across", "down"):
        (place / "bars" / name).mkdir(parents=True)
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = place / "bars" / ("down" if label else "across") / f"{number}.png"
        Image.fromarray(255 - image.transpose(1, 2, 0)).save(path)
    return place / "bars"


@pytest.mark.parametrize("name", ["lenet-5-relu", "lenet-rgb"])
def test_folders_of_pictures_are_learned_and_named(name, place, pictures, monkeypatch, capsys):
    write(place, name, classes=2)
    out = run(monkeypatch, capsys, "train.py", pictures, "--epochs", 30)
    assert "test error 0.00 %" in out
    some = [next(iter((pictures / kind).iterdir())) for kind in ("across", "down")]
    out = run(monkeypatch, capsys, "predict.py", *some)
    assert [line.split(": ")[1].split()[0] for line in out.splitlines()] == ["across", "down"]


def test_the_binary_files_of_cifar_10_are_read(place, monkeypatch, capsys):
    folder = place / "cifar"
    folder.mkdir()
    for name, count in (("data_batch_1", 30), ("data_batch_2", 30), ("test_batch", 20)):
        images, labels = bars(count, count, 32, 3)
        rows = np.concatenate([labels[:, None], images.reshape(count, -1)], axis=1)
        (folder / f"{name}.bin").write_bytes(rows.tobytes())
    (folder / "batches.meta.txt").write_text("across\ndown\n")
    write(place, "lenet-rgb")
    out = run(monkeypatch, capsys, "train.py", folder, "--epochs", 1)
    assert "weights in weights.pt" in out
    out = run(monkeypatch, capsys, "predict.py", DIGITS / "phone.png")
    assert out.split(": ")[1].split()[0] in ("across", "down")


def test_a_digit_is_brought_to_mnists_size_and_place(place):
    """On paper, however large and wherever, as `lenet.read` brings it there up to what resampling changes."""
    write(place, "lenet-5-relu")
    source = (place / "predict.py").read_text("utf-8").replace("from model import LeNet5Relu", "")
    namespace = {"__name__": "printed"}
    exec(compile(source, "predict.py", "exec"), namespace)
    digit = namespace["read_picture"](DIGITS / "seven.png", True)[0, 0].numpy()
    rows, columns = digit.nonzero()
    assert digit.shape == (28, 28)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    weights = digit / digit.sum()
    assert abs((weights.sum(axis=1) * np.arange(28)).sum() - 13.5) <= 0.5
    assert abs((weights.sum(axis=0) * np.arange(28)).sum() - 13.5) <= 0.5
    assert lenet.predict("lenet-5-relu", digit).class_name == "7"


def test_data_that_the_network_cannot_learn_is_one_sentence(place, idx, pictures, monkeypatch, capsys):
    write(place, "lenet-5-relu", classes=1)
    with pytest.raises(SystemExit, match="has 2 classes, but the network has 1 outputs"):
        run(monkeypatch, capsys, "train.py", idx)
    with pytest.raises(SystemExit, match="no pictures in folders of classes"):
        run(monkeypatch, capsys, "train.py", place / "bars" / "down")


def test_files_and_folders_that_are_not_there_are_one_sentence(place, monkeypatch, capsys):
    write(place, "lenet-5-relu")
    with pytest.raises(SystemExit, match="nowhere: no such folder"):
        run(monkeypatch, capsys, "train.py", "nowhere")
    with pytest.raises(SystemExit, match=r"weights\.pt: no such file; python train\.py DATA writes it"):
        run(monkeypatch, capsys, "predict.py", "7.png")
    (place / "weights.pt").touch()
    with pytest.raises(SystemExit, match=r"7\.png: no such file$"):
        run(monkeypatch, capsys, "predict.py", "7.png")


def test_the_command_writes_the_three_files(place, capsys):
    for name, options in (("model", ["--sequential"]), ("train", ["--train"]), ("predict", ["--predict"])):
        assert main(["code", "lenet-rgb", *options, "--classes", "3", "-o", f"{name}.py"]) == 0
        form = options[0].removeprefix("--")
        assert (place / f"{name}.py").read_text("utf-8") == lenet.code("lenet-rgb", form=form, classes=3)
    assert capsys.readouterr().out.count("python ") == 3
    assert main(["code", "lenet-rgb", "--train", "--predict"]) == 2
    assert "choose one of --train and --predict" in capsys.readouterr().err


def test_what_no_script_can_be_written_for_is_named():
    network = Network("two-channels", (2, 8, 8), (Stage("output", FullConnection(3)),))
    with pytest.raises(LeNetError, match="two-channels takes 2 channels; scripts read pictures of 1"):
        lenet.code(network, form="train")
    with pytest.raises(LeNetError, match="unknown form of code 'modul'; did you mean module"):
        lenet.code("lenet-5", form="modul")
