"""A desk that reads its pages by a form's template."""

import time

import pytest
from PIL import Image

from lenet.desk.desk import Desk
from lenet.desk.export import table_of
from lenet.errors import LeNetError
from tests.forms.filled import FilledForm

SECONDS = 60  # for two pages: what is slower hangs


@pytest.fixture(scope="module")
def form(tmp_path_factory, mnist) -> FilledForm:
    return FilledForm(tmp_path_factory.mktemp("form"), mnist)


def test_pages_are_read_by_the_form_and_a_page_of_something_else_is_said(form, tmp_path):
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
    for field in desk.stack.claim("ann", 99):
        desk.stack.answer("ann", field["id"], values[field["name"]])
    head, row, _ = table_of(desk.stack)
    desk.stop()
    assert head == ["file", "page", *values]
    wrong = [name for name, text in zip(values, row[2:], strict=True) if text != values[name]]
    assert wrong == []


def test_a_template_that_is_wrong_is_refused_before_anything_is_begun(tmp_path):
    (tmp_path / "form.toml").write_text("no = template")
    with pytest.raises(LeNetError, match=r"form\.toml"):
        Desk(tmp_path / "stack", tmp_path / "form.toml")
    assert not (tmp_path / "stack").exists()
