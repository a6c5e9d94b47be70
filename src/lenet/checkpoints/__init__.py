"""Weights that other programs wrote, as networks with parameters: PyTorch's, ONNX's, and plain safetensors.

Nothing in such a file is ever executed, and no torch is needed. What shapes do not tell is said by `ImportOptions`, or
refused with the networks that it could be.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lenet.architecture import Network
from lenet.checkpoints.description import Description
from lenet.checkpoints.recognition import ImportOptions, RecognizedNetwork, recognize_graph, recognize_network
from lenet.errors import ArchitectureError, WeightsError

__all__ = ["ImportOptions", "ImportedModel", "import_file", "kind_of"]

_FOREIGN_SUFFIXES = (".pth", ".pt", ".pkl", ".tar", ".ckpt", ".bin", ".onnx")
"""Suffixes of files that other programs wrote, whatever they hold."""


@dataclass(frozen=True)
class ImportedModel:
    """A model in a foreign file.

    Attributes:
        network, parameters: the description, and float32 arrays by name.
        provenance: the file under ``"converted"``, ``"reject_class"`` if there is one, and what the file says of
            calibration and pictures.
        class_names: one for each class; empty if the file does not say them.
    """

    network: Network
    parameters: dict[str, Any]
    provenance: dict[str, Any]
    class_names: tuple[str, ...]


def kind_of(path: Path) -> str:
    """Detect a file's format, ``"pytorch"``, ``"onnx"`` or ``"safetensors"``, by its first bytes or its suffix.

    Raises:
        WeightsError: if it is none of these; the text names no path.
    """
    if (suffix := path.suffix.lower()) == ".safetensors":
        return "safetensors"
    with path.open("rb") as file:
        start = file.read(9)
    if start[:2] == b"PK" or (start[:1] == b"\x80" and start[8:9] != b"{"):
        return "pytorch"
    if start[8:9] == b"{":
        return "safetensors"
    if suffix not in _FOREIGN_SUFFIXES:
        raise WeightsError("is no file of weights; expected lenet's own, safetensors, a PyTorch state_dict, or ONNX")
    return "onnx" if suffix == ".onnx" else "pytorch"


def import_file(path: Path, kind: str, import_options: ImportOptions) -> ImportedModel:
    """Import a foreign file.

    Args:
        path: of the file.
        kind: as `kind_of` says.
        import_options: what shapes do not tell; they win over what the file says of itself.

    Raises:
        WeightsError: if the file is damaged, or holds nothing that is a LeNet's; the text names no path.
        UnknownName, ArchitectureError: if an option names none.
    """
    recognized, description, range_source = _read(path, kind, import_options)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    origin = {
        "file": path.name,
        "sha256": digest,
        "format": kind,
        "unused": list(recognized.unused),
        "input_range_from": range_source,
    }
    provenance = {"converted": origin} | description.provenance
    if import_options.reject_class is not None:
        if import_options.reject_class >= recognized.network.classes:
            raise WeightsError(
                f"{recognized.network.name} has the outputs 0 to {recognized.network.classes - 1}, and the reject "
                f"class is {import_options.reject_class}; give the number of one of them"
            )
        provenance["reject_class"] = import_options.reject_class
    return ImportedModel(recognized.network, recognized.parameters, provenance, description.class_names)


def _read(path: Path, kind: str, import_options: ImportOptions) -> tuple[RecognizedNetwork, Description, str]:
    """The model, what the file says of it, and where the input range is from: file, option, or network."""
    range_source = "network" if import_options.requested_input_range is None else "option"
    if kind == "onnx":
        from lenet.checkpoints import onnx

        graph = onnx.read(path)
        if graph.input_range is not None and import_options.requested_input_range is not None:
            option = "input_range" if import_options.normalize is None else "normalize"
            raise ArchitectureError(f"a graph that takes bytes says their range itself; leave {option} out")
        recognized = recognize_graph(graph.network, graph.arrays, import_options, graph.description.network)
        if graph.input_range is None:
            return recognized, graph.description, range_source
        if not np.allclose(recognized.network.input_range, graph.input_range, rtol=0, atol=1e-5):
            recognized = replace(recognized, network=replace(recognized.network, input_range=graph.input_range))
        return recognized, graph.description, "file"
    if kind == "pytorch":
        from lenet.checkpoints import pytorch

        description = pytorch.read_description(path)
        if description.network is not None and import_options.network is None and import_options.activation is None:
            if import_options.requested_input_range is None:
                range_source = "file"
            import_options = replace(import_options, network=description.network)
        return recognize_network(pytorch.read(path), import_options), description, range_source
    from lenet.checkpoints import safetensors_files

    return (
        recognize_network(safetensors_files.read(path), import_options, is_ordered=False),
        Description(),
        range_source,
    )
