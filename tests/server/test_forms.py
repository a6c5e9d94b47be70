"""Pages of forms over HTTP: by a template that is served under its name, or that is sent with its blank page."""

import io
import json

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.cli import main
from lenet.forms.template import Template
from lenet.reading import Reader
from lenet.server import Limits, create_app
from tests.forms.filled import FilledForm
from tests.server.asgi import Client
from tests.server.test_answers import png

SECONDS = 600  # for a page: reading it takes two of a processor's, which may be busy with other things
RECORD = ("file", "page", "form", "status", "rejected", "reason", "remarks", "size", "turned", "fields", "sums")


def serving(max_pixels: int = 50_000_000, **options: object) -> Client:
    limits = Limits(timeout=SECONDS, max_pixels=max_pixels)
    return Client(create_app(Reader(), limits=limits, **options), seconds=SECONDS)


@pytest.fixture(scope="module")
def form(tmp_path_factory, mnist) -> FilledForm:
    return FilledForm(tmp_path_factory.mktemp("form"), mnist)


@pytest.fixture(scope="module")
def page(form) -> bytes:
    return png(form.scan(form.values(0)))


@pytest.fixture(scope="module")
def client(form) -> Client:
    return serving(forms=[form.template])


@pytest.fixture(scope="module")
def sent(form) -> dict[str, tuple[str, bytes]]:
    """The fields of a form that hold a template and its blank page."""
    blank = form.path.parent / "blank.png"
    return {"form": ("form.toml", form.path.read_bytes()), "blank": ("blank.png", blank.read_bytes())}


@pytest.fixture(scope="module")
def answer(client, page) -> dict[str, object]:
    answer = client.post("/v1/read?form=form", files={"picture": ("page.png", page)})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_page_is_answered_as_by_lenet_read_json(answer, form, page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "page.png").write_bytes(page)
    main(["read", "page.png", "--form", str(form.path), "--json"])
    assert [answer] == json.loads(capsys.readouterr().out)
    assert tuple(answer) == RECORD
    assert len(answer["fields"]) == 24


def test_a_template_that_is_sent_reads_as_the_one_that_is_served(answer, client, page, sent):
    asked = client.post("/v1/read", files={"picture": ("page.png", page), **sent})
    assert asked.status_code == 200, asked.text
    assert asked.json() == answer


def test_all_pages_of_a_file_are_a_list(client, form, answer):
    file = io.BytesIO()
    pages = [Image.fromarray(form.scan(form.values(0))), Image.new("L", (600, 800), 255)]
    pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:])
    first, second = client.post("/v1/read?form=form&pages=all", files={"picture": ("a.tif", file.getvalue())}).json()
    assert [field["text"] for field in first["fields"]] == [field["text"] for field in answer["fields"]]
    assert (second["page"], second["rejected"], second["fields"]) == (2, True, [])
    alone = client.post("/v1/read?form=form", files={"picture": ("a.tif", file.getvalue())}).json()
    assert "the first of several pages" in alone["remarks"]


def test_another_page_is_rejected_with_the_reason(client):
    asked = client.post("/v1/read?form=form", png(np.full((900, 700), 255, np.uint8)))
    assert asked.status_code == 200
    assert (asked.json()["rejected"], asked.json()["status"]) == (True, "rejected")
    assert asked.json()["reason"] == "shows no print of this form"


@pytest.mark.parametrize(
    ("query", "fields", "sentence"),
    [
        ("?form=from", (), "unknown form 'from'; did you mean form? known: form"),
        ("?form=form&length=3", (), "form reads fields as its template says; leave out length"),
        ("?form=form&detail=text", (), "form reads fields as its template says; leave out detail"),
        ("?single=true", ("form", "blank"), "form reads fields as its template says; leave out single"),
        (
            "?form=form",
            ("form", "blank"),
            "form is 'form', and a template or a blank page was sent, too; leave out one",
        ),
        ("", ("form",), "the field 'form' came without 'blank'; a page is read by the template of its form"),
        ("", ("blank",), "the field 'blank' came without 'form'; a page is read by the template of its form"),
    ],
)
def test_what_contradicts_a_form_is_refused(client, page, sent, query, fields, sentence):
    files = {"picture": ("page.png", page)} | {name: sent[name] for name in fields}
    asked = client.post(f"/v1/read{query}", files=files)
    assert asked.status_code == 422
    assert asked.json()["detail"].startswith(sentence)


def test_a_form_that_is_asked_of_a_server_without_forms_is_refused(page):
    asked = serving().post("/v1/read?form=mine", page)
    assert asked.status_code == 422
    assert asked.json()["detail"].startswith(
        "form is 'mine', but no form is served; send its template in the field 'form'"
    )


@pytest.mark.parametrize(
    ("field", "content", "status", "words"),
    [
        ("form", b"page = [297", 422, "form.toml: not TOML"),
        ("form", b"\xfd\xfe", 422, "form.toml: is not a text in UTF-8"),
        ("form", b"x" * (1 << 20) + b"x", 422, "form.toml: over 1,048,576 bytes"),
        (
            "form",
            b'page = [9, 9]\n[[field]]\nname = "a"\nbox = [0, 0, 9, 99]\nkind = "digits"\n',
            422,
            "line 4, field 'a'",
        ),
        ("form", b"", 422, "form.toml: empty file, expected a template"),
        ("blank", b"no picture", 415, "blank.png: not a picture in a known format"),
        ("blank", png(np.full((99, 99), 255, np.uint8))[:60], 422, "blank.png: damaged picture"),
        ("blank", b"", 422, "blank.png: empty file, expected a picture"),
    ],
)
def test_a_damaged_template_or_blank_page_is_told_by_its_name(client, page, sent, field, content, status, words):
    files = {"picture": ("page.png", page), **sent, field: (sent[field][0], content)}
    asked = client.post("/v1/read", files=files)
    assert (asked.status_code, words in asked.json()["detail"]) == (status, True), asked.text


def test_a_template_of_another_blank_page_is_refused_and_its_path_is_never_opened(client, page, sent, form, tmp_path):
    template = lenet.new_form(form.path.parent / "blank.png", tmp_path / "own.toml")
    other = png(np.full((2000, 1414), 255, np.uint8))
    own = ("own.toml", (tmp_path / "own.toml").read_bytes())
    asked = client.post("/v1/read", files={"picture": ("a.png", page), "form": own, "blank": ("other.png", other)})
    assert asked.status_code == 422
    assert asked.json()["detail"].startswith("other.png: is not the blank page of the template own")
    elsewhere = own[1].replace(str(template.blank.name).encode(), b"../../../etc/passwd")
    asked = client.post("/v1/read", files={"picture": ("a.png", page), **sent, "form": ("own.toml", elsewhere)})
    assert asked.status_code == 200
    assert asked.json()["form"] == "own"


def test_the_limits_on_pictures_are_those_of_blank_pages_too(form, page, sent):
    asked = serving(max_pixels=2_500_000).post(
        "/v1/read", files={"picture": ("a.png", png(np.full((9, 9), 255, np.uint8))), **sent}
    )
    assert asked.status_code == 413
    assert asked.json()["detail"].startswith("blank.png: 1,414×2,000 pixels")


def test_only_reading_takes_a_template(client, page, sent):
    for path in ("/v1/predict", "/v1/activations"):
        asked = client.post(path, files={"picture": ("a.png", page), **sent})
        assert asked.status_code == 400
        assert "unknown field 'form'" in asked.json()["detail"]


def test_a_template_without_its_blank_page_is_told_when_the_server_is_made(form, tmp_path):
    (tmp_path / "alone.toml").write_bytes(form.path.read_bytes())
    with pytest.raises(lenet.LeNetError, match=r"blank\.png: the form's blank page cannot be read"):
        create_app(Reader(), forms=[Template.load(tmp_path / "alone.toml")])
