"""The help of the whole command line, which imports no verb."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from lenet.cli import VERBS, build_app


def help_of(app):
    return CliRunner().invoke(app, ["--help"], prog_name="lenet").output


def test_the_help_without_the_verbs_has_the_lines_of_the_help_with_them():
    assert sorted(help_of(build_app("--help")).splitlines()) == sorted(help_of(build_app()).splitlines())


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_the_help_imports_neither_numpy_nor_any_verb(arguments):
    script = (
        "import sys; from lenet.cli import main; main(sys.argv[1:]);"
        "print(*[name for name in sys.modules if name.startswith('lenet.cli.') or name == 'numpy'], file=sys.stderr)"
    )
    process = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
    assert all(f"\n  {verb} " in process.stdout + process.stderr for verb in VERBS)
    imported = process.stderr.split()
    assert not {f"lenet.cli.{module}" for module in VERBS.values()} & set(imported)
    assert "numpy" not in imported


def test_a_shell_completes_the_options_of_a_verb():
    environment = {"_LENET_COMPLETE": "complete_bash", "COMP_WORDS": "lenet read --sing", "COMP_CWORD": "2"}
    process = subprocess.run(
        [sys.executable, "-m", "lenet"], capture_output=True, text=True, env=environment | {"PATH": ""}, check=True
    )
    assert process.stdout.split() == ["--single"]
