"""Export as an ExecuTorch program, for phones and boards: XNNPACK where it can, portable kernels elsewhere."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.errors import ArchitectureError, required
from lenet.exporting.dense import without_tables
from lenet.pytorch import build, load_arrays  # first, for its error where torch is missing

import torch  # isort: skip


class _ByteInputModule(torch.nn.Module):
    """A network that takes gray levels or colors."""

    def __init__(self, network: Network, arrays: Mapping[str, NDArray[np.float32]]) -> None:
        super().__init__()
        dense, parameters = without_tables(network, arrays)
        self.module = build(dense)
        load_arrays(self.module, parameters)
        self.is_gray = network.input[0] == 1
        background, ink = network.input_range
        self.background, self.step = background, (ink - background) / 255

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        inputs = pictures.to(torch.float32) * self.step + self.background
        outputs: torch.Tensor = self.module(inputs[:, None] if self.is_gray else inputs)
        return outputs


def to_pte(network: Network, arrays: Mapping[str, NDArray[np.float32]]) -> bytes:
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
