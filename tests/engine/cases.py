"""Networks, pictures and weights that the engine's tests draw, and what float64 makes of them."""

from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from lenet.architecture import (
    Activation,
    AveragePooling,
    Convolution,
    EuclideanRbf,
    FullConnection,
    GlobalAveragePooling,
    MaxPooling,
    Network,
    Stage,
    Subsampling,
    log_softmax,
    relu,
    squash,
)
from lenet.engine.native import UpdateHyperparameters, instruction_sets
from lenet.preprocess import network_inputs
from lenet.training.recipes import natural_loss

pytest.importorskip("lenet.engine._native", reason="the native engine was not built")

SETS = instruction_sets()
every_set = pytest.mark.parametrize("instructions", SETS)
UNIT = 2.0**-24  # what one operation in float32 may be off by, as a share of its result

RANGES = ((0.0, 1.0), (0.0, 3.25), (-0.1, 1.175), (-1.0, 1.0))
BENT = tuple(activation for activation in Activation if activation is not Activation.LOG_SOFTMAX)
MAX_UNITS = 4_000  # of a stage, so that hundreds of networks take seconds


def drawn(examples):
    """Settings of hypothesis: so many examples, the same in every run, however long one takes."""
    slow = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
    return settings(max_examples=examples, derandomize=True, deadline=None, database=None, suppress_health_check=slow)


@st.composite
def convolutions(draw, shape):
    maps, height, width = shape
    padding = draw(st.integers(0, 3))
    side = draw(st.integers(1, min(7, height + 2 * padding, width + 2 * padding)))
    layer = Convolution(
        maps=1,
        kernel_size=side,
        stride=draw(st.sampled_from((1, 1, 2))),
        padding=padding,
        padding_value=draw(st.sampled_from((0.0, -1.0))) if padding else 0.0,
        bias=draw(st.sampled_from(("map", "map", "unit"))),
    )
    _, rows, columns = layer.output_shape(shape)
    out = draw(st.integers(1, max(1, min(14, MAX_UNITS // (rows * columns)))))
    table = None
    if draw(st.booleans()):
        # Subsets of any size: some maps see one input, some inputs are seen by none.
        seen = st.sets(st.integers(0, maps - 1), min_size=1, max_size=maps)
        table = tuple(tuple(sorted(draw(seen))) for _ in range(out))
    return replace(layer, maps=out, table=table)


@st.composite
def layers(draw, shape):
    _, height, width = shape
    sizes = [size for size in (2, 3) if height % size == 0 and width % size == 0]
    kinds = ["convolution", "convolution", "global"] + ["max", "max", "average", "subsampling"] * bool(sizes)
    kind = draw(st.sampled_from(kinds))
    if kind == "convolution":
        return draw(convolutions(shape))
    if kind == "global":
        return GlobalAveragePooling()
    size = draw(st.sampled_from(sizes))
    if kind == "subsampling":
        return Subsampling(size, draw(st.sampled_from((1, 2))))
    return MaxPooling(size) if kind == "max" else AveragePooling(size)


@st.composite
def networks(draw):
    """Any stages that fit one another: maps, then units, then sometimes distances."""
    shape = (draw(st.sampled_from((1, 3))), draw(st.integers(1, 34)), draw(st.integers(1, 34)))
    first, stages = shape, []
    for index in range(draw(st.integers(0, 4))):
        layer = draw(layers(shape))
        joined = sees_everything(layer, shape)
        shape = layer.output_shape(shape)
        # The pair that the engine runs as one stage shall come often.
        pair = isinstance(layer, Convolution) and shape[1] % 2 == shape[2] % 2 == 0 and draw(st.booleans())
        bent = draw(st.sampled_from((Activation.RELU, Activation.IDENTITY) if pair else BENT))
        stages.append(Stage(f"s{index}", layer, bent))
        if pair:
            stages.append(Stage(f"p{index}", MaxPooling(), draw(st.sampled_from((Activation.IDENTITY, *BENT)))))
            shape = stages[-1].layer.output_shape(shape)
        if joined or shape[1:] == (1, 1):
            break
    for index in range(draw(st.integers(0, 2))):
        stages.append(Stage(f"f{index}", FullConnection(draw(st.integers(1, 40))), draw(st.sampled_from(BENT))))
        shape = stages[-1].layer.output_shape(shape)
    units, classes = int(np.prod(shape)), draw(st.integers(2, 17))
    if units <= 200 and draw(st.integers(0, 3)) == 0:
        rng = np.random.default_rng(units)
        prototypes = tuple(tuple(row) for row in rng.choice((-1, 1), (classes, units)).tolist())
        stages.append(Stage("output", EuclideanRbf(prototypes)))
    else:
        stages.append(Stage("output", FullConnection(classes), draw(st.sampled_from(tuple(Activation)))))
    return Network("drawn", first, tuple(stages), input_range=draw(st.sampled_from(RANGES)))


def sees_everything(layer, shape):
    """Whether a convolution is a full connection by another name."""
    return isinstance(layer, Convolution) and not layer.padding and shape[1:] == (layer.kernel_size,) * 2


def with_stages(*stages, shape=(1, 12, 12)):
    return Network("odd", shape, (*stages, Stage("output", FullConnection(3))))


# Networks that nobody draws by chance, and that an engine may refuse but must not get wrong.
ODD = {
    "log-softmax before the end": with_stages(Stage("f1", FullConnection(7), log_softmax)),
    "log-softmax of maps": with_stages(Stage("c1", Convolution(3, 5), log_softmax)),
    "log-softmax of padded maps": with_stages(
        Stage("c1", Convolution(3, 5), log_softmax), Stage("c2", Convolution(2, 3, padding=1))
    ),
    "log-softmax of patches": with_stages(Stage("p1", MaxPooling(), log_softmax)),
    "padding around units": with_stages(
        Stage("f1", FullConnection(7), squash), Stage("c2", Convolution(4, 3, padding=1))
    ),
    "a table of units": with_stages(
        Stage("f1", FullConnection(3)), Stage("c2", Convolution(2, 1, table=((0,), (1, 2))))
    ),
    "sub-sampling of units": with_stages(Stage("f1", FullConnection(7)), Stage("s2", Subsampling(1, 2), squash)),
    "the mean of units": with_stages(Stage("f1", FullConnection(7), squash), Stage("p2", GlobalAveragePooling(), relu)),
    "the largest of units": with_stages(Stage("f1", FullConnection(7)), Stage("p2", MaxPooling(1))),
    "a table of maps of one unit": with_stages(
        Stage("c1", Convolution(3, 12), relu), Stage("c2", Convolution(2, 1, table=((0,), (1, 2))), squash)
    ),
    "padding around maps of one unit": with_stages(
        Stage("c1", Convolution(3, 12), relu), Stage("c2", Convolution(2, 5, padding=2, bias="unit"))
    ),
    "a full connection after distances": Network(
        "odd",
        (1, 2, 2),
        (
            Stage("r1", EuclideanRbf(((1, 1, -1, 1), (1, -1, 1, 1)))),
            Stage("output", FullConnection(3)),
        ),
    ),
    "nothing to learn": Network(
        "odd", (4, 6, 6), (Stage("p1", MaxPooling(3)), Stage("output", GlobalAveragePooling()))
    ),
    "a stride wider than its kernel": with_stages(Stage("c1", Convolution(3, 1, stride=2)), Stage("p2", MaxPooling())),
    "a stride before pooling": with_stages(
        Stage("c1", Convolution(3, 4, stride=2, padding=1), relu), Stage("p2", MaxPooling())
    ),
    "wide rows": with_stages(
        Stage("c1", Convolution(3, 3, padding=1), relu), Stage("p2", MaxPooling()), shape=(1, 4, 150)
    ),
    "rows of just 64": with_stages(Stage("c1", Convolution(3, 7, stride=2, padding=1), relu), shape=(1, 9, 62)),
    "many channels": with_stages(Stage("c1", Convolution(20, 3), relu), shape=(11, 8, 9)),
    "many maps": with_stages(Stage("c1", Convolution(130, 5), relu), Stage("p2", MaxPooling())),
    "a large full connection": with_stages(Stage("f1", FullConnection(1025), relu), shape=(3, 20, 21)),
}


def random_weights(network, seed=0):
    """Weights that neither fade nor explode on the way through, biases that matter."""
    rng, weights = np.random.default_rng(seed), {}
    for name, shape in network.parameter_shapes().items():
        fan_in = int(np.prod(shape[1:])) if name.endswith(".weight") else 4
        weights[name] = rng.uniform(-1, 1, shape).astype(np.float32) * np.float32((3 / max(fan_in, 1)) ** 0.5)
    return weights


def random_pictures(network, count, seed=0, ink="digit"):
    """Gray levels (N, H, W) or (N, C, H, W), and labels.

    Args:
        ink: ``"digit"`` is a box of ink on empty ground, sometimes none at all; ``"full"`` leaves nothing empty.
    """
    rng = np.random.default_rng(seed)
    channels, height, width = network.input
    images = rng.integers(1, 256, (count, channels, height, width)).astype(np.uint8)
    if ink == "digit":
        for image in images:
            top, bottom = sorted(rng.integers(0, height + 1, 2))
            left, right = sorted(rng.integers(0, width + 1, 2))
            empty = np.ones((height, width), bool)
            empty[top:bottom, left:right] = False
            image[:, empty] = 0
    return images[:, 0] if channels == 1 else images, rng.integers(0, network.classes, count)


def inputs_of(network, images):
    return network_inputs(images, network.input, network.input_range)


def natural(network, **values):
    """How a network learns that is made for its loss."""
    return UpdateHyperparameters(**{"loss": natural_loss(network), **values})


@dataclass(frozen=True)
class Exact:
    """What float64 says: the derivatives of the mean loss, the size of the terms they sum, the losses' sum."""

    gradients: dict[str, np.ndarray]
    terms: dict[str, float]
    loss: float


@contextmanager
def one_thread():
    """For torch, whose threads take turns with everything else that runs while tests do; also a decorator."""
    torch = pytest.importorskip("torch")

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def module64(network, arrays):
    from lenet.pytorch import build, load_arrays

    module = build(network)
    load_arrays(module, arrays)
    return module.double()


@one_thread()
def exact_gradients(network, arrays, images, labels, learning):
    """The derivatives by autograd in float64."""
    import torch

    from lenet.pytorch import activations

    module = module64(network, arrays)
    inputs = torch.from_numpy(inputs_of(network, images).astype(np.float64)).requires_grad_()
    seen = activations(module, inputs)
    outputs = list(seen.values())[-1].flatten(1)
    loss = loss64(learning)(outputs, torch.from_numpy(np.asarray(labels, np.int64))).sum() / len(labels)
    inputs_of_stage, before = {}, seen["input"]
    for stage in network.stages:
        inputs_of_stage[stage.name] = before
        before = seen.get(f"{stage.name}_{stage.activation}", seen[stage.name])
    named = dict(module.named_parameters())
    trainable = [stage.name for stage in network.stages if any(name.startswith(f"{stage.name}.") for name in named)]
    last = network.stages[-1]
    # Where back-propagation of the loss starts: before distances or log-softmax, which belong to it.
    arrival = inputs_of_stage[last.name] if network.smallest_wins else seen[last.name]
    variables = [*named.values(), *(seen[name] for name in trainable), arrival]
    grads = torch.autograd.grad(loss, variables)
    start = _cancelled(network, outputs.detach(), arrival.detach(), labels, learning) / len(labels)
    factor = start / max(float(grads[-1].abs().max()), 1e-9 * start) if start else 1.0
    kinds = {stage.name: stage.layer for stage in network.stages}
    terms, largest = {}, float(inputs.detach().abs().max())
    for name, d in zip(trainable, grads[len(named) :], strict=False):
        # A layer's derivatives are sums of products of its inputs, which may themselves be the small rest of large
        # terms, and of its units' derivatives.
        layer = module.get_submodule(name)
        parameters = dict(layer.named_parameters())
        largest = max(largest, float(inputs_of_stage[name].detach().abs().max()))
        # Of the sign of a convolution's padding value, so that nothing cancels.
        sign = -1 if getattr(kinds[name], "padding_value", 0) < 0 else 1
        seen_sizes = sign * (inputs_of_stage[name].detach().abs() + largest)
        sizes = torch.autograd.grad(layer(seen_sizes), list(parameters.values()), d.abs())
        terms |= {
            f"{name}.{key}": float(size.abs().max() * factor) for key, size in zip(parameters, sizes, strict=True)
        }
    gradients = {name: d.numpy() for name, d in zip(named, grads, strict=False)}
    return Exact(gradients, terms, float(loss.detach()) * len(labels))


def _cancelled(network, outputs, arrival, labels, learning):
    """The largest term of the derivatives where they start; what is left of them may be far smaller than their terms.

    Of an exponential the rounding of its exponent counts: that share of the exponent's size.
    """
    import torch

    target = torch.nn.functional.one_hot(torch.from_numpy(np.asarray(labels, np.int64)), outputs.shape[1]).double()
    last = network.stages[-1]
    if learning.loss == "mean-squared-error":
        sizes = 2 * (outputs.abs() + 1) / outputs.shape[1]
    elif learning.loss == "penalty" or (learning.loss == "nll" and last.activation is not Activation.LOG_SOFTMAX):
        sizes = target
    elif learning.loss == "map":
        rubbish = outputs.new_full((len(outputs), 1), learning.j)
        sizes = torch.softmax(-torch.cat([outputs, rubbish], 1), 1)[:, :-1] * (1 + outputs.abs()) + target
    else:
        sizes = torch.softmax(outputs, 1) * (1 + outputs.abs()) + target
    if network.smallest_wins:
        prototypes = torch.tensor(last.layer.prototypes).double()
        sizes = 2 * (sizes[:, :, None] * (arrival.flatten(1)[:, None].abs() + prototypes.abs())).sum(1)
    elif last.activation is not Activation.LOG_SOFTMAX:
        return max(float(sizes.max()), 1e-300) * _largest_derivative(last.activation, outputs)
    return max(float(sizes.max()), 1e-300)


def _largest_derivative(activation, output):
    """The largest derivative of an activation at these outputs."""
    derivatives = {
        Activation.SQUASH: 2 / 3 * (1.7159 - output**2 / 1.7159),
        Activation.TANH: 1 - output**2,
        Activation.SIGMOID: output * (1 - output),
        Activation.RELU: (output > 0).double(),
        Activation.IDENTITY: output * 0 + 1,
    }
    return float(derivatives[activation].max())


def loss64(learning):
    from lenet.training.losses import loss_of
    from lenet.training.recipes import Recipe

    return loss_of(Recipe(loss=learning.loss, label_smoothing=learning.label_smoothing, j=learning.j))


@one_thread()
def decided(network, arrays, images, margin=1e-5):
    """Which pictures keep every unit away from the bends of ReLU and of max pooling, so that rounding decides nothing.

    A unit exactly on a bend, or patches of equal units, are decided alike by all: by the first.
    """
    import torch

    from lenet.pytorch import activations

    with torch.no_grad():
        seen = activations(module64(network, arrays), torch.from_numpy(inputs_of(network, images).astype(np.float64)))
    clear = np.ones(len(images), bool)
    before = seen["input"].numpy()
    for stage in network.stages:
        sums = seen[stage.name].numpy()
        gaps = []
        if stage.activation is Activation.RELU:
            gaps.append(np.abs(sums))
        if isinstance(stage.layer, MaxPooling):
            size = stage.layer.size
            n, maps, height, width = before.shape
            patches = before.reshape(n, maps, height // size, size, width // size, size).swapaxes(3, 4)
            two = np.sort(patches.reshape(n, -1, size * size), axis=-1)[..., -2:]
            gaps.append(two[..., 1] - two[..., 0])
        for gap in gaps:
            near = (gap < margin * max(np.abs(before).max(), np.abs(sums).max())) & (gap > 1e-13)
            clear &= ~near.reshape(len(images), -1).any(axis=1)
        before = seen.get(f"{stage.name}_{stage.activation}", seen[stage.name]).numpy()
    return clear
