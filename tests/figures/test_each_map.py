"""A gray picture for every map, and a unit's sum in numbers."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet import figures, maps, names
from lenet.cli import main
from lenet.errors import DataError
from lenet.figures import FigureFolder, ForwardPass
from lenet.figures.each_map import _sheet
from lenet.figures.sheet import DARK, LIGHT
from lenet.figures.unit_text import unit_text
from lenet.figures.units import explain_unit
from lenet.model import Model
from tests.figures.test_units import example, places


@pytest.mark.parametrize("name", names())
def test_every_map_has_a_file_with_its_number(name, tmp_path):
    network, arrays, inputs = example(name)
    paths = figures.draw_each_map(ForwardPass.of(network, arrays, inputs), FigureFolder(tmp_path, dpi=10))
    expected = [
        f"LeNet_{item.key}_{number}.png"
        for item in ForwardPass.of(network, arrays, inputs).outputs
        if item.values.shape[1:] != (1, 1)
        for number in range(1, len(item.values) + 1)
    ]
    assert [path.name for path in paths] == expected
    assert {path.name for path in tmp_path.iterdir()} == set(expected)
    assert f"LeNet_{network.stages[0].name}_3.png" in expected


def test_chained_names_are_those_of_tutorials(tmp_path):
    paths = figures.draw_each_map(ForwardPass.of(*example("lenet-short")), FigureFolder(tmp_path, dpi=10), chained=True)
    assert {path.stem.rpartition("_")[0] for path in paths} == {
        "LeNet_origin", "LeNet_conv1", "LeNet_conv1_relu", "LeNet_conv1_relu_maxpool",
        "LeNet_conv2", "LeNet_conv2_relu", "LeNet_conv2_relu_maxpool",
    }  # fmt: skip


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_picture_is_gray_from_black_to_white_and_every_map_another(theme, tmp_path):
    network, arrays, inputs = example("lenet-5-relu")
    drawn = set()
    for values in ForwardPass.of(network, arrays, inputs).outputs[1].values:
        path = _sheet(values, "LeNet_conv1", theme).save(tmp_path / "map.png", 100)
        levels = np.asarray(Image.open(path).convert("RGB"))
        side = levels[90:430, 70:410]  # within the map
        assert (side[..., 0] == side[..., 1]).all()
        assert (side[..., 1] == side[..., 2]).all()
        drawn.add(side.tobytes())
    assert len(drawn) == 6


@pytest.mark.parametrize(("side", "marks"), [(28, [0, 5, 10, 15, 20, 25]), (10, [0, 5]), (4, [0, 1, 2, 3])])
def test_both_axes_count_pixels(side, marks):
    sheet = _sheet(np.eye(side, dtype=np.float32), "LeNet_conv1_3", LIGHT)
    texts = [text.get_text() for text in sheet.axes.texts]
    assert texts[0] == "LeNet_conv1_3"
    assert texts[2:] == [str(mark) for mark in marks] * 2


def test_a_map_of_one_value_is_drawn(tmp_path):
    assert _sheet(np.zeros((3, 3), np.float32), "LeNet_pool1_1", LIGHT).save(tmp_path / "map.png").stat().st_size


NUMBER = r"[-+]?\d+\.\d{4}"


@pytest.mark.parametrize("name", names())
def test_the_written_numbers_give_the_sum_and_the_value(name):
    network, arrays, inputs = example(name)
    for stage, _, shape in network.stages_with_shapes:
        for place in places(shape):
            unit = explain_unit(ForwardPass.of(network, arrays, inputs), stage.name, place)
            text = unit_text(network, unit)
            a = float(re.search(rf"^a = ({NUMBER})$", text, re.MULTILINE)[1])
            assert a == pytest.approx(unit.sum, abs=1e-4)
            bias = re.search(rf"^bias: ({NUMBER})$", text, re.MULTILINE)
            if stage.kind == "max_pooling":
                assert f"largest = {unit.sum:.4f}" in text
                continue
            whole = float(re.search(rf"^(?:sum|mean|coefficient).*?({NUMBER})$", text, re.MULTILINE)[1])
            assert whole + (float(bias[1]) if bias else 0) == pytest.approx(a, abs=1e-3, rel=1e-3)
            assert (bias is not None) == (unit.bias is not None)
            terms = re.findall(rf"(?:= +|sum of products = )({NUMBER})$", text.split("\nsum ")[0], re.MULTILINE)
            if unit.source.shape[1:] != (1, 1):
                terms = re.findall(rf"^  sum of products = ({NUMBER})$", text, re.MULTILINE)
            assert len(terms) == len(unit.terms)
            assert sum(map(float, terms)) == pytest.approx(whole, abs=1e-2, rel=1e-3)


def test_every_map_that_a_unit_sees_is_written_with_all_its_numbers():
    network, arrays, inputs = example("lenet-5-relu")
    unit = explain_unit(ForwardPass.of(network, arrays, inputs), "conv2", (0, 4, 4))
    text = unit_text(network, unit)
    assert re.findall(r"^map (\d), rows 4 to 8, columns 4 to 8 · kernel:$", text, re.MULTILINE) == list("012345")
    rows = re.findall(rf"^((?: +{NUMBER}){{5}})   ·  ((?: +{NUMBER}){{5}})$", text, re.MULTILINE)
    assert len(rows) == 30
    total = sum(
        float(x) * float(w) for patch, kernel in rows for x, w in zip(patch.split(), kernel.split(), strict=True)
    )
    assert total + unit.bias == pytest.approx(unit.sum, abs=0.02)


def test_the_verb_writes_both(tmp_path, capsys):
    network, arrays, _ = example("lenet-5-relu")
    Model(network, arrays).save(tmp_path / "w.safetensors")
    seven = Path(__file__).parents[2] / "examples/digits/seven.png"
    given = ["maps", str(tmp_path / "w.safetensors"), str(seven), "-o", str(tmp_path / "out")]
    assert main([*given, "--unit", "conv2:0,4,4", "--text", "--each-map", "--long-names"]) == 0
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"unit_conv2_0_4_4.txt", "unit_conv2_0_4_4.png", "LeNet_conv1_relu_maxpool_6.png"} <= written
    assert sorted(capsys.readouterr().out.split()) == sorted(str(tmp_path / "out" / name) for name in written)


def test_text_without_a_unit_is_refused_before_anything_is_drawn(tmp_path):
    with pytest.raises(DataError, match="text writes the sum of a unit out, and no unit is given"):
        maps("lenet-5", np.zeros((28, 28), np.uint8), tmp_path / "out", text=True)
    assert not (tmp_path / "out").exists()
