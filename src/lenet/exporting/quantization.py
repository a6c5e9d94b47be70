"""Post-training quantization: 8-bit weights and inputs of every convolution and full connection.

A real number is scale × (level − zero point). Weights have one scale for each output map or unit and zero point 0, in
-127 to 127; the inputs of a stage have one scale and zero point, measured on pictures, in 0 to 255. Sums, biases and
everything between two such stages stay exact [Jacob18].
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Convolution, FullConnection, Network, Shape, Stage
from lenet.engine import Forward, reference
from lenet.preprocess import GrayLevels, network_inputs

Array = NDArray[np.float32]

MAX_WEIGHT = 127
_MAX_BIAS = 2**30  # of a bias in units of the products: its sum with them shall fit 32 bits


@dataclass(frozen=True, eq=False)
class QuantizedStage:
    """One convolution or full connection in 8 bits.

    Attributes:
        scale, zero_point: of its inputs, 0 to 255.
        weight: int8, shaped as the parameter.
        weight_scales: float32 (maps,), of each output map or unit.
    """

    scale: float
    zero_point: int
    weight: NDArray[np.int8]
    weight_scales: Array

    def levels(self, values: Array | float) -> NDArray[np.uint8]:
        """Real numbers as levels, to the nearest, ties to even; beyond the range its end."""
        levels = np.rint(np.asarray(values, np.float32) / np.float32(self.scale)) + np.float32(self.zero_point)
        return np.asarray(np.clip(levels, 0, 255), np.uint8)

    def values(self, levels: NDArray[np.uint8]) -> Array:
        """Levels as real numbers."""
        return np.asarray((levels.astype(np.float32) - self.zero_point) * np.float32(self.scale), np.float32)


Quantization = Mapping[str, QuantizedStage]
"""By the stage's name."""


def quantize(
    network: Network, arrays: Mapping[str, Array], pictures: GrayLevels, max_weight: int = MAX_WEIGHT
) -> Quantization:
    """Choose scales and round the weights.

    Args:
        network, arrays: what is quantized.
        pictures: uint8 that `preprocess.fit_to_input` takes; of what the network was trained on. The smallest and the
            largest input of each stage on them is its range.
        max_weight: the largest weight; with 63 the sum of two products fits 16 bits, as AVX2 multiplies.
    """
    activations = Forward(network, arrays).activations(pictures)
    quantization, inputs = {}, activations["input"]
    for stage, shape, _ in network.stages_with_shapes:
        if isinstance(stage.layer, Convolution | FullConnection):
            padding_value = (
                stage.layer.padding_value if isinstance(stage.layer, Convolution) and stage.layer.padding else 0
            )
            low, high = min(float(inputs.min()), padding_value, 0), max(float(inputs.max()), padding_value, 0)
            scale, zero_point = _scale(low, high)
            weight, bias = arrays[f"{stage.name}.weight"], arrays[f"{stage.name}.bias"]
            rows = rows_of_weights(stage, shape)
            max_weights = np.zeros(len(bias), np.float32)
            np.maximum.at(max_weights, rows, np.abs(weight.reshape(len(rows), -1)).max(axis=1))
            # A map whose weights are next to nothing beside its bias.
            min_scales = np.abs(bias.reshape(len(bias), -1)).max(axis=1) / (scale * _MAX_BIAS)
            scales = np.maximum(max_weights / max_weight, min_scales).astype(np.float32)
            scales[scales == 0] = 1
            weight_scales = scales[rows].reshape(-1, *(1,) * (weight.ndim - 1))
            quantized = np.clip(np.rint(weight / weight_scales), -max_weight, max_weight).astype(np.int8)
            quantization[stage.name] = QuantizedStage(scale, zero_point, quantized, scales)
        inputs = activations.get(f"{stage.name}_{stage.activation}", activations[stage.name])
    return quantization


def _scale(low: float, high: float) -> tuple[float, int]:
    """The finest scale, with its zero point, whose levels of 0 to 255 reach from ``low`` <= 0 to ``high`` >= 0.

    >>> _scale(0.0, 255.0), _scale(-1.0, 1.0) == (float(np.float32(1 / 127)), 128)
    ((1.0, 0), True)
    """
    if low == high:
        return 1.0, 0
    zero_point = round(-low * 255 / (high - low))
    low_scale = -low / zero_point if zero_point else 0.0
    high_scale = high / (255 - zero_point) if zero_point < 255 else 0.0
    return float(np.float32(max(low_scale, high_scale))), zero_point


def rows_of_weights(stage: Stage, inputs: Shape) -> NDArray[np.int64]:
    """The output map or unit of each entry of the first dimension of a stage's weights."""
    layer = stage.layer
    if isinstance(layer, Convolution) and layer.table is not None:
        return np.repeat(np.arange(layer.maps), list(map(len, layer.table)))
    return np.arange(layer.output_shape(inputs)[0])


def quantized_forward(
    network: Network, arrays: Mapping[str, Array], quantization: Quantization, pictures: GrayLevels
) -> Array:
    """The outputs of the quantized network, float32 (N, classes), in plain NumPy: what the exported files compute."""
    maps: Array = network_inputs(pictures, network.input, network.input_range)
    for stage, shape, _ in network.stages_with_shapes:
        quantized_stage, parameters = stage, dict(arrays)
        if (quantized := quantization.get(stage.name)) is not None:
            maps = quantized.values(quantized.levels(maps))
            scales = quantized.weight_scales[rows_of_weights(stage, shape)]
            parameters[f"{stage.name}.weight"] = quantized.weight * scales.reshape(
                -1, *(1,) * (quantized.weight.ndim - 1)
            )
            if isinstance(stage.layer, Convolution) and stage.layer.padding:
                padding_value = float(quantized.values(quantized.levels(stage.layer.padding_value)))
                quantized_stage = replace(stage, layer=replace(stage.layer, padding_value=padding_value))
        outputs = reference.activations(Network(stage.name, shape, (quantized_stage,)), parameters, maps)
        maps = list(outputs.values())[-1]
    return maps.reshape(len(maps), -1)
