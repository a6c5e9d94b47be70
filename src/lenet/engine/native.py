"""Binding of the C++ engine, which trains and runs networks.

Pictures are uint8 gray levels at the network's size, converted to network inputs while they are loaded, one picture in
each lane of a vector. `docs/performance.md` explains the speed; the code is in ``native/``.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.engine.state import check_state, updates_of
from lenet.errors import ArchitectureError, EngineError, UnknownName
from lenet.preprocess import SIDE, GrayLevels, network_inputs

_native: Any = None
try:
    from lenet.engine import _native
    from lenet.engine.program import compile_program
except ImportError as error:
    _missing = f"does not load ({error})" if find_spec("lenet.engine._native") else "was not built"

Array = NDArray[np.float32]

_LOSSES = ("cross-entropy", "nll", "map", "penalty", "mean-squared-error")
_MAX_DISTORTED = 64  # rows and columns


def instruction_sets() -> list[str]:
    """The instruction sets that the engine was compiled for and this processor has, best first; none if not built."""
    return list(_native.instruction_sets()) if _native else []


def precisions() -> tuple[str, ...]:
    """The precisions that `Engine` can read in here: ``"float32"``, and ``"bfloat16"`` where there is a matrix unit."""
    return ("float32", "bfloat16") if _native and _native.has_matrix_unit() else ("float32",)


def usable_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def peak_flops(threads: int | None = None, seconds: float = 0.2, instructions: str | None = None) -> float:
    """The rate of fused multiply-adds between registers alone, of all threads together, in FLOP/s.

    Raises:
        EngineError: as `Engine`.
    """
    instruction_set = choose_instructions(instructions)
    return float(_native.peak(threads or usable_cores(), seconds, instruction_set))


def normalize(crops: Sequence[Array], thicken: float = 0.0) -> tuple[GrayLevels, NDArray[np.bool_]]:
    """Normalize digits as `lenet.reading.normalization` does by OpenCV, rounding for rounding.

    Args:
        crops: float32 (H, W) each, one digit and nothing else.
        thicken: as `lenet.reading.normalization.normalize` takes it.

    Returns:
        uint8 (N, 28, 28), and whether each had ink to speak of; where it had none the picture has no meaning.

    Raises:
        EngineError: if the engine was not built.
    """
    choose_instructions(None)
    rows = [np.asarray(crop, np.float32) for crop in crops]
    rows = [crop if crop.strides[1] == crop.itemsize else np.ascontiguousarray(crop) for crop in rows]
    pictures, have_ink = np.empty((len(rows), SIDE, SIDE), np.uint8), np.empty(len(rows), np.bool_)
    _native.normalize(rows, thicken, pictures, have_ink)
    return pictures, have_ink


def reduce_colors(colors: NDArray[np.uint8], halvings: int, size: tuple[int, int]) -> NDArray[np.uint8] | None:
    """Reduce a picture by area as OpenCV does, rounding for rounding.

    Args:
        colors: uint8 (H, W, 3); both sides are multiples of ``2 ** halvings``.
        halvings: how many times both sides are halved first.
        size: (height, width) of the result, no larger than what the halvings leave.

    Returns:
        uint8 (height, width, 3). None if the sides that the halvings leave are whole multiples of the result's, which
        OpenCV reduces in another way; or if the engine was not built.
    """
    if _native is None:
        return None
    if colors.strides[1:] != (3, 1) or colors.strides[0] < 0:
        colors = np.ascontiguousarray(colors)
    reduced = np.empty((*size, 3), np.uint8)
    return reduced if _native.reduce_colors(colors, halvings, reduced) else None


def measure_darkness(
    levels: GrayLevels,
    nearby: GrayLevels,
    expected: GrayLevels,
    minimum: GrayLevels | None,
    gain: Array,
    darkness: Array | None,
) -> Array:
    """Measure how much darker a channel is than its paper, as `lenet.reading.foreground.ink` measures it by OpenCV.

    Args:
        levels: uint8 (h, w), the channel.
        nearby: uint8 (h, w), the channel without strokes where light changes abruptly; the channel where it does not.
        expected: uint8 (h, w), the light of the paper.
        minimum: uint8 (h, w), the least light close by, or None.
        gain: float32 (h, w), what a lack of levels is multiplied by.
        darkness: float32 (h, w), that of other channels, which is changed; None if this is the first.

    Returns:
        float32 (h, w), the maximum of this channel's and the others' darkness.
    """
    arrays = [array for array in (levels, nearby, expected, minimum, gain, darkness) if array is not None]
    if any(array.shape != levels.shape for array in arrays):
        raise ValueError(f"arrays of {', '.join(str(array.shape) for array in arrays)}: expected one shape")
    is_first = darkness is None
    darkness = np.empty(levels.shape, np.float32) if darkness is None else darkness
    _native.measure_darkness(levels, nearby, expected, minimum, gain, is_first, darkness)
    return darkness


def quantize_darkness(darkness: Array) -> tuple[GrayLevels, NDArray[np.int64]]:
    """Darkness, float32 (h, w), from -0.1 to 1 as uint8 (h, w), and how many pixels have each of the 256 levels."""
    quantized, counts = np.empty(darkness.shape, np.uint8), np.empty(256, np.int64)
    _native.quantize_darkness(darkness, quantized, counts)
    return quantized, counts


def propose_cuts(
    mask: NDArray[np.bool_], digit_height: float, slants: Sequence[float]
) -> list[tuple[float, tuple[float, float]]]:
    """Find where touching digits may be cut as `lenet.reading.lines.cuts` does by OpenCV, rounding for rounding.

    Args:
        mask: bool (h, w), the ink of a component.
        digit_height: of its line, in pixels.
        slants: columns that strokes may lean to the right for each row up.

    Returns:
        The cost of each cut, and its columns at the top row and at the bottom row, in no order.

    Raises:
        EngineError: if the engine was not built.
    """
    choose_instructions(None)
    cuts = _native.propose_cuts(np.ascontiguousarray(mask).view(np.uint8), digit_height, list(slants))
    return [(cost, (top, bottom)) for cost, top, bottom in cuts]


@dataclass(frozen=True)
class UpdateHyperparameters:
    """Hyperparameters of the updates, as `lenet.training.recipes.Recipe` defines them."""

    batch: int = 64
    loss: str = "cross-entropy"
    label_smoothing: float = 0.0
    j: float = 20.0
    optimizer: str = "sgd"
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 0.0
    ema: float = 0.0

    def __post_init__(self) -> None:
        for kind, value, known in (
            ("loss", self.loss, _LOSSES),
            ("optimizer", self.optimizer, ("sgd", "adamw")),
        ):
            if value not in known:
                raise UnknownName(kind, value, known)
        if self.batch < 1:
            raise EngineError(f"batch is {self.batch}, expected at least 1")


@dataclass(frozen=True)
class Augmentation:
    """Augmentation of examples while they are loaded: distorted, then mirrored, then shifted.

    Attributes:
        shifts: int8 (examples, 2): rows down, columns to the right; one row for each entry of ``order``.
        mirrored: bool (examples,): whether left becomes right.
        distortions: the limits of random distortions, as `lenet.data.distortions.Distortions` has them.
        seed, epoch: with the row number of a picture they seed its distortion.
    """

    shifts: NDArray[np.int8] | None = None
    mirrored: NDArray[np.bool_] | None = None
    distortions: Any = None
    seed: int = 0
    epoch: int = 0


class Engine:
    """A network and its weights, compiled for this processor.

    Args:
        network: the description.
        weights: named and shaped as ``network.parameter_shapes()`` says; they are copied.
        threads: None takes the cores that this process may use. The same number gives the same bits; but a few images
            at once run through other kernels than many, and may differ in the last bits.
        instructions: one of `instruction_sets`; None takes the best, or what LENET_ENGINE names.
        precision: ``"float32"``, or ``"bfloat16"``: `predict` then multiplies numbers of 8 bits of precision, and sums
            in float32, on the processor's matrix unit (AMX), in the stages that fit it. Other stages, small batches and
            training stay float32.

    Raises:
        EngineError: if the engine was not built, the instruction set is not available, or a stage cannot be run.

    >>> from lenet.initialization import initial_weights
    >>> from lenet.networks import describe
    >>> network = describe("lenet-5")
    >>> engine = Engine(network, initial_weights(network))
    >>> engine.predict(np.zeros((3, 32, 32), np.uint8)).shape
    (3, 10)
    """

    def __init__(
        self,
        network: Network,
        weights: Mapping[str, Array],
        *,
        threads: int | None = None,
        instructions: str | None = None,
        precision: str = "float32",
    ) -> None:
        self.network = network
        self.instructions = choose_instructions(instructions)
        self.precision = precision
        if precision not in precisions():
            raise EngineError(f"this processor cannot read in {precision!r}; expected one of {', '.join(precisions())}")
        self.threads = usable_cores() if threads is None else threads
        if self.threads < 1:
            raise EngineError(f"threads is {threads}, expected at least 1")
        self._layout = compile_program(network)
        kernels = self.instructions if precision == "float32" else "amx"
        self._native = _native.Engine(self._layout.native, kernels, self.threads)
        self._layout.pack(checked_arrays(network, weights), self._native.parameters)
        self._has_average = False

    def predict(self, images: GrayLevels | Array) -> Array:
        """The network's outputs.

        Args:
            images: uint8 gray levels (N, H, W) or (N, C, H, W), or float32 network inputs (N, C, H, W).

        Returns:
            float32 (N, classes), as `reference.forward` gives them.

        Raises:
            ArchitectureError: if network inputs have another shape than the network takes.
        """
        pictures = self._pictures(images)
        outputs = np.empty((len(pictures), self.network.classes), np.float32)
        if len(pictures):
            predict = self._native.predict_gray if pictures.dtype == np.uint8 else self._native.predict_inputs
            predict(pictures, outputs)
        return outputs

    def activations(self, images: GrayLevels | Array) -> dict[str, Array]:
        """The output of every stage, before and after its activation, as `reference.activations`."""
        pictures = self._pictures(images)
        layout = compile_program(self.network, keep_activations=True)
        engine = _native.Engine(layout.native, self.instructions, 1)
        layout.pack(self.arrays(), engine.parameters)
        buffers = list(layout.buffers.values())
        outputs = [np.empty((len(pictures), b.maps * b.height * b.width), np.float32) for b in buffers]
        if len(pictures):
            gray, inputs = (pictures, None) if pictures.dtype == np.uint8 else (None, pictures)
            engine.activations(gray, inputs, buffers, outputs)
        return {
            name: array.reshape(-1, b.maps, b.height, b.width)
            for name, b, array in zip(layout.buffers, buffers, outputs, strict=True)
        }

    def fit(
        self,
        images: GrayLevels,
        labels: NDArray[Any],
        order: NDArray[np.int64],
        rates: NDArray[np.floating[Any]] | list[float],
        hyperparameters: UpdateHyperparameters,
        augmentation: Augmentation | None = None,
    ) -> tuple[float, int]:
        """Take consecutive updates; stop before the first whose loss is not a number.

        Args:
            images: uint8 (N, H, W) or (N, C, H, W) at the network's size.
            labels: (N,) classes.
            order: (examples,) rows of ``images``, ``hyperparameters.batch`` for each update; the last may have fewer.
            rates: one learning rate for each update.
            hyperparameters: of the updates.
            augmentation: the augmentation of the examples.

        Returns:
            The sum of the losses and the number of errors, each example before its update.

        Raises:
            ValueError: if the arrays do not fit one another or the network.
        """
        pictures, classes, rows = checked_batches(self.network, images, labels, order)
        steps = -(-len(rows) // hyperparameters.batch)
        if len(rates) != steps:
            raise ValueError(
                f"{len(rows)} examples make {steps} updates of {hyperparameters.batch}, got {len(rates)} rates"
            )
        augmentation = augmentation or Augmentation()
        for name, array, shape in (
            ("shifts", augmentation.shifts, (len(rows), 2)),
            ("mirrored", augmentation.mirrored, (len(rows),)),
        ):
            if array is not None and array.shape != shape:
                raise ValueError(f"{name} has the shape {array.shape}, expected {shape}")
        if augmentation.shifts is not None and (augmentation.shifts != augmentation.shifts.astype(np.int8)).any():
            raise ValueError(f"shifts go to {np.abs(augmentation.shifts).max()} pixels, expected what fits into int8")
        self._has_average = hyperparameters.ema > 0
        loss, errors = self._native.fit(
            _native.TrainingOptions(
                hyperparameters.batch,
                _objective(hyperparameters),
                getattr(_native.Optimizer, hyperparameters.optimizer),
                hyperparameters.momentum,
                hyperparameters.nesterov,
                hyperparameters.weight_decay,
                hyperparameters.ema,
            ),
            pictures,
            classes,
            rows,
            np.ascontiguousarray(rates, np.float32),
            None if augmentation.shifts is None else np.ascontiguousarray(augmentation.shifts, np.int8),
            None
            if augmentation.mirrored is None
            else np.ascontiguousarray(augmentation.mirrored, np.bool_).view(np.uint8),
            self._distortions(augmentation.distortions),
            _mix_seed(augmentation.seed, augmentation.epoch),
        )
        return loss, errors

    def gradients(
        self, images: GrayLevels, labels: NDArray[Any], hyperparameters: UpdateHyperparameters
    ) -> tuple[dict[str, Array], float]:
        """The gradient of the mean loss, named like the weights, and the sum of the losses."""
        pictures, classes, rows = checked_batches(self.network, images, labels, np.arange(len(images)))
        gradient = np.zeros((1, self._layout.size), np.float32)
        loss, _ = self._native.gradients(_objective(hyperparameters), pictures, classes, rows, gradient)
        return self._layout.unpack(gradient[0]), loss

    def arrays(self) -> dict[str, Array]:
        """The weights as they are now; copies."""
        return self._layout.unpack(self._native.parameters)

    def evaluation_arrays(self) -> dict[str, Array]:
        """The evaluation parameters: the exponential moving average of the weights, if there is one; copies."""
        average = self._native.moving_average
        return self._layout.unpack(average if self._has_average and len(average) else self._native.parameters)

    def state(self) -> dict[str, Array]:
        """The state of training by name: weights, optimizer, exponential moving average and number of updates."""
        state = {"updates": np.array([self._native.updates], np.float32)}
        for kind, vector in self._vectors().items():
            state |= {f"{kind}.{name}": array for name, array in self._layout.unpack(vector).items()}
        return state

    def restore(self, state: Mapping[str, Array]) -> None:
        """Restore a `state`.

        Raises:
            EngineError: if it belongs to another network or optimizer.
        """
        adaptive = any(name.startswith("exp_avg.") for name in state)
        first = "exp_avg" if adaptive else "momentum_buffer"
        required = ("exp_avg", "exp_avg_sq") if adaptive else ()
        kinds = [
            "weights",
            *(kind for kind in (first, "exp_avg_sq", "average") if _holds(state, kind) or kind in required),
        ]
        check_state(state, self.network, kinds)
        checked = {kind: {name: state[f"{kind}.{name}"] for name in self._layout.slices} for kind in kinds}
        self._native.reset_optimizer(_holds(state, first), _holds(state, "exp_avg_sq"), _holds(state, "average"))
        self._native.updates = updates_of(state, self.network)
        self._has_average = _holds(state, "average")
        for kind, vector in self._vectors().items():
            self._layout.pack(checked[kind], vector)

    def _vectors(self) -> dict[str, Array]:
        """Views of the engine's vectors that are in use, by torch's names."""
        adaptive = len(self._native.second_moment) > 0
        vectors = {
            "weights": self._native.parameters,
            "exp_avg" if adaptive else "momentum_buffer": self._native.first_moment,
            "exp_avg_sq": self._native.second_moment,
            "average": self._native.moving_average,
        }
        return {kind: vector for kind, vector in vectors.items() if len(vector)}

    def _pictures(self, images: GrayLevels | Array) -> NDArray[Any]:
        if images.dtype == np.uint8:
            if (1, *images.shape[1:])[-3:] == self.network.input and images.ndim in (3, 4):
                return np.ascontiguousarray(images)
            images = network_inputs(images.astype(np.uint8, copy=False), self.network.input, self.network.input_range)
        if images.shape[1:] != self.network.input:
            expected = ", ".join(map(str, self.network.input))
            raise ArchitectureError(f"{self.network.name} takes inputs (N, {expected}), got {images.shape}")
        return np.ascontiguousarray(images, np.float32)

    def _distortions(self, limits: Any) -> Any:
        if limits is None:
            return None
        channels, height, width = self.network.input
        if max(height, width) > _MAX_DISTORTED or channels > 3:
            raise EngineError(
                f"{self.network.name}: pictures of {channels}×{height}×{width} are too large to distort; "
                "expected at most 3×64×64"
            )
        names = ("translation", "rotation", "scale", "squeeze", "shear", "elastic", "elastic_smoothness")
        return _native.Distortions(*(float(getattr(limits, name)) for name in names))


def choose_instructions(instructions: str | None) -> str:
    """The instruction set to use: the one asked for, the one that LENET_ENGINE names, or the best.

    Raises:
        EngineError: if the engine was not built, or this processor lacks it.
    """
    if _native is None:
        raise EngineError(
            f"the native engine {_missing}; install a C++ compiler (GCC or Clang), then install lenet again"
        )
    available = instruction_sets()
    forced = os.environ.get("LENET_ENGINE")
    instruction_set = (
        instructions or (forced if forced in _native.compiled_instruction_sets() else None) or available[0]
    )
    if instruction_set not in available:
        raise EngineError(f"this processor has no {instruction_set!r}; expected one of {', '.join(available)}")
    return instruction_set


def _objective(hyperparameters: UpdateHyperparameters) -> Any:
    return _native.Objective(
        getattr(_native.Loss, hyperparameters.loss.replace("-", "_")),
        hyperparameters.label_smoothing,
        hyperparameters.j,
    )


def checked_arrays(network: Network, arrays: Mapping[str, Array]) -> Mapping[str, Array]:
    """The arrays, if they include the network's.

    Raises:
        EngineError: if one is missing or has another shape.
    """
    for name, shape in network.parameter_shapes().items():
        if name not in arrays or arrays[name].shape != shape:
            actual = arrays[name].shape if name in arrays else "none"
            raise EngineError(f"{network.name}: {name} has the shape {actual}, expected {shape}")
    return arrays


def checked_batches(
    network: Network, images: GrayLevels, labels: NDArray[Any], order: NDArray[np.int64]
) -> tuple[GrayLevels, NDArray[np.int64], NDArray[np.int64]]:
    """Validated pictures, labels and order, as contiguous arrays of the engine's types.

    Raises:
        ValueError: if they do not fit one another or the network.
    """
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or (1, *images.shape[1:])[-3:] != network.input:
        expected = "×".join(map(str, network.input))
        raise ValueError(f"expected uint8 images of {expected}, got {images.dtype} {images.shape}")
    if len(labels) != len(images):
        raise ValueError(f"{len(labels)} labels for {len(images)} images")
    rows, classes = np.ascontiguousarray(order, np.int64), np.ascontiguousarray(labels, np.int64)
    if len(rows) and not 0 <= rows.min() <= rows.max() < len(images):
        raise ValueError(f"the order names rows {rows.min()} to {rows.max()} of {len(images)} images")
    if len(classes) and not 0 <= classes.min() <= classes.max() < network.classes:
        raise ValueError(
            f"the labels go from {classes.min()} to {classes.max()}, but there are {network.classes} classes"
        )
    return np.ascontiguousarray(images), classes, rows


def _holds(state: Mapping[str, Array], kind: str) -> bool:
    return any(name.startswith(f"{kind}.") for name in state)


def _mix_seed(seed: int, epoch: int) -> int:
    """A seed derived from a seed and an epoch."""
    return int(np.random.SeedSequence((seed, epoch)).generate_state(1, np.uint64)[0])
