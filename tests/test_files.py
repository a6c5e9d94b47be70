"""Files are whole or not there, whatever their names, and a lock has one holder."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import lenet
import lenet.figures
from lenet.errors import LeNetError
from lenet.files import (
    LEFTOVERS,
    atomic_writer,
    check_folder_writable,
    check_writable,
    locked,
    write_atomically,
    write_result,
)
from lenet.forms.template import Template


def test_a_name_as_long_as_the_file_system_takes_can_be_written(tmp_path):
    path = tmp_path / ("n" * 251 + ".csv")
    write_atomically(path, b"content")
    assert path.read_bytes() == b"content"


def test_a_link_stays_a_link_and_what_it_points_to_is_replaced(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "table.csv", tmp_path / "table.csv"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_whether_a_file_can_be_written_is_told_beforehand_and_nothing_is_left_of_asking(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    check_writable(tmp_path / "new" / "folder" / "a.bin")
    check_writable(Path("a.bin"))
    for path in (tmp_path / "file" / "a.bin", tmp_path / "file" / "new" / "a.bin"):
        with pytest.raises(LeNetError, match=rf"^{path}: cannot be written, as {tmp_path / 'file'} is a file"):
            check_writable(path)
        with pytest.raises(LeNetError, match=rf"^{path}: cannot be written, as {tmp_path / 'file'} is a file"):
            check_folder_writable(path)
    check_folder_writable(tmp_path / "new" / "folder")
    with pytest.raises(LeNetError, match="is a folder, expected the name of a file to write"):
        check_writable(tmp_path)
    with pytest.raises(LeNetError, match="is a file, expected a folder"):
        check_folder_writable(tmp_path / "file")
    with pytest.raises(LeNetError, match=r"cannot be written \(file name too long\)"):
        check_writable(tmp_path / ("n" * 300))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_replaced_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "private"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write_atomically(path, b"new")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def write():
        with atomic_writer(path) as file:
            file.write(b"half of the n")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    assert path.read_bytes() == b"old"
    assert not list(tmp_path.glob(LEFTOVERS))


def test_what_a_full_disk_hinders_is_named_by_its_file_and_by_nothing_else(tmp_path, monkeypatch):
    def is_full(file):
        raise OSError(28, "No space left on device")

    path = tmp_path / "a.bin"
    monkeypatch.setattr(os, "fsync", is_full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_atomically(path, b"content")
    assert str(caught.value) == f"[Errno 28] No space left on device: '{path}'"
    with pytest.raises(LeNetError, match=rf"^{path}: cannot be written \(no space left on device\)$"):
        write_result(path, b"content")
    with pytest.raises(LeNetError, match=rf"^{path}\.svg: cannot be written \(no space left on device\)$"):
        lenet.figures.write_diagram(lenet.describe("lenet-1"), f"{path}.svg")
    with pytest.raises(LeNetError, match=rf"^{path}\.safetensors: cannot be written \(no space left on device\)$"):
        lenet.load("lenet-5").save(f"{path}.safetensors")


def test_a_folder_that_takes_no_files_is_told_by_the_name_of_the_file_that_was_to_be_written():
    path = Path("/proc/table.csv")  # nobody, not even root, writes there
    if not path.parent.is_dir():
        pytest.skip("this system has no /proc")
    with pytest.raises(FileNotFoundError, match=r"'/proc/table\.csv'"):
        write_atomically(path, b"content")


def test_a_lock_that_another_process_holds_is_refused_and_free_when_it_dies(tmp_path):
    path = tmp_path / ".lock"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, pathlib; from lenet.files import locked\n"
            "with locked(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()",
            str(path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LeNetError, match="in use"), locked(path, lambda: LeNetError("in use")):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with locked(path, lambda: LeNetError("in use")):
        pass


FULL_DISK = """
import resource, signal, sys
from lenet.cli import main
import lenet.evaluation, lenet.data, matplotlib.figure
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    "command",
    [
        ["evaluate", "pretrained", "--data", "DATA", "--mistakes", "FILE.png"],
        ["evaluate", "pretrained", "--data", "DATA", "--confusion", "FILE.png"],
        ["evaluate", "--photos", "TABLE", "--mistakes", "FILE.jpg"],
        ["explain", "-o", "FILE.html"],
        ["show", "lenet-5", "--diagram", "FILE.svg"],
        ["data", "show", "DATA", "-o", "FILE.png"],
        ["maps", "pretrained", "PICTURE", "-o", "FOLDER"],
        ["read", "PICTURE", "--annotate", "FOLDER"],
        ["train", "lenet-5-relu", "--data", "DATA", "--epochs", "1", "--out", "FOLDER"],
    ],
    ids=lambda command: " ".join(command[:3]),
)
def test_a_full_disk_leaves_no_half_file_and_is_named(command, tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60, 28, 28), np.uint8)
    np.savez(tmp_path / "data.npz", images=images, labels=np.arange(60) % 10)
    seven = Path(__file__).parents[1] / "examples" / "digits" / "seven.png"
    (tmp_path / "seven.png").write_bytes(seven.read_bytes())
    (tmp_path / "labels.csv").write_text("file,label\nseven.png,1\n")
    before = {path.name for path in tmp_path.iterdir()}
    places = {"DATA": "data.npz", "TABLE": "labels.csv", "PICTURE": "seven.png", "FOLDER": "out"}
    arguments = [places.get(word, word.replace("FILE", "file")) for word in command]
    ran = subprocess.run(
        [sys.executable, "-c", FULL_DISK, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name not in before]
    assert ran.returncode == 1, (ran.stdout, ran.stderr)
    assert "Traceback" not in ran.stderr
    assert any(name in ran.stderr for name in ("file.", "out/")), ran.stderr
    assert "file too large" in ran.stderr.lower()
    assert all(path.stat().st_size and not path.name.endswith(".tmp") for path in written if path.name != ".lock")
    assert not [path for path in written if path.suffix in (".png", ".jpg", ".svg", ".html")]


@pytest.mark.parametrize(
    "open_it",
    [
        lenet.read,
        lenet.load,
        lenet.convert,
        lenet.data.load,
        lambda url: lenet.predict("lenet-5-relu", url),
        Template.load,
    ],
)
@pytest.mark.parametrize("url", ["https://example.org/7.png", Path("http://example.org/7.png")])
def test_a_url_in_place_of_a_file_is_called_one_with_what_to_do(open_it, url):
    with pytest.raises(LeNetError, match="is a URL, and URLs are not fetched; download it and name the file"):
        open_it(url)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    taken: list[bytes] = []
    reader = threading.Thread(target=lambda: taken.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    check_writable(tmp_path / "pipe")
    write_atomically(tmp_path / "pipe", b"all of it")
    reader.join()
    assert taken == [b"all of it"]
    assert (tmp_path / "pipe").is_fifo()
