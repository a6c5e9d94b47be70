"""Shapes are inferred, misfits are named."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.architecture import (
    AveragePooling,
    Convolution,
    EuclideanRbf,
    FullConnection,
    GlobalAveragePooling,
    MaxPooling,
    Network,
    Stage,
    Subsampling,
    relu,
)
from lenet.errors import ArchitectureError
from lenet.networks import describe, names


def network(*layers, input_shape=(1, 28, 28)):
    stages = tuple(Stage(f"s{index}", layer) for index, layer in enumerate(layers))
    return Network("test", input_shape, stages)


@given(length=st.integers(1, 40), kernel=st.integers(1, 7), stride=st.integers(1, 3), padding=st.integers(0, 3))
def test_a_convolution_has_one_output_for_every_place_its_kernel_fits(length, kernel, stride, padding):
    places = range(-padding, length + padding - kernel + 1, stride)
    layer = Convolution(2, kernel_size=kernel, stride=stride, padding=padding)
    if not places:
        with pytest.raises(ArchitectureError, match="needs at least"):
            network(layer, input_shape=(1, length, length))
    else:
        assert network(layer, input_shape=(1, length, length)).output_shapes == ((2, len(places), len(places)),)


def test_a_misfit_names_the_stage_what_it_receives_and_what_it_needs():
    with pytest.raises(ArchitectureError, match=r"test: s1 receives 2@3×3: needs at least 5 rows and columns"):
        network(Convolution(2, kernel_size=5), Convolution(3), input_shape=(1, 7, 7))


def test_pooling_refuses_a_map_its_patches_do_not_cover():
    with pytest.raises(ArchitectureError, match=r"s0 receives 1@5×5: needs rows and columns that 2 divides"):
        network(MaxPooling(), input_shape=(1, 5, 5))


def test_a_table_must_fit_the_maps_on_both_sides():
    with pytest.raises(ArchitectureError, match="needs 3 input maps, got 1"):
        network(Convolution(2, table=((0,), (2,))))
    with pytest.raises(ArchitectureError, match="has 2 output maps, not 3"):
        network(Convolution(3, table=((0,), (0,))))
    with pytest.raises(ArchitectureError, match=r"leaves output maps \[1\] without any input map"):
        network(Convolution(2, table=((0,), ())))


def test_prototypes_must_have_as_many_values_as_there_are_units():
    with pytest.raises(ArchitectureError, match="prototype 1 has 3 values for 2 units"):
        network(FullConnection(2), EuclideanRbf(((1, -1), (1, 1, 1))))


@pytest.mark.parametrize("layer", [Convolution(0), Convolution(1, stride=0), Convolution(1, padding=-1), MaxPooling(0)])
def test_sizes_below_one_are_refused(layer):
    with pytest.raises(ArchitectureError, match="expected at least"):
        network(layer)


def test_background_and_full_ink_must_become_two_different_numbers():
    with pytest.raises(ArchitectureError, match=r"input_range is \[1.0, 1.0\], expected two different numbers"):
        Network("test", (1, 9, 9), (Stage("c1", Convolution(1)),), input_range=(1.0, 1.0))


def test_stage_names_must_differ_and_a_network_needs_a_stage():
    with pytest.raises(ArchitectureError, match="c1 stands twice"):
        Network("test", (1, 9, 9), (Stage("c1", Convolution(1)), Stage("c1", Convolution(1))))
    with pytest.raises(ArchitectureError, match="at least one stage"):
        Network("test", (1, 9, 9), ())


def test_every_layer_kind_keeps_its_shape_rule():
    layers = (
        Convolution(4, kernel_size=3, padding=1),
        Subsampling(copies=2),
        AveragePooling(),
        GlobalAveragePooling(),
        FullConnection(3),
    )
    assert network(*layers).output_shapes == ((4, 28, 28), (8, 14, 14), (8, 7, 7), (8, 1, 1), (3, 1, 1))


@pytest.mark.parametrize("name", names())
def test_a_description_survives_json_whole(name):
    described = describe(name)
    read_back = json.loads(json.dumps(described.to_json()))
    assert read_back == described.to_json()
    assert Network.from_json(read_back) == described


@pytest.mark.parametrize(
    ("names", "message"),
    [(("input", "output"), "input is the network's input"), (("c1", "c1_relu"), "c1_relu is the output of c1")],
)
def test_no_stage_has_the_name_of_another_activation(names, message):
    with pytest.raises(ArchitectureError, match=f"among activations {message}; give the stage another name"):
        Network("test", (1, 8, 8), tuple(Stage(name, FullConnection(3), relu) for name in names))


def test_a_description_of_version_0_1_has_its_story_and_departures_under_their_new_names():
    old = describe("lenet-5").to_json()
    old |= {"story": old.pop("description"), "departures": old.pop("deviations")}
    assert Network.from_json(old) == describe("lenet-5")


@pytest.mark.parametrize("damage", [{}, {"stages": 3}, {"name": "x", "input": [1, 2], "stages": []}])
def test_damaged_json_is_refused(damage):
    with pytest.raises(ArchitectureError, match="not a network description"):
        Network.from_json(damage)


def test_an_unknown_layer_kind_in_json_is_named():
    description = Network("t", (1, 9, 9), (Stage("c1", Convolution(1), relu),)).to_json()
    description["stages"][0]["kind"] = "attention"
    with pytest.raises(ArchitectureError, match="unknown layer kind 'attention'"):
        Network.from_json(description)
