"""Figures of one unit: its terms, receptive field, patches and kernels; errors."""

import numpy as np
import pytest

from lenet import describe, engine, figures, names
from lenet.cli import main
from lenet.connections import DIGIT_CODES, LENET_5_C3
from lenet.data import CATALOG
from lenet.errors import DataError, UnknownName
from lenet.figures import FigureFolder, ForwardPass
from lenet.figures.receptive import _sheet
from lenet.figures.sheet import LIGHT, _short_text, value_text
from lenet.figures.units import explain_unit, receptive_field
from lenet.initialization import initial_weights
from lenet.model import Model


def example(name, seed=1):
    network = describe(name)
    rng = np.random.default_rng(seed)
    arrays = {
        key: array + rng.normal(0, 0.1, array.shape).astype(np.float32)  # no bias is 0
        for key, array in initial_weights(network, seed=seed).items()
    }
    background, ink = network.input_range
    inputs = rng.uniform(background, ink, (1, *network.input)).astype(np.float32)
    return network, arrays, inputs


def places(shape):
    maps, height, width = shape
    return {(0, 0, 0), (maps - 1, height - 1, width - 1), (maps // 2, height // 3, width // 2)}


@pytest.mark.parametrize("name", names())
def test_the_terms_and_the_bias_add_up_to_what_the_engine_gives(name):
    network, arrays, inputs = example(name)
    passed = engine.activations(network, arrays, inputs)
    for stage, _, shape in network.stages_with_shapes:
        for position in places(shape):
            unit = explain_unit(ForwardPass.of(network, arrays, inputs), stage.name, position)
            total = sum(term.sum for term in unit.terms) + (unit.bias or 0.0)
            assert total == pytest.approx(float(passed[stage.name][0][position]), rel=1e-4, abs=1e-4)
            assert unit.sum == passed[stage.name][0][position]
            after = passed.get(f"{stage.name}_{stage.activation}", passed[stage.name])
            assert unit.value == after[0][position]
            for term in unit.terms:
                if stage.kind == "euclidean_rbf":
                    again = np.square(term.patch - term.kernel).sum()
                else:
                    again = term.patch.max() if term.kernel is None else (term.patch * term.kernel).sum()
                assert term.sum == pytest.approx(float(again), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("name", ["lenet-1989", "lenet-1", "lenet-5", "lenet-5-sigmoid"])  # where every pixel matters
def test_exactly_the_pixels_of_the_receptive_field_move_the_unit(name):
    network, arrays, inputs = example(name)
    pixels = inputs[0].size
    moved = np.repeat(inputs, pixels + 1, axis=0)
    moved.reshape(pixels + 1, -1)[np.arange(pixels), np.arange(pixels)] += 40.0
    passed = engine.activations(network, arrays, moved)
    for index, (stage, shape) in enumerate(zip(network.stages, network.output_shapes, strict=True)):
        if shape[1:] == (1, 1):
            assert receptive_field(network, index, (0, 0, 0)) == (0, 0, *network.input[1:])
            continue
        for position in places(shape):
            sums = passed[stage.name][(slice(None), *position)]
            # Engines may give an image other last bits at another place of the batch.
            changed = (np.abs(sums[:-1] - sums[-1]) > 1e-5).reshape(network.input[1:])
            rows, columns = (np.flatnonzero(changed.any(axis=axis)) for axis in (1, 0))
            result = (rows[0], columns[0], rows[-1] + 1, columns[-1] + 1)
            assert receptive_field(network, index, position) == result


def test_a_c3_unit_sees_the_maps_of_its_row_of_table_1_and_no_other():
    network, arrays, inputs = example("lenet-5")
    first = 0
    for number, row in enumerate(LENET_5_C3):
        unit = explain_unit(ForwardPass.of(network, arrays, inputs), "c3", (number, 4, 7))
        assert tuple(term.map for term in unit.terms) == row
        np.testing.assert_array_equal([term.kernel for term in unit.terms], arrays["c3.weight"][first:][: len(row)])
        assert {term.box for term in unit.terms} == {(4, 7, 9, 12)}
        first += len(row)


def test_an_output_of_1998_is_taken_apart_into_84_squared_differences():
    network, arrays, inputs = example("lenet-5")
    unit = explain_unit(ForwardPass.of(network, arrays, inputs), "output", (3,))
    assert [int(term.kernel[0, 0]) for term in unit.terms] == list(DIGIT_CODES[3])
    assert sum(term.sum for term in unit.terms) == pytest.approx(
        engine.forward(network, arrays, inputs)[0, 3], rel=1e-5
    )


def test_the_field_and_each_patch_are_outlined_and_value_and_sum_are_written():
    network, arrays, inputs = example("lenet-5")
    values = ForwardPass.of(network, arrays, inputs).values
    unit = explain_unit(ForwardPass.of(network, arrays, inputs), "c3", (5, 4, 7))
    sheet = _sheet(network, values, unit, LIGHT)
    from matplotlib.colors import to_hex

    outlined = [box for box in sheet.axes.patches if to_hex(box.get_edgecolor()) == LIGHT.accent]
    field, *patches, own = [(box.get_x(), box.get_y(), box.get_width(), box.get_height()) for box in outlined]
    pictures = [image.get_extent() for image in sheet.axes.images]
    assert len(patches) == len(unit.terms) == 3
    sides = (32, 14, 14, 14, 10)
    corners = ((8, 14, 14), (4, 7, 5), (4, 7, 5), (4, 7, 5), (4, 7, 1))
    for (left, right, _, top), box, side, (row, column, wide) in zip(
        pictures, (field, *patches, own), sides, corners, strict=True
    ):
        pixel = (right - left) / side
        expected = (left + column * pixel, top + row * pixel, wide * pixel, wide * pixel)
        np.testing.assert_allclose(box, expected, rtol=1e-6)
    texts = [text.get_text() for text in sheet.axes.texts]
    assert {value_text(unit.sum), value_text(unit.value), value_text(unit.bias)} <= set(texts)
    assert {f"= {value_text(term.sum)}" for term in unit.terms} <= set(texts)
    assert "14×14 pixels of the input reach it: rows 8–21, columns 14–27; it sees 3 of 6 maps of s2" in texts[1]


@pytest.mark.parametrize(("name", "stage", "seen"), [("lenet-5-relu", "conv2", 6), ("lenet-1989", "h2", 8)])
def test_every_number_of_patches_and_kernels_is_written_at_six_maps_and_at_eight(name, stage, seen):
    network, arrays, inputs = example(name)
    values = ForwardPass.of(network, arrays, inputs).values
    unit = explain_unit(ForwardPass.of(network, arrays, inputs), stage, (0, 2, 2))
    texts = [text.get_text() for text in _sheet(network, values, unit, LIGHT).axes.texts]
    assert len(unit.terms) == seen
    for term in unit.terms:
        kernel = [_short_text(float(number)) for number in term.kernel.ravel()]
        assert set(kernel) <= set(texts)
    assert len(texts) > seen * 2 * unit.terms[0].patch.size


@pytest.mark.parametrize("name", ["lenet-1989", "lenet-4", "lenet-5-gap", "lenet-rgb"])
def test_any_unit_can_be_drawn_and_the_file_says_which(name, tmp_path):
    network, arrays, inputs = example(name)
    forward_pass = ForwardPass.of(network, arrays, inputs)
    for stage, _, shape in network.stages_with_shapes:
        position = (1,) if shape[1:] == (1, 1) else (1, shape[1] - 1, 0)
        path = figures.draw_receptive_field(forward_pass, stage.name, position, FigureFolder(tmp_path, dpi=20))
        assert path == tmp_path / f"unit_{'_'.join([stage.name, *map(str, position)])}.png"
        assert path.stat().st_size


@pytest.mark.parametrize(
    ("stage", "position", "error", "message"),
    [
        ("c7", (0, 0, 0), UnknownName, "unknown stage of lenet-5 'c7'; known: c1, s2"),
        ("c3", (16, 0, 0), DataError, "no unit c3:16,0,0; expected map 0 to 15, row 0 to 9, column 0 to 9"),
        ("c3", (0, -1, 0), DataError, "no unit c3:0,-1,0"),
        ("c3", (4,), DataError, "no unit c3:4; expected map"),
        ("F6", (84,), DataError, "no unit f6:84; expected one number, 0 to 83"),
    ],
)
def test_a_wrong_unit_is_named_with_what_there_is(stage, position, error, message, tmp_path):
    forward_pass = ForwardPass.of(*example("lenet-5"))
    with pytest.raises(error, match=message):
        figures.draw_receptive_field(forward_pass, stage, position, FigureFolder(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.fixture
def weights(tmp_path):
    network, arrays, _ = example("lenet-5-relu")
    Model(network, arrays, {"data": {"name": "fashion-mnist"}}, CATALOG["fashion-mnist"].class_names).save(
        tmp_path / "w.safetensors"
    )
    from PIL import Image

    Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 60), np.uint8)).save(tmp_path / "p.png")
    return [str(tmp_path / "w.safetensors"), str(tmp_path / "p.png"), "-o", str(tmp_path / "out")]


def test_the_command_draws_units_salience_and_names_as_tutorials_do(weights, tmp_path, capsys):
    options = ["--unit", "conv2:3,4,5", "--unit", "fc2:17", "--saliency", "--long-names", "--svg"]
    assert main(["maps", *weights, *options]) == 0
    written = {path.name for path in (tmp_path / "out").iterdir()}
    expected = "conv1_relu conv1_relu_maxpool conv2_relu_maxpool unit_conv2_3_4_5 unit_fc2_17 strip diagram poster"
    expected += " saliency_occlusion saliency_gradient origin output"
    assert {f"{name}.svg" for name in expected.split()} <= written
    assert "pool1.svg" not in written
    assert sorted(capsys.readouterr().out.split()) == sorted(str(tmp_path / "out" / name) for name in written)


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        ("conv9:1,2,3", "unknown stage of lenet-5-relu 'conv9'"),
        ("conv2:1,2,10", "column 0 to 9"),
        ("conv2", "expected STAGE:MAP,ROW,COLUMN as c3:5,4,7"),
        ("conv2:1,2", "expected STAGE:MAP,ROW,COLUMN as c3:5,4,7"),
        ("conv2:1,-2,3", "expected STAGE:MAP,ROW,COLUMN as c3:5,4,7"),
        (":1,2,3", "expected STAGE:MAP,ROW,COLUMN as c3:5,4,7"),
    ],
)
def test_a_wrong_unit_ends_the_command_in_one_sentence_before_anything_is_drawn(
    unit, message, weights, capsys, tmp_path
):
    assert main(["maps", *weights, "--unit", "conv1:0,0,0", "--unit", unit]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
