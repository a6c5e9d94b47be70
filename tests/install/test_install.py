"""The engine is built where it can be, and the package installs and works where it cannot."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

import lenet
from lab.reports.long_description import README_FILE, compose_long_description
from lenet.engine.native import instruction_sets

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
COMPILER = next((path for path in map(shutil.which, ("c++", "g++", "clang++")) if path), None)


@pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler")
def test_the_engine_is_there_where_a_compiler_is():
    assert instruction_sets(), "build it with: make engine"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    """The wheel, without the engine."""
    pytest.importorskip("scikit_build_core")
    folder = tmp_path_factory.mktemp("wheel")
    pip = (sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index")
    settings = ("-C", f"build-dir={folder / 'build'}", "-C", "wheel.cmake=false")
    subprocess.run([*pip, *settings, "-w", folder, REPOSITORY], check=True)
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_the_package_and_none_of_the_tools_of_the_repository(wheel):
    files = {Path(name) for name in wheel.namelist()}
    assert {path.parts[0].partition("-")[0] for path in files} == {"lenet"}
    assert {path.relative_to(REPOSITORY / "src") for path in (REPOSITORY / "src").rglob("*.py")} <= files
    tools = {path.name for path in (REPOSITORY / "lab").rglob("*.csv")} | {"pretrained.py", "reproduction.py"}
    assert not {path.name for path in files} & tools
    assert not {path.parts[1] for path in files} & {"reports", "synthesis", "benchmarks"}


def test_the_wheel_has_the_version_of_the_package_and_the_description_that_is_composed_from_the_readme(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = message_from_bytes(wheel.read(name))
    assert metadata["Version"] == lenet.__version__
    assert metadata["Description-Content-Type"] == "text/markdown"
    readme = (REPOSITORY / README_FILE).read_text(encoding="utf-8")
    described = metadata.get_payload(decode=True).decode()
    assert (
        described.strip()
        == compose_long_description(readme, PROJECT.get("urls", {}).get("Repository"), lenet.__version__).strip()
    )


def _compiler_that_is_missing(folder: Path) -> Path:
    return folder / "c++"


def _compiler_that_fails_on_the_engine(folder: Path) -> Path:
    if COMPILER is None:
        pytest.skip("there is no C++ compiler")
    script = folder / "c++"
    script.write_text(f'#!/bin/sh\ncase "$*" in *native/*) exit 1;; esac\nexec {COMPILER} "$@"\n')
    script.chmod(0o755)
    return script


@pytest.mark.slow
@pytest.mark.parametrize("compiler", [_compiler_that_is_missing, _compiler_that_fails_on_the_engine])
def test_without_a_working_compiler_the_package_installs_and_reads(compiler, tmp_path):
    pytest.importorskip("scikit_build_core")
    target = tmp_path / "site"
    settings = ("-C", f"build-dir={tmp_path / 'build'}")
    pip = (sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index")
    unforced = {name: value for name, value in os.environ.items() if not name.startswith(("LENET_", "CXX", "CMAKE_"))}
    environment = unforced | {"CXX": str(compiler(tmp_path))}
    subprocess.run([*pip, *settings, "--target", target, REPOSITORY], env=environment, check=True)

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        # -S keeps the installation that runs these tests out of the way, but for the packages it needs.
        packages = (path for path in sys.path if path.endswith(("site-packages", "dist-packages")))
        paths = {"PYTHONPATH": os.pathsep.join([str(target), *packages])}
        command = [sys.executable, "-S", "-m", "lenet", *arguments]
        return subprocess.run(command, env=unforced | paths, cwd=tmp_path, capture_output=True, text=True, check=True)

    read = run("read", *sorted((REPOSITORY / "examples/digits").glob("*e*.png")))
    answers = [line.rpartition(": ")[2] for line in read.stdout.splitlines()]
    assert answers == ["5", "5550 | 0142", "7", "1998"]
    assert read.stderr.count("\n") == 1
    assert read.stderr.startswith("lenet: the native engine was not built; training uses torch and reading uses NumPy")
    assert read.stderr.endswith(f"pip install --force-reinstall --no-deps {REPOSITORY}\n")

    checks = json.loads(run("doctor", "--json").stdout)["checks"]
    assert checks["versions"]["lenet"]["text"].endswith(str(target / "lenet"))
    assert checks["engine"]["extension"]["status"] == "missing"
    assert checks["engine"]["reading"]["value"] == "numpy"
