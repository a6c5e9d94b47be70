"""What packages, images and citations say of lenet is what the package is."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import lenet
from lab.reports.long_description import README_FILE
from tests.cli.test_serve import serving

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))


def instructions(name: str) -> list[str]:
    """The arguments of each instruction of this name in the Dockerfile."""
    text = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
    return [line.partition(" ")[2].strip() for line in text.splitlines() if line.startswith(f"{name} ")]


def test_the_version_stands_in_the_package_and_the_citation_repeats_it():
    assert "version" in PROJECT["project"]["dynamic"]
    citation = (REPOSITORY / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.*)$", citation, re.M) == [lenet.__version__]


def test_the_notices_of_all_that_the_package_embeds_are_packed():
    patterns = PROJECT["project"]["license-files"]
    packed = {path for pattern in patterns for path in REPOSITORY.glob(pattern)}
    fonts = REPOSITORY / "src/lenet/page/site/fonts"
    families = {path.stem.partition("-")[0] for path in fonts.glob("*.woff2")}
    assert all(any(path.name.startswith(family) for path in packed) for family in families)


def test_the_license_names_those_of_the_typefaces_and_of_the_digits_that_the_page_embeds():
    license = PROJECT["project"]["license"].split(" AND ")
    assert license == ["MIT", "OFL-1.1", "CC-BY-SA-3.0"]
    assert f"license: [{', '.join(license)}]" in (REPOSITORY / "CITATION.cff").read_text(encoding="utf-8")
    digits = json.loads((REPOSITORY / "src/lenet/page/digits.json").read_text(encoding="utf-8"))
    assert digits["provenance"]["license"].replace(" ", "-") == license[2]


def test_wheels_are_built_for_each_python_that_the_classifiers_name():
    prefix = "Programming Language :: Python :: 3."
    named = {c.removeprefix(prefix) for c in PROJECT["project"]["classifiers"] if c.startswith(prefix)}
    assert named == set(re.findall(r"cp3(\d+)-", PROJECT["tool"]["cibuildwheel"]["build"]))
    assert min(map(int, named)) == int(PROJECT["project"]["requires-python"].partition(".")[2])


def test_the_image_copies_what_the_build_reads_and_the_rest_stays_out():
    copied = {
        word
        for arguments in instructions("COPY")
        if not arguments.startswith("--from")
        for word in arguments.split()[:-1]
    }
    assert all((REPOSITORY / name).exists() for name in copied)
    passed = (REPOSITORY / ".dockerignore").read_text().split()
    assert {word.removeprefix("!") for word in passed if word.startswith("!")} == copied
    licenses = {pattern.split("/")[0] for pattern in PROJECT["project"]["license-files"]}
    hooks = [entry["provider"] for entry in PROJECT["tool"]["dynamic-metadata"] if "path" in entry["provider"]]
    modules = {f"{hook['path']}/{hook['module']}.py" for hook in hooks}
    assert {"pyproject.toml", "CMakeLists.txt", README_FILE, *licenses, *modules} <= copied


def test_the_command_of_the_image_serves_and_its_health_check_tells_whether_it_does():
    (command,) = instructions("CMD")
    words = re.findall(r'"([^"]+)"', command)
    assert words[:2] == ["lenet", "serve"]
    port = words[words.index("--port") + 1]
    assert instructions("EXPOSE") == [port]
    (check,) = instructions("HEALTHCHECK")
    program = shlex.split(check.partition(" CMD ")[2])
    assert program[0] == "python"
    with serving() as server:
        here = program[2].replace(f":{port}/", f":{server.place[1]}/")
        assert here != program[2]
        assert subprocess.run([sys.executable, "-c", here], check=False).returncode == 0
    assert subprocess.run([sys.executable, "-c", here], check=False, capture_output=True).returncode != 0


@pytest.mark.skipif(not (REPOSITORY / ".git").exists(), reason="needs a git clone")
def test_no_file_is_tracked_that_git_ignores_since_builds_write_it():
    command = ["git", "-C", str(REPOSITORY), "ls-files", "--cached", "--ignored", "--exclude-standard"]
    try:
        tracked = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no git that reads this clone: {error}")
    assert tracked == []
