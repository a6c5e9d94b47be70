"""Which engine is chosen, the message when the native one is missing, and what is refused."""

import importlib.machinery
import json
import os
import subprocess
import sys

import pytest

from lenet.engine import choice, native
from lenet.errors import EngineError, MissingExtra


@pytest.fixture(autouse=True)
def nothing_forced(monkeypatch):
    monkeypatch.delenv("LENET_ENGINE", raising=False)
    choice._warn_of_fallback.cache_clear()
    yield
    choice._warn_of_fallback.cache_clear()


@pytest.fixture
def two_sets(monkeypatch):
    monkeypatch.setattr(native, "instruction_sets", lambda: ["avx2", "baseline"])


@pytest.fixture
def not_built(monkeypatch):
    monkeypatch.setattr(native, "instruction_sets", lambda: [])
    monkeypatch.setattr(choice, "_EXTENSION", "lenet.engine._never_built")


def _install_record(monkeypatch, **record):
    class Distribution:
        def read_text(self, name):
            assert name == "direct_url.json"
            return json.dumps(record) if record else None

    monkeypatch.setattr("importlib.metadata.distribution", lambda name: Distribution())


def test_the_best_instruction_set_is_chosen(two_sets, capsys):
    assert choice.choose_engine() == choice.choose_engine("torch") == "avx2"
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["baseline", "torch", "numpy"])
def test_a_name_forces_its_engine(name, two_sets, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.setenv("LENET_ENGINE", name)
    assert choice.choose_engine() == choice.choose_engine("torch") == name


def test_without_the_native_engine_one_line_says_once_what_is_used_and_how_to_get_it(not_built, monkeypatch, capsys):
    pytest.importorskip("torch")
    _install_record(monkeypatch, url="file:///home/me/lenet", dir_info={})
    assert choice.choose_engine("torch") == "torch"
    assert choice.choose_engine() == "numpy"
    assert capsys.readouterr().err == (
        "lenet: the native engine was not built; training uses torch and reading uses NumPy, both slower; "
        "to get the engine, install a C++ compiler (GCC or Clang), then: "
        "pip install --force-reinstall --no-deps /home/me/lenet\n"
    )


@pytest.mark.parametrize("name", ["torch", "numpy"])
def test_there_is_no_notice_when_another_engine_was_asked_for(name, not_built, monkeypatch, capsys):
    pytest.importorskip("torch")
    monkeypatch.setenv("LENET_ENGINE", name)
    assert choice.choose_engine() == name
    assert capsys.readouterr().err == ""


def test_an_unknown_engine_is_refused_with_the_nearest_name(monkeypatch):
    monkeypatch.setenv("LENET_ENGINE", "avx521")
    with pytest.raises(EngineError, match=r"^unknown engine 'avx521' in LENET_ENGINE; did you mean avx512.*known: "):
        choice.choose_engine()


def test_an_instruction_set_that_cannot_run_here_is_refused(two_sets, monkeypatch):
    monkeypatch.setenv("LENET_ENGINE", "avx512")
    with pytest.raises(EngineError, match=r"^LENET_ENGINE=avx512 cannot run .*; it can run: avx2, baseline$"):
        choice.choose_engine()


def test_an_instruction_set_is_refused_where_nothing_was_built(not_built, monkeypatch, capsys):
    monkeypatch.setenv("LENET_ENGINE", "avx2")
    with pytest.raises(
        EngineError, match=r"needs the native engine, which was not built; to get the engine, install a C\+\+"
    ):
        choice.choose_engine()
    assert capsys.readouterr().err == ""


def test_torch_is_refused_where_it_is_not_installed(monkeypatch):
    monkeypatch.setenv("LENET_ENGINE", "torch")
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"^LENET_ENGINE=torch needs torch, which is not installed"):
        choice.choose_engine()


def test_a_damaged_extension_is_distinguished_from_one_that_was_not_built(not_built, tmp_path, monkeypatch, capsys):
    assert choice.inspect_extension() == choice.Extension(None, "was not built")
    file = tmp_path / f"damaged_engine{importlib.machinery.EXTENSION_SUFFIXES[0]}"
    file.write_bytes(b"no machine code" * 100)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(choice, "_EXTENSION", "damaged_engine")
    result = choice.inspect_extension()
    assert result.path == str(file)
    assert result.problem.startswith("does not load (")
    choice.choose_engine()
    assert "the native engine does not load (" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("record", "command"),
    [
        ({"url": "file:///home/me/le%20net", "dir_info": {"editable": True}}, "-e '/home/me/le net'"),
        ({"url": "file:///home/me/lenet", "dir_info": {}}, "/home/me/lenet"),
        ({"url": "https://a.org/lenet.zip", "archive_info": {}}, "--no-cache-dir https://a.org/lenet.zip"),
        (
            {"url": "https://a.org/lenet.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "--no-cache-dir git+https://a.org/lenet.git@abc",
        ),
        ({}, "--no-cache-dir --no-binary lenet lenet"),
        (
            {"url": "file:///home/me/lenet-0.1.0.tar.gz", "archive_info": {}},
            "--no-cache-dir /home/me/lenet-0.1.0.tar.gz",
        ),
        (
            {"url": "file:///home/me/lenet-0.1.0-cp311-cp311-linux_x86_64.whl", "archive_info": {}},
            "--no-cache-dir --no-binary lenet lenet",
        ),
        (
            {"url": "https://a.org/lenet-0.1.0-cp311-cp311-linux_x86_64.whl#sha256=0", "archive_info": {}},
            "--no-cache-dir --no-binary lenet lenet",
        ),
    ],
)
def test_the_command_installs_what_was_installed(record, command, monkeypatch):
    _install_record(monkeypatch, **record)
    assert choice.install_command() == f"pip install --force-reinstall --no-deps {command}"


def test_a_wheel_is_built_again_from_the_sources_beside_it(monkeypatch, tmp_path):
    (tmp_path / "lenet-0.1.0.tar.gz").touch()
    wheel = tmp_path / "lenet-0.1.0-cp311-cp311-linux_x86_64.whl"
    _install_record(monkeypatch, url=wheel.as_uri(), archive_info={})
    expected = f"pip install --force-reinstall --no-deps --no-cache-dir {tmp_path}/lenet-0.1.0.tar.gz"
    assert choice.install_command() == expected


def test_with_neither_the_engine_nor_torch_one_sentence_says_how_to_train(not_built, monkeypatch, capsys):
    _install_record(monkeypatch)
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    with pytest.raises(EngineError) as raised:
        choice.choose_engine("torch")
    assert str(raised.value) == (
        "training needs the native engine, which was not built, or torch, which is not installed; "
        "to get the engine, install a C++ compiler (GCC or Clang), then: "
        "pip install --force-reinstall --no-deps --no-cache-dir --no-binary lenet lenet; "
        "or install torch with: pip install 'lenet[train]'"
    )
    assert choice.choose_engine() == "numpy"
    assert "reading uses NumPy, which is slower, and nothing trains" in capsys.readouterr().err


def test_the_description_tells_the_choice_and_its_reason(two_sets, monkeypatch, capsys):
    assert choice.describe_engine()["training"] == choice.describe_engine()["reading"] == "avx2"
    monkeypatch.setenv("LENET_ENGINE", "numpy")
    assert choice.describe_engine()["training"] == "numpy"
    assert choice.describe_engine()["reason"] == "LENET_ENGINE asks for it"
    monkeypatch.setenv("LENET_ENGINE", "avx512")
    assert choice.describe_engine()["training"] is None
    assert "cannot run" in choice.describe_engine()["problem"]
    assert capsys.readouterr().err == ""


def test_without_the_native_engine_the_description_names_the_slower_two(not_built, capsys):
    described = choice.describe_engine()
    assert (described["training"], described["reading"]) == ("torch", "numpy")
    assert described["extension"] == {"path": None, "problem": "was not built", "compiled": ()}
    assert capsys.readouterr().err == ""


def test_choosing_imports_no_torch():
    code = "from lenet.engine import choice; choice.choose_engine(); import sys; sys.exit('torch' in sys.modules)"
    environment = os.environ | {"LENET_ENGINE": "torch"}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
