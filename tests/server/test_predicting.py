"""From a picture file's bytes to the classes of any model, as the server answers them."""

import io
from pathlib import Path

import numpy as np
import pytest
from fastapi import HTTPException
from PIL import Image

import lenet
from lenet.errors import UnknownName
from lenet.server.limits import Limits
from lenet.server.pictures import predict
from lenet.server.readers import shipped
from lenet.server.serving import ServerConfig
from tests.server.asgi import Client

DIGITS = Path(__file__).parents[2] / "examples" / "digits"


@pytest.fixture(scope="module")
def model():
    return lenet.create("lenet-rgb", classes=["cat", "dog", "ship", "truck"], seed=1)


def png(height=40, width=60):
    content = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)).save(content, "PNG")
    return content.getvalue()


def test_bytes_give_what_python_predicts(model):
    for fit in ("pad", "crop", "stretch"):
        values = predict("photo.png", png(), model, Limits(), top=2, fit=fit)
        assert values == {"file": "photo.png"} | lenet.predict(model, png(), fit=fit).to_json(2)
        assert len(values["probabilities"]) == 2


def test_a_model_of_digits_names_the_one_that_stands_out(model):
    values = predict("seven.png", (DIGITS / "seven.png").read_bytes(), lenet.load("lenet-5-relu"), Limits())
    assert (values["class"], values["remark"]) == ("7", "")


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (b"", 415, "photo.png: empty"),
        (b"no picture", 415, "photo.png: not a picture in a known format"),
        (png()[:200], 422, "photo.png: "),
        (png(200, 300), 413, "photo.png: 300×200 pixels; at most 10,000 are accepted"),
    ],
)
def test_what_cannot_be_opened_is_a_problem_with_the_sentence_of_the_shell(model, content, status, message):
    with pytest.raises(HTTPException) as refused:
        predict("photo.png", content, model, Limits(max_pixels=10_000))
    assert refused.value.status_code == status
    assert refused.value.detail.startswith(message)


def test_an_unknown_fit_is_named(model):
    with pytest.raises(UnknownName, match="unknown fit 'squash'; known: pad, crop, stretch"):
        predict("photo.png", png(), model, Limits(), fit="squash")


def test_the_route_answers_by_the_model_that_is_served_whatever_its_classes_are(model):
    client = Client(ServerConfig(model).app())
    answer = client.post("/v1/predict?top=2&fit=crop", files={"picture": ("photo.png", png())})
    assert answer.status_code == 200
    assert answer.json() == predict("photo.png", png(), model, Limits(), top=2, fit="crop") | {"network": "lenet-rgb"}
    raw = client.post("/v1/predict", content=png(), headers={"content-type": "image/png"})
    assert raw.json()["class"] == lenet.predict(model, png()).class_name


@pytest.mark.parametrize(
    ("query", "content", "status", "message"),
    [
        ("fit=squash", png(), 422, "fit is 'squash', expected 'pad', 'crop' or 'stretch'"),
        ("top=0", png(), 422, "top is '0', expected at least 1"),
        ("single=true", png(), 422, "unknown query parameter 'single'"),
        ("network=lenet-9", png(), 404, "unknown network with weights 'lenet-9'"),
        ("", b"no picture", 415, "not a picture"),
        ("network=lenet-5&fit=crop", png(), 422, "leave fit out"),
    ],
)
def test_wrong_requests_are_refused_in_one_sentence(model, query, content, status, message):
    client = Client(ServerConfig(model, models=tuple(shipped())).app())
    answer = client.post(f"/v1/predict?{query}", content=content, headers={"content-type": "image/png"})
    assert answer.status_code == status
    assert message in answer.json()["detail"]


def test_a_server_of_such_a_model_reads_with_the_one_that_ships_and_its_page_asks_nobody(model, monkeypatch):
    served = []
    monkeypatch.setattr("lenet.server.serve", lambda service, *rest: served.append(service))
    lenet.serve(model)
    (service,) = served
    assert '"reads_at":null,"docs_at":"/docs"' in service.page
    assert '"labels":["cat","dog","ship","truck"]' in service.page
    client = Client(service.app(), "http://localhost")
    seven = (DIGITS / "seven.png").read_bytes()
    answer = client.post("/v1/read?single=true", content=seven, headers={"content-type": "image/png"})
    assert answer.json()["text"] == "7"
