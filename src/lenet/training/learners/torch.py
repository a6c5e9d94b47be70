"""Learning through torch: weights, optimizer and exponential moving average; on a CPU or GPUs, one process or many."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from lenet.architecture import Network
from lenet.data.distortions import distort
from lenet.engine.native import Augmentation
from lenet.errors import TrainingError, required
from lenet.initialization import initial_weights
from lenet.preprocess import GrayLevels, network_inputs
from lenet.training.augmentation import augment, distortion_generator
from lenet.training.distributed import ProcessGroup
from lenet.training.learners import Arrays, Labels, Learner
from lenet.training.recipes import Recipe
from lenet.training.state import check_state
from lenet.training.stream import Epoch

with required("torch", "train", "training"):
    import torch
    from torch import Tensor

from lenet.pytorch import build, load_arrays
from lenet.training.losses import loss_of

_EVALUATION_BATCH = 500


def choose_device(name: str, local_rank: int = 0) -> str:
    """``"cpu"``, or ``"cuda:0"``, for ``"auto"``, ``"cpu"``, ``"cuda"`` or a GPU of torch's own naming.

    Raises:
        TrainingError: if there is no such device here.
    """
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return "cpu"
    if not torch.cuda.is_available():
        raise TrainingError(f"the device is {name!r}, but torch finds no GPU here; use --device cpu")
    if ":" in name and int(name.partition(":")[2]) >= (device_count := torch.cuda.device_count()):
        raise TrainingError(f"the device is {name!r}, expected cuda:0 to cuda:{device_count - 1}")
    return name if ":" in name else f"cuda:{local_rank}"


@contextmanager
def reproducible(threads: int | None) -> Iterator[None]:
    """Run with this many threads and deterministic algorithms; torch's own settings come back afterwards.

    Args:
        threads: None takes torch's number: one per core, or OMP_NUM_THREADS.
    """
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when the GPU is first used
    deterministic: Any = torch.utils.deterministic
    saved = (
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        deterministic.fill_uninitialized_memory,
    )
    # Saturated squashes give gradients below 1e-38, on which a CPU is ten times slower; as zeros they change nothing.
    torch.set_flush_denormal(True)
    torch.set_num_threads(threads or saved[0])
    torch.use_deterministic_algorithms(True, warn_only=True)
    deterministic.fill_uninitialized_memory = False  # a debugging help that costs time
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(saved[0])
        torch.use_deterministic_algorithms(saved[1], warn_only=saved[2])
        deterministic.fill_uninitialized_memory = saved[3]


class TorchLearner(Learner):
    """Learner by torch, in one process or in several with the same weights.

    All parameters lie in one vector, so that an update, an all-reduce and the exponential moving average are each one
    operation. Distortions are OpenCV's, drawn for a whole epoch at once.
    """

    engine = "torch"

    def __init__(self, network: Network, recipe: Recipe, group: ProcessGroup, device: str) -> None:
        self.network, self.recipe, self._group = network, recipe, group
        self.device, self.threads = device, torch.get_num_threads()
        self._device = torch.device(device)
        self._module = build(network).to(self._device)
        load_arrays(self._module, initial_weights(network, recipe.init, recipe.seed))
        self._loss = loss_of(recipe)
        parameters = list(self._module.parameters())
        self._flat = torch.nn.Parameter(torch.cat([parameter.detach().flatten() for parameter in parameters]))
        self._gradient = torch.zeros_like(self._flat)
        self._flat.grad = self._gradient
        start = 0
        for parameter in parameters:
            end = start + parameter.numel()
            parameter.data = self._flat.data[start:end].view_as(parameter)
            parameter.grad = self._gradient[start:end].view_as(parameter)
            start = end
        self._optimizer = self._new_optimizer()
        self._ema = self._flat.detach().clone() if recipe.ema else None
        self._updates = 0
        # Look-up table of network inputs by gray level.
        grays = np.arange(256, dtype=np.uint8).reshape(1, 1, 256)
        levels = network_inputs(grays, (1, 1, 256), network.input_range)
        self._levels = torch.from_numpy(levels.ravel()).to(self._device)
        self._distorted: GrayLevels | None = None  # the pictures of the epoch

    def begin_epoch(self, epoch: Epoch, step: int) -> None:
        """Distort all pictures of the epoch."""
        limits = self.recipe.distortions
        if limits is not None:
            self._distorted = distort(epoch.images, distortion_generator(epoch.augmentation), limits)

    def learn(
        self, images: GrayLevels, labels: Labels, order: Labels, rates: list[float], augmentation: Augmentation
    ) -> tuple[float, int]:
        # One transfer of bytes for all updates; network inputs are made on the device.
        pictures = torch.from_numpy(
            augment((images if self._distorted is None else self._distorted)[order], augmentation)
        ).to(self._device)
        targets = torch.from_numpy(labels[order]).to(self._device)
        batch, worker = self.recipe.batch, self._group.worker
        rank_slice = slice(worker.rank, None, worker.world_size)
        totals = torch.zeros(2, dtype=torch.float64, device=self._device)
        for step, rate in enumerate(rates):
            batch_slice = slice(step * batch, (step + 1) * batch)
            totals += self._update(
                pictures[batch_slice][rank_slice], targets[batch_slice][rank_slice], len(order[batch_slice]), rate
            )
        loss, errors = totals.tolist()
        return loss, int(errors)

    def measure(self, images: GrayLevels, labels: Labels) -> tuple[float, int]:
        raw_weights = self._flat.detach().clone()
        if self._ema is not None:
            self._flat.data.copy_(self._ema)
        loss, errors = 0.0, 0
        with torch.inference_mode():
            for start in range(0, len(labels), _EVALUATION_BATCH):
                rows = slice(start, start + _EVALUATION_BATCH)
                inputs, targets = self._tensors(images[rows], labels[rows])
                outputs = self._module(inputs)
                loss += float(self._loss(outputs, targets).sum())
                errors += int(self._count_errors(outputs, targets))
        self._flat.data.copy_(raw_weights)
        return loss, errors

    def evaluation_arrays(self) -> Arrays:
        return self._unflatten(self._flat.detach() if self._ema is None else self._ema)

    def state(self) -> Arrays:
        """Weights, exponential moving average and the optimizer's state, by name."""
        vectors = {"weights": self._flat.detach()}
        if self._ema is not None:
            vectors["average"] = self._ema
        optimizer = self._optimizer.state.get(self._flat, {})
        vectors |= {key: value for key, value in optimizer.items() if value.dim()}  # the rest is the count of updates
        state: Arrays = {"updates": np.array([self._updates], np.float32)}
        return state | {
            f"{kind}.{name}": array
            for kind, vector in vectors.items()
            for name, array in self._unflatten(vector).items()
        }

    def restore(self, state: Arrays) -> None:
        check_state(state, self.network, self.recipe)
        self._flat.data.copy_(self._flatten(state, "weights"))
        self._updates = int(state["updates"][0])
        if self._ema is not None:
            self._ema.copy_(self._flatten(state, "average" if self._updates else "weights"))
        if self._updates:
            self._optimizer.state[self._flat] = self._optimizer_state(state)

    def _optimizer_state(self, state: Arrays) -> dict[str, Tensor]:
        if self.recipe.optimizer == "adamw":
            vectors = {key: self._flatten(state, key) for key in ("exp_avg", "exp_avg_sq")}
            return {"step": torch.tensor(float(state["updates"][0])), **vectors}
        return {"momentum_buffer": self._flatten(state, "momentum_buffer")} if self.recipe.momentum else {}

    def _update(self, pictures: Tensor, targets: Tensor, batch: int, learning_rate: float) -> Tensor:
        """Take one step on this process's share of a batch of ``batch`` examples; sums of loss and errors, (2,)."""
        totals = torch.zeros(2, dtype=torch.float64, device=self._device)
        self._gradient.zero_()
        if len(pictures):
            inputs = self._levels[pictures.int()].view(len(pictures), *self.network.input)
            outputs = self._module(inputs)
            loss = self._loss(outputs, targets).sum()
            (loss / batch).backward()  # type: ignore[no-untyped-call]
            totals = torch.stack([loss.detach().double(), self._count_errors(outputs, targets).double()])
        self._group.sum_tensor(self._gradient)
        for settings in self._optimizer.param_groups:
            settings["lr"] = learning_rate
        self._optimizer.step()
        self._updates += 1
        if self._ema is not None:
            # Warm-up of the decay: the average forgets the initial weights faster.
            decay = min(self.recipe.ema, (1 + self._updates) / (10 + self._updates))
            self._ema.lerp_(self._flat.detach(), 1 - decay)
        return totals

    def _new_optimizer(self) -> torch.optim.Optimizer:
        recipe = self.recipe
        if recipe.optimizer == "adamw":
            betas = (recipe.momentum, 0.999)
            return torch.optim.AdamW([self._flat], recipe.learning_rate, betas, weight_decay=recipe.weight_decay)
        return torch.optim.SGD(
            [self._flat],
            recipe.learning_rate,
            momentum=recipe.momentum,
            nesterov=recipe.nesterov and recipe.momentum > 0,
            weight_decay=recipe.weight_decay,
        )

    def _tensors(self, images: GrayLevels, labels: Labels) -> tuple[Tensor, Tensor]:
        inputs = network_inputs(images, self.network.input, self.network.input_range)
        return torch.from_numpy(inputs).to(self._device), torch.from_numpy(labels).to(self._device)

    def _count_errors(self, outputs: Tensor, targets: Tensor) -> Tensor:
        predicted = outputs.argmin(dim=1) if self.network.smallest_wins else outputs.argmax(dim=1)
        return (predicted != targets).sum()

    def _unflatten(self, vector: Tensor) -> Arrays:
        values = vector.detach().to("cpu", torch.float32).numpy()
        arrays, start = {}, 0
        for name, parameter in self._module.named_parameters():
            end = start + parameter.numel()
            arrays[name] = values[start:end].reshape(tuple(parameter.shape)).copy()
            start = end
        return arrays

    def _flatten(self, state: Arrays, kind: str) -> Tensor:
        parts = [state[f"{kind}.{name}"].ravel() for name, _ in self._module.named_parameters()]
        return torch.from_numpy(np.concatenate(parts)).to(self._device)
