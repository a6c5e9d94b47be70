"""Running the page's modules in node, unchanged."""

import json
import shutil
import subprocess
from importlib import resources

import pytest

SITE = resources.files("lenet.page") / "site"

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")

PRELUDE = """
import { readFileSync } from "node:fs";
const given = JSON.parse(readFileSync(0, "utf8"));
const show = (value) => console.log(JSON.stringify(value));
"""


def run_in_node(script, **given):
    """Run a script in node, in the site's folder, with arguments in ``given``; returns what it passes to ``show``."""
    done = subprocess.run(
        ["node", "--input-type=module", "-e", PRELUDE + script],
        cwd=str(SITE),
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
