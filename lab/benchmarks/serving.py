"""Measure the throughput of ``lenet serve``: ``python -m lab.benchmarks.serving [--seconds N] [--workers N]``.

``wrk`` (Debian: apt install wrk) posts MNIST's test digits as PNG files of 28×28 pixels, over loopback, on the same
machine, whose processors it shares with the server. Three routes: ``?normalized=true``, where the picture goes to the
network as it is; ``?single=true``, where the digit is looked for as in a photo; and ``/healthz``, which does nothing
but HTTP. CPU is the processor time of the server for a request, which other programs on the machine lengthen less than
the requests. Memory is that of all processes of the server together (PSS), a second after wrk has begun and at its end.
Every answer but 200 is an error.
"""

import argparse
import io
import os
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from PIL import Image

from lab.benchmarks.processes import lenet_command
from lab.command_line import positive_integer, run_command
from lenet import data
from lenet.benchmarking.machine import describe_machine, machine_text
from lenet.errors import LeNetError

PICTURE_COUNT = 1000  # distinct ones, so that no cache holds the answers
ROUTES = ("/v1/read?normalized=true", "/v1/read?single=true", "/healthz")
WRK_SCRIPT = """
local bodies, number = {{}}, 0
for i = 0, {last} do
  local file = io.open("{folder}/" .. i .. ".png", "rb")
  bodies[#bodies + 1] = file:read("*a")
  file:close()
end
request = function()
  if "{method}" == "GET" then return wrk.format("GET") end
  number = number + 1
  return wrk.format("POST", nil, {{["Content-Type"] = "image/png"}}, bodies[number % #bodies + 1])
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format("figures %d %d %d %.3f %.3f\\n", summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""


@contextmanager
def run_server(workers: int) -> Iterator[tuple[str, int]]:
    """Run a server while the context lasts; its address, and the number of its process."""
    command = [*lenet_command(), "serve", "--port", "0", "--workers", str(workers), "--concurrency", "256"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            match = re.search(r"http://\S+", process.stdout.readline())
            if match is None:
                raise LeNetError("the server did not start")
            yield match.group(), process.pid
        finally:
            process.terminate()


def list_processes(pid: int) -> Iterator[tuple[Path, list[str]]]:
    """A process and those that it has started: the folder of each below /proc, and its ``stat`` behind the name."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            fields = path.read_text().rpartition(")")[2].split()
            if pid in (int(fields[1]), int(path.parent.name)):
                yield path.parent, fields


def measure_megabytes(pid: int) -> float:
    """Megabytes of memory (PSS) of a process and of those that it has started."""
    total = 0.0
    for folder, _ in list_processes(pid):
        with suppress(OSError):
            match = re.search(r"^Pss:\s+(\d+)", (folder / "smaps_rollup").read_text(), re.MULTILINE)
            total += int(match.group(1)) / 1024 if match else 0
    return total


def measure_cpu_seconds(pid: int) -> float:
    """CPU seconds of a process and of those that it has started, so far."""
    ticks = sum(int(fields[11]) + int(fields[12]) for _, fields in list_processes(pid))
    return ticks / os.sysconf("SC_CLK_TCK")


def write_script(folder: Path, method: str) -> Path:
    """Write the Lua script by which wrk sends requests of a method and prints its figures; its path."""
    path = folder / f"{method}.lua"
    path.write_text(WRK_SCRIPT.format(last=PICTURE_COUNT - 1, folder=folder, method=method))
    return path


def run_wrk(address: str, route: str, folder: Path, seconds: int, connections: int) -> list[float]:
    """Run wrk on a route.

    Returns:
        Number of requests, microseconds in all, number of errors, and the median and 99th percentile of the time to
        answer in milliseconds.
    """
    script = write_script(folder, "GET" if route == "/healthz" else "POST")
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "10", "-s", str(script), address + route]
    try:
        wrk_process = subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise LeNetError("needs wrk, which is not installed; on Debian: apt install wrk") from None
    figures = re.search(r"^figures (.*)$", wrk_process.stdout, re.MULTILINE)
    if figures is None:
        raise LeNetError(f"wrk ended without results: {wrk_process.stdout[-200:]}")
    return [float(figure) for figure in figures.group(1).split()]


def measure(seconds: int, workers: int, connections: int, routes: list[str]) -> None:
    """Measure routes, and print a line for each."""
    images = data.load("mnist").test_images[:PICTURE_COUNT]
    with tempfile.TemporaryDirectory() as name, run_server(workers) as (address, pid):
        folder = Path(name)
        for number, image in enumerate(images):
            file = io.BytesIO()
            Image.fromarray(image).save(file, "PNG")
            (folder / f"{number}.png").write_bytes(file.getvalue())
        headings = ("requests/s", "CPU ms", "errors", "median ms", "99 % ms", "MB before", "MB after")
        print(f"{'path':<26}" + "".join(f"{heading:>12}" for heading in headings))
        for route in routes:
            memory_before: list[float] = []
            cpu_before = measure_cpu_seconds(pid)
            timer = threading.Timer(1.0, lambda values=memory_before: values.append(measure_megabytes(pid)))
            timer.start()
            requests, microseconds, errors, median, slow = run_wrk(address, route, folder, seconds, connections)
            timer.join()
            cpu_ms = (measure_cpu_seconds(pid) - cpu_before) / requests * 1e3
            rate = requests / microseconds * 1e6
            cells = [f"{rate:,.0f}", f"{cpu_ms:.3f}", f"{errors:.0f}", f"{median:.2f}", f"{slow:.2f}"]
            cells += [f"{memory_mb:.0f}" for memory_mb in (memory_before[0], measure_megabytes(pid))]
            print(f"{route:<26}" + "".join(f"{cell:>12}" for cell in cells), flush=True)
            time.sleep(0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=positive_integer, default=60)
    parser.add_argument("--workers", type=positive_integer, default=2)
    parser.add_argument("--connections", type=positive_integer, default=16)
    parser.add_argument("--way", choices=ROUTES, action="append", help="only this one; may be repeated")
    options = parser.parse_args()
    print(machine_text(describe_machine(options.workers)))
    measure(max(options.seconds, 2), options.workers, options.connections, options.way or list(ROUTES))


if __name__ == "__main__":
    run_command(main)
