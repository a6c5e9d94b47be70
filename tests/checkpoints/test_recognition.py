"""Networks found by the shapes of arrays, what shapes leave open, and the message where they fit none."""

import numpy as np
import pytest
from safetensors.numpy import save_file

import lenet
from lenet.architecture import Network
from lenet.checkpoints import ImportOptions
from lenet.checkpoints.recognition import recognize_network
from lenet.cli import main
from lenet.errors import ArchitectureError, LeNetError, UnknownName, WeightsError

RNG = np.random.default_rng(0)


def arrays_of(name: str, **options) -> dict[str, np.ndarray]:
    return dict(lenet.create(lenet.describe(name, **options), seed=1).parameters)


def renamed(arrays) -> dict[str, np.ndarray]:
    """The same under names that say nothing."""
    owners = list(dict.fromkeys(name.rpartition(".")[0] for name in arrays))
    ends = {"weight": "w", "coefficient": "c", "bias": "bias"}
    return {f"l{owners.index((at := name.rpartition('.'))[0])}.{ends[at[2]]}": array for name, array in arrays.items()}


@pytest.mark.parametrize("name", lenet.names())
def test_names_of_arrays_do_not_matter_and_options_follow_from_shapes(name):
    from lenet.networks import options

    expected = {"classes": 26, "channels": 3, "hidden": 120}
    given = {option: value for option, value in expected.items() if option in options(name)}
    network = lenet.describe(name, **given, **({"size": 32} if "size" in options(name) else {}))
    arrays = dict(lenet.create(network, seed=1).parameters)
    result = recognize_network(renamed(arrays), ImportOptions(network=name))
    assert result.network == network
    for (key, array), own in zip(arrays.items(), result.parameters.values(), strict=True):
        np.testing.assert_array_equal(array, own, err_msg=key)


def test_where_shapes_fit_several_networks_they_are_named_and_an_option_decides(tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    save_file(arrays_of("lenet-5-relu"), path)
    for verb in (["convert", str(path), "-o", str(tmp_path / "o.safetensors")], ["evaluate", str(path)],
                 ["read", "examples/digits/seven.png", "--model", str(path)], ["maps", str(path), "mnist:0"],
                 ["explain", str(path)]):  # fmt: skip
        assert main(verb) == 1
        message = capsys.readouterr().err
        listed = (
            message.partition("its shapes fit ")[2].partition(", and do not tell")[0].replace(" and ", ", ").split(", ")
        )
        assert {"lenet-5-relu", "lenet-5-sigmoid", "lenet-5-sigmoid-output"} <= set(listed)
        assert all(lenet.show(name, classes=10).parameters == 61_706 for name in listed)
        assert f"--network {listed[0]}" in message
        assert message.count("\n") == 1
    assert lenet.load(path, network="LeNet5 sigmoid").network == lenet.describe("lenet-5-sigmoid")
    own = lenet.load(path, network=lenet.describe("lenet-5-relu", size=32))
    assert own.network.input == (1, 32, 32)


def test_arrays_in_the_order_of_their_names_are_put_one_behind_the_other(tmp_path):
    arrays = arrays_of("lenet-rgb")
    names = ["features.0", "features.10", "classifier.2", "classifier.10", "classifier.9"]
    changed = {f"{names[number // 2]}.{key.rpartition('.')[2]}": array for number, (key, array) in
               enumerate(arrays.items())}  # fmt: skip
    save_file(changed, tmp_path / "m.safetensors")
    result = lenet.load(tmp_path / "m.safetensors")
    assert result.network.name == "lenet-rgb"
    for key, array in arrays.items():
        np.testing.assert_array_equal(result.parameters[key], array)


def dense_lenet_5() -> dict[str, np.ndarray]:
    """LeNet-5 with all 96 kernels of C3, those that Table I leaves out being zeros, and C5 as a full connection."""
    from lenet.connections import LENET_5_C3

    arrays = arrays_of("lenet-5")
    dense = np.zeros((16, 6, 5, 5), np.float32)
    for kernel, (out, seen) in zip(
        arrays["c3.weight"], [(out, seen) for out, row in enumerate(LENET_5_C3) for seen in row], strict=True
    ):
        dense[out, seen] = kernel
    return arrays | {"c3.weight": dense, "c5.weight": arrays["c5.weight"].reshape(120, 400),
                     "s2.coefficient": arrays["s2.coefficient"].reshape(6, 1, 1)}  # fmt: skip


def test_dense_kernels_with_zeros_as_table_i_has_them_are_lenet_5_and_full_ones_are_not():
    arrays = dense_lenet_5()
    result = recognize_network(arrays, ImportOptions())
    assert result.network == lenet.describe("lenet-5")
    assert result.parameters["c3.weight"].shape == (60, 5, 5)
    np.testing.assert_array_equal(result.parameters["c3.weight"], arrays_of("lenet-5")["c3.weight"])
    arrays["c3.weight"][0, 5] = 1
    with pytest.raises(WeightsError, match=r"nearest is lenet-5, whose c3.weight is 60×5×5 where .* has 16×6×5×5"):
        recognize_network(arrays, ImportOptions())


def test_layers_without_biases_get_zeros():
    arrays = {key: array for key, array in arrays_of("lenet-short").items() if not key.endswith("conv1.bias")}
    result = recognize_network(renamed(arrays), ImportOptions())
    assert result.network.name == "lenet-short"
    assert not result.parameters["conv1.bias"].any()
    np.testing.assert_array_equal(result.parameters["output.bias"], arrays["output.bias"])


@pytest.mark.parametrize(
    ("options", "size", "stages"),
    [
        ({"activation": "relu", "pooling": "average"}, 28, "lenet-5-sigmoid-output"),
        ({"activation": "sigmoid", "pooling": "Average"}, 28, "lenet-5-sigmoid"),
        ({"activation": "ReLU", "pooling": "max", "size": 32}, 32, "lenet-5-relu"),
    ],
)
def test_shapes_describe_a_network_where_activation_and_pooling_are_given(options, size, stages):
    result = recognize_network(renamed(arrays_of("lenet-5-relu")), ImportOptions(**options))
    like = lenet.describe(stages, **({"size": 32} if size == 32 else {}))
    assert result.network.input == (1, size, size)
    assert result.network.input_range == (0, 1)
    assert [stage.layer for stage in result.network.stages] == [stage.layer for stage in like.stages]
    assert [stage.activation for stage in result.network.stages][:-1] == [one.activation for one in like.stages][:-1]
    assert recognize_network(arrays_of("lenet-5-relu"), ImportOptions(**options, outputs="log softmax")).network.stages[
        -1
    ].activation == ("log_softmax")


def test_maps_of_other_numbers_and_kernels_of_other_sizes_are_described_too():
    shapes = [(8, 3, 3, 3), (12, 8, 3, 3), (20, 12, 3, 3), (30, 20 * 4), (4, 30)]
    arrays = {f"{number}.weight": RNG.normal(size=shape).astype(np.float32) for number, shape in enumerate(shapes)}
    result = recognize_network(arrays, ImportOptions(activation="tanh", pooling="max"))
    assert result.network.input == (3, 30, 30)
    assert result.network.output_shapes[5] == (20, 2, 2)
    assert isinstance(result.network, Network)


def test_an_input_range_is_given_as_such_or_by_mean_and_deviation(tmp_path):
    arrays = arrays_of("lenet-short")
    assert recognize_network(arrays, ImportOptions(input_range=(1, 0))).network.input_range == (1, 0)
    assert recognize_network(arrays, ImportOptions(normalize=(0.5, 0.25))).network.input_range == (-2, 2)
    assert recognize_network(arrays, ImportOptions()).network.input_range == lenet.describe("lenet-short").input_range


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"network": "lenet-6"}, UnknownName, "unknown network 'lenet-6'"),
        ({"network": "lenet-caffe"}, WeightsError, r"not those of lenet-caffe, whose conv1.weight is 20×1×5×5 where"),
        ({"network": "lenet-short", "size": 32}, ArchitectureError, "has no argument 'size'"),
        ({"activation": "relu"}, ArchitectureError, "activation and pooling go together"),
        ({"activation": "swish", "pooling": "max"}, UnknownName, "unknown activation 'swish'.* known: relu"),
        ({"network": "lenet-short", "outputs": "logits"}, ArchitectureError, "leave one or the other out"),
        (
            {"activation": "relu", "pooling": "max", "size": 30},
            ArchitectureError | WeightsError,
            "but 30 was asked for",
        ),
        ({"normalize": (0.1, 0)}, ArchitectureError, "mean and deviation, one each for all channels"),
        ({"normalize": (0.1, 0.2, 0.3)}, ArchitectureError, "mean and deviation, one each for all channels"),
        ({"input_range": (1, 1)}, ArchitectureError, "two different numbers"),
        ({"input_range": (0, float("nan"))}, ArchitectureError, "two different numbers"),
        ({"input_range": (0, 1), "normalize": (0, 1)}, ArchitectureError, "leave one of the two out"),
        ({"class_names": ["a"]}, WeightsError, "tells 10 classes apart, got the names a"),
        ({"class_names": "abc"}, WeightsError, "class_names is 'abc', expected a list of texts"),
    ],
)
def test_a_choice_that_is_none_is_refused_in_one_sentence(options, error, message, tmp_path):
    path = tmp_path / "m.safetensors"
    save_file(arrays_of("lenet-short"), path)
    with pytest.raises(LeNetError, match=message) as raised:
        lenet.load(path, **options)
    assert isinstance(raised.value, error)


def test_the_classes_that_a_file_says_cannot_be_given_in_another_order(tmp_path):
    model = lenet.create("lenet-5-relu", classes=["cat", "dog"], seed=1)
    path = tmp_path / "pets.pth"
    lenet.export(model, to="pth", out=path)
    with pytest.raises(WeightsError, match="says that its classes are cat, dog, in this order, and class_names gives"):
        lenet.load(path, class_names=["dog", "cat"])
    assert lenet.load(path, class_names=["猫", "狗"]).class_names == ("猫", "狗")


@pytest.mark.parametrize("source", ["lenet-5", lenet.create("lenet-short", seed=1)])
def test_what_lenet_wrote_says_itself_what_it_is(source, tmp_path):
    with pytest.raises(WeightsError, match=r"network goes with a file that others wrote, and .* is none"):
        lenet.load(source, network="lenet-5")
    path = lenet.load(source).save(tmp_path / "m.safetensors")
    with pytest.raises(WeightsError, match="is a model of lenet's, which says what it is itself; leave network out"):
        lenet.load(path, network="lenet-5")
    with pytest.raises(WeightsError, match="leave class_names out"):
        lenet.load(path, class_names=list("abcdefghij"))


def test_a_missing_file_is_reported_whatever_options_are_given(tmp_path):
    for options in ({}, {"network": "lenet-5"}):
        with pytest.raises(WeightsError, match=r"none\.pth: no such weights file"):
            lenet.load(tmp_path / "none.pth", **options)


def test_arrays_of_too_many_layers_or_of_none_are_refused():
    with pytest.raises(WeightsError, match="holds 101 arrays, expected at most 100"):
        recognize_network({f"{number}.weight": np.zeros((1, 1), np.float32) for number in range(101)}, ImportOptions())
    normalized = arrays_of("lenet-short") | {"bn.weight": np.ones(6, np.float32), "bn.bias": np.ones(6, np.float32)}
    with pytest.raises(WeightsError, match="fit no network of lenet; the nearest is lenet-short"):
        recognize_network(normalized, ImportOptions())
    with pytest.raises(WeightsError, match="are not convolutions and full connections alone"):
        recognize_network(normalized, ImportOptions(activation="relu", pooling="max"))


@pytest.mark.parametrize("ending", ["_weight", ""])
def test_names_without_a_point_say_as_little(ending):
    arrays = arrays_of("lenet-5-relu")
    flat = {name.replace(".", "_"): array for name, array in arrays.items()}
    if not ending:
        flat = {str(number): array for number, array in enumerate(arrays.values())}
    result = recognize_network(flat, ImportOptions(network="lenet-5-relu"))
    for array, own in zip(arrays.values(), result.parameters.values(), strict=True):
        np.testing.assert_array_equal(array, own)


def test_a_convolution_alone_or_of_no_maps_is_refused_with_a_reason():
    alone = {"c.weight": np.zeros((6, 1, 5, 5), np.float32), "c.bias": np.zeros(6, np.float32)}
    with pytest.raises(WeightsError, match=r"are not those of lenet-5-relu, .*\w"):
        recognize_network(alone, ImportOptions(network="lenet-5-relu"))
    empty = {"a.weight": np.zeros((0, 1, 5, 5), np.float32), "b.weight": np.zeros((10, 0), np.float32)}
    with pytest.raises(WeightsError):
        recognize_network(empty, ImportOptions())
