"""Description of a benchmark's machine: processor, load, and versions of packages."""

import os
import platform
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import lenet
from lenet.engine.choice import choose_engine
from lenet.engine.native import instruction_sets, peak_flops, usable_cores

PACKAGES = ("numpy", "torch", "onnxruntime", "onnx", "openvino")
_BUSY_INTERRUPTIONS = 100  # involuntary context switches a second; a quiet machine has a few


def processor() -> str:
    """The processor's model, as the system names it."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())


def versions() -> dict[str, str | None]:
    """The version of Python, of this package and of every peer; None for one that is not installed."""
    installed = {name: version_of(name) for name in PACKAGES}
    return {"lenet": lenet.__version__, "python": platform.python_version(), **installed}


def describe_machine(threads: int) -> dict[str, Any]:
    """Describe the machine; the benchmark fills in ``peak_flops`` and ``interruptions_per_second``.

    Returns:
        ``{"processor", "system", "cores", "threads", "instructions", "peak_flops", "load",
        "interruptions_per_second", "versions"}``; ``load`` is the number of processes that wanted to run in the
        last minute, interruptions are the benchmark's involuntary context switches.
    """
    sets = instruction_sets()
    return {
        "processor": processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": usable_cores(),
        "threads": threads,
        "instructions": choose_engine() if sets else None,
        "peak_flops": None,
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "interruptions_per_second": 0,
        "versions": versions(),
    }


def machine_text(machine: dict[str, Any]) -> str:
    """Format a machine in two lines, with a third if other processes were running."""
    installed = ", ".join(f"{name} {version}" for name, version in machine["versions"].items() if version)
    sets = f", {machine['instructions']}" if machine["instructions"] else ""
    description = (
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, {machine['threads']} threads{sets}"
    )
    interruptions = machine["interruptions_per_second"]
    if interruptions <= _BUSY_INTERRUPTIONS:
        return f"{description}\n{installed}"
    return (
        f"{description}\n{installed}\n"
        f"Other processes interrupted this one {interruptions:,} times a second, which slows some runtimes more than "
        "others. Repeat this on a quiet machine."
    )


def peak_flops_meter(threads: int) -> Callable[[], float] | None:
    """Function that measures the fp32 operations per second of so many threads; None without the native engine.

    It uses the best instruction set of the processor, whichever one the engine was told to use.
    """
    sets = instruction_sets()
    return partial(peak_flops, threads, 0.2, sets[0]) if sets else None


def version_of(package: str) -> str | None:
    """The installed version of a package; None if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
