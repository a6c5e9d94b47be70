"""Counts agree with the papers and with counting by hand."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet.architecture import (
    AveragePooling,
    Convolution,
    EuclideanRbf,
    FullConnection,
    MaxPooling,
    Network,
    Stage,
    Subsampling,
)
from lenet.errors import ArchitectureError, UnknownName
from lenet.networks import describe, names
from lenet.summary import derive, difference, draw_tables, explain, list_parameters, summarize, to_markdown, to_text
from lenet.summary.comparison import to_text as difference_text

TOTALS = {
    "lenet-1989": (9_760, 64_660),
    "lenet-1": (2_578, 98_442),
    "lenet-4": (16_885, 258_193),
    "lenet-5": (60_000, 340_908),
    "lenet-5-relu": (61_706, 423_038),
    "lenet-5-average": (61_706, 423_038),
    "lenet-5-sigmoid": (61_706, 423_038),
    "lenet-5-sigmoid-output": (61_706, 423_038),
    "lenet-short": (5_142, 247_050),
    "lenet-rgb": (121_182, 2_343_678),
    "lenet-5-gap": (4_850, 366_182),
    "lenet-caffe": (431_080, 2_308_230),
}


def test_every_network_has_golden_totals():
    assert list(TOTALS) == names()


@pytest.mark.parametrize("name", TOTALS)
def test_totals_are_golden(name):
    summary = summarize(describe(name))
    assert (summary.parameters, summary.connections) == TOTALS[name]


@pytest.mark.parametrize(
    ("stage", "parameters", "connections", "macs"),
    [
        ("c1", 156, 122_304, 117_600),
        ("s2", 12, 5_880, 1_176),
        ("c3", 1_516, 151_600, 150_000),
        ("s4", 32, 2_000, 400),
        ("c5", 48_120, 48_120, 48_000),
        ("f6", 10_164, 10_164, 10_080),
        ("output", 0, 840, 840),
    ],
)
def test_each_layer_of_lenet_5_has_the_counts_printed_in_the_paper(stage, parameters, connections, macs):
    result = next(summary for summary in summarize(describe("lenet-5")).stages if summary.name == stage)
    assert (result.parameters, result.connections, result.macs) == (parameters, connections, macs)


def test_the_rbf_holds_840_fixed_values_and_no_parameters():
    assert summarize(describe("lenet-5")).stages[-1].fixed == 840


@pytest.mark.parametrize(
    ("name", "parameters", "connections"),
    [
        ("lenet-1989", [1_068, 2_592, 5_790, 310], [19_968, 38_592, 5_790, 310]),
        ("lenet-1", [104, 8, 512, 24, 1_930], [59_904, 2_880, 32_768, 960, 1_930]),
    ],
)
def test_the_older_networks_have_the_papers_counts_layer_by_layer(name, parameters, connections):
    summary = summarize(describe(name))
    assert [stage.parameters for stage in summary.stages] == parameters
    assert [stage.connections for stage in summary.stages] == connections


def test_1989_has_the_papers_1256_units_with_the_input():
    network = describe("lenet-1989")
    assert summarize(network).units + math.prod(network.input) == 1_256


@pytest.mark.parametrize(("hidden", "parameters", "connections"), [(37, 16_885, 258_193), (120, 50_998, 292_306)])
def test_lenet_4_depends_on_the_reading_of_its_hidden_size(hidden, parameters, connections):
    summary = summarize(describe("lenet-4", hidden=hidden))
    assert (summary.parameters, summary.connections) == (parameters, connections)


def test_receptive_fields_of_lenet_5_grow_from_5_to_the_whole_input():
    seen = [(stage.receptive_field, stage.jump, stage.first_center) for stage in summarize(describe("lenet-5")).stages]
    assert seen[:5] == [(5, 1, 2.0), (6, 2, 2.5), (14, 2, 6.5), (16, 4, 7.5), (32, 4, 15.5)]


def test_receptive_fields_of_lenet_1_are_the_papers():
    seen = [(stage.receptive_field, stage.jump) for stage in summarize(describe("lenet-1")).stages]
    assert seen == [(5, 1), (6, 2), (14, 2), (16, 4), (28, 4)]


def brute_force(layer, received):
    """Parameters, connections and multiply-accumulates by walking over every unit and every input it uses."""
    maps, height, width = received
    out_maps, out_height, out_width = layer.output_shape(received)
    used, connections, macs = set(), 0, 0
    for o in range(out_maps):
        for y in range(out_height):
            for x in range(out_width):
                if isinstance(layer, Convolution):
                    seen = layer.table[o] if layer.table else range(maps)
                    for i in seen:
                        for dy in range(layer.kernel_size):
                            for dx in range(layer.kernel_size):
                                used.add((o, i, dy, dx))
                                connections, macs = connections + 1, macs + 1
                    used.add((o, y, x) if layer.bias == "unit" else (o,))
                    connections += 1
                elif isinstance(layer, Subsampling):
                    used |= {(o, "coefficient"), (o, "bias")}
                    connections, macs = connections + layer.size**2 + 1, macs + 1
                elif isinstance(layer, FullConnection):
                    used |= {(o, i) for i in range(maps * height * width)} | {(o, "bias")}
                    connections, macs = connections + maps * height * width + 1, macs + maps * height * width
                elif isinstance(layer, EuclideanRbf):
                    connections, macs = connections + maps * height * width, macs + maps * height * width
    return len(used), connections, macs


@st.composite
def layers(draw):
    maps, height, width = draw(st.integers(1, 4)), draw(st.integers(4, 9)), draw(st.integers(4, 9))
    out = draw(st.integers(1, 4))
    rows = st.sets(st.integers(0, maps - 1), min_size=1).map(lambda row: tuple(sorted(row)))
    table = draw(st.none() | st.lists(rows, min_size=out, max_size=out).map(tuple))
    convolution = Convolution(
        out,
        kernel_size=draw(st.integers(1, 4)),
        stride=draw(st.integers(1, 2)),
        padding=draw(st.integers(0, 2)),
        table=table,
        bias=draw(st.sampled_from(["map", "unit"])),
    )
    size = 2 if height % 2 == width % 2 == 0 else 1
    others = [Subsampling(size, copies=2), MaxPooling(size), AveragePooling(size), FullConnection(out)]
    rbf = EuclideanRbf(((1,) * (maps * height * width),) * out)
    return draw(st.sampled_from([convolution, *others, rbf])), (maps, height, width)


@given(layers())
def test_formulas_agree_with_counting_one_by_one(drawn):
    layer, received = drawn
    summary = summarize(Network("random", received, (Stage("s", layer),))).stages[0]
    assert (summary.parameters, summary.connections, summary.macs) == brute_force(layer, received)


@given(st.integers(1, 5), st.integers(1, 2), st.integers(0, 2), st.sampled_from([1, 2]))
def test_a_receptive_field_is_what_a_changed_pixel_can_reach(kernel, stride, padding, pool):
    length = 16
    stages = (Stage("a", Convolution(1, kernel, stride, padding)), Stage("b", Subsampling(pool)))
    if stages[0].layer.output_shape((1, length, length))[1] % pool:
        return
    last = summarize(Network("random", (1, length, length), stages)).stages[-1]
    seen = np.arange(-padding, length + padding)
    windows = [seen[start : start + kernel] for start in range(0, len(seen) - kernel + 1, stride)]
    first = np.concatenate(windows[:pool])
    second = np.concatenate(windows[pool : 2 * pool]) if len(windows) >= 2 * pool else None
    if kernel >= stride:  # else the field has holes, and its size is the span
        assert len(set(first)) == last.receptive_field
    assert first.max() - first.min() + 1 == last.receptive_field
    assert (first.max() + first.min()) / 2 == last.first_center
    if second is not None:
        assert second.min() - first.min() == last.jump


def compute(side):
    """The value of one side of a printed formula."""
    side = re.sub(r"⌊([^⌋]*)⌋", r"math.floor(\1)", side)
    return eval(side.replace("·", "*").replace("−", "-").replace(",", ""), {"math": math})


@pytest.mark.parametrize("name", names())
def test_both_sides_of_every_derivation_are_equal(name):
    summary = summarize(describe(name))
    for stage in summary.stages:
        derivations = derive(summary, stage.name)
        assert {"parameters", "connections", "macs", "receptive_field"} <= {d.quantity for d in derivations}
        for derivation in derivations:
            left, right = derivation.formula.rsplit(" = ", 1)
            assert compute(left) == pytest.approx(compute(right)), derivation


def test_derivations_are_spelled_out_as_a_teacher_writes_them():
    formulas = {d.quantity: d.formula for d in derive(summarize(describe("lenet-5")), "c3")}
    assert formulas["parameters"] == "(5·5·3 + 1)·6 + (5·5·4 + 1)·9 + (5·5·6 + 1)·1 = 1,516"
    formulas = {d.quantity: d.formula for d in derive(summarize(describe("lenet-5-relu")), "conv2")}
    assert formulas["parameters"] == "(5·5·6 + 1)·16 = 2,416"


@pytest.mark.parametrize("name", names())
def test_the_explanation_ends_in_the_totals_in_both_languages(name):
    summary = summarize(describe(name))
    for language, word in (("en", "total parameters"), ("zh", "参数总量")):
        line = next(line for line in explain(summary, language).splitlines() if line.startswith(word))
        left, right = line.removeprefix(word).rsplit(" = ", 1)
        assert compute(left) == compute(right) == summary.parameters


def test_deriving_an_unknown_stage_suggests_the_nearest():
    with pytest.raises(UnknownName, match="unknown stage of lenet-5 'c33'; did you mean c3"):
        derive(summarize(describe("lenet-5")), "c33")


def test_the_table_and_the_markdown_hold_the_same_numbers():
    summary = summarize(describe("lenet-5"))
    for text in (to_text(summary), to_markdown(summary)):
        for number in ("156", "1,516", "48,120", "60,000", "340,908"):
            assert number in text


def test_the_connection_table_is_drawn_with_rows_for_input_maps():
    drawing = draw_tables(describe("lenet-5"))
    assert drawing.splitlines()[0] == "s2 (rows) → c3 (columns): 60 of 96 kernels"
    assert drawing.count("X") == 60
    with pytest.raises(ArchitectureError, match="has no connection table"):
        draw_tables(describe("lenet-caffe"))


def test_the_parameter_list_ends_in_the_total():
    assert list_parameters(describe("lenet-5")).splitlines()[-1].split() == ["total", "60,000"]


def test_a_network_does_not_differ_from_itself():
    result = difference(describe("lenet-5"), describe("lenet-5"))
    assert result.changes == ()
    assert all(not stage.changes and stage.effect("parameters") == 0 for stage in result.stages)


@pytest.mark.parametrize("before", names())
@pytest.mark.parametrize("after", names())
def test_the_effects_of_all_stages_add_up_to_the_difference_of_the_totals(before, after):
    result = difference(describe(before), describe(after))
    for figure in ("parameters", "connections", "macs"):
        total = getattr(result.after, figure) - getattr(result.before, figure)
        assert sum(stage.effect(figure) for stage in result.stages) == total


def test_the_difference_of_1998_and_today_names_what_tutorials_change():
    text = difference_text(difference(describe("lenet-5"), describe("lenet-5-relu")))
    for line in (
        "connection table: 60 of 96 kernels → every map",
        "activation: squash → relu",
        "layer: subsampling → max pooling",
        "layer: euclidean rbf → full connection",
        "decision: smallest penalty wins → largest output wins",
        "total parameters: 60,000 → 61,706 (+1,706)",
    ):
        assert line in text


def test_a_stage_without_a_partner_is_reported_as_of_one_network_only():
    lines = difference_text(difference(describe("lenet-5-relu"), describe("lenet-5-gap"))).splitlines()
    alone = next(index for index, line in enumerate(lines) if "only in the" in line)
    assert lines[alone].endswith(("only in the first", "only in the second"))
    assert "effect: parameters" in lines[alone + 1]
