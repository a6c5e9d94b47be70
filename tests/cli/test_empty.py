"""An empty word on the command line, as an unset variable of a shell leaves it, is refused and stands for nothing."""

import pytest

from lenet.cli import VERBS, main


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        *((verb, "") for verb in VERBS),
        ("train --data", "--data"),
        ("train --data=", "--data"),
        ("train --out", "--out"),
        ("evaluate pretrained --data", "--data"),
        ("read a.png --model", "--model"),
        ("read a.png --csv", "--csv"),
        ("data show mnist -o", "-o"),
        ("serve --host", "--host"),
        ("serve --token=", "--token"),
        ("serve --desk", "--desk"),
        ("check 4.2 --answer", "--answer"),
        ("read --", ""),
    ],
)
def test_an_empty_word_is_no_folder_and_no_default(arguments, named, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = arguments.split()
    assert main(words if arguments.endswith("=") else [*words, ""]) == 2
    printed = capsys.readouterr()
    message = f"lenet: {named or 'an argument'} is empty, as an unset variable is; give it a value, or leave it out\n"
    assert (printed.out, printed.err) == ("", message)
    assert not list(tmp_path.iterdir())
