"""``lenet serve --desk`` and ``lenet review`` refuse in one sentence what cannot be, before they do anything."""

import pytest
from PIL import Image

from lenet.cli import main

ROW = '{"file": "a.png", "page": 1, "text": "7", "remark": "", "size": [40, 40], "cells": [], "digits": []}\n'


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["serve", "--desk", "stack", "--host", "0.0.0.0"],
            "a desk on 0.0.0.0 can be reached from elsewhere; choose a tok",
        ),
        (["serve", "--desk", "stack", "--workers", "2"], "workers is 2, but a desk is served by one process"),
        (["serve", "--form", "form.toml"], "form.toml: cannot be read (no such file or directory)"),
        (["serve", "--desk", "read.jsonl"], "read.jsonl: is a file, expected a folder for the desk"),
        (["review", "read.jsonl", "--desk", " "], "desk is ' ', expected the name of a folder"),
        (["serve", "--desk", "/proc/desk"], "/proc/desk: no such file or directory; choose another folder"),
        (["review", "nothing.jsonl"], "nothing.jsonl: cannot be read (no such file or directory)"),
        (["review", "."], ".: cannot be read (is a directory)"),
        (["review", "other.jsonl"], "other.jsonl, line 1: not JSON"),
        (["review", "read.jsonl", "--host", "0.0.0.0"], "choose a token"),
        (["review", "read.jsonl", "--token", "short"], "expected 8 or more"),
        (["review", "read.jsonl", "--form", "form.toml"], "form.toml: cannot be read (no such file or directory)"),
    ],
)
def test_what_cannot_be_served_is_refused_in_one_sentence(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "read.jsonl").write_text(ROW)
    (tmp_path / "other.jsonl").write_text("file,page\n")
    assert main([*arguments, "--port", "0"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.jsonl", "read.jsonl"], "nothing was begun"


FORM = 'page = [60, 40]\nblank = "blank.png"\n[[field]]\nname = "a"\nkind = "digits"\nbox = [5, 5, 15, 30]\n'


def test_templates_that_cannot_be_told_apart_or_are_too_many_for_a_desk_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for path in ("a.toml", "b.toml", "deep/a.toml"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(FORM)
        Image.new("L", (40, 60), 255).save((tmp_path / path).parent / "blank.png")
    assert main(["serve", "--port", "0", "--form", "a.toml", "--form", "deep/a.toml"]) == 1
    assert "a.toml: another form has the name 'a', too; rename one of the files" in capsys.readouterr().err
    assert main(["serve", "--port", "0", "--desk", "stack", "--form", "a.toml", "--form", "b.toml"]) == 1
    assert "form names 2 templates, but the pages of a desk are read by one" in capsys.readouterr().err
    assert not (tmp_path / "stack").exists()
