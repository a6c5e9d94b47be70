"""The most memory that a process has held."""

import resource
from pathlib import Path


def most_megabytes(pid: int | None = None) -> int:
    """Of this process, or of another one where Linux tells, in megabytes.

    Where Linux tells, of this program alone: ``ru_maxrss`` still counts the one that started it.
    """
    status = Path(f"/proc/{pid or 'self'}/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
