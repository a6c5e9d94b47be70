"""Export of a model into a format of other programs, checked against the engine."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lenet.checkpoints.description import MEMBER, description_text
from lenet.errors import DataError, LeNetError, MissingExtra
from lenet.exporting import checking
from lenet.exporting.c import identifier, to_c
from lenet.exporting.checking import Check
from lenet.exporting.quantization import MAX_WEIGHT, Quantization, quantize, quantized_forward
from lenet.files import check_folder_writable, check_writable, path_argument, write_result
from lenet.model import FOLDER_MODEL, Model, load
from lenet.naming import resolve_name
from lenet.preprocess import GrayLevels, fit_to_input

if TYPE_CHECKING:
    from lenet.data import Dataset

CALIBRATION_PICTURES, CHECK_PICTURES = 1_000, 1_000
_TEST_VECTORS = 5
_MAX_AVX2_WEIGHT = 63  # the largest weight that ONNX Runtime multiplies without overflow on processors with AVX2 alone


@dataclass(frozen=True)
class Export:
    """A written export, with its comparison with the engine.

    Attributes:
        format: one of `FORMATS`.
        path: the file or folder that was asked for.
        files: all that was written.
        bytes: of all files together.
        weight_bytes: of weights, as the program that runs them holds them.
        check: the comparison with the engine; None if what runs such files is not here.
        unchecked: why there is none.
    """

    format: str
    path: Path
    files: tuple[Path, ...]
    bytes: int
    weight_bytes: int
    check: Check | None
    unchecked: str = ""

    def to_json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {**asdict(self), "path": str(self.path), "files": list(map(str, self.files))}

    def __str__(self) -> str:
        judged = str(self.check) if self.check else f"not checked: {self.unchecked}"
        return f"{self.path}: {self.bytes:,} bytes, {self.weight_bytes:,} of weights; {judged}"


@dataclass(frozen=True)
class _ExportedFiles:
    """The content of the files by name, and how much of it is weights."""

    files: dict[str, bytes]
    weight_bytes: int


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        ending: of the file that it writes; empty for a folder.
        default: the file or folder's name where none is given, of the network's name.
        write: from a model, the file's stem, its weights in 8 bits if they are rounded, and pictures for examples, to
            files by name.
        run: what runs the file at a path.
        max_weight: the largest weight in 8 bits, rounded on pictures of what the model was trained on; 0 rounds none.
    """

    ending: str
    default: str
    write: Callable[[Model, str, Quantization | None, GrayLevels], _ExportedFiles]
    run: Callable[[Model, Path], tuple[checking.Run, str]]
    max_weight: int = 0


def export(
    model: Model | str | Path,
    to: str = "onnx",
    out: str | Path | None = None,
    *,
    data: Dataset | str | Path | None = None,
) -> Export:
    """Write a model in a format of other programs, and compare its answers with the engine's on 1,000 pictures.

    Args:
        model: a model, its file, a run's folder, or a name that ships.
        to: ``"onnx"`` and ``"onnx-int8"`` take uint8 pictures of the network's size, (N, height, width), or (N,
            channels, height, width) where there is more than one channel, and hold all preprocessing; ``"c"`` and
            ``"c-int8"`` are a header and a C99 source with a self-test, without allocation; ``"pth"`` is a PyTorch
            state dict with the names of the class that `lenet.code` prints; ``"pte"`` is an ExecuTorch program that
            takes one such picture at a time; ``"hf"`` is a folder with config.json,
            model.safetensors and a model card, which `lenet.load` takes. In the two with ``int8`` weights have 8 bits.
        out: the file or folder to write; None names it after the network.
        data: what the pictures are of: a public data set's name, a path to your own, or a data set. None takes what the
            model was trained on; where that is not at hand, the comparison is made on random pictures. Weights are
            rounded on pictures of its training split, and the comparison is made on its test split.

    Returns:
        Where it was written, its size, the number of answers that differ, and the speed beside the engine's. Without
        ONNX Runtime, a C compiler or torch there is no comparison of their formats, and it says so.

    Raises:
        UnknownName: if there is no such format, data set or model.
        ArchitectureError: if the format cannot express the network.
        DataError: if weights are to be rounded and there are no pictures of what the model was trained on.
        MissingExtra: if onnx is needed and not installed.
        LeNetError: if it cannot be written there, or the outputs are not the engine's; nothing is written then.
    """
    name = resolve_name("format", to, FORMATS)
    target_format, model = FORMATS[name], load(model)
    network = model.network.name
    default = target_format.default.format(network=network, name=identifier(network))
    path = Path(default) if out is None else path_argument("out", out, LeNetError)
    _check_path(path, target_format)
    is_quantized = target_format.max_weight > 0
    calibration, pictures, source = _load_pictures(model, data, is_quantized)
    quantization = (
        quantize(model.network, model.parameters, calibration, target_format.max_weight) if is_quantized else None
    )
    exported = target_format.write(model, path.stem, quantization, pictures)
    check, unchecked = None, ""
    with tempfile.TemporaryDirectory(prefix="lenet-export-") as folder:
        for file, content in exported.files.items():
            (Path(folder) / file).write_bytes(content)
        try:
            run, program = target_format.run(model, Path(folder) / next(iter(exported.files)))
        except (MissingExtra, checking.NoCompiler) as error:
            unchecked = str(error)
        else:
            check = checking.compare(model, run, program, pictures, source, is_exact=not is_quantized)
    folder_of = path.parent if target_format.ending else path
    files = tuple(folder_of / file for file in exported.files)
    for target, content in zip(files, exported.files.values(), strict=True):
        write_result(target, content)
    size = sum(map(len, exported.files.values()))
    return Export(name, path, files, size, exported.weight_bytes, check, unchecked)


def _check_path(path: Path, target_format: Format) -> None:
    if target_format.ending:
        if path.suffix != target_format.ending or path.is_dir():
            raise LeNetError(f"{path}: expected a file's name that ends in {target_format.ending}")
        check_writable(path)
        return
    check_folder_writable(path)
    from lenet.exporting.huggingface import CONFIG

    if path.is_dir() and any(path.iterdir()) and not ((path / CONFIG).is_file() and (path / FOLDER_MODEL).is_file()):
        raise LeNetError(f"{path}: holds other files, expected a new or empty folder, or an earlier export to replace")


def _load_pictures(
    model: Model, data: Dataset | str | Path | None, must_be_real: bool
) -> tuple[GrayLevels, GrayLevels, str]:
    """Pictures to calibrate on and to compare on, uint8 (N, C, H, W) of the network's size, and what the latter are."""
    from lenet.data import CATALOG, Dataset, is_cached
    from lenet.data import load as load_data

    network = model.network
    if data is None and model.trained_on in CATALOG:
        name = str(model.trained_on)
        if must_be_real or is_cached(CATALOG[name].source):
            data = name
    if isinstance(data, str | Path):
        data = load_data(data, size=network.input[1], color=model.is_color)
    if data is not None and not isinstance(data, Dataset):
        raise DataError(f"a {type(data).__name__} is no data; expected a data set, its name, or a path to your own")
    if data is not None:
        training = _choose_pictures(data.train_images, CALIBRATION_PICTURES) if must_be_real else data.train_images[:0]
        tested = _choose_pictures(data.test_images, CHECK_PICTURES)
        return (
            fit_to_input(training, network.input),
            fit_to_input(tested, network.input),
            f"test pictures of {data.name}",
        )
    if must_be_real:
        raise DataError(
            f"{network.name}: weights are rounded on pictures of what the model was trained on, which is "
            f"{model.trained_on or 'not known'}; name such pictures with data"
        )
    noise = np.random.default_rng(0).integers(0, 256, (CHECK_PICTURES, *network.input), np.uint8)
    return noise[:0], noise, "random pictures"


def _choose_pictures(images: GrayLevels, count: int) -> GrayLevels:
    """So many at random, or all there are, in their order."""
    if len(images) <= count:
        return images
    return images[np.sort(np.random.default_rng(0).choice(len(images), count, replace=False))]


def _onnx(model: Model, stem: str, quantization: Quantization | None, examples: GrayLevels) -> _ExportedFiles:
    from lenet.exporting.onnx import to_onnx

    properties = {
        "network": model.network.name,
        "output_names": json.dumps(model.output_names, ensure_ascii=False),
        MEMBER: _description(model),
        "the winner": "the smallest output" if model.network.smallest_wins else "the largest output",
    }
    content = to_onnx(
        model.network, model.parameters, takes_bytes=True, quantization=quantization, properties=properties
    )
    return _ExportedFiles({f"{stem}.onnx": content}, _weight_bytes(model, quantization))


def _description(model: Model) -> str:
    return description_text(model.network, model.class_names, model.provenance)


def _weight_bytes(model: Model, quantization: Quantization | None = None) -> int:
    total = sum(array.nbytes for array in model.parameters.values())
    for stage in (quantization or {}).values():
        total += stage.weight_scales.nbytes - 3 * stage.weight.nbytes
    return total


def _c(model: Model, stem: str, quantization: Quantization | None, examples: GrayLevels) -> _ExportedFiles:
    pictures = examples[:_TEST_VECTORS]
    if quantization is None:
        outputs, share = model._forward.predict(pictures), 1e-4
    else:
        outputs, share = quantized_forward(model.network, model.parameters, quantization, pictures), 2e-2
    tolerance = share * max(1.0, float(np.abs(outputs).max(initial=0)))
    text = to_c(
        model.network, model.parameters, stem, quantization=quantization, output_names=model.output_names,
        examples=(pictures, outputs, tolerance),
    )  # fmt: skip
    return _ExportedFiles({f"{stem}.c": text.source.encode(), f"{stem}.h": text.header.encode()}, text.weight_bytes)


def _pth(model: Model, stem: str, quantization: Quantization | None, examples: GrayLevels) -> _ExportedFiles:
    from lenet.exporting.pth import to_pth
    from lenet.pytorch import standalone_source

    standalone_source(model.network)  # refuses what no class can be written for
    arrays = {name: model.parameters[name] for name in model.network.parameter_shapes()}
    return _ExportedFiles({f"{stem}.pth": to_pth(arrays, _description(model))}, _weight_bytes(model))


def _pte(model: Model, stem: str, quantization: Quantization | None, examples: GrayLevels) -> _ExportedFiles:
    from lenet.exporting.pte import to_pte

    return _ExportedFiles({f"{stem}.pte": to_pte(model.network, model.parameters)}, _weight_bytes(model))


def _hf(model: Model, stem: str, quantization: Quantization | None, examples: GrayLevels) -> _ExportedFiles:
    from lenet.exporting.huggingface import to_folder

    return _ExportedFiles(to_folder(model), _weight_bytes(model))


FORMATS: dict[str, Format] = {
    "onnx": Format(".onnx", "{network}.onnx", _onnx, checking.run_onnx),
    "onnx-int8": Format(".onnx", "{network}-int8.onnx", _onnx, checking.run_onnx, _MAX_AVX2_WEIGHT),
    "c": Format(".c", "{name}.c", _c, checking.run_c),
    "c-int8": Format(".c", "{name}_int8.c", _c, checking.run_c, MAX_WEIGHT),
    "pth": Format(".pth", "{network}.pth", _pth, checking.run_pth),
    "pte": Format(".pte", "{network}.pte", _pte, checking.run_pte),
    "hf": Format("", "{network}-hf", _hf, checking.run_loaded),
}
