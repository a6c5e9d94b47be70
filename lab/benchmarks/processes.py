"""Measure whole processes from the outside: wall time and peak memory."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# The kernel counts what the parent held when it started a child as the child's. So a bare interpreter starts it.
_LAUNCHER = """
import json, os, sys, time
began = time.perf_counter()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
status, usage = os.wait4(pid, 0)[1:]
seconds = time.perf_counter() - began
with open(sys.argv[1], "w") as file:
    json.dump([seconds, usage.ru_maxrss, os.waitstatus_to_exitcode(status)], file)
"""


@dataclass(frozen=True)
class Outcome:
    """What a process took, printed and ended with; ``peak_bytes`` is never less than a bare interpreter's."""

    seconds: float
    peak_bytes: int
    exit_code: int
    output: str
    errors: str

    @property
    def last_words(self) -> str:
        """The last line of what it said on stderr."""
        return (self.errors.strip().splitlines() or ["nothing"])[-1]


def run_process(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Outcome:
    """Run a command to its end, with ``environment`` on top of this process's own."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        full_command = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(result), *command]
        completed = subprocess.run(
            full_command, env={**os.environ, **(environment or {})}, capture_output=True, text=True
        )
        if not result.exists():
            return Outcome(float("nan"), 0, 127, "", completed.stderr)
        seconds, peak, exit_code = json.loads(result.read_text())
    bytes_per_unit = 1 if sys.platform == "darwin" else 1024
    return Outcome(seconds, peak * bytes_per_unit, exit_code, completed.stdout, completed.stderr)


def lenet_command() -> list[str]:
    """The ``lenet`` of this interpreter, as a shell finds it, or as a module where there is none."""
    script = Path(sys.executable).with_name("lenet")
    return [str(script)] if script.exists() else [sys.executable, "-m", "lenet"]
