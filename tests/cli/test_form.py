"""``lenet form new`` and ``lenet read --form``: from a blank page to a table, streamed and gone on with."""

import csv
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.cli import main
from lenet.forms.results import FormReading
from lenet.reading.tables.csv_cells import text_of
from tests.forms.filled import FilledForm
from tests.processes import processes_with, wait_until


@pytest.fixture(scope="module")
def form(tmp_path_factory, mnist) -> FilledForm:
    return FilledForm(tmp_path_factory.mktemp("form"), mnist)


@pytest.fixture(scope="module")
def scans(form, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scans")
    pages = [Image.fromarray(form.scan(form.values(number), number)) for number in range(3)]
    pages[0].save(folder / "a.png")
    pages[1].save(folder / "b.tif", save_all=True, append_images=pages[2:])
    (folder / "c.png").write_text("no picture")
    Image.fromarray(np.full((900, 700), 240, np.uint8)).save(folder / "d.png")
    return folder


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return [{name: text_of(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def tables(form, scans, tmp_path_factory):
    """Tables of an undisturbed run, and its exit code."""
    place = tmp_path_factory.mktemp("tables")
    options = [word for name in ("csv", "jsonl") for word in (f"--{name}", str(place / f"out.{name}"))]
    return place, main(["read", str(scans), "--form", str(form.path), *options])


def test_the_table_has_a_row_for_each_page_and_two_columns_for_each_field(form, scans, tables):
    place, code = tables
    assert code == 1  # one is no picture, one no page of the form
    rows = rows_of(place / "out.csv")
    assert [(row["file"][-5:], row["page"], row["status"] == "rejected") for row in rows] == [
        ("a.png", "1", False), ("b.tif", "1", False), ("b.tif", "2", False), ("c.png", "1", True), ("d.png", "1", True)
    ]  # fmt: skip
    names = [field.name for field in form.template.fields]
    assert list(rows[0]) == ["file", "page", "status", *(c for n in names for c in (n, f"{n}_status")), "remark"]
    for number, row in enumerate(rows[:3]):
        values = form.values(number)
        assert sum(row[name] == values[name] for name in names) >= 23
        assert not [name for name in names if row[f"{name}_status"] == "ok" and row[name] != values[name]]
    assert "c.png" in rows[3]["remark"]
    assert rows[3]["number"] == rows[3]["number_status"] == ""
    assert rows[4]["remark"] == "shows no print of this form"


def test_json_lines_and_parquet_hold_probabilities_boxes_and_reasons(form, scans, tables, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    place, _ = tables
    pages = [FormReading.from_dict(json.loads(line)) for line in (place / "out.jsonl").read_text().splitlines()]
    assert main(["read", str(scans), "--form", str(form.path), "--parquet", str(tmp_path / "out.parquet")]) == 1
    table = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert len(pages) == len(table) == 5
    for page, row in zip(pages, table, strict=True):
        assert (row["file"], row["page"], row["status"]) == (page.path, page.page, page.status)
        for field in page.fields:
            assert row[field.name] == field.text
            assert row[f"{field.name}_probability"] == pytest.approx(field.probability, abs=1e-4)
            assert row[f"{field.name}_box"] == list(field.box)


@pytest.mark.parametrize("kept", [1, 2, 4])
def test_a_table_that_was_cut_off_is_gone_on_with_to_the_same_bytes(form, scans, tables, tmp_path, kept):
    place, _ = tables
    for name in ("out.csv", "out.csv.settings.json", "out.jsonl", "out.jsonl.settings.json"):
        (tmp_path / name).write_bytes((place / name).read_bytes())
    for name, head in (("out.csv", 1), ("out.jsonl", 0)):
        lines = (place / name).read_bytes().splitlines(keepends=True)
        (tmp_path / name).write_bytes(b"".join(lines[: head + kept]) + lines[head + kept][:20])
    options = ["--csv", str(tmp_path / "out.csv"), "--jsonl", str(tmp_path / "out.jsonl")]
    assert main(["read", str(scans), "--form", str(form.path), *options, "--resume"]) == 1
    for name in ("out.csv", "out.jsonl"):
        assert (tmp_path / name).read_bytes() == (place / name).read_bytes()


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs SIGKILL")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM] if hasattr(signal, "SIGKILL") else [])
def test_a_run_of_two_processes_that_was_ended_in_the_middle_is_gone_on_with(form, scans, tables, tmp_path, number):
    parquet = pytest.importorskip("pyarrow.parquet")
    place, _ = tables
    options = [word for name in ("csv", "jsonl", "parquet") for word in (f"--{name}", str(tmp_path / f"out.{name}"))]
    command = [sys.executable, "-m", "lenet", "read", str(scans), "--form", str(form.path), "--workers", "2", *options]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True
    ) as running:
        assert b"a.png" in running.stdout.readline()
        running.send_signal(number)
        running.communicate()
    wait_until(lambda: not processes_with(str(tmp_path)))
    ended = subprocess.run([*command, "--resume"], capture_output=True, text=True, env=environment, check=False)
    assert "Traceback" not in ended.stderr
    for name in ("out.csv", "out.jsonl"):
        assert (tmp_path / name).read_bytes() == (place / name).read_bytes(), ended.stderr
    pages = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    rows = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert [(row["file"], row["page"], row["status"]) for row in rows] == [
        (page["file"], page["page"], page["status"]) for page in pages
    ]


def test_shards_of_a_list_have_together_the_rows_of_the_whole(form, scans, tables, tmp_path):
    place, _ = tables
    (tmp_path / "list.txt").write_text("".join(f"{path}\n" for path in sorted(scans.iterdir())))
    rows = []
    for shard in ("1/2", "2/2"):
        out = tmp_path / f"{shard[0]}.csv"
        options = ["--files-from", str(tmp_path / "list.txt"), "--shard", shard, "--csv", str(out)]
        assert main(["read", "--form", str(form.path), *options]) == 1  # each has a file that is no page of the form
        rows += rows_of(out)
    assert sorted(rows, key=lambda row: (row["file"], row["page"])) == rows_of(place / "out.csv")


def test_a_table_of_another_form_is_not_gone_on_with(form, scans, tables, tmp_path, capsys):
    place, _ = tables
    (tmp_path / "blank.png").write_bytes((form.path.parent / "blank.png").read_bytes())
    (tmp_path / "form.toml").write_text(form.path.read_text().replace("range = [1, 20]", "range = [1, 30]"))
    for name in ("out.csv", "out.csv.settings.json"):
        (tmp_path / name).write_bytes((place / name).read_bytes())
    options = ["--form", str(tmp_path / "form.toml"), "--csv", str(tmp_path / "out.csv")]
    assert main(["read", str(scans), *options, "--resume"]) == 1
    assert "was begun with form" in capsys.readouterr().err


def test_python_reads_files_of_forms_with_the_same_answers(form, scans, tables):
    place, _ = tables
    pages = list(lenet.read_forms(scans, form.path, workers=1))
    lines = (place / "out.jsonl").read_text().splitlines()
    assert [page.to_dict() for page in pages] == [json.loads(line) for line in lines]


def test_answers_are_printed_a_field_a_line_or_as_json(form, scans, capsys):
    page = str(scans / "a.png")
    assert main(["read", page, "--form", str(form.path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 24
    assert lines[0].split() == ["number", form.values(0)["number"]]
    assert main(["read", page, "--form", str(form.path), "--json"]) == 0
    [values] = json.loads(capsys.readouterr().out)
    assert [field["name"] for field in values["fields"]] == [field.name for field in form.template.fields]


@pytest.mark.parametrize("option", [["--single"], ["--length", "4"], ["--lines"], ["--signs", "keep"], ["--no-grid"]])
def test_options_that_a_template_answers_are_refused_with_it(form, scans, capsys, option):
    assert main(["read", str(scans), "--form", str(form.path), *option]) == 2
    assert f"leave out {option[0]}" in capsys.readouterr().err


def test_wrong_templates_are_one_sentence_before_anything_is_read(form, scans, tmp_path, capsys):
    for content, message in (
        ("page = [1", "not TOML"),
        (form.path.read_text().replace("length = 5", "length = 0"), "field 'zip': length is 0"),
        (form.path.read_text().replace('name = "zip"', 'name = "number_status"'), "two columns 'number_status'"),
        (form.path.read_text().replace("[1920-01-01", "[2030-01-01"), "expected the first date before the last"),
        (form.path.read_text().replace("cells = 10", "cells = [[1, 2]]"), "cells are [[1, 2]], expected"),
    ):
        (tmp_path / "blank.png").write_bytes((form.path.parent / "blank.png").read_bytes())
        (tmp_path / "form.toml").write_text(content)
        assert main(["read", str(scans), "--form", str(tmp_path / "form.toml"), "--csv", str(tmp_path / "o.csv")]) == 1
        assert message in capsys.readouterr().err
        assert not (tmp_path / "o.csv").exists()
    assert main(["read", str(scans), "--form", str(tmp_path / "none.toml")]) == 1
    assert "none.toml: cannot be read" in capsys.readouterr().err


def test_a_template_is_made_of_a_blank_page(form, tmp_path, capsys):
    blank, output = form.path.parent / "blank.png", tmp_path / "form.toml"
    assert main(["form", "new", str(blank), "-o", str(output)]) == 0
    assert "with 24 fields" in capsys.readouterr().out
    assert main(["form", "new", str(blank), "-o", str(output)]) == 1
    assert "is there already" in capsys.readouterr().err
