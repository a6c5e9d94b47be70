"""Networks are found by name, with their options."""

import pytest

from lenet.errors import ArchitectureError, UnknownName
from lenet.networks import describe, names, options


def test_there_are_twelve_networks():
    assert len(names()) == 12


@pytest.mark.parametrize("name", names())
def test_every_network_has_a_source_a_description_and_deviations(name):
    network = describe(name)
    assert network.name == name
    assert network.source
    assert network.description
    assert network.deviations


@pytest.mark.parametrize("name", [name for name in names() if "classes" in options(name)])
def test_the_class_count_is_an_argument_wherever_the_head_allows_it(name):
    assert describe(name, classes=26).classes == 26


def test_an_unknown_name_is_refused_with_the_nearest_known_one():
    with pytest.raises(UnknownName, match="unknown network 'lenet-5-rely'; did you mean lenet-5-relu"):
        describe("lenet-5-rely")


def test_lenet_5_takes_no_class_count_because_its_outputs_are_drawn_digits():
    with pytest.raises(ArchitectureError, match=r"lenet-5 has no argument 'classes'.*ten drawn digits"):
        describe("lenet-5", classes=11)


def test_options_out_of_range_are_refused():
    with pytest.raises(ArchitectureError, match="classes is 0, expected a whole number of at least 1"):
        describe("lenet-1", classes=0)
    with pytest.raises(ArchitectureError, match="size is 30, expected 28"):
        describe("lenet-5-relu", size=30)


def test_28_padded_and_32_unpadded_have_the_same_parameters():
    for name in ("lenet-5-relu", "lenet-5-average"):
        assert describe(name, size=32).parameter_shapes() == describe(name, size=28).parameter_shapes()
