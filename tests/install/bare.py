"""Processes in which packages are not installed, as far as Python can tell: no module is found, and no metadata."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ENGINE = "lenet.engine._native"
# What the extras install, by the names under which it is imported.
OPTIONAL = (
    *("torch", "matplotlib", "pillow_heif", "pypdfium2", "pyarrow", "onnx", "onnxruntime", "openvino"),
    *("sklearn", "scikit_learn", "executorch", "ray", "openpyxl"),
    *("fastapi", "starlette", "pydantic", "uvicorn", "httptools", "python_multipart", "multipart", "prometheus_client"),
)

_WITHOUT = """
import sys

missing = {missing!r}


class Without:
    def __init__(self, finder):
        self._finder = finder

    def __getattr__(self, name):
        return getattr(self._finder, name)

    def find_spec(self, name, *more):
        return None if name in missing or name.partition(".")[0] in missing else self._finder.find_spec(name, *more)

    def find_distributions(self, *context):
        found = getattr(self._finder, "find_distributions", lambda *_: ())(*context)
        return (one for one in found if one.name.replace("-", "_").lower() not in missing)


sys.meta_path[:] = map(Without, sys.meta_path)
"""


def run_without(missing: Sequence[str], code: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run Python code where packages or modules are missing; options as of `subprocess.run`."""
    environment = {name: value for name, value in os.environ.items() if name != "LENET_ENGINE"}
    command = [sys.executable, "-c", _WITHOUT.format(missing=tuple(missing)) + code]
    given = {"env": environment, "capture_output": True, "text": True, "check": False, **options}
    return subprocess.run(command, **given)


def command_without(
    missing: Sequence[str], *arguments: str | Path, **options: object
) -> subprocess.CompletedProcess[str]:
    """Run a command of lenet where packages or modules are missing."""
    given = [str(argument) for argument in arguments]
    return run_without(missing, f"from lenet.cli import main\nsys.exit(main({given!r}))", **options)
