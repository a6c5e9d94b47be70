"""`lenet.export`: files that others load, a comparison with the engine that is true, and refusals in one sentence."""

import json
import shutil
import zipfile

import numpy as np
import pytest

import lenet
from lenet.cli import main
from lenet.errors import LeNetError
from lenet.exporting import checking
from lenet.exporting.formats import FORMATS
from lenet.exporting.pth import to_pth
from lenet.model import Model
from tests.exporting.cases import model_of, noise, outputs_of
from tests.install.bare import OPTIONAL, command_without


def test_a_state_dict_loads_into_the_printed_class(tmp_path):
    torch = pytest.importorskip("torch")
    for name in lenet.names():
        model = model_of(name)
        exported = lenet.export(model, "pth", tmp_path / f"{name}.pth")
        assert exported.check.differing == 0
        scope = {"__name__": "pasted"}
        exec(lenet.code(name), scope)
        module = next(value for key, value in scope.items() if key.startswith("LeNet"))()
        module.load_state_dict(torch.load(exported.path, weights_only=True))
        pictures = noise(model.network)
        inputs = torch.from_numpy(model._forward.activations(pictures)["input"])
        with torch.no_grad():
            np.testing.assert_allclose(module(inputs).numpy(), outputs_of(model, pictures), rtol=1e-4, atol=1e-4)


def test_a_state_dict_is_written_without_torch_and_holds_plain_arrays(tmp_path):
    ran = command_without(OPTIONAL, "export", "lenet-5", "--to", "pth", "-o", tmp_path / "lenet-5.pth")
    assert ran.returncode == 0, ran.stderr
    assert "; not checked: " in ran.stdout
    assert ran.stdout.endswith("install it with: pip install 'lenet[train]'\n")
    with zipfile.ZipFile(tmp_path / "lenet-5.pth") as archive:
        first = np.frombuffer(archive.read("archive/data/0"), "<f4")
    np.testing.assert_array_equal(first, lenet.load("lenet-5").parameters["c1.weight"].ravel())


def test_torch_reads_arrays_of_any_shape_from_the_file(tmp_path):
    torch = pytest.importorskip("torch")
    arrays = {
        "π": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
        "one": np.float32([7]),
        "none": np.empty((0, 2), "f4"),
    }
    (tmp_path / "some.pth").write_bytes(to_pth(arrays))
    result = torch.load(tmp_path / "some.pth", weights_only=True)
    assert list(result) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(result[name].numpy(), array)


def test_a_folder_for_the_hub_gives_the_same_model_back(tmp_path):
    model = lenet.load("lenet-5-relu")
    exported = lenet.export(model, "hf", tmp_path / "hub")
    again = lenet.load(tmp_path / "hub")
    assert again.digest == model.digest
    assert (again.network, again.class_names, again.provenance) == (model.network, model.class_names, model.provenance)
    assert {path.name for path in exported.files} == {"config.json", "model.safetensors", "README.md"}
    config = json.loads((tmp_path / "hub" / "config.json").read_text("utf-8"))
    assert config["id2label"]["10"] == "none"
    assert config["label2id"]["7"] == 7
    card = (tmp_path / "hub" / "README.md").read_text("utf-8")
    assert card.startswith("---\nlibrary_name: lenet\n")
    assert "61,791 parameters" in card
    assert "pip install lenet" not in card, "no index has it"


def test_a_folder_with_other_files_is_not_overwritten(tmp_path):
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(LeNetError, match="holds other files, expected a new or empty folder"):
        lenet.export("lenet-5", "hf", tmp_path)
    assert (tmp_path / "README.md").read_text() == "mine"
    lenet.export("lenet-5", "hf", tmp_path / "new")
    lenet.export("lenet-5-relu", "hf", tmp_path / "new")
    assert lenet.load(tmp_path / "new").network.name == "lenet-5-relu"


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_compared_with_the_engine_on_1_000_pictures(format, mnist, tmp_path):
    if format.startswith("onnx"):
        pytest.importorskip("onnxruntime")
    if format == "pte":
        pytest.importorskip("executorch")
    if format.startswith("c") and shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    exported = lenet.export("lenet-5-relu", format, tmp_path / f"x{FORMATS[format].ending}")
    assert exported.check.pictures == 1_000
    assert exported.check.source == "test pictures of mnist"
    assert exported.check.differing <= (3 if "int8" in format else 0)
    assert exported.check.speed > 0
    assert exported.bytes == sum(path.stat().st_size for path in exported.files)


def test_answers_that_differ_are_counted_and_outputs_that_differ_are_refused():
    model = lenet.load("lenet-5-relu")
    pictures = noise(model.network, 50)
    expected = outputs_of(model, pictures)

    def wrong(pictures):
        return np.roll(expected, 1, axis=1), 1.0

    check = checking.compare(model, wrong, "nobody", pictures, "pictures", is_exact=False)
    assert check.differing == 50
    assert str(check).startswith("50 answers differ from the engine's on 50 pictures")
    with pytest.raises(
        LeNetError, match=r"outputs with nobody that differ from the engine's by up to .*nothing was written"
    ):
        checking.compare(model, wrong, "nobody", pictures, "pictures", is_exact=True)


def test_pictures_are_random_where_the_data_is_not_at_hand_and_8_bits_ask_for_them(tmp_path):
    model = model_of("lenet-5-gap")
    exported = lenet.export(model, "hf", tmp_path / "hub")
    assert exported.check.source == "random pictures"
    with pytest.raises(
        LeNetError, match=r"lenet-5-gap: weights are rounded on pictures .* name such pictures with data"
    ):
        lenet.export(model, "onnx-int8", tmp_path / "x.onnx")
    assert not (tmp_path / "x.onnx").exists()


def test_pictures_of_ones_own_calibrate_and_compare(mnist, tmp_path):
    own = lenet.Dataset("own", mnist.train_images[:60], mnist.train_labels[:60], mnist.test_images[:40],
                        mnist.test_labels[:40], tuple("0123456789"))  # fmt: skip
    exported = lenet.export(model_of("lenet-5"), "c-int8", tmp_path / "x.c", data=own)
    assert exported.check is None or (exported.check.pictures, exported.check.source) == (40, "test pictures of own")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lenet-5", "--to", "onxx"], "unknown format 'onxx'; did you mean onnx"),
        (["lenet-5", "--to", "c", "-o", "x.h"], "x.h: expected a file's name that ends in .c"),
        (["lenet-5", "--to", "onnx", "-o", "."], "expected a file's name that ends in .onnx"),
        (["no-such.safetensors", "--to", "c"], "no such weights file"),
        (["lenet-5", "--to", "c", "--data", "no/such"], "no such file or folder"),
    ],
)
def test_what_cannot_be_exported_is_refused_in_one_sentence(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["export", *arguments]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_what_is_no_data_set_is_refused_before_any_work(tmp_path):
    with pytest.raises(LeNetError, match="a int is no data; expected a data set, its name, or a path"):
        lenet.export("lenet-5", "hf", tmp_path / "hub", data=5)


def test_a_stage_that_is_no_python_name_has_no_state_dict_for_the_printed_class(tmp_path):
    from lenet.architecture import FullConnection, Network, Stage

    network = Network("odd", (1, 4, 4), (Stage("not a name", FullConnection(2)),))
    with pytest.raises(LeNetError, match="'not a name' cannot be written as a Python attribute"):
        lenet.export(Model(network, model_of(network).parameters), "pth", tmp_path / "x.pth")


def test_the_shell_prints_size_differences_and_speed_or_json(tmp_path, capsys):
    path = str(tmp_path / "x.pth")
    assert main(["export", "lenet-5", "--to", "pth", "-o", path]) == 0
    assert capsys.readouterr().out.startswith(f"{path}: 247,294 bytes, 240,000 of weights; ")
    assert main(["export", "lenet-5", "--to", "pth", "-o", path, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["bytes"], result["files"], result["format"]) == (247_294, [path], "pth")


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LeNetError, match=r"file/x\.pth: cannot be written"):
        lenet.export("lenet-5", "pth", tmp_path / "file" / "x.pth")
