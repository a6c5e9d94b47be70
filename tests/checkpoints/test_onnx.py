"""ONNX graphs that are a LeNet, as lenet and as torch write them; and what is none."""

import numpy as np
import pytest

import lenet
from lenet.architecture import AveragePooling, Convolution, FullConnection, Network, Stage, relu
from lenet.errors import LeNetError, WeightsError

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from lenet.exporting.onnx import to_onnx  # noqa: E402


@pytest.mark.parametrize("name", lenet.names())
def test_every_network_comes_back_from_its_graph_whole(name, tmp_path):
    model = lenet.create(name, seed=1)
    (tmp_path / "m.onnx").write_bytes(to_onnx(model.network, model.parameters))
    result = lenet.load(tmp_path / "m.onnx")
    assert result.network == model.network
    for key, array in model.parameters.items():  # of mean pooling, the graph scales by four times the coefficient
        np.testing.assert_allclose(result.parameters[key], array, rtol=1e-6)


@pytest.mark.parametrize("name", lenet.names())
def test_a_graph_that_lenet_exports_which_takes_bytes_comes_back_too(name, tmp_path):
    model = lenet.create(name, seed=1)
    lenet.export(model, to="onnx", out=tmp_path / "m.onnx")
    result = lenet.load(tmp_path / "m.onnx")
    assert result.network == model.network
    for key, array in model.parameters.items():
        np.testing.assert_allclose(result.parameters[key], array, rtol=1e-6)


def test_a_graph_that_takes_bytes_says_their_range_itself(tmp_path):
    stages = (Stage("a", Convolution(3, 3), relu), Stage("b", AveragePooling(5)), Stage("c", FullConnection(2)))
    model = lenet.create(Network("own", (1, 12, 12), stages, input_range=(-0.4, 2.8)), seed=1)
    lenet.export(model, to="onnx", out=tmp_path / "m.onnx")
    assert lenet.load(tmp_path / "m.onnx").network.input_range == pytest.approx((-0.4, 2.8))
    with pytest.raises(LeNetError, match="a graph that takes bytes says their range itself; leave input_range out"):
        lenet.load(tmp_path / "m.onnx", input_range=(0.0, 1.0))
    with pytest.raises(LeNetError, match="leave normalize out"):
        lenet.load(tmp_path / "m.onnx", normalize=(0.5, 0.5))


def test_a_graph_of_no_registered_network_describes_itself(tmp_path):
    network = Network(
        "own", (1, 12, 12), (Stage("a", Convolution(3, 3), relu), Stage("b", AveragePooling(5)),
                             Stage("c", FullConnection(7), relu), Stage("d", FullConnection(2))),
    )  # fmt: skip
    model = lenet.create(network, seed=1)
    (tmp_path / "m.onnx").write_bytes(to_onnx(network, model.parameters))
    result = lenet.load(tmp_path / "m.onnx", class_names=["cat", "dog"], normalize=(0.5, 0.5))
    assert [stage.layer for stage in result.network.stages] == [stage.layer for stage in network.stages]
    assert [stage.name for stage in result.network.stages] == ["conv1", "pool1", "fc1", "fc2"]
    assert (result.class_names, result.network.input_range) == (("cat", "dog"), (-1.0, 1.0))
    named = lenet.load(tmp_path / "m.onnx", network=network)
    assert named.network == network
    with pytest.raises(WeightsError, match="its graph has not the layers of lenet-5"):
        lenet.load(tmp_path / "m.onnx", network="lenet-5")
    with pytest.raises(LeNetError, match="a graph says its layers and their sizes itself; leave size out"):
        lenet.load(tmp_path / "m.onnx", size=28)


def chain(*nodes, weights=(), input_shape=("batch", 1, 28, 28)) -> bytes:
    """Serialize a graph of nodes in a chain from the input ``x``; each node is (operator, other inputs, attributes)."""
    made, current = [], "x"
    for number, (operator, others, attributes) in enumerate(nodes):
        made.append(helper.make_node(operator, [current, *others], [f"t{number}"], **attributes))
        current = f"t{number}"
    graph = helper.make_graph(
        made, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(input_shape))],
        [helper.make_tensor_value_info(current, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in dict(weights).items()],
    )  # fmt: skip
    return helper.make_model(graph).SerializeToString()


RNG = np.random.default_rng(0)
WEIGHTS = {
    "k1": RNG.normal(size=(6, 1, 5, 5)).astype(np.float32), "k2": RNG.normal(size=(16, 6, 5, 5)).astype(np.float32),
    "w": RNG.normal(size=(256, 10)).astype(np.float32), "b": RNG.normal(size=10).astype(np.float32),
    "shape": np.array([-1, 256]),
}  # fmt: skip
POOL = ("MaxPool", [], {"kernel_shape": [2, 2], "strides": [2, 2]})
LENET_SHORT = [
    ("Conv", ["k1"], {"kernel_shape": [5, 5]}), ("Relu", [], {}), POOL,
    ("Conv", ["k2"], {"kernel_shape": [5, 5]}), ("Relu", [], {}), POOL,
    ("Reshape", ["shape"], {}), ("MatMul", ["w"], {}), ("Add", ["b"], {}),
]  # fmt: skip


def test_matmul_add_reshape_dropout_and_a_last_softmax_are_understood(tmp_path):
    network_names = []
    for end in ([("LogSoftmax", [], {"axis": 1})], [("Dropout", [], {}), ("Softmax", [], {"axis": -1})]):
        (tmp_path / "m.onnx").write_bytes(chain(*LENET_SHORT, *end, weights=WEIGHTS))
        model = lenet.load(tmp_path / "m.onnx")
        np.testing.assert_array_equal(model.parameters[list(model.parameters)[4]], WEIGHTS["w"].T)
        assert not model.parameters["conv1.bias"].any()
        network_names.append(model.network.name)
    assert network_names == ["lenet-short", "lenet-onnx"]


def test_external_data_is_read_from_the_folder_of_the_graph_and_from_no_other(tmp_path):
    model = onnx.load_from_string(chain(*LENET_SHORT, ("LogSoftmax", [], {}), weights=WEIGHTS))
    onnx.save(model, tmp_path / "m.onnx", save_as_external_data=True, location="m.data", size_threshold=0)
    result = lenet.load(tmp_path / "m.onnx")
    np.testing.assert_array_equal(result.parameters["conv1.weight"], WEIGHTS["k1"])
    content = (tmp_path / "m.onnx").read_bytes()
    (tmp_path / "m.onnx").write_bytes(content.replace(b"m.data", b"../x.d"))
    with pytest.raises(WeightsError, match=r"keeps its numbers in '\.\./x\.d', expected the name of a file beside it"):
        lenet.load(tmp_path / "m.onnx")
    (tmp_path / "m.data").write_bytes(b"")
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(WeightsError, match=r"m\.data does not hold all of its numbers"):
        lenet.load(tmp_path / "m.onnx")


@pytest.mark.filterwarnings("ignore")  # torch's exporter without onnxscript is the older of its two
@pytest.mark.parametrize(
    "name", [name for name in lenet.names() if name.startswith(("lenet-5-", "lenet-s", "lenet-r"))]
)
def test_what_torch_exports_is_read(name, tmp_path):
    torch = pytest.importorskip("torch")
    model = lenet.create(name, seed=1)
    inputs = torch.zeros(1, *model.network.input)
    torch.onnx.export(model.to_torch(), (inputs,), tmp_path / "m.onnx", dynamo=False)
    result = lenet.load(tmp_path / "m.onnx")
    assert result.network == model.network
    assert result.digest == model.digest


WRONG = {
    "normalization": (
        [LENET_SHORT[0], ("BatchNormalization", ["b"], {}), *LENET_SHORT[1:]],
        "graph has a BatchNormalization",
    ),
    "overlap": ([LENET_SHORT[0], ("MaxPool", [], {"kernel_shape": [3, 3], "strides": [2, 2]})], "overlaps, is padded"),
    "padding": (
        [LENET_SHORT[0], ("AveragePool", [], {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [1] * 4})],
        "is padded",
    ),
    "groups": ([("Conv", ["k1"], {"group": 2}), *LENET_SHORT[1:]], "is not square, or dilated, or grouped"),
    "scaled": ([*LENET_SHORT[:-2], ("Gemm", ["w", "b"], {"alpha": 2.0})], "is scaled or transposed"),
    "slope": ([*LENET_SHORT[:1], ("Mul", ["slope"], {}), ("Tanh", [], {})], "Tanh of other slope"),
    "scaled input": ([("Mul", ["slope"], {}), *LENET_SHORT], "Mul of the input"),
    "sizes": ([*LENET_SHORT[:3], *LENET_SHORT[6:]], "lenet-onnx|lacks arrays"),
    "nothing": ([("Identity", [], {})], "ends within a layer"),
    "missing": ([("Conv", ["nowhere"], {})], "needs 'nowhere', which is no constant"),
    "integers": ([("Conv", ["i"], {})], "i holds int8 numbers"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_graph_that_is_no_lenet_is_refused_in_one_sentence(kind, tmp_path):
    nodes, message = WRONG[kind]
    others = {"slope": np.float32([0.5]), "i": np.zeros((6, 1, 5, 5), np.int8)}
    (tmp_path / "m.onnx").write_bytes(chain(*nodes, weights=WEIGHTS | others))
    with pytest.raises(WeightsError, match=rf"m\.onnx: .*(?:{message})") as raised:
        lenet.load(tmp_path / "m.onnx")
    assert "\n" not in str(raised.value)


def test_a_graph_with_a_residual_connection_is_refused(tmp_path):
    content = chain(("Conv", ["k1"], {"pads": [2] * 4}), ("Relu", [], {}), ("Add", ["t0"], {}), weights=WEIGHTS)
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(WeightsError, match="needs 't0', which is no constant of it: it is no straight line"):
        lenet.load(tmp_path / "m.onnx")


def test_a_truncated_graph_is_refused_wherever_it_ends(tmp_path):
    content = chain(*LENET_SHORT, weights=WEIGHTS)
    for size in (0, 1, 10, 1000, len(content) - 30):
        (tmp_path / "m.onnx").write_bytes(content[:size])
        with pytest.raises(WeightsError, match=r"m\.onnx: is (damaged|no ONNX model)"):
            lenet.load(tmp_path / "m.onnx")
