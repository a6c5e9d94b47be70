"""`lenet reproduce` from the outside."""

import json

import pytest

from lenet.cli import main
from lenet.cli.reproduce import _print
from lenet.engine.native import instruction_sets
from lenet.experiments import names

needs_engine = pytest.mark.skipif(not instruction_sets(), reason="replicas run in the native engine")


def test_the_list_names_every_row_and_what_the_papers_print(capsys):
    assert main(["reproduce", "--list"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in names())
    assert "0.95 %  test error  [LeCun98, III-B and Fig. 9]" in printed
    assert "1.75  networks asked on average" in printed


def test_the_list_is_json_too(capsys):
    assert main(["reproduce", "--list", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == names()


@needs_engine
def test_a_quick_run_makes_all_files_and_says_what_came_out(tmp_path, capsys, mnist):
    folder = tmp_path / "lenet-5"
    assert main(["reproduce", "lenet-5", "--quick", "--seeds", "3", "--out", str(folder)]) == 0
    shown = capsys.readouterr()
    assert "lenet-5, tested on the test part, a quick look:" in shown.out
    assert "(3 seeds" in shown.out
    assert "order 2 of 2  epoch 1/1" in shown.err
    for name in ("run.json", "history.jsonl", "weights.safetensors", "chart.png", "chart-dark.png", "row.md"):
        assert (folder / name).is_file(), name
        assert name in shown.out or name in ("history.jsonl", "weights.safetensors")


@needs_engine
def test_a_quick_look_leaves_the_folder_of_the_row_itself_free(tmp_path, capsys, monkeypatch, mnist):
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", "lenet-1", "--quick"]) == 0
    assert "runs/reproduce/quick/lenet-1/run.json" in capsys.readouterr().out
    assert [folder.name for folder in (tmp_path / "runs/reproduce").iterdir()] == ["quick"]


def test_an_interval_of_a_percentage_is_printed_as_it_stands_in_the_row(capsys):
    few_seeds = {
        "measure": "test_error",
        "part": "",
        "n": 2,
        "mean": 3.49,
        "deviation": 0.55,
        "low": -1.47,
        "high": 8.45,
    }
    _print({"name": "lenet-1", "quick": False, "tested_on": "the test part", "results": {"measures": [few_seeds]}})
    assert "test error: 3.49 ± 0.55 % (2 seeds, 95 % interval of the mean 0.00 to 8.45 %)" in capsys.readouterr().out


@needs_engine
def test_json_is_what_run_json_holds(tmp_path, capsys, mnist):
    folder = tmp_path / "lenet-1"
    assert main(["reproduce", "lenet-1", "--quick", "--out", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((folder / "run.json").read_text("utf-8"))


@needs_engine
def test_training_patterns_can_stand_in_for_the_test_part(tmp_path, capsys, mnist):
    folder = tmp_path / "lenet-4"
    assert main(["reproduce", "lenet-4", "--quick", "--validation", "5000", "--out", str(folder), "--json"]) == 0
    settings = json.loads(capsys.readouterr().out)
    assert settings["tested_on"] == "5,000 training patterns set aside"
    assert all(one.get("verdict", "one") == "one" for one in settings["results"]["measures"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["lenet-6"], "lenet: unknown reproduction 'lenet-6'; did you mean lenet-5"),
        (["lenet-5", "--seeds", "0"], "lenet: 0 seeds were asked for; expected 1 to 1000"),
        (["lenet-5", "--init", "sqr"], "lenet: unknown initialization 'sqr'; did you mean sqrt"),
        (["lenet-5", "--passes", "50"], "lenet: 50 passes were asked for; the recipe has rates for 1 to 20"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(tmp_path, capsys, mnist, arguments, sentence):
    assert main(["reproduce", *arguments, "--out", str(tmp_path / "row")]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith(sentence)
    assert shown.count("\n") == 1
    assert not (tmp_path / "row").exists()


def test_options_under_their_former_names_are_taken(tmp_path, capsys, mnist):
    former = ["--unhalved", "--stretch=0"]
    assert main(["reproduce", "lenet-5", *former, "--out", str(tmp_path / "row")]) == 1
    assert capsys.readouterr().err.startswith("lenet: pass_factor is 0.0; expected more than 0 and at most 100")


def test_a_stop_by_hand_says_that_the_same_command_goes_on(tmp_path, capsys, mnist, monkeypatch):
    def stopped(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("lenet.experiments.runner.reproduce", stopped)
    assert main(["reproduce", "lenet-5", "--quick", "--out", str(tmp_path / "row")]) == 130
    message = "lenet: stopped; the same command goes on after its last whole pass\n"
    assert capsys.readouterr().err == message


def test_one_row_or_all_must_be_named(capsys):
    assert main(["reproduce"]) == 2
    assert "give the name of one row, or --all" in capsys.readouterr().err


@pytest.mark.parametrize("rows", [["lenet-1989"], ["--all"]])
def test_a_missing_folder_of_data_is_reported_before_anything_is_read(rows, tmp_path, capsys):
    assert main(["reproduce", *rows, "--quick", "--data-dir", str(tmp_path / "typo"), "--out", str(tmp_path)]) == 1
    assert f"{tmp_path / 'typo'} is no folder" in capsys.readouterr().err
