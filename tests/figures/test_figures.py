"""Figures of feature maps, kernels, tables and outputs: drawn values, scales, files and errors."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from lenet import data, describe, engine, figures, names
from lenet.architecture import Convolution, FullConnection, Network, Stage, relu
from lenet.cli import main
from lenet.connections import LENET_5_C3, draw_connection_table
from lenet.errors import ArchitectureError, DataError, LeNetError, MissingExtra, UnknownName, WeightsError
from lenet.figures import FigureFolder, ForwardPass
from lenet.figures import maps as drawing
from lenet.figures.panels import Kernels, Maps, Table
from lenet.figures.sheet import DARK, LIGHT, Sheet, range_text
from lenet.figures.stages import kernel_panels
from lenet.initialization import initial_weights
from lenet.model import Model
from lenet.preprocess import network_inputs
from lenet.verbs.pictures import network_picture

LOW = 30  # dots per inch: enough to be a picture


def example(network):
    rng = np.random.default_rng(1)
    channels, height, width = network.input
    pixels = rng.integers(0, 256, (1, channels, height, width), np.uint8)
    return initial_weights(network, seed=3), network_inputs(pixels, network.input, network.input_range)


def sheets_of(network, theme=LIGHT):
    arrays, inputs = example(network)
    return dict(drawing._stage_sheets(ForwardPass.of(network, arrays, inputs), theme)), engine.activations(
        network, arrays, inputs
    )


def texts_on(sheet):
    return [text.get_text() for text in sheet.axes.texts]


def units_on(sheet):
    meshes = [drawn for drawn in sheet.axes.collections if drawn.get_array() is not None]
    return sum(int(np.ma.count(mesh.get_array())) for mesh in meshes)


def brightness(color):
    red, green, blue = (int(color[index : index + 2], 16) for index in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("name", names())
def test_every_array_of_the_pass_has_its_file_and_every_file_is_a_picture(name, tmp_path):
    network = describe(name)
    arrays, inputs = example(network)
    paths = figures.draw_maps(
        ForwardPass.of(network, arrays, inputs), FigureFolder(tmp_path / "new" / "folder", dpi=LOW)
    )
    expected = list(engine.activations(network, arrays, inputs))
    convolutions = [stage for stage in network.stages if isinstance(stage.layer, Convolution)]
    expected += [f"kernels_{stage.name}" for stage in convolutions]
    expected += [f"table_{stage.name}" for stage in convolutions if stage.layer.table]
    expected += ["f6_codes"] if name == "lenet-5" else []
    assert sorted(path.name for path in paths) == sorted(f"{key}.png" for key in [*expected, "poster"])
    assert sorted(paths) == sorted((tmp_path / "new" / "folder").iterdir())
    for path in paths:
        with Image.open(path) as picture:
            colors = np.asarray(picture.convert("RGB"))
        assert colors.std() > 1, f"{path.name} is blank"


@pytest.mark.parametrize("name", ["lenet-1989", "lenet-5", "lenet-5-relu", "lenet-rgb", "lenet-5-gap"])
def test_every_map_is_drawn_once_with_its_own_values_and_its_true_range(name):
    sheets, passed = sheets_of(describe(name))
    for key, values in passed.items():
        sheet, maps = sheets[key], values[0]
        if maps.shape[1:] == (1, 1):
            continue
        pictures = [image.get_array() for image in sheet.axes.images if image.get_array().ndim == 2]
        assert len(pictures) == len(maps)
        for drawn, array in zip(pictures, maps, strict=True):
            np.testing.assert_array_equal(drawn, array)
        ranges = [text for text in texts_on(sheet) if (" … " in text and ";" not in text) or text.startswith("all ")]
        assert ranges == [range_text(array) for array in maps]
        numbers = [[float(end.replace("−", "-")) for end in text.split(" … ")] for text in ranges if " … " in text]
        distinct = [array for array in maps if array.min() < array.max()]
        np.testing.assert_allclose(numbers, [[array.min(), array.max()] for array in distinct], rtol=0.006)


@pytest.mark.parametrize("name", ["lenet-1989", "lenet-4", "lenet-5", "lenet-short", "lenet-caffe"])
def test_every_unit_is_drawn_and_the_range_stands_in_the_heading(name):
    sheets, passed = sheets_of(describe(name))
    *hidden, last = passed
    for key in hidden:
        maps = passed[key][0]
        if maps.shape[1:] == (1, 1):
            assert units_on(sheets[key]) == len(maps)
            heading = " ".join(texts_on(sheets[key])[:3]).replace("\u00a0", " ")
            assert range_text(maps) in heading
    bars = [patch for patch in sheets[last].axes.patches if patch.get_width() or patch.get_height()]
    assert len(bars) == len(passed[last][0])


def test_each_map_spans_its_own_scale_and_a_map_without_contrast_says_so():
    maps = np.stack([np.full((3, 3), 2.0), np.arange(9.0).reshape(3, 3) - 4]).astype(np.float32)
    sheet = Sheet(5, 3)
    Maps(maps, columns=2).draw(sheet, 0, 0)
    assert [image.get_clim() for image in sheet.axes.images] == [(2.0, 3.0), (-4.0, 4.0)]
    assert {"all 2", "−4 … 4"} <= set(texts_on(sheet))


def test_a_kernel_stands_where_the_table_has_its_mark():
    network = describe("lenet-5")
    arrays = initial_weights(network, seed=0)
    panel = dict((stage.name, panel) for stage, panel in kernel_panels(network, arrays))["c3"]
    sheet = Sheet(*panel.size)
    panel.draw(sheet, 0, 0)
    mosaic = np.ma.filled(sheet.axes.images[0].get_array(), np.nan)
    marks = [
        "".join(".X"[int(np.isfinite(mosaic[1 + 6 * row : 6 + 6 * row, 1 + 6 * column : 6 + 6 * column]).all())]
        for column in range(16))
        for row in range(6)
    ]  # fmt: skip
    assert "\n".join(marks) == draw_connection_table(LENET_5_C3, 6)
    assert np.isfinite(mosaic).sum() == 1500
    third = arrays["c3.weight"][2]  # output map 0 sees input maps 0, 1, 2
    np.testing.assert_array_equal(mosaic[13:18, 1:6], third)


@pytest.mark.parametrize(("maps", "in_maps"), [(120, 16), (50, 20), (6, 1), (37, 2)])
def test_no_kernel_is_lost_in_the_bands_and_zero_has_the_color_of_the_paper(maps, in_maps):
    weight = np.random.default_rng(0).normal(size=(maps, in_maps, 5, 5)).astype(np.float32)
    sheet = Sheet(10, 10)
    Kernels(Convolution(maps), in_maps, weight).draw(sheet, 0, 0)
    *mosaics, _legend = sheet.axes.images
    assert sum(int(np.ma.count(np.ma.masked_invalid(image.get_array()))) for image in mosaics) == weight.size
    for image in mosaics:
        low, high = image.get_clim()
        assert low == -high == pytest.approx(-np.abs(weight).max())
        np.testing.assert_allclose(image.to_rgba(np.array([0.0]))[0, :3], 1.0, atol=0.01)


def test_the_table_has_a_mark_for_each_kernel():
    sheet = Sheet(8, 4)
    Table(LENET_5_C3, 6).draw(sheet, 0, 0)
    slanted = [line for line in sheet.axes.lines if np.ptp(line.get_ydata()) and np.ptp(line.get_xdata())]
    assert len(slanted) == 2 * 60


def test_the_ten_distances_stand_beside_the_codes_and_the_smallest_is_marked():
    network = describe("lenet-5")
    arrays, inputs = example(network)
    ((name, sheet),) = drawing._code_sheets(ForwardPass.of(network, arrays, inputs), LIGHT)
    distances = engine.forward(network, arrays, inputs)[0]
    written = {text.get_text(): text for text in sheet.axes.texts}
    assert name == "f6_codes"
    assert units_on(sheet) == 84 * 11
    marked = {text for text, drawn in written.items() if drawn.get_color() == LIGHT.accent}
    predicted = int(distances.argmin())
    assert marked == {str(predicted), f"{distances[predicted]:.3g}"}
    assert {f"{distance:.3g}" for distance in distances} <= set(written)


def test_the_color_input_is_drawn_in_its_colors_and_hidden_values_never_are():
    network = describe("lenet-rgb")
    pixels = np.random.default_rng(5).integers(0, 256, (1, 3, 32, 32), np.uint8)
    inputs = network_inputs(pixels, network.input, network.input_range)
    forward_pass = ForwardPass.of(network, initial_weights(network, seed=0), inputs)
    colored = {
        name: [image for image in sheet.axes.images if image.get_array().ndim == 3]
        for name, sheet in drawing._stage_sheets(forward_pass, LIGHT)
    }
    (picture,) = colored.pop("input")
    np.testing.assert_allclose(255 * picture.get_array(), pixels[0].transpose(1, 2, 0), atol=0.01)
    assert not any(colored.values())


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_scale_can_be_read_without_seeing_color(theme):
    sequential = [brightness(color) for color in theme.sequential]
    assert sequential == sorted(sequential) or sequential == sorted(sequential, reverse=True)
    middle = len(theme.signed) // 2
    steps = [abs(brightness(color) - brightness(theme.paper)) for color in theme.signed]
    assert steps[: middle + 1] == sorted(steps[: middle + 1], reverse=True)
    assert steps[middle:] == sorted(steps[middle:])
    assert theme.signed[middle] == theme.paper


def test_svg_carries_no_date_and_dark_is_dark(tmp_path):
    network = describe("lenet-short")
    arrays, inputs = example(network)
    forward_pass = ForwardPass.of(network, arrays, inputs)
    drawn = figures.draw_kernels(forward_pass, FigureFolder(tmp_path, "svg"))[0].read_text()
    assert drawn.startswith("<?xml")
    assert "<dc:date>" not in drawn
    poster = figures.draw_poster(forward_pass, FigureFolder(tmp_path, dark=True, dpi=LOW))
    with Image.open(poster) as picture:
        assert np.asarray(picture.convert("L")).mean() < 80


def test_names_of_classes_are_written_and_long_ones_cut(tmp_path):
    network = describe("lenet-5-relu", classes=3)
    arrays, inputs = example(network)
    given = ["a cat", "a dog", "a very long name of a class indeed", "one too many"]
    *_, (_, sheet) = drawing._stage_sheets(ForwardPass.of(network, arrays, inputs, given[:3]), LIGHT)
    assert {"a cat", "a dog", "a very long name of…"} <= set(texts_on(sheet))
    with pytest.raises(DataError, match="has 3 outputs, got 4 class names"):
        ForwardPass.of(network, arrays, inputs, given)
    forward_pass = ForwardPass.of(network, arrays, inputs, ["数字", "$a_b$", "猫"])
    figures.draw_poster(forward_pass, FigureFolder(tmp_path, dpi=LOW))


def test_what_does_not_fit_is_named_and_nothing_is_written(tmp_path):
    network = Network("tiny", (1, 8, 8), (Stage("c1", Convolution(2), relu), Stage("output", FullConnection(3))))
    arrays, inputs = example(network)
    folder = tmp_path / "out"
    with pytest.raises(ArchitectureError, match="tiny takes one input of 1×8×8, got 2×1×8×8"):
        ForwardPass.of(network, arrays, np.repeat(inputs, 2, axis=0))
    with pytest.raises(ArchitectureError, match="got 28×28"):
        ForwardPass.of(network, arrays, np.zeros((28, 28), np.float32))
    with pytest.raises(DataError, match="not a finite number"):
        ForwardPass.of(network, arrays, np.full_like(inputs, np.nan))
    with pytest.raises(WeightsError, match=r"no array 'c1.weight'"):
        ForwardPass.of(network, {}, inputs)
    with pytest.raises(UnknownName, match="unknown figure format 'jpg'"):
        FigureFolder(folder, "jpg")
    assert not folder.exists()
    folder.write_text("here already")
    with pytest.raises(LeNetError, match="is a file, expected a folder"):
        FigureFolder(folder)
    assert figures.draw_table(replace(network, name="full"), FigureFolder(tmp_path)) == []


def test_missing_matplotlib_is_named_with_the_command_that_installs_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    network = describe("lenet-short")
    with pytest.raises(MissingExtra, match=r"needs matplotlib.*pip install 'lenet\[figures\]'"):
        figures.draw_maps(ForwardPass.of(network, *example(network)), FigureFolder(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_no_global_state_of_matplotlib_is_touched(tmp_path):
    import matplotlib

    before = dict(matplotlib.rcParams)
    figures.draw_table(describe("lenet-5"), FigureFolder(tmp_path, dpi=LOW))
    assert dict(matplotlib.rcParams) == before


@pytest.fixture
def digit_file(tmp_path):
    page = np.full((120, 90), 235, np.uint8)
    page[20:100, 40:50] = 25
    Image.fromarray(page).save(tmp_path / "one.png")
    return tmp_path / "one.png"


def test_the_command_draws_a_picture_file_and_prints_the_paths(tmp_path, digit_file, capsys):
    network = describe("lenet-5")
    weights = tmp_path / "run" / "best.safetensors"
    Model(network, initial_weights(network, seed=0)).save(weights)
    assert main(["maps", str(tmp_path / "run"), str(digit_file), "-o", str(tmp_path / "maps"), "--svg"]) == 0
    printed = capsys.readouterr().out.split("\n")
    assert len(printed) == 23
    assert all((tmp_path / "maps" / name).stat().st_size for name in ("f6_codes.svg", "poster.svg", "c3_squash.svg"))
    assert {str(tmp_path / "maps" / name) for name in ("strip.svg", "diagram.svg")} <= set(printed)
    assert str(tmp_path / "maps" / "poster.svg") in printed


def test_a_digit_is_found_and_a_color_picture_is_taken_whole(tmp_path, digit_file):
    gray, color = describe("lenet-5-relu"), describe("lenet-rgb")
    digit = network_picture(Model(gray, initial_weights(gray, seed=0)), str(digit_file))
    assert digit.shape == (28, 28)
    assert digit[:, 13:15].max() > 200 > 30 > digit[:, :8].max()
    whole = network_picture(Model(color, initial_weights(color, seed=0)), str(digit_file))
    assert whole.shape == (3, 32, 32)
    names = data.CATALOG["fashion-mnist"].class_names
    garment = Model(gray, initial_weights(gray, seed=0), {"data": {"name": "fashion-mnist"}}, names)
    assert network_picture(garment, str(digit_file)).shape == (28, 28)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lenet-5-relu", "nothing.png"], "nothing.png: no such file"),
        (["lenet-5-rely", "one.png"], "did you mean lenet-5-relu"),
        (["nothing.safetensors", "one.png"], "no such weights file"),
        (["lenet-5-relu", "text.png"], "not a picture"),
        (["empty", "one.png"], "a folder without best.safetensors"),
    ],
)
def test_a_wrong_argument_ends_in_one_sentence(arguments, message, tmp_path, digit_file, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty").mkdir()
    assert main(["maps", *arguments]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "maps").exists()


@pytest.mark.network
def test_a_test_picture_of_a_data_set_is_named_by_its_number(mnist):
    network = describe("lenet-5-relu")
    weights = Model(network, initial_weights(network, seed=0))
    np.testing.assert_array_equal(network_picture(weights, "mnist:7"), mnist.test_images[7])
    for wrong in ("mnist:10000", "mnist:-1", "mnist:x", "mnist:"):
        with pytest.raises(DataError, match="mnist has numbers 0 to 9999"):
            network_picture(weights, wrong)
