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
@pytest.mark.parametrize("key_presses", ["key_presses", "presses"])
def test_entries_that_wait_in_a_tab_under_the_names_of_before_are_still_taken(tmp_path, path, former_path, key_presses):
    """A page that was open when the server was renewed sends what it has under the former names."""
    desk = Desk(tmp_path)
    fields = (Field("line 1", "line", "7", 0.5, (0, 0, 9, 9), needs_review=True),)
    desk.stack.finish_file(desk.stack.add_file("a.png", tmp_path / "a.png"), [PageFields(1, (9, 9), fields)])
    client = Client(create_app(desk=desk))
    answers = []
    for name in (path, former_path):
        desk.stack.lease("ann")
        sent = {"who": "ann", "field": 1, "text": "4", "count": 1, key_presses: 3}
        before = desk.stack.counts().keys
        answer = client.post(f"/desk/{name}", json=sent)
        answers.append((answer.status_code, answer.content, desk.stack.counts().keys - before))
        if path == "reopen":
            desk.stack.answer("ann", 1, "5", 0)
    assert answers[0] == answers[1]
    assert answers[0][0] == 200
