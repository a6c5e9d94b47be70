"""Whatever is sent, the server answers it or refuses it: damaged pictures, and what the OpenAPI allows and does not.

LENET_FUZZ=5000 sends more damaged pictures, LENET_EXAMPLES=500 more requests that the OpenAPI describes.
"""

import contextlib
import io
import os
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
import requests
from PIL import Image

from lenet.errors import DataError
from lenet.pictures.loading import open_pages
from lenet.reading import Reader
from lenet.server import Limits, create_app
from tests.cli.test_serve import SECONDS, Server, in_progress, serving
from tests.memory import peak_megabytes
from tests.reading.test_damage import MAX_MEGABYTES, mutated, normalized_digit, page
from tests.server.asgi import Client

AT_A_TIME = 4
FUZZ = int(os.environ.get("LENET_FUZZ", "300"))
ASKED = (
    "/v1/read",
    "/v1/read?single=true",
    "/v1/read?normalized=true&polarity=paper-high&detail=steps",
    "/v1/read?normalized=true&max_error=0.5%25&single=true",
    "/v1/read?length=3&detail=text",
    r"/v1/read?pattern=\d{3}&polarity=ink-high",
    "/v1/read?polarity=paper-high&max_error=0.01&detail=steps",
    "/v1/predict",
    "/v1/predict?top=1&network=lenet-5",
    "/v1/activations",
    "/v1/activations?normalized=true",
    "/v1/activations?network=lenet-5&normalized=true&polarity=paper-high",
    "/v1/activations?polarity=ink-high",
)
EXAMPLES = int(os.environ.get("LENET_EXAMPLES", "25"))  # of requests that fit each operation, and of those that do not
SEVEN = (Path(__file__).parents[2] / "examples" / "digits" / "seven.png").read_bytes()


def png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


DIGIT = png(Reader().read(SEVEN, single=True).digits[0].image)


@pytest.fixture(scope="module")
def client() -> Client:
    return Client(create_app(Reader(), "<p>LeNet", Limits(max_pixels=20_000_000, max_body=4 << 20)))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving("--max-pixels", "20", "--max-body", "4", "--timeout", "60", seconds=60 + FUZZ) as running:
        yield running


def test_mutated_pictures_are_read_or_refused_in_one_sentence_whatever_is_asked(server):
    """As a form and as the body; a page of digits, and one digit that is normalized."""
    pictures = [(number, draw) for number in range(FUZZ) for draw in (page, normalized_digit)]

    def send_one(picture) -> list[tuple[str, httpx.Response]]:
        number, draw = picture
        kind, content = mutated(number, draw)
        answers = []
        for path in {ASKED[number % len(ASKED)], "/v1/read?normalized=true"}:
            accept = {"accept": ("application/json", "application/octet-stream")[number // len(ASKED) % 2]}
            if number % 3:
                answer = sender.post(path, files={"picture": ("a.b", content)}, headers=accept)
            else:
                answer = sender.post(path, content=content, headers=accept | {"content-type": "image/png"})
            answers.append((f"{number} {kind} {path}", answer))
        return answers

    with httpx.Client(base_url=server.address, timeout=60) as sender, ThreadPoolExecutor(AT_A_TIME) as threads:
        answers = [answer for result in threads.map(send_one, pictures) for answer in result]
    statuses = set()
    for kind, answer in answers:
        statuses.add(answer.status_code)
        assert answer.status_code in (200, 413, 415, 422), (kind, answer.text)
        if answer.status_code != 200:
            detail = answer.json()["detail"]
            assert detail.startswith(("a.b: ", "a.b, page 1: ", "picture: ", "picture, page 1: ", "the body is longer"))
            assert len(detail) < 300
    assert {200, 413, 422} <= statuses
    assert in_progress(server) == 0
    assert peak_megabytes(server.process.pid) <= MAX_MEGABYTES


def test_a_mutated_picture_is_refused_with_the_sentence_of_the_reader(client):
    refused = 0
    for number in range(60):
        content = mutated(number)[1]
        sentence = sentence_of_the_reader(content)
        answer = client.post("/v1/read", content)
        if sentence and answer.status_code != 413:  # the limits of the server are other ones
            refused += 1
            assert answer.json()["detail"] == sentence
    assert refused > 10


def sentence_of_the_reader(content: bytes) -> str:
    """Why a picture cannot be opened; empty if it can."""
    try:
        next(open_pages(content))
    except DataError as error:
        return str(error).replace("bytes", "picture", 1)
    return ""


def changed(original: bytes, rng: np.random.Generator, first: int) -> bytes:
    """A few bytes are others, or missing; most of these among the first ones."""
    content = bytearray(original)
    for _ in range(rng.integers(1, 6)):
        place = int(rng.integers(len(content) if rng.random() < 0.3 else min(first, len(content))))
        if rng.random() < 0.3:
            del content[place : place + int(rng.integers(1, 30))]
        else:
            content[place] = rng.integers(256)
    return bytes(content)


FORM = (
    b'--limit\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n'
    b"Content-Type: image/png\r\n\r\n" + DIGIT + b"\r\n--limit--\r\n"
)
FORM_TYPE = "multipart/form-data; boundary=limit"


@pytest.mark.parametrize("path", ["/v1/read?single=true", "/v1/read?normalized=true", "/v1/activations"])
def test_mutated_forms_are_read_or_refused(client, path):
    for number in range(FUZZ // 3):
        body = changed(FORM, np.random.default_rng(number), 140)
        answer = client.post(path, body, headers={"content-type": FORM_TYPE})
        assert answer.status_code in (200, 400, 415, 422), body


def test_mutated_heads_are_answered_or_refused():
    """Bytes of the request's line and headers; what then waits for more is given up."""
    line, rest = "POST /v1/read?normalized=true HTTP/1.1\r\n", f"Content-Length: {len(FORM)}\r\n\r\n"
    head = f"{line}Host: localhost\r\nConnection: close\r\nContent-Type: {FORM_TYPE}\r\n{rest}".encode()

    def send_one(number: int) -> bytes:
        with socket.create_connection(server.place, timeout=SECONDS) as connection:
            connection.sendall(changed(head, np.random.default_rng(number), len(head)) + FORM)
            with contextlib.suppress(ConnectionResetError):
                return connection.recv(1024)
            return b""

    with serving("--timeout", "3", seconds=SECONDS + FUZZ) as server, ThreadPoolExecutor(24) as threads:
        answers = list(threads.map(send_one, range(FUZZ)))
        assert server.get("/healthz").status_code == 200
    for number, answer in enumerate(answers):
        assert re.match(rb"HTTP/1\.1 ([24]\d\d|504) |$", answer), (number, answer)
    assert {b"200", b"400"} <= {answer[9:12] for answer in answers}


def send(client: Client, case) -> httpx.Response:
    """A case of schemathesis, as `requests` would send it."""
    request = requests.Request(**case.as_transport_kwargs(base_url="http://lenet")).prepare()
    headers = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
    return client.request(request.method, request.url, content=request.body, headers=headers)


def test_no_answer_departs_from_the_openapi(client):
    """Parameters and bodies that fit the OpenAPI and that do not, as schemathesis draws them."""
    schemathesis = pytest.importorskip("schemathesis")
    from hypothesis import strategies

    for kind in ("image/png", "application/octet-stream"):  # without these, hardly any picture would be one
        schemathesis.openapi.media_type(kind, strategies.sampled_from([SEVEN, DIGIT, SEVEN[:500]]))
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) == 7
    for operation in operations:
        statuses = conforming_statuses(client, operation)
        assert 200 in statuses or "{name}" in operation.path, operation.label


def conforming_statuses(client: Client, operation) -> set[int]:
    """What the server answers to requests that fit an operation and that do not, each checked against the OpenAPI."""
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis.checks import not_a_server_error
    from schemathesis.generation import GenerationMode
    from schemathesis.specs.openapi import checks as openapi

    checks = [
        not_a_server_error,
        openapi.status_code_conformance,
        openapi.content_type_conformance,
        openapi.response_schema_conformance,
        openapi.response_headers_conformance,
    ]
    statuses = set()
    for mode in GenerationMode if operation.query else [GenerationMode.POSITIVE]:

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        def check(case) -> None:
            answer = send(client, case)
            statuses.add(answer.status_code)
            case.validate_response(answer, checks=checks)

        check()
    return statuses
