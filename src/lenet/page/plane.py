"""Test digits as points of a plane: principal components of the last hidden stage's outputs for them."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.classes import DIGITS
from lenet.engine.forward import activations
from lenet.engine.reference import decide
from lenet.model import Model
from lenet.page.digits import unpack_test_digits

MAX_UNITS = 400  # of a stage that is projected: the axes of a larger one would be long in the page's document


def digit_plane(model: Model) -> dict[str, Any] | None:
    """The page's test digits on the plane of a network's last hidden stage, with their predictions.

    Args:
        model: any network; only of one that reads digits by a stage of 2 to 400 units before its outputs is there a
            plane.

    Returns:
        ``{"arrays": {name: {"shape", "start"}}, "values", "shares", "read"}``, or None. ``"values"`` holds the arrays
        one after the other, float32 in base64: ``mean`` (units), ``axes`` (2, units), which are unit vectors by falling
        variance with their largest entry positive, and ``places`` (digits, 2), the outputs less their mean along the
        axes. ``"shares"`` are those of all variance; ``"read"`` has a figure for each digit.
    """
    network = model.network
    if model.picture_kind.kind != "digits" or model.class_names != DIGITS or len(network.stages) < 2:
        return None
    if not 2 <= int(np.prod(network.output_shapes[-2])) <= MAX_UNITS:
        return None
    stages = activations(network, model.parameters, unpack_test_digits())
    names = list(stages)
    hidden = stages[names[names.index(network.stages[-1].name) - 1]]
    vectors = hidden.reshape(len(hidden), -1).astype(np.float64)
    if not np.isfinite(vectors).all():
        return None
    mean = vectors.mean(0)
    axes, shares = _principal_axes(vectors - mean)
    arrays = {"mean": mean, "axes": axes, "places": (vectors - mean) @ axes.T}
    index, values = pack(arrays)
    outputs = stages[names[-1]].reshape(len(hidden), -1)[:, list(model.class_outputs)]
    return {
        "arrays": index,
        "values": values,
        "shares": shares,
        "read": "".join(map(str, decide(network, outputs))),
    }


def pack(arrays: Mapping[str, NDArray[Any]]) -> tuple[dict[str, Any], str]:
    """The shape and the start of each array, and all of them one after the other, float32 in base64."""
    index, start = {}, 0
    for name, array in arrays.items():
        index[name] = {"shape": list(array.shape), "start": start}
        start += array.size
    return index, base64.b64encode(b"".join(array.astype("<f4").tobytes() for array in arrays.values())).decode()


def _principal_axes(centered: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[float]]:
    """The two directions of the largest variance, (2, units), and their shares of it."""
    variances, directions = np.linalg.eigh(centered.T @ centered)
    axes = directions[:, :-3:-1].T
    axes *= np.sign(np.take_along_axis(axes, np.abs(axes).argmax(1)[:, None], 1))
    total = variances.sum()
    return axes, [round(float(variance / total), 6) if total > 0 else 0.0 for variance in variances[:-3:-1]]
