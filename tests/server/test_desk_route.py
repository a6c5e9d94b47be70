"""The desk's paths over HTTP: what this machine cannot do is said, and not offered."""

import json
import sys

import pytest
from PIL import Image

from lenet.desk.desk import Desk
from lenet.desk.fields import Field, PageFields

pytest.importorskip("fastapi")

from lenet.server.app import create_app
from tests.server.asgi import Client


@pytest.fixture
def client(tmp_path) -> Client:
    desk = Desk(tmp_path)
    Image.new("L", (40, 40), 255).save(tmp_path / "a.png")
    fields = (Field("line 1", "line", "7", 0.99, (0, 0, 40, 40)),)
    desk.stack.finish_file(desk.stack.add_file("a.png", tmp_path / "a.png"), [PageFields(1, (40, 40), fields)])
    return Client(create_app(desk=desk))


def test_a_workbook_that_cannot_be_written_here_is_not_offered_and_names_what_to_install(client, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)  # as where it is not installed
    assert json.loads(client.get("/desk/state").content)["has_xlsx"] is False
    answer = client.get("/desk/table.xlsx")
    assert (answer.status_code, answer.headers["content-type"]) == (501, "application/problem+json")
    assert json.loads(answer.content)["detail"] == (
        "XLSX needs openpyxl, which is not installed; install it with: pip install 'lenet[desk]'"
    )
    assert client.get("/desk/table.csv").status_code == 200


def test_a_workbook_is_offered_where_openpyxl_is(client):
    pytest.importorskip("openpyxl")
    assert json.loads(client.get("/desk/state").content)["has_xlsx"] is True
    assert client.get("/desk/table.xlsx").content.startswith(b"PK")


@pytest.mark.parametrize(
    ("path", "former_path"),
    [("lease", "claim"), ("draft", "type"), ("postpone", "later"), ("reopen", "ask"), ("take-back", "back")],
)
def test_entries_that_wait_in_a_tab_under_the_names_of_before_are_still_taken(tmp_path, path, former_path):
    """A page that was open when the server was renewed sends what it has under the former names."""
    outcomes = []
    for name, key_presses in ((path, "key_presses"), (former_path, "presses")):
        desk = Desk(tmp_path / name)
        fields = tuple(Field(f"line {number}", "line", "7", 0.5, (0, 0, 9, 9), needs_review=True) for number in (1, 2))
        desk.stack.finish_file(desk.stack.add_file("a.png", tmp_path / "a.png"), [PageFields(1, (9, 9), fields)])
        desk.stack.lease("ann", 2)
        desk.stack.answer("ann", 1, "5")
        sent = {"who": "ann", "field": 2, "text": "4", "count": 1, key_presses: 3}
        answer = Client(create_app(desk=desk)).post(f"/desk/{name}", json=sent)
        outcomes.append((answer.status_code, answer.content, desk.stack.counts(), desk.stack.fields()))
        assert (answer.status_code, desk.stack.counts().keys) == (200, 1 if path == "lease" else 4)
    assert outcomes[0] == outcomes[1]
