"""Reading on raylets that die: one row for each picture, closed to everybody else, and nothing left behind."""

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

import lenet
from lab.benchmarks.cluster import count_blocks, count_rows, make_pictures
from lenet.cli import main
from lenet.errors import DataError, LeNetError, MissingExtra
from tests.processes import processes_with, wait_until

pytest.importorskip("pyarrow")
# Looked for without importing it: it looks at its variables when it is.
needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install 'lenet[cluster]'")
TOP = Path(__file__).parents[3]
PICTURES, BLOCK = 300, 10
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cluster") / "pictures"
    make_pictures(folder, PICTURES)
    return folder


def rows_in(folder):
    from pyarrow.dataset import dataset

    return sorted(dataset(folder, format="parquet").to_table().to_pylist(), key=lambda row: row["file"])


@needs_ray
@pytest.mark.slow
def test_every_picture_has_one_row_although_raylets_and_the_driver_are_killed(tmp_path):
    from pyarrow.parquet import read_table

    command = [sys.executable, "-m", "lab.benchmarks.cluster", "--pictures", str(PICTURES), "--block", str(BLOCK)]
    ended = subprocess.run([*command, "--folder", str(tmp_path)], cwd=TOP, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("a raylet killed at") == 3
    assert "the driver killed at" in ended.stderr
    for _ in lenet.read_files(tmp_path / "pictures", parquet=tmp_path / "one.parquet", workers=1):
        pass
    assert rows_in(tmp_path / "out") == read_table(tmp_path / "one.parquet").to_pylist()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["00000", "_settings.json"]


@pytest.fixture
def short_folder():
    """A folder for sockets, whose names have few bytes; what a killed driver leaves goes with it."""
    with tempfile.TemporaryDirectory(prefix="l", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def processes_at_work(mark):
    """Processes with a mark in their environment, but for Ray's agents, which end a minute after their raylet."""
    commands = {process: Path(f"/proc/{process}/cmdline") for process in processes_with(mark)}
    agents = (b"ray::DashboardAgent", b"ray::RuntimeEnvAgent")
    return [process for process, path in commands.items() if path.exists() and not path.read_bytes().startswith(agents)]


def listening_addresses(processes):
    """The local addresses, in the kernel's hexadecimal, that processes listen at."""
    sockets = set()
    for process in processes:
        for descriptor in Path(f"/proc/{process}/fd").glob("*"):
            try:
                sockets.add(os.readlink(descriptor))  # noqa: PTH115 - no path, but "socket:[1234]"
            except OSError:
                continue
    lines = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    return {words[1].partition(":")[0] for words in lines if words[3] == "0A" and f"socket:[{words[9]}]" in sockets}


@needs_ray
@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux lists what processes listen at")
def test_alone_it_starts_a_cluster_that_nobody_else_reaches_and_that_ends_with_it(pictures, tmp_path, short_folder):
    out, mark = tmp_path / "out", f"TMPDIR={short_folder}"
    command = [sys.executable, "-m", "lenet", "read", str(pictures), str(out), "--block", "5", "--workers", "1"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment["TMPDIR"] = str(short_folder)
    with subprocess.Popen([*command, "--ray"], env=environment, stderr=subprocess.PIPE, text=True) as driver:
        try:
            wait_until(lambda: count_blocks(out) or driver.poll() is not None)
            addresses = listening_addresses(processes_with(mark))
        finally:
            driver.kill()
        driver.communicate()
    assert addresses
    assert addresses <= LOOPBACK
    assert count_blocks(out) < PICTURES / 5
    wait_until(lambda: not processes_at_work(mark))
    again = subprocess.run([*command, "--ray", "--resume"], env=environment, capture_output=True, text=True)
    assert again.returncode == 1  # some are no pictures
    assert again.stdout == ""
    assert "could not be read" in again.stderr
    assert count_rows(pictures, out) == (PICTURES, 0, 0)
    wait_until(lambda: not processes_at_work(mark))
    whole = subprocess.run([*command, "--ray", "--resume"], env=environment, capture_output=True, text=True)
    assert (whole.returncode, whole.stderr) == (0, f"lenet: {out} holds all of them already\n")


@needs_ray
@pytest.mark.slow
def test_a_cluster_that_is_not_there_is_told_in_one_sentence(pictures, tmp_path):
    command = [sys.executable, "-m", "lenet", "read", str(pictures), str(tmp_path / "out"), "--ray", "127.0.0.1:1"]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr.startswith("lenet: ray 127.0.0.1:1: nobody answers there")
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_what_is_wrong_is_told_before_a_cluster_is_looked_for(pictures, tmp_path):
    with pytest.raises(LeNetError, match="workers is 0"):
        lenet.read_on_cluster(pictures, tmp_path / "out", workers=0)
    with pytest.raises(LeNetError, match="shard is 'x'"):
        lenet.read_on_cluster(pictures, tmp_path / "out", shard="x")
    with pytest.raises(DataError, match="no file matches"):
        list(lenet.read_on_cluster(f"{tmp_path}/*.png", tmp_path / "out"))
    assert not (tmp_path / "out").exists()
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(LeNetError, match=r"holds thesis\.tex"):
        list(lenet.read_on_cluster(pictures, tmp_path))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a.png", "out", "--ray", "--csv", "x.csv"], "leave out --csv"),
        (["a.png", "out", "--ray", "--json"], "leave out --json"),
        (["out", "--ray"], "nothing to read into out"),
        (["a.png", "--block", "5"], "--block is for a Ray cluster; add --ray"),
    ],
)
def test_words_that_a_cluster_has_no_use_for_are_refused(words, message, capsys):
    assert main(["read", *words]) == 2
    assert message in capsys.readouterr().err


def test_without_ray_the_extra_is_named(pictures, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"needs ray, which is not installed; install it with: .*lenet\[cluster\]"):
        list(lenet.read_on_cluster(pictures, tmp_path / "out"))
