"""Comparison of an exported model with the engine: the same pictures, the answers that differ, the time."""

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.engine import Forward, decide
from lenet.engine.choice import COMPILERS
from lenet.engine.native import usable_cores
from lenet.errors import LeNetError, required
from lenet.exporting.c import identifier
from lenet.model import Model, load
from lenet.preprocess import GrayLevels, network_inputs

Array = NDArray[np.float32]
Run = Callable[[GrayLevels], tuple[Array, float]]
"""From pictures of the network's size, uint8 (N, C, H, W), to outputs (N, classes) and the seconds they took."""

C_FLAGS = ("-std=c99", "-Wall", "-Wextra", "-Werror")

_ROUNDS = 3
_RELATIVE_TOLERANCE = 1e-3
"""The largest difference of outputs in float, as a share of the largest output: sums are rounded in another order."""


class NoCompiler(LeNetError):
    """There is no C compiler on this machine."""


@dataclass(frozen=True)
class Check:
    """Comparison of an exported model with the engine, on the same pictures.

    Attributes:
        pictures: how many.
        source: which.
        program: what ran the file.
        differing: pictures whose answer is another than the engine's.
        farthest: the largest difference of any output.
        speed: how many times as fast as the engine it was; below 1 it is slower.
    """

    pictures: int
    source: str
    program: str
    differing: int
    farthest: float
    speed: float

    def __str__(self) -> str:
        answers = "1 answer differs" if self.differing == 1 else f"{self.differing:,} answers differ"
        return (
            f"{answers} from the engine's on {self.pictures:,} {self.source}, outputs by at most {self.farthest:.2g}; "
            f"{self.speed:.2g} × the engine's speed with {self.program}"
        )


def compare(model: Model, run: Run, program: str, pictures: GrayLevels, source: str, *, is_exact: bool) -> Check:
    """Run pictures through an exported model and through the engine, in turns.

    Args:
        is_exact: whether only rounding may tell the outputs apart; else weights have been rounded.

    Raises:
        LeNetError: if outputs that should be equal are not.
    """
    engine, ratios = Forward(model.network, model.parameters), []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        expected = engine.predict(pictures)
        engine_end = time.perf_counter()
        outputs, seconds = run(pictures)
        ratios.append((engine_end - started) / max(seconds, 1e-9))
    farthest = float(np.abs(outputs - expected).max(initial=0))
    if is_exact and not np.allclose(
        outputs, expected, rtol=0, atol=_RELATIVE_TOLERANCE * max(1.0, float(np.abs(expected).max()))
    ):
        raise LeNetError(
            f"{model.network.name}: what was to be exported gives outputs with {program} that differ from the engine's "
            f"by up to {farthest:.2g}; nothing was written"
        )
    differing = int((decide(model.network, outputs) != decide(model.network, expected)).sum())
    return Check(len(pictures), source, program, differing, farthest, statistics.median(ratios))


def run_onnx(model: Model, path: Path) -> tuple[Run, str]:
    """ONNX Runtime.

    Raises:
        MissingExtra: if it is not installed.
    """
    with required("onnxruntime", "onnx", "checking an ONNX model"):
        import onnxruntime
    options: Any = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = usable_cores(), 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # it would wait for busy cores
    session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])

    def run(pictures: GrayLevels) -> tuple[Array, float]:
        batch = pictures[:, 0] if model.network.input[0] == 1 else pictures
        started = time.perf_counter()
        outputs: Array = session.run(None, {"pictures": np.ascontiguousarray(batch)})[0]
        return outputs, time.perf_counter() - started

    return run, f"ONNX Runtime {onnxruntime.__version__}"


def run_c(model: Model, path: Path, flags: Sequence[str] = ("-O2",)) -> tuple[Run, str]:
    """A program around the source file, made by the system's compiler.

    Raises:
        NoCompiler: if there is none.
        LeNetError: if it does not take the source.
    """
    compiler = os.environ.get("CC") or next(filter(shutil.which, ("cc", "gcc", "clang", *COMPILERS)), None)
    if compiler is None:
        raise NoCompiler("checking C needs a compiler, and there is none; install GCC or Clang")
    harness, program = path.with_name("check_main.c"), path.with_name("check_main")
    harness.write_text(_harness(model.network, path.stem))
    command = [*compiler.split(), *C_FLAGS, *flags, "-o", str(program), str(path), str(harness), "-lm"]
    compilation = subprocess.run(command, capture_output=True, text=True, check=False)
    if compilation.returncode:
        raise LeNetError(
            f"{compiler} does not compile {path.name}: {(compilation.stderr.splitlines() or ['no word why'])[0]}"
        )

    def run(pictures: GrayLevels) -> tuple[Array, float]:
        execution = subprocess.run([program], input=pictures.tobytes(), capture_output=True, check=False)
        if execution.returncode:
            raise LeNetError(
                f"{path.name} ends with {execution.returncode}: {execution.stderr[-300:].decode(errors='replace')}"
            )
        return np.frombuffer(execution.stdout, np.float32).reshape(len(pictures), -1), float(execution.stderr)

    return run, f"{Path(compiler.split()[0]).name} on one core"


def run_pth(model: Model, path: Path) -> tuple[Run, str]:
    """The file's arrays in a PyTorch module.

    Raises:
        MissingExtra: if torch is not installed.
    """
    from lenet.pytorch import build  # first, for its error where torch is missing

    import torch  # isort: skip

    module = build(model.network)
    module.load_state_dict(torch.load(path, weights_only=True))
    module.eval()

    def run(pictures: GrayLevels) -> tuple[Array, float]:
        inputs = torch.from_numpy(network_inputs(pictures, model.network.input, model.network.input_range))
        started = time.perf_counter()
        with torch.inference_mode():
            outputs: Array = module(inputs).numpy()
        return outputs, time.perf_counter() - started

    return run, f"torch {torch.__version__}"


def run_pte(model: Model, path: Path) -> tuple[Run, str]:
    """ExecuTorch's runtime, one picture after another.

    Raises:
        MissingExtra: if it is not installed.
    """
    with required("executorch", "executorch", "checking an ExecuTorch program"):
        import torch
        from executorch.runtime import Runtime
    method = Runtime.get().load_program(path).load_method("forward")

    def run(pictures: GrayLevels) -> tuple[Array, float]:
        batch = torch.from_numpy(pictures[:, 0] if model.network.input[0] == 1 else pictures)
        started = time.perf_counter()
        outputs = [method.execute([batch[number : number + 1]])[0].numpy()[0] for number in range(len(batch))]
        return np.array(outputs), time.perf_counter() - started

    return run, "ExecuTorch, a picture at a time"


def run_loaded(model: Model, path: Path) -> tuple[Run, str]:
    """The folder, loaded again."""
    reloaded = load(path.parent)
    engine = Forward(reloaded.network, reloaded.parameters)

    def run(pictures: GrayLevels) -> tuple[Array, float]:
        started = time.perf_counter()
        outputs = engine.predict(pictures)
        return outputs, time.perf_counter() - started

    return run, "lenet"


def _harness(network: Network, file: str) -> str:
    name = identifier(file)
    size = network.input[0] * network.input[1] * network.input[2]
    return f"""#include "{file}.h"
#include <stdio.h>
#include <time.h>

int main(void)
{{
    static uint8_t picture[{size}];
    float outputs[{name.upper()}_OUTPUTS];
    clock_t ticks = 0;
    while (fread(picture, 1, sizeof picture, stdin) == sizeof picture) {{
        const clock_t started = clock();
        {name}_run(picture, outputs);
        ticks += clock() - started;
        fwrite(outputs, sizeof(float), {name.upper()}_OUTPUTS, stdout);
    }}
    fprintf(stderr, "%.9f\\n", (double)ticks / CLOCKS_PER_SEC);
    return 0;
}}
"""
