"""The weights a network starts from: the rules of the papers, of the authors' later code, and of PyTorch.

Every rule draws a weight uniformly from ±bound, where the bound falls with the fan-in F of the unit that the
weight belongs to: the inputs that reach it, its bias not counted. F goes by output map, because a table gives
each map its own: 75, 100 or 150 in C3 of LeNet-5. The coefficients of sub-sampling all start at the bound of
their F = 4; F for F6 is 120.

- ``"sqrt"``: ±1.2/√F, coefficients 0.6, biases 0; the default for squash and tanh. Printed nowhere: of the
  rules tried, the one whose first-pass step sizes come out in the range that [LeCun98, III-B] reports.
- ``"sqrt-biases"``: the same with biases drawn like weights, ±1.2/√F of their unit, as weights of connections from a
  unit that is always on, which is how [LeCun89] and [LeCun90] count them.
- ``"lush"``: ±1/√F, coefficients 0.5, biases 0; the authors' later code (Lush, LeNet-5 demo).
- ``"paper"``: ±2.4/F, coefficients 0.6, biases 0, as printed in [LeCun89] and [LeCun98, appendix A]. With the
  step sizes printed in the same paper LeNet-5 does not learn from it: F6 saturates within 2,000 patterns and
  the error rate stays near 90 %. It is here to be studied.
- ``"pytorch"``: ±1/√F for weights and biases, as PyTorch starts its own layers, coefficients 0.5; the default
  for all other networks.

Neither paper says how biases and coefficients start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Activation, Convolution, FullConnection, Layer, Network, Shape, Subsampling
from lenet.errors import UnknownName


@dataclass(frozen=True)
class Rule:
    """Weights in ±width / F^(1/root), coefficients at that bound, biases 0 or drawn like the weights."""

    width: float
    root: int
    random_biases: bool = False

    def bound(self, fan_in: NDArray[np.int64]) -> NDArray[np.float64]:
        """The largest weight at each fan-in."""
        return np.asarray(self.width / fan_in ** (1 / self.root))


RULES = {
    "sqrt": Rule(1.2, 2),
    "sqrt-biases": Rule(1.2, 2, random_biases=True),
    "lush": Rule(1.0, 2),
    "paper": Rule(2.4, 1),
    "pytorch": Rule(1.0, 2, random_biases=True),
}


def default_rule(network: Network) -> str:
    """The rule a network starts from unless told otherwise: ``"sqrt"`` for squash and tanh, else ``"pytorch"``."""
    saturating = {Activation.SQUASH, Activation.TANH}
    return "sqrt" if any(stage.activation in saturating for stage in network.stages) else "pytorch"


def initial_weights(network: Network, rule: str | None = None, seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Weights to start training from.

    Args:
        network: the description.
        rule: one of `RULES`; None takes `default_rule`.
        seed: the same seed gives the same weights.

    Returns:
        float32 arrays, named and shaped as ``network.parameter_shapes()`` says.

    Raises:
        UnknownName: if there is no such rule.

    >>> from lenet.networks import describe
    >>> weights = initial_weights(describe("lenet-5"), "paper", seed=1)
    >>> weights["s2.coefficient"]
    array([0.6, 0.6, 0.6, 0.6, 0.6, 0.6], dtype=float32)
    >>> bool(abs(weights["f6.weight"]).max() <= 2.4 / 120)
    True
    """
    name = default_rule(network) if rule is None else rule
    if name not in RULES:
        raise UnknownName("initialization", name, RULES)
    rng, rule_of_name = np.random.default_rng(seed), RULES[name]
    return {
        f"{stage.name}.{array}": _draw(rule_of_name, array, shape, fan_in(stage.layer, input_shape), stage.layer, rng)
        for stage, input_shape, _ in network.stages_with_shapes
        for array, shape in stage.layer.parameter_shapes(input_shape).items()
    }


def fan_in(layer: Layer, input_shape: Shape) -> NDArray[np.int64]:
    """The number of inputs that reach a unit of each output map, biases not counted; (maps,).

    >>> from lenet.networks import describe
    >>> lenet_5 = describe("lenet-5")
    >>> fan_in(lenet_5.stages[2].layer, lenet_5.input_shapes[2])
    array([ 75,  75,  75,  75,  75,  75, 100, 100, 100, 100, 100, 100, 100,
           100, 100, 150])
    """
    maps, height, width = input_shape
    match layer:
        case Convolution():
            inputs_per_map = [len(row) for row in layer.connected_maps(maps)]
            return np.array(inputs_per_map, np.int64) * layer.kernel_size**2
        case Subsampling():
            return np.full(maps * layer.copies, layer.size**2, np.int64)
        case FullConnection():
            return np.full(layer.units, maps * height * width, np.int64)
        case _:
            return np.empty(0, np.int64)  # nothing trainable


def _draw(
    rule: Rule,
    array: str,
    shape: tuple[int, ...],
    fan_in_by_map: NDArray[np.int64],
    layer: Layer,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    bounds = rule.bound(fan_in_by_map)
    if array == "weight" and isinstance(layer, Convolution) and layer.table is not None:
        bounds = np.repeat(bounds, [len(row) for row in layer.table])  # one a kernel
    bounds = bounds.reshape(-1, *(1,) * (len(shape) - 1))
    if array == "coefficient":
        return bounds.astype(np.float32)
    if array == "bias" and not rule.random_biases:
        return np.zeros(shape, np.float32)
    return (rng.uniform(-1, 1, shape) * bounds).astype(np.float32)
