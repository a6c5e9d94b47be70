"""``lenet serve`` as a process: it starts, says where it is, and stops without losing what was asked."""

import contextlib
import io
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.cli import main
from tests.forms.filled import FilledForm
from tests.processes import processes_with, wait_until

SEVEN = (Path(__file__).parents[2] / "examples" / "digits" / "seven.png").read_bytes()
CALL = "import sys; from lenet.cli import main; sys.exit(main())"
SECONDS = 60  # for anything: what is slower hangs

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")


@dataclass
class Server:
    """A server that runs."""

    process: subprocess.Popen[str]
    address: str

    @property
    def place(self) -> tuple[str, int]:
        host, port = self.address.removeprefix("http://").split(":")
        return host, int(port)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.address + path, timeout=SECONDS)

    def read(self, query: str = "", content: bytes = SEVEN) -> httpx.Response:
        headers = {"content-type": "image/png"}
        return httpx.post(f"{self.address}/v1/read{query}", content=content, headers=headers, timeout=SECONDS)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Exit code, and what was printed on stderr."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS), self.process.stderr.read()


@contextlib.contextmanager
def serving(*options: str, seconds: float = SECONDS, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A server on any free port, for so many seconds at most."""
    command = [sys.executable, "-c", CALL, "serve", "--port", "0", *options]
    env = {**os.environ, **(environment or {})}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    killer = threading.Timer(seconds, process.kill)
    killer.start()
    with process:
        try:
            line = process.stdout.readline()
            match = re.match(r"serving at (http://127\.0\.0\.1:\d+)", line)
            assert match, line + process.stderr.read()
            yield Server(process, match.group(1))
        finally:
            killer.cancel()
            if process.poll() is None:
                process.kill()


def large_picture() -> bytes:
    """One that takes a while to be read."""
    pixels = np.random.default_rng(0).normal(200, 12, (1800, 2400)).clip(0, 255).astype(np.uint8)
    for number in range(12):
        pixels[300:600, 120 + 180 * number : 160 + 180 * number] = 20
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()


def test_it_serves_the_page_and_reads_and_sigterm_ends_it_with_0():
    with serving() as server:
        page = server.get("/")
        assert page.headers["content-security-policy"]
        assert 'id="document"' in page.text
        assert server.read().json()["text"] == "7"
        assert server.stop() == (0, "")
        with pytest.raises(httpx.ConnectError):
            server.get("/healthz")


def test_ctrl_c_ends_it_with_0_and_without_a_traceback():
    with serving() as server:
        assert server.stop(signal.SIGINT) == (0, "")


def slow_read(place: tuple[str, int], half_is_sent: threading.Semaphore, go_on: threading.Event) -> bytes:
    """What a client is answered that sends half a picture, waits, and sends the rest."""
    with socket.create_connection(place, timeout=SECONDS) as connection:
        head = "POST /v1/read HTTP/1.1\r\nHost: localhost\r\n"
        head += f"Content-Type: image/png\r\nContent-Length: {len(SEVEN)}\r\n\r\n"
        connection.sendall(head.encode() + SEVEN[:5000])
        half_is_sent.release()
        go_on.wait(SECONDS)
        connection.sendall(SEVEN[5000:])
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_that_is_stopped_answers_all_that_it_has_accepted(workers):
    uploads, readings = 12, 4
    half_is_sent, go_on = threading.Semaphore(0), threading.Event()
    picture = large_picture()
    with serving("--workers", str(workers)) as server, ThreadPoolExecutor(uploads + readings) as threads:
        slow = [threads.submit(slow_read, server.place, half_is_sent, go_on) for _ in range(uploads)]
        for _ in range(uploads):
            assert half_is_sent.acquire(timeout=SECONDS)
        long = [threads.submit(server.read, "", picture) for _ in range(readings)]
        # On a busy machine some may be answered before the last is accepted.
        wait_until(lambda: sum(answer.done() for answer in long) + in_progress(server) == uploads + readings)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        go_on.set()
        for answer in slow:
            assert answer.result().startswith(b"HTTP/1.1 200 OK\r\n")
            assert b'"text": "7"' in answer.result()
        for answer in long:
            assert answer.result().status_code == 200
        assert (server.process.wait(SECONDS), server.process.stderr.read()) == (0, "")


def in_progress(server: Server) -> int:
    return count(server, "lenet_requests_in_progress") - 1  # less the one that asks


def count(server: Server, name: str) -> int:
    lines = dict(line.rsplit(" ", 1) for line in server.get("/metrics").text.splitlines() if line[0] != "#")
    return int(float(lines[name]))


def test_a_client_that_never_pauses_is_answered_until_its_connection_is_closed():
    with serving("--workers", "2") as server:
        done, broken = [], []

        def ask() -> None:
            with httpx.Client(timeout=SECONDS) as client:
                while True:
                    try:
                        answer = client.get(f"{server.address}/healthz")
                    except httpx.ConnectError:
                        return  # it is gone, and said so before: no request was under way
                    except httpx.HTTPError as error:
                        broken.append(error)
                        return
                    done.append(answer.status_code)

        askers = [threading.Thread(target=ask) for _ in range(4)]
        for asker in askers:
            asker.start()
        wait_until(lambda: len(done) > 100)
        assert server.stop() == (0, "")
        for asker in askers:
            asker.join(SECONDS)
        assert (broken, set(done)) == ([], {200})


def test_several_processes_count_together_and_one_that_ends_is_replaced():
    with serving("--workers", "2") as server:
        for _ in range(20):
            assert server.read("?detail=text").status_code == 200
        before = {count(server, "lenet_digits_read_total") for _ in range(5)}
        assert before == {20}
        workers = children(server.process.pid)
        assert len(workers) == 2
        os.kill(workers[0], signal.SIGKILL)
        wait_until(lambda: len(set(children(server.process.pid)) - set(workers)) == 1)
        for _ in range(10):
            assert server.get("/healthz").status_code == 200
        assert server.stop() == (0, "")


@pytest.mark.parametrize("workers", ["1", "3"])
def test_a_server_that_is_killed_leaves_neither_processes_nor_files(workers, tmp_path):
    with serving("--workers", workers, environment={"TMPDIR": str(tmp_path)}) as server:
        assert server.read().status_code == 200
        assert len(processes_with(str(tmp_path))) >= int(workers)
        server.process.kill()
    wait_until(lambda: not processes_with(str(tmp_path)))
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_is_killed_while_it_starts_is_told_in_a_sentence():
    command = [sys.executable, "-c", CALL, "serve", "--port", "0", "--workers", "2"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_until(lambda: children(process.pid))
            os.kill(children(process.pid)[0], signal.SIGKILL)
            errors = process.communicate(timeout=SECONDS)[1]
        finally:
            process.kill()
    expected = "lenet: a process that serves ended while it was starting, most likely by lack of memory\n"
    assert (process.returncode, errors) == (1, expected)


def children(pid: int) -> list[int]:
    """The processes that serve."""
    result = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                command = path.with_name("cmdline").read_bytes()
                if b"spawn_main" in command:
                    result.append(int(path.parent.name))
    return sorted(result)


def test_a_port_in_use_is_told_in_a_sentence(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 1
    output = capsys.readouterr()
    expected = f"port {port} of 127.0.0.1 is in use; choose another one with --port, or 0 for any that is free"
    assert (output.out, output.err) == ("", f"lenet: {expected}\n")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--host", "no.such.host.invalid"], "no such host 'no.such.host.invalid'"),
        (["--host", "192.0.2.1"], "192.0.2.1 is no address of this machine"),
        (["nothing.safetensors"], "nothing.safetensors: no such weights file"),
        (["--timeout", "0"], "timeout is 0.0, expected more than 0"),
        (["--timeout", "inf"], "timeout is inf, expected more than 0"),
    ],
)
def test_what_cannot_be_served_is_told_in_a_sentence(capsys, options, words):
    assert main(["serve", "--port", "0", *options]) == 1
    output = capsys.readouterr().err
    assert words in output
    assert output.count("\n") == 1


@pytest.mark.parametrize("path", ["/a b?", "../x", "/a//b", "/a/./b"])
def test_a_root_path_that_no_url_can_hold_is_wrong_usage(path, capsys):
    assert main(["serve", "--root-path", path]) == 2
    assert f"--root-path is {path!r}, expected a path of letters" in capsys.readouterr().err


@pytest.mark.parametrize("package", ["fastapi", "uvicorn", "httptools", "python_multipart", "prometheus_client"])
def test_without_the_extra_a_sentence_says_how_to_get_it(package):
    code = f"import sys; sys.modules[{package!r}] = None; {CALL}"
    ran = subprocess.run([sys.executable, "-c", code, "serve"], capture_output=True, text=True, check=False)
    name = package.replace("_", "-")
    expected = f"lenet: serving needs {name}, which is not installed; install it with: pip install 'lenet[serve]'\n"
    assert (ran.returncode, ran.stderr) == (1, expected)


@pytest.mark.parametrize(
    "code", ["import lenet.server", "main(['read', '-h'])", "main(['serve', '-h'])", "main(['networks'])"]
)
def test_nothing_else_imports_the_packages_of_the_server(code):
    names = ("fastapi", "starlette", "uvicorn", "pydantic", "prometheus_client", "python_multipart", "httptools")
    check = f"from lenet.cli import main; {code}; import sys; print([n for n in {names} if n in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_the_options_of_access_hold_in_a_server_that_runs():
    options = ("--token", "correct-horse", "--cors", "https://school.example", "--access-log")
    with serving(*options, "--public-host", "digits.example") as server:
        assert server.get("/v1/networks").status_code == 401
        health = server.get("/healthz").json()
        assert (health["file"], len(health["sha256"])) == ("lenet-5-relu.safetensors", 64)
        named = {"authorization": "Bearer correct-horse", "origin": "https://school.example"}
        for host, status in (("digits.example", 200), ("evil.example", 421)):
            answer = httpx.get(f"{server.address}/v1/networks", headers=named | {"host": host}, timeout=SECONDS)
            assert answer.status_code == status
        assert answer.headers.get("access-control-allow-origin") is None
        code, log = server.stop()
    assert code == 0
    assert [line.split()[2:5] for line in log.splitlines()] == [
        ["GET", "/v1/networks", "401"],
        ["GET", "/healthz", "200"],
        ["GET", "/v1/networks", "200"],
        ["GET", "/v1/networks", "421"],
    ]


def test_a_token_comes_from_the_environment_too_and_a_short_one_is_refused(capsys):
    with serving(environment={"LENET_TOKEN": "correct-horse"}) as server:
        assert server.get("/").status_code == 401
    assert main(["serve", "--token", "short"]) == 1
    assert "token has 5 characters, expected 8 or more" in capsys.readouterr().err


def test_pages_of_a_form_are_read_by_the_template_it_was_started_with_and_by_one_that_is_sent(tmp_path, mnist):
    form = FilledForm(tmp_path, mnist)
    file = io.BytesIO()
    Image.fromarray(form.scan(form.values(0))).save(file, "PNG")
    expected = lenet.read_form(file.getvalue(), form.path).to_dict() | {"file": "page.png"}
    picture = {"picture": ("page.png", file.getvalue())}
    sent = {"form": ("form.toml", form.path.read_bytes()), "blank": ("b.png", (tmp_path / "blank.png").read_bytes())}
    seconds = 10 * SECONDS  # a page takes two of a processor's, which may be busy with other things
    with serving("--form", str(form.path), "--timeout", str(seconds), seconds=seconds) as server:
        address = f"{server.address}/v1/read"
        named = httpx.post(f"{address}?form=form", files=picture, timeout=seconds)
        by_sent = httpx.post(address, files=picture | sent, timeout=seconds)
        unknown = httpx.post(f"{address}?form=other", files=picture, timeout=seconds)
        assert server.read().json()["text"] == "7"
        assert server.stop() == (0, "")
    assert named.json() == by_sent.json() == expected
    assert (unknown.status_code, unknown.json()["detail"]) == (422, "unknown form 'other'; known: form")
