"""A desk that reads its pages by a form's template."""

import time

import pytest
from PIL import Image

from lenet.desk import background
from lenet.desk.desk import Desk
from lenet.desk.export import table_of
from lenet.desk.stack import Stack
from lenet.errors import LeNetError
from lenet.forms.reader import FormReader
from tests.forms.filled import FilledForm

SECONDS = 600  # for a few pages, on a machine however busy: what is slower hangs


@pytest.fixture(scope="module")
def form(tmp_path_factory, mnist) -> FilledForm:
    return FilledForm(tmp_path_factory.mktemp("form"), mnist)


def test_pages_are_read_by_the_form_and_a_page_of_something_else_is_reported(form, tmp_path):
    values = form.values(0)
    Image.fromarray(form.scan(values)).save(tmp_path / "a.png")
    Image.new("L", (300, 200), 255).save(tmp_path / "b.png")
    desk = Desk(tmp_path, form.path)
    desk.start()
    deadline = time.monotonic() + SECONDS
    while desk.stack.waiting() and time.monotonic() < deadline:
        time.sleep(0.1)
    first, other = desk.stack.files()
    assert first["problem"] == ""
    assert other["problem"].startswith("page 1: ")
    for field in desk.stack.lease("ann", 99):
        desk.stack.answer("ann", field["id"], values[field["name"]])
    head, row, rejected = table_of(desk.stack)
    desk.stop()
    assert head == ["file", "page", *values, "remark"]
    wrong = [name for name, text in zip(values, row[2:-1], strict=True) if text != values[name]]
    assert wrong == []
    assert other["problem"] == f"page 1: {rejected[-1]}"


def read_to_the_end(desk: Desk) -> None:
    desk.start()
    deadline = time.monotonic() + SECONDS
    while desk.stack.waiting() and time.monotonic() < deadline:
        time.sleep(0.1)
    desk.stop()


def test_several_processes_read_a_stack_once_and_in_its_order(form, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(background, "workers_for", lambda count: asked.append(count) or 3)
    scans = [Image.fromarray(form.scan(form.values(number), number)) for number in range(3)]
    for number in range(0, 12, 3):  # files of one and of two pages
        scans[0].save(tmp_path / f"{number:02}.png")
        scans[1].save(tmp_path / f"{number + 1:02}.tif", save_all=True, append_images=[scans[2]])
        Image.new("L", (300, 200), 255).save(tmp_path / f"{number + 2:02}.png")
    desk = Desk(tmp_path, form.path)
    desk.stack.waiting()
    read_to_the_end(desk)
    stack = Stack(tmp_path)
    assert asked == [12]
    assert [file["name"] for file in stack.files()] == sorted(file["name"] for file in stack.files())
    pages = [(page["file_name"], page["number"], len(stack.page(page["id"])["fields"])) for page in stack.pages()]
    count = len(form.template.fields)
    assert pages == [
        page
        for number in range(0, 12, 3)
        for page in (
            (f"{number:02}.png", 1, count),
            (f"{number + 1:02}.tif", 1, count),
            (f"{number + 1:02}.tif", 2, count),
            (f"{number + 2:02}.png", 1, 0),
        )
    ]
    assert [page["id"] for page in stack.pages()] == sorted(page["id"] for page in stack.pages()), "read in order"
    by_one = FormReader(form.path)
    texts = [field["text"] for page in stack.pages()[:3] for field in stack.page(page["id"])["fields"]]
    assert texts == [field.text for scan in scans for field in by_one.read(scan).fields]


def test_what_was_read_without_the_form_is_read_again_unless_somebody_has_answered_it(form, tmp_path):
    for name in "abc":
        Image.fromarray(form.scan(form.values(0))).save(tmp_path / f"{name}.png")
    plain = Desk(tmp_path)
    read_to_the_end(plain)
    stack = Stack(tmp_path)
    names = {page["file_name"]: page["id"] for page in stack.pages()}
    before = {name: stack.page(page)["fields"] for name, page in names.items()}
    stack.reopen("ann", before["a.png"][0]["id"])
    stack.answer("ann", before["a.png"][0]["id"], "42")
    (tmp_path / "b.png").unlink()
    stack.close()

    desk = Desk(tmp_path, form.path)
    assert [path.name for _, path in desk.stack.waiting()] == ["c.png"], "a has an answer, and b is gone"
    read_to_the_end(desk)
    stack = Stack(tmp_path)
    after = {page["file_name"]: stack.page(page["id"])["fields"] for page in stack.pages()}
    assert [field["name"] for field in after["c.png"]] == [field.name for field in form.template.fields]
    assert after["a.png"][0]["answer"] == "42"
    assert [field["id"] for field in after["b.png"]] == [field["id"] for field in before["b.png"]]
    old = {field["id"] for fields in before.values() for field in fields}
    assert not old & {field["id"] for field in after["c.png"]}, "an answer on its way must not find another field"
    with pytest.raises(LeNetError, match="there is no field"):
        stack.answer("bob", before["c.png"][0]["id"], "7")
    stack.close()
    assert Desk(tmp_path, form.path).stack.waiting() == [], "what the form has read stays"


def test_a_template_that_is_wrong_is_refused_before_anything_is_begun(tmp_path):
    (tmp_path / "form.toml").write_text("no = template")
    with pytest.raises(LeNetError, match=r"form\.toml"):
        Desk(tmp_path / "stack", tmp_path / "form.toml")
    assert not (tmp_path / "stack").exists()
