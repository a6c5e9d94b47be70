"""ONNX Runtime and OpenVINO, given the same network as an ONNX model."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.errors import LeNetError, required

Array = NDArray[np.float32]
Call = Callable[[], Array]


def onnxruntime(network: Network, arrays: Mapping[str, Array], inputs: Array, threads: int) -> Callable[[int], Call]:
    """ONNX Runtime with its own settings but the number of threads."""
    with required("onnxruntime", "bench", "comparing with ONNX Runtime"):
        import onnxruntime as runtime
    from lenet.exporting.onnx import to_onnx

    options: Any = runtime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = runtime.InferenceSession(to_onnx(network, arrays), options, providers=["CPUExecutionProvider"])

    def prepare(batch: int) -> Call:
        feeds = {"input": np.ascontiguousarray(inputs[:batch])}

        def call() -> Array:
            outputs: Array = session.run(None, feeds)[0]
            return outputs

        return call

    return prepare


def openvino(
    network: Network, arrays: Mapping[str, Array], inputs: Array, threads: int, precision: str = "f32"
) -> Callable[[int], Call]:
    """OpenVINO, compiled for each batch; in bf16, its own choice on processors with it, with 8 bits of mantissa."""
    with required("openvino", "bench-all", "comparing with OpenVINO"):
        import openvino as runtime
    from lenet.exporting.onnx import to_onnx

    core: Any = runtime.Core()
    if precision == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise LeNetError("OpenVINO has no bf16 on this processor")
    model = core.read_model(to_onnx(network, arrays))
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",  # one request at a time, as in the other runtimes
        "INFERENCE_PRECISION_HINT": precision,
    }

    def prepare(batch: int) -> Call:
        feeds = np.ascontiguousarray(inputs[:batch])
        model_of_batch = model.clone()
        model_of_batch.reshape([batch, *network.input])
        request = core.compile_model(model_of_batch, "CPU", settings).create_infer_request()

        def call() -> Array:
            return np.asarray(request.infer({0: feeds})[0])

        return call

    return prepare
