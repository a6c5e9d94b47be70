"""Calls of a learner's function: here, or, of a file, in a process of bounded time and memory.

`call_file` starts this module as a program, which limits itself, runs the file, and writes what the function returns as
JSON. Whatever the file does, its caller gets outputs or one sentence.
"""

from __future__ import annotations

import copy
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.course.functions import TASKS, Task
from lenet.errors import DataError, LeNetError, first_line

MAX_SECONDS = 10
MAX_BYTES = 2 << 30
_MAX_VALUES = 1_000_000
_START_SECONDS = 20  # what importing may take on a busy machine, beside the function's own time

Outputs = list[NDArray[np.float64]]


class ProgramError(LeNetError):
    """A learner's program that cannot be marked; the text says where it stands and what went wrong."""


def call_function(task: Task, function: Callable[..., Any], path: str | None = None) -> Outputs:
    """The outputs of a function for each of a task's cases.

    Args:
        path: of the file that defines it, whose lines an error names.

    Raises:
        ProgramError: if it raises anything, or gives no numbers.
    """
    outputs = []
    for arguments in task.cases():
        try:
            output = function(*copy.deepcopy(arguments))
        except (Exception, SystemExit) as error:
            if path and isinstance(error, MemoryError):
                raise ProgramError(f"{task.name} takes more than {MAX_BYTES >> 30} GiB of memory") from None
            raise ProgramError(_error_sentence(error, f"{task.name} ends with", path)) from None
        outputs.append(_to_numbers(task.name, output))
    return outputs


def call_file(number: str, path: Path) -> Outputs:
    """The outputs of the function that a file defines, for each case of an exercise, from a process of its own.

    What the file prints is not shown.

    Raises:
        DataError: if there is no such file.
        ProgramError: if it cannot be run, defines no such function, takes too long or too much memory, or ends with an
            error.
    """
    if not path.is_file():
        raise DataError(f"{path}: {'is a folder' if path.is_dir() else 'no such file'}; expected a Python file")
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, "result.json")
        command = [sys.executable, "-m", __name__, number, str(path.resolve()), str(result)]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(MAX_SECONDS + _START_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _kill_process_group(process)
        if not result.is_file():
            raise ProgramError(f"{path}: {_exit_reason(process.returncode)}")
        values = json.loads(result.read_bytes())
    if "error" in values:
        raise ProgramError(f"{path}: {values['error']}")
    return [np.array(output, np.float64) for output in values["outputs"]]


def _kill_process_group(process: subprocess.Popen[bytes]) -> None:
    """End a process with all that it started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _exit_reason(code: int | None) -> str:
    if code is not None and -code in (signal.SIGTERM, getattr(signal, "SIGKILL", 9), getattr(signal, "SIGXCPU", 24)):
        return f"takes more than {MAX_SECONDS} seconds, or was stopped; is there a loop that does not end?"
    return f"ends Python itself (exit code {code}) before its function has returned"


def _to_numbers(name: str, output: Any) -> NDArray[np.float64]:
    if output is None:
        raise ProgramError(f"{name} returns nothing; is there a `return`?")
    try:
        array = np.asarray(output.detach() if hasattr(output, "detach") else output, np.float64)
    except (TypeError, ValueError):
        raise ProgramError(f"{name} returns a {type(output).__name__}, expected numbers") from None
    if array.size > _MAX_VALUES:
        raise ProgramError(f"{name} returns {array.size:,} values, which is far too many")
    return array


def _error_sentence(error: BaseException, doing: str, path: str | None = None) -> str:
    """Format an error with the line of its file, if the file is known."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return f"line {error.lineno}: {error.msg}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    place = f"line {lines[-1]}: " if lines else ""
    return f"{place}{doing} {type(error).__name__}: {first_line(error)}"


def _limit_resources() -> None:
    """Bound this process's seconds and memory, where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the caller's time is all that bounds it
        return
    used = int(sum(os.times()[:2])) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (used + MAX_SECONDS, used + MAX_SECONDS))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (MAX_BYTES, MAX_BYTES))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _run(task: Task, path: str) -> Outputs:
    sys.path.insert(0, str(Path(path).parent))
    try:
        names = runpy.run_path(path, run_name="exercise")
    except Exception as error:
        raise ProgramError(_error_sentence(error, "ends with", path)) from None
    except SystemExit:
        raise ProgramError("ends Python itself before its function can be called") from None
    if not callable(function := names.get(task.name)):
        raise ProgramError(f"defines no function {task.name}({', '.join(task.arguments)})")
    return call_function(task, function, path)


def _main(number: str, path: str, result: str) -> None:
    values: dict[str, Any]
    _limit_resources()
    try:
        values = {"outputs": [output.tolist() for output in _run(TASKS[number], path)]}
    except ProgramError as error:
        values = {"error": str(error)}
    partial = Path(f"{result}.partial")
    partial.write_text(json.dumps(values))
    partial.replace(result)
    os._exit(0)  # threads that the file has started are not waited for


if __name__ == "__main__":
    _main(*sys.argv[1:])
