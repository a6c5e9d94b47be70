"""Where an extra is not installed, every verb works without it or says in one sentence what to install."""

import json
import os

import pytest

import lenet
from lenet.cli import VERBS
from lenet.engine.native import instruction_sets
from tests.checkpoints.files import state_dict_file
from tests.install.bare import ENGINE, OPTIONAL, command_without, run_without

SEVEN = "examples/digits/seven.png"
WORKS, TRAINS = "", "training needs the native engine, which was not built, or torch, which is not installed"
FIGURES = "drawing figures needs matplotlib, which is not installed; install it with: pip install 'lenet[figures]'"
# What each command says where no extra is installed, with and without the native engine; nothing where it works.
COMMANDS = {
    "networks": WORKS,
    "show lenet-5 --explain": WORKS,
    "show lenet-5 --diagram {folder}/diagram.svg": FIGURES,
    "diff lenet-5 lenet-5-relu": WORKS,
    "code lenet-5": WORKS,
    "data list": WORKS,
    "evaluate lenet-5 --data {folder}/digits.npz": WORKS,
    "convert {folder}/short.pth -o {folder}/from-torch.safetensors": WORKS,
    "convert {folder}/short.onnx -o {folder}/from-onnx.safetensors": WORKS,
    f"predict {SEVEN} --model lenet-5-relu": WORKS,
    f"read {SEVEN}": WORKS,
    f"read {SEVEN} --detail": WORKS,
    "read {folder}/page.pdf": "reading PDF files needs pypdfium2, which is not installed",
    f"read {SEVEN} --csv {{folder}}/seven.csv --jsonl {{folder}}/seven.jsonl --resume": WORKS,
    f"read {SEVEN} --parquet {{folder}}/seven.parquet": "writing Parquet files needs pyarrow, which is not installed",
    "read {folder}/photo.heic": "reading HEIC pictures needs pillow-heif, which is not installed",
    f"maps lenet-5 {SEVEN} -o {{folder}}/maps": FIGURES,
    "explain -o {folder}/page.html": WORKS,
    "export lenet-5 --to c -o {folder}/exported.c": WORKS,
    "export lenet-5 --to pth -o {folder}/exported.pth": WORKS,
    "export lenet-5 -o {folder}/exported.onnx": "writing ONNX models needs onnx, which is not installed",
    f"read {SEVEN} {{folder}}/answers --ray": "reading by many machines needs ray, which is not installed",
    f"form new {SEVEN} -o {{folder}}/form.toml": "shows no boxes, combs or lines to write on",
    "check 1": WORKS,
    "review {folder}/readings.jsonl": "serving needs fastapi, which is not installed",
    "serve --port 0 --desk {folder}/desk": "serving needs fastapi, which is not installed",
    "serve --port 0": "serving needs fastapi, which is not installed; install it with: pip install 'lenet[serve]'",
    "reproduce --list": WORKS,
    "reproduce lenet-5 --quick --out {folder}/row": FIGURES,
    "doctor": WORKS,
}
WITH_THE_ENGINE = {
    "train lenet-5-relu --data {folder}/digits.npz --epochs 1 --out {folder}/run": (WORKS, TRAINS),
    "adapt {folder}/hand --out {folder}/adapted": (None, TRAINS),
    "bench": (None, "nothing that can be measured is installed"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    import numpy as np

    from lenet.exporting.onnx import to_onnx

    folder = tmp_path_factory.mktemp("bare")
    images, labels = np.zeros((40, 28, 28), np.uint8), np.arange(40) % 10
    for image, label in zip(images, labels, strict=True):
        image[4 + label : 24, 8:20] = 255
    parts = {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels}
    np.savez(folder / "digits.npz", **parts)
    short = lenet.create("lenet-short", seed=1)
    (folder / "short.pth").write_bytes(state_dict_file(short.parameters))
    (folder / "short.onnx").write_bytes(to_onnx(short.network, short.parameters))
    (folder / "page.pdf").write_bytes(b"%PDF-1.4\n")
    (folder / "photo.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 100)
    return folder


def check(ran, message):
    assert "Traceback" not in ran.stderr
    assert (ran.returncode == 0) == (message == WORKS), ran.stderr
    last = ran.stderr.splitlines()[-1] if ran.stderr else ""
    assert last.startswith("lenet: ") or not message
    assert message in last


@pytest.mark.parametrize("missing", [OPTIONAL, (*OPTIONAL, ENGINE)], ids=["extras", "extras and engine"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_bare_installation_works_or_says_what_to_install(command, missing, folder):
    ran = command_without(missing, *command.format(folder=folder).split())
    check(ran, COMMANDS[command])


@pytest.mark.parametrize("command", WITH_THE_ENGINE)
def test_what_only_the_engine_or_torch_can_do_says_so_where_neither_is(command, folder):
    with_engine, without = WITH_THE_ENGINE[command]
    given = command.format(folder=folder).split()
    if with_engine is not None and instruction_sets():
        check(command_without(OPTIONAL, *given), with_engine)
    if not command.startswith("adapt"):
        check(command_without((*OPTIONAL, ENGINE), *given), without)


# The examples of the Python interface, a line each: what it gives, or what must be installed for it.
LINES = {
    'lenet.create("lenet-5-relu", classes=["cat", "dog"], channels=3, seed=1)': "Model(lenet-5-relu, ",
    'lenet.load("lenet-5")': "Model(lenet-5, ",
    "model.predict(pictures)": "[Prediction('1'",
    "list(model.activations(pictures))[:2]": "['input', 'conv1']",
    'model.evaluate("mnist")': "Evaluation(lenet-5-relu on mnist, test split",
    'model.save("mine.safetensors")': "PosixPath('mine.safetensors')" if os.name == "posix" else "WindowsPath",
    "model.to_torch()": "building a PyTorch module needs torch",
    'lenet.train("lenet-5-relu", "mnist", recipe="fast", epochs=1, validation=59_000).history[-1]["epoch"]': "1",
    'lenet.train(model, "mnist", epochs=1, validation=59_000).model': "Model(lenet-5-relu, ",
    'lenet.evaluate("lenet-5", "mnist")': "Evaluation(lenet-5 on mnist, test split",
    "lenet.read(255 - pictures[0], single=True)": "Reading('1'",
    "lenet.maps(model, pictures[0])": "needs matplotlib",
    "lenet.explain(model)": "PosixPath('lesson.html')" if os.name == "posix" else "WindowsPath",
    'lenet.reproduce("lenet-5", quick=True)': "needs matplotlib",
    'lenet.show("lenet-5")': "NetworkSummary(lenet-5, ",
    'lenet.diff("lenet-1", "lenet-5")': "NetworkDifference(lenet-1 and lenet-5, ",
    'lenet.code("lenet-5")[:11]': "LeNet-5",
    'lenet.data.load("mnist")': "Dataset(mnist, 60,000 training and 10,000 test examples, ",
    'lenet.export(model, "onnx", "mine.onnx")': "needs onnx",
}
_BEFORE = """
import numpy as np
import lenet
pictures = np.zeros((3, 28, 28), np.uint8)
pictures[:, 4:24, 12:16] = 255
model = lenet.load("lenet-5-relu")
"""


@pytest.mark.skipif(not instruction_sets(), reason="without torch the native engine trains")
def test_each_line_of_the_python_interface_works_in_an_empty_folder_or_says_what_to_install(mnist, tmp_path):
    code = _BEFORE
    for number, line in enumerate(LINES):
        code += (
            f"try:\n    print({number}, repr({line}))\nexcept lenet.LeNetError as error:\n    print({number}, error)\n"
        )
    ran = run_without(OPTIONAL, code, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    output = dict(line.split(" ", 1) for line in ran.stdout.splitlines())
    wrong = {
        line: output[str(number)]
        for number, (line, message) in enumerate(LINES.items())
        if message not in output[str(number)]
    }
    assert wrong == {}


def test_every_verb_is_among_the_commands():
    tried = {command.split()[0] for command in (*COMMANDS, *WITH_THE_ENGINE)}
    assert tried == set(VERBS)


def test_reproducing_asks_for_what_it_will_draw_with_before_it_trains(folder):
    ran = command_without(OPTIONAL, "reproduce", "lenet-5", "--quick", "--out", folder / "asked")
    assert FIGURES in ran.stderr
    assert "epoch 1/1" not in ran.stderr
    assert not (folder / "asked").exists()


def test_a_benchmark_of_nothing_prints_no_table_and_says_what_to_install():
    ran = command_without((*OPTIONAL, ENGINE), "bench")
    assert ran.returncode == 1
    assert ran.stdout == ""
    sentence = ran.stderr.splitlines()[-1]
    for remedy in ("the native engine was not built; install a C++ compiler", "'lenet[train]'", "'lenet[bench]'"):
        assert remedy in sentence


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("lenet.figures.write_diagram(lenet.describe('lenet-5'), 'no/diagram.svg')", "needs matplotlib"),
        ("from lenet.pytorch import build", "needs torch"),
        ("from lenet.server import create_app", "needs fastapi"),
        ("from lenet.exporting.onnx import to_onnx", "needs onnx"),
        ("import lenet.training.losses", "needs torch"),
        ("lenet.LeNetClassifier", "needs scikit-learn"),
    ],
)
def test_python_names_the_extra_too(code, message):
    asked = f"try:\n    {code}\nexcept MissingExtra as error:\n    print(error)"
    ran = run_without(OPTIONAL, f"import lenet, lenet.figures\nfrom lenet.errors import MissingExtra\n{asked}")
    assert message in ran.stdout, ran.stderr
    assert "install it with: pip install 'lenet[" in ran.stdout


def test_the_doctor_tells_the_truth_where_nothing_optional_is_installed():
    ran = command_without((*OPTIONAL, ENGINE), "doctor", "--json")
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout)["checks"]
    assert {entry["status"] for entry in result["versions"].values()} == {"ok"}
    engine = {name: entry["status"] for name, entry in result["engine"].items()}
    assert engine == {"extension": "missing", "training": "missing", "reading": "ok", "matrix unit": "missing"}
    training = result["engine"]["training"]
    assert training["value"] is None
    assert training["text"] == "not available: there is no native engine, and torch is not installed"
    assert training["remedy"].startswith("pip install 'lenet[train]'")
    assert result["engine"]["reading"]["value"] == "numpy"
    assert {entry["status"] for entry in result["extras"].values()} == {"missing"}
    assert set(result["extras"]) == {
        "tables",
        "train",
        "figures",
        "onnx",
        "executorch",
        "estimator",
        "bench",
        "heic",
        "pdf",
        "serve",
        "desk",
        "cluster",
    }


def test_the_doctor_ticks_an_extra_only_if_all_of_it_is_there():
    for module in ("fastapi", "onnxruntime", "torch"):
        pytest.importorskip(module)
    result = json.loads(command_without(("httptools", "onnx"), "doctor", "--json").stdout)["checks"]["extras"]
    assert result["serve"]["status"] == result["bench"]["status"] == "missing"
    assert result["serve"]["text"] == "httptools is not installed; needed for lenet serve"
    assert result["bench"]["text"].startswith("onnx is not installed")
    assert result["train"]["status"] == "ok"


def test_the_line_about_the_missing_engine_does_not_promise_a_torch_that_is_missing():
    ran = command_without((*OPTIONAL, ENGINE), "read", SEVEN)
    assert "reading uses NumPy, which is slower, and nothing trains" in ran.stderr


def test_everything_can_be_imported_by_a_star():
    result = run_without(OPTIONAL, "from lenet import *; print(load('lenet-5').network.name)")
    assert (result.stdout, result.stderr) == ("lenet-5\n", "")
