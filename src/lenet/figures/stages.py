"""One forward pass, each of its arrays with its stage, and the texts and panels of figures about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lenet import engine
from lenet.architecture import (
    Activation,
    AveragePooling,
    Convolution,
    EuclideanRbf,
    GlobalAveragePooling,
    MaxPooling,
    Network,
    Stage,
    Subsampling,
)
from lenet.connections import CODE_HEIGHT, CODE_WIDTH
from lenet.errors import ArchitectureError, DataError, counted
from lenet.figures.panels import Array, Bars, Codes, ColorPicture, Kernels, Maps, Panel
from lenet.figures.sheet import Sheet, value_text
from lenet.model import check_parameters

FORMULAS = {
    Activation.SQUASH: "1.7159 tanh(2a/3)",
    Activation.TANH: "tanh(a)",
    Activation.SIGMOID: "1 / (1 + exp(−a))",
    Activation.RELU: "max(0, a)",
    Activation.LOG_SOFTMAX: "a − ln Σ exp(a)",
}

MAX_NAME_LENGTH = 20


@dataclass(frozen=True)
class StageOutput:
    """One array of a forward pass and the stage that computed it; no stage for the input."""

    key: str
    values: Array  # (maps, height, width)
    stage: Stage | None
    activated: bool

    @property
    def shape_text(self) -> str:
        """Number and size of the maps, or number of units."""
        maps, height, width = self.values.shape
        if height == width == 1:
            return f"{maps} units"
        return f"{maps} {'map' if maps == 1 else 'maps'} of {height}×{width}"

    @property
    def operation(self) -> str:
        """The operation that computed it."""
        if self.stage is None:
            return "the input, as the network receives it"
        if self.activated:
            activation = self.stage.activation
            return f"after {str(activation).replace('_', '-')}: {FORMULAS[activation]}"
        return f"after {layer_text(self.stage)}"


@dataclass(frozen=True)
class ForwardPass:
    """A forward pass of a network on one input.

    Attributes:
        network, arrays: the description, and its weights.
        outputs: every array of the pass, in the order of `engine.activations`.
        class_names: one for each output.
    """

    network: Network
    arrays: Mapping[str, Array]
    outputs: Sequence[StageOutput]
    class_names: Sequence[str]

    @classmethod
    def of(
        cls, network: Network, arrays: Mapping[str, Array], inputs: Array, class_names: Sequence[str] = ()
    ) -> ForwardPass:
        """Run the network.

        Args:
            inputs: float32 (channels, height, width), or the same with one image in front.
            class_names: one for each output, shortened where they are long; numbers when left out.

        Raises:
            ArchitectureError: if the input does not have the network's shape.
            WeightsError: if the weights are not the network's.
            DataError: if there is not one class name for each output, or the input holds a value that is no number.
        """
        return cls(network, arrays, _run_stages(network, arrays, inputs), _class_names(network, class_names))

    @property
    def values(self) -> Array:
        """The input, (channels, height, width)."""
        return self.outputs[0].values

    @property
    def answer(self) -> Array:
        """The outputs of the last stage, (1, classes)."""
        return self.outputs[-1].values.reshape(1, -1)

    @property
    def predicted_class(self) -> int:
        """The number of the output that wins."""
        return int(engine.decide(self.network, self.answer)[0])


def _run_stages(network: Network, arrays: Mapping[str, Array], inputs: Array) -> list[StageOutput]:
    check_parameters(network, arrays)
    inputs = np.asarray(inputs, np.float32)
    inputs = inputs[None] if inputs.ndim == 3 else inputs
    if inputs.shape != (1, *network.input):
        expected = "×".join(map(str, network.input))
        actual = "×".join(map(str, inputs.shape))
        raise ArchitectureError(f"{network.name} takes one input of {expected}, got {actual}; draw pictures one by one")
    if not np.isfinite(inputs).all():
        raise DataError("the input holds a value that is not a finite number")
    stage_of_sums = {stage.name: stage for stage in network.stages}
    stage_of_outputs = {f"{stage.name}_{stage.activation}": stage for stage in network.stages}
    activations = engine.activations(network, arrays, inputs)
    return [
        StageOutput(key, values[0], (stage_of_sums | stage_of_outputs).get(key), key in stage_of_outputs)
        for key, values in activations.items()
    ]


def chained_names(outputs: Sequence[StageOutput]) -> dict[str, str]:
    """By key, names that chain the operations since the last weights: ``pool1`` is ``conv1_relu_maxpool``.

    Many tutorials name feature maps so, and the input ``origin``. A stage with weights begins a new name.
    """
    pooled = {MaxPooling: "maxpool", AveragePooling: "avgpool", GlobalAveragePooling: "meanpool"}
    names: dict[str, str] = {}
    name = ""
    for item in outputs:
        word = pooled.get(type(item.stage.layer)) if item.stage else None
        if item.activated and item.stage:
            name = f"{name}_{item.stage.activation}"
        else:
            name = f"{name}_{word}" if word and name != "origin" else item.key if item.stage else "origin"
        names[item.key] = name
    return names


def _class_names(network: Network, class_names: Sequence[str]) -> list[str]:
    if class_names and len(class_names) != network.classes:
        raise DataError(
            f"{network.name} has {counted(network.classes, 'output')}, got "
            f"{counted(len(class_names), 'class name')}; expected one each"
        )
    shortened = [name if len(name) <= MAX_NAME_LENGTH else f"{name[: MAX_NAME_LENGTH - 1]}…" for name in class_names]
    return shortened or [str(index) for index in range(network.classes)]


def layer_text(stage: Stage) -> str:
    """The operation of a stage's layer, in words."""
    match stage.layer:
        case Convolution() as layer:
            side, extras = layer.kernel_size, [f"stride {layer.stride}"] if layer.stride > 1 else []
            extras += [f"padding {layer.padding}"] if layer.padding else []
            return f"a {side}×{side} convolution" + (f" with {' and '.join(extras)}" if extras else "")
        case Subsampling(size=size):
            return f"{size}×{size} sub-sampling: coefficient · sum + bias"
        case MaxPooling(size=size):
            return f"{size}×{size} max pooling"
        case AveragePooling(size=size):
            return f"{size}×{size} average pooling"
        case GlobalAveragePooling():
            return "the mean of each map"
        case EuclideanRbf():
            return "the squared distance to each code"
    return "a full connection"


def kernel_count(layer: Convolution, in_maps: int) -> str:
    """The number of kernels of a convolution, of those of a full one."""
    kernels, possible = sum(map(len, layer.connected_maps(in_maps))), layer.maps * in_maps
    side = f"{layer.kernel_size}×{layer.kernel_size}"
    return f"{kernels:,} of {possible:,} kernels of {side}" if kernels < possible else f"{kernels:,} kernels of {side}"


def parameters_text(network: Network, stage: Stage) -> str:
    """The parameters of a convolution, added up."""
    shapes = network.parameter_shapes()
    weights, biases = (int(np.prod(shapes[f"{stage.name}.{name}"])) for name in ("weight", "bias"))
    return f"{weights:,} weights and {biases:,} biases: {weights + biases:,} parameters"


def maps_panel(item: StageOutput, columns: int, side: float, digits: int = 3) -> Maps:
    """The maps of an array; the channels of a color input by name."""
    channels = ("R", "G", "B") if item.stage is None and len(item.values) == 3 else ()
    return Maps(item.values, columns, side, digits=digits, names=channels)


def color_panels(network: Network, item: StageOutput, side: float) -> list[Panel]:
    """The picture of a color input; nothing for other arrays."""
    if item.stage is not None or len(item.values) != 3:
        return []
    background, ink = network.input_range
    return [ColorPicture(np.clip((item.values - background) / (ink - background), 0, 1), side)]


def draw_input(sheet: Sheet, network: Network, values: Array, x: float, y: float, width: float) -> None:
    """Draw the input (channels, height, width), gray on the scale of maps, color as a picture."""
    height = width * values.shape[1] / values.shape[2]
    if len(values) == 3:
        background, ink = network.input_range
        picture = np.clip((values.transpose(1, 2, 0) - background) / (ink - background), 0, 1)
        sheet.picture(picture, x, y, width, height)
    else:
        sheet.picture(values[0], x, y, width, height, sheet.theme.sequential)


def kernel_panels(network: Network, arrays: Mapping[str, Array], side: float = 0.42) -> Iterator[tuple[Stage, Kernels]]:
    """The kernels of each convolution."""
    for stage, input_shape, _ in network.stages_with_shapes:
        if isinstance(stage.layer, Convolution):
            is_small = stage.layer.maps * input_shape[0] <= 40
            yield (
                stage,
                Kernels(stage.layer, input_shape[0], arrays[f"{stage.name}.weight"], side * (1.6 if is_small else 1)),
            )


def is_code(network: Network, item: StageOutput) -> bool:
    """Whether the array holds the units that the RBF compares with its codes."""
    previous_stage = network.stages[-2] if len(network.stages) > 1 else None
    return network.smallest_wins and item.stage is previous_stage and item.values.size == CODE_WIDTH * CODE_HEIGHT


def code_panels(forward_pass: ForwardPass) -> Iterator[tuple[str, Codes]]:
    """The last hidden units beside the character codes, where the outputs are distances to such codes."""
    network = forward_pass.network
    layer, units = network.stages[-1].layer, [item for item in forward_pass.outputs if is_code(network, item)]
    if isinstance(layer, EuclideanRbf) and units:
        codes, names = np.array(layer.prototypes, np.float32), forward_pass.class_names
        yield network.stages[-2].name, Codes(units[-1].values.reshape(-1), codes, forward_pass.answer[0], names)


def answer_bars(forward_pass: ForwardPass, width: float = 6.2, step: float = 0.3, text: float = 9) -> tuple[str, Bars]:
    """Bar chart of the last outputs: penalties, probabilities, or raw outputs of squashing units."""
    network, names = forward_pass.network, forward_pass.class_names
    outputs, predicted_class = forward_pass.answer, forward_pass.predicted_class
    values = [value_text(value) for value in outputs[0].tolist()]
    raw_outputs = Bars(outputs[0], values, predicted_class, names, (), width, step, text)
    if network.smallest_wins:
        return "penalties", raw_outputs
    if network.stages[-1].activation in {Activation.SQUASH, Activation.TANH}:
        return "answers", raw_outputs
    probabilities = engine.probabilities(network, outputs)[0]
    texts = [_percent(probability) for probability in probabilities.tolist()]
    heading = "probabilities; the softmax of the outputs at the right"
    return heading, Bars(probabilities, texts, predicted_class, names, values, width, step, text, full_length=1.0)


def _percent(probability: float) -> str:
    return f"{100 * probability:.1f} %" if probability >= 0.001 or probability == 0 else "< 0.1 %"


def prediction_text(forward_pass: ForwardPass) -> str:
    """The answer, and the rule that decides it."""
    network, outputs, predicted_class = forward_pass.network, forward_pass.answer, forward_pass.predicted_class
    name, value = forward_pass.class_names[predicted_class], value_text(float(outputs[0, predicted_class]))
    if network.smallest_wins:
        return f"the smallest penalty wins: {name}, at {value}"
    if network.stages[-1].activation in {Activation.SQUASH, Activation.TANH}:
        return f"the largest output wins: {name}, with {value}"
    probability = float(engine.probabilities(network, outputs)[0, predicted_class])
    return f"the most probable wins: {name}, with {_percent(probability)}"
