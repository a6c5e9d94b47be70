"""``lenet read --resume``: a table that was cut off anywhere becomes the one of an undisturbed run."""

import gc
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.cli import main
from lenet.data import write_idx
from lenet.errors import LeNetError
from lenet.reading import Reader, Settings
from lenet.reading.batch import picture_files
from tests.processes import processes_with, wait_until

EXAMPLES = Path(__file__).parents[2] / "examples/digits"
COMMAND = [sys.executable, "-m", "lenet", "read"]
TABLES = {"--csv": "out.csv", "--jsonl": "out.jsonl", "--parquet": "out.parquet"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Small pictures that are read at once, some that are none, and files of several pages."""
    folder = tmp_path_factory.mktemp("pictures")
    digits = [digit.image for digit in Reader().read(EXAMPLES / "pi.png").digits]
    for number in range(60):
        path = folder / f"{number:02}.png"
        if number % 20 == 7:
            path.write_text("no picture")
        elif number % 20 == 13:
            first, *others = map(Image.fromarray, digits[: 2 + number % 7])
            first.save(path.with_suffix(".tif"), save_all=True, append_images=others)
        elif number % 20 == 17:
            (folder / f"{number:02}.png").symlink_to(EXAMPLES / "phone.png")
        else:
            Image.fromarray(digits[number % len(digits)]).save(path)
    return folder


def options_of(place: Path) -> list[str]:
    pytest.importorskip("pyarrow")
    return [word for option, name in TABLES.items() for word in (option, str(place / name))]


def contents_of(place: Path) -> list[bytes]:
    return [(place / name).read_bytes() for name in TABLES.values()]


@pytest.fixture(scope="module")
def whole(folder: Path, tmp_path_factory) -> Path:
    """The tables of an undisturbed run."""
    place = tmp_path_factory.mktemp("whole")
    assert main(["read", str(folder), "--lines", *options_of(place)]) == 1
    return place


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs SIGKILL")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_run_that_was_killed_again_and_again_gives_the_tables_of_an_undisturbed_one(
    folder: Path, whole: Path, tmp_path: Path, workers: str
):
    chance = random.Random(int(workers))
    command = [*COMMAND, str(folder), "--lines", "--workers", workers, *options_of(tmp_path), "--resume"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True
        ) as running:
            for _ in range(chance.randint(1, 12)):
                running.stdout.readline()
            time.sleep(chance.uniform(0, 0.05))
            running.send_signal(number)
            running.communicate()
        wait_until(lambda: not processes_with(str(tmp_path)))
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    left_something = re.search(r"\d failed|\d without digits", ended.stderr) is not None  # of the files still to read
    assert ended.returncode == left_something, ended.stderr
    assert "goes on after" in ended.stderr
    assert contents_of(tmp_path) == contents_of(whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in whole.iterdir())


def test_a_table_that_ends_anywhere_is_completed(folder: Path, whole: Path, tmp_path: Path, capsys):
    chance = random.Random(0)
    content = (whole / "out.csv").read_bytes()
    table, settings = tmp_path / "out.csv", tmp_path / "out.csv.settings.json"
    shutil.copy(whole / settings.name, settings)
    ends = [0, 1, content.index(b"\n"), content.index(b"\n") + 1, len(content) - 1, len(content)]
    for end in [*ends, *(chance.randrange(len(content)) for _ in range(6))]:
        table.write_bytes(content[:end])
        assert main(["read", str(folder), "--lines", "--csv", str(table), "--resume"]) in (0, 1)
        assert table.read_bytes() == content


def test_tables_that_end_at_different_files_go_on_together(folder: Path, whole: Path, tmp_path: Path, capsys):
    options = options_of(tmp_path)
    for path in whole.iterdir():
        shutil.copy(path, tmp_path)
    lines = (whole / "out.csv").read_bytes().splitlines(keepends=True)
    (tmp_path / "out.csv").write_bytes(b"".join(lines[:30]))
    lines = (whole / "out.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "out.jsonl").write_bytes(b"".join(lines[:20])[:-5])
    assert main(["read", str(folder), "--lines", *options, "--resume"]) == 1
    assert contents_of(tmp_path) == contents_of(whole)


def test_a_run_that_is_complete_may_be_resumed_and_more_files_at_the_end_are_read(tmp_path: Path, capsys):
    table = tmp_path / "out.csv"
    for name in ("a", "b", "c"):
        shutil.copy(EXAMPLES / "two.png", tmp_path / f"{name}.png")
        assert main(["read", str(tmp_path), "--csv", str(table), "--resume"]) == 0
    resumed = table.read_bytes()
    assert resumed.count(b"\n") == 4
    assert main(["read", str(tmp_path), "--csv", str(table), "--resume"]) == 0
    assert main(["read", str(tmp_path), "--csv", str(tmp_path / "anew.csv")]) == 0
    assert resumed == table.read_bytes() == (tmp_path / "anew.csv").read_bytes()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--single"], "was begun with single no, now yes"),
        (["--length", "2"], "was begun with length nothing, now 2"),
        (["--shard", "1/2"], "was begun with shard 1/1, now 1/2"),
        (["--lines"], "was begun with lines no, now yes"),
        (["--max-error", "0.5%"], "was begun with min_probability"),
        (["--weights", "lenet-5"], "was begun with network lenet-5-relu, now lenet-5; model"),
    ],
)
def test_other_settings_are_named_and_the_table_stays(tmp_path: Path, options: list[str], message: str, capsys):
    shutil.copy(EXAMPLES / "two.png", tmp_path)
    command = ["read", str(tmp_path), "--csv", str(tmp_path / "out.csv")]
    assert main(command) == 0
    before = (tmp_path / "out.csv").read_bytes()
    capsys.readouterr()
    assert main([*command, *options, "--resume"]) == 1
    sentence = capsys.readouterr().err
    assert sentence.startswith(f"lenet: {tmp_path / 'out.csv'}: {message}")
    assert sentence.count("\n") == 1
    assert (tmp_path / "out.csv").read_bytes() == before


def test_a_table_that_a_spreadsheet_has_saved_is_not_gone_on_with(tmp_path: Path, capsys):
    command = ["read", str(EXAMPLES / "two.png"), "--csv", str(tmp_path / "out.csv")]
    assert main(command) == 0
    saved = (tmp_path / "out.csv").read_bytes().replace(b"\n", b"\r\n")
    (tmp_path / "out.csv").write_bytes(saved)
    assert main([*command, "--resume"]) == 1
    assert "has other columns, or was saved by another program" in capsys.readouterr().err
    assert (tmp_path / "out.csv").read_bytes() == saved


def test_a_finished_parquet_file_that_is_not_gone_on_with_stays_alone(tmp_path: Path):
    pytest.importorskip("pyarrow")
    (tmp_path / "out").mkdir()
    table = tmp_path / "out" / "out.parquet"
    assert main(["read", str(EXAMPLES / "two.png"), "--parquet", str(table)]) == 0
    before = {path.name: path.read_bytes() for path in table.parent.iterdir()}
    assert main(["read", str(EXAMPLES / "five.png"), "--parquet", str(table), "--resume"]) == 1
    assert {path.name: path.read_bytes() for path in table.parent.iterdir()} == before
    assert main(["read", str(EXAMPLES / "two.png"), "--parquet", str(table), "--resume"]) == 0
    assert sorted(path.name for path in table.parent.iterdir()) == sorted(before)


def test_other_files_are_named_and_the_table_stays(tmp_path: Path, capsys):
    for name in ("b.png", "c.png"):
        shutil.copy(EXAMPLES / "two.png", tmp_path / name)
    command = ["read", str(tmp_path), "--csv", str(tmp_path / "out.csv")]
    assert main(command) == 0
    before = (tmp_path / "out.csv").read_bytes()
    shutil.copy(EXAMPLES / "two.png", tmp_path / "a.png")
    capsys.readouterr()
    assert main([*command, "--resume"]) == 1
    message = f"answer 1 is that of {tmp_path / 'b.png'}, and file 1 is {tmp_path / 'a.png'} now"
    assert message in capsys.readouterr().err
    for name in ("a.png", "c.png"):
        (tmp_path / name).unlink()
    assert main([*command, "--resume"]) == 1
    assert f"answer 2 is that of {tmp_path / 'c.png'}, and only 1 file is named now" in capsys.readouterr().err
    assert (tmp_path / "out.csv").read_bytes() == before


def test_a_table_of_unknown_settings_is_not_gone_on_with(tmp_path: Path, capsys):
    shutil.copy(EXAMPLES / "two.png", tmp_path)
    command = ["read", str(tmp_path), "--csv", str(tmp_path / "out.csv")]
    assert main(command) == 0
    settings = tmp_path / "out.csv.settings.json"
    for content in (b"{", b"[]", b'{"format": "other"}', None):
        settings.unlink() if content is None else settings.write_bytes(content)
        assert main([*command, "--resume"]) == 1
        assert "leave out resume to read anew" in capsys.readouterr().err
    assert main(command) == 0
    (tmp_path / "out.csv").write_text((tmp_path / "out.csv").read_text() + "x\n")
    assert main([*command, "--resume"]) == 1
    assert "out.csv: answer 2 is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--resume"], ["--resume", "--json"]])
def test_there_must_be_a_table_to_go_on_with(options: list[str], capsys):
    assert main(["read", str(EXAMPLES), *options]) == 2
    assert "--resume goes on with a table, and none is named" in capsys.readouterr().err


def test_python_reads_files_into_the_same_tables_and_goes_on_with_them(folder: Path, whole: Path, tmp_path: Path):
    csv, jsonl = tmp_path / "out.csv", tmp_path / "out.jsonl"
    pages = lenet.read_files(folder, csv=csv, jsonl=jsonl, lines=True, workers=1)
    given = [next(pages).index for _ in range(9)]
    pages.close()
    assert given == list(range(9))
    assert csv.read_bytes().count(b"\n") == 10
    rest = [page.index for page in lenet.read_files(folder, csv=csv, jsonl=jsonl, lines=True, resume=True, workers=1)]
    assert (rest[0], rest[-1]) == (8, 59)
    assert [csv.read_bytes(), jsonl.read_bytes()] == contents_of(whole)[:2]


def test_python_is_told_of_words_that_name_nothing_when_all_else_is_read(folder: Path, tmp_path: Path):
    pages = lenet.read_files([folder / "00.png", tmp_path / "none*.png"], Settings(single=True))
    assert next(pages).result.digits
    with pytest.raises(lenet.LeNetError, match=r"none\*\.png: no file matches"):
        next(pages)


def test_shards_together_have_the_rows_of_the_whole(folder: Path, whole: Path, tmp_path: Path, capsys):
    rows = []
    for number in (1, 2, 3):
        table = tmp_path / f"{number}.csv"
        assert main(["read", str(folder), "--lines", "--csv", str(table), "--shard", f"{number}/3"]) in (0, 1)
        rows += table.read_text().splitlines()[1:]
    _, *expected = (whole / "out.csv").read_text().splitlines()
    assert sorted(rows) == sorted(expected)


def test_a_json_line_holds_what_json_prints_and_a_failed_file_its_error(folder: Path, tmp_path: Path, capsys):
    files = [str(folder / name) for name in ("00.png", "07.png", "13.tif")]
    assert main(["read", *files, "--json", "--jsonl", str(tmp_path / "out.jsonl")]) == 1
    printed = json.loads(capsys.readouterr().out)
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert [line for line in lines if line["file"] != files[1]] == printed
    [failed] = [line for line in lines if line["file"] == files[1]]
    assert failed["text"] == failed["accepted"] == ""
    assert failed["rejected"]
    assert failed["remark"] == f"{files[1]}: not a picture in a known format; PNG and JPEG always work"


def test_a_parquet_file_has_the_rows_of_the_csv_file_as_numbers_and_texts(whole: Path):
    import csv

    parquet = pytest.importorskip("pyarrow.parquet")
    rows = parquet.read_table(whole / "out.parquet").to_pylist()
    with (whole / "out.csv").open(newline="", encoding="utf-8") as file:
        cells = list(csv.DictReader(file))
    assert len(rows) == len(cells) > 60
    for row, cell in zip(rows, cells, strict=True):
        assert (row["file"], row["page"], row["line"] or "") == (
            cell["file"],
            int(cell["page"]),
            cell["line"] and int(cell["line"]),
        )
        assert row["text"] == cell["text"].removeprefix("'")
        assert " ".join(f"{share:.4f}" for share in row["probabilities"]) == cell["probabilities"]
        assert " ".join(",".join(map(str, box)) for box in row["boxes"]) == cell["boxes"].removeprefix("'")
        assert row["remark"] == cell["remark"].removeprefix("'")
    assert any(row["text"].startswith("0") for row in rows)


def test_rows_of_a_parquet_file_that_was_not_finished_are_there_as_json(folder: Path, tmp_path: Path):
    pytest.importorskip("pyarrow")
    pages = lenet.read_files(folder, parquet=tmp_path / "out.parquet", workers=1)
    for _ in range(5):
        next(pages)
    pages.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.parquet.rows.jsonl", "out.parquet.settings.json"]
    assert len((tmp_path / "out.parquet.rows.jsonl").read_text().splitlines()) == 5


@pytest.mark.parametrize(
    ("option", "name", "content", "message"),
    [
        ("--csv", "form.toml", "page = [1, 1]\n", "expected a name that ends in .csv"),
        ("--csv", "a.csv", "name,price\nA,5\n", "holds something else"),
        ("--jsonl", "a.json", None, "expected a name that ends in .jsonl"),
        ("--jsonl", "a.jsonl", '{"label": 1}\n', "holds something else"),
        ("--jsonl", "a.jsonl", "\xff", "holds something else"),
        ("--parquet", "a.csv", None, "expected a name that ends in .parquet"),
        ("--parquet", "a.parquet", "PAR1", "holds something else"),
    ],
)
def test_files_that_are_no_tables_are_not_written_over(
    tmp_path: Path, option: str, name: str, content: str | None, message: str, capsys
):
    pytest.importorskip("pyarrow")
    if content is not None:
        (tmp_path / name).write_text(content, "latin-1")
    assert main(["read", str(EXAMPLES / "two.png"), option, str(tmp_path / name)]) == 2
    assert message in capsys.readouterr().err
    with pytest.raises(LeNetError, match=rf"^{option[2:]} .*{message}"):
        lenet.read_files(EXAMPLES / "two.png", **{option[2:]: tmp_path / name})
    assert (tmp_path / name).exists() == (content is not None)
    assert content is None or (tmp_path / name).read_text("latin-1") == content


def test_memory_does_not_grow_with_the_number_of_files(folder: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(picture_files, "_NAMES_AT_ONCE", 50)
    place, held = tmp_path / "links", []
    place.mkdir()
    for number in range(800):
        (place / f"{number:04}.png").symlink_to(folder / "00.png")
    tracemalloc.start()
    for page in lenet.read_files(place, csv=tmp_path / "out.csv", jsonl=tmp_path / "out.jsonl", workers=1):
        if page.index in (100, 700):
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert held[1] - held[0] < 90_000  # of 600 files: what a name and its place in a list take is more


def test_a_table_with_digits_of_idx_files_is_gone_on_with_and_written_over(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("a.idx", "b.idx"):
        write_idx(tmp_path / name, np.zeros((2, 28, 28), np.uint8))
    command = ["read", "a.idx", "b.idx", "--jsonl", "t.jsonl", "--csv", "t.csv"]
    assert main(command) == 0
    tables = [Path("t.jsonl").read_bytes(), Path("t.csv").read_bytes()]
    assert main([*command, "--resume"]) == 0
    assert "goes on after 1 file, whose" in capsys.readouterr().err
    assert main(command) == 0
    assert [Path("t.jsonl").read_bytes(), Path("t.csv").read_bytes()] == tables


def test_a_table_that_holds_answers_is_not_written_over_for_one_that_holds_none(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    files = [str(EXAMPLES / name) for name in ("seven.png", "two.png", "five.png")]
    assert main(["read", *files, "--csv", "a.csv"]) == 0
    before = Path("a.csv").read_bytes()
    assert main(["read", *files, "--csv", "a.csv", "--jsonl", "b.jsonl", "--resume"]) == 1
    assert "a.csv: holds answers already, and b.jsonl none" in capsys.readouterr().err
    assert (Path("a.csv").read_bytes(), Path("b.jsonl").exists()) == (before, False)
    head, first, *_ = before.splitlines(keepends=True)
    Path("a.csv").write_bytes(head + first)  # as where a reading is killed between the first rows of two tables
    assert main(["read", *files, "--csv", "a.csv", "--jsonl", "b.jsonl", "--resume"]) == 0
    assert Path("a.csv").read_bytes() == before
