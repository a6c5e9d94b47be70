"""C: GCC compiles it without a warning, the sanitizers find nothing, and it gives the engine's answers."""

import re
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given

import lenet
from lenet.architecture import Convolution, FullConnection, Network, Stage
from lenet.engine import decide
from lenet.errors import ArchitectureError
from lenet.exporting.c import identifier, to_c
from lenet.exporting.checking import C_FLAGS, run_c
from lenet.exporting.quantization import quantize, quantized_forward
from lenet.model import Model
from tests.engine.cases import ODD, drawn, networks
from tests.exporting.cases import assert_close, digits, error_of, model_of, noise, outputs_of

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc")
SANITIZED = ("-O1", "-pedantic", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@pytest.fixture(autouse=True)
def _with_gcc(monkeypatch):
    monkeypatch.setenv("CC", "gcc")


def run(model, folder, pictures, quantization=None, flags=SANITIZED):
    text = to_c(model.network, model.parameters, "drawn", quantization=quantization)
    (folder / "drawn.h").write_text(text.header)
    (folder / "drawn.c").write_text(text.source)
    return run_c(model, folder / "drawn.c", flags)[0](pictures)[0]


@pytest.mark.parametrize("name", ["lenet-5-relu", "lenet-5"])
def test_the_program_gives_the_engines_answers_on_all_test_digits(name, mnist, tmp_path):
    model = lenet.load(name)
    pictures = digits(model, mnist)
    result, expected = run(model, tmp_path, pictures, flags=("-O2",)), outputs_of(model, pictures)
    assert (decide(model.network, result) == decide(model.network, expected)).all()
    assert_close(result, expected)


@pytest.mark.parametrize("name", ["lenet-5-relu", "lenet-5"])
def test_in_8_bits_the_error_moves_by_at_most_0_1_points_and_weights_fit_70_kilobytes(name, mnist, tmp_path):
    model = lenet.load(name)
    exported = lenet.export(model, "c-int8", tmp_path / "digits.c")
    assert exported.weight_bytes <= 70_000
    pictures, labels = digits(model, mnist), mnist.test_labels
    error = error_of(model, outputs_of(model, pictures), labels)
    result = run_c(model, tmp_path / "digits.c", ("-O2",))[0](pictures)[0]
    assert error_of(model, result, labels) == pytest.approx(error, abs=0.1)


@pytest.mark.parametrize("name", lenet.names())
def test_every_network_gives_the_engines_outputs(name, tmp_path):
    model = model_of(name)
    pictures = noise(model.network)
    assert_close(run(model, tmp_path, pictures), outputs_of(model, pictures))


@pytest.mark.parametrize("name", lenet.names())
def test_every_network_in_8_bits_gives_the_outputs_of_its_arithmetic_in_numpy(name, tmp_path):
    model = model_of(name)
    pictures = noise(model.network, 40)
    quantization = quantize(model.network, model.parameters, pictures)
    expected = quantized_forward(model.network, model.parameters, quantization, pictures)
    assert_close(run(model, tmp_path, pictures, quantization), expected, 0.02)  # ties may be rounded to either level


@drawn(40)
@given(networks())
def test_any_network_gives_the_outputs_of_the_engine(tmp_path_factory, network):
    model = model_of(network)
    pictures = noise(network)
    assert_close(run(model, tmp_path_factory.mktemp("c"), pictures), outputs_of(model, pictures), 1e-4)


@pytest.mark.parametrize("network", ODD.values(), ids=ODD)
def test_odd_networks_give_the_outputs_of_the_engine(network, tmp_path):
    model = model_of(network)
    pictures = noise(network, 2)
    assert_close(run(model, tmp_path, pictures), outputs_of(model, pictures), 1e-4)


@pytest.mark.parametrize("format", ["c", "c-int8"])
def test_the_self_test_passes_and_notices_a_changed_weight(format, mnist, tmp_path):
    lenet.export("lenet-5-relu", format, tmp_path / "digits.c")

    def self_test():
        command = ["gcc", *C_FLAGS, *SANITIZED, "-DDIGITS_TEST", "digits.c", "-o", "test", "-lm"]
        subprocess.run(command, cwd=tmp_path, check=True)
        return subprocess.run(["./test"], cwd=tmp_path, capture_output=True, text=True, check=False)

    passed = self_test()
    assert passed.returncode == 0
    assert passed.stdout.startswith("5 pictures, outputs differ by at most ")
    text = (tmp_path / "digits.c").read_text()
    (tmp_path / "digits.c").write_text(re.sub(r"(output_bias\[11\] = \{\s+)[^,]+,", r"\g<1>9.0f,", text))
    assert self_test().returncode == 1


def test_the_program_allocates_nothing_and_can_be_called_from_cplusplus(mnist, tmp_path):
    lenet.export("lenet-5", "c-int8", tmp_path / "digits.c")
    text = (tmp_path / "digits.c").read_text()
    assert re.findall(r"#include <(.*)>", text) == ["math.h", "stdio.h"]  # the second for the self-test
    assert "malloc" not in text
    main = "int main() { static uint8_t picture[1024]; float outputs[10]; return digits_run(picture, outputs) < 0; }"
    (tmp_path / "main.cpp").write_text(f'#include "digits.h"\n{main}\n')
    subprocess.run(["gcc", "-c", "digits.c"], cwd=tmp_path, check=True)
    subprocess.run(["g++", "-Wall", "-Wextra", "-Werror", "main.cpp", "digits.o", "-o", "main", "-lm"], cwd=tmp_path,
                   check=True)  # fmt: skip
    assert subprocess.run([tmp_path / "main"], check=False).returncode == 0


def test_names_of_classes_and_stages_cannot_break_the_program(tmp_path):
    names = ['"; exit(1); "', "??/", "猫\n*/", "\\"]
    network = Network(
        "int",
        (1, 8, 8),
        (Stage("a b", Convolution(2)), Stage("a.b", FullConnection(3)), Stage("int", FullConnection(4))),
    )
    model = Model(network, model_of(network).parameters, class_names=tuple(names))
    lenet.export(model, "c", tmp_path / "7 x.c")
    main = '#include "7 x.h"\n#include <stdio.h>\nint main(void) { for (int i = 0; i < 4; i++) '
    (tmp_path / "names.c").write_text(main + 'printf("%s%c", net_7_x_output_names[i], 0); return 0; }')
    subprocess.run(["gcc", *C_FLAGS, "-trigraphs", "7 x.c", "names.c", "-o", "names", "-lm"], cwd=tmp_path, check=True)
    printed = subprocess.run([tmp_path / "names"], capture_output=True, check=True).stdout
    assert printed.decode().split("\0")[:-1] == names


def test_sums_that_32_bits_do_not_hold_are_refused_in_one_sentence():
    network = Network("wide", (1, 300, 300), (Stage("f1", FullConnection(2)),))
    model = model_of(network)
    quantization = quantize(network, model.parameters, noise(network, 1))
    with pytest.raises(ArchitectureError, match=r"f1: a unit sums 90,000 products, more than the 66,311 that fit"):
        to_c(network, model.parameters, "wide", quantization=quantization)


def test_identifiers_are_those_of_c():
    assert [identifier(name) for name in ("LeNet-5", "5", "·", "a b")] == ["lenet_5", "net_5", "net", "a_b"]
    assert np.all([re.fullmatch("[a-z_][a-z0-9_]*", identifier(name)) for name in lenet.names()])
