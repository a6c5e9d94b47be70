"""Conversion of foreign weights into a model's file of lenet's."""

from collections.abc import Sequence
from pathlib import Path

from lenet.architecture import Network
from lenet.errors import WeightsError
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
        output: the file to write, whose name ends in ``.safetensors``; beside the source under its name if left out.
        network, activation, pooling, outputs, size, input_range, normalize, class_names, reject_class: what the file
            does not tell, as `lenet.load` takes it.

    Returns:
        The path that was written; its model's provenance holds the source's name and sha256 under ``"converted"``.

    Raises:
        WeightsError, UnknownName, ArchitectureError: as `lenet.load`; or if ``output`` has another ending, or is the
            source itself.
        OSError: if it cannot be written.
    """
    source = Path(source)
    path = source.with_suffix(".safetensors") if output is None else Path(output)
    if path.suffix.lower() != ".safetensors":
        raise WeightsError(f"{path}: expected the name of a file to write that ends in .safetensors")
    if path.exists() and source.exists() and path.samefile(source):
        raise WeightsError(f"{path}: is the file to convert itself; give another name to write to")
    if path.is_dir():
        raise WeightsError(f"{path}: is a folder, expected the name of a file to write")
    if not source.is_file():
        raise WeightsError(f"{source}: {'is a folder, expected a' if source.is_dir() else 'no such'} file of weights")
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
