"""Conversion of connection tables to dense kernels: for formats without tables, zeros stand where no kernel is."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Convolution, Network


def dense_kernels(layer: Convolution, weight: NDArray[Any], in_maps: int) -> NDArray[Any]:
    """A convolution's weights as (maps, in_maps, side, side)."""
    kernels = np.zeros((layer.maps, in_maps, layer.kernel_size, layer.kernel_size), weight.dtype)
    pairs = [(out, in_map) for out, row in enumerate(layer.connected_maps(in_maps)) for in_map in row]
    kernels[tuple(np.array(pairs).T)] = weight.reshape(-1, layer.kernel_size, layer.kernel_size)
    return kernels


def without_tables(
    network: Network, arrays: Mapping[str, NDArray[np.float32]]
) -> tuple[Network, dict[str, NDArray[np.float32]]]:
    """The network that computes the same with every map connected to every map, and its parameters."""
    stages, dense = [], dict(arrays)
    for stage, input_shape in zip(network.stages, network.input_shapes, strict=True):
        if isinstance(stage.layer, Convolution):
            name = f"{stage.name}.weight"
            dense[name] = dense_kernels(stage.layer, arrays[name], input_shape[0])
            stage = replace(stage, layer=replace(stage.layer, table=None))
        stages.append(stage)
    return replace(network, stages=tuple(stages)), dense
