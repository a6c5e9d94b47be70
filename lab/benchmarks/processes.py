"""Measure whole processes from the outside: wall time and peak memory."""

import compileall
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import lenet

# ru_maxrss of a forked child starts at the parent's resident set size, so a bare interpreter starts the process.
_LAUNCHER = """
import json, os, sys, time
wall_before = time.perf_counter()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
status, usage = os.wait4(pid, 0)[1:]
seconds = time.perf_counter() - wall_before
with open(sys.argv[1], "w") as file:
    json.dump([seconds, usage.ru_maxrss, os.waitstatus_to_exitcode(status)], file)
"""


@dataclass(frozen=True)
class ProcessResult:
    """Duration, peak memory, exit code and output of a finished process.

    ``peak_bytes`` is the peak resident set size (RSS), never less than a bare interpreter's.
    """

    seconds: float
    peak_bytes: int
    exit_code: int
    output: str
    errors: str

    @property
    def last_error_line(self) -> str:
        """The last line on stderr; ``"nothing"`` if there is none."""
        return (self.errors.strip().splitlines() or ["nothing"])[-1]


def run_process(command: Sequence[str], environment: Mapping[str, str] | None = None) -> ProcessResult:
    """Run a command to its end, with ``environment`` on top of this process's own."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        full_command = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(result), *command]
        completed = subprocess.run(
            full_command, env={**os.environ, **(environment or {})}, capture_output=True, text=True
        )
        if not result.exists():
            return ProcessResult(float("nan"), 0, 127, "", completed.stderr)
        seconds, peak, exit_code = json.loads(result.read_text())
    bytes_per_unit = 1 if sys.platform == "darwin" else 1024
    return ProcessResult(seconds, peak * bytes_per_unit, exit_code, completed.stdout, completed.stderr)


def lenet_command() -> list[str]:
    """The ``lenet`` of this interpreter, as a shell finds it, or as a module where there is none.

    Its modules are compiled beforehand, as pip does when it installs them: where Python is told to write no bytecode
    (PYTHONDONTWRITEBYTECODE), a checkout would be compiled anew by each process, which takes 0.1 s.
    """
    compileall.compile_dir(Path(lenet.__file__).parent, quiet=1)
    script = Path(sys.executable).with_name("lenet")
    return [str(script)] if script.exists() else [sys.executable, "-m", "lenet"]
