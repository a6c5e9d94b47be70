"""Architecture diagrams: what they say, their proportions, sizes and files."""

import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from lenet import describe, figures, names, summary
from lenet.architecture import Convolution, FullConnection, MaxPooling, Network, Stage, relu
from lenet.cli import main
from lenet.errors import LeNetError, UnknownName
from lenet.figures import FigureFolder
from lenet.figures.diagram import diagram
from lenet.figures.sheet import DARK, LIGHT

TEXT_WIDTH = 15 / 2.54  # inches: what a page of a book leaves


def texts_of(svg):
    return ["".join(element.itertext()) for element in ET.parse(svg).iter("{http://www.w3.org/2000/svg}text")]


def boxes_on(sheet):
    """(width, height) of the planes, back to front, each stage after the other."""
    return [(patch.get_width(), patch.get_height()) for patch in sheet.axes.patches if hasattr(patch, "get_width")]


def outlines_on(sheet):
    """(width, height) of the patches outlined in the accent color, input first."""
    from matplotlib.colors import to_hex

    corners = [
        patch.get_xy()
        for patch in sheet.axes.patches
        if not hasattr(patch, "get_width")
        and to_hex(patch.get_edgecolor()) == sheet.theme.accent
        and not patch.get_facecolor()[3]
        and len(patch.get_xy()) == 5
    ]
    return [tuple(np.ptp(points, axis=0)) for points in corners]


@pytest.mark.parametrize("name", names())
def test_the_svg_says_shapes_parameters_connections_and_totals_as_text(name, tmp_path):
    network = describe(name)
    network_summary = summary.summarize(network)
    path = figures.draw_diagram(network, FigureFolder(tmp_path / "new", "svg"))
    assert path == tmp_path / "new" / "diagram.svg"
    texts = texts_of(path)
    assert f"{network_summary.parameters:,} parameters · {network_summary.connections:,} connections" in texts
    for stage in network_summary.stages:
        maps, height, width = stage.output_shape
        assert (f"{maps}@{height}×{width}" if height > 1 else str(maps)) in texts
    *_, parameters, connections = [index for index, text in enumerate(texts) if text in ("parameters", "connections")]
    for start, counted in ((parameters, "parameters"), (connections, "connections")):
        row = texts[start + 1 :][: len(network_summary.stages)]
        assert row == [f"{getattr(stage, counted):,}" for stage in network_summary.stages]


def test_lenet_5_is_named_as_in_the_papers_figure_2(tmp_path):
    texts = texts_of(figures.draw_diagram(describe("lenet-5"), FigureFolder(tmp_path, "svg")))
    labels = [
        ("Input", "32×32"),
        ("C1: feature maps", "6@28×28"),
        ("S2: feature maps", "6@14×14"),
        ("C3: feature maps", "16@10×10"),
        ("S4: feature maps", "16@5×5"),
        ("C5: layer", "120"),
        ("F6: layer", "84"),
        ("Output", "10"),
    ]
    assert set(labels) <= set(pairwise(texts))
    kinds = [text for text in texts if text in {"Convolutions", "Subsampling", "Full", "Gaussian"}]
    assert kinds == ["Convolutions", "Subsampling", "Convolutions", "Subsampling", "Full", "Full", "Gaussian"]
    assert "60 of 96 pairs" in texts


@pytest.mark.parametrize("name", names())
def test_planes_and_patches_stand_in_proportion(name):
    network = describe(name)
    sheet = diagram(network)
    unit = boxes_on(sheet)[0][0] / network.input[2]
    expected = []
    for maps, height, width in (network.input, *network.output_shapes):
        expected += [(width, height)] * min(maps, 24) if (height, width) != (1, 1) else []
    np.testing.assert_allclose(boxes_on(sheet), np.array(expected) * unit, rtol=1e-9)
    windows = {"convolution": "kernel_size", "full_connection": None, "euclidean_rbf": None}
    sides = []
    for stage, (_, height, width) in zip(network.stages, network.input_shapes, strict=True):
        attribute = windows.get(stage.kind, "size")
        if stage.kind == "global_average_pooling":
            sides.append((height, width))
        elif attribute and stage.name != "c5":
            sides.append((getattr(stage.layer, attribute),) * 2)
    units = [outline for outline in outlines_on(sheet) if outline[0] > 1.5 * unit]
    np.testing.assert_allclose(units, np.array(sides) * unit, rtol=1e-9)


@pytest.mark.parametrize("name", names())
def test_in_a_column_15_cm_wide_no_letter_is_smaller_than_five_points(name):
    sheet = diagram(describe(name))
    smallest = min(text.get_fontsize() for text in sheet.axes.texts)
    assert smallest * min(1.0, TEXT_WIDTH / sheet.width) > 5


def test_every_plane_lies_within_the_sheet_whatever_the_network():
    wide = Network(
        "wide",
        (2, 20, 44),
        (Stage("first", Convolution(300, 3), relu), Stage("p", MaxPooling()), Stage("last", FullConnection(1000))),
        description="a network of one's own " * 20,
    )
    for network in (wide, describe("lenet-5-relu", channels=3, classes=47)):
        sheet = diagram(network)
        for patch in sheet.axes.patches:
            corners = patch.get_path().transformed(patch.get_patch_transform()).vertices
            assert (corners >= 0).all()
            assert (corners <= (sheet.width, sheet.height)).all()


def test_the_diagram_is_a_picture_light_and_dark_and_the_same_bytes_twice(tmp_path):
    network = describe("lenet-1989")
    light = figures.draw_diagram(network, FigureFolder(tmp_path, dpi=40))
    with Image.open(light) as picture:
        assert np.asarray(picture.convert("L")).mean() > 220
    with Image.open(figures.draw_diagram(network, FigureFolder(tmp_path / "dark", dark=True, dpi=40))) as picture:
        assert np.asarray(picture.convert("L")).mean() < 60
    assert diagram(network, DARK).theme is not diagram(network).theme is LIGHT
    one, two = (figures.write_diagram(network, tmp_path / name).read_bytes() for name in ("a.svg", "b.svg"))
    assert one == two


def test_a_wrong_place_or_format_is_named(tmp_path):
    network = describe("lenet-1")
    (tmp_path / "file").write_text("here already")
    with pytest.raises(LeNetError, match="is a file, expected a folder"):
        FigureFolder(tmp_path / "file")
    with pytest.raises(UnknownName, match="unknown figure format 'pdf'; known: png, svg"):
        figures.write_diagram(network, tmp_path / "one.pdf")


def test_show_draws_the_diagram_into_a_file(tmp_path, capsys):
    path = tmp_path / "out.svg"
    assert main(["show", "lenet-4", "--hidden", "120", "--diagram", str(path)]) == 0
    assert capsys.readouterr().out.strip() == str(path)
    assert "50,998 parameters · 292,306 connections" in texts_of(path)
    assert main(["show", "lenet-4", "--diagram", str(tmp_path / "out.jpg")]) == 1
    assert "unknown figure format 'jpg'" in capsys.readouterr().err
    assert main(["show", "lenet-4", "--json", "--diagram", str(path)]) == 2
