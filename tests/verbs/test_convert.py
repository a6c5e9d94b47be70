"""``lenet convert``: what others wrote becomes a file that every verb takes, and that keeps what was decided."""

import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import save_file

import lenet
from lenet.cli import main
from lenet.errors import LeNetError
from lenet.exporting.pth import to_pth


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
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == f"{path}: lenet-5-relu, 61,706 parameters, input 1×32×32"
    assert second == "background becomes -0.424213 and full ink 2.82149, as asked"
    assert third == f"classes {names.replace(',', ', ')}"
    model = lenet.load(path)
    assert model.network.input_range == (-0.1307 / 0.3081, (1 - 0.1307) / 0.3081)
    assert model.class_names == tuple(names.split(","))
    assert model.provenance["converted"] == {
        "file": "foreign.safetensors",
        "sha256": hashlib.sha256(foreign.read_bytes()).hexdigest(),
        "format": "safetensors",
        "unused": [],
        "input_range_from": "option",
    }
    again = lenet.convert(
        foreign, tmp_path / "again.safetensors", network="lenet-5-relu", size=32, normalize=(0.1307, 0.3081),
        class_names=names.split(","),
    )  # fmt: skip
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize("format", ["onnx", "pth"])
def test_what_lenet_exports_comes_back_with_its_classes_reject_class_and_calibration(format, tmp_path, capsys):
    if format == "onnx":
        pytest.importorskip("onnx")
    shipped = lenet.load("lenet-5-relu")
    source, path = tmp_path / f"m.{format}", tmp_path / "m.safetensors"
    lenet.export(shipped, to=format, out=source)
    assert main(["convert", str(source)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "background becomes 0 and full ink 3.2457, as the file says"
    assert lines[2] == "classes 0, 1, 2, 3, 4, 5, 6, 7, 8, 9; output 10 stands for none of them"
    model = lenet.load(path)
    assert (model.network, model.class_names, model.reject_class) == (shipped.network, shipped.class_names, 10)
    assert model.provenance["calibration"] == shipped.provenance["calibration"]
    picture = "examples/digits/pi.png"
    assert lenet.read(picture, model=model).text == lenet.read(picture).text == "3141592653"


def test_a_reject_class_is_read_from_an_export_that_has_it_under_its_former_key(tmp_path):
    shipped = lenet.load("lenet-5-relu")
    description = {"network": shipped.network.to_json(), "provenance": {"refusal": 10}}
    (tmp_path / "m.pth").write_bytes(to_pth(shipped.parameters, json.dumps(description)))
    model = lenet.load(tmp_path / "m.pth")
    assert (model.reject_class, model.provenance["reject_class"]) == (10, 10)


@pytest.mark.parametrize("format", ["onnx", "pth"])
def test_a_model_of_ones_own_comes_back_with_its_network_names_and_pictures(format, tmp_path):
    if format == "onnx":
        pytest.importorskip("onnx")
    created = lenet.create("lenet-5-sigmoid-output", classes=[*"abcdefghi", "none"], seed=1)
    model = replace(created, provenance={"pictures": {"kind": "gray", "side": 40, "polarity": "light"}})
    lenet.export(model, to=format, out=tmp_path / f"m.{format}")
    loaded = lenet.load(tmp_path / f"m.{format}")
    assert (loaded.network, loaded.class_names, loaded.picture_kind) == (
        model.network,
        model.class_names,
        model.picture_kind,
    )
    assert loaded.reject_class is None
    named = lenet.load(tmp_path / f"m.{format}", class_names=list("ABCDEFGHI"), reject_class=9)
    assert (named.class_names, named.reject_class) == (tuple("ABCDEFGHI"), 9)


def test_a_model_of_lenet_is_written_again_as_it_is(tmp_path, capsys):
    lenet.create("lenet-short", classes=["cat", "dog"], seed=1).save(tmp_path / "short.safetensors")
    assert main(["convert", str(tmp_path / "short.safetensors"), "-o", str(tmp_path / "again.safetensors")]) == 0
    printed = capsys.readouterr().out
    assert "as the file says\n" in printed
    assert "classes cat, dog\n" in printed
    assert lenet.load(tmp_path / "again.safetensors").digest == lenet.load(tmp_path / "short.safetensors").digest


def test_names_and_a_reject_class_are_options_where_a_file_says_neither(tmp_path, capsys):
    shipped = lenet.load("lenet-5-relu")
    save_file(dict(shipped.parameters), tmp_path / "m.safetensors")
    words = "zero,one,two,three,four,five,six,seven,eight,nine"
    options = ["--network", "lenet-5-relu", "--reject-class", "10", "--class-names", words]
    command = ["convert", str(tmp_path / "m.safetensors"), "-o", str(tmp_path / "own.safetensors"), *options]
    assert main(command) == 0
    assert "output 10 stands for none of them" in capsys.readouterr().out
    model = lenet.load(tmp_path / "own.safetensors")
    assert model.output_names == (*words.split(","), "none")
    for number, message in (
        ("11", "has the outputs 0 to 10, and the reject class is 11"),
        ("-1", "is -1, expected the"),
    ):
        command[command.index("--reject-class") + 1] = number
        assert main(command) == 1
        assert message in capsys.readouterr().err


def test_a_damaged_description_is_one_sentence(tmp_path):
    for text in ("{", "[]", '{"network": 7}', '{"class_names": [1]}', '{"provenance": 1}'):
        (tmp_path / "m.pth").write_bytes(to_pth(lenet.create("lenet-short", seed=1).parameters, text))
        with pytest.raises(LeNetError, match=r"m\.pth: its description is damaged"):
            lenet.load(tmp_path / "m.pth")


def test_what_was_written_is_printed_as_json(foreign, tmp_path, capsys):
    path = tmp_path / "own.safetensors"
    options = ["--activation", "relu", "--pooling", "average", "--outputs", "sigmoid", "--input-range", "0,1", "--json"]
    assert main(["convert", str(foreign), "-o", str(path), *options]) == 0
    output = json.loads(capsys.readouterr().out)
    assert output["network"]["name"] == "lenet-relu-average"
    assert output["network"]["stages"][-1]["activation"] == "sigmoid"
    assert output["digest"] == lenet.load(path).digest


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


def test_a_file_of_anything_else_is_refused_as_no_weights(tmp_path, capsys):
    (tmp_path / "notes.c").write_text("int main(void) { return 0; }\n")
    assert main(["evaluate", str(tmp_path / "notes.c")]) == 1
    assert capsys.readouterr().err.startswith(f"lenet: {tmp_path / 'notes.c'}: is no file of weights; expected")


@pytest.mark.parametrize("option", [["--input-range", "0"], ["--normalize", "a,b"], ["--size", "x"]])
def test_options_that_are_no_numbers_are_wrong_usage(option, foreign, capsys):
    assert main(["convert", str(foreign), *option]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_another_models_file_is_not_replaced_unless_it_was_named(foreign, tmp_path, capsys):
    source, neighbor = tmp_path / "w.pth", tmp_path / "w.safetensors"
    lenet.export(lenet.create("lenet-short", seed=1), to="pth", out=source)
    before = lenet.create("lenet-short", seed=2).save(neighbor).read_bytes()
    assert main(["convert", str(source)]) == 1
    assert f"{neighbor}: is there already, and is no earlier conversion of w.pth; name" in capsys.readouterr().err
    assert neighbor.read_bytes() == before
    neighbor.write_bytes(b"somebody's notes")
    with pytest.raises(LeNetError, match="is there already"):
        lenet.convert(source)
    assert neighbor.read_bytes() == b"somebody's notes"
    assert lenet.convert(source, neighbor) == neighbor


def test_a_file_is_converted_again_over_its_earlier_conversion(tmp_path):
    source = tmp_path / "w.pth"
    for seed in (1, 2):
        lenet.export(lenet.create("lenet-short", seed=seed), to="pth", out=source)
        assert lenet.load(lenet.convert(source)).digest == lenet.create("lenet-short", seed=seed).digest


@pytest.mark.parametrize("name", ["", ".", "/", "none.pth", "a" * 300, "a" * 300 + ".pth", "a\0b.pth"])
def test_what_is_no_file_of_weights_is_one_sentence(name):
    for verb in (lenet.convert, lenet.load):
        with pytest.raises(LeNetError):
            verb(name)
    assert main(["convert", name]) in (1, 2)
