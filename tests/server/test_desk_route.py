"""The desk's paths over HTTP: what this machine cannot do is stated, and not offered."""

import asyncio
import json
import sys

import pytest
from PIL import Image

from lenet.desk.desk import Desk
from lenet.desk.fields import Field, PageFields

pytest.importorskip("fastapi")

from lenet.server.app import create_app
from lenet.server.limits import Limits
from tests.server.asgi import Client, run


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


@pytest.mark.parametrize(
    ("text", "violation"),
    [
        ("12", "has 2 digits, in 5 boxes"),
        ("000012", "has 6 digits, in 5 boxes"),
        ("99999", "is above 20000"),
        ("12345", ""),
        ("", ""),
    ],
)
def test_what_does_not_fit_the_template_is_kept_and_said(tmp_path, text, violation):
    Image.new("L", (100, 40), 255).save(tmp_path / "blank.png")
    field = '[[field]]\nname = "code"\nkind = "digits"\nbox = [0, 0, 40, 100]\ncells = 5\nrange = [0, 20000]\n'
    (tmp_path / "form.toml").write_text(f'page = [40, 100]\nblank = "blank.png"\n{field}')
    desk = Desk(tmp_path / "stack", tmp_path / "form.toml")
    fields = (Field("code", "digits", "1", 0.5, (0, 0, 40, 100), needs_review=True),)
    page = PageFields(1, (40, 100), fields, form_name="form")
    desk.stack.finish_file(desk.stack.add_file("a.png", tmp_path / "a.png"), [page])
    client = Client(create_app(desk=desk))
    for path in ("draft", "answer"):
        answer = client.post(f"/desk/{path}", json={"who": "ann", "field": 1, "text": text})
        assert json.loads(answer.content) == {"violation": violation}
    assert desk.stack.field(1)["answer"] == text


def doubtful_field(folder) -> Desk:
    desk = Desk(folder)
    fields = (Field("line 1", "line", "7", 0.5, (0, 0, 9, 9), needs_review=True),)
    desk.stack.finish_file(desk.stack.add_file("a.png", folder / "a.png"), [PageFields(1, (9, 9), fields)])
    return desk


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[" * 60_000, "not JSON"),
        (b"7", "the whole is 7, expected a record"),
        (b'{"who": "\\ud800", "field": 1, "text": "4"}', r"who is '\ud800', expected a text of at most 64"),
        (b'{"who": "ann", "field": 1, "text": "\\ud800"}', r"text is '\ud800', expected a text"),
        (b'{"who": "ann", "field": Infinity, "text": "4"}', "field is inf, expected a whole number"),
        (b'{"who": "ann", "field": 1.5, "text": "4"}', "field is 1.5, expected a whole number"),
        (b'{"who": "ann", "field": 99999999999999999999, "text": "4"}', "expected a whole number of 0 to"),
        (b'{"who": "ann", "field": 1, "text": "4", "key_presses": "x"}', "key_presses is 'x', expected a whole number"),
        (b'{"who": "", "field": 1, "text": "4"}', "who is not named"),
        (b'{"field": 1, "text": "4"}', "no entry 'who'"),
    ],
)
def test_an_entry_that_is_none_is_refused_in_one_sentence_and_changes_nothing(tmp_path, content, words):
    desk = doubtful_field(tmp_path)
    answer = Client(create_app(desk=desk)).post("/desk/answer", content, headers={"content-type": "application/json"})
    assert (answer.status_code, words in json.loads(answer.content)["detail"]) == (422, True), answer.content
    assert (desk.stack.counts().answered, desk.stack.counts().keys) == (0, 0)


@pytest.mark.parametrize(
    "path", ["pages/{}", "pages/{}/picture", "fields/{}/picture", "fields?first={}", "pages?count={}"]
)
def test_a_number_that_no_page_can_have_is_refused_in_one_sentence(client, path):
    for number in ("99999999999999999999", "-1"):
        answer = client.get(f"/desk/{path.format(number)}")
        assert answer.status_code == 422
        assert number in json.loads(answer.content)["detail"]


def test_an_entry_that_does_not_arrive_is_given_up(tmp_path):
    app = create_app(desk=Desk(tmp_path), limits=Limits(timeout=0.3))
    messages = [{"type": "http.request", "body": b'{"who": ', "more_body": True}]
    statuses = []

    async def next_message() -> dict:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop()

    async def send(message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    scope = {"type": "http", "method": "POST", "path": "/desk/answer", "root_path": "", "query_string": b""}
    run(app(scope | {"headers": [(b"content-type", b"application/json")]}, next_message, send))
    assert statuses == [408]


def test_an_entry_that_a_full_disk_keeps_off_may_be_sent_again_and_nothing_of_it_is_there_before(tmp_path):
    desk = doubtful_field(tmp_path)
    sender, text = Client(create_app(desk=desk)), "4" * 200
    desk.stack._db.execute("PRAGMA max_page_count = 1")  # as many as there are: SQLite says that the disk is full
    entry = {"who": "ann", "field": 1, "text": text}
    sent = 0
    while (answer := sender.post("/desk/draft", json=entry)).status_code == 200:
        sent += 1
    assert (answer.status_code, json.loads(answer.content)["title"]) == (507, "Insufficient Storage")
    assert "is full" in json.loads(answer.content)["detail"]
    assert desk.stack.counts().keys == sent
    desk.stack._db.execute("PRAGMA max_page_count = 100000")
    assert sender.post("/desk/answer", json=entry).status_code == 200
    assert (desk.stack.field(1)["answer"], desk.stack.counts().keys) == (text, sent + 1)


@pytest.mark.parametrize("origin", ["http://evil.example", "http://[x", "null", ""])
def test_pages_elsewhere_may_not_work_at_the_desk(tmp_path, origin):
    headers = {"origin": origin, "content-type": "application/json"}
    answer = Client(create_app(desk=doubtful_field(tmp_path))).post("/desk/answer", b"{}", headers=headers)
    assert answer.status_code == 403, answer.content
