"""Many pictures at once: their order, what becomes of bad ones and of processes that die, and `lenet.read`."""

import errno
import gc
import inspect
import io
import multiprocessing
import os
import pickle
import re
import signal
import subprocess
import sys
import time
import tracemalloc
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FunctionType, ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import lenet
from lenet.data import write_idx
from lenet.errors import DataError, ReadingError, UnknownName, WeightsError
from lenet.reading.batch.pages import Page, Settings, read_all, workers_for
from lenet.reading.batch.photos import read_labeled
from lenet.reading.batch.worker_pool import map_in_processes
from lenet.reading.drawing.annotation import Drawings, annotated, draw_annotated
from lenet.reading.drawing.marks import Sheet
from lenet.reading.drawing.places import drawing_paths, page_path
from lenet.reading.drawing.steps import steps_picture
from lenet.reading.idx import IdxReading
from lenet.reading.reader import Reader
from tests.processes import SECONDS, processes_with, wait_until

EXAMPLES = Path(__file__).parents[2] / "examples/digits"
NAMES = ("five", "phone", "pi", "seven", "two", "year")
TEXTS = ("5", "5550\n0142", "3141592653", "7", "2", "1998")
PATHS = [EXAMPLES / f"{name}.png" for name in NAMES]


def texts(pages: list[Page]) -> list[str]:
    return [page.result.text for page in pages]


@pytest.mark.parametrize("workers", [1, 2])
def test_pages_come_in_the_order_of_their_sources(workers: int):
    pages = list(read_all(PATHS * 3, workers=workers))
    assert [page.index for page in pages] == list(range(18))
    assert texts(pages) == list(TEXTS) * 3


def test_several_processes_read_as_one_does():
    for alone, together in zip(read_all(PATHS), read_all(PATHS, workers=2), strict=True):
        assert alone.result.to_json() == together.result.to_json()


def test_readings_carry_no_pictures_along_but_who_finishes_them_sees_them():
    seen = []
    for page in read_all(PATHS[:2], callback=seen.append):
        assert page.result.steps is None
    assert all(page.result.steps is not None for page in seen)


def test_sources_may_be_anything_that_opens(tmp_path: Path):
    write_idx(tmp_path / "digits", np.zeros((3, 28, 28), np.uint8))
    with Image.open(PATHS[4]) as image:
        gray = np.asarray(image.convert("L"))
        sources = [str(PATHS[4]), PATHS[4].read_bytes(), image, gray, tmp_path / "digits"]
        *pages, idx = read_all(sources)
    assert texts(pages) == ["2"] * 4
    assert isinstance(idx.result, IdxReading)
    assert len(idx.result.digits) == 3


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bad_source_is_an_error_in_its_place(tmp_path: Path, workers: int):
    (tmp_path / "bad.png").write_bytes(PATHS[0].read_bytes()[:300])
    sources = [PATHS[4], tmp_path / "bad.png", tmp_path, tmp_path / "missing", PATHS[3]]
    first, *bad, last = read_all(sources, workers=workers)
    assert texts([first, last]) == ["2", "7"]
    assert [type(page.result) for page in bad] == [DataError] * 3
    for page in bad:
        assert str(page.result).startswith(str(sources[page.index]))


def test_a_defect_of_ours_is_an_error_of_the_one_picture_that_shows_it(monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by\nzero")

    monkeypatch.setattr(Reader, "read", fail)
    [page] = read_all(PATHS[:1])
    assert str(page.result).startswith(f"{PATHS[0]}: a defect of lenet stopped its reading (ZeroDivisionError: divi")
    assert "\n" not in str(page.result)


def test_the_pages_of_a_file_are_counted(tmp_path: Path):
    images = [Image.open(path).convert("L") for path in (PATHS[4], PATHS[5], PATHS[3])]
    images[0].save(tmp_path / "scan.tif", save_all=True, append_images=images[1:])
    images[0].save(tmp_path / "one.tif")
    *pages, alone = read_all([tmp_path / "scan.tif", tmp_path / "one.tif"])
    assert [(page.index, page.number, page.is_only) for page in pages] == [(0, n, False) for n in (1, 2, 3)]
    assert texts(pages) == ["2", "1998", "7"]
    assert (alone.number, alone.is_only) == (1, True)


@pytest.mark.parametrize("workers", [1, 2])
def test_wrong_settings_end_it_before_or_at_the_first_picture(tmp_path: Path, workers: int):
    with pytest.raises(WeightsError, match="missing"):
        list(read_all(PATHS, Settings(model=str(tmp_path / "missing.safetensors")), workers))
    with pytest.raises(ReadingError):
        list(read_all(PATHS, Settings(pattern="[1"), workers))


def test_wrong_settings_are_named():
    with pytest.raises(UnknownName, match="unknown polarity 'inkhigh'; did you mean ink-high"):
        Settings(polarity="inkhigh")
    with pytest.raises(ReadingError, match="workers is 0, expected a whole number of at least 1"):
        list(read_all(PATHS, workers=0))
    for read in (lenet.read_files, lambda files, workers: read_labeled([], workers=workers)):
        with pytest.raises(ReadingError, match="workers is 0, expected a whole number of at least 1"):
            list(read(PATHS, workers=0))


def test_one_picture_starts_no_process_and_never_more_than_there_are_cores():
    assert workers_for(0) == workers_for(1) == workers_for(19) == 1
    assert (workers_for(2, 5), workers_for(0, 5), workers_for(None, 5)) == (2, 1, 5)
    assert workers_for(10**6) == len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else True


def test_only_a_few_pictures_are_in_memory():
    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in read_all(Image.open(PATHS[4]) for _ in range(count)):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(2)
    assert peak(12) < 1.2 * peak(3)


@dataclass(frozen=True)
class Strange:
    """Work on numbers: 13 ends its process, 17 is refused, others are doubled."""

    def __call__(self, number: int) -> int:
        if number == 13:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == 17:
            raise UnknownName("number", "17", ["13"])
        return 2 * number


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_task_that_ends_its_process_is_lost_and_no_other():
    numbers = [*range(30), 13, *range(5)]
    expected = [-1 if number == 13 else 2 * number for number in numbers if number != 17]
    results = map_in_processes(Strange, (n for n in numbers if n != 17), 2, lambda number: -1)
    assert list(results) == expected


def test_an_error_of_a_process_arrives_as_one_sentence_and_ends_all():
    with pytest.raises(ReadingError, match="unknown number '17'"):
        list(map_in_processes(Strange, [1, 2, 17, 3], 2, lambda number: -1))
    assert [child for child in multiprocessing.active_children() if child.is_alive()] == []


def test_tasks_are_taken_as_they_are_needed():
    taken = []

    def numbers():
        for number in range(1000):
            taken.append(number)
            yield 2

    results = map_in_processes(Strange, numbers(), 2, lambda number: -1)
    for _ in range(10):
        next(results)
    results.close()
    assert len(taken) < 30


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs POSIX signals")
def test_ctrl_c_while_a_process_is_being_started_or_ended_is_not_lost(monkeypatch):
    def pressing(method):
        def pressed(process, *arguments):
            signal.raise_signal(signal.SIGINT)
            return method(process, *arguments)

        return pressed

    for moment in ("start", "join"):
        with monkeypatch.context() as patched:
            patched.setattr(BaseProcess, moment, pressing(getattr(BaseProcess, moment)))
            with pytest.raises(KeyboardInterrupt):
                list(map_in_processes(Strange, range(4), 2, lambda number: -1))
        assert not multiprocessing.active_children()


def press_and_swallow() -> int:
    """As a package does whose import ends in ``except: pass``, as cv2's does."""
    with suppress(BaseException):
        signal.raise_signal(signal.SIGINT)
    return 1


class Swallowing:
    """An answer in whose making Ctrl-C comes and is swallowed."""

    def __call__(self, number: int) -> "Swallowing":
        return self

    def __reduce__(self):
        return press_and_swallow, ()


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs POSIX signals")
def test_ctrl_c_while_an_answer_is_made_of_what_came_is_not_swallowed():
    with pytest.raises(KeyboardInterrupt):
        list(map_in_processes(swallowing, range(4), 2, lambda number: -1))
    assert not multiprocessing.active_children()


def swallowing() -> Swallowing:
    return Swallowing()


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs POSIX signals")
def test_ctrl_c_while_an_answer_is_received_leaves_no_process(monkeypatch):
    def stopped(connection):
        raise KeyboardInterrupt

    monkeypatch.setattr(Connection, "recv", stopped)
    results = map_in_processes(Strange, range(4), 2, lambda number: -1)
    with pytest.raises(KeyboardInterrupt):
        next(results)
    monkeypatch.undo()
    assert not multiprocessing.active_children()


def core_count() -> "partial[int]":
    from lenet.engine.native import Engine

    network = lenet.describe("lenet-5-relu")
    weights = {name: np.zeros(shape, np.float32) for name, shape in network.parameter_shapes().items()}
    return partial(lambda threads, _: threads, Engine(network, weights).threads)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system does not tell which cores may be used")
def test_each_process_has_an_engine_of_one_thread_and_all_cores():
    pytest.importorskip("lenet.engine._native")
    assert list(map_in_processes(core_count, [0, 0], 2, lambda _: -1)) == [1, 1]


def test_a_script_reads_with_several_processes(tmp_path: Path):
    script = tmp_path / "script.py"
    script.write_text(
        "import lenet\nif __name__ == '__main__':\n"
        f"    print(*[r.text for r in lenet.read({[str(path) for path in PATHS[3:]]!r}, workers=2)])\n"
    )
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("7 2 1998\n", "")


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc")
def test_a_reader_that_is_killed_leaves_neither_processes_nor_files(tmp_path: Path):
    code = f"import lenet; lenet.read(['{PATHS[0]}'] * 100_000, workers=2)"
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "TMPDIR": str(tmp_path)})
    with process:
        wait_until(lambda: len(processes_with(str(tmp_path))) > 3 and list(tmp_path.glob("pymp-*/*")))
        process.kill()
    wait_until(lambda: not processes_with(str(tmp_path)))
    assert list(tmp_path.iterdir()) == []


def test_a_script_ends_though_it_has_not_taken_all_pages(tmp_path: Path):
    script = tmp_path / "script.py"
    script.write_text(
        "import lenet.reading, sys\nif __name__ == '__main__':\n"
        f"    pages = lenet.reading.read_all({[str(path) for path in PATHS * 20]!r}, workers=2)\n"
        "    print(next(pages).result.text)\n    sys.kept, pages = pages, None\n"
    )
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=SECONDS)
    assert (ran.stdout, ran.stderr) == ("5\n", "")


def test_a_picture_is_read_by_one_call():
    assert lenet.read(PATHS[5]).text == "1998"
    assert lenet.read(PATHS[5].read_bytes(), length=4).text == "1998"
    assert lenet.read(np.asarray(Image.open(PATHS[3]).convert("L")), single=True, polarity="paper-high").text == "7"
    assert lenet.read(PATHS[3], network="lenet-5-relu").text == "7"


def test_a_list_gives_a_list_and_a_bad_picture_an_error(tmp_path: Path):
    assert [reading.text for reading in lenet.read(PATHS)] == list(TEXTS)
    assert lenet.read([]) == []
    with pytest.raises(DataError, match="no such file"):
        lenet.read([PATHS[0], tmp_path / "missing.png"])
    with pytest.raises(DataError, match="no such file"):
        lenet.read(tmp_path / "missing.png")
    write_idx(tmp_path / "digits", np.zeros((1, 28, 28), np.uint8))
    with pytest.raises(DataError, match="digits: is an IDX file, expected a picture"):
        lenet.read([tmp_path / "digits"])


@pytest.mark.parametrize("function", [lenet.read, Reader.read, read_all, Reader, Settings])
def test_an_unknown_keyword_is_refused_in_the_name_of_what_was_called(function):
    with pytest.raises(
        TypeError, match=rf"^{function.__qualname__}(\.__init__)?\(\) got an unexpected keyword argument 'patern'"
    ):
        function(patern=1)


def test_the_keywords_of_reading_are_those_of_the_settings_and_have_their_types():
    written, settings = inspect.signature(lenet.read).parameters, inspect.signature(Settings).parameters
    assert set(written) - {"pictures", "workers"} == set(settings)
    for name, parameter in settings.items():
        own = written[name]
        assert (own.default, str(own.annotation)) == (parameter.default, str(parameter.annotation))
        assert own.kind is inspect.Parameter.KEYWORD_ONLY


def test_steps_are_kept_only_when_asked_and_drawing_says_how_to_ask(tmp_path: Path):
    for read in (lenet.read, Reader().read):
        assert read(PATHS[0]).steps is None
        assert read(PATHS[0], keep_steps=True).steps is not None
    [alone], [page] = lenet.read(PATHS[:1], keep_steps=True), read_all(PATHS[:1], Settings(keep_steps=True))
    assert alone.steps is not None
    assert page.result.steps is not None
    for draw in (annotated, steps_picture, partial(draw_annotated, path=tmp_path / "drawn.png")):
        with pytest.raises(ReadingError, match=r"five\.png: its steps were not kept; to draw them, read it with keep_"):
            draw(lenet.read(PATHS[0]))


def test_readings_hold_no_picture_and_print_as_one_short_line():
    page = np.full((3000, 4000), 230, np.uint8)
    page[300:2700, 1900:2100] = 30
    for source in (page, PATHS[1]):
        reading = lenet.read(source)
        assert reading.digits
        assert len(pickle.dumps(reading)) < 100_000
        assert sum(kept.nbytes for kept in arrays_within(reading)) == len(reading.digits) * 28 * 28
        assert len(repr(reading)) <= 200
        assert len(repr(lenet.read(source, keep_steps=True))) <= 200
        assert all(len(repr(digit)) <= 200 for digit in reading.digits)
        assert len(repr(Page(0, 1, True, reading))) <= 300
    assert len(repr(replace(reading, text="1" * 10_000, name="x" * 10_000))) <= 200
    assert repr(IdxReading("x" * 10_000, np.zeros((70_000, 10), np.float32))).startswith("IdxReading(70,000 digits, 'x")
    assert len(repr(IdxReading("x" * 10_000, np.zeros((70_000, 10), np.float32)))) <= 200


def arrays_within(kept: object) -> list[np.ndarray]:
    """The arrays that an object keeps from being freed, those that others are views of included."""
    result, seen, left = [], set(), [kept]
    while left:
        one = left.pop()
        if id(one) in seen or isinstance(one, type | ModuleType | FunctionType):
            continue
        seen.add(id(one))
        if isinstance(one, np.ndarray):
            result.append(one if one.base is None else one.base)
        left += gc.get_referents(one)
    return result


def box_of(picture: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    return (picture == color).all(axis=2)


def longest_run(mask: np.ndarray) -> int:
    """The most pixels of a row that are set one after the other."""
    ends = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(int).ravel())
    return int((np.flatnonzero(ends < 0) - np.flatnonzero(ends > 0)).max())


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_neither_boxes_nor_labels_hide_a_digit(path: Path):
    reading = lenet.read(path, keep_steps=True)
    side, frame = 1000, 40
    sheet = Sheet(reading, side, frame, text_height=20)
    before = np.asarray(sheet.picture).copy()
    sheet.mark_digits()
    after = np.asarray(sheet.picture)
    assert (after != before).any()
    for digit in reading.digits:
        top, left, bottom, right = (frame + round(extent * side / max(reading.size)) for extent in digit.box)
        inside = (slice(top, bottom), slice(left, right))
        assert (after[inside] == before[inside]).all()


@pytest.mark.parametrize("side", [8, 28, 100, 3000])
def test_a_drawing_is_legible_at_any_size_of_the_picture(side: int):
    page = np.full((side, side), 230, np.uint8)
    page[side // 5 : -side // 5, side * 45 // 100 : max(side * 45 // 100 + 1, side * 55 // 100)] = 20
    drawn = annotated(lenet.read(page, keep_steps=True))
    assert min(720, 12 * side) <= max(drawn.size) <= 2500
    assert min(drawn.size) > 90


def test_rejected_digits_differ_in_color_and_in_line():
    reading = lenet.read(PATHS[5], keep_steps=True)
    doubtful = replace(reading, digits=tuple(replace(digit, is_rejected=True) for digit in reading.digits))
    blue, orange = (0, 90, 181), (213, 94, 0)
    sure, rejected = np.asarray(annotated(reading)), np.asarray(annotated(doubtful))
    assert (box_of(sure, blue).any(), box_of(sure, orange).any()) == (True, False)
    assert (box_of(rejected, blue).any(), box_of(rejected, orange).any()) == (False, True)
    # The bottom edges of the boxes are long lines; no line of a broken one is.
    assert longest_run(box_of(sure, blue)) > 60
    assert longest_run(box_of(rejected, orange)) < 60


def test_steps_are_drawn_for_no_digit_one_and_many():
    blank = np.full((80, 80), 255, np.uint8)
    assert lenet.read(blank).text == ""
    for reading in lenet.read([blank, PATHS[3], PATHS[2]], keep_steps=True):
        picture = steps_picture(reading)
        assert 640 <= picture.width <= 2000
        assert picture.height >= 300


def test_annotated_pages_have_files_of_their_own(tmp_path: Path):
    buffer = io.BytesIO()
    first, second = (Image.open(path).convert("L") for path in PATHS[3:5])
    first.save(buffer, "tiff", save_all=True, append_images=[second])
    sources = [buffer.getvalue()]
    list(read_all(sources, callback=Drawings(tuple(drawing_paths(sources, tmp_path)))))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["stdin-page-1.png", "stdin-page-2.png"]


NAMES_ALIKE = st.from_regex(r"[aA]{1,2}(\.tif)?(-page-[12])?(\.(png|tif|PNG|jpg))?", fullmatch=True)


@given(st.lists(st.lists(NAMES_ALIKE, min_size=1, max_size=3), min_size=1, max_size=8))
def test_drawings_of_different_pages_have_different_files_on_every_file_system(parts: list[list[str]]):
    sources = [Path("root", *names) for names in parts]
    paths = drawing_paths(sources, Path("out"))
    files = [[path, *(page_path(path, number) for number in range(1, 4))] for path in paths]
    assert all(path.parts[0] == "out" and ".." not in path.parts for path in paths)
    written = [str(path).casefold() for one in files for path in one]
    assert len(set(written)) == len(written)
    folders = {str(folder).casefold() for path in paths for folder in path.parents}
    assert folders.isdisjoint(written)
    assert drawing_paths(sources, Path("out")) == paths


@pytest.mark.parametrize("letter", ["x", "七"])
def test_drawings_have_names_that_file_systems_take(tmp_path: Path, letter: str):
    longest = 255 // len(letter.encode())
    names = [letter * (longest - 4) + suffix for suffix in (".tif", ".pgm", ".png")]
    names += [letter * (longest - 5) + end for end in ("1.tif", "2.tif")]
    paths = drawing_paths([tmp_path / name for name in names], tmp_path / "out")
    files = [file for path in paths for file in (path, page_path(path, 1), page_path(path, 1000))]
    assert len(set(files)) == 3 * len(names)
    (tmp_path / "out").mkdir()
    for file in files:
        file.touch()
    assert paths[2].name == names[2]


def test_no_page_is_drawn_over_a_picture_that_is_read(tmp_path: Path):
    [scan, other] = drawing_paths(
        [tmp_path / "in" / "scan.tif", tmp_path / "in" / "scan.tif-page-1.png"], tmp_path / "in"
    )
    assert scan == tmp_path / "in" / "scan.tif-2.png"
    assert other == tmp_path / "in" / "scan.tif-page-1.png"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_page_that_cannot_be_finished_says_so_and_the_others_are_read(tmp_path: Path, workers: int):
    (tmp_path / "file").write_text("in the way")
    paths = (tmp_path / "five.png", tmp_path / "file" / "phone.png", tmp_path / "pi.png")
    first, second, third = read_all(PATHS[:3], workers=workers, callback=Drawings(paths))
    assert texts([first, second, third]) == list(TEXTS[:3])
    assert [page.callback_error for page in (first, third)] == [None, None]
    assert re.match(rf"{paths[1]}: cannot be drawn \((file exists|not a directory)\)$", str(second.callback_error))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "five.png", "pi.png"]


def fill_the_disk(page: Page) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_caller_does_with_a_page_may_fail_and_is_no_defect_of_the_reader(workers: int):
    pages = list(read_all(PATHS[:2], workers=workers, callback=fill_the_disk))
    assert texts(pages) == list(TEXTS[:2])
    for path, page in zip(PATHS, pages, strict=False):
        assert str(page.callback_error).startswith(
            f"{path}: was read, and what was to be done with its reading failed (OSError"
        )


@dataclass(frozen=True)
class Slow:
    """Answers with its process, after a while."""

    def __call__(self, task: int) -> int:
        time.sleep(0.2)
        return os.getpid()


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_a_worker_that_is_asked_to_end_goes_on_while_its_parent_lives_and_tasks_wait():
    results = map_in_processes(Slow, range(6), 1, lambda task: -1)
    first = next(results)
    os.kill(first, signal.SIGTERM)
    assert list(results) == [first] * 5


@dataclass(frozen=True)
class LargeAnswers:
    """Answers that no pipe holds."""

    def __call__(self, task: bytes) -> bytes:
        return task * 20 if len(task) < 100_000 else task


@pytest.mark.parametrize("size", [10, 4000, 70_000, 500_000])
def test_tasks_and_answers_that_no_pipe_holds_hold_up_nothing(size: int):
    tasks = [bytes([number]) * (size + number) for number in range(24)]
    results = list(map_in_processes(LargeAnswers, tasks, 2, lambda task: b""))
    assert results == [LargeAnswers()(task) for task in tasks]


@dataclass(frozen=True)
class Deadly:
    """Ends its process at the numbers that are divisible by 5."""

    def __call__(self, number: int) -> int:
        if number % 5 == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return number


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_tasks_that_wait_in_the_pipe_of_a_process_that_dies_are_done_by_another():
    results = list(map_in_processes(Deadly, range(1, 22), 2, lambda number: -number))
    assert results == [-number if number % 5 == 0 else number for number in range(1, 22)]


@dataclass(frozen=True)
class Noting:
    """Notes each number in a file."""

    path: Path

    def __call__(self, number: int) -> int:
        with self.path.open("a") as file:
            file.write(f"{number}\n")
        return number


def test_a_process_goes_on_while_its_parent_is_busy(tmp_path: Path):
    results = map_in_processes(partial(Noting, tmp_path / "notes"), range(20), 1, lambda number: -1)
    assert next(results) == 0
    wait_until(lambda: len((tmp_path / "notes").read_text().splitlines()) >= 2)
    results.close()
