"""The verb ``doctor``: diagnosis of versions, machine, engine, extras, data and shipped weights."""

import os
import platform
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from importlib.resources import files
from importlib.util import find_spec
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import numpy as np

import lenet
from lenet.benchmarking.machine import version_of
from lenet.errors import LeNetError, error_summary

EXTRAS = {
    "train": "training on GPUs, training without the native engine, and networks as torch modules",
    "figures": "drawing maps, posters and diagrams",
    "onnx": "lenet export to ONNX",
    "executorch": "lenet export to ExecuTorch",
    "estimator": "LeNetClassifier, for scikit-learn",
    "bench": "comparing with ONNX Runtime in lenet bench",
    "heic": "reading HEIC photos",
    "pdf": "reading PDF pages",
    "tables": "writing Parquet files",
    "serve": "lenet serve",
    "desk": "lenet serve --desk and lenet review",
    "cluster": "lenet read --ray",
}
# CPU flags, by Linux's names, that the kernels of each instruction set need.
FEATURES = {
    "avx512": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx2", "fma", "bmi2"},
    "avx2": {"avx2", "fma", "bmi1", "bmi2", "f16c", "movbe", "abm"},
    "baseline": {"sse2"},
    "neon": {"asimd"},
}
_PACKAGE = re.compile(r"^[\w.-]*\w")
_OWN_EXTRAS = re.compile(r"lenet\[([\w,-]+)\]")
_MAX_ERROR = (
    1e-3  # relative, of outputs compared with the NumPy reference: far above rounding, far below a wrong kernel
)


class Status(StrEnum):
    """The status of what was checked."""

    OK = "ok"
    MISSING = "missing"  # not installed; everything else works without it
    BROKEN = "broken"


_MARKS = {Status.OK: "✓", Status.MISSING: "–", Status.BROKEN: "✗"}


@dataclass(frozen=True)
class Check:
    """One line of the report: what was checked, its status, and the remedy if it is not OK."""

    section: str
    name: str
    status: Status
    text: str
    value: Any = None
    remedy: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """All checks, section by section."""

    checks: tuple[Check, ...]

    def __repr__(self) -> str:
        return f"Diagnosis({len(self.checks)} checks, {'ok' if self.is_ok else 'broken'})"

    @property
    def is_ok(self) -> bool:
        """Whether nothing is broken; what is merely not installed breaks nothing."""
        return all(check.status is not Status.BROKEN for check in self.checks)

    def __str__(self) -> str:
        width = max(len(check.name) for check in self.checks)
        lines: list[str] = []
        for section, checks in groupby(self.checks, key=lambda check: check.section):
            lines += ["", section] if lines else [section]
            for check in checks:
                lines.append(f"  {_MARKS[check.status]} {check.name:<{width}}  {check.text}")
                if check.remedy and check.status is not Status.OK:
                    lines.append(f"    {'':<{width}}  → {check.remedy}")
        broken = [f"{one.section}, {one.name}" for one in self.checks if one.status is Status.BROKEN]
        end = f"broken: {'; '.join(broken)}" if broken else "everything that is installed works"
        return "\n".join([*lines, "", end])

    def _repr_html_(self) -> str:
        from lenet.notebook import text_html

        return text_html(str(self))

    def to_json(self) -> dict[str, Any]:
        """``{"ok", "checks": {section: {name: {"status", "value", "text"}}}}``."""
        report: dict[str, dict[str, Any]] = {}
        for check in self.checks:
            entry = {"status": check.status, "value": check.value, "text": check.text}
            if check.remedy and check.status is not Status.OK:
                entry["remedy"] = check.remedy
            report.setdefault(check.section, {})[check.name] = entry
        return {"ok": self.is_ok, "checks": report}


def doctor() -> Diagnosis:
    """Check this installation: versions, machine, engine, extras, data and the models that ship."""
    return Diagnosis(tuple(_examine()))


def _examine() -> Iterator[Check]:
    for section, examine in {
        "versions": _versions,
        "machine": _machine,
        "engine": _engine,
        "extras": _extras,
        "data": _data,
        "pretrained weights": _pretrained,
    }.items():
        try:
            for name, status, text, value, *remedy in examine():
                yield Check(section, name, status, text, value, *remedy)
        except Exception as error:  # a broken part must not hide the other checks
            message = error_summary(error)
            yield Check(section, "check", Status.BROKEN, message, message, "install the package again")


_Row = tuple[str, Status, str, Any] | tuple[str, Status, str, Any, str]  # name, status, text, value, remedy


def _versions() -> Iterator[_Row]:
    folder = Path(lenet.__file__).parent
    yield "lenet", Status.OK, f"{lenet.__version__}  {folder}", lenet.__version__
    python = platform.python_version()
    status = Status.OK if sys.version_info >= (3, 11) else Status.BROKEN
    yield "python", status, f"{python}  {sys.executable}", python, "use Python 3.11 or newer"
    for package in _packages_of():
        version = version_of(package)
        status = Status.OK if version else Status.BROKEN
        yield package, status, version or "is not installed", version, f"pip install {package}"


def _machine() -> Iterator[_Row]:
    from lenet.benchmarking.machine import processor
    from lenet.engine.native import usable_cores

    system = f"{platform.system()} {platform.release()} on {platform.machine()}"
    yield "system", Status.OK, system, system
    yield "processor", Status.OK, processor(), processor()
    cores = usable_cores()
    yield "cores", Status.OK, f"{cores} of {os.cpu_count()} may be used by this process", cores
    supported = _processor_instruction_sets()
    text = "unknown on this system" if supported is None else ", ".join(supported) or "none that the engine knows"
    yield "instructions", Status.OK, text, supported


def _engine() -> Iterator[_Row]:
    from lenet.engine.choice import ENGINE_VARIABLE, describe_engine

    engine = describe_engine()
    extension, sets = engine["extension"], engine["instruction_sets"]
    path, problem = extension["path"], extension["problem"]
    build = f"LENET_MUST_BUILD=1 {engine['remedy']}"
    remedy = f"install a C++ compiler (GCC or Clang), then: {build}"
    if problem:
        status = Status.BROKEN if path else Status.MISSING
        yield "extension", status, f"{problem}  {path}" if path else problem, path, remedy
    else:
        yield "extension", Status.OK, path, path
        compiled = list(extension["compiled"])
        unused = [name for name in _processor_instruction_sets() or [] if name not in compiled]
        text = ", ".join(compiled) + (f"; the processor also has {', '.join(unused)}" if unused else "")
        yield (
            "compiled in",
            Status.MISSING if unused else Status.OK,
            text,
            compiled,
            f"build with a newer compiler: {build}",
        )
        yield "can run", Status.OK, ", ".join(sets), sets
    if engine["problem"]:
        yield "in use", Status.BROKEN, engine["problem"], engine["forced"], f"unset {ENGINE_VARIABLE}"
        return
    for purpose in ("training", "reading"):
        text, status = f"{engine[purpose]}: {engine['reason']}", Status.OK
        value, remedy = engine[purpose], f"unset {ENGINE_VARIABLE}"
        if (purpose, engine[purpose]) == ("training", "numpy"):
            text, status = f"{text}, which cannot train", Status.MISSING
        elif engine[purpose] == "torch" and find_spec("torch") is None:
            text, status = f"not available: {engine['reason']}, and torch is not installed", Status.MISSING
            value, remedy = None, "pip install 'lenet[train]', or build the native engine"
        yield purpose, status, text, value, remedy
    for name in sets:
        yield _compare_with_reference(name)
    yield _matrix_unit()


def _matrix_unit() -> _Row:
    """Whether the engine can read in bfloat16 here; its outputs are not compared with the reference."""
    from lenet.engine.native import precisions

    supported = list(precisions())
    text = (
        "reads in bfloat16 where a program asks for it" if "bfloat16" in supported else "none that this engine can use"
    )
    return "matrix unit", Status.OK if "bfloat16" in supported else Status.MISSING, text, supported


def _compare_with_reference(instructions: str) -> _Row:
    """Compare one instruction set with the NumPy reference on noise, with the shipped weights."""
    from lenet.engine.native import Engine
    from lenet.engine.reference import forward
    from lenet.model import pretrained
    from lenet.preprocess import network_inputs

    model = pretrained()
    network = model.network
    noise = np.random.default_rng(0).integers(0, 256, (100, *network.input), np.uint8)
    inputs = network_inputs(noise, network.input, network.input_range)
    expected = forward(network, model.parameters, inputs)
    outputs = Engine(network, model.parameters, instructions=instructions).predict(inputs)
    error = float(np.abs(outputs - expected).max() / np.abs(expected).max())
    if not error < _MAX_ERROR:  # so that a NaN is caught, too
        text = f"is wrong: outputs of {network.name} differ from the NumPy reference by {error:.1e} (relative)"
        return instructions, Status.BROKEN, text, error, "force another engine with LENET_ENGINE, and report this"
    return instructions, Status.OK, f"agrees with the NumPy reference within {error:.0e} (relative)", error


def _extras() -> Iterator[_Row]:
    for extra, purpose in EXTRAS.items():
        versions = {package: version_of(package) for package in _packages_of(extra)}
        missing = [package for package, version in versions.items() if not version]
        verb = "is" if len(missing) == 1 else "are"
        text = f"{', '.join(missing)} {verb} not installed; needed for {purpose}"
        if not missing:
            text = ", ".join(f"{package} {version}" for package, version in versions.items())
        yield extra, Status.MISSING if missing else Status.OK, text, versions, f"pip install 'lenet[{extra}]'"


def _data() -> Iterator[_Row]:
    from lenet import data

    folder = data.cache_folder()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if existing.is_dir() and os.access(existing, os.W_OK):
        text = str(folder) if existing == folder else f"{folder}, not made yet"
        yield "folder", Status.OK, text, str(folder)
    else:
        text = f"{folder} cannot be written"
        yield "folder", Status.BROKEN, text, str(folder), "name a folder that can be written in LENET_DATA"
    cached = [name for name, entry in data.CATALOG.items() if data.is_cached(entry.source)]
    status = Status.OK if cached else Status.MISSING
    yield "here", status, ", ".join(cached) or "no data set yet", cached, "lenet data fetch mnist"


def _pretrained() -> Iterator[_Row]:
    from lenet.model import pretrained

    folder = files("lenet").joinpath("pretrained")
    names = sorted(
        entry.name.removesuffix(".safetensors") for entry in folder.iterdir() if entry.name.endswith(".safetensors")
    )
    if not names:
        yield "files", Status.BROKEN, f"none in {folder}", [], "install the package again"
    for name in names:
        try:
            count = sum(array.size for array in pretrained(name).parameters.values())
            yield name, Status.OK, f"{count:,} parameters", count
        except LeNetError as error:
            yield name, Status.BROKEN, str(error), None, "install the package again"


def _packages_of(extra: str = "") -> list[str]:
    """The packages that lenet itself needs, or one of its extras, with those of the extras that it includes."""
    lines = (line.partition(";") for line in metadata.requires("lenet") or [])
    # Quotes differ between the tools that write metadata.
    marker = f"extra=='{extra}'" if extra else ""
    packages: list[str] = []
    for line, _, when in lines:
        if when.replace('"', "'").replace(" ", "") == marker:
            included = _OWN_EXTRAS.match(line)
            packages += (
                chain.from_iterable(map(_packages_of, included[1].split(","))) if included else _PACKAGE.findall(line)
            )
    return packages


def _processor_instruction_sets() -> list[str] | None:
    """The instruction sets of FEATURES that this processor has, best first; None where the system does not say."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.exists() else []
    flags = next(
        (set(line.partition(":")[2].split()) for line in lines if line.startswith(("flags", "Features"))), None
    )
    return None if flags is None else [name for name, required in FEATURES.items() if required <= flags]
