"""The page's networks give what the engine gives, in node and in Chromium, and every unit can be written out."""

import base64
import json
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from lab.benchmarks.page_driver import find_browser
from lenet import summary
from lenet.architecture import (
    Activation,
    AveragePooling,
    Convolution,
    FullConnection,
    MaxPooling,
    Network,
    Stage,
    Subsampling,
)
from lenet.engine import Forward, probabilities, reference
from lenet.initialization import initial_weights
from lenet.model import Model, pretrained
from lenet.networks import describe, names
from lenet.page import page_document, page_html
from lenet.page.document import DEFAULT_MODELS
from lenet.preprocess import network_inputs

SITE = resources.files("lenet.page") / "site"
PARITY = Path(__file__).with_name("page_parity.mjs")
CHROMIUM = find_browser()
TOLERANCE = 1e-4

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def oddities():
    """What no network of the zoo has: tables, strides, padding, unit biases and activations in other mixtures."""
    table = ((0,), (0, 1, 2), (1, 2))
    return [
        Network(
            "odd-1",
            (1, 20, 24),
            (
                Stage("a", Convolution(3, 3, padding=1, padding_value=0.5, bias="unit"), Activation.TANH),
                Stage("b", Convolution(3, 4, stride=2, padding=1, table=table), Activation.SIGMOID),
                Stage("c", Subsampling(2, copies=3), Activation.RELU),
                Stage("d", FullConnection(12), Activation.LOG_SOFTMAX),
            ),
            input_range=(-0.5, 2.0),
        ),
        Network(
            "odd-2",
            (3, 30, 30),
            (
                Stage("a", Convolution(4, 5, stride=2, padding=2, bias="unit"), Activation.SQUASH),
                Stage("b", MaxPooling(3)),
                Stage("c", Convolution(5, 5, padding=3, padding_value=-1.0, table=((0,), (1, 3), (2,), (0, 3), (1,)))),
                Stage("d", AveragePooling(7), Activation.TANH),
                Stage("e", FullConnection(11), Activation.SQUASH),
            ),
        ),
    ]


def loud(network, seed):
    """Initial weights, three times as large, with biases that are not 0, so that nothing is hidden by being small."""
    rng = np.random.default_rng(seed)
    arrays = initial_weights(network, seed=seed)
    return {
        name: (rng.normal(0, 0.3, array.shape) if name.endswith("bias") else 2 * array).astype(np.float32)
        for name, array in arrays.items()
    }


@pytest.fixture(scope="module")
def shown():
    zoo = [describe(name) for name in names()]
    pool = [Model(network, loud(network, seed)) for seed, network in enumerate([*zoo, *oddities()])]
    return [*map(pretrained, DEFAULT_MODELS), *pool]


@pytest.fixture(scope="module")
def digits(mnist):
    return mnist.test_images[:100]


@pytest.fixture(scope="module")
def packed(shown, digits, tmp_path_factory):
    """The file that the harness reads: the document, the digits, and the engine's view of every stage."""
    values, size, cases = [], 0, []

    def keep(array):
        nonlocal size
        values.append(np.ascontiguousarray(array, "<f4").tobytes())
        size += array.size
        return size - array.size

    for one in shown:
        network = one.network
        inputs = network_inputs(digits, network.input, network.input_range)
        run = reference.activations(network, one.parameters, inputs)
        found = Forward(network, one.parameters).activations(digits)
        assert list(found) == list(run)
        stages = []
        for stage in network.stages:
            sums = keep(found[stage.name])
            activated = f"{stage.name}_{stage.activation}"
            stages.append({"sums": sums, "values": keep(found[activated]) if activated in found else sums})
        outputs = found[list(found)[-1]].reshape(len(digits), -1)
        calibration = one.provenance.get("calibration of one view", {"temperature": 1.0})
        shares = probabilities(network, outputs / np.float32(calibration["temperature"]))
        cases.append({"input": keep(inputs), "stages": stages, "shares": keep(shares)})
    # A page holds a few networks; this document, which no page shows, holds them all.
    document = page_document(shown[:1])
    document["networks"] = [page_document([one])["networks"][0] for one in shown]
    header = {"document": document, "images": base64.b64encode(digits.tobytes()).decode(), "cases": cases}
    text = json.dumps(header).encode()
    path = tmp_path_factory.mktemp("page") / "packed.bin"
    path.write_bytes(len(text).to_bytes(4, "little") + text + b" " * (-len(text) % 4) + b"".join(values))
    return path


def node(script, *arguments):
    """Run a module in node with the page's modules beside it; what it prints as JSON."""
    command = ["node", "--input-type=module", "--eval", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=SITE, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


LOAD = """
import { readFileSync } from "node:fs";
import * as network from "lenet/network.js";
import * as units from "lenet/units.js";
const [harness, path] = process.argv.slice(1);
const bytes = readFileSync(path);
const packed = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
"""


def check(results, shown, digits):
    assert len(results) == len(shown)
    for result, one in zip(results, shown, strict=True):
        assert result["inputs"] == 0, one.network.name
        assert result["shares"] < TOLERANCE, one.network.name
        assert len(result["stages"]) == 2 * len(one.network.stages)
        for stage, worst in result["stages"].items():
            assert worst["relative"] < TOLERANCE, (one.network.name, stage, worst)


@needs_node
def test_every_stage_of_every_network_in_node_is_the_engines(packed, shown, digits, mnist):
    script = LOAD + "const { compare } = await import(harness); console.log(JSON.stringify(compare(network, packed)));"
    results = node(script, PARITY, packed)
    check(results, shown, digits)
    assert (np.array(results[0]["predictedClasses"]) == mnist.test_labels[: len(digits)]).mean() > 0.97


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_every_stage_of_every_network_in_chromium_is_the_engines(packed, shown, digits, tmp_path):
    """The harness runs in the exported page, opened from its file, beside the modules that its import map names."""
    playwright = pytest.importorskip("playwright.sync_api")
    page_path = tmp_path / "page.html"
    page_path.write_text(page_html(page_document(shown[:2])), "utf-8")
    harness = "data:text/javascript;base64," + base64.b64encode(PARITY.read_bytes()).decode()
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(offline=True)
        page.goto(page_path.as_uri())
        page.evaluate("document.body.innerHTML = '<input type=file>'")
        page.set_input_files("input", packed)
        results = page.evaluate(
            """async (harness) => {
              const [{ compare }, network] = await Promise.all([import(harness), import("lenet/network.js")]);
              return compare(network, await document.querySelector("input").files[0].arrayBuffer());
            }""",
            harness,
        )
        browser.close()
    check(results, shown, digits)


@needs_node
def test_inputs_are_the_packages_at_every_size(digits):
    shapes = [(1, side, side) for side in (*range(1, 30), 32, 40)] + [
        (3, 16, 32),
        (2, 20, 14),
        (1, 40, 10),
        (1, 33, 28),
    ]
    input_range = (-0.1, 1.175)
    script = """
    import { networkInput } from "lenet/network.js";
    const [images, shapes, input_range] = JSON.parse(process.argv[1]);
    const found = shapes.map((inputShape) => images.map((image) =>
      Array.from(networkInput({ inputShape, description: { input_range } }, Uint8Array.from(image)))));
    console.log(JSON.stringify(found));
    """
    noise = np.random.default_rng(0).integers(0, 256, (5, 28, 28)).astype(np.uint8)
    images = np.concatenate([digits[:5], noise])
    found = node(script, json.dumps([images.reshape(-1, 784).tolist(), shapes, input_range]))
    for shape, inputs in zip(shapes, found, strict=True):
        expected = (
            network_inputs(images, (1, *shape[1:]), input_range)
            if shape[0] == 2
            else network_inputs(images, shape, input_range)
        )
        expected = np.broadcast_to(expected, (len(images), *shape)).reshape(len(images), -1)
        assert (np.array(inputs, np.float32) == expected).all(), shape


ASK = (
    LOAD
    + """
const length = new DataView(packed).getUint32(0, true);
const { document, images } = JSON.parse(new TextDecoder().decode(new Uint8Array(packed, 4, length)));
const digit = Uint8Array.from(Buffer.from(images, "base64").subarray(0, 784));
const chosen = JSON.parse(process.argv[3]);
const { models } = network.parseDocument(document);
const told = models.map((model, which) => {
  const pass = model.network.run(network.networkInput(model.network, digit));
  return chosen[which].map(([stage, unit]) => units.explainUnit(model.network, pass, stage, unit));
});
const plain = (key, value) => (value instanceof Float32Array ? Array.from(value) : value);
console.log(JSON.stringify(told, plain));
"""
)


def some_units(network, rng, count):
    """Random units of every stage and the four corners of its last map, as (stage, [map, row, column])."""
    chosen = []
    for index, (maps, height, width) in enumerate(network.output_shapes):
        drawn = [[int(rng.integers(size)) for size in (maps, height, width)] for _ in range(count)]
        corners = [[maps - 1, row, column] for row in (0, height - 1) for column in (0, width - 1)]
        chosen += [(index, unit) for unit in [*drawn, *corners]]
    return chosen


@pytest.fixture(scope="module")
def explained(packed, shown, tmp_path_factory):
    """For each network: [(stage index, unit, explanation)]."""
    rng = np.random.default_rng(1)
    chosen = [some_units(one.network, rng, 6) for one in shown]
    results = node(ASK, PARITY, packed, json.dumps(chosen))
    return [
        [(index, unit, explanation) for (index, unit), explanation in zip(units, explanations, strict=True)]
        for units, explanations in zip(chosen, results, strict=True)
    ]


def written_out(explanation):
    """The sum as a reader of the explanation would work it out."""
    match explanation["kind"]:
        case "convolution":
            products = [np.dot(term["patch"], term["kernel"]) for term in explanation["terms"]]
            assert products == pytest.approx([term["sum"] for term in explanation["terms"]], rel=1e-5, abs=1e-6)
            return sum(products) + explanation["bias"]
        case "subsampling":
            return sum(explanation["values"]) * explanation["coefficient"] + explanation["bias"]
        case "max_pooling":
            assert explanation["values"][explanation["maxIndex"]] == max(explanation["values"])
            return max(explanation["values"])
        case "average_pooling" | "global_average_pooling":
            return np.mean(explanation["values"])
        case "full_connection":
            products = explanation["products"]
            sizes = [abs(product["product"]) for product in products]
            assert sizes == sorted(sizes, reverse=True)
            assert sorted(product["index"] for product in products) == list(range(len(explanation["inputs"])))
            assert np.dot(explanation["inputs"], explanation["weights"]) == pytest.approx(
                sum(product["product"] for product in products), rel=1e-5, abs=1e-5
            )
            return sum(product["product"] for product in products) + explanation["bias"]
        case "euclidean_rbf":
            assert np.square(explanation["differences"]) == pytest.approx(np.array(explanation["squares"]), abs=1e-6)
            return sum(explanation["squares"])


@needs_node
def test_the_terms_shown_of_a_unit_add_up_to_its_sum(explained, shown, digits):
    kinds = set()
    for units, one in zip(explained, shown, strict=True):
        network = one.network
        inputs = network_inputs(digits[:1], network.input, network.input_range)
        run = reference.activations(network, one.parameters, inputs)
        for index, (map_, row, column), explanation in units:
            stage = network.stages[index]
            sums = run[stage.name][0]
            values = run.get(f"{stage.name}_{stage.activation}", run[stage.name])[0]
            scale = max(1.0, float(abs(sums).max()))
            assert float(written_out(explanation)) == pytest.approx(sums[map_, row, column], abs=TOLERANCE * scale)
            assert explanation["sum"] == pytest.approx(sums[map_, row, column], abs=TOLERANCE * scale)
            assert explanation["value"] == pytest.approx(values[map_, row, column], abs=TOLERANCE * scale)
            assert (explanation["kind"], explanation["activation"]) == (stage.kind, str(stage.activation))
            kinds.add(stage.kind)
    assert len(kinds) == 7


@needs_node
def test_a_unit_of_c3_sees_exactly_its_row_of_table_1(explained, shown):
    place = next(index for index, one in enumerate(shown) if one.network.name == "lenet-5")
    table = shown[place].network.stages[2].layer.table
    of_c3 = [(unit, explanation) for index, unit, explanation in explained[place] if index == 2]
    assert of_c3
    for (map_, row, column), explanation in of_c3:
        assert tuple(term["map"] for term in explanation["terms"]) == table[map_]
        assert [(source["map"], source["top"], source["left"]) for source in explanation["sources"]] == [
            (in_map, row, column) for in_map in table[map_]
        ]


def extent(field):
    return (field["top"], field["left"], field["top"] + field["height"], field["left"] + field["width"])


@needs_node
def test_receptive_fields_are_those_of_the_counts_clipped_to_the_input(explained, shown):
    for units, one in zip(explained, shown, strict=True):
        _, height, width = one.network.input
        network_summary = summary.summarize(one.network)
        for index, (_, row, column), explanation in units:
            stage = network_summary.stages[index]
            reach = (stage.receptive_field - 1) / 2
            if one.network.stages[index].kind in ("full_connection", "euclidean_rbf", "global_average_pooling"):
                continue  # they see all that the stage before sees: see the next test
            top, left = (stage.first_center + stage.jump * at - reach for at in (row, column))
            bottom, right = top + stage.receptive_field, left + stage.receptive_field
            top_, left_, bottom_, right_ = extent(explanation["receptiveField"])
            if top >= 0 and left >= 0 and bottom <= height and right <= width:
                assert (top_, left_, bottom_, right_) == (top, left, bottom, right)
            else:  # at the edge, a unit may see less than the clipped window, never more
                assert max(top, 0) <= top_ < bottom_ <= min(bottom, height)
                assert max(left, 0) <= left_ < right_ <= min(right, width)


@needs_node
def test_a_unit_changes_with_the_pixels_of_its_receptive_field_and_with_no_others(explained, shown):
    for units, one in zip(explained, shown, strict=True):
        if one.network.name not in ("lenet-1989", "lenet-4", "lenet-5", "lenet-5-gap", "odd-1", "odd-2"):
            continue  # all kinds of layers are among these
        network, arrays = transparent(one)
        channels, height, width = network.input
        inputs = np.zeros((1 + height * width, channels, height * width))
        inputs[1 + np.arange(height * width), :, np.arange(height * width)] = 1000
        run = reference.activations(network, arrays, inputs.reshape(-1, *network.input))
        for index, (map_, row, column), explanation in units:
            if one.network.stages[index].kind == "euclidean_rbf":
                continue  # as the full connection before it
            values = run[network.stages[index].name][:, map_, row, column]
            matters = (values[1:] - values[0] > 1e-12 * abs(values[0])).reshape(height, width)
            rows, columns = np.flatnonzero(matters.any(axis=1)), np.flatnonzero(matters.any(axis=0))
            assert extent(explanation["receptiveField"]) == (rows[0], columns[0], rows[-1] + 1, columns[-1] + 1)


def transparent(one):
    """The network with means in place of maxima, positive weights and no activations: no pixel's effect is hidden."""
    stages = [
        Stage(stage.name, AveragePooling(stage.layer.size) if stage.kind == "max_pooling" else stage.layer)
        for stage in one.network.stages
        if stage.kind != "euclidean_rbf"
    ]
    network = Network(one.network.name, one.network.input, tuple(stages))
    arrays = {name: (np.abs(array) + 0.1) / array.size for name, array in one.parameters.items()}
    return network, {name: array.astype(np.float64) for name, array in arrays.items()}
