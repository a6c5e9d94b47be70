"""``lenet explain`` as users type it."""

import json
import re

import pytest

from lenet.architecture import Convolution, Network, Stage
from lenet.cli import main
from lenet.initialization import initial_weights
from lenet.model import Model
from lenet.networks import describe
from lenet.page.digits import DIGITS_FILE
from lenet.page.document import DEFAULT_MODELS


def run(capsys, *arguments):
    exit_code = main(["explain", *map(str, arguments)])
    captured = capsys.readouterr()
    return exit_code, captured.out, captured.err


def document_of(path):
    text = path.read_text("utf-8")
    return json.loads(re.search(r'<script type="application/json" id="document">(.*?)</script>', text, re.DOTALL)[1])


def titles_of(path):
    return [network["title"] for network in document_of(path)["networks"] if not network.get("hidden")]


@pytest.fixture
def checkpoint(tmp_path):
    network = describe("lenet-1")
    path = tmp_path / "best.safetensors"
    Model(network, initial_weights(network)).save(path)
    return path


def test_without_arguments_the_networks_that_ship_are_explained(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exit_code, out, err = run(capsys)
    assert (exit_code, err) == (0, "")
    assert re.fullmatch(r"lesson\.html: lenet-5-relu and lenet-5, \d\.\d\d MB; open it in any browser\n", out)
    assert titles_of(tmp_path / "lesson.html") == list(DEFAULT_MODELS)
    size_of_digits = DIGITS_FILE.stat().st_size  # to train on
    assert (tmp_path / "lesson.html").stat().st_size < 1_500_000 + size_of_digits


def test_a_file_a_runs_folder_and_a_name_can_be_compared(capsys, checkpoint, tmp_path):
    exit_code, out, _ = run(capsys, checkpoint, tmp_path, "lenet-5-relu", "-o", tmp_path / "lesson.html")
    assert exit_code == 0
    assert "lenet-1, lenet-1 and lenet-5-relu" in out
    assert titles_of(tmp_path / "lesson.html") == ["lenet-1", "lenet-1 (2)", "lenet-5-relu"]


def test_json_says_where_how_large_and_which_networks(capsys, checkpoint, tmp_path):
    path = tmp_path / "lesson.html"
    exit_code, out, err = run(capsys, checkpoint, "-o", path, "--json")
    assert (exit_code, err) == (0, "")
    assert json.loads(out) == {"path": str(path), "bytes": path.stat().st_size, "networks": ["lenet-1"]}


def test_the_page_starts_in_the_language_asked_for(capsys, checkpoint, tmp_path):
    run(capsys, checkpoint, "-o", tmp_path / "zh.html", "--language", "zh")
    run(capsys, checkpoint, "-o", tmp_path / "any.html")
    assert document_of(tmp_path / "zh.html")["language"] == "zh"
    assert document_of(tmp_path / "any.html")["language"] is None


def test_missing_folders_are_made_and_what_stood_there_is_replaced(capsys, checkpoint, tmp_path):
    path = tmp_path / "a/b/lesson.html"
    assert run(capsys, checkpoint, "-o", path)[0] == 0
    path.write_text("an older lesson")
    assert run(capsys, checkpoint, "-o", path)[0] == 0
    assert titles_of(path) == ["lenet-1"]
    assert list(path.parent.iterdir()) == [path]


def test_a_network_without_digits_gets_a_reader_of_digits(capsys, tmp_path):
    network = describe("lenet-rgb", classes=4)
    Model(network, initial_weights(network)).save(tmp_path / "w.safetensors")
    assert run(capsys, tmp_path / "w.safetensors", "-o", tmp_path / "lesson.html")[0] == 0
    assert titles_of(tmp_path / "lesson.html") == ["lenet-rgb"]
    assert document_of(tmp_path / "lesson.html")["reader"] == 1


def test_mistakes_are_one_sentence_each_and_leave_the_page_as_it_was(capsys, checkpoint, tmp_path):
    page = tmp_path / "lesson.html"
    page.write_text("an older lesson")
    (tmp_path / "picture.safetensors").write_bytes(b"\x89PNG\r\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "folder.html").mkdir()
    maps = Network("maps", (1, 28, 28), (Stage("c1", Convolution(4)),))
    Model(maps, initial_weights(maps)).save(tmp_path / "maps.safetensors")
    for arguments, sentence in [
        ((tmp_path / "none.safetensors",), "none.safetensors: no such weights file"),
        ((tmp_path / "picture.safetensors",), "picture.safetensors: not a readable safetensors file"),
        ((tmp_path / "empty",), "empty: a folder without best.safetensors"),
        (
            ("lenet-5-rely",),
            "unknown weights file, run or pretrained network 'lenet-5-rely'; did you mean lenet-5-relu",
        ),
        ((tmp_path / "maps.safetensors",), "maps: its outputs are 4@24×24"),
        ((checkpoint,) * 7, "a page shows 1 to 6 networks, got 7"),
        (
            (checkpoint, "-o", tmp_path / "folder.html"),
            "folder.html: is a folder, expected",
        ),
        ((checkpoint, "-o", checkpoint), "best.safetensors: expected a file's name that ends in .html"),
        ((checkpoint, "-o", page / "below.html"), "cannot be written"),
        ((checkpoint, "--language", "fr"), "'fr' is not one of 'en', 'zh'"),
    ]:
        exit_code, out, err = run(capsys, *(arguments if "-o" in arguments else (*arguments, "-o", page)))
        assert exit_code in (1, 2), arguments
        assert out == ""
        assert err.startswith("lenet: ")
        assert err.count("\n") == 1
        assert sentence in err
    assert page.read_text() == "an older lesson"
    assert checkpoint.stat().st_size > 1000
