"""Carry out the Dockerfile where there is no Docker: ``python .ci/image.py``.

Its COPY and RUN lines are run in a folder of their own in place of the image's root, what the base image brings
(packages of the system, the user) is left to this machine, and the server runs without privileges and without the
sources. Then its health check must say that it serves, a picture must be read, and the end must be orderly.
"""

import os
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
NOBODY = 65534


def instructions() -> list[tuple[str, str]]:
    text = (REPOSITORY / "Dockerfile").read_text("utf-8")
    lines = (line.partition(" ") for line in text.splitlines() if line and not line.startswith("#"))
    return [(name, arguments) for name, _, arguments in lines]


def interpreter() -> Path:
    """A Python that whoever serves may run: not one below a home that is closed to others."""
    candidates = (Path(path).resolve() for path in ("/usr/bin/python3", sys.executable))
    for path in candidates:
        if path.exists() and all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents):
            return path
    raise SystemExit("image: this Python cannot be run by another user; start the script with one that can")


def build(root: Path) -> tuple[list[str], list[str]]:
    """Carry out all lines below a root; the command of the image and its health check."""
    folder = root
    command, check = [], []
    (root / "bin").mkdir()
    (root / "bin/python").symlink_to(interpreter())
    environment = os.environ | {"PATH": f"{root}/bin:{os.environ['PATH']}"}
    for name, arguments in instructions():
        if name == "WORKDIR":
            folder = root / arguments.lstrip("/")
            folder.mkdir(parents=True, exist_ok=True)
        elif name == "COPY" and not arguments.startswith("--from"):
            *sources, target = arguments.split()
            for source in sources:
                place = folder / target if Path(target).name == source else folder / target / Path(source).name
                place.parent.mkdir(parents=True, exist_ok=True)
                copy = shutil.copytree if (REPOSITORY / source).is_dir() else shutil.copyfile
                copy(REPOSITORY / source, place)
        elif name == "RUN" and not re.match("apt-get|useradd", arguments):
            print(f"RUN {arguments}", flush=True)
            subprocess.run(
                arguments.replace("/opt/", f"{root}/opt/"), shell=True, cwd=folder, env=environment, check=True
            )
        elif name == "CMD":
            command = re.findall(r'"([^"]+)"', arguments)
        elif name == "HEALTHCHECK":
            check = shlex.split(arguments.partition(" CMD ")[2])
    return command, check


def serve(root: Path, command: list[str], check: list[str]) -> None:
    """Run the image's command as nobody, and ask it what the health check and a reader would ask."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    check = [word.replace(":8000/", f":{port}/") for word in check]
    command[command.index("8000")] = port
    home = root / "home/lenet"
    environment = {"PATH": f"{root}/opt/lenet/bin:{os.environ['PATH']}", "HOME": str(home)}
    identity = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    where = {"cwd": home, "env": environment}
    server = subprocess.Popen([f"{root}/opt/lenet/bin/{command[0]}", *command[1:]], **where, **identity)
    try:
        asked = [f"{root}/opt/lenet/bin/{check[0]}", *check[1:]]
        deadline = time.monotonic() + 60
        while subprocess.run(asked, **where, stderr=subprocess.DEVNULL).returncode:
            assert server.poll() is None, "the server has ended"
            assert time.monotonic() < deadline, "the health check has not passed within a minute"
            time.sleep(0.2)
        picture = (REPOSITORY / "examples/digits/seven.png").read_bytes()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/read", data=picture, headers={"Content-Type": "image/png"}
        )
        answer = urllib.request.urlopen(request, timeout=30).read().decode()
        assert '"text": "7"' in answer, answer
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0, f"the server ended with {server.returncode}"
        assert subprocess.run(asked, **where, stderr=subprocess.DEVNULL).returncode, "the check passes without a server"
    finally:
        server.kill()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        top.chmod(0o755)
        image_command, health_check = build(top)
        shutil.rmtree(top / "source")
        serve(top, image_command, health_check)
    print("image: built, served as nobody, healthy, ended in order", file=sys.stderr)
