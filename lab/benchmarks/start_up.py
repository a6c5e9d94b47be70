"""Time whole processes and measure their memory: ``python -m lab.benchmarks.start_up``.

A bare interpreter, ``import lenet``, ``lenet --version``, reading one picture, reading the 10,000 test digits of MNIST
from their IDX file; and the last two by ONNX Runtime and torch, the digits a thousand at a time. Needs
lenet[train,bench] for those.
"""

import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

from lab.benchmarks.command import create_parser, print_report, show_progress
from lab.benchmarks.processes import ProcessResult, lenet_command, run_process
from lab.command_line import run_command
from lenet.benchmarking import Report, Table
from lenet.benchmarking.digits import draw_blobs
from lenet.benchmarking.machine import describe_machine
from lenet.data import CATALOG, cache_folder, is_cached, write_idx
from lenet.errors import MissingExtra
from lenet.model import pretrained

PICTURE = Path(__file__).parents[2] / "examples/digits/seven.png"

# Programs for ``python -c``: one of the first two makes `batches`, one of the last two reads them.
_READ_IDX_CODE = """
import sys, numpy as np
raw = np.fromfile(sys.argv[2], np.uint8)[16:].reshape(-1, 1, 28, 28)
batches = [raw[i : i + 1000].astype(np.float32) / np.float32(255 * 0.3081) for i in range(0, len(raw), 1000)]
"""
_READ_PICTURE_CODE = """
import sys, numpy as np
from PIL import Image
gray = np.asarray(Image.open(sys.argv[2]).convert("L").resize((28, 28)))
batches = [gray.reshape(1, 1, 28, 28).astype(np.float32) / np.float32(255 * 0.3081)]
"""
_ONNXRUNTIME_CODE = """
import onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1] + ".onnx", providers=["CPUExecutionProvider"])
print(*np.concatenate([session.run(None, {"input": batch})[0].argmax(1) for batch in batches]))
"""
_TORCH_CODE = """
import torch
from torch import nn
stored = np.load(sys.argv[1] + ".npz")
arrays = [torch.from_numpy(stored[name]) for name in stored.files]
module = nn.Sequential(
    nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, len(arrays[-1])))
module.load_state_dict(dict(zip(module.state_dict(), arrays)))
with torch.inference_mode():
    print(*torch.cat([module(torch.from_numpy(batch)).argmax(1) for batch in batches]).tolist())
"""


def main() -> None:
    options = create_parser(
        "Whole processes, from start to end, and their memory.", rounds=7, seconds=None
    ).parse_args()
    report = Report(describe_machine(options.threads))
    with tempfile.TemporaryDirectory() as folder:
        commands = create_commands(Path(folder), report)
        results: dict[str, list[ProcessResult]] = {name: [] for name in commands}
        for number in range(options.rounds):
            for name, command in commands.items():
                show_progress(f"round {number + 1} of {options.rounds}: {name}")
                results[name].append(run_process(command))
    show_progress("")
    rows = []
    for name, repeats in results.items():
        if failed := next((result for result in repeats if result.exit_code), None):
            rows.append([name, "–", "–"])
            report.notes.append(f"{name}: {failed.last_error_line}")
            continue
        seconds = statistics.median(result.seconds for result in repeats)
        peak = max(result.peak_bytes for result in repeats)
        report.results[name] = {"seconds": round(seconds, 4), "peak_bytes": peak}
        rows.append([name, f"{seconds:.3f}", f"{peak / 1e6:.0f} MB"])
    report.tables = [
        Table("Whole processes: medians, and the highest peak memory", ["what", "seconds", "peak memory"], rows)
    ]
    print_report(report, options)


def create_commands(folder: Path, report: Report) -> dict[str, list[str]]:
    """Create the commands that are timed, by name; writes the weights of the other runtimes into ``folder``."""
    python, lenet = [sys.executable, "-c"], lenet_command()
    digits_path, weights_prefix = find_idx_file(folder, report), str(folder / "lenet")
    commands = {
        "python -c pass": [*python, "pass"],
        "python -c 'import lenet'": [*python, "import lenet"],
        "lenet --version": [*lenet, "--version"],
        "lenet read seven.png": [*lenet, "read", str(PICTURE)],
        "lenet read 10,000 digits": [*lenet, "read", str(digits_path)],
    }
    model = pretrained()
    parameters_in_order = {name: model.parameters[name] for name in model.network.parameter_shapes()}
    np.savez(f"{weights_prefix}.npz", **parameters_in_order)
    prediction_code = {"torch": _TORCH_CODE}
    try:
        from lenet.exporting.onnx import to_onnx

        Path(f"{weights_prefix}.onnx").write_bytes(to_onnx(model.network, model.parameters))
        prediction_code = {"ONNX Runtime": _ONNXRUNTIME_CODE} | prediction_code
    except MissingExtra as error:
        report.notes.append(str(error))
    for runtime, predict in prediction_code.items():
        commands[f"{runtime}, seven.png as one digit"] = [
            *python,
            _READ_PICTURE_CODE + predict,
            weights_prefix,
            str(PICTURE),
        ]
        commands[f"{runtime}, 10,000 digits"] = [*python, _READ_IDX_CODE + predict, weights_prefix, str(digits_path)]
    return commands


def find_idx_file(folder: Path, report: Report) -> Path:
    """Find the IDX file of MNIST's test digits in the cache, or write one of pseudo-random blobs; its path."""
    source = CATALOG["mnist"].source
    if is_cached(source):
        return cache_folder() / source.name / "t10k-images-idx3-ubyte"
    report.notes.append("pictures: pseudo-random blobs of ink, as MNIST is not in the cache (lenet data fetch mnist)")
    path = folder / "t10k-images-idx3-ubyte"
    write_idx(path, draw_blobs(10_000, seed=1)[0])
    return path


if __name__ == "__main__":
    run_command(main)
