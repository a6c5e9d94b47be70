"""The reference of the command line, written from the commands themselves."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lab.reports.commands import MANUAL_FILE, PAGE_FILE, list_commands, to_manual, to_markdown
from lenet.cli import VERBS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_and_the_manual_in_the_documents_are_those_of_the_commands():
    assert (DOCS / PAGE_FILE).read_text("utf-8") == to_markdown(list_commands()), "write it again with: make manual"
    assert (DOCS / MANUAL_FILE).read_text("utf-8") == to_manual(list_commands()), "write it again with: make manual"


def test_every_verb_and_every_option_stands_on_the_page():
    page = to_markdown(list_commands())
    assert {name.split()[0] for name in re.findall(r"^## lenet (.*)$", page, re.MULTILINE)} == set(VERBS)
    for command in list_commands():
        section = page.partition(f"## lenet {command.name}\n")[2].partition("\n## ")[0]
        for name, _ in (*command.arguments, *command.options):
            assert f"| `{name}` |" in section.replace("\\|", "|")


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_the_manual_is_set_without_a_warning():
    manual = to_manual(list_commands())
    assert manual.isascii()
    ran = subprocess.run(["groff", "-man", "-Tutf8", "-ww"], input=manual, capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    assert "lenet train [OPTIONS]" in re.sub(r".[\b]", "", ran.stdout)  # bold is struck twice
