"""Device selection for training: the native engine on this CPU, or torch on a CPU, a GPU or in many processes.

torch takes a second to import, so it is asked about GPUs only where one may be.
"""

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from lenet.engine.choice import ENGINE_VARIABLE, choose_engine
from lenet.engine.native import instruction_sets
from lenet.errors import TrainingError
from lenet.training.distributed import Worker

TORCH: Literal["torch"] = "torch"
NUMPY: Literal["numpy"] = "numpy"
_DEVICE = re.compile(r"auto|cpu|cuda(:[0-9]{1,3})?")


@dataclass(frozen=True)
class Device:
    """The engine and the device to train on.

    Attributes:
        engine: ``"torch"``, or an instruction set of the native engine.
        device: ``"cpu"``, ``"cuda:0"``, or for torch to find out, ``"auto"``.
        is_forced: whether the engine was named, so that there is no fallback.
    """

    engine: str
    device: str
    is_forced: bool


def is_available(engine: str) -> bool:
    """Whether an engine can train on this machine and installation."""
    return find_spec("torch") is not None if engine == TORCH else engine in instruction_sets()


def choose_device(engine: str | None, device: str, worker: Worker, stored: Mapping[str, Any]) -> Device:
    """The engine and device of a run.

    Args:
        engine: ``"torch"``, an instruction set, or None for what LENET_ENGINE says, else the best there is: torch in
            a torchrun job, and where ``device`` is a GPU or is ``"auto"`` and torch finds one; else the native engine.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or a GPU of torch's own naming.
        stored: the settings of the run to resume, which must keep its engine; empty for a new run.

    Raises:
        TrainingError: if there is no such engine or device, or not the one that the run was begun with, or if the
            engine that is named cannot use the device.
    """
    if not _DEVICE.fullmatch(str(device)):
        raise TrainingError(f"unknown device {str(device)[:40]!r}; expected auto, cpu or cuda")
    requested = engine or (choose_engine(TORCH) if os.environ.get(ENGINE_VARIABLE) else None)
    if requested == NUMPY:
        raise TrainingError(f"the engine numpy cannot train; unset {ENGINE_VARIABLE}, or set it to torch")
    if device.startswith("cuda") and requested not in (None, TORCH):
        raise TrainingError(
            f"the engine {requested} learns on the CPU and the device is {device}; leave one of them out"
        )
    previous_engine = stored.get("engine", TORCH) if stored else None
    engine_name = TORCH if device.startswith("cuda") or worker.world_size > 1 else requested or previous_engine
    if previous_engine is not None:
        _check_same(previous_engine, str(engine_name))
    if engine_name is None and device == "auto" and _torch_finds_a_gpu():
        engine_name = TORCH
    return Device(engine_name or choose_engine(TORCH), device, is_forced=engine_name is not None)


def _check_same(previous_engine: str, engine_name: str) -> None:
    """Raise TrainingError unless a run can be resumed with its engine."""
    subject = f"the run was begun with the engine {previous_engine}"
    if engine_name != previous_engine:
        location = "" if previous_engine == TORCH else " in one process on a CPU"
        raise TrainingError(
            f"{subject}, and with {engine_name} it would end with other bits; "
            f"go on with {ENGINE_VARIABLE}={previous_engine}{location}, or start a new run with another --out"
        )
    if not is_available(previous_engine):
        remedy = (
            "install it with pip install 'lenet[train]'" if previous_engine == TORCH else "go on where it was begun"
        )
        raise TrainingError(f"{subject}, which is not here; {remedy}, or start a new run with another --out")


def _torch_finds_a_gpu() -> bool:
    if not (_may_have_a_gpu() and find_spec("torch")):
        return False
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    return torch.cuda.is_available()


def _may_have_a_gpu() -> bool:
    """Whether this machine has files of a GPU driver, and CUDA_VISIBLE_DEVICES hides no GPU."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0") in ("", "-1"):
        return False
    driver_files = ("/proc/driver/nvidia", "/dev/nvidia0", "/dev/dxg", "/dev/kfd")
    return any(Path(file).exists() for file in driver_files) or shutil.which("nvidia-smi") is not None
