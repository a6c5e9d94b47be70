"""The same pictures of digits under other names of their classes: every verb answers right, or refuses and says why."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.classes import digit_of
from lenet.cli import main
from lenet.data import Dataset
from lenet.errors import DataError, LeNetError, TrainingError, WeightsError
from lenet.page import page_document
from lenet.training.adaptation import ADAPTATION_RECIPE, adapt
from lenet.training.stream import Patterns

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

# What each way of naming the ten digits makes of a model: whether it reads digits, and what it calls a seven.
TABLE = {
    "0 to 9": (tuple("0123456789"), True, "7"),
    "zero to nine": (WORDS, True, "seven"),
    "digit_0 to digit_9": (tuple(f"digit_{digit}" for digit in range(10)), True, "digit_7"),
    "two scripts": (("零", "一", "2", "Three", "04", "五", "6", "Number 7", "eight", "9"), True, "Number 7"),
    "labels 1 to 10": (tuple(map(str, range(1, 11))), False, "8"),
    "letters": (tuple("abcdefghij"), False, "h"),
    "a subset": (("3", "7"), False, "7"),
    "a subset in words": (("three", "seven"), False, "seven"),
    "three digits": (("0", "digit_1", "seven"), False, "seven"),
}
DIGITS_OF = {2: (3, 7), 3: (0, 1, 7), 10: tuple(range(10))}  # by the number of names
WAYS = list(TABLE)


@pytest.fixture(scope="module")
def folders(mnist, tmp_path_factory):
    """The same digits of MNIST as PNG files in class folders, up to 1,200, once for each way of naming them."""
    root = tmp_path_factory.mktemp("named")
    for way, (names, _, _) in TABLE.items():
        for digit, name in zip(DIGITS_OF[len(names)], names, strict=True):
            for part, images, labels, count in (
                ("train", mnist.train_images, mnist.train_labels, 100),
                ("test", mnist.test_images, mnist.test_labels, 20),
            ):
                folder = root / way / part / name
                folder.mkdir(parents=True)
                for number, image in enumerate(images[labels == digit][:count]):
                    Image.fromarray(image).save(folder / f"{number}.png")
    return root


@pytest.fixture(scope="module")
def models(folders):
    """A model trained on each of these folders, from the same first weights."""
    return {
        way: lenet.load(
            lenet.train("lenet-5-relu", folders / way, epochs=12, batch=20, out=folders / "runs" / way).best_path
        )
        for way in WAYS
    }


@pytest.mark.parametrize("way", WAYS)
def test_class_names_and_the_kind_of_pictures_travel_with_what_was_trained(models, way):
    names, is_of_digits, _ = TABLE[way]
    assert set(models[way].class_names) == set(names)
    assert models[way].picture_kind.kind == ("digits" if is_of_digits else "gray")
    assert (models[way].digit_outputs is not None) == is_of_digits


@pytest.mark.parametrize("way", WAYS)
def test_training_tests_and_predicts_by_name(models, folders, way):
    _, _, seven = TABLE[way]
    assert models[way].evaluate(folders / way).error_rate < 15
    path = folders / way / "test" / seven
    answers = models[way].predict(sorted(path.iterdir()))
    assert sum(one.class_name == seven for one in answers) >= 0.8 * len(answers)


@pytest.mark.parametrize("way", WAYS)
def test_the_model_that_ships_is_evaluated_on_digits_under_any_name_and_on_nothing_else(folders, way, capsys):
    names, is_of_digits, _ = TABLE[way]
    if is_of_digits or all(digit_of(name) is not None for name in names):
        evaluation = lenet.evaluate("lenet-5-relu", folders / way)
        assert evaluation.error_rate < 3
        assert main(["evaluate", "lenet-5-relu", "--data", str(folders / way), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["errors"] == evaluation.errors
        return
    with pytest.raises(
        DataError,
        match=r"the classes (1|a), .* but the model's are 0, 1, .*; (none of these is 10|they have none in common)",
    ):
        lenet.evaluate("lenet-5-relu", folders / way)
    assert main(["evaluate", "lenet-5-relu", "--data", str(folders / way)]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("other", WAYS)
@pytest.mark.parametrize("way", ["zero to nine", "letters", "a subset"])
def test_a_model_is_evaluated_on_classes_of_other_names_if_they_mean_the_same(models, folders, way, other):
    own, others = set(TABLE[way][0]), set(TABLE[other][0])
    is_known = others <= own or (TABLE[way][1] and (TABLE[other][1] or len(others) < 10))
    if is_known or {way, other} == {"a subset", "a subset in words"}:
        assert models[way].evaluate(folders / other).error_rate < 15
        return
    with pytest.raises(DataError, match=r"none of these is|none in common"):
        models[way].evaluate(folders / other)


@pytest.mark.parametrize("way", WAYS)
def test_a_model_reads_if_its_classes_are_the_ten_digits_and_is_refused_everywhere_if_not(
    models, way, tmp_path, capsys
):
    _, is_of_digits, _ = TABLE[way]
    model, path = models[way], str(DIGITS / "seven.png")
    if is_of_digits:
        assert lenet.read(path, single=True, model=model).text == "7"
        assert lenet.Reader(model).read(path, single=True).text == "7"
        return
    for reading in (lenet.Reader, lambda model: lenet.read(path, model=model)):
        with pytest.raises(WeightsError, match=r"tells the classes .* apart, .* digits 0 to 9.*; lenet predict"):
            reading(model)
    model.save(tmp_path / "m.safetensors")
    assert main(["read", path, "--model", str(tmp_path / "m.safetensors")]) == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert f"tells the classes {', '.join(model.class_names)} apart" in printed.err
    assert ("all of them, since any may be written" in printed.err) == (len(model.class_names) < 10)


@pytest.mark.parametrize("way", WAYS)
def test_over_http_classes_have_their_names_and_digits_are_read_by_a_model_of_digits(models, folders, way):
    pytest.importorskip("fastapi")
    from lenet.server.serving import ServerConfig
    from tests.server.asgi import Client

    _, _, seven = TABLE[way]
    digit = (folders / way / "test" / seven / "0.png").read_bytes()
    client = Client(ServerConfig(models[way]).app())
    answer = client.post("/v1/predict?top=1", files={"picture": ("0.png", digit)}).json()
    assert answer == {"file": "0.png", "network": "lenet-5-relu"} | models[way].predict(digit).to_json(1)
    reading = client.post("/v1/read?single=true", files={"picture": ("seven.png", (DIGITS / "seven.png").read_bytes())})
    assert reading.json()["text"] == "7"


@pytest.mark.parametrize("way", WAYS)
def test_the_page_shows_the_names_of_the_classes_and_lets_no_other_network_read(models, way):
    document = page_document([models[way]])
    assert document["networks"][0]["labels"] == list(models[way].class_names)
    assert document["networks"][0]["pictures"]["kind"] == models[way].picture_kind.kind
    reader = document["networks"][document["reader"]]
    assert reader["labels"] == list("0123456789")


def test_a_model_that_is_trained_on_keeps_its_classes_under_their_names(models, folders, tmp_path):
    start = models["0 to 9"]
    run = lenet.train(start, folders / "zero to nine", epochs=1, learning_rate=1e-12, out=tmp_path / "words")
    assert run.model.class_names == start.class_names
    assert run.evaluation.errors == start.evaluate(folders / "0 to 9").errors
    with pytest.raises(DataError, match="none of these is 10"):
        lenet.train(start, folders / "labels 1 to 10", epochs=1, out=tmp_path / "ten")
    assert not (tmp_path / "ten").exists()


def test_adapting_to_a_hand_keeps_digits_under_their_names(models, folders, mnist):
    own, rehearsed = (
        Patterns(mnist.train_images[rows], mnist.train_labels[rows].astype(np.int64))
        for rows in (slice(40), slice(40, 5_000))
    )
    model = models["zero to nine"]
    adapted = adapt(model, own, rehearsed, replace(ADAPTATION_RECIPE, epochs=1))
    assert adapted.class_names == model.class_names
    assert adapted.evaluate(folders / "0 to 9").errors <= model.evaluate(folders / "0 to 9").errors
    with pytest.raises(TrainingError, match=r"a, b, c, .* apart; adapting takes a model of the digits"):
        adapt(models["letters"], own, rehearsed)


@pytest.mark.parametrize("labels", [np.arange(1, 11), np.arange(3, 300), np.zeros(12, int), np.full(12, 255)])
def test_labels_beyond_the_outputs_and_of_one_class_alone_are_one_sentence(labels, tmp_path):
    images = np.zeros((len(labels), 28, 28), np.uint8)
    np.savez(tmp_path / "data.npz", images=images, labels=labels.astype(np.uint16))
    data = lenet.data.load(tmp_path / "data.npz")
    with pytest.raises(TrainingError, match=r"outputs for them|alone; expected at least two classes"):
        lenet.train("lenet-5", data, epochs=1, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    if labels.max() > 9:
        with pytest.raises(LeNetError, match=r"none of these is|none in common"):
            lenet.evaluate("lenet-5", data)
        assert main(["evaluate", "lenet-5", "--data", str(tmp_path / "data.npz")]) == 1


def test_two_classes_of_one_meaning_are_told_apart_by_their_very_names():
    images, labels = np.zeros((4, 28, 28), np.uint8), np.arange(4) % 2
    data = Dataset("twice", images, labels, images, labels, ("1", "one"))
    assert data.with_classes(["one", "1"]).train_labels.tolist() == [1, 0, 1, 0]
    with pytest.raises(DataError, match="none of these is one"):
        data.with_classes(["0", "1"])
