"""Inference speed of all runtimes: images per second by batch size, and latency of one image, on the same weights.

The peers are given float32 network inputs that were made beforehand; this package's engine is given gray levels and
makes them itself.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.benchmarking.timing import Task
from lenet.engine.native import Engine
from lenet.errors import LeNetError
from lenet.preprocess import network_inputs

Array = NDArray[np.float32]
Call = Callable[[], Array]
Peer = Callable[[Network, Mapping[str, Array], Array, int], Callable[[int], Call]]

BATCHES = (1, 64, 256, 1000, 10_000)
LENET, LENET_BF16, ONNXRUNTIME = "lenet", "lenet bf16", "ONNX Runtime"
_COMPARED = 256
MAX_DIFFERENCE = 1e-3  # of the largest output; 30 times that for bf16

_PEERS = {
    "torch eager": "torch_peer:eager",
    "torch channels last": "torch_peer:channels_last",
    "torch frozen": "torch_peer:frozen",
    ONNXRUNTIME: "runtimes:onnxruntime",
    "OpenVINO": "runtimes:openvino",
    "OpenVINO bf16": "runtimes:openvino",
}


def inference_tasks(
    network: Network,
    arrays: Mapping[str, Array],
    images: NDArray[np.uint8],
    threads: int,
    batches: Sequence[int] = BATCHES,
    other_batches: Sequence[int] | None = None,
) -> tuple[list[Task], list[str]]:
    """The tasks of all available runtimes, and one sentence for each missing one.

    Args:
        images: uint8 gray levels at the network's size, as many as the largest batch.
        other_batches: those of the runtimes other than this engine and ONNX Runtime; None is ``batches``.

    Raises:
        LeNetError: if outputs differ between runtimes, which forbids comparing them.
    """
    inputs = network_inputs(images[: max(batches)], network.input, network.input_range)
    tasks: list[Task] = []
    absent: list[str] = []
    reference: Array | None = None
    precision = {LENET: "float32", LENET_BF16: "bfloat16"}
    for runtime in (*precision, *_PEERS):
        try:
            if runtime in precision:
                prepare = native_calls(network, arrays, images, threads, precision[runtime])
            else:
                prepare = _peer(runtime)(network, arrays, inputs, threads)
            batches_of_peer = batches if runtime in (*precision, ONNXRUNTIME) else other_batches or batches
            calls = {batch: prepare(batch) for batch in batches_of_peer}
        except LeNetError as error:
            absent.append(str(error))
            continue
        outputs = calls[max(batches_of_peer)]()[:_COMPARED]
        reference = outputs if reference is None else reference
        _check(runtime, outputs, reference[: len(outputs)])
        tasks += [Task(runtime, batch, batch, call) for batch, call in calls.items()]
    return tasks, list(dict.fromkeys(absent))


def native_calls(
    network: Network, arrays: Mapping[str, Array], images: NDArray[np.uint8], threads: int, precision: str = "float32"
) -> Callable[[int], Call]:
    """The native engine, from gray levels to outputs."""
    engine = Engine(network, arrays, threads=threads, precision=precision)

    def prepare(batch: int) -> Call:
        batch_images = np.ascontiguousarray(images[:batch])
        return lambda: np.asarray(engine.predict(batch_images))

    return prepare


def _peer(runtime: str) -> Peer:
    module, _, function = _PEERS[runtime].partition(":")
    peer: Callable[..., Callable[[int], Call]] = getattr(
        importlib.import_module(f"lenet.benchmarking.{module}"), function
    )
    return partial(peer, precision="bf16") if runtime.endswith("bf16") else peer


def _check(runtime: str, outputs: Array, reference: Array) -> None:
    tolerance = MAX_DIFFERENCE * (30 if "bf16" in runtime else 1) * float(abs(reference).max())
    if (difference := float(abs(outputs - reference).max())) > tolerance:
        raise LeNetError(f"{runtime} gives outputs that differ by {difference:.2g}, expected at most {tolerance:.2g}")
