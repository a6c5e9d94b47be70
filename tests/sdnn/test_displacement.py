"""LeNet-5 slid over a field: columns, costs, weights and the picture."""

import numpy as np
import pytest

from lenet.engine import forward
from lenet.errors import ArchitectureError, WeightsError
from lenet.figures.displacement import Displaced, displacement
from lenet.figures.sheet import DARK, LIGHT
from lenet.initialization import initial_weights
from lenet.model import Model, load
from lenet.networks import describe
from lenet.sdnn.decoding import Grammar
from lenet.sdnn.displacement import Displacement, connections, network_with_blank, total_stride, widened
from lenet.sdnn.reader import StringReader, with_grammar
from lenet.summary import summarize

WIDTH = 72


@pytest.fixture(scope="module")
def weights():
    network = network_with_blank()
    arrays = initial_weights(network, seed=3)
    rng = np.random.default_rng(3)
    for name in arrays:
        if name.endswith("bias"):  # zeros to start with, which would hide a bias that is left out
            arrays[name] = rng.normal(0, 0.2, arrays[name].shape).astype(np.float32)
    return Model(network, arrays)


@pytest.fixture(scope="module")
def fields():
    return np.random.default_rng(4).integers(0, 256, (3, 32, WIDTH), dtype=np.uint8)


@pytest.mark.parametrize("engine", ["", "numpy"])
@pytest.mark.parametrize("phases", [1, 2, 4])
def test_every_column_is_what_the_network_gives_for_the_window_it_sees(weights, fields, phases, engine, monkeypatch):
    monkeypatch.setenv("LENET_ENGINE", engine)
    columns = Displacement(weights, phases).columns(fields)
    apart = 4 // phases
    whole = (WIDTH - 32) // apart + 1  # the later ones of several phases see background beyond the field
    assert columns.penalties.shape == (3, 11 * phases, 11)
    for column in range(whole):
        window = np.ascontiguousarray(fields[:, :, column * apart : column * apart + 32])
        expected = forward(weights.network, weights.parameters, window)
        np.testing.assert_allclose(columns.penalties[:, column], expected, rtol=1e-5, atol=1e-5)
        assert columns.centers[column] == column * apart + 15.5


def test_a_field_that_ends_between_columns_is_read_to_its_end(weights, fields):
    displacement = Displacement(weights)
    padded = np.pad(fields[:, :, :70], ((0, 0), (0, 0), (0, 2)))
    np.testing.assert_array_equal(displacement.columns(fields[:, :, :70]).codes, displacement.columns(padded).codes)
    assert displacement.columns(fields[:, :, :20]).codes.shape == (3, 1, 84)


@pytest.mark.parametrize(("width", "columns"), [(32, 1), (36, 2), (64, 9), (128, 25)])
def test_a_wide_field_has_a_column_every_four_pixels(width, columns):
    assert total_stride(network_with_blank()) == 4
    assert widened(network_with_blank(), width).output_shapes[-1] == (84, 1, columns)


def test_one_wide_pass_costs_less_than_one_for_each_window():
    network = describe("lenet-5")
    assert connections(network, 32) == summarize(network).connections == 340_908
    assert connections(network, 64) == 1_206_156
    assert summarize(widened(network, 64)).parameters == 60_000


@pytest.mark.parametrize("width", [28, 33, 66])
def test_a_width_that_would_lose_pixels_is_refused(width):
    with pytest.raises(ArchitectureError, match=f"a field of {width} pixels"):
        widened(network_with_blank(), width)


def test_networks_that_cannot_be_slid_are_refused(weights):
    with pytest.raises(ArchitectureError, match="does not end in distances"):
        widened(describe("lenet-5-relu"), 64)
    with pytest.raises(ArchitectureError, match="3 phases"):
        Displacement(weights, 3)
    plain = describe("lenet-5")
    with pytest.raises(WeightsError, match="no blank"):
        StringReader(Model(plain, initial_weights(plain)))


def test_a_weights_file_keeps_the_prices_of_its_grammar(weights, tmp_path):
    grammar = Grammar(entry=2.0, again=5.0, stay=-1.0, longest=4)  # contact is infinite
    with_grammar(weights, grammar, 2, data="mnist").save(tmp_path / "kept.safetensors")
    reader = StringReader(load(tmp_path / "kept.safetensors"))
    assert reader.grammar == grammar
    assert reader.displacement.phases == 2
    assert reader.displacement.columns(np.zeros((1, 32, 40), np.uint8)).codes.shape == (1, 6, 84)


@pytest.mark.parametrize("dark", [False, True])
def test_the_picture_is_drawn(weights, fields, tmp_path, dark):
    pytest.importorskip("matplotlib")
    network = Displacement(weights)
    columns = network.columns(fields[:1])
    shown = Displaced(
        fields[0],
        network.maps(fields[0])["c3_squash"],
        columns.codes[0],
        columns.centers,
        ["", "4", "4", *[""] * 7, "1"],
        [("4", 1, 2), ("1", 10, 10)],
    )
    drawn = displacement(shown, DARK if dark else LIGHT).save(tmp_path / "displacement.svg")
    text = drawn.read_text()
    assert "11 × 84" in text
    assert "3 of 16" in text
    assert "each column of f6 sees 32 pixels across" in text


@pytest.mark.parametrize("phases", [1, 2])
def test_no_field_has_columns_without_outputs(weights, phases):
    columns = Displacement(weights, phases).columns(np.zeros((0, 32, 64), np.uint8))
    assert columns.codes.shape == (0, len(columns.centers), 84)
    assert columns.penalties.shape == (0, len(columns.centers), 11)
    assert len(columns.centers) == len(Displacement(weights, phases).columns(np.zeros((1, 32, 64), np.uint8)).centers)
