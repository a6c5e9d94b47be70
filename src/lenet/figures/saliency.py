"""Saliency maps: occlusion, and gradient × input.

Both refer to the winning output, or to its negative penalty where the smallest penalty wins, so that a positive value
is always evidence for the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenet import engine
from lenet.architecture import Network
from lenet.engine import reference
from lenet.figures.folder import FigureFolder
from lenet.figures.page import MARGIN, UNBROKEN, heading, page_top
from lenet.figures.panels import Array, symmetric_range
from lenet.figures.sheet import Sheet, Theme, range_text
from lenet.figures.stages import ForwardPass, draw_input, prediction_text

_SIDE, _GAP = 2.6, 0.5


def draw_saliency(forward_pass: ForwardPass, folder: FigureFolder) -> list[Path]:
    """Draw `occlusion` and `gradient_times_input` beside the input.

    Returns:
        The paths of ``saliency_occlusion`` and ``saliency_gradient``.
    """
    network, arrays, values = forward_pass.network, forward_pass.arrays, forward_pass.values
    prediction = prediction_text(forward_pass)
    quantity = "the winning output" if not network.smallest_wins else "the negative of the winning penalty"
    side, paths = patch_side(network), []
    drawings = {
        "occlusion": (
            f"occlusion by a patch of {side}×{side}",
            f"{network.name}, {prediction}; how much {quantity} falls when a patch of background covers "
            "the pixels around",
            occlusion(network, arrays, values),
        ),
        "gradient": (
            "gradient × input",
            f"{network.name}, {prediction}; the slope of {quantity} by each pixel, times how far the pixel is from "
            "the background",
            gradient_times_input(network, arrays, values),
        ),
    }
    for name, (title, subtitle, saliency) in drawings.items():
        subtitle += f"; true minimum and maximum {range_text(saliency).replace(' ', UNBROKEN)}"
        sheet = _sheet(network, values, saliency, f"saliency · {title}", subtitle, folder.theme)
        paths.append(folder.save(sheet, f"saliency_{name}"))
    return paths


def patch_side(network: Network) -> int:
    """The side of the patch that covers pixels: an odd number, about a sixth of the picture.

    >>> from lenet.networks import describe
    >>> patch_side(describe("lenet-5")), patch_side(describe("lenet-1989"))
    (5, 3)
    """
    return max(3, max(network.input[1:]) // 12 * 2 + 1)


def occlusion(network: Network, arrays: Mapping[str, Array], inputs: Array, side: int = 0) -> NDArray[np.float32]:
    """Occlusion: the drop of the winning output when a patch of background covers each pixel and its neighbors.

    Args:
        network: the description.
        arrays: its weights.
        inputs: float32 (channels, height, width), or the same with one image in front.
        side: of the patch, an odd number; 0 stands for `patch_side`.

    Returns:
        float32 (height, width), one value for each place of the patch's middle; positive where the covered
        pixels are evidence for the answer. At the edges the part of the patch that lies on the picture counts.
    """
    image = np.asarray(inputs, np.float32).reshape(network.input)
    side, (_, height, width) = side or patch_side(network), image.shape
    covered = np.repeat(image[None], height * width + 1, axis=0)  # the last one stays as it is
    for pixel_index, (row, column) in enumerate(np.ndindex(height, width)):
        rows = slice(max(0, row - side // 2), row + side // 2 + 1)
        columns = slice(max(0, column - side // 2), column + side // 2 + 1)
        covered[pixel_index, :, rows, columns] = network.input_range[0]
    outputs = engine.forward(network, arrays, covered)
    scores = (-outputs if network.smallest_wins else outputs)[:, int(engine.decide(network, outputs[-1:])[0])]
    return np.asarray(scores[-1] - scores[:-1], np.float32).reshape(height, width)


def gradient_times_input(network: Network, arrays: Mapping[str, Array], inputs: Array) -> NDArray[np.float32]:
    """Gradient × input: the winning output's derivative by each pixel, times the pixel's distance from the background.

    To first order that is how much the output falls when the pixel becomes background, which is then no part of any
    answer; for networks whose background is 0 it is gradient × input as usually defined. The slope is exact: see
    `input_gradient`.

    Args:
        network: the description.
        arrays: its weights.
        inputs: float32 (channels, height, width), or the same with one image in front.

    Returns:
        float32 (height, width), summed over the channels; positive where a pixel is evidence for the answer.
    """
    image = np.asarray(inputs, np.float32).reshape(1, *network.input)
    predicted_class = int(engine.decide(network, engine.forward(network, arrays, image))[0])
    grads = input_gradient(network, arrays, image, predicted_class) * (-1 if network.smallest_wins else 1)
    return np.asarray((grads * (image[0] - network.input_range[0])).sum(axis=0), np.float32)


def input_gradient(network: Network, arrays: Mapping[str, Array], inputs: Array, output: int) -> NDArray[np.float64]:
    """The derivative of one output with respect to every pixel of one input, exact, in float64.

    Args:
        network: the description.
        arrays: its weights.
        inputs: float32 (1, channels, height, width).
        output: the number of the output; of a network whose smallest penalty wins, of the penalty.

    Returns:
        float64 (channels, height, width), by `reference.backward`.
    """
    recorded = reference.activations(network, arrays, inputs, np.float64)
    one_hot = np.arange(network.classes)[None] == output
    return np.asarray(reference.backward(network, arrays, recorded, one_hot)[1][0], np.float64)


def _sheet(
    network: Network, values: Array, saliency: NDArray[np.float32], title: str, subtitle: str, theme: Theme
) -> Sheet:
    height = _SIDE * saliency.shape[0] / saliency.shape[1]
    width = 2 * MARGIN + 2 * _SIDE + _GAP
    top = page_top(subtitle, width)
    sheet = Sheet(width, top + height + 0.75, theme)
    heading(sheet, title, subtitle)
    draw_input(sheet, network, values, MARGIN, top, _SIDE)
    sheet.text(MARGIN, top + height + 0.2, "input", 9, bold=True)
    sheet.text(MARGIN + _SIDE, top + height + 0.2, range_text(values), 9, theme.muted, "right")
    left, value_range = MARGIN + _SIDE + _GAP, symmetric_range(saliency)
    sheet.picture(saliency, left, top, _SIDE, height, theme.signed, value_range)
    if len(values) == 1:
        sheet.outline(values[0], left, top, _SIDE, height, sum(network.input_range) / 2, theme.muted)
    sheet.text(left, top + height + 0.2, "orange for the answer, blue against it", 9, bold=True)
    sheet.scale(left, top + height + 0.3, _SIDE, theme.signed, value_range)
    return sheet
