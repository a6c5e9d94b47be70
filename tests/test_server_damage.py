"""Whatever is sent, the server answers it or refuses it: damaged pictures, and what the OpenAPI allows and does not.

LENET_MUTATIONS=2000 sends more damaged pictures, LENET_EXAMPLES=500 more requests that the OpenAPI describes.
"""

import asyncio
import io
import os
from pathlib import Path

import httpx
import numpy as np
import pytest
import requests
from PIL import Image

from asgi import Client
from lenet.errors import DataError
from lenet.pictures.loading import open_pages
from lenet.reading import Reader
from lenet.server import Limits, create_app
from test_reading_damage import MUTATIONS, mutated

AT_A_TIME = 8
EXAMPLES = int(os.environ.get("LENET_EXAMPLES", "25"))  # of requests that fit each operation, and of those that do not
SEVEN = (Path(__file__).parents[1] / "examples" / "digits" / "seven.png").read_bytes()


def png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


DIGIT = png(Reader().read(SEVEN, single=True).digits[0].image)


@pytest.fixture(scope="module")
def client() -> Client:
    return Client(create_app(Reader(), "<p>LeNet", Limits(max_pixels=20_000_000, max_body=4 << 20)))


def test_mutated_pictures_are_read_or_refused_in_one_sentence(client):
    async def send_all() -> list[tuple[str, httpx.Response]]:
        answers = []
        async with client.open() as sender:
            for first in range(0, MUTATIONS, AT_A_TIME):
                files = [mutated(number) for number in range(first, min(first + AT_A_TIME, MUTATIONS))]
                forms = (
                    sender.post("/v1/read?single=true", files={"picture": ("a.b", content)}) for _, content in files
                )
                answers += zip((kind for kind, _ in files), await asyncio.gather(*forms), strict=True)
        return answers

    statuses = set()
    answers = asyncio.run(send_all())
    assert b"lenet_requests_in_progress 1.0" in client.get("/metrics").content  # the one that asks
    for kind, answer in answers:
        statuses.add(answer.status_code)
        assert answer.status_code in (200, 413, 415, 422), (kind, answer.text)
        if answer.status_code != 200:
            detail = answer.json()["detail"]
            assert detail.startswith(("a.b: ", "a.b, page 1: ", "the body is longer")), detail
            assert len(detail) < 300
    assert {200, 413, 422} <= statuses


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


@pytest.mark.parametrize("seed", range(3))
def test_mutated_forms_are_read_or_refused(client, seed):
    rng = np.random.default_rng(seed)
    form = (
        b'--limit\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n" + SEVEN[:900] + b"\r\n--limit--\r\n"
    )
    for _ in range(60):
        body = bytearray(form)
        for _ in range(rng.integers(1, 6)):
            place = int(rng.integers(len(body) if rng.random() < 0.3 else 140))
            if rng.random() < 0.3:
                del body[place : place + int(rng.integers(1, 30))]
            else:
                body[place] = rng.integers(256)
        answer = client.post("/v1/read", bytes(body), headers={"content-type": "multipart/form-data; boundary=limit"})
        assert answer.status_code in (200, 400, 415, 422), bytes(body)


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
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == 6
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
