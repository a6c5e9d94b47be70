"""The programs that the native engine runs: where arrays and buffers lie."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given

from lenet.engine.native import Engine
from lenet.networks import describe, names
from tests.engine.cases import drawn, natural, networks, random_pictures, random_weights

program = pytest.importorskip("lenet.engine.program")


@pytest.fixture(params=[False, True], ids=["lean", "keeping everything"])
def keeping(request):
    return request.param


def places_of(layout):
    """(start, end) of each array among the parameters, the padding of its rows included."""
    spans = []
    for parameter_slice in layout.slices.values():
        rows = int(np.prod(parameter_slice.shape)) // parameter_slice.columns
        spans.append((parameter_slice.start, parameter_slice.start + rows * parameter_slice.row))
    return sorted(spans)


def buffers_of(layout):
    """(start, end) of each buffer of the program, borders included, and a name."""
    spans = {}
    for number, step in enumerate(layout.native.steps):
        for name in ("input", "output", "input_grad", "output_grad"):
            maps = getattr(step, name)
            if maps.maps:
                spans[span_of(maps)] = f"{name} of step {number}"
        if step.fused_pooling:
            kept = step.sums_grad
            spans[(kept.offset, kept.offset + kept.maps * kept.map)] = f"sums_grad of step {number}"
        if step.max_indices:
            spans[max_indices_of(step)] = f"max_indices of step {number}"
    return spans


def border_of(maps):
    return (maps.row - maps.width) // 2


def span_of(maps):
    start = maps.offset - border_of(maps) * (maps.row + 1)
    return start, start + maps.maps * maps.map


def max_indices_of(step):
    start = step.max_indices - border_of(step.output) * (step.output.row + 1)
    return start, start + step.output.maps * step.output.map


def assert_disjoint(spans):
    spans = sorted(spans)
    assert all(0 <= start < end for start, end in spans)
    for (_, end), (start, _) in pairwise(spans):
        assert end <= start


def assert_laid_out(network, keep_activations):
    layout = program.compile_program(network, keep_activations)
    arrays = random_weights(network)
    parameters = np.full(layout.size, np.nan, np.float32)
    layout.pack(arrays, parameters)
    unpacked = layout.unpack(parameters)
    assert list(unpacked) == list(network.parameter_shapes())
    for name, array in unpacked.items():
        np.testing.assert_array_equal(array, arrays[name])
        assert not np.shares_memory(array, parameters)
    assert_disjoint(places_of(layout))
    assert all(
        parameter_slice.start % 16 == 0 and parameter_slice.row >= parameter_slice.columns
        for parameter_slice in layout.slices.values()
    )
    assert layout.size % 16 == 0
    assert np.count_nonzero(parameters) == sum(map(np.count_nonzero, arrays.values()))
    buffers = buffers_of(layout)
    assert_disjoint(buffers)
    for step in layout.native.steps:
        for maps in (step.input, step.output):
            # The padding of a convolution's input belongs to the buffer, on all sides.
            assert maps.row == maps.width + 2 * border_of(maps)
            assert maps.map == maps.row * (maps.height + 2 * border_of(maps))
        assert border_of(step.input) == step.padding
    if keep_activations:
        assert len({maps.offset for maps in layout.buffers.values()}) == len(layout.buffers)


@pytest.mark.parametrize("name", names())
def test_arrays_and_buffers_of_the_zoo_lie_apart_and_arrays_come_back(name, keeping):
    assert_laid_out(describe(name), keeping)


@given(networks())
@drawn(100)
def test_arrays_and_buffers_of_any_network_lie_apart_and_arrays_come_back(network):
    assert_laid_out(network, False)
    assert_laid_out(network, True)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("name", ["lenet-1989", "lenet-1", "lenet-5", "lenet-5-relu", "lenet-rgb"])
def test_the_padding_of_rows_and_arrays_stays_zero_during_training(name, optimizer):
    network = describe(name)
    engine = Engine(network, random_weights(network), threads=2)
    images, labels = random_pictures(network, 90)
    learning = natural(network, batch=20, optimizer=optimizer, weight_decay=0.01, ema=0.9)
    engine.fit(images, labels, np.arange(90), [1e-3] * 5, learning)
    padding = np.ones(engine._layout.size, bool)
    for parameter_slice in engine._layout.slices.values():
        mask = parameter_slice.view(padding)
        mask[...] = False
    assert padding.any()
    vectors = [
        getattr(engine._native, kind) for kind in ("parameters", "first_moment", "second_moment", "moving_average")
    ]
    for vector in vectors:
        assert not len(vector) or not vector[padding].any()
    assert sum(map(len, vectors)) == (4 if optimizer == "adamw" else 3) * len(padding)
    assert engine._native.parameters[~padding].all()
