"""Files of torch.save, read without torch: what is taken, and what is refused in one sentence without being run."""

import io
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import lenet
from lenet.checkpoints import pytorch
from lenet.cli import main
from lenet.errors import WeightsError
from tests.checkpoints import files

torch = pytest.importorskip("torch")
nn = torch.nn


def short_state():
    return lenet.create("lenet-short", seed=1).to_torch().state_dict()


def same(arrays, state) -> bool:
    return list(arrays) == list(state) and all(
        np.array_equal(array, state[name].float().numpy()) for name, array in arrays.items()
    )


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before 1.6"])
def test_both_formats_hold_what_torch_reads_from_them(zipped, tmp_path):
    state = short_state()
    torch.save(state, tmp_path / "m.pth", _use_new_zipfile_serialization=zipped)
    assert same(pytorch.read(tmp_path / "m.pth"), state)
    optimizer = torch.optim.Adam([nn.Parameter(torch.zeros(3))])
    checkpoint = {"epoch": 3, "optimizer": optimizer.state_dict(), "rates": [0.1, None], "best": torch.tensor(1.0)}
    torch.save(checkpoint | {"net": state}, tmp_path / "m.pth", _use_new_zipfile_serialization=zipped)
    assert same(pytorch.read(tmp_path / "m.pth"), state)


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_other_floats_are_taken_as_float32(kind, ending, tmp_path):
    from safetensors.torch import save_file

    state = {name: tensor.to(kind) for name, tensor in short_state().items()}
    path = tmp_path / f"m.{ending}"
    torch.save(state, path) if ending == "pth" else save_file(state, path)
    model = lenet.load(path)
    for name, array in model.parameters.items():
        np.testing.assert_array_equal(array, state[name].float().numpy())


def test_views_parameters_and_prefixes_of_wrappers_are_taken(tmp_path):
    state = short_state()
    shared = torch.cat([tensor.flatten() for tensor in state.values()])
    views, start = {}, 0
    for name, tensor in state.items():
        views[f"module.{name}"] = shared[start : start + tensor.numel()].view(tensor.shape)
        start += tensor.numel()
    last = "module.output.weight"
    views[last] = nn.Parameter(views[last].T.contiguous().T)  # by columns
    torch.save(views, tmp_path / "m.pth")
    assert same(pytorch.read(tmp_path / "m.pth"), state)


def test_checkpoints_load_where_there_is_no_torch(tmp_path):
    torch.save(short_state(), tmp_path / "m.pth")
    shown = f"print(lenet.load({str(tmp_path / 'm.pth')!r}).network.name)"
    code = f"import sys; sys.modules['torch'] = None; import lenet; {shown}"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "lenet-short\n"


def test_files_written_by_hand_are_torchs(tmp_path):
    arrays = dict(lenet.create("lenet-short", seed=1).parameters)
    (tmp_path / "m.pth").write_bytes(files.state_dict_file(arrays))
    assert same(arrays, torch.load(tmp_path / "m.pth", weights_only=True))
    assert same(pytorch.read(tmp_path / "m.pth"), torch.load(tmp_path / "m.pth", weights_only=True))


def test_numbers_of_machines_with_the_other_order_of_bytes_are_turned(tmp_path):
    arrays = dict(lenet.create("lenet-short", seed=1).parameters)
    program, members = files.program_of(files.state_dict_file(arrays))
    turned = {f"data/{key}": array.astype(">f4").tobytes() for key, array in enumerate(arrays.values())}
    (tmp_path / "m.pth").write_bytes(files.archive_of(program, members | turned | {"byteorder": b"big"}))
    for name, array in pytorch.read(tmp_path / "m.pth").items():
        np.testing.assert_array_equal(array, arrays[name])


class Runs:
    """What would make a file if it were let run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


class Module(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)


def written(value, **options) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, **options)
    return file.getvalue()


def system(*arguments) -> bytes:
    return b"\x80\x02cposix\nsystem\n" + pickle.dumps(arguments, 2)[2:-1] + b"R."


def wrong_files(folder: Path) -> dict[str, tuple[bytes, str]]:
    """Contents of files, and the messages about them."""
    state, marked = short_state(), folder / "RUN"
    whole, zipped = Module(), written(state)
    numbered = {name: (100 * tensor).to(torch.int8) for name, tensor in state.items()}
    endless = {name: torch.where(tensor > 0, tensor, torch.nan) for name, tensor in state.items()}
    large = zipped.replace(b"K\x96", b"J\xff\xff\xff\x7f", 1)
    assert large != zipped
    return {
        "code": (files.archive_of(system(f"touch {marked}"), {}), "asks for posix.system, and no file is let run code"),
        "code before 1.6": (system(f"touch {marked}"), "asks for posix.system, and no file is let run code"),
        "code within": (written({**state, "x": Runs(marked)}), "asks for .*getattr"),
        "text code": (f"cposix\nsystem\n(S'touch {marked}'\ntR.".encode(), "is no file of torch.save"),
        "module": (written(whole), "is a whole pickled module .*Module.*expected a state_dict, as torch.save"),
        "module before 1.6": (written(whole, _use_new_zipfile_serialization=False), "is a whole pickled module"),
        "module within": (written({"model": whole}), "is a whole pickled module"),
        "half": (zipped[: len(zipped) // 2], "is damaged: a zip archive whose end is missing"),
        "half before 1.6": (written(state, _use_new_zipfile_serialization=False)[:9000], "is damaged"),
        "nothing": (b"", "is no file of torch.save"),
        "list": (written([1, 2]), "holds no state_dict"),
        "one tensor": (written(torch.zeros(3, 1, 5, 5)), "holds no state_dict"),
        "no convolution": (written(nn.Linear(3, 2).state_dict()), "no state_dict with a convolution"),
        "two": (written({"student": state, "teacher": state}), r"several state_dicts \(student, teacher\)"),
        "int8": (written(numbered), "conv1.weight holds int8 numbers, expected float32, float64, float16 or bfloat16"),
        "not a number": (written(endless), "conv1.weight holds a value that is not a finite number"),
        "larger than it is": (large, "is damaged"),
        "larger than any": (
            written({"w": torch.empty(0)}).replace(b"K\x00\x85", b"J\xff\xff\xff\x7f\x85"), "no state_dict|damaged"
        ),
        "other": (files.archive_of(b"", {})[:-1] + b"\0", "is damaged"),
        "no torch.save": (zip_of_nothing(), "is a zip archive, but not one of torch.save"),
        "steps without end": (files.archive_of(b"\x80\x02" + b"0" * 10, {}), "pickle is damaged"),
        "more numbers than an array has": (
            files.archive_of(*with_members(**{"data/0": bytes(1000)})), "data/0 claims 1,000 bytes, expected 600"
        ),
        "a long pickle": (files.archive_of(b"." * (1 << 22) + b".", {}), "data.pkl claims 4,194,305 bytes"),
        "many steps": (files.archive_of(b"\x80\x02" + b"}" * 1_000_010, {}), "has over 1,000,000 steps"),
        "memo": (files.archive_of(b"\x80\x02}r\xff\xff\xff\x7f.", {}), "no state_dict with a convolution"),
        "bytes without end": (files.archive_of(b"\x80\x04\x8e" + b"\xff" * 7 + b"\x00.", {}), "pickle is damaged"),
    }  # fmt: skip


def with_members(**members: bytes) -> tuple[bytes, dict[str, bytes]]:
    """A sound file's pickle and parts, some exchanged."""
    program, sound = files.program_of(files.state_dict_file(lenet.create("lenet-short", seed=1).parameters))
    return program, sound | members


def zip_of_nothing() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x.npy", b"")
    return file.getvalue()


KINDS = list(wrong_files(Path("/nowhere")))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_state_dict_is_refused_in_one_sentence_and_never_run(kind, tmp_path, capsys):
    content, message = wrong_files(tmp_path)[kind]
    path = tmp_path / "m.pth"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=rf"m\.pth: .*(?:{message})"):
        lenet.load(path)
    assert main(["convert", str(path), "-o", str(tmp_path / "out.safetensors")]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith("lenet: ")
    assert output.err.count("\n") == 1
    assert [one.name for one in tmp_path.iterdir()] == ["m.pth"]


def test_a_file_larger_than_any_network_is_not_read(tmp_path):
    for name in ("m.pth", "m.onnx", "m.safetensors"):
        with (tmp_path / name).open("wb") as file:
            file.write(b"\2\0\0\0\0\0\0\0{}" if name.endswith("safetensors") else b"")
            file.truncate(10 << 30)
        with pytest.raises(WeightsError, match=r"10,737,418,240 bytes, expected at most 268,435,456|safetensors file"):
            lenet.load(tmp_path / name)


def test_an_array_that_claims_ten_gigabytes_is_refused_before_it_is_read(tmp_path):
    state = {"conv1.weight": torch.zeros(1).expand(50_000_000, 2, 5, 5)}
    torch.save(state, tmp_path / "m.pth")
    with pytest.raises(WeightsError, match="claims to hold 2,500,000,000 numbers, expected at most 67,108,864"):
        lenet.load(tmp_path / "m.pth")
