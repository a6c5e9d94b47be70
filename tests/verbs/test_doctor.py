"""``lenet doctor`` finds what is there, what is not, and what is broken."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lenet
from lenet.cli import main
from lenet.engine import choice, native
from lenet.verbs import doctor


@pytest.fixture(autouse=True)
def own_data_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("LENET_ENGINE", raising=False)
    monkeypatch.setenv("LENET_DATA", str(tmp_path))


def _report(capsys) -> tuple[int, dict]:
    code = main(["doctor", "--json"])
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] == (code == 0)
    return code, report["checks"]


def test_a_working_installation_passes(capsys):
    code, result = _report(capsys)
    assert code == 0
    assert result["versions"]["lenet"]["value"] == lenet.__version__
    assert result["versions"]["numpy"]["value"] == np.__version__
    assert result["pretrained weights"]["lenet-5-relu"]["value"] == 61_791  # ten digits and none
    assert result["machine"]["cores"]["value"] >= 1


def test_the_engine_in_use_is_the_one_that_is_chosen(capsys, monkeypatch):
    _, result = _report(capsys)
    assert result["engine"]["reading"]["value"] == choice.choose_engine()
    monkeypatch.setenv("LENET_ENGINE", "numpy")
    _, result = _report(capsys)
    assert result["engine"]["training"]["value"] == result["engine"]["reading"]["value"] == "numpy"


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="only Linux lists the processor's features")
def test_the_engine_claims_no_instruction_set_that_the_processor_lacks():
    assert set(native.instruction_sets()) <= set(doctor._processor_instruction_sets())


@pytest.mark.skipif(not native.instruction_sets(), reason="the native engine was not built")
def test_what_can_run_was_compiled_in(capsys):
    _, result = _report(capsys)
    assert set(result["engine"]["can run"]["value"]) <= set(result["engine"]["compiled in"]["value"])
    assert result["engine"]["can run"]["value"] == native.instruction_sets()


@pytest.mark.skipif(not native.instruction_sets(), reason="the native engine was not built")
def test_every_instruction_set_reads_as_the_reference_does(capsys):
    _, result = _report(capsys)
    for name in native.instruction_sets():
        assert result["engine"][name]["value"] < 1e-5


@pytest.mark.parametrize("wrong", [lambda outputs: outputs + 1, lambda outputs: outputs * np.nan])
def test_an_engine_that_computes_wrong_is_broken(wrong, capsys, monkeypatch):
    from lenet.engine.reference import forward

    class Engine:
        def __init__(self, network, arrays, **_):
            self.predict = lambda inputs: wrong(forward(network, arrays, inputs))

    monkeypatch.setattr(native, "Engine", Engine)
    monkeypatch.setattr(native, "instruction_sets", lambda: ["baseline"])
    code, result = _report(capsys)
    assert code == 1
    assert result["engine"]["baseline"]["status"] == "broken"


def test_an_engine_that_does_not_load_is_broken_and_one_that_was_not_built_is_not(capsys, monkeypatch):
    monkeypatch.setattr(native, "instruction_sets", lambda: [])
    monkeypatch.setattr(choice, "inspect_extension", lambda: choice.Extension("_native.so", "does not load (why)"))
    code, result = _report(capsys)
    assert code == 1
    assert result["engine"]["extension"]["text"] == "does not load (why)  _native.so"
    monkeypatch.setattr(choice, "inspect_extension", lambda: choice.Extension(None, "was not built"))
    code, result = _report(capsys)
    assert code == 0
    assert result["engine"]["extension"]["status"] == "missing"
    assert "pip install --force-reinstall" in result["engine"]["extension"]["remedy"]
    assert result["engine"]["training"]["value"] == "torch"


def test_an_engine_that_is_forced_but_cannot_run_is_broken(capsys, monkeypatch):
    monkeypatch.setenv("LENET_ENGINE", "abacus")
    code, result = _report(capsys)
    assert code == 1
    assert "unknown engine 'abacus'" in result["engine"]["in use"]["text"]


def test_a_missing_extra_is_named_with_its_purpose_and_breaks_nothing(capsys, monkeypatch):
    known = doctor.version_of
    monkeypatch.setattr(doctor, "version_of", lambda package: None if package == "matplotlib" else known(package))
    code, result = _report(capsys)
    assert code == 0
    assert (
        result["extras"]["figures"]["text"]
        == "matplotlib is not installed; needed for drawing maps, posters and diagrams"
    )
    assert result["extras"]["figures"]["remedy"] == "pip install 'lenet[figures]'"


def test_every_extra_that_a_user_may_want_is_checked_by_its_own_packages(capsys):
    _, result = _report(capsys)
    extras = set(doctor.metadata.metadata("lenet").get_all("Provides-Extra") or [])
    assert set(result["extras"]) == extras - {"all", "bench-all", "docs", "dev"}
    assert "lenet" not in result["extras"]["desk"]["value"]
    assert {"openpyxl", "pypdfium2", "fastapi"} <= set(result["extras"]["desk"]["value"])
    assert set(result["extras"]["cluster"]["value"]) == {"ray"}


def test_a_missing_dependency_is_broken(capsys, monkeypatch):
    known = doctor.version_of
    monkeypatch.setattr(doctor, "version_of", lambda package: None if package == "pillow" else known(package))
    code, result = _report(capsys)
    assert code == 1
    assert result["versions"]["pillow"]["remedy"] == "pip install pillow"


def test_a_data_folder_that_cannot_be_made_is_broken(capsys, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("LENET_DATA", str(tmp_path / "file" / "data"))
    code, result = _report(capsys)
    assert code == 1
    assert "cannot be written" in result["data"]["folder"]["text"]


def test_an_empty_data_folder_breaks_nothing(capsys):
    _, result = _report(capsys)
    assert result["data"]["here"]["value"] == []
    assert result["data"]["here"]["remedy"] == "lenet data fetch mnist"


def test_a_check_that_fails_itself_is_reported_and_the_others_go_on(capsys, monkeypatch):
    def fail():
        raise RuntimeError("no such luck")

    monkeypatch.setattr(doctor, "_machine", fail)
    code, result = _report(capsys)
    assert code == 1
    assert result["machine"]["check"]["text"] == "RuntimeError: no such luck"
    assert result["pretrained weights"]["lenet-5-relu"]["status"] == "ok"


def test_the_text_ends_with_the_verdict(capsys, monkeypatch):
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.endswith("\neverything that is installed works\n")
    monkeypatch.setenv("LENET_ENGINE", "abacus")
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out.endswith("\nbroken: engine, in use\n")


def test_the_doctor_does_not_import_torch():
    code = "import sys; from lenet.cli import main; main(['doctor']); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
