"""The door for Python: every verb of the shell is a function of `lenet` with the same options, for names or objects."""

import html
import inspect
import json
import multiprocessing
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet import data
from lenet.architecture import Network
from lenet.cli import GROUPS, VERBS, build_app, main
from lenet.errors import LeNetError
from lenet.forms.results import FieldReading, FormReading
from lenet.training.pipeline import RecipeOverrides
from lenet.training.recipes import Recipe

DIGITS = Path(__file__).parents[1] / "examples" / "digits"
OLD = Path(__file__).parent / "version-0.1"

# The shell's words for what is a keyword here, and what only a shell needs: forms of output, and where it goes.
TWINS = {"networks": "names"}
RENAMED = {
    "train": {"data_set": "data", "recipe_name": "recipe", "repeated": "repeat"},
    "evaluate": {"data_set": "data"},
    "adapt": {"table": "labels"},
    "predict": {"files": "pictures"},
    "read": {"files": "pictures", "ink_high": "polarity", "paper_high": "polarity"},
    "code": {"name": "network", "sequential": "form", "train": "form", "predict": "form"},
    "show": {"name": "network"},
    "check": {"file": "answer", "lang": "language"},
}
FORMS = {"form"}  # of what read takes: `read_form` and `read_forms` are the functions
TABLES_OF_READ = {"csv", "jsonl", "parquet", "resume", "files_from", "shard"}
CLUSTER_OF_READ = {"ray", "block"}
OF_THE_SHELL = {
    "networks": {"as_json"},
    "show": {"as_json", "markdown", "explain", "lang", "table", "weights", "trace", "toml", "diagram"},
    "diff": {"as_json"},
    "code": {"output"},
    "train": {"as_json"},
    "evaluate": {"as_json", "examples", "sheet", "mistakes", "confusion", "photos", "max_error"},
    "reproduce": {"as_json", "listing"},
    "adapt": {"as_json", "out"},
    "convert": {"as_json"},
    "read": {
        "as_json",
        "reject",
        "lines",
        "detail",
        "cells",
        "annotate",
        "show",
        "recursive",
        *TABLES_OF_READ,
        *CLUSTER_OF_READ,
        *FORMS,
    },
    "predict": {"as_json", "top", "csv", "sheet", "recursive"},
    "explain": {"as_json"},
    "export": {"as_json"},
    "bench": {"as_json", "markdown"},
    "check": {"as_json"},
    "doctor": {"as_json"},
}
OF_PYTHON = {"progress", "announce", "network", "keep_steps", "overrides"}


def commands():
    return {command.callback.__name__: command.callback for command in build_app().registered_commands}


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in GROUPS])
def test_every_verb_of_the_shell_has_its_twin_with_the_same_options(verb):
    twin = getattr(lenet, TWINS.get(verb, verb))
    shell = set(inspect.signature(commands()[verb]).parameters) - OF_THE_SHELL.get(verb, set())
    shell = {RENAMED.get(verb, {}).get(name, name) for name in shell}
    here = set(inspect.signature(twin).parameters)
    if "overrides" in here:
        here |= set(RecipeOverrides.__annotations__)
    assert shell - here == set()
    assert here - shell - OF_PYTHON == set()


def test_reading_files_has_the_options_of_the_shell_that_are_no_settings_into_tables_and_by_a_cluster():
    shell, tables, cluster = (
        set(inspect.signature(verb).parameters)
        for verb in (commands()["read"], lenet.read_files, lenet.read_on_cluster)
    )
    settings = {
        RENAMED["read"].get(name, name) for name in set(inspect.signature(lenet.read).parameters) | {"polarity"}
    }
    settings |= {"ink_high", "paper_high"}
    of_the_terminal = {"as_json", "reject", "detail", "cells", "annotate", "show"}
    shell -= of_the_terminal | (settings - {"workers"}) | FORMS
    assert shell - CLUSTER_OF_READ == tables - {"settings"}
    assert shell - {"csv", "jsonl", "parquet"} == cluster - {"settings", "folder"}  # the word that is named last
    of_forms = set(inspect.signature(lenet.read_forms).parameters)
    assert of_forms - FORMS == tables - {"settings", "lines"} | {"model"}
    assert set(inspect.signature(lenet.read_form).parameters) == {"picture", "form", "model"}


def test_the_verbs_of_form_are_functions_of_lenet():
    [group] = [group for group in build_app("form").registered_groups]
    [new] = group.typer_instance.registered_commands
    assert set(inspect.signature(new.callback).parameters) == set(inspect.signature(lenet.new_form).parameters)


def test_the_verbs_of_data_are_functions_of_its_module():
    for command in next(group.typer_instance for group in build_app("data").registered_groups).registered_commands:
        name = command.callback.__name__.rstrip("_")
        twins = {"list": "names", "verify": "check_files", "show": "draw_examples"}
        assert callable(getattr(lenet.data, twins.get(name, name)))


def test_every_value_of_a_recipe_is_a_keyword_of_train():
    values = {name: hint for name, hint in Recipe.__annotations__.items() if name != "name"}
    assert values.pop("rates") == tuple[float, ...]
    assert {name: hint.__forward_arg__ if hasattr(hint, "__forward_arg__") else hint.__name__
            for name, hint in RecipeOverrides.__annotations__.items() if name != "rates"} == {
        name: hint if isinstance(hint, str) else hint.__name__ for name, hint in values.items()
    }  # fmt: skip


def test_everything_in_all_can_be_imported_and_has_a_docstring():
    for name in set(dir(lenet)) - {"__version__"}:
        assert getattr(lenet, name).__doc__, name
    assert set(dir(lenet)) - set(lenet.__all__) == {"LeNetClassifier"}  # which needs an extra


@pytest.mark.parametrize("name", ["LeNet-5", "lenet5", "lenet_5", "LENET 5", "lenet-5"])
def test_names_are_forgiving(name, capsys):
    assert lenet.describe(name).name == lenet.load(name).network.name == lenet.show(name).network.name == "lenet-5"
    assert main(["show", name]) == 0
    assert capsys.readouterr().out.startswith("lenet-5: ")


def test_a_name_that_is_none_is_refused_with_the_nearest():
    with pytest.raises(LeNetError, match="unknown network 'lenet-6'; did you mean lenet-"):
        lenet.describe("lenet-6")


# --- models ----------------------------------------------------------------------------------------------------------


def test_a_created_model_has_its_classes_channels_and_seed():
    model = lenet.create("lenet-5-relu", classes=["cat", "dog"], channels=3, seed=1)
    assert model.class_names == ("cat", "dog")
    assert model.network.input == (3, 28, 28)
    again, other = (lenet.create("lenet-5-relu", classes=["cat", "dog"], channels=3, seed=seed) for seed in (1, 2))
    assert model.digest == again.digest != other.digest


def test_ten_classes_of_lenet_5_may_be_named_and_others_are_refused():
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    assert lenet.create("lenet-5", classes=words).class_names == tuple(words)
    with pytest.raises(LeNetError, match="lenet-5 has no argument 'classes'"):
        lenet.create("lenet-5", classes=["cat", "dog"])
    with pytest.raises(LeNetError, match="expected one for each, all different"):
        lenet.create("lenet-5-relu", classes=["cat", "cat"])


def test_class_names_travel_with_the_file(tmp_path):
    saved = lenet.create("lenet-rgb", classes=["猫", "dog", 'it\'s a "shoe"'], seed=3)
    result = lenet.load(saved.save(tmp_path / "pets.safetensors"))
    assert result.class_names == saved.class_names
    assert result.digest == saved.digest


@pytest.mark.parametrize("damage", ['["cat"]', '["cat", "cat"]', '["cat", 1]', "{", '"catdog"', "null"])
def test_class_names_of_a_file_are_checked(damage, tmp_path):
    from safetensors.numpy import load_file, save_file

    path = lenet.create("lenet-5-relu", classes=["cat", "dog"]).save(tmp_path / "w.safetensors")
    network = json.dumps(lenet.describe("lenet-5-relu", classes=2).to_json())
    metadata = {"format": "lenet-weights-1", "network": network, "provenance": "{}", "class_names": damage}
    save_file(load_file(path), path, metadata)
    with pytest.raises(LeNetError, match=r"w\.safetensors: "):
        lenet.load(path)


def test_one_picture_gives_one_prediction_and_many_give_a_list():
    model = lenet.load("lenet-5-relu")
    paths = [DIGITS / "seven.png", DIGITS / "two.png"]
    assert model.predict(paths[0]).class_name == "7"
    assert [one.class_name for one in model.predict(paths)] == ["7", "2"]
    assert model.predict([]) == []
    assert lenet.predict("lenet-5-relu", str(paths[0])).class_name == "7"
    assert model.predict(Image.open(paths[0])).class_name == model.predict(paths[0].read_bytes()).class_name == "7"


def test_arrays_of_every_shape_are_the_same_picture():
    model, digit = lenet.load("lenet-5-relu"), lenet.read(DIGITS / "seven.png", single=True).digits[0].image
    expected = model.predict(digit).probability
    for one in (
        digit / 255,
        digit[..., None],
        np.repeat(digit[..., None], 3, axis=-1),
    ):
        assert model.predict(one).probability == pytest.approx(expected)
    many = np.stack([digit, digit])
    for some in (many, many[:, None], np.repeat(many[..., None], 3, axis=-1), (many / 255).astype(np.float32)):
        assert [one.probability for one in model.predict(some)] == pytest.approx([expected] * 2)


def test_a_color_array_is_one_picture_of_a_color_model():
    model, picture = lenet.create("lenet-rgb", seed=1), np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    expected = model.predict(picture).probabilities
    assert model.predict(picture.transpose(2, 0, 1)).probabilities == pytest.approx(expected)
    assert len(model.predict(np.stack([picture] * 4))) == 4


def test_flattened_pictures_in_color_are_refused_and_a_picture_as_wide_is_taken():
    color, gray = lenet.create("lenet-rgb", seed=1), lenet.create("lenet-rgb", channels=1, seed=1)
    with pytest.raises(LeNetError, match=r"2 flattened pictures; reshape it to \(2, 3, 32, 32\)"):
        color.predict(np.zeros((2, 3072), np.uint8))
    wide = np.random.default_rng(0).integers(0, 256, (1, 40, 1024), np.uint8)
    assert gray.predict(wide)[0].probabilities == gray.predict(Image.fromarray(wide[0])).probabilities


def test_the_array_of_a_photo_is_answered_as_its_file_is():
    path = DIGITS / "seven.png"
    image = Image.open(path).convert("RGB")
    colors, gray = np.asarray(image), np.asarray(image.convert("L"))
    for model in (lenet.load("lenet-5-relu"), lenet.create("lenet-rgb", seed=1), lenet.create("lenet-rgb", channels=1)):
        expected = model.predict(image if model.is_color else image.convert("L")).probabilities
        array = colors if model.is_color else gray
        for one in (array, array / 255):
            assert model.predict(one).probabilities == pytest.approx(expected, abs=1e-3)
        assert [one.class_name for one in model.predict(np.stack([array, array]))] == [next(iter(expected))] * 2
    assert lenet.predict("lenet-5", gray).class_name == "7"
    with pytest.raises(LeNetError, match="no digit found"):
        lenet.predict("lenet-5", np.full((200, 200), 255, np.uint8))


def test_an_array_of_a_digit_is_drawn_as_it_is_answered(tmp_path):
    digit = lenet.read(DIGITS / "seven.png", single=True).digits[0].image
    model = lenet.create("lenet-5-relu", classes=["cat", "dog"])
    from_array, from_file = (
        lenet.maps(model, picture, tmp_path / name)[0].read_bytes()
        for name, picture in (("array", digit), ("file", Image.fromarray(digit)))
    )
    assert from_array == from_file


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (np.zeros((28, 28), np.int64), "an array of int64"),
        (np.full((28, 28), 2.0), "values outside 0..1"),
        (np.full((28, 28), np.nan), "values outside 0..1"),
        (np.zeros((2, 2, 2, 2, 2), np.uint8), r"\(2, 2, 2, 2, 2\)"),
        ("nothing.png", "nothing.png: no such file"),
        ([np.zeros((2, 28, 28), np.uint8)], "a list holds one picture each"),
        (np.zeros((28, 28, 4), np.uint8), r"shape \(28, 28, 4\); expected one or three channels"),
        (np.zeros((0, 0), np.uint8), "at least one pixel"),
        (
            np.zeros((5, 784)),
            r"5 flattened pictures; reshape it to \(5, 28, 28\), or to \(1, 5, 784\) if it is one picture",
        ),
    ],
)
def test_what_is_no_picture_is_refused_in_one_sentence(picture, message):
    with pytest.raises(LeNetError, match=message):
        lenet.load("lenet-5-relu").predict(picture)


def test_probabilities_are_by_name_likeliest_first_and_leave_room_for_no_class():
    prediction = lenet.load("lenet-5-relu").predict(np.zeros((28, 28), np.uint8))
    values = list(prediction.probabilities.values())
    assert values == sorted(values, reverse=True)
    assert set(prediction.probabilities) == set("0123456789")
    assert sum(values) < 0.9  # an empty picture is most likely no digit
    assert prediction.top(2) == list(prediction.probabilities.items())[:2]


def test_a_model_in_torch_gives_the_same_outputs():
    torch = pytest.importorskip("torch")
    model, digit = lenet.load("lenet-5-relu"), lenet.read(DIGITS / "seven.png", single=True).digits[0].image
    inputs = model.activations(digit)["input"]
    with torch.no_grad():
        outputs = model.to_torch()(torch.from_numpy(inputs)).numpy()
    np.testing.assert_allclose(outputs, model.activations(digit)["output"].reshape(1, -1), rtol=1e-3, atol=1e-4)
    assert model.predict(torch.from_numpy(digit)).class_name == "7"


@pytest.mark.parametrize("channels", [0, 1, 3])
@pytest.mark.parametrize("is_float", [False, True])
def test_a_tensor_is_read_as_the_array_that_it_holds(channels, is_float):
    torch = pytest.importorskip("torch")
    gray = np.array(Image.open(DIGITS / "seven.png").convert("L"))
    tensor = torch.from_numpy(np.stack([gray] * channels) if channels else gray)
    tensor = (tensor / 255).requires_grad_() if is_float else tensor
    assert [digit.to_json() for digit in lenet.read(tensor).digits] == [
        digit.to_json() for digit in lenet.read(gray).digits
    ]
    assert lenet.read(tensor).text == "7"


# --- training --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stripes(tmp_path_factory):
    """Two classes of pictures in folders: stripes across, and stripes down."""
    folder = tmp_path_factory.mktemp("stripes")
    rng = np.random.default_rng(0)
    for name in ("across", "down"):
        (folder / name).mkdir()
        for number in range(40):
            levels = np.zeros((28, 28), np.uint8)
            levels[rng.integers(0, 4) :: 4] = 255
            Image.fromarray(levels if name == "across" else levels.T).save(folder / name / f"{number}.png")
    return folder


def test_a_run_gives_its_model_history_and_evaluation(stripes, tmp_path):
    run = lenet.train("LeNet5 ReLU", stripes, recipe="fast", epochs=2, batch=8, out=tmp_path / "run")
    assert run.model.class_names == ("across", "down")
    assert [row["epoch"] for row in run.history] == [1, 2]
    assert run.evaluation.errors == 0
    assert run.model.evaluate(stripes).errors == 0
    assert lenet.evaluate(tmp_path / "run", stripes).errors == 0
    assert run.model.predict(stripes / "down" / "0.png").class_name == "down"
    assert lenet.load(tmp_path / "run").digest == run.model.digest


def test_training_starts_from_the_model_it_is_given(stripes, tmp_path):
    first = lenet.create("lenet-5-relu", classes=["across", "down"], seed=7)
    dataset = data.load(stripes)
    kept = lenet.train(first, dataset, epochs=1, learning_rate=1e-12, out=tmp_path / "kept")
    drawn = lenet.train(first.network, dataset, epochs=1, learning_rate=1e-12, out=tmp_path / "drawn")
    for name, array in first.parameters.items():
        np.testing.assert_allclose(kept.model.parameters[name], array, rtol=0, atol=1e-6)
    assert not np.allclose(drawn.model.parameters["conv1.weight"], first.parameters["conv1.weight"], atol=1e-3)
    again = lenet.train(repeat=tmp_path / "kept", data=dataset, out=tmp_path / "again")
    assert again.model.digest == kept.model.digest


def test_classes_are_matched_by_name_and_not_by_place(stripes, tmp_path):
    first = lenet.create("lenet-5-relu", classes=["down", "across"], seed=7)
    run = lenet.train(first, stripes, epochs=3, batch=8, out=tmp_path / "run")
    assert run.model.class_names == ("down", "across")
    assert run.evaluation.errors == 0
    assert run.model.predict(stripes / "down" / "0.png").class_name == "down"
    with pytest.raises(LeNetError, match=r"stripes.* has the classes across, down, but the model's are cat, dog"):
        lenet.train(lenet.create("lenet-5-relu", classes=["cat", "dog"]), stripes, out=tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_model_is_evaluated_by_the_names_of_classes_and_not_by_their_places(stripes, tmp_path):
    first = lenet.create("lenet-5-relu", classes=["down", "dotted", "across"], seed=7)
    run = lenet.train(first, stripes, epochs=3, batch=8, out=tmp_path / "run")
    assert run.model.class_names == ("down", "dotted", "across")
    assert (
        run.evaluation.errors == run.model.evaluate(stripes).errors == lenet.evaluate(run.folder, stripes).errors == 0
    )
    again = lenet.train(run.model, stripes, epochs=1, out=tmp_path / "again")
    assert again.evaluation.errors == 0


def test_a_model_whose_data_has_fewer_classes_can_be_trained_on_the_same_data(stripes, tmp_path):
    run = lenet.train("lenet-5", stripes, epochs=1, out=tmp_path / "run")
    assert run.model.class_names[:3] == ("across", "down", "unused 2")
    assert lenet.train(run.model, stripes, epochs=1, out=tmp_path / "on").model.class_names == run.model.class_names


def test_a_run_on_a_data_set_from_python_knows_how_that_was_read(stripes, tmp_path):
    dataset = data.load(stripes, size=32, color=True)
    run = lenet.train("lenet-rgb", dataset, epochs=1, out=tmp_path / "run")
    assert run.settings["data"]["source"] | {"polarity": "auto"} == {
        "name_or_path": str(stripes.resolve()), "size": 32, "color": True, "polarity": "auto"
    }  # fmt: skip
    run.last_path.unlink()
    assert lenet.train(out=tmp_path / "run", resume=True).model.digest == run.model.digest


def test_pictures_that_are_no_files_are_taken_by_models_of_any_classes(stripes, tmp_path):
    run = lenet.train("lenet-5-relu", stripes, epochs=2, batch=8, out=tmp_path / "run")
    path = stripes / "down" / "0.png"
    with path.open("rb") as stream:
        pictures = [path, path.read_bytes(), Image.open(path), stream]
        assert {one.class_name for one in run.model.predict(pictures)} == {"down"}
    for wrong in (None, 5):
        with pytest.raises(LeNetError, match="expected a path"):
            run.model.predict(wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: lenet.create("lenet-5-relu", classes=[1, 2]), "a class is named 1, expected a text"),
        (lambda: lenet.create("lenet-5-relu", classes="cat"), "classes is 'cat', expected how many"),
        (lambda: lenet.create("lenet-5-relu", classes=[]), "classes is \\[\\], expected how many"),
        (lambda: lenet.create("lenet-5-relu", classes=()), "classes is \\(\\), expected how many"),
        (lambda: lenet.create("lenet-5-relu", classes=2.5), "classes is 2.5, expected how many"),
        (lambda: lenet.create("lenet-5-relu", seed=-1), "seed is -1, expected a whole number"),
        (lambda: lenet.load(5), "int: is no model"),
        (lambda: lenet.read(DIGITS / "two.png", model=5), "int: is no model"),
        (lambda: lenet.read(DIGITS / "two.png", length="3"), "a line cannot have '3' digits"),
        (lambda: lenet.read(DIGITS / "two.png", length=True), "a line cannot have True digits"),
        (lambda: lenet.read(DIGITS / "two.png", pattern=3), "pattern is 3, expected a text"),
        (lambda: lenet.read_files(DIGITS, shard=(1, 2)), "shard is \\(1, 2\\), expected I/N"),
        (lambda: lenet.show(5), "int: is no network"),
        (lambda: lenet.diff("lenet-5", 5), "int: is no network"),
        (lambda: lenet.code(5), "int: is no network"),
        (lambda: lenet.create(5), "int: is no network"),
        (lambda: lenet.export("lenet-5", to=5), "unknown format '5'"),
        (lambda: lenet.reproduce(5), "unknown reproduction '5'"),
        (lambda: lenet.evaluate("lenet-5", 5), "int: is no data set"),
        (lambda: lenet.train("lenet-5", ([1], [2])), "tuple: is no data set"),
        (lambda: lenet.load("lenet-5").evaluate(([1], [2])), "^tuple: is no data set.*by lenet.Dataset$"),
        (lambda: lenet.maps("lenet-5", np.zeros((2, 28, 28))), "maps are drawn of one picture, got 2"),
        (lambda: lenet.load("lenet-5").save(OLD), "version-0.1: is a folder, expected the name of a file to write"),
        (lambda: lenet.load("lenet-5").save(""), "path is '', expected the name of a file or folder"),
        (lambda: lenet.adapt(5), "labels is 5, expected the name of a file or folder"),
        (lambda: lenet.read_files(DIGITS, csv=5), "csv is 5, expected the name of a file or folder"),
        (lambda: lenet.new_form(np.zeros((9, 9)), "form.toml"), "blank is array"),
        (lambda: lenet.read_files(DIGITS, workers="2"), "workers is '2', expected a whole number of at least 1"),
        (lambda: lenet.show("lenet-5").explain("fr"), "unknown language 'fr'; known: en, zh"),
        (lambda: lenet.export("lenet-5", out=5), "out is 5, expected the name of a file or folder"),
        (lambda: lenet.maps("lenet-5", DIGITS / "two.png", 5), "output is 5, expected the name of a file or folder"),
        (lambda: lenet.reproduce("lenet-5", seeds=1.5), "1.5 seeds were asked for; expected 1 to 1000"),
        (lambda: lenet.reproduce("lenet-5", out=5), "out is 5, expected the name of a file or folder"),
        (lambda: lenet.serve(host=5), "host is 5, expected an address"),
        (lambda: lenet.serve(desk=5), "desk is 5, expected the name of a folder"),
        (lambda: lenet.review(5), "results is 5, expected the name of a file or folder"),
        (lambda: lenet.bench(threads=0), "threads is 0, expected"),
        (lambda: lenet.serve(port=-1), "port is -1, expected 0 to 65535"),
        (lambda: lenet.train("lenet-5", OLD / "digits", recipe=Recipe(), epochs="1"), "epochs is '1'"),
        (lambda: lenet.train("lenet-5", OLD / "digits", threads=0), "threads is 0, expected"),
    ],
)
def test_wrong_arguments_are_one_sentence(wrong, message):
    with pytest.raises(LeNetError, match=message):
        wrong()


def test_a_run_that_has_just_begun_has_a_look_too(tmp_path):
    assert "no epoch is done yet" in lenet.Run(str(tmp_path))._repr_html_()


def test_what_is_no_digit_stays_no_digit_when_the_model_that_ships_is_trained_on(tmp_path):
    run = lenet.train(lenet.load("lenet-5-relu"), OLD / "digits", epochs=1, out=tmp_path / "run")
    assert run.model.class_names == tuple("0123456789")
    assert run.model.reject_class == 10
    assert lenet.Reader(run.model).read(DIGITS / "seven.png", single=True).text == "7"


def test_a_run_that_was_stopped_before_its_first_checkpoint_still_starts_from_its_model(stripes, tmp_path):
    first, options = lenet.create("lenet-5-relu", classes=["down", "across"], seed=7), {"epochs": 2, "batch": 8}
    whole = lenet.train(first, stripes, out=tmp_path / "whole", **options)
    begun = lenet.train(first, stripes, out=tmp_path / "begun", **options)
    begun.last_path.unlink()
    with pytest.raises(LeNetError, match="was begun from another model's parameters"):
        lenet.train(
            lenet.create(first.network, classes=first.class_names, seed=8),
            stripes,
            out=tmp_path / "begun",
            resume=True,
            **options,
        )
    resumed = lenet.train(out=tmp_path / "begun", resume=True)
    assert resumed.model.digest == whole.model.digest


def test_a_model_of_another_network_is_no_start(stripes, tmp_path):
    from lenet.training import fit, recipe

    network = lenet.describe("lenet-short", classes=2)
    with pytest.raises(LeNetError, match="which is not lenet-short"):
        fit(network, data.load(stripes), recipe("fast", network), tmp_path / "run", start=lenet.create("lenet-5"))


def test_in_a_notebook_each_epoch_is_one_line(stripes, tmp_path, monkeypatch, capsys):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    lenet.train("lenet-short", stripes, epochs=2, out=tmp_path / "quiet")
    assert capsys.readouterr().out == ""
    monkeypatch.setitem(sys.modules, "ipykernel", object())
    lenet.train("lenet-short", stripes, epochs=2, out=tmp_path / "told")
    assert [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()] == ["epoch 1/2", "epoch 2/2"]


# --- files of version 0.1 ------------------------------------------------------------------------------------------


def test_weights_and_runs_of_version_0_1_still_load(tmp_path):
    model = lenet.load(OLD / "run")
    assert model.class_names == tuple("0123456789")
    run = lenet.Run(OLD / "run")
    assert run.best["epoch"] == 2
    assert run.settings["network"]["name"] == "lenet-short"
    assert lenet.evaluate(model, OLD / "digits").errors == json.loads(run.evaluation_path.read_text())["errors"]


def test_a_run_of_version_0_1_is_gone_on_with_to_the_same_weights(tmp_path):
    import shutil

    shutil.copytree(OLD / "run", tmp_path / "run")
    resumed = lenet.train(data=OLD / "digits", out=tmp_path / "run", resume=True)
    assert resumed.model.digest == lenet.load(OLD / "run").digest


# --- looks, processes, types ----------------------------------------------------------------------------------------


def test_objects_are_printed_in_one_short_line():
    model = lenet.load("lenet-5")
    evaluation = model.evaluate(OLD / "digits")
    for one in (
        model,
        model.network,
        evaluation,
        model.predict(DIGITS / "seven.png"),
        lenet.read(DIGITS / "phone.png"),
        lenet.data.load(OLD / "digits"),
        lenet.show("lenet-5"),
        lenet.diff("lenet-1", "lenet-5"),
        lenet.doctor(),
    ):
        assert len(repr(one)) < 200
        assert "\n" not in repr(one)


def test_objects_have_a_look_in_a_notebook_that_holds_no_foreign_html():
    hostile = lenet.create("lenet-5-relu", classes=["<script>alert(1)</script>", "b"])
    reading = lenet.read(DIGITS / "phone.png")
    kept = lenet.read(DIGITS / "phone.png", keep_steps=True)
    shown = [hostile, hostile.network, hostile.evaluate, reading, kept, lenet.Run(OLD / "run")]
    for one in shown[:2] + shown[3:] + [lenet.load("lenet-5").evaluate(OLD / "digits")]:
        looks = one._repr_html_()
        assert looks.startswith("<p>")
        assert "<script" not in looks
    assert "60,000" in lenet.describe("lenet-5")._repr_html_()
    assert all("data:image/png;base64," in one._repr_html_() for one in (reading, kept))


@pytest.mark.parametrize("shown", [lenet.show("lenet-5"), lenet.diff("lenet-1", "lenet-5"), lenet.doctor()], ids=repr)
def test_what_a_verb_prints_stands_in_a_notebook_too(shown):
    assert html.unescape(shown._repr_html_().split(">", 1)[1]).removesuffix("</pre>") == str(shown)


def test_a_forms_fields_stand_in_a_notebook_with_their_status():
    fields = (FieldReading("born <b>", "date", "07.10.1983", 0.9, (0, 0, 9, 9), "doubtful", "may be 07.10.1963"),)
    shown = FormReading("a.png", 1, "form", fields, size=(9, 9))._repr_html_()
    assert shown.startswith("<p>a.png, page 1: form</p><table>")
    assert all(part in shown for part in (">born &lt;b&gt;<", ">07.10.1983<", ">doubtful<", ">may be 07.10.1963<"))
    rejected = FormReading("b.png", 2, "form", is_rejected=True, reason="another form")
    assert rejected._repr_html_() == "<p>b.png, page 2: another form</p>"


def test_no_network_says_what_a_model_of_other_classes_does_not_do():
    assert not [name for name in lenet.networks.names() if "here" in lenet.describe(name).description.split()]


def predicted(model: lenet.Model) -> str:
    return model.predict(DIGITS / "seven.png").class_name


def read(reader: lenet.Reader) -> str:
    return reader.read(DIGITS / "year.png").text


def test_models_and_readers_pickle_and_survive_a_fork():
    model, reader = lenet.load("lenet-5-relu"), lenet.Reader()
    assert (predicted(model), read(reader)) == ("7", "1998")
    assert predicted(pickle.loads(pickle.dumps(model))) == "7"
    assert read(pickle.loads(pickle.dumps(reader))) == "1998"
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("this system does not fork")
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(predicted, (model,)) == "7"
        assert pool.apply(read, (reader,)) == "1998"


def test_importing_lenet_needs_no_numpy():
    code = "import lenet, sys; sys.exit(any(name in sys.modules for name in ('numpy', 'torch', 'PIL', 'cv2', 'typer')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


RIGHT = """
import lenet
model = lenet.create("lenet-5-relu", classes=["cat", "dog"], channels=3, seed=1)
text: str = lenet.read("photo.jpg", single=True).text
run = lenet.train(model, "cifar10", recipe="fast", epochs=2)
rate: float = run.model.evaluate("cifar10").error_rate
parameters: int = lenet.show("lenet-5").parameters
"""
WRONG = {
    'import lenet\nlenet.read("p.png", singel=True)\n': "singel",
    'import lenet\nlenet.train("lenet-5", "mnist", epoch=2)\n': "epoch",
    'import lenet\nlenet.train("lenet-5", "mnist", epochs="two")\n': "epochs",
    'import lenet\nlenet.create("lenet-5", sed=1)\n': "sed",
    'import lenet\nx: int = lenet.load("lenet-5").class_names\n': "Incompatible types",
}


def test_mypy_takes_right_scripts_and_refuses_wrong_ones(tmp_path):
    api = pytest.importorskip("mypy.api")
    scripts = [RIGHT, *WRONG]
    for number, script in enumerate(scripts):
        (tmp_path / f"script_{number}.py").write_text(script)
    names = [str(tmp_path / f"script_{number}.py") for number in range(len(scripts))]
    output, _, _ = api.run(["--strict", "--ignore-missing-imports", "--cache-dir", str(tmp_path / "cache"), *names])
    errors = [[line for line in output.splitlines() if line.startswith(name)] for name in names]
    assert errors[0] == []
    for result, word in zip(errors[1:], WRONG.values(), strict=True):
        assert any(word in line for line in result), output


def test_what_has_no_network_is_described_by_what_it_is():
    network = lenet.describe("lenet-short")
    assert lenet.show(network).parameters == lenet.show(lenet.create(network)).parameters == 5_142
    assert lenet.code(network) == lenet.code("lenet-short")
    assert isinstance(lenet.diff(network, "lenet-5").before.network, Network)
