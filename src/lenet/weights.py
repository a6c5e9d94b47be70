"""Weights with the description of their network and their provenance, in one safetensors file.

The metadata holds ``format``, ``network`` (the whole description as JSON) and ``provenance`` (recipe, data
checksums, versions, metrics as JSON). Nothing in such a file is ever executed.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from lenet.architecture import Network
from lenet.errors import ArchitectureError, UnknownName, WeightsError, printable
from lenet.files import write_atomically
from lenet.records import Record, RecordError, parse_json

FORMAT = "lenet-weights-1"


@dataclass(frozen=True)
class Weights:
    """A network, its trained arrays, and where they come from.

    Attributes:
        network: the description.
        arrays: float32, named and shaped as ``network.parameter_shapes()`` says.
        provenance: recipe, data, versions, metrics: whatever was known when they were made.

    Raises:
        WeightsError: if the arrays are not those of the network, or hold a value that is not finite.
    """

    network: Network
    arrays: dict[str, NDArray[np.float32]]
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_arrays(self.network, self.arrays)

    @property
    def refusal(self) -> int | None:
        """The output that stands for none of the classes, as "no digit"; None if the network has no such output."""
        number = self.provenance.get("refusal")
        is_output = isinstance(number, int) and not isinstance(number, bool) and 0 <= number < self.network.classes
        return number if is_output else None

    @property
    def trained_on(self) -> str | None:
        """The name of the data set that they learned from; None if that is not known."""
        data = self.provenance.get("data")
        name = data.get("name") if isinstance(data, dict) else None
        return printable(name) if isinstance(name, str) else None

    @contextmanager
    def account(self) -> Iterator[Record]:
        """The provenance as a record whose values are checked as they are read; a context.

        Raises:
            WeightsError: in place of any RecordError within the context, naming the network.
        """
        try:
            yield Record(self.provenance, "provenance")
        except RecordError as error:
            raise WeightsError(f"{self.network.name}: {error}; the file of these weights is damaged") from None


def check_arrays(network: Network, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Raise WeightsError unless ``arrays`` are exactly the network's parameters, in float32 and finite."""
    expected = network.parameter_shapes()
    if missing := [name for name in expected if name not in arrays]:
        raise WeightsError(f"not {network.name} weights: no array {missing[0]!r}")
    if strange := [name for name in arrays if name not in expected]:
        raise WeightsError(f"not {network.name} weights: {network.name} has no array {strange[0]!r}")
    for name, shape in expected.items():
        array = arrays[name]
        if array.shape != shape:
            raise WeightsError(f"not {network.name} weights: {name} is {array.shape}, expected {shape}")
        if array.dtype != np.float32:
            raise WeightsError(f"{name} holds {array.dtype}, expected float32")
        if not np.isfinite(array).all():
            raise WeightsError(f"{name} holds a value that is not a finite number; the run that made it diverged")


def save(path: str | Path, weights: Weights) -> None:
    """Write a weights file; what stood at ``path`` before stays whole until the new file is."""
    metadata = {
        "format": FORMAT,
        "network": json.dumps(weights.network.to_json()),
        "provenance": json.dumps(weights.provenance),
    }
    arrays = {name: np.ascontiguousarray(array) for name, array in weights.arrays.items()}
    write_atomically(Path(path), _in_order(to_bytes(arrays, metadata=metadata)))


def _in_order(content: bytes) -> bytes:
    """The same file with sorted metadata, which safetensors writes in another order every time."""
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the numbers start at a multiple of 8 bytes
    return len(text).to_bytes(8, "little") + text + content[8 + size :]


def load(path: str | Path, expect: Network | None = None) -> Weights:
    """Read a weights file.

    Args:
        path: written by `save`.
        expect: the network that the weights must belong to, if that matters.

    Raises:
        WeightsError: if the file is missing, damaged, not a lenet weights file, or another network's.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError(f"{path}: {'is a folder, expected' if path.is_dir() else 'no such'} weights file")
    try:
        metadata, arrays = read_safetensors(path)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    if metadata.get("format") != FORMAT:
        raise WeightsError(
            f"{path}: a safetensors file, but not lenet weights: its format is {metadata.get('format')!r}"
        )
    try:
        record = Record(metadata)
        network = Network.from_json(parse_json(record.text("network")))
        if expect is not None and expect.parameter_shapes() != network.parameter_shapes():
            raise WeightsError(f"holds {network.name} weights, but {expect.name} was asked for")
        return Weights(network, arrays, dict(Record.parsed(record.text("provenance")).values))
    except (ArchitectureError, WeightsError) as error:
        raise WeightsError(f"{path}: {error}") from None
    except RecordError as error:
        raise WeightsError(f"{path}: its metadata is damaged ({error})") from None


def read_safetensors(path: Path) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    """The metadata and the arrays of a safetensors file.

    Raises:
        WeightsError: if it is damaged or another kind of file; the text names no path.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, TypeError, ValueError, AttributeError, KeyError) as error:
        raise WeightsError(f"not a readable safetensors file ({_first_line(error)})") from None


def pretrained(name: str = "lenet-5-relu") -> Weights:
    """The weights that ship with the package.

    Raises:
        UnknownName: if none ship under that name.
    """
    folder = Path(__file__).with_name("pretrained")
    known = sorted(path.stem for path in folder.glob("*.safetensors"))
    if name not in known:
        raise UnknownName("pretrained network", name, known)
    return load(folder / f"{name}.safetensors")


def find(name_or_path: str | Path) -> Weights:
    """The weights in a file, the best ones of a run's folder, or those that ship under a name.

    Args:
        name_or_path: ``"pretrained"`` stands for the ones that `pretrained` gives without a name.

    Raises:
        WeightsError, UnknownName: if there are none.
    """
    path = Path(name_or_path)
    if path.is_dir():
        best = path / "best.safetensors"
        if not best.is_file():
            raise WeightsError(f"{path}: a folder without best.safetensors, expected a weights file or a run's folder")
        return load(best)
    if path.is_file() or path.suffix or len(path.parts) > 1:
        return load(path)
    return pretrained() if str(name_or_path) == "pretrained" else pretrained(str(name_or_path))


def _first_line(error: Exception) -> str:
    line = str(error).splitlines()[0] if str(error) else type(error).__name__
    return line if len(line) <= 200 else f"{line[:199]}…"
