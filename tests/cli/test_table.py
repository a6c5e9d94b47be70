"""The table of ``lenet read --csv``: complete rows at any moment, and cells that spreadsheets do not change."""

import csv
import os
import signal
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from lenet.cli import main
from lenet.errors import LeNetError
from lenet.reading import Reader
from lenet.reading.tables.csv_cells import cell_of
from lenet.reading.tables.csv_table import COLUMNS, Table
from tests.cli.test_read import is_alive
from tests.processes import SECONDS, wait_until

EXAMPLES = Path(__file__).parents[2] / "examples/digits"
PICTURE_COUNT = 400
COMMAND = [sys.executable, "-u", "-m", "lenet", "read"]


def rows_of(table: Path) -> list[dict[str, str]]:
    """The rows of a table of which every row is complete, without the apostrophes that keep cells texts."""
    content = table.read_text(encoding="utf-8")
    assert content.endswith("\n")
    head, *rows = csv.reader(content.splitlines(keepends=True), strict=True)
    assert tuple(head) == COLUMNS
    return [dict(zip(COLUMNS, (cell.removeprefix("'") for cell in row), strict=True)) for row in rows]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """Small pictures of digits that are normalized already, and some that are no pictures."""
    folder = tmp_path_factory.mktemp("many")
    digits = [
        digit.image for name in ("two", "five", "seven") for digit in Reader().read(EXAMPLES / f"{name}.png").digits
    ]
    for number in range(PICTURE_COUNT):
        path = folder / f"{number:03}.png"
        if number % 50 == 7:
            path.write_text("no picture")
        else:
            Image.fromarray(digits[number % len(digits)]).save(path)
    return folder


def read_and_signal(
    pictures: Path, table: Path, signal_number: int, lines: int, workers: int
) -> tuple[int, list[str], str]:
    """Read pictures, and signal all processes after so many lines; returns exit code, lines of stdout, and stderr."""
    command = [*COMMAND, str(pictures), "--csv", str(table), "--workers", str(workers), "--reject"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        printed = [running.stdout.readline() for _ in range(lines)]
        os.killpg(running.pid, signal_number)
        watchdog = threading.Timer(SECONDS, running.kill)
        watchdog.start()
        printed += running.stdout.readlines()
        errors = running.stderr.read()
        watchdog.cancel()
    wait_until(lambda: not is_alive(running.pid))  # the system reaps the workers that lost their parent
    return running.returncode, printed, errors


def answers_in(rows: list[dict[str, str]]) -> list[str]:
    return [f"{row['file']}: {row['accepted']}\n" for row in rows if row["accepted"]]


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs POSIX signals")
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("lines", [1, 2, 3, 5, 8, 13, 60, 120, 200, 300])
def test_sigterm_ends_reading_after_a_complete_row_that_was_printed_and_leaves_no_process(
    pictures: Path, tmp_path: Path, lines: int, workers: int
):
    code, printed, errors = read_and_signal(pictures, tmp_path / "out.csv", signal.SIGTERM, lines, workers)
    rows = rows_of(tmp_path / "out.csv")
    assert answers_in(rows) == printed
    assert len(printed) < PICTURE_COUNT
    assert code == 143
    *failed, last = errors.splitlines()
    assert last == f"lenet: stopped after {len(rows)} of {PICTURE_COUNT} files; add --resume to go on"
    assert [f"lenet: {row['remark']}" for row in rows if row["remark"]] == failed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "out.csv.settings.json"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("lines", [1, 10, 100])
def test_after_sigkill_the_table_holds_what_was_printed_and_at_most_one_row_more(
    pictures: Path, tmp_path: Path, lines: int, workers: int
):
    code, printed, _ = read_and_signal(pictures, tmp_path / "out.csv", signal.SIGKILL, lines, workers)
    result = answers_in(rows_of(tmp_path / "out.csv"))
    assert code == -signal.SIGKILL
    assert result[: len(printed)] == printed
    assert len(result) <= len(printed) + 1


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs POSIX signals")
def test_sigterm_while_an_annotated_picture_is_written_leaves_no_temporary_file(tmp_path: Path):
    for number in range(PICTURE_COUNT):
        (tmp_path / f"{number:03}.png").symlink_to(EXAMPLES / "phone.png")
    command = [*COMMAND, str(tmp_path), "--annotate", str(tmp_path / "drawn"), "--workers", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as running:
        for _ in range(5):
            running.stdout.readline()
        os.killpg(running.pid, signal.SIGTERM)
        running.stdout.read()
    assert running.returncode == 143
    drawn = list((tmp_path / "drawn").iterdir())
    assert len(drawn) >= 5
    assert {path.suffix for path in drawn} == {".png"}


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs POSIX signals")
def test_sigterm_ends_other_verbs_as_ctrl_c_does(tmp_path: Path, mnist):
    command = [*COMMAND[:-1], "train", "lenet-5", "--data", "mnist", "--out", str(tmp_path / "run"), "--epochs", "50"]
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            while not (tmp_path / "run").exists():
                assert running.poll() is None, running.stderr.read()
            running.send_signal(number)
            output = running.stderr.read()
        assert running.returncode == code
        assert f"lenet: stopped; go on with: lenet train --out {tmp_path / 'run'} --resume" in output
        for path in (tmp_path / "run").iterdir():
            path.unlink()
        (tmp_path / "run").rmdir()


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs POSIX signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_verb_without_a_signal_handler_is_stopped_in_one_sentence(number: int, code: int, monkeypatch, capsys):
    monkeypatch.setattr("lenet.cli.describe.names", lambda: signal.raise_signal(number))
    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    assert main(["networks"]) == code
    assert capsys.readouterr().err.strip() == "lenet: stopped"
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before


def copy_example(folder: Path, name: str = "two.png") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes((EXAMPLES / "two.png").read_bytes())
    return folder / name


def test_an_earlier_table_stays_until_there_is_a_row(tmp_path: Path, capsys):
    table = tmp_path / "out.csv"
    assert main(["read", str(copy_example(tmp_path)), "--csv", str(table)]) == 0
    before = table.read_bytes()
    assert main(["read", str(tmp_path / "none*.png"), "--csv", str(table)]) == 1
    assert table.read_bytes() == before
    assert main(["read", str(tmp_path / "missing.png"), "--csv", str(table)]) == 1
    assert [row["remark"] for row in rows_of(table)] == [f"{tmp_path / 'missing.png'}: no such file"]
    assert main(["read", str(tmp_path / "none*.png"), "--csv", str(tmp_path / "new.csv")]) == 1
    assert rows_of(tmp_path / "new.csv") == []


def test_a_link_stays_one_and_what_it_points_to_is_the_table(tmp_path: Path, capsys):
    link = tmp_path / "out.csv"
    link.symlink_to(tmp_path / "new" / "table.csv")
    for _ in range(2):
        assert main(["read", str(copy_example(tmp_path)), "--csv", str(link)]) == 0
        assert link.is_symlink()
        assert len(rows_of(tmp_path / "new" / "table.csv")) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_gets_the_rows_as_they_come(tmp_path: Path, capsys):
    os.mkfifo(tmp_path / "out.csv")
    received: list[str] = []
    reader = threading.Thread(target=lambda: received.append((tmp_path / "out.csv").read_text()))
    reader.start()
    assert main(["read", str(copy_example(tmp_path)), "--csv", str(tmp_path / "out.csv")]) == 0
    reader.join()
    assert len(received[0].splitlines()) == 2
    (tmp_path / "link.csv").symlink_to("/dev/stdout")
    command = [*COMMAND, str(tmp_path / "two.png"), "--csv", str(tmp_path / "link.csv")]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ran.stdout == f"{received[0]}2\n"
    assert main(["read", str(tmp_path / "two.png"), "--csv", "/dev/stdout"]) == 2
    assert "expected a name that ends in .csv" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_table_that_cannot_be_written_is_one_sentence(tmp_path: Path, capsys):
    (tmp_path / "full.csv").symlink_to("/dev/full")
    assert main(["read", str(copy_example(tmp_path)), "--json", "--csv", str(tmp_path / "full.csv")]) == 1
    printed = capsys.readouterr()
    assert printed.out == "[]\n"
    message = f"lenet: {tmp_path / 'full.csv'}: cannot be written (no space left on device); it ends after 0 rows\n"
    assert printed.err == message


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="needs a limit on file sizes")
def test_on_a_full_disk_the_rows_so_far_are_complete_and_were_printed(pictures: Path, tmp_path: Path):
    command = [*COMMAND, str(pictures), "--csv", str(tmp_path / "out.csv"), "--workers", "1", "--reject"]
    ran = subprocess.run(
        ["sh", "-c", 'ulimit -f 8; exec "$@"', "sh", *command], capture_output=True, text=True, check=False
    )
    rows = rows_of(tmp_path / "out.csv")
    assert 10 < len(rows) < 100
    assert answers_in(rows) == ran.stdout.splitlines(keepends=True)
    last = f"lenet: {tmp_path / 'out.csv'}: cannot be written (file too large); it ends after {len(rows)} rows"
    assert (ran.returncode, ran.stderr.splitlines()[-1]) == (1, last)


def test_a_row_that_is_half_written_is_truncated(tmp_path: Path, monkeypatch):
    table = Table(tmp_path / "out.csv")
    table.write(["a.png", 1, *"1234567"])

    class FullDisk:
        def __init__(self, file) -> None:
            self.file = file

        def __getattr__(self, name: str) -> object:
            return getattr(self.file, name)

        def write(self, content: memoryview) -> int:
            self.file.write(content[:5])
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(table, "_file", FullDisk(table._file))
        with pytest.raises(LeNetError, match="no space left on device"):
            table.write(["b.png", 1, *"1234567"])
    table.close()
    assert [row["file"] for row in rows_of(tmp_path / "out.csv")] == ["a.png"]


def test_rows_are_not_kept_in_memory(tmp_path: Path):
    table = Table(tmp_path / "out.csv")
    tracemalloc.start()
    for number in range(20_000):
        table.write([f"{number}.png", 1, "", "0", "0", "0.9999", "0.9999", "1,2,3,4", ""])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    table.close()
    assert peak < 200_000
    assert len(rows_of(tmp_path / "out.csv")) == 20_000


@pytest.mark.parametrize("name", ["=1+1.png", "+1.png", "-1.png", "@A1.png", "'7.png", "＝1.png", "0142", "1e5", "1.2"])
def test_no_file_name_becomes_a_formula_or_a_number(tmp_path: Path, name: str, monkeypatch, capsys):
    copy_example(tmp_path, name)
    monkeypatch.chdir(tmp_path)
    assert main(["read", "--csv", "out.csv", "--", name, f"{name}.missing"]) == 1
    with Path("out.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for cell in (row["file"], row["remark"]):
                assert not cell.startswith(tuple("=+-@\t\r＝＋－＠"))
                with pytest.raises(ValueError, match="could not convert"):
                    float(cell or "text")
    assert [row["file"] for row in rows_of(Path("out.csv"))] == [name, f"{name}.missing"]


def test_answers_keep_their_leading_zeros_and_plain_numbers_stay_numbers(tmp_path: Path, capsys):
    table = tmp_path / "out.csv"
    assert main(["read", str(EXAMPLES / "phone.png"), str(EXAMPLES / "year.png"), "--lines", "--csv", str(table)]) == 0
    with table.open(newline="", encoding="utf-8") as file:
        assert [row["text"] for row in csv.DictReader(file)] == ["5550", "'0142", "1998"]
    assert [row["accepted"] for row in rows_of(table)] == ["5550", "0142", "1998"]


@given(st.text("=+-@'0123456789., /:eE\t\r\nx七\x00\udcff"))
@example("0\n ")
def test_cells_give_back_their_text_and_start_no_formula(text: str):
    cell = cell_of(text)
    assert cell.removeprefix("'") == text
    assert not cell.startswith(tuple("=+-@\t\r\n"))
    try:
        changes_as_a_number = str(int(cell)) != cell or len(cell) > 15  # spreadsheets keep 15 digits
    except ValueError:
        changes_as_a_number = False
    assert not changes_as_a_number


def test_the_table_of_an_idx_file_has_a_row_for_each_picture(tmp_path: Path, mnist, capsys):
    from lenet.data import write_idx

    write_idx(tmp_path / "idx", np.asarray(mnist.test_images[:300]))
    assert main(["read", str(tmp_path / "idx"), "--csv", str(tmp_path / "out.csv")]) == 0
    assert [row["line"] for row in rows_of(tmp_path / "out.csv")] == [str(number) for number in range(1, 301)]


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX file locks")
@pytest.mark.parametrize("options", [[], ["--resume"]])
def test_a_table_that_another_process_writes_is_refused_and_no_row_of_it_is_lost(tmp_path, options, capsys):
    table, names = tmp_path / "t.csv", [EXAMPLES / "pi.png", EXAMPLES / "seven.png"]
    command = [sys.executable, "-m", "lenet", "read", "--files-from", "-", "--csv", str(table), "--workers", "1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as writer:
        writer.stdin.write(f"{names[0]}\n".encode())
        writer.stdin.flush()
        wait_until(lambda: table.exists() and table.read_bytes().count(b"\n") == 2)
        before = table.read_bytes()
        assert main(["read", str(EXAMPLES / "year.png"), str(names[0]), "--csv", str(table), *options]) == 1
        assert main(["read", str(names[0]), "--csv", str(table), *options]) == 1
        assert f"{table}: another process writes it" in capsys.readouterr().err
        assert table.read_bytes() == before
        writer.stdin.write(f"{names[1]}\n".encode())
        writer.stdin.close()
        assert writer.wait() == 0
    assert [row["file"] for row in rows_of(table)] == [str(name) for name in names]
    assert main(["read", str(names[1]), "--csv", str(table)]) == 0
