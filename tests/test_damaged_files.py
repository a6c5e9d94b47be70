"""Damaged and lying files of every kind: whoever opens one gets what it holds, or one sentence; in bounded memory.

A child process goes through the files by the functions that users call; the same number always makes the same change.
LENET_FUZZ=5000 goes through more of them.
"""

import contextlib
import faulthandler
import gzip
import io
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from lenet.architecture import Activation, Convolution, FullConnection, MaxPooling, Network, Stage
from lenet.errors import LeNetError, printable
from lenet.networks import describe, to_toml
from tests.checkpoints import files
from tests.experiments.replica_fakes import use_fake_replicas
from tests.memory import peak_megabytes
from tests.reading.test_damage import Rng, cut, drop_a_piece, flip_bits, repeat_a_piece, write_a_large_number
from tests.reading.test_damage import mutated as mutated_picture

ROOT = Path(__file__).parents[1]
MUTANTS = int(os.environ.get("LENET_FUZZ", "300"))
CHUNK = 625  # files to a process
MAX_SECONDS = 60.0  # for one file: what is slower hangs, however busy the machine
MAX_WORK = 10.0  # seconds of a processor for one file, which a busy machine does not lengthen
MAX_MEGABYTES = 1000

HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 3, 2**31, 2**63, 10**30, -(10**30), 10**400, 0.5, -0.5, 1e-320, 1e300, float("nan"),
    float("inf"), "", "x", "mnist", "\x1b[2J\n", "\x9b31m", "\udc80", "../../../ESCAPED", "/ESCAPED", "a/b", "\0",
    "n" * 300, "n" * 5000, "9" * 5000, "nan", [], {}, [[]], [None], {"": None}, [1, 2], [[1]], {"name": "mnist"},
)  # fmt: skip
DEPTH = 100_000


def deep(rng: Rng) -> str:
    opening, closing = ("[", "]") if rng.random() < 0.5 else ('{"a":', "}")
    return opening * DEPTH + "0" + closing * DEPTH


def places_in(value: Any) -> list[tuple[Any, Any]]:
    """Every container and key of a JSON value."""
    result = []
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        result.append((value, key))
        result += places_in(value[key])
    return result


def changed_json(text: str, rng: Rng) -> str:
    """JSON with one or more values exchanged, dropped, doubled, moved, or nested deeper than parsers go."""
    value = json.loads(text)
    hole = ""
    for _ in range(1 if rng.random() < 0.8 else 3):
        places = places_in(value)
        if not places:
            return json.dumps(HOSTILE[rng.integers(len(HOSTILE))])
        container, key = places[rng.integers(len(places))]
        other, there = places[rng.integers(len(places))]
        match rng.choice(["exchange", "exchange", "drop", "swap", "add", "number", "deep", "whole"]):
            case "exchange":
                container[key] = HOSTILE[rng.integers(len(HOSTILE))]
            case "drop":
                del container[key]
            case "swap":
                container[key] = json.loads(json.dumps(other[there]))
            case "add" if isinstance(container, dict):
                container[str(HOSTILE[rng.integers(len(HOSTILE))])[:300]] = HOSTILE[rng.integers(len(HOSTILE))]
            case "number" if isinstance(container[key], int | float):
                container[key] = container[key] * int(rng.choice([-1, 0, 2, 1000, 10**9])) + int(rng.integers(-1, 2))
            case "deep":
                container[key], hole = "HOLE", deep(rng)
            case "whole" if rng.random() < 0.2:
                value = HOSTILE[rng.integers(len(HOSTILE))]
    return json.dumps(value).replace('"HOLE"', hole)


def changed_json_file(content: bytearray, rng: Rng) -> bytearray:
    return bytearray(changed_json(content.decode(), rng).encode())


def changed_lines(content: bytearray, rng: Rng) -> bytearray:
    lines = content.decode().splitlines()
    number = int(rng.integers(len(lines)))
    lines[number : number + 1] = [[changed_json(lines[number], rng)], [], lines[number : number + 1] * 2][
        rng.choice([0, 0, 0, 1, 2])
    ]
    return bytearray("".join(f"{line}\n" for line in lines).encode())


def changed_header(content: bytearray, rng: Rng) -> bytearray:
    """A safetensors file with another header: of its arrays, or of the JSON in its metadata."""
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    texts = header.get("__metadata__", {})
    if texts and rng.random() < 0.75:
        name = sorted(texts)[rng.integers(len(texts))]
        with contextlib.suppress(ValueError):
            texts[name] = changed_json(texts[name], rng)
        text = json.dumps(header)
    elif rng.random() < 0.4:  # numbers that are none, of every kind of array
        start, floats = 8 + size, (len(content) - 8 - size) // 4
        for _ in range(2 ** rng.integers(0, 4)):
            place = start + 4 * int(rng.integers(floats))
            value = np.float32(rng.choice([np.nan, np.inf, -np.inf, 3e38, 1e-45, -0.0]))
            content[place : place + 4] = value.tobytes()
        return content
    else:
        text = changed_json(json.dumps(header), rng)
    packed = text.encode()
    packed += b" " * (-len(packed) % 8)
    return bytearray(len(packed).to_bytes(8, "little") + packed + content[8 + size :])


def changed_idx_head(content: bytearray, rng: Rng) -> bytearray:
    """Another type, number of dimensions or size in the head of an IDX file."""
    dimensions = int(rng.choice([0, 1, 2, 3, 4, 33, 100, 255]))
    sizes = [int(rng.choice([0, 1, 2, 8, 65_535, 2**31, 2**32 - 1])) for _ in range(dimensions)]
    head = bytes([0, 0, int(rng.choice([8, 8, 9, 11, 13, 14, 99])), dimensions])
    return bytearray(head + np.array(sizes, ">u4").tobytes()) + content[16:]


def zipped(arrays: dict[str, bytes], compression: int) -> bytearray:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in arrays.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content, compression)
    return bytearray(file.getvalue())


def changed_npz_head(content: bytearray, rng: Rng) -> bytearray:
    """An NPZ file whose arrays claim other shapes and types, or inflate to far more than they hold."""
    arrays = {}
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        for name in archive.namelist():
            arrays[name.removesuffix(".npy")] = archive.read(name)
    name = sorted(arrays)[rng.integers(len(arrays))]
    shapes = ["(1000000000000000,)", "(0, 8, 8)", "(-1, 8, 8)", "(2, 2)", "(300000000, 8, 8)", "()", "(1,)*99",
              "(1, 8, 8)", "(36, 16, 16)"]  # fmt: skip
    kinds = ["|u1", "<f8", "|O", "<U9999999", "|V0", "|S0", "<M8[s]", "[('a', '<i4')]", "<i8", "<u8", "nonsense"]
    described = rng.choice(kinds)
    head = f"{{'descr': {described if described.startswith('[') else repr(str(described))}, 'fortran_order': False, "
    head += f"'shape': {rng.choice(shapes)}, }}"
    head += " " * (117 - len(head) % 64) + "\n"
    body = arrays[name][128:] if rng.random() < 0.8 else bytes(int(rng.choice([0, 100_000_000])))
    arrays[name] = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head.encode() + body
    return zipped(arrays, int(rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])))


def changed_table(content: bytearray, rng: Rng) -> bytearray:
    cells = [line.split(",") for line in content.decode().splitlines()]
    row = cells[rng.integers(len(cells))]
    values = ["", "x", '"', "\0", "../../etc/passwd", "/", "n" * 300, "n" * 200_000, "\x1b[2J", "٣", "²", "1|2", "|",
            " ", "12", "single", "string", "file", "label", ";", "\t"]  # fmt: skip
    row[rng.integers(len(row))] = values[rng.integers(len(values))]
    text = "\n".join(",".join(row) for row in cells)
    return bytearray(text.encode(str(rng.choice(["utf-8", "utf-8", "utf-16", "utf-8-sig"]))))


def changed_numbers(content: bytearray, rng: Rng) -> bytearray:
    """A table with other numbers in it, cells dropped, doubled, or a whole line of them."""
    lines = content.decode().splitlines()
    number = int(rng.integers(len(lines)))
    parted_by = "," if "," in lines[number] else " "
    cells = lines[number].split(parted_by)
    place = int(rng.integers(len(cells)))
    values = ["256", "-1", "1e400", "nan", "inf", "0.5", "1_0", "00", " 7 ", '"7"', "9" * 5000, "1e-320", "0x10", "1e2",
            "99999999999999999999"]  # fmt: skip
    match rng.choice(["exchange", "exchange", "drop", "double", "many", "words"]):
        case "exchange":
            cells[place] = values[rng.integers(len(values))]
        case "drop":
            del cells[place]
        case "double":
            cells[place:place] = cells[place : place + 1] * int(2 ** rng.integers(0, 12))
        case "many":
            cells = ["0"] * int(rng.choice([1, 2, 1_000_000, 3_000_000]))
        case "words":
            cells = [f"w{cell}" for cell in cells]
    lines[number] = parted_by.join(cells)
    return bytearray("\n".join(lines).encode())


def changed_pickle(content: bytearray, rng: Rng) -> bytearray:
    """A checkpoint of torch's, a sound zip, whose pickle names, claims or does something else, or is damaged."""
    program, members = files.program_of(bytes(content))
    places = [index for index in range(len(program)) if program[index : index + 1] in b"JX(ctQR"]
    place = places[rng.integers(len(places))]
    match rng.choice(["bytes", "bytes", "number", "name", "step", "storage", "lost"]):
        case "bytes":
            program = bytes(BYTES[rng.integers(len(BYTES))](bytearray(program), rng) or b"\0")
        case "number":
            numbers = [index for index in places if program[index : index + 1] == b"J"]
            place = numbers[rng.integers(len(numbers))] + 1
            value = int(rng.choice([-(2**31), -1, 0, 1, 7, 1 << 20, 2**31 - 1]))
            program = program[:place] + value.to_bytes(4, "little", signed=True) + program[place + 4 :]
        case "name":
            values = [
                b"posix\nsystem",
                b"torch\nIntStorage",
                b"torch\nFloat",
                b"collections\nOrderedDict",
                b"x\n\x1b[2J",
            ]
            program = program.replace(
                b"torch\nFloatStorage", values[rng.integers(len(values))], int(rng.integers(1, 4))
            )
        case "step":
            steps = [b"0", b"2", b"r\xff\xff\xff\x7f", b"j\xff\xff\xff\x7f", b"\x8e" + b"\xff" * 8, b"\x81", b"b", b".",
                     b"\x96" + b"\x7f" * 8, b"}" * 1000, b"(" * 1000, b"\x8b\xff\xff\xff\x7f", b"i\n\n"]  # fmt: skip
            program = program[:place] + steps[rng.integers(len(steps))] + program[place:]
        case "storage":
            members["data/0"] = bytes(int(rng.choice([0, 1, 599, 601, 1 << 22])))
        case "lost":
            del members[sorted(members)[rng.integers(len(members))]]
    return bytearray(files.archive_of(program, members))


TINY = Network(
    "tiny",
    (1, 8, 8),
    (Stage("c1", Convolution(4, 3), Activation.RELU), Stage("p1", MaxPooling()), Stage("output", FullConnection(3))),
)
BYTES = [cut, flip_bits, drop_a_piece, repeat_a_piece, write_a_large_number]


@dataclass(frozen=True)
class Subject:
    """A kind of file: where it lies in its folder, how it is changed, and what users open it by."""

    kind: str
    path: str
    structural: tuple[Callable[[bytearray, Rng], bytearray], ...]
    opened: Callable[[Path], object]


def run_verb(*arguments: str) -> None:
    """A verb as `main` runs it, but for the sentence that it makes of errors."""
    from lenet.cli import build_app

    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        build_app(arguments[0])(args=list(arguments), prog_name="lenet", standalone_mode=False)
    assert_printable(output.getvalue())


def assert_printable(text: str) -> None:
    plain = text.replace("\n", "").replace("\r", "")
    assert printable(plain) == plain, repr(text)[:500]


def train_again(folder: Path) -> None:
    run_verb("train", "--out", str(folder / "run"), "--resume", "--threads", "1")


def train_from(folder: Path) -> None:
    run_verb("train", "--from", str(folder / "run" / "run.json"), "--threads", "1", "--epochs", "1")


def open_history(folder: Path) -> None:
    from lenet.training.curves import draw_curves
    from lenet.training.runs import Run

    assert len(Run(folder / "run").history) in range(5)
    draw_curves(Run(folder / "run"))
    before = Run(folder / "run").last_path.read_bytes()
    train_again(folder)  # is never kept from going on
    assert Run(folder / "run").last_path.read_bytes() == before
    assert [row["epoch"] for row in Run(folder / "run").history] == [1, 2]


def load_data(folder: Path) -> None:
    from lenet import data

    result = data.load(folder / "data")
    for name in (result.name, *result.class_names):
        assert_printable(name)


def load_idx(folder: Path) -> None:
    from lenet import data

    run_verb("evaluate", str(folder / "weights.safetensors"), "--data", str(folder / "images"))
    data.load(folder / "images")


def load_csv(folder: Path) -> None:
    from lenet import data

    assert data.load(folder / "tables").train_images.dtype == np.uint8


def load_named_csv(folder: Path) -> None:
    from lenet import data

    assert data.load(folder / "names.csv").train_images.dtype == np.uint8


def load_emnist(folder: Path) -> None:
    from lenet import data

    assert data.load(folder / "emnist").train_images.dtype == np.uint8


def load_npz(folder: Path) -> None:
    run_verb("evaluate", str(folder / "weights.safetensors"), "--data", str(folder / "data.npz"))


def use_weights(folder: Path) -> None:
    """By everything that takes weights: reading, the page, evaluating, describing."""
    from lenet.model import load
    from lenet.page.document import page_document
    from lenet.reading import Reader
    from lenet.reading.recognition import Calibration

    result = load(folder / "weights.safetensors")
    refused = []
    for use in (
        lambda: page_document([result]),
        lambda: Calibration.of_one_view(result),
        lambda: Reader(result).read(picture("7"), single=True),
        lambda: result.trained_on,
        lambda: run_verb("evaluate", str(folder / "weights.safetensors"), "--data", str(folder / "ten.npz")),
    ):
        try:
            use()
        except LeNetError as error:
            refused.append(error)
    if refused:
        raise refused[0]


def use_checkpoint(folder: Path) -> None:
    run_verb("convert", str(folder / "short.pth"), "-o", str(folder / "converted.safetensors"))


def use_graph(folder: Path) -> None:
    run_verb("convert", str(folder / "short.onnx"), "-o", str(folder / "converted.safetensors"))


def use_plain_arrays(folder: Path) -> None:
    run_verb("convert", str(folder / "plain.safetensors"), "-o", str(folder / "converted.safetensors"))


def use_string_weights(folder: Path) -> None:
    from lenet.model import load
    from lenet.sdnn.reader import StringReader

    StringReader(load(folder / "strings.safetensors")).read(np.zeros((1, 32, 64), np.uint8))


def changed_toml(content: bytearray, rng: Rng) -> bytearray:
    lines = content.decode().splitlines()
    number = int(rng.integers(len(lines)))
    key, equals, _ = lines[number].partition(" = ")
    values = ["", "-1", "0", "1", "1_000_000_000_000", "9" * 5000, "1.5", "nan", "inf", "true", '""', '"x"', '"conv"',
            "[[[]]]", "[" * 3000, "{ a = 1 }", "1979-05-27", "[]", '"""', '"XX\\n.X"', '"table I"', '"\\u001b[2J"',
            '"' + "n" * 9000 + '"']  # fmt: skip
    changed = f"{key}{equals}{values[rng.integers(len(values))]}"
    other = lines[rng.integers(len(lines))]
    lines[number : number + 1] = [[changed], [], [changed, other], [other], [key.upper() + equals + "3", other]][
        rng.choice([0, 0, 0, 1, 2, 3, 4])
    ]
    return bytearray("\n".join(lines).encode())


def show_toml(folder: Path) -> None:
    """By what takes the description of a network that somebody wrote."""
    run_verb("show", str(folder / "own.toml"))
    run_verb("show", str(folder / "own.toml"), "--toml")
    run_verb("diff", str(folder / "own.toml"), "lenet-5")


def read_table(folder: Path) -> None:
    from lenet.reading.batch.labels import read_labels

    for picture in read_labels(folder / "labels.csv"):
        assert picture.path.is_file()


def read_photos(folder: Path) -> None:
    run_verb("evaluate", "--photos", str(folder / "labels.csv"), "--json")


def print_row(folder: Path) -> None:
    """A row that was reproduced already, or is now, by a stand-in for the engine."""
    from lenet.cli.reproduce import _print
    from lenet.experiments import find, runner
    from lenet.experiments.folder import checked_results
    from lenet.experiments.plan import Request
    from lenet.verbs.reproduce import write_row

    description = {"name": "mnist", "preparation": "as it is", "tested_on": "the test part", "training_patterns": 20,
               "test_patterns": 10, "training_sha256": "", "test_sha256": ""}  # fmt: skip
    runner.prepare = lambda *_, **__: runner.RowData(digits(20), digits(10), description)
    place, output = folder / "lenet-5", io.StringIO()
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_fake_replicas(monkeypatch)
        settings = runner.reproduce(find("lenet-5"), place, Request(seeds=2, passes=1)).settings
    write_row(place, settings)
    with checked_results(place), contextlib.redirect_stdout(output):
        _print(settings)


def open_group(folder: Path) -> None:
    """Go on with a group of networks of the native engine; it is trained if it was not yet."""
    from lenet.experiments.groups import train_group
    from lenet.experiments.streams import PatternStream
    from lenet.training.recipes import SDLM

    recipe = replace(SDLM, epochs=2, rates=(0.0005, 0.0002), curvature_examples=5)
    train_group(folder / "group", describe("lenet-5"), recipe, (0, 1), PatternStream(digits(20), 0), digits(10))


def open_old_group(folder: Path) -> None:
    """A group of networks that version 0.1 kept."""
    from lenet.experiments import version_1

    version_1.checkpoint(folder / "old/groups/all-1", [0], 200)


def digits(number: int) -> Any:
    from lenet.training.stream import Patterns

    rng = np.random.default_rng(number)
    return Patterns(rng.integers(0, 256, (number, 32, 32), np.uint8), rng.integers(0, 10, number))


def picture(text: str) -> bytes:
    import cv2

    pixels = np.full((60, 60), 220, np.uint8)
    cv2.putText(pixels, text, (15, 45), cv2.FONT_HERSHEY_SIMPLEX, 1.5, 20, 4)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


SUBJECTS = (
    Subject("run.json", "run/run.json", (changed_json_file,), train_from),
    Subject("run.json gone on with", "run/run.json", (changed_json_file,), train_again),
    Subject("last.safetensors", "run/last.safetensors", (changed_header,), train_again),
    Subject("history.jsonl", "run/history.jsonl", (changed_lines,), open_history),
    Subject("weights", "weights.safetensors", (changed_header,), use_weights),
    Subject("checkpoint of torch", "short.pth", (changed_pickle,), use_checkpoint),
    Subject("ONNX", "short.onnx", (), use_graph),
    Subject("plain safetensors", "plain.safetensors", (changed_header,), use_plain_arrays),
    Subject("weights of strings", "strings.safetensors", (changed_header,), use_string_weights),
    Subject("picture in a class folder", "data/a/0.png", (), load_data),
    Subject("IDX", "images/train-images-idx3-ubyte", (changed_idx_head,), load_idx),
    Subject("IDX labels", "images/train-labels-idx1-ubyte", (changed_idx_head,), load_idx),
    Subject("IDX.gz", "images/t10k-images-idx3-ubyte.gz", (), load_idx),
    Subject("NPZ", "data.npz", (changed_npz_head,), load_npz),
    Subject("CSV", "tables/train.csv", (changed_table, changed_numbers), load_csv),
    Subject("CSV with names", "names.csv", (changed_table, changed_numbers), load_named_csv),
    Subject("CSV.gz", "tables/test.csv.gz", (), load_csv),
    Subject("EMNIST", "emnist/emnist-letters-train-images-idx3-ubyte", (changed_idx_head,), load_emnist),
    Subject("EMNIST's mapping", "emnist/emnist-letters-mapping.txt", (changed_numbers,), load_emnist),
    Subject("labels.csv", "labels.csv", (changed_table,), read_table),
    Subject("TOML", "own.toml", (changed_toml,), show_toml),
    Subject("run.json of a finished row", "lenet-5/run.json", (changed_json_file,), print_row),
    Subject("group of networks", "group/last.safetensors", (changed_header,), open_group),
    Subject("group of version 0.1", "old/lanes/all-1.safetensors", (changed_header,), open_old_group),
)


@cache
def originals() -> dict[str, bytes]:
    """Sound files, by their paths: a run, weights, data of every kind, a row that was reproduced."""
    from lenet import data
    from lenet.exporting.onnx import to_onnx
    from lenet.initialization import initial_weights
    from lenet.model import Model, create, pretrained
    from lenet.sdnn.decoding import Grammar
    from lenet.sdnn.displacement import network_with_blank
    from lenet.sdnn.reader import with_grammar
    from lenet.training import fit, recipe

    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        arrays = {"x_train": rng.integers(0, 256, (36, 8, 8), np.uint8), "y_train": np.arange(36) % 3,
                  "x_test": rng.integers(0, 256, (12, 8, 8), np.uint8), "y_test": np.arange(12) % 3}  # fmt: skip
        np.savez_compressed(folder / "data.npz", class_names=np.array(["seven", "one", "two"]), **arrays)
        np.savez(folder / "ten.npz", images=rng.integers(0, 256, (20, 28, 28), np.uint8), labels=np.arange(20) % 10)
        (folder / "tables").mkdir()
        rows = [",".join(map(str, [number % 3, *levels.ravel()])) for number, levels in enumerate(arrays["x_train"])]
        (folder / "tables" / "train.csv").write_text("\n".join(rows))
        (folder / "tables" / "test.csv.gz").write_bytes(gzip.compress("\n".join(rows[:9]).encode(), mtime=0))
        names = [",".join([*row.split(",")[1:], "abc"[number % 3]]) for number, row in enumerate(rows)]
        (folder / "names.csv").write_text("\n".join([",".join([*(f"p{n}" for n in range(64)), "label"]), *names]))
        (folder / "emnist").mkdir()
        for kind, array in (("images-idx3", arrays["x_train"]), ("labels-idx1", arrays["y_train"].astype(np.uint8))):
            data.write_idx(folder / "emnist" / f"emnist-letters-train-{kind}-ubyte", array)
        (folder / "emnist" / "emnist-letters-mapping.txt").write_text("0 65 97\n1 66 98\n2 67 99\n")
        (folder / "images").mkdir()
        for part, key, end in (("train", "train", ""), ("t10k", "test", ".gz")):
            data.write_idx(folder / "images" / f"{part}-images-idx3-ubyte{end}", arrays[f"x_{key}"])
            data.write_idx(folder / "images" / f"{part}-labels-idx1-ubyte", arrays[f"y_{key}"].astype(np.uint8))
        for number, label in enumerate("abab"):
            path = folder / "data" / label / f"{number // 2}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (20, 24, 3), np.uint8)).save(path)
        for digit in "77":
            (folder / f"{digit}.png").write_bytes(picture(digit))
        (folder / "own.toml").write_text(to_toml(replace(describe("lenet-5"), name="own")))
        (folder / "labels.csv").write_text("file,label,kind,capture\n7.png,7,single,photo\n")
        source = {"name_or_path": "data.npz", "size": 8, "color": False}
        made = recipe("fast", TINY, epochs=2, batch=16, optimizer="adamw", ema=0.9)
        fit(TINY, data.load(folder / "data.npz"), made, folder / "run", threads=1, validation=6, source=source)
        Model(TINY, initial_weights(TINY, seed=0)).save(folder / "small.safetensors")
        shipped = pretrained()
        Model(shipped.network, shipped.parameters, shipped.provenance | {
            "data": {"name": "mnist"}, "adaptations": []}).save(folder / "weights.safetensors")  # fmt: skip
        short = create("lenet-short", seed=0)
        (folder / "short.pth").write_bytes(files.state_dict_file(short.parameters))
        (folder / "short.onnx").write_bytes(to_onnx(short.network, short.parameters))
        save_file(dict(short.parameters), folder / "plain.safetensors")
        blank = network_with_blank()
        strings = Model(blank, initial_weights(blank, seed=0))
        with_grammar(strings, Grammar(), 2, history=[{"pass": 1}]).save(folder / "strings.safetensors")
        open_group(folder)
        shutil.copytree(Path(__file__).parent / "version-0.1/row", folder / "old")
        print_row(folder)
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def mutated(number: int) -> tuple[Subject, str, bytes]:
    """A file, how it came about, and its bytes."""
    rng = np.random.default_rng(number)
    subject = SUBJECTS[number % len(SUBJECTS)]
    if subject.path.endswith(".png"):
        kind, content = mutated_picture(number // len(SUBJECTS))
        return subject, kind, content
    content = bytearray(originals()[subject.path])
    ways = subject.structural if subject.structural and rng.random() < 0.75 else BYTES
    changes = [ways[rng.integers(len(ways))]]
    if rng.random() < 0.1:
        changes.append(BYTES[rng.integers(len(BYTES))])
    for change in changes:
        if len(content) > 1:
            content = change(content, rng) or bytearray(b"\0")
    return subject, " + ".join(change.__name__ for change in changes), bytes(content)


def go_through(first: int, last: int) -> None:
    """In the child: a line of JSON before and after each file; a file that takes too long ends the process."""
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))  # so that a bomb does not take the machine with it
    files = originals()
    with tempfile.TemporaryDirectory() as name:
        for number in range(first, last):
            folder = Path(name) / str(number)
            subject, kind, content = mutated(number)
            for path, sound in files.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content if path == subject.path else sound)
            begun = time.process_time()
            message, failure = opened(subject, folder, number, kind)
            worked = time.process_time() - begun
            escaped = [
                str(path) for place in (Path("/"), Path(name), Path(name).parent) for path in place.glob("*ESCAPED*")
            ]
            result = {"message": message, "failure": failure, "escaped": escaped, "megabytes": peak_megabytes()}
            print(json.dumps(result | {"worked": worked}))
            shutil.rmtree(folder)


def opened(subject: Subject, folder: Path, number: int, kind: str) -> tuple[str, str]:
    """The message about a file, and other effects of it."""
    print(json.dumps({"number": number, "kind": f"{subject.kind}: {kind}"}), flush=True)
    faulthandler.dump_traceback_later(MAX_SECONDS, exit=True)
    os.chdir(folder)
    try:
        subject.opened(folder)
    except LeNetError as error:
        return str(error), ""
    except BaseException:
        return "", traceback.format_exc()
    finally:
        os.chdir(folder.parent)
        faulthandler.cancel_dump_traceback_later()
    return "", ""


@pytest.mark.parametrize("first", range(0, MUTANTS, CHUNK))
def test_every_damaged_file_is_opened_or_refused_in_one_sentence(first: int):
    last = min(first + CHUNK, MUTANTS)
    command = [sys.executable, "-m", __spec__.name, str(first), str(last)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120 + 4 * CHUNK, check=False)
    lines = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    assert ran.returncode == 0, f"{lines[-1] if lines else 'nothing'} ended the process: {ran.stderr[-3000:]}"
    outcomes = [{**asked, **result} for asked, result in zip(lines[::2], lines[1::2], strict=True)]
    assert len(outcomes) == last - first
    if log := os.environ.get("LENET_FUZZ_LOG"):
        with Path(log).open("a") as file:
            file.writelines(json.dumps(outcome) + "\n" for outcome in outcomes)
    for outcome in outcomes:
        assert outcome["failure"] == "", outcome
        assert outcome["escaped"] == [], outcome
        assert outcome["megabytes"] <= MAX_MEGABYTES, outcome
        assert outcome["worked"] <= MAX_WORK, outcome
        assert_printable(outcome["message"])
        assert "\n" not in outcome["message"], outcome
        assert len(outcome["message"]) < 1_000, outcome


def test_sound_files_are_opened():
    with tempfile.TemporaryDirectory() as name:
        for path, content in originals().items():
            (Path(name) / path).parent.mkdir(parents=True, exist_ok=True)
            (Path(name) / path).write_bytes(content)
        for subject in SUBJECTS:
            assert opened(subject, Path(name), 0, "sound") == ("", ""), subject.kind


def test_the_same_number_makes_the_same_file():
    numbers = range(3 * len(SUBJECTS))
    assert [mutated(number)[2] for number in numbers] == [mutated(number)[2] for number in numbers]


if __name__ == "__main__":
    go_through(int(sys.argv[1]), int(sys.argv[2]))
