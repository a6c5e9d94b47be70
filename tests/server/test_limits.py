"""What a request may cost: bytes, pixels, time, and how many there are at a time."""

import asyncio
import gzip
import io
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from lenet.errors import LeNetError
from lenet.reading import Reader
from lenet.server import Limits, create_app
from lenet.server.limits import Pool
from tests.processes import SECONDS
from tests.server.asgi import Client, run

SEVEN = (Path(__file__).parents[2] / "examples" / "digits" / "seven.png").read_bytes()
RAW = {"content-type": "image/png"}
BOUNDARY = "limit"
FORM = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}


def client(**limits: float) -> Client:
    return Client(create_app(Reader(), limits=Limits(**limits)))


def part(disposition: str, content: bytes = SEVEN) -> bytes:
    return f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()
PICTURE = part('form-data; name="picture"; filename="a.png"')


def test_a_body_that_says_it_is_too_long_is_refused_unread():
    answer = client(max_body=10_000).post("/v1/read", b"x" * 20_000, headers=RAW)
    assert answer.status_code == 413
    assert answer.json()["detail"] == (
        "the body is longer than 10,000 bytes, which is the most accepted; make the picture smaller"
    )
    app = create_app(Reader(), limits=Limits(max_body=10_000))
    assert run(statuses(app, [(b"content-length", b"20000")], [])) == [413]


async def statuses(app, headers, messages) -> list[int]:
    """The statuses that an application answers to messages: a list, or a function that awaits the next."""
    sent = []

    async def next_message() -> dict:
        return messages.pop(0)

    receive = messages if callable(messages) else next_message

    async def send(message) -> None:
        if message["type"] == "http.response.start":
            sent.append(message["status"])

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/read",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"content-type", b"image/png"), *headers],
    }
    await app(scope, receive, send)
    return sent


def test_a_body_without_a_length_is_refused_as_soon_as_it_is_too_long():
    app = create_app(Reader(), limits=Limits(max_body=10_000))
    piece = {"type": "http.request", "body": b"x" * 4000, "more_body": True}
    messages = [piece] * 10
    assert run(statuses(app, [], messages)) == [413]
    assert len(messages) == 7  # three pieces were taken
    whole = {"type": "http.request", "body": b"x" * 10_001, "more_body": False}
    assert run(statuses(app, [], [whole])) == [413]


def test_a_body_of_exactly_the_limit_is_taken():
    assert client(max_body=len(SEVEN)).post("/v1/read", SEVEN, headers=RAW).status_code == 200
    assert client(max_body=len(SEVEN) - 1).post("/v1/read", SEVEN, headers=RAW).status_code == 413


def test_a_client_that_goes_away_is_answered_nothing_and_takes_no_slot():
    app = create_app(Reader(), limits=Limits(concurrency=1))
    piece = {"type": "http.request", "body": b"x", "more_body": True}
    for _ in range(3):
        assert run(statuses(app, [], [piece, {"type": "http.disconnect"}])) == [499]
    assert Client(app).post("/v1/read", SEVEN).status_code == 200


@pytest.mark.parametrize("begun", [True, False])
def test_a_body_that_does_not_arrive_is_given_up(begun):
    app = create_app(Reader(), limits=Limits(timeout=0.3))
    messages = [{"type": "http.request", "body": SEVEN[:10], "more_body": True}] * begun

    async def never() -> dict:
        if not messages:
            await asyncio.sleep(30)
        return messages.pop()

    started = time.monotonic()
    assert run(statuses(app, [], never)) == [408]
    assert time.monotonic() - started < 30


def test_pixels_are_counted_before_they_are_decoded(monkeypatch):
    file = io.BytesIO()
    Image.new("L", (2000, 1500), 255).save(file, "PNG")

    def fails(*arguments: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load_prepare", fails)
    for max_pixels, accepted in ((2_000_000, "2 million"), (2_999_999, "2,999,999")):
        answer = client(max_pixels=max_pixels).post("/v1/read", file.getvalue())
        assert answer.status_code == 413
        assert answer.json()["detail"] == (
            f"picture: 2,000×1,500 pixels; at most {accepted} are accepted; make it smaller first"
        )
    monkeypatch.undo()
    assert client(max_pixels=3_000_000).post("/v1/read", file.getvalue()).status_code == 200


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "application/json", "text/plain", "imag", "multipart/mixed"]
)
def test_a_body_of_another_type_is_refused(kind):
    answer = client().post("/v1/read", SEVEN, headers={"content-type": kind})
    assert answer.status_code == 415
    assert answer.json()["detail"].startswith(f"Content-Type is '{kind}', expected image/*")


def test_a_compressed_body_is_called_that_and_not_a_picture_in_no_known_format():
    answer = client().post("/v1/read", gzip.compress(SEVEN), headers=RAW | {"content-encoding": "gzip"})
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")
    assert answer.json()["detail"] == "Content-Encoding is 'gzip', expected none: a picture is sent as its file is"
    assert client().post("/v1/read", SEVEN, headers=RAW | {"content-encoding": "identity"}).status_code == 200


@pytest.mark.parametrize(
    ("body", "headers", "detail"),
    [
        (PICTURE + END, {"content-type": "multipart/form-data"}, "Missing boundary"),
        (PICTURE, FORM, "ends before its last boundary"),
        (PICTURE + PICTURE + END, FORM, "more than one picture"),
        (part('form-data; name="image"; filename="a.png"') + END, FORM, "unknown field 'image'"),
        (part("form-data") + END, FORM, 'header field "name" must be provided'),
        (PICTURE + part('form-data; name="single"', b"true") + END, FORM, "unknown field 'single'"),
        (END, FORM, "no field 'picture'"),
        (b"nonsense", FORM, "bad form (Expected boundary character"),
        (b"", FORM, "ends before its last boundary"),
        (f"--{BOUNDARY}\r\n".encode() + b"X: y\r\n" * 5000, FORM, "bad form (Maximum header count exceeded)"),
    ],
)
def test_a_form_with_anything_but_one_picture_is_refused(body, headers, detail):
    answer = client().post("/v1/read", body, headers=headers)
    assert (answer.status_code, detail in answer.json()["detail"]) == (400, True), answer.text


@pytest.mark.parametrize(
    ("filename", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\\\scans\\\\seven.png", "seven.png"),
        ("http://example.org/seven.png", "seven.png"),
        ("Ziffer 七.png", "Ziffer 七.png"),
        ("", "picture"),
        ("a" * 500 + ".png", "a" * 116 + ".png"),
    ],
)
def test_a_filename_is_shown_and_never_opened(filename, shown):
    body = part(f'form-data; name="picture"; filename="{filename}"') + END
    assert client().post("/v1/read", body, headers=FORM).json()["file"] == shown


def test_a_picture_in_a_form_needs_no_filename():
    answer = client().post("/v1/read", part('form-data; name="picture"') + END, headers=FORM)
    assert answer.json() == client().post("/v1/read", SEVEN).json()


@pytest.mark.parametrize(
    ("kind", "boundary", "status"),
    [("charset=utf-8; boundary=a", "a", 200), ('charset=utf-8; boundary="a', '"a; charset=latin-1', 415)],
)
def test_a_charset_changes_nothing_about_a_picture(kind, boundary, status):
    body = (part('form-data; name="picture"', "七".encode() if status > 200 else SEVEN) + END).replace(
        BOUNDARY.encode(), boundary.encode()
    )
    answer = client().post("/v1/read", body, headers={"content-type": f"multipart/form-data; {kind}"})
    assert answer.status_code == status, answer.text


def test_a_large_picture_in_a_form_is_never_written_to_a_file(monkeypatch):
    def fails(*arguments: object) -> None:
        raise AssertionError("written to a file")

    monkeypatch.setattr("tempfile.SpooledTemporaryFile.rollover", fails)
    large = SEVEN + bytes(3_000_000)
    for disposition in ('form-data; name="picture"; filename="a.png"', 'form-data; name="picture"'):
        answer = client().post("/v1/read", part(disposition, large) + END, headers=FORM)
        assert (answer.status_code, answer.json()["text"]) == (200, "7")


@pytest.fixture
def gate(monkeypatch):
    """An event: `Reader.read` waits until it is set."""
    opened = threading.Event()
    read = Reader.read

    def waits(*arguments: object, **options: object) -> object:
        opened.wait(SECONDS)
        return read(*arguments, **options)

    monkeypatch.setattr(Reader, "read", waits)
    yield opened
    opened.set()


def test_more_requests_than_slots_are_refused_at_once_and_told_when_to_come_back(gate, monkeypatch):
    small, admitted, run_call = client(concurrency=3), [], Pool.run

    async def counted(pool: Pool, call: object) -> object:
        admitted.append(call)
        return await run_call(pool, call)

    monkeypatch.setattr(Pool, "run", counted)

    async def crowd() -> list[httpx.Response]:
        async with small.open() as client:
            first = [asyncio.create_task(client.post("/v1/read", content=SEVEN)) for _ in range(3)]
            while len(admitted) < 3:
                await asyncio.sleep(0.01)
            refused = await asyncio.gather(*(client.post("/v1/read", content=SEVEN) for _ in range(5)))
            still_there = await client.get("/healthz")
            gate.set()
            return [*refused, still_there, *await asyncio.gather(*first), await client.post("/v1/read", content=SEVEN)]

    *refused, health, a, b, c, later = run(crowd())
    assert [answer.status_code for answer in refused] == [503] * 5
    assert refused[0].headers["retry-after"] == "1"
    assert refused[0].json()["detail"] == (
        "3 requests are in progress, which is the most at a time; try again in a second"
    )
    assert [answer.status_code for answer in (health, a, b, c, later)] == [200] * 5


def test_a_picture_that_takes_too_long_is_given_up_and_keeps_its_slot_until_its_thread_is_free(gate):
    slow = client(timeout=0.2, concurrency=1)

    async def wait() -> list[int]:
        async with slow.open() as client:
            result = [(await client.post("/v1/read", content=SEVEN)).status_code for _ in range(2)]
            gate.set()
            end = time.monotonic() + SECONDS
            while result[-1] in (503, 504) and time.monotonic() < end:  # 504 where others keep the machine busy
                await asyncio.sleep(0.05)
                result.append((await client.post("/v1/read?normalized", content=b"x")).status_code)
            return result

    result = run(wait())
    assert result[:2] == [504, 503]
    assert result[-1] == 415


@pytest.mark.parametrize("name", ["max_body", "max_pixels", "timeout", "concurrency"])
def test_a_limit_of_nothing_is_refused(name):
    with pytest.raises(LeNetError, match=f"{name} is 0, expected more than 0"):
        Limits(**{name: 0})


def test_several_at_a_time_are_each_answered_as_alone():
    pictures = [np.full((60, 40 + 2 * number), 255, np.uint8) for number in range(12)]
    for number, picture in enumerate(pictures):
        picture[10:50, 18 : 22 + number // 3] = 0
    files = []
    for picture in pictures:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "PNG")
        files.append(file.getvalue())
    own = client()
    alone = [own.post("/v1/read", content).json() for content in files]

    async def together() -> list[httpx.Response]:
        async with own.open() as client:
            return await asyncio.gather(*(client.post("/v1/read", content=content) for content in files))

    assert [answer.json() for answer in run(together())] == alone
