"""Measurement of a process's peak memory."""

import resource
from pathlib import Path


def peak_megabytes(pid: int | None = None) -> int:
    """Peak memory (RSS) of this process, or on Linux of another one, in megabytes.

    On Linux not from ``ru_maxrss``, which still counts the program that started this one.
    """
    status = Path(f"/proc/{pid or 'self'}/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
