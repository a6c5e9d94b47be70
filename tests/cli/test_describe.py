"""``lenet networks``, ``show`` and ``diff`` as users type them."""

import json

import pytest

import lenet
from lenet.cli import main
from lenet.networks import names


def run(capsys, *arguments):
    exit_code = main(list(arguments))
    captured = capsys.readouterr()
    return exit_code, captured.out, captured.err


def test_networks_lists_every_network_with_its_counts(capsys):
    exit_code, out, _ = run(capsys, "networks")
    assert exit_code == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == names()


def test_networks_as_json_can_be_read_back(capsys):
    listed = json.loads(run(capsys, "networks", "--json")[1])
    assert {entry["name"]: entry["totals"]["parameters"] for entry in listed}["lenet-5"] == 60_000


def test_show_json_has_the_papers_numbers_per_stage(capsys):
    shown = json.loads(run(capsys, "show", "lenet-5", "--json")[1])
    assert [stage["parameters"] for stage in shown["stages"]] == [156, 12, 1516, 32, 48120, 10164, 0]
    assert [stage["connections"] for stage in shown["stages"]] == [122304, 5880, 151600, 2000, 48120, 10164, 840]
    assert shown["totals"]["parameters"] == 60_000


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize(
    "view",
    [
        [],
        ["--json"],
        ["--markdown"],
        ["--explain"],
        ["--explain", "--lang", "zh"],
        ["--weights"],
        ["--trace"],
        ["--toml"],
    ],
)
def test_every_view_of_every_network_works(capsys, name, view):
    exit_code, out, err = run(capsys, "show", name, *view)
    assert (exit_code, err) == (0, "")
    assert out


def test_the_trace_is_the_textbooks(capsys):
    assert run(capsys, "show", "lenet-5-sigmoid", "--trace")[1].splitlines()[::4] == [
        "Reshape output shape: torch.Size([1, 1, 28, 28])",
        "Conv2d output shape: torch.Size([1, 16, 10, 10])",
        "Linear output shape: torch.Size([1, 120])",
        "Linear output shape: torch.Size([1, 10])",
    ]


def test_options_change_the_network(capsys):
    shown = json.loads(run(capsys, "show", "lenet-4", "--hidden", "120", "--json")[1])
    assert shown["totals"]["parameters"] == 50_998


def test_diff_as_json_holds_the_effect_of_every_stage(capsys):
    result = json.loads(run(capsys, "diff", "lenet-5", "lenet-5-relu", "--json")[1])
    assert result["stages"][2]["effect"]["parameters"] == 900


def test_a_file_of_weights_and_a_runs_folder_are_shown_as_the_network_that_they_hold(capsys, tmp_path, monkeypatch):
    lenet.create("lenet-5-relu", classes=["cat", "dog"], channels=3).save(tmp_path / "pets.safetensors")
    expected = run(capsys, "show", "lenet-5-relu", "--classes", "2", "--channels", "3", "--json")
    assert run(capsys, "show", str(tmp_path / "pets.safetensors"), "--json") == expected
    (tmp_path / "run").mkdir()
    (tmp_path / "pets.safetensors").rename(tmp_path / "run" / "best.safetensors")
    assert run(capsys, "show", str(tmp_path / "run"), "--json") == expected
    difference = json.loads(run(capsys, "diff", "lenet-5-relu", str(tmp_path / "run"), "--json")[1])
    assert [change["what"] for change in difference["changes"]] == ["input"]
    assert "nn.Conv2d(3, 6" in run(capsys, "code", str(tmp_path / "run"))[1]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").rename("lenet-5")  # names of networks come before names of files
    assert json.loads(run(capsys, "show", "lenet-5", "--json")[1])["totals"]["parameters"] == 60_000


@pytest.mark.parametrize(
    ("arguments", "exit_code", "sentence"),
    [
        (["show", "lenet-6"], 1, "lenet: unknown network 'lenet-6'; did you mean lenet-5"),
        (["show", __file__], 1, "test_describe.py: is no file of weights; expected lenet's own, safetensors"),
        (["show", "lenet-5", "--classes", "3"], 1, "lenet: lenet-5 has no argument 'classes'"),
        (["show", "lenet-caffe", "--table"], 1, "lenet: lenet-caffe has no connection table"),
        (["show", "lenet-5", "--json", "--explain"], 2, "choose one of"),
        (["show"], 2, "lenet: Missing argument 'name'; lenet show --help says what there is"),
        (["shwo"], 2, "lenet: No such command 'shwo'"),
        (["account"], 2, "lenet: No such command 'account'; lenet --help says what there is"),
        (["count"], 2, "? lenet --help says what there is"),
        (["show", "lenet-5", "--jsn"], 2, "; lenet show --help says what there is"),
        (["show", "lenet-5", "lenet-1"], 2, "(lenet-1); lenet show --help says what there is"),
        (["data", "shw"], 2, "? lenet data --help says what there is"),
        (["show", "lenet-5", "--lang", "fr"], 2, "lenet: Invalid value"),
        (["show", "lenet-5", "--lang", "zh"], 2, "lenet: --lang goes with --explain"),
        (["show", "lenet-5", "--size", "big"], 2, "lenet: Invalid value for '--size': 'big' is not a whole number"),
        (["show", "lenet-5", "--diagram", "drawn"], 1, "lenet: drawn: expected a file's name that ends in .png"),
        (["code", "lenet-5", "-o", "labels.csv"], 1, "lenet: labels.csv: expected a file's name that ends in .py"),
    ],
)
def test_a_mistake_is_one_sentence_and_an_exit_code(capsys, arguments, exit_code, sentence):
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (exit_code, "")
    assert sentence in err
    assert err.count("\n") == 1
