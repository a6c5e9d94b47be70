"""Export as an ExecuTorch program, for phones and boards: XNNPACK where it can, portable kernels elsewhere."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Convolution, Network
from lenet.engine.reference import dense_kernels
from lenet.errors import ArchitectureError, required
from lenet.pytorch import build, load_arrays  # first, for its error where torch is missing

import torch  # isort: skip


Array = NDArray[np.float32]


class _ByteInputModule(torch.nn.Module):
    """A network that takes gray levels or colors."""

    def __init__(self, network: Network, arrays: Mapping[str, Array]) -> None:
        super().__init__()
        dense, parameters = _without_tables(network, arrays)
        self.module = build(dense)
        load_arrays(self.module, parameters)
        self.is_gray = network.input[0] == 1
        background, ink = network.input_range
        self.background, self.step = background, (ink - background) / 255

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        inputs = pictures.to(torch.float32) * self.step + self.background
        outputs: torch.Tensor = self.module(inputs[:, None] if self.is_gray else inputs)
        return outputs


def to_pte(network: Network, arrays: Mapping[str, Array]) -> bytes:
    """The program: its method ``forward`` gives the outputs of one picture, float32 (1, outputs).

    The picture is uint8 (1, height, width), or (1, channels, height, width) where there is more than one channel.

    Raises:
        MissingExtra: if ExecuTorch is not installed.
        ArchitectureError: if ExecuTorch cannot express the network.
    """
    channels, height, width = network.input
    shape = (1, height, width) if channels == 1 else (1, channels, height, width)
    module = _ByteInputModule(network, arrays).eval()
    with _without_logs():
        with required("executorch", "executorch", "writing ExecuTorch programs"):
            from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
            from executorch.exir import to_edge_transform_and_lower
        try:
            exported = torch.export.export(module, (torch.zeros(shape, dtype=torch.uint8),))
            program = to_edge_transform_and_lower(exported, partitioner=[XnnpackPartitioner()]).to_executorch()
        except Exception as error:  # its passes raise anything
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise ArchitectureError(f"{network.name}: cannot be written as an ExecuTorch program ({reason})") from None
    return bytes(program.buffer)


def _without_tables(network: Network, arrays: Mapping[str, Array]) -> tuple[Network, dict[str, Array]]:
    """The network that computes the same with every map connected to every map, and its parameters."""
    stages, dense = [], dict(arrays)
    for stage, input_shape, _ in network.stages_with_shapes:
        if isinstance(stage.layer, Convolution):
            name = f"{stage.name}.weight"
            dense[name] = dense_kernels(stage.layer, arrays[name], input_shape[0])
            stage = replace(stage, layer=replace(stage.layer, table=None))
        stages.append(stage)
    return replace(network, stages=tuple(stages)), dense


@contextlib.contextmanager
def _without_logs() -> Iterator[None]:
    """Without the words that ExecuTorch and torch have for their own developers."""
    previous_level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(previous_level)
