"""Weights that other programs wrote, as networks with parameters: PyTorch's, ONNX's, and plain safetensors.

Nothing in such a file is ever executed, and no torch is needed. What shapes do not tell is chosen by a `Choice`, or
refused with the networks that it could be.
"""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lenet.architecture import Network
from lenet.checkpoints.recognition import Choice, Recognized, recognize, recognize_graph
from lenet.errors import ArchitectureError

__all__ = ["Choice", "import_file", "kind_of"]

_OTHERS = (".pth", ".pt", ".pkl", ".tar", ".ckpt", ".bin", ".onnx")
"""Ends of names by which a file is others', whatever it holds."""


def kind_of(path: Path) -> str:
    """Who wrote a file: ``"pytorch"``, ``"onnx"`` or ``"safetensors"``; by its first bytes unless its name says it."""
    if (suffix := path.suffix.lower()) == ".safetensors":
        return "safetensors"
    with path.open("rb") as file:
        start = file.read(9)
    if start[:2] == b"PK" or (start[:1] == b"\x80" and start[8:9] != b"{"):
        return "pytorch"
    if start[8:9] == b"{":
        return "safetensors"
    return "onnx" if suffix == ".onnx" else "pytorch" if suffix in _OTHERS else "safetensors"


def import_file(path: Path, kind: str, choice: Choice) -> tuple[Network, dict[str, Any], dict[str, Any]]:
    """The network, the parameters, and the provenance of a file of others.

    Args:
        path: of the file.
        kind: as `kind_of` says.
        choice: what shapes do not tell.

    Raises:
        WeightsError: if the file is damaged, or holds nothing that is a LeNet's; the text names no path.
        UnknownName, ArchitectureError: if the choice is none.
    """
    found = _read(path, kind, choice)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    origin = {"file": path.name, "sha256": digest, "format": kind, "unused": list(found.unused)}
    return found.network, found.parameters, {"converted": origin}


def _read(path: Path, kind: str, choice: Choice) -> Recognized:
    if kind == "onnx":
        from lenet.checkpoints import onnx

        graph = onnx.read(path)
        if graph.input_range is None:
            return recognize_graph(graph.network, graph.arrays, choice)
        if choice.range is not None:
            raise ArchitectureError("a graph that takes bytes says their range itself; leave input_range out")
        found = recognize_graph(graph.network, graph.arrays, choice)
        if np.allclose(found.network.input_range, graph.input_range, rtol=0, atol=1e-5):
            return found
        return replace(found, network=replace(found.network, input_range=graph.input_range))
    if kind == "pytorch":
        from lenet.checkpoints import pytorch

        return recognize(pytorch.read(path), choice)
    from lenet.checkpoints import safetensors_files

    return recognize(safetensors_files.read(path), choice, is_ordered=False)
