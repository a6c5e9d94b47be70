"""``lenet convert``: what others wrote becomes a file that every verb takes, and that keeps what was decided."""

import hashlib
import json

import numpy as np
import pytest
from safetensors.numpy import save_file

import lenet
from lenet.cli import main
from lenet.errors import LeNetError


@pytest.fixture
def foreign(tmp_path):
    """LeNet-5's arrays of today, without a word of what they are."""
    path = tmp_path / "foreign.safetensors"
    save_file(dict(lenet.create("lenet-5-relu", seed=1).parameters), path)
    return path


def test_the_decision_is_kept_in_the_file_with_its_origin(foreign, tmp_path, capsys):
    path, names = tmp_path / "own.safetensors", "zero,one,two,three,four,five,six,seven,eight,nine"
    options = ["--network", "lenet-5-relu", "--size", "32", "--normalize", "0.1307,0.3081", "--class-names", names]
    assert main(["convert", str(foreign), "-o", str(path), *options]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"{path}: lenet-5-relu, 61,706 parameters, input 1×32×32"
    assert second == "background becomes -0.424213 and full ink 2.82149; --input-range or --normalize says otherwise"
    model = lenet.load(path)
    assert model.network.input_range == (-0.1307 / 0.3081, (1 - 0.1307) / 0.3081)
    assert model.class_names == tuple(names.split(","))
    assert model.provenance["converted"] == {
        "file": "foreign.safetensors",
        "sha256": hashlib.sha256(foreign.read_bytes()).hexdigest(),
        "format": "safetensors",
        "unused": [],
    }
    again = lenet.convert(
        foreign, tmp_path / "again.safetensors", network="lenet-5-relu", size=32, normalize=(0.1307, 0.3081),
        class_names=names.split(","),
    )  # fmt: skip
    assert again.read_bytes() == path.read_bytes()


def test_what_was_written_is_printed_as_json(foreign, tmp_path, capsys):
    path = tmp_path / "own.safetensors"
    options = ["--activation", "relu", "--pooling", "average", "--outputs", "sigmoid", "--input-range", "0,1", "--json"]
    assert main(["convert", str(foreign), "-o", str(path), *options]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["network"]["name"] == "lenet-relu-average"
    assert said["network"]["stages"][-1]["activation"] == "sigmoid"
    assert said["digest"] == lenet.load(path).digest


def test_without_a_name_the_file_is_written_beside_its_source(tmp_path):
    torch = pytest.importorskip("torch")
    torch.save(lenet.create("lenet-short", seed=1).to_torch().state_dict(), tmp_path / "m.pth")
    assert lenet.convert(tmp_path / "m.pth") == tmp_path / "m.safetensors"
    assert lenet.load(tmp_path / "m.safetensors").network.name == "lenet-short"


def test_converted_weights_are_taken_by_every_verb(foreign, tmp_path, capsys):
    path = lenet.convert(foreign, tmp_path / "own.safetensors", network="lenet-5-relu")
    picture = np.zeros((28, 28), np.uint8)
    assert lenet.predict(path, picture).class_name in "0123456789"
    assert main(["maps", str(path), "examples/digits/seven.png", "-o", str(tmp_path / "maps")]) == 0
    assert main(["explain", str(path), "-o", str(tmp_path / "lesson.html")]) == 0
    assert main(["read", "examples/digits/seven.png", "--model", str(path), "--single"]) in (0, 1)
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("foreign.safetensors", "is the file to convert itself; give another name"),
        (None, "is the file to convert itself; give another name"),
        ("own.pth", "expected the name of a file to write that ends in .safetensors"),
        ("folder.safetensors", "is a folder, expected the name of a file to write"),
    ],
)
def test_where_nothing_should_be_written_nothing_is(output, message, foreign, tmp_path):
    (tmp_path / "folder.safetensors").mkdir()
    before = foreign.read_bytes()
    with pytest.raises(LeNetError, match=message):
        lenet.convert(foreign, output and tmp_path / output, network="lenet-5-relu")
    assert foreign.read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"foreign.safetensors", "folder.safetensors"}


def test_a_source_that_is_no_file_is_named(tmp_path):
    with pytest.raises(LeNetError, match=r"none\.pth: no such file of weights"):
        lenet.convert(tmp_path / "none.pth")
    with pytest.raises(LeNetError, match="is a folder, expected a file of weights"):
        lenet.convert(tmp_path, tmp_path / "o.safetensors")


@pytest.mark.parametrize("option", [["--input-range", "0"], ["--normalize", "a,b"], ["--size", "x"]])
def test_options_that_are_no_numbers_are_wrong_usage(option, foreign, capsys):
    assert main(["convert", str(foreign), *option]) == 2
    assert capsys.readouterr().err.count("\n") == 1
