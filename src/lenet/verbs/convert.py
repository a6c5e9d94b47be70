"""Conversion of foreign weights into a model's file of lenet's."""

import os
from collections.abc import Sequence
from pathlib import Path

from lenet.architecture import Network
from lenet.errors import LeNetError, WeightsError
from lenet.files import check_writable, path_argument, why_missing
from lenet.model import load


def convert(
    source: str | Path,
    output: str | Path | None = None,
    *,
    network: Network | str | Path | None = None,
    activation: str | None = None,
    pooling: str | None = None,
    outputs: str | None = None,
    size: int | None = None,
    input_range: tuple[float, float] | None = None,
    normalize: tuple[float, float] | None = None,
    class_names: Sequence[str] | None = None,
    reject_class: int | None = None,
) -> Path:
    """Write a PyTorch checkpoint, an ONNX graph, or plain safetensors as a model's file, which says what it is.

    Args:
        source: the file.
        output: the file to write, whose name ends in ``.safetensors``; an existing one is replaced. If left out, beside
            the source under its name, where nothing is replaced but an earlier conversion of a file of the source's
            name.
        network, size, input_range, normalize, class_names, reject_class: what the file does not tell, as `lenet.load`
            takes it.
        activation, pooling, outputs: in place of ``network``, as `lenet.load` takes them; ``outputs`` is what the last
            stage gives: ``"logits"``, ``"sigmoid"`` or ``"log-softmax"``.

    Returns:
        The path that was written; its model's provenance holds the source's name and sha256 under ``"converted"``.

    Raises:
        WeightsError, UnknownName, ArchitectureError: as `lenet.load`; or if ``output`` has another ending, is the
            source itself, or was left out and another file has its name.
        LeNetError: if it cannot be written.
    """
    source = path_argument("source", source, WeightsError)
    if not os.path.isfile(source):  # noqa: PTH113 - Path.is_file raises where a name is too long
        is_folder = os.path.isdir(source)  # noqa: PTH112
        problem = "is a folder, expected a file of weights" if is_folder else "no such file of weights"
        raise WeightsError(f"{source}: {why_missing(source, problem)}")
    path = source.with_suffix(".safetensors") if output is None else path_argument("output", output, WeightsError)
    if path.suffix.lower() != ".safetensors":
        raise WeightsError(f"{path}: expected the name of a file to write that ends in .safetensors")
    if path.exists() and path.samefile(source):
        raise WeightsError(f"{path}: is the file to convert itself; give another name to write to")
    if path.is_dir():
        raise WeightsError(f"{path}: is a folder, expected the name of a file to write")
    if output is None and path.exists() and not _is_conversion(path, source.name):
        raise WeightsError(
            f"{path}: is there already, and is no earlier conversion of {source.name}; name the file to write"
        )
    check_writable(path)
    model = load(
        source,
        network=network,
        activation=activation,
        pooling=pooling,
        outputs=outputs,
        size=size,
        input_range=input_range,
        normalize=normalize,
        class_names=class_names,
        reject_class=reject_class,
    )
    return model.save(path)


def _is_conversion(path: Path, source_name: str) -> bool:
    """Whether a file holds a model that was converted from a file of that name."""
    try:
        provenance = load(path).provenance
    except LeNetError:
        return False
    origin = provenance.get("converted")
    return isinstance(origin, dict) and origin.get("file") == source_name
