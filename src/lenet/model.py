"""Models: a network, its trained parameters, the names of its classes, and where all that comes from.

Weights that others wrote are read by `lenet.checkpoints`, and are models like any other.

A model is one safetensors file: its metadata holds ``format``, ``network`` (the whole description), ``class_names`` and
``provenance`` (recipe, data checksums, versions, metrics), each as JSON. Nothing in such a file is ever executed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from lenet.architecture import Network
from lenet.classes import digit_indices, join_names
from lenet.errors import ArchitectureError, WeightsError, first_line, printable, reason_of
from lenet.files import path_argument, why_missing, write_result
from lenet.initialization import initial_weights
from lenet.naming import resolve_name
from lenet.networks import describe, options
from lenet.networks.toml_files import names_toml
from lenet.records import Record, RecordError, parse_json

if TYPE_CHECKING:
    from lenet.checkpoints import ImportOptions
    from lenet.data import Dataset
    from lenet.engine import Forward
    from lenet.evaluation import Evaluation
    from lenet.pytorch import NetworkModule
    from lenet.verbs.predict import Pictures

FORMAT = "lenet-weights-1"
_PRETRAINED = Path(__file__).with_name("pretrained")
_FORMER_PROVENANCE_KEYS = {"refusal": "reject_class"}
PICTURE_KINDS = ("digits", "gray", "color")
RUN_BEST = "best.safetensors"
"""The file within a run's folder that holds its best model."""
FOLDER_MODEL = "model.safetensors"
"""The file within a folder of the Hugging Face Hub's form that holds the model."""


@dataclass(frozen=True)
class PictureKind:
    """Input contract of a model: the kind, size and polarity of its pictures.

    Attributes:
        kind: ``"digits"``, the ink of one digit, normalized as MNIST's are; ``"gray"``, whole pictures in gray levels,
            light on dark; or ``"color"``, whole pictures as they are.
        side: of the square that a picture is fitted into, in pixels.
        polarity: of gray pictures, as `lenet.data.load` takes it.
    """

    kind: str
    side: int
    polarity: str = "auto"


@dataclass(frozen=True, eq=False)
class Model:
    """A network with parameters.

    Attributes:
        network: the description.
        parameters: float32 arrays, named and shaped as ``network.parameter_shapes()`` says.
        provenance: recipe, data, versions, metrics, calibration: as known when the model was made.
        class_names: one for each output that stands for a class, in their order; if none are given those of the public
            data set that the provenance names, else numbers.

    Raises:
        WeightsError: if the arrays are not those of the network, or hold a value that is not finite; or if the class
            names are not one for each class, or not all different.

    >>> create("lenet-5-relu", classes=["cat", "dog"], channels=3, seed=1)
    Model(lenet-5-relu, 61,326 parameters, input 3×28×28, classes cat, dog)
    """

    network: Network
    parameters: dict[str, NDArray[np.float32]]
    provenance: dict[str, Any] = field(default_factory=dict)
    class_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_parameters(self.network, self.parameters)
        if former := [key for key in _FORMER_PROVENANCE_KEYS if key in self.provenance]:
            current = {_FORMER_PROVENANCE_KEYS[key]: self.provenance[key] for key in former}
            unchanged = {key: value for key, value in self.provenance.items() if key not in former}
            object.__setattr__(self, "provenance", current | unchanged)
        classes = self.network.classes - (self.reject_class is not None)
        if invalid := [name for name in self.class_names if not isinstance(name, str) or not name]:
            raise WeightsError(f"{self.network.name}: a class is named {invalid[0]!r}, expected a text for each class")
        names = tuple(self.class_names) or self._names_of_data(classes) or tuple(map(str, range(classes)))
        if len(names) != classes or len(set(names)) != classes:
            raise WeightsError(
                f"{self.network.name} tells {classes:,} classes apart, got the names {join_names(names)}; "
                "expected one for each, all different"
            )
        object.__setattr__(self, "class_names", names)

    @property
    def class_outputs(self) -> tuple[int, ...]:
        """The output of each class: all outputs but that of the `reject_class`, in their order."""
        return tuple(output for output in range(self.network.classes) if output != self.reject_class)

    @property
    def digit_outputs(self) -> tuple[int, ...] | None:
        """The outputs of the digits 0 to 9, whatever their classes are called; None if the classes are not these."""
        places = digit_indices(self.class_names)
        return None if places is None else tuple(self.class_outputs[place] for place in places)

    @property
    def reads_digits(self) -> bool:
        """Whether reading takes the model: its classes are the ten digits, and its pictures not in color."""
        return self.digit_outputs is not None and not self.is_color

    @property
    def reject_class(self) -> int | None:
        """The number of the output that stands for none of the classes, as "no digit"; None if there is none."""
        number = self.provenance.get("reject_class")
        is_output = isinstance(number, int) and not isinstance(number, bool) and 0 <= number < self.network.classes
        return number if is_output else None

    @property
    def refusal(self) -> int | None:
        """The `reject_class`, under its former name."""
        return self.reject_class

    @property
    def trained_on(self) -> str | None:
        """The name of the data set that it was trained on; None if that is not known."""
        data = self.provenance.get("data")
        name = data.get("name") if isinstance(data, dict) else None
        return printable(name) if isinstance(name, str) else None

    @contextmanager
    def checked_provenance(self) -> Iterator[Record]:
        """The provenance as a record whose values are checked as they are read; a context.

        Raises:
            WeightsError: in place of any RecordError within the context, naming the network.
        """
        try:
            yield Record(self.provenance, "provenance")
        except RecordError as error:
            raise WeightsError(f"{self.network.name}: {error}; the file of these weights is damaged") from None

    @property
    def output_names(self) -> tuple[str, ...]:
        """A name for every output: the class names, and ``"none"`` for the reject class."""
        if self.reject_class is None:
            return self.class_names
        return (*self.class_names[: self.reject_class], "none", *self.class_names[self.reject_class :])

    @property
    def digest(self) -> str:
        """sha256 of the parameters, in the order of their names."""
        import hashlib  # loads all of OpenSSL

        return hashlib.sha256(b"".join(self.parameters[name].tobytes() for name in sorted(self.parameters))).hexdigest()

    @property
    def picture_kind(self) -> PictureKind:
        """The input contract: as recorded in the provenance, else inferred from classes and channels.

        Raises:
            WeightsError: if the record is damaged.
        """
        from lenet.data import CATALOG

        data_set = CATALOG.get(self.trained_on or "")
        default_side = max((data_set.shape if data_set else self.network.input)[-2:])
        with self.checked_provenance() as provenance:
            record = provenance.record("pictures", default={})
            side = record.integer("side", 1, 1024, default=default_side)
            return PictureKind(self._kind_of_pictures, side, record.text("polarity", default="auto"))

    @property
    def pictures(self) -> PictureKind:
        """The `picture_kind`, under its former name."""
        return self.picture_kind

    @property
    def is_color(self) -> bool:
        """Whether pictures are taken as they are, in color; else as ink on paper: gray levels of which 255 is ink."""
        return self._kind_of_pictures == "color"

    def predict(self, pictures: Pictures, *, fit: str = "pad") -> Any:
        """The classes of one picture, or of each of many: see `lenet.predict`."""
        from lenet.verbs.predict import predict

        return predict(self, pictures, fit=fit)

    def activations(self, pictures: Pictures) -> dict[str, NDArray[np.float32]]:
        """The outputs of every stage for pictures, before and after its activation.

        Args:
            pictures: as `lenet.predict` takes them.

        Returns:
            float32 (N, maps, height, width) for each stage, in order: ``"input"``, ``"c1"``, ``"c1_squash"``, …
        """
        from lenet.verbs.predict import gray_levels

        return self._forward.activations(gray_levels(self, pictures)[0])

    def evaluate(
        self, data: Dataset | str | Path = "mnist", *, split: str = "test", engine: str = "auto"
    ) -> Evaluation:
        """Error rate and confusions on a part of a data set: see `lenet.evaluate`."""
        from lenet.evaluation import evaluate

        return evaluate(self, data, split=split, engine=engine)

    def save(self, path: str | Path) -> Path:
        """Write the model's file; what stood at ``path`` before stays whole until the new file is.

        Returns:
            The path.

        Raises:
            WeightsError: if the path is a folder's, or none.
            LeNetError: if it cannot be written.
        """
        path = path_argument("path", path, WeightsError)
        if path.is_dir():
            raise WeightsError(f"{path}: is a folder, expected the name of a file to write")
        write_result(path, model_bytes(self))
        return path

    def to_torch(self) -> NetworkModule:
        """The model as an ``nn.Module`` with the same parameters, in evaluation mode; it takes network inputs.

        Raises:
            MissingExtra: if torch is not installed.
        """
        from lenet.pytorch import build, load_arrays

        module = build(self.network)
        load_arrays(module, self.parameters)
        return module.eval()

    def _names_of_data(self, classes: int) -> tuple[str, ...]:
        """The class names of the public data set that was trained on: version 0.1 wrote no others."""
        if self.trained_on is None:
            return ()
        from lenet.data import CATALOG

        names = CATALOG[self.trained_on].class_names if self.trained_on in CATALOG else ()
        return names if len(names) == classes else ()

    @property
    def _kind_of_pictures(self) -> str:
        default_kind = "color" if self.network.input[0] == 3 else "gray" if self.digit_outputs is None else "digits"
        with self.checked_provenance() as provenance:
            kind = provenance.record("pictures", default={}).text("kind", default=default_kind)
        if kind not in PICTURE_KINDS:
            raise WeightsError(
                f"{self.network.name}: takes pictures of the kind {kind!r}, expected one of {', '.join(PICTURE_KINDS)}"
            )
        return kind

    @cached_property
    def _forward(self) -> Forward:
        from lenet.engine import Forward

        return Forward(self.network, self.parameters)

    def __getstate__(self) -> dict[str, Any]:  # an engine belongs to its process
        return {name: value for name, value in self.__dict__.items() if name != "_forward"}

    def __repr__(self) -> str:
        count = sum(array.size for array in self.parameters.values())
        size = "×".join(map(str, self.network.input))
        return f"Model({self.network.name}, {count:,} parameters, input {size}, classes {join_names(self.class_names)})"

    def _repr_html_(self) -> str:
        from lenet.notebook import model_html

        return model_html(self)


def create(
    network: Network | Model | str | Path,
    *,
    classes: int | Sequence[str] | None = None,
    channels: int | None = None,
    hidden: int | None = None,
    size: int | None = None,
    init: str | None = None,
    seed: int = 0,
) -> Model:
    """A model with first weights, ready to be trained.

    Args:
        network: a network's name, a TOML file that describes one, its description, or a model whose network is taken.
        classes: how many, or their names.
        channels, hidden, size: of networks that have such options, by name: see `lenet.describe`.
        init: the rule of the first weights; None takes the network's own. See `lenet.initialization`.
        seed: the same seed gives the same weights.

    Raises:
        UnknownName: if there is no such network or rule.
        ArchitectureError: if the network has no such option, or a description is given one.

    >>> create("LeNet-5", seed=1).class_names
    ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9')
    """
    is_empty = isinstance(classes, Sequence) and not classes
    if isinstance(classes, str) or not isinstance(classes, Integral | Sequence | None) or is_empty:
        raise ArchitectureError(f"classes is {classes!r}, expected how many there are, or a list of their names")
    if not isinstance(seed, Integral) or seed < 0:
        raise ArchitectureError(f"seed is {seed!r}, expected a whole number of at least 0")
    if isinstance(network, Model):
        network = network.network
    names = () if classes is None or isinstance(classes, Integral) else tuple(classes)
    count = classes if isinstance(classes, Integral) else len(names) or None
    values = {"classes": count, "channels": channels, "hidden": hidden, "size": size}
    arguments = {option: value for option, value in values.items() if value is not None}
    if isinstance(network, str | Path):
        if "classes" not in options(network) and count == describe(network).classes:
            del arguments["classes"]  # LeNet-5's ten digits may be named
        network = describe(network, **arguments)
    elif not isinstance(network, Network):
        raise ArchitectureError(
            f"{type(network).__name__}: is no network; expected a name, a TOML file or a description"
        )
    elif others := [option for option in arguments if option != "classes"]:
        raise ArchitectureError(f"{network.name} is a description, which has no option {others[0]!r} any more")
    return Model(network, initial_weights(network, init, seed), class_names=names)


def load(
    source: str | Path | Model,
    expect: Network | None = None,
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
) -> Model:
    """The model in a file, the best one of a run's folder, that of an exported folder, or one that ships under a name.

    A file may be others', too: a PyTorch ``state_dict`` or a checkpoint that holds one, safetensors without lenet's
    metadata, or an ONNX graph. Its network is found by the shapes in it; what these do not tell, the keywords do, which
    are for such files alone.

    Args:
        source: a path, or a name: ``"lenet-5-relu"``, ``"lenet-5"``, ``"pretrained"`` for the one that reads digits.
        expect: the network that the model must be of, if that matters.
        network: a name, or a description.
        activation, pooling, outputs: in place of ``network``, to have it described by the shapes: ``"relu"``,
            ``"sigmoid"``, ``"tanh"``, ``"squash"`` or ``"identity"``; ``"max"`` or ``"average"``; and ``"logits"``,
            ``"sigmoid"`` or ``"log-softmax"``.
        size: rows and columns of the input, where shapes allow 28, padded, and 32; if left out 28 in gray, 32 in color.
        input_range: the network inputs that background and full ink become; the network's own if left out, and
            (0, 1), which ``ToTensor`` gives, for one that is described by shapes.
        normalize: in place of it, mean and deviation of ``Normalize`` after ``ToTensor``.
        class_names: one for each output but the reject class, in order; if left out those that the file says, else
            numbers.
        reject_class: the number of the output that stands for none of the classes, as *no digit*, if there is one that
            the file does not say.

    Raises:
        WeightsError: if a file is missing, damaged, no model of a LeNet, or another network's; or if its shapes fit
            several networks, which the text names.
        UnknownName: if no model ships under that name, or there is no such network, activation, …
        ArchitectureError: if keywords contradict one another.

    >>> load("lenet-5-relu").class_names[7]
    '7'
    """
    from lenet.checkpoints import ImportOptions

    import_options = ImportOptions(network, activation, pooling, outputs, size, input_range, normalize, reject_class)
    if class_names is not None and (isinstance(class_names, str) or not len(class_names)):
        raise WeightsError(f"class_names is {class_names!r}, expected a list of texts, one for each output")
    names = None if class_names is None else tuple(class_names)
    if keywords := [*import_options.options_given, *(["class_names"] if names else [])]:
        if isinstance(source, str | Path) and (os.path.isfile(source) or Path(source).suffix):  # noqa: PTH113
            return _load_file(Path(source), expect, import_options, names)
        raise WeightsError(f"{keywords[0]} goes with a file that others wrote, and {source!s} is none")
    if isinstance(source, Model):
        return source
    if not isinstance(source, str | Path):
        raise WeightsError(f"{type(source).__name__}: is no model; expected a path or a name that ships")
    return _load_file(file_of(source), expect)


def file_of(source: str | Path) -> Path:
    """The file that `load` reads for a path or a name; of a path that is no folder, whether it is there or not.

    Raises:
        WeightsError: if a folder holds no model.
        UnknownName: if no model ships under that name.

    >>> file_of("lenet-5").name
    'lenet-5.safetensors'
    """
    path = Path(source)
    if str(source) and os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a name is too long
        for file in (path / RUN_BEST, path / FOLDER_MODEL):
            if file.is_file():
                return file
        raise WeightsError(
            f"{path}: a folder without {RUN_BEST} or {FOLDER_MODEL}, expected a weights file, a run's folder "
            "or an exported one"
        )
    if os.path.isfile(path) or path.suffix or len(path.parts) > 1:  # noqa: PTH113
        return path
    return _pretrained_file("lenet-5-relu" if str(source) == "pretrained" else str(source))


def pretrained(name: str = "lenet-5-relu") -> Model:
    """The model that ships with the package under a name.

    Raises:
        UnknownName: if none ships under that name.
    """
    return _load_file(_pretrained_file(name))


def pretrained_names() -> list[str]:
    """The names under which models ship with the package."""
    return sorted(path.stem for path in _PRETRAINED.glob("*.safetensors"))


def _pretrained_file(name: str) -> Path:
    return (
        _PRETRAINED / f"{resolve_name('weights file, run or pretrained network', name, pretrained_names())}.safetensors"
    )


def model_bytes(model: Model) -> bytes:
    """The content of a model's file; the same model gives the same bytes."""
    metadata = {
        "format": FORMAT,
        "network": _compact_json(model.network.to_json()),
        "class_names": _compact_json(model.class_names),
        "provenance": _compact_json(model.provenance),
    }
    arrays = {name: np.ascontiguousarray(array) for name, array in model.parameters.items()}
    return _with_sorted_metadata(to_bytes(arrays, metadata=metadata))


def check_parameters(network: Network, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Raise WeightsError unless ``arrays`` are exactly the network's parameters, in float32 and finite."""
    expected = network.parameter_shapes()
    if missing := [name for name in expected if name not in arrays]:
        raise WeightsError(f"not {network.name} weights: no array {missing[0]!r}")
    if unknown := [name for name in arrays if name not in expected]:
        raise WeightsError(f"not {network.name} weights: {network.name} has no array {unknown[0]!r}")
    for name, shape in expected.items():
        array = arrays[name]
        if array.shape != shape:
            raise WeightsError(f"not {network.name} weights: {name} is {array.shape}, expected {shape}")
        if array.dtype != np.float32:
            raise WeightsError(f"{name} holds {array.dtype}, expected float32")
        if not np.isfinite(array).all():
            raise WeightsError(f"{name} holds a value that is not a finite number; the run that made it diverged")


def _load_file(
    path: Path,
    expect: Network | None = None,
    import_options: ImportOptions | None = None,
    names: tuple[str, ...] | None = None,
) -> Model:
    if names_toml(path):
        raise WeightsError(f"{path}: describes a network and holds no weights; `lenet train {path}` makes some")
    if not os.path.isfile(path):  # noqa: PTH113
        is_folder = os.path.isdir(path)  # noqa: PTH112
        problem = "is a folder, expected a weights file" if is_folder else "no such weights file"
        raise WeightsError(f"{path}: {why_missing(path, problem)}")
    try:
        if kind := _foreign_kind(path):
            from lenet.checkpoints import ImportOptions, import_file

            imported = import_file(path, kind, import_options or ImportOptions())
            network = imported.network
            if expect is not None and expect.parameter_shapes() != network.parameter_shapes():
                raise WeightsError(f"holds {network.name} weights, but {expect.name} was asked for")
            if names and names != imported.class_names and sorted(names) == sorted(imported.class_names):
                raise WeightsError(
                    f"says that its classes are {join_names(imported.class_names)}, in this order, and class_names "
                    "gives the same in another one; leave it out"
                )
            return Model(network, imported.parameters, imported.provenance, names or imported.class_names)
        if import_options is not None:
            keyword = [*import_options.options_given, "class_names"][0]
            raise WeightsError(f"is a model of lenet's, which says what it is itself; leave {keyword} out")
        metadata, arrays = read_safetensors(path)
    except (WeightsError, ArchitectureError) as error:
        raise type(error)(f"{path}: {error}") from None
    except OSError as error:
        raise WeightsError(f"{path}: {reason_of(error)}") from None
    if (format_name := metadata.get("format")) != FORMAT:
        raise WeightsError(f"{path}: a safetensors file, but not lenet weights: its format is {format_name!r}")
    try:
        record = Record(metadata)
        network = Network.from_json(parse_json(record.text("network")))
        if expect is not None and expect.parameter_shapes() != network.parameter_shapes():
            raise WeightsError(f"holds {network.name} weights, but {expect.name} was asked for")
        provenance = dict(Record.parsed(record.text("provenance")).values)
        names = Record({"class_names": parse_json(record.text("class_names", default="[]"))}).texts("class_names")
        return Model(network, arrays, provenance, names)
    except (ArchitectureError, WeightsError) as error:
        raise WeightsError(f"{path}: {error}") from None
    except RecordError as error:
        raise WeightsError(f"{path}: its metadata is damaged ({error})") from None


def read_safetensors(path: Path) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    """The metadata and the arrays of a safetensors file.

    Raises:
        WeightsError: if it cannot be read, is damaged or another kind of file; the text names no path.
    """
    try:
        path.open("rb").close()
    except OSError as error:  # safetensors calls missing what it may not open
        raise WeightsError(f"cannot be read ({reason_of(error)})") from None
    try:
        with safe_open(path, framework="numpy") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, TypeError, ValueError, AttributeError, KeyError) as error:
        raise WeightsError(f"not a readable safetensors file ({first_line(error)})") from None


def _foreign_kind(path: Path) -> str:
    """The format of a file that another program wrote, as `kind_of` calls it; empty for a model of lenet's."""
    if path.suffix.lower() == ".safetensors":
        return "safetensors" if _is_foreign(path) else ""
    from lenet.checkpoints import kind_of

    kind = kind_of(path)
    return kind if kind != "safetensors" or _is_foreign(path) else ""


def _is_foreign(path: Path) -> bool:
    """Whether a safetensors file is another program's: its metadata describe no network.

    Raises:
        WeightsError: if it is a run's last checkpoint; the text names no path.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError, ValueError):
        return False
    if "lenet" in metadata:
        raise WeightsError(
            f"is the checkpoint that a run goes on from, no model; expected the run's folder or its {RUN_BEST}"
        )
    return FORMAT.partition("-")[0] not in metadata.get("format", "") and "network" not in metadata


def _with_sorted_metadata(content: bytes) -> bytes:
    """The same file with sorted metadata, which safetensors writes in another order every time."""
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the numbers start at a multiple of 8 bytes
    return len(text).to_bytes(8, "little") + text + content[8 + size :]


def _compact_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
