"""An argument of Python that cannot be is refused in one sentence that names it, before anything is done."""

import numpy as np
import pytest

import lenet
from lenet.errors import LeNetError

PICTURES, LABELS = np.zeros((20, 28, 28), np.uint8), np.arange(20) % 2
TOY = lenet.data.Dataset("toy", PICTURES, LABELS, PICTURES, LABELS, ("a", "b"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"threads": "2"}, "threads is '2', expected a whole number"),
        ({"threads": 1.5}, "threads is 1.5, expected a whole number"),
        ({"checkpoint_every": "x"}, "checkpoint_every is 'x', expected a whole number"),
        ({"validation": "x"}, "toy: cannot set aside 'x' examples for validation; expected 0 to 19 of its 20 training"),
        ({"validation": 1.5}, "toy: cannot set aside 1.5 examples"),
        ({"rates": 0.1}, "rates is 0.1, expected a list of numbers"),
        ({"device": 3}, "unknown device '3'; expected auto, cpu or cuda"),
        ({"out": 3}, "out is 3, expected the name of a file or folder"),
        ({"out": ""}, "out is '', expected the name of a file or folder"),
        ({"repeat": ""}, "repeat is '', expected the name of a file or folder"),
    ],
)
def test_training_refuses_it(tmp_path, monkeypatch, options, sentence):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LeNetError) as caught:
        lenet.train("lenet-5-relu", TOY, **({"out": tmp_path / "run"} | options))
    assert str(caught.value).startswith(sentence)
    assert not list(tmp_path.rglob("*.safetensors"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"size": "x"}, "cannot fit pictures into x×x pixels"),
        ({"size": 2.5}, "cannot fit pictures into 2.5×2.5 pixels"),
        ({"color": "no"}, "color is 'no', expected True or False"),
        ({"transpose": "no"}, "transpose is 'no', expected True or False"),
        ({"data_dir": 3}, "data_dir is 3, expected the name of a file or folder"),
        ({"data_dir": ""}, "data_dir is '', expected the name of a file or folder"),
    ],
)
def test_loading_data_refuses_it(tmp_path, options, sentence):
    with pytest.raises(LeNetError) as caught:
        lenet.data.load(tmp_path, **options)
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ([0, 1], "toy: expected NumPy arrays as train images and labels, got ndarray and list"),
        (LABELS / 2, "toy: expected whole numbers (N,) as train labels, got float64 (20,)"),
        (LABELS.astype(str), "toy: expected whole numbers (N,) as train labels, got <U21 (20,)"),
        (LABELS[:, None], "toy: expected whole numbers (N,) as train labels, got int64 (20, 1)"),
    ],
)
def test_a_data_set_refuses_labels_that_are_no_whole_numbers(labels, sentence):
    with pytest.raises(LeNetError) as caught:
        lenet.data.Dataset("toy", PICTURES, labels, PICTURES, LABELS, ("a", "b"))
    assert str(caught.value) == sentence


def test_numbers_of_numpy_are_numbers(tmp_path):
    counts = {"epochs": np.int64(1), "batch": np.int32(8), "seed": np.uint8(4), "learning_rate": np.float32(0.5)}
    run = lenet.train("lenet-5-relu", TOY, out=tmp_path / "run", threads=np.int64(1), checkpoint_every=np.int64(9),
                      validation=np.int64(5), **counts)  # fmt: skip
    assert run.settings["recipe"]["epochs"] == len(run.history) == 1
    assert lenet.Recipe(epochs=np.int64(3)) == lenet.Recipe(epochs=3)
    model = lenet.create("lenet-5-relu", seed=np.int64(3), classes=np.int64(3), channels=np.int32(3), size=np.int16(32))
    assert model.digest == lenet.create("lenet-5-relu", seed=3, classes=3, channels=3, size=32).digest
    model.save(tmp_path / "model.safetensors")
    assert lenet.load(tmp_path / "model.safetensors").network == model.network
    lenet.export(model, "pth", tmp_path / "model.pth")
    names = np.array(["a", "b", "c"])
    assert lenet.load(tmp_path / "model.pth", size=np.int64(32), class_names=names).class_names == ("a", "b", "c")
    assert not lenet.read(np.full((60, 60), 255, np.uint8), length=np.int64(4)).digits


def test_a_page_in_an_unknown_language_is_refused(tmp_path):
    with pytest.raises(LeNetError, match="unknown language 'fr'; known: en, zh"):
        lenet.explain("lenet-5", tmp_path / "lesson.html", language="fr")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("switch", ["single", "turn", "grid"])
def test_reading_refuses_a_text_for_a_switch(switch):
    with pytest.raises(LeNetError, match=f"^{switch} is 'false', expected True or False$"):
        lenet.read(np.full((60, 60), 255, np.uint8), **{switch: "false"})


@pytest.mark.parametrize(
    ("call", "switches"),
    [
        (lambda **switch: lenet.train("lenet-5-relu", TOY, **switch), ["resume"]),
        (lambda **switch: lenet.reproduce("lenet-5", **switch), ["quick", "halved"]),
        (lambda **switch: lenet.read_files("pictures", **switch), ["resume", "recursive", "lines"]),
        (lambda **switch: lenet.read_forms("pages", "form.toml", **switch), ["resume", "recursive"]),
        (lambda **switch: lenet.new_form("blank.png", "form.toml", **switch), ["overwrite"]),
        (lambda **switch: lenet.maps("lenet-5", "7.png", "maps", **switch), ["svg", "dark", "text"]),
    ],
)
def test_no_text_is_a_switch(call, switches, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for switch in switches:
        with pytest.raises(LeNetError, match=f"^{switch} is 'false', expected True or False$"):
            call(**{switch: "false"})
    assert not list(tmp_path.iterdir())


def test_an_empty_name_is_no_model_though_the_folder_we_are_in_holds_one(tmp_path, monkeypatch):
    lenet.create("lenet-5-relu").save(tmp_path / "best.safetensors")
    monkeypatch.chdir(tmp_path)
    assert lenet.load(".").network.name == "lenet-5-relu"
    with pytest.raises(LeNetError, match="unknown weights file, run or pretrained network ''; known: lenet-5"):
        lenet.load("")


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: lenet.convert(None), "source is None, expected the name of a file or folder"),
        (lambda: lenet.convert("weights.pth", 3), "weights.pth: no such file of weights"),
        (lambda: lenet.read(""), "an empty name, expected a picture file's"),
        (lambda: lenet.predict("lenet-5", ""), "an empty name, expected a picture file's"),
        (lambda: lenet.read_form("page.png", ""), "form is '', expected the name of a file or folder"),
        (lambda: lenet.explain(3), "int: is no model; expected a path or a name that ships"),
        (lambda: list(lenet.read_files(3)), "int: expected the name of a file, folder or glob, or a list of them"),
    ],
)
def test_what_is_no_file_and_no_model_is_refused(call, sentence):
    with pytest.raises(LeNetError) as caught:
        call()
    assert str(caught.value) == sentence
