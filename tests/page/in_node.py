"""The page's modules run in node, as they stand."""

import json
import shutil
import subprocess
from importlib import resources

import pytest

SITE = resources.files("lenet.page") / "site"

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")

READ = """
import { readFileSync } from "node:fs";
const given = JSON.parse(readFileSync(0, "utf8"));
const show = (value) => console.log(JSON.stringify(value));
"""


def in_node(script, **given):
    """What a script ``show``s of what it is ``given``, run inside the site's package."""
    done = subprocess.run(
        ["node", "--input-type=module", "-e", READ + script],
        cwd=str(SITE),
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
