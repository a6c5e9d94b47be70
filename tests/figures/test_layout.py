"""Nothing is cut off, no two texts overlap, and colors are told apart by eyes that see fewer of them."""

from itertools import combinations

import numpy as np
import pytest

from lenet import describe, engine, figures, names
from lenet.figures import FigureFolder, ForwardPass
from lenet.figures.diagram import diagram
from lenet.figures.maps import _code_sheets, _stage_sheets
from lenet.figures.poster import poster
from lenet.figures.receptive import _sheet as unit_sheet
from lenet.figures.saliency import _sheet as saliency_sheet
from lenet.figures.sheet import DARK, LIGHT, _color_map
from lenet.figures.strip import strip
from lenet.figures.units import explain_unit
from lenet.initialization import initial_weights

# Machado, Oliveira and Fernandes 2009: what is left of linear RGB without the cones for red, or for green.
PROTANOPIA = np.array(
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
)
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
EYES = {"all cones": np.eye(3), "no red": PROTANOPIA, "no green": DEUTERANOPIA}


def example(name):
    network = describe(name)
    background, ink = network.input_range
    inputs = np.random.default_rng(3).uniform(background, ink, (1, *network.input)).astype(np.float32)
    return network, initial_weights(network, seed=3), inputs


def check_texts(sheet):
    """Texts lie on the sheet and none lies on another one."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(sheet.figure).get_renderer()
    pixels = sheet.figure.dpi
    drawn = [text for text in sheet.axes.texts if text.get_text().strip() and text.get_zorder() > 2]
    boxes = [text.get_window_extent(renderer) for text in drawn]
    for text, box in zip(drawn, boxes, strict=True):
        inside = (
            box.x0 >= 0 and box.y0 >= 0 and box.x1 <= sheet.width * pixels + 1 and box.y1 <= sheet.height * pixels + 1
        )
        assert inside, f"{text.get_text()!r} is cut off"
    for (one, a), (other, b) in combinations(zip(drawn, boxes, strict=True), 2):
        across, down = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        # Boxes reach from the lowest to the highest letter, so lines of one text may touch by a hair.
        assert across < 0.5 or down < 0.02 * pixels, f"{one.get_text()!r} overlaps {other.get_text()!r}"


@pytest.mark.parametrize("name", names())
def test_no_text_of_a_diagram_or_strip_is_cut_off_or_overlaps_another(name):
    network, arrays, inputs = example(name)
    check_texts(diagram(network))
    sheet = strip(ForwardPass.of(network, arrays, inputs), LIGHT)
    check_texts(sheet)
    predicted = int(engine.decide(network, engine.forward(network, arrays, inputs))[0])
    assert max(sheet.axes.texts, key=lambda text: text.get_fontsize()).get_text() == str(predicted)
    labels = [text.get_text() for text in sheet.axes.texts]
    assert {"input", *(stage.name for stage in network.stages)} <= set(labels)
    assert sheet.width / sheet.height > 2.8


@pytest.mark.parametrize("name", names())
def test_no_text_of_a_poster_or_a_sheet_of_maps_is_cut_off_or_overlaps_another(name):
    network, arrays, inputs = example(name)
    forward_pass = ForwardPass.of(network, arrays, inputs, [f"class {number}" for number in range(network.classes)])
    check_texts(poster(forward_pass, LIGHT))
    for _, sheet in [*_stage_sheets(forward_pass, LIGHT), *_code_sheets(forward_pass, LIGHT)]:
        check_texts(sheet)


@pytest.mark.parametrize(
    ("name", "stage", "position"),
    [
        ("lenet-5", "c3", (15, 9, 9)),
        ("lenet-5", "s4", (3, 0, 4)),
        ("lenet-5", "c5", (119,)),
        ("lenet-5", "f6", (0,)),
        ("lenet-5", "output", (9,)),
        ("lenet-rgb", "conv1", (2, 27, 0)),
        ("lenet-caffe", "ip1", (499,)),
        ("lenet-5-relu", "pool1", (2, 7, 7)),
    ],
)
def test_no_text_beside_a_unit_is_cut_off_or_overlaps_another(name, stage, position):
    network, arrays, inputs = example(name)
    unit = explain_unit(ForwardPass.of(network, arrays, inputs), stage, position)
    check_texts(unit_sheet(network, inputs[0], unit, LIGHT))


def test_no_text_beside_salience_is_cut_off_or_overlaps_another():
    network, _, inputs = example("lenet-5")
    check_texts(
        saliency_sheet(network, inputs[0], inputs[0, 0], "saliency · gradient × input", "subtitle " * 20, LIGHT)
    )


def test_the_strip_holds_every_map_with_its_own_values_and_takes_names_of_any_length(tmp_path):
    network, arrays, inputs = example("lenet-5")
    sheet = strip(ForwardPass.of(network, arrays, inputs, ["a rather long name", *"123456789"]), LIGHT)
    passed = engine.activations(network, arrays, inputs)
    maps = [passed[key][0] for key in ("input", "c1_squash", "s2_squash", "c3_squash", "s4_squash")]
    drawn = [image.get_array() for image in sheet.axes.images]
    assert len(drawn) == 1 + 6 + 6 + 16 + 16
    for image, values in zip(drawn, [one for stage in maps for one in stage], strict=True):
        np.testing.assert_array_equal(image, values)
    forward_pass = ForwardPass.of(network, arrays, inputs, ["数字"] * 10)
    path = figures.draw_strip(forward_pass, FigureFolder(tmp_path, dpi=20))
    assert path == tmp_path / "strip.png"
    many = describe("lenet-5-relu", classes=47)
    arrays = initial_weights(many, seed=0)
    long = [f"a class with number {number}"[:20] for number in range(47)]
    check_texts(strip(ForwardPass.of(many, arrays, np.zeros((1, *many.input), np.float32), long), DARK))


def lab(color, eye):
    """CIE L*a*b* of a color as such an eye sees it, sRGB 0..1 given."""
    linear = np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)
    linear = np.clip(EYES[eye] @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    ratios = to_xyz @ linear / np.array([0.9505, 1.0, 1.089])
    f = np.where(ratios > 216 / 24389, np.cbrt(ratios), (24389 / 27 * ratios + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def along(colors, eye, places):
    return np.array([lab(np.array(_color_map(colors)(float(position))[:3]), eye) for position in places])


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_scale_keeps_its_order_and_its_ends_apart_for_eyes_with_fewer_cones(theme, eye):
    sequential = along(theme.sequential, eye, np.linspace(0, 1, 21))
    steps = np.diff(sequential[:, 0])
    assert (steps > 0).all() or (steps < 0).all()
    assert abs(sequential[-1, 0] - sequential[0, 0]) > 75
    negative, positive = (
        along(theme.signed, eye, np.linspace(0.5, 0, 11)),
        along(theme.signed, eye, np.linspace(0.5, 1, 11)),
    )
    for half in (negative, positive):
        distances = np.abs(half[:, 0] - half[0, 0])
        assert (np.diff(distances) > 0).all()
        assert distances[-1] > 50
    apart = np.linalg.norm(negative - positive, axis=1)
    assert (apart[4:] > 25).all(), apart
    assert np.linalg.norm(lab_of(theme.accent, eye) - lab_of(theme.quiet, eye)) > 40
    assert np.linalg.norm(lab_of(theme.accent, eye) - lab_of(theme.paper, eye)) > 40


def lab_of(color, eye):
    return lab(np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)]) / 255, eye)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_a_red_and_green_scale_would_not_pass(theme):
    scale = ("#b01010", "#ffffff", "#108010")
    ends = along(scale, "no green", [0.0, 1.0])
    distinguished = along(theme.signed, "no green", [0.0, 1.0])
    assert np.linalg.norm(ends[0] - ends[1]) < np.linalg.norm(distinguished[0] - distinguished[1])
