"""Replicas: many networks of one description, trained at once, one update after each picture.

A batch of one cannot fill a vector with images: each lane holds a network instead, with separate initial weights, and
its results are bit for bit those of training it alone. All are trained on the same pictures, or each on its own.
Updates are those of stochastic diagonal Levenberg-Marquardt, ``w -= eta / (mu + h) * dE/dw`` [LeCun98, eq. 18 and 21],
with h by back-propagated second derivatives [LeCun98, eq. 23 to 27].
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Activation, Convolution, EuclideanRbf, Network, Subsampling
from lenet.engine.native import (
    Engine,
    checked_arrays,
    checked_batches,
    choose_instructions,
    instruction_sets,
    usable_cores,
)
from lenet.errors import EngineError, UnknownName
from lenet.preprocess import GrayLevels

try:
    from lenet.engine import _native
    from lenet.engine.program import compile_program
except ImportError:  # `choose_instructions` says why
    pass

Array = NDArray[np.float32]

LOSSES = ("penalty", "map", "sum-squared-error", "cross-entropy")
EQUAL_BITS = {"avx512": "x86 vectors", "avx2": "x86 vectors", "neon": "neon", "baseline": "baseline"}
"""Replicas of instruction sets with the same value give the same bits."""
_MAX_COPIES = 8
_WIDE_COST = 1.6  # time of a group of sixteen relative to one of eight
_MAX_ROW = 160


class Replicas:
    """R networks of one description, trained at once.

    Args:
        network: the description: convolutions, sub-sampling, pooling, full connections and a Euclidean RBF in any order
            that the native engine runs, with any activation but log_softmax.
        arrays: the weights of each replica, named and shaped as ``network.parameter_shapes()`` says; they are copied.
        loss: ``"penalty"`` [LeCun98, eq. 8] or ``"map"`` (eq. 9) of Euclidean RBF outputs; ``"sum-squared-error"``:
            the squared distance, summed over the outputs, to +1 for the correct class and -1 for the others; or
            ``"cross-entropy"`` of logits.
        j: of ``"map"``, in units of the penalties as ``halved`` makes them.
        halved: penalties and squared distances count half, in the loss and in the second derivatives that h starts
            from: these are 1 then, else 2. Cross-entropy is never halved, and starts from 1.
        threads: they share groups of as many replicas as a vector has lanes; None takes all usable cores. Their number
            changes no bit, and more threads than groups are of no use.
        instructions: one of `native.instruction_sets`; None takes what LENET_ENGINE names, or the fastest: sixteen
            replicas are one group for AVX-512, but two for AVX2, which two threads share. These two give the same bits;
            others do not.

    Raises:
        EngineError: if the engine was not built, or cannot run a stage or learn by this loss.
        UnknownName: if there is no such loss.

    >>> from lenet.initialization import initial_weights
    >>> from lenet.networks import describe
    >>> network = describe("lenet-1")
    >>> arrays = [initial_weights(network, seed=seed) for seed in (1, 2)]
    >>> twins = Replicas(network, arrays, loss="sum-squared-error", j=0.0, halved=True)
    >>> pictures, labels = np.zeros((5, 28, 28), np.uint8), np.arange(5)
    >>> h = twins.curvatures(pictures, labels)
    >>> h["h1.weight"].shape
    (2, 4, 1, 5, 5)
    >>> twins.learn(pictures, labels, np.arange(5), eta=0.0005, mu=0.02)["errors"].shape
    (2,)

    Separate pictures for each, here the second in the opposite order:

    >>> order = np.stack([np.arange(5), np.arange(5)[::-1]], axis=1)
    >>> twins.learn(pictures, labels, order, eta=0.0005, mu=0.02)["errors"].shape
    (2,)
    """

    def __init__(
        self,
        network: Network,
        arrays: Sequence[Mapping[str, Array]],
        *,
        loss: str,
        j: float,
        halved: bool,
        threads: int | None = None,
        instructions: str | None = None,
    ) -> None:
        self.network = network
        self.instructions = self._inference_instructions = choose_instructions(instructions)
        self.threads = usable_cores() if threads is None else threads
        if self.threads < 1:
            raise EngineError(f"threads is {threads}, expected at least 1")
        if not arrays:
            raise EngineError("no replicas: expected the weights of at least one")
        check_learnable(network, loss)
        if instructions is None and "LENET_ENGINE" not in os.environ:
            self.instructions = _fastest_instructions(self.instructions, len(arrays), self.threads)
        self._layout = compile_program(network, replicas=True)
        objective = _native.ReplicaObjective(
            getattr(_native.ReplicaLoss, loss.replace("-", "_")), 0.5 if halved else 1.0, j
        )
        self._native = _native.Replicas(self._layout.native, objective, self.instructions, len(arrays), self.threads)
        self._weights = [self._native.weights(group) for group in range(self._native.groups)]
        self._curvatures = [self._native.curvatures(group) for group in range(self._native.groups)]
        self.replicas, self._lanes = len(arrays), self._native.lanes
        self._has_curvatures = False
        for replica, weights in enumerate(arrays):
            self.load(replica, weights)

    def arrays(self, replica: int) -> dict[str, Array]:
        """The weights of one replica as they are now; copies."""
        return self._layout.unpack(self._column(self._weights, replica))

    def load(self, replica: int, arrays: Mapping[str, Array]) -> None:
        """Set the weights of one replica; they are copied.

        Raises:
            EngineError: if they are not shaped as the network's.
        """
        self._write_column(self._weights, replica, checked_arrays(self.network, arrays))

    def curvatures(
        self, images: GrayLevels, labels: NDArray[Any], order: NDArray[np.int64] | None = None
    ) -> dict[str, Array]:
        """Estimate h anew, for every parameter of every replica, and keep it for `learn`.

        Args:
            images: uint8 gray levels (P, H, W), at the network's size.
            labels: (P,), checked; none of the losses' second derivatives depends on them.
            order: as `learn` takes it; None takes all pictures, one after the other.

        Returns:
            by name, (R, ...): the means of [LeCun98, eq. 23 to 27] over the n pictures; never negative.

        Raises:
            ValueError: if pictures and labels are not those of the network, or the order is not one of theirs.
        """
        pictures, classes, rows = self._checked_batches(
            images, labels, np.arange(len(images)) if order is None else order
        )
        if not len(rows):
            raise ValueError("second derivatives need at least one picture")
        self._native.estimate(pictures, classes, rows)
        self._has_curvatures = True
        return self._stack_replicas(self._curvatures)

    def learn(
        self, images: GrayLevels, labels: NDArray[Any], order: NDArray[np.int64], eta: float, mu: float
    ) -> dict[str, NDArray[Any]]:
        """Take one update of every replica after each picture.

        Args:
            images: uint8 gray levels (P, H, W), at the network's size.
            labels: (P,), 0 to classes - 1.
            order: the rows of the pictures in training order: (n,) for all replicas, or (n, R) with a column for each.
            eta: the global rate.
            mu: keeps rates finite where h vanishes.

        Returns:
            ``loss``: float64 (R,), the mean over the n updates, each measured before it; ``errors``: int64
            (R,), how many of them were misclassified.

        Raises:
            EngineError: if there are no second derivatives yet.
            ValueError: as `curvatures`.
        """
        if not self._has_curvatures:
            raise EngineError("replicas cannot learn before their curvatures are estimated")
        pictures, classes, rows = self._checked_batches(images, labels, order)
        lane_count = len(self._weights) * self._lanes
        losses, errors = np.zeros(lane_count, np.float64), np.zeros(lane_count, np.int64)
        self._native.learn(pictures, classes, rows, eta, mu, losses, errors)
        return {"loss": losses[: self.replicas] / max(1, len(rows)), "errors": errors[: self.replicas]}

    def predict(self, images: GrayLevels) -> Array:
        """The outputs of every replica by `Engine.predict`, float32 (R, N, classes)."""
        outputs = np.empty((self.replicas, len(images), self.network.classes), np.float32)
        for replica in range(self.replicas):
            engine = Engine(
                self.network, self.arrays(replica), threads=self.threads, instructions=self._inference_instructions
            )
            outputs[replica] = engine.predict(images)
        return outputs

    def state(self) -> dict[str, Array]:
        """The state of training: ``weights.NAME`` and ``curvatures.NAME``, (R, ...) each."""
        state = {f"weights.{name}": array for name, array in self._stack_replicas(self._weights).items()}
        if self._has_curvatures:
            state |= {f"curvatures.{name}": array for name, array in self._stack_replicas(self._curvatures).items()}
        return state

    def restore(self, state: Mapping[str, Array]) -> None:
        """Restore a `state`.

        Raises:
            EngineError: if it belongs to another network, or to another number of replicas.
        """
        has_curvatures = any(name.startswith("curvatures.") for name in state)
        kinds = {"weights": self._weights} | ({"curvatures": self._curvatures} if has_curvatures else {})
        for kind in kinds:
            for name, shape in self.network.parameter_shapes().items():
                array = state.get(f"{kind}.{name}")
                if array is None or array.shape != (self.replicas, *shape) or array.dtype != np.float32:
                    raise EngineError(f"the state kept does not fit {self.replicas} replicas of {self.network.name}")
        for kind, memory in kinds.items():
            for replica in range(self.replicas):
                column = {name: state[f"{kind}.{name}"][replica] for name in self._layout.slices}
                self._write_column(memory, replica, column)
        self._has_curvatures = has_curvatures

    def _checked_batches(
        self, images: GrayLevels, labels: NDArray[Any], order: NDArray[np.int64]
    ) -> tuple[GrayLevels, NDArray[np.int64], NDArray[np.int64]]:
        """Pictures, labels, and the order as columns: one for all replicas, or one for each."""
        shape = np.shape(order)
        if len(shape) != 1 and shape[1:] != (self.replicas,):
            raise ValueError(
                f"the order is shaped {shape}, expected (n,) or (n, {self.replicas}), a column for each replica"
            )
        pictures, classes, rows = checked_batches(self.network, images, labels, order)
        return pictures, classes, rows[:, None] if rows.ndim == 1 else rows

    def _stack_replicas(self, memory: list[Array]) -> dict[str, Array]:
        replica_arrays = [self._layout.unpack(self._column(memory, replica)) for replica in range(self.replicas)]
        return {name: np.stack([arrays[name] for arrays in replica_arrays]) for name in self._layout.slices}

    def _column(self, memory: list[Array], replica: int) -> Array:
        group, lane = self._slot(replica)
        return np.ascontiguousarray(memory[group][:, lane])

    def _write_column(self, memory: list[Array], replica: int, arrays: Mapping[str, Array]) -> None:
        group, lane = self._slot(replica)
        column = np.empty(self._layout.size, np.float32)
        self._layout.pack(arrays, column)
        memory[group][:, lane] = column

    def _slot(self, replica: int) -> tuple[int, int]:
        if not 0 <= replica < self.replicas:
            raise EngineError(f"replica is {replica}, expected 0 to {self.replicas - 1}")
        return replica // self._lanes, replica % self._lanes


def _fastest_instructions(widest: str, replicas: int, threads: int) -> str:
    """Choose AVX2 instead of AVX-512 where that puts more threads to work, or leaves fewer lanes idle."""
    if widest != "avx512" or "avx2" not in instruction_sets():
        return widest
    wide_groups, narrow_groups = (-(-replicas // (lanes * threads)) for lanes in (16, 8))  # groups per thread
    return "avx2" if narrow_groups < _WIDE_COST * wide_groups else widest


def check_learnable(network: Network, loss: str) -> None:
    """Raise EngineError unless replicas of this network learn by this loss; UnknownName if there is no such loss."""
    if loss not in LOSSES:
        raise UnknownName("loss", loss, LOSSES)
    layers = [stage.layer for stage in network.stages]
    if (loss in ("penalty", "map")) != isinstance(layers[-1], EuclideanRbf):
        outputs = "Euclidean RBF outputs" if loss in ("penalty", "map") else "other outputs than a Euclidean RBF"
        raise EngineError(f"{network.name}: replicas learn by {loss} from {outputs} only")
    if any(isinstance(layer, EuclideanRbf) for layer in (layers[0], *layers[:-1])):
        raise EngineError(f"{network.name}: replicas take a Euclidean RBF at the end only, after a stage that learns")
    for stage, input_shape, _ in network.stages_with_shapes:
        layer = stage.layer
        if stage.activation is Activation.LOG_SOFTMAX:
            raise EngineError(f"{network.name}: replicas learn from logits, not from log_softmax; use cross-entropy")
        if isinstance(layer, Subsampling) and layer.copies > _MAX_COPIES:
            raise EngineError(f"{network.name}: {stage.name} makes {layer.copies} copies, replicas up to {_MAX_COPIES}")
        if isinstance(layer, Convolution) and input_shape[2] + 2 * layer.padding > _MAX_ROW:
            raise EngineError(f"{network.name}: {stage.name} receives wider rows than the {_MAX_ROW} of replicas")
