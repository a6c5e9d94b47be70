"""What a verb is to write it can write, or says so before it works."""

from pathlib import Path

import pytest

from lenet.cli import main

SEVEN = str(Path(__file__).parents[2] / "examples" / "digits" / "seven.png")


@pytest.mark.parametrize(
    ("words", "output", "work"),
    [
        (["maps", "lenet-5-relu", SEVEN, "-o"], "maps", "lenet.verbs.maps.load_or_create"),
        (["export", "lenet-5-relu", "--to", "onnx", "-o"], "a.onnx", "lenet.exporting.formats._load_pictures"),
        (["export", "lenet-5-relu", "--to", "hf", "-o"], "hub", "lenet.exporting.formats._load_pictures"),
        (["explain", "lenet-5-relu", "-o"], "a.html", "lenet.verbs.explain.write_page"),
        (["convert", SEVEN, "-o"], "a.safetensors", "lenet.verbs.convert.load"),
        (["code", "lenet-5", "-o"], "model.py", "lenet.cli.code.code_verb"),
        (["train", "--out"], "run", "lenet.training.pipeline._network_and_data"),
        (["reproduce", "lenet-1", "--out"], "row", "lenet.experiments.runner.check"),
        (["evaluate", "--mistakes"], "a.png", "lenet.cli.training.load"),
        (["evaluate", "--photos", "labels.csv", "--mistakes"], "a.png", "lenet.cli.photos.evaluate_photos"),
        (["data", "show", "mnist", "-o"], "a.png", "lenet.data.load"),
        (["form", "new", SEVEN, "-o"], "a.toml", "lenet.forms.drafting.open_picture"),
        (["predict", SEVEN, "--model", "lenet-5-relu", "--csv"], "a.csv", "lenet.cli.predict.load"),
        (["predict", SEVEN, "--model", "lenet-5-relu", "--sheet"], "a.png", "lenet.cli.predict.load"),
        (["read", SEVEN, "--csv"], "a.csv", "lenet.cli.read.FileReading"),
        (["read", SEVEN, "--jsonl"], "a.jsonl", "lenet.cli.read.FileReading"),
        (["read", SEVEN, "--annotate"], "drawn", "lenet.cli.read.FileReading"),
        (["read", SEVEN, "--show"], "a.png", "lenet.cli.read.FileReading"),
        (["adapt", "labels.csv", "--out"], "a.safetensors", "lenet.cli.adapt.adapt_verb.adapt"),
    ],
)
def test_what_cannot_be_written_is_told_before_the_work_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], output: str, work: str, capsys
):
    (tmp_path / "file").write_bytes(b"here already")
    path = tmp_path / "file" / output

    def begin(*arguments: object, **options: object) -> None:
        raise AssertionError(f"{work} began")

    monkeypatch.setattr(work, begin)
    monkeypatch.chdir(tmp_path)
    assert main([*words, str(path)]) in (1, 2)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"{path}: cannot be written, as {tmp_path / 'file'} is a file, expected a folder" in printed.err
    assert printed.err.count("\n") == 1
    assert (tmp_path / "file").read_bytes() == b"here already"
