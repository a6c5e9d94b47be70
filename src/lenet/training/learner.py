"""What takes the updates: a network's weights on torch, its optimizer, and the running mean of the weights.

The loop knows only what `loop.Learner` asks for, so that another engine can take this one's place.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.errors import MissingExtra, TrainingError
from lenet.initialization import initial_weights
from lenet.preprocess import GrayLevels, network_inputs
from lenet.training.distributed import Group
from lenet.training.recipes import Recipe

try:
    import torch
    from torch import Tensor
except ModuleNotFoundError as error:
    raise MissingExtra("torch", "train", "training") from error

from lenet.pytorch import build, load_arrays
from lenet.training.losses import loss_of

Arrays = dict[str, NDArray[np.float32]]

_EVALUATED_AT_ONCE = 500


def choose_device(name: str, local_rank: int = 0) -> str:
    """``"cpu"``, or ``"cuda:0"``, for ``"auto"``, ``"cpu"``, ``"cuda"`` or a device of torch's own naming.

    Raises:
        TrainingError: if there is no such device here.
    """
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return "cpu"
    if name != "auto" and not name.startswith("cuda"):
        raise TrainingError(f"unknown device {name!r}; expected auto, cpu or cuda")
    if not torch.cuda.is_available():
        raise TrainingError(f"the device is {name!r}, but torch finds no GPU here; use --device cpu")
    return name if ":" in name else f"cuda:{local_rank}"


def default_threads() -> int:
    """The threads that torch would use: one a core, or OMP_NUM_THREADS."""
    return torch.get_num_threads()


@contextmanager
def reproducible(threads: int) -> Iterator[None]:
    """Run with this many threads and deterministic algorithms; torch's own settings come back afterwards."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when the GPU is first used
    fill: Any = torch.utils.deterministic
    before = (
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        fill.fill_uninitialized_memory,
    )
    # Saturated squashes give gradients below 1e-38, on which a CPU is ten times slower; as zeros they change nothing.
    torch.set_flush_denormal(True)
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    fill.fill_uninitialized_memory = False  # a debugging help that costs time
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1], warn_only=before[2])
        fill.fill_uninitialized_memory = before[3]


class TorchLearner:
    """A network that learns through torch, alone or as one of several processes with the same weights.

    All parameters lie in one vector, so that an update, a sum over processes and the running mean are each one
    operation.
    """

    def __init__(self, network: Network, recipe: Recipe, group: Group, device: str) -> None:
        self.network, self.recipe, self._group = network, recipe, group
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
        self._average = self._flat.detach().clone() if recipe.ema else None
        self._updates = 0
        self._totals = torch.zeros(2, dtype=torch.float64, device=self._device)  # loss, errors

    def update(self, images: GrayLevels, labels: NDArray[np.int64], batch: int, learning_rate: float) -> None:
        """Take one step on this process's share of a batch of ``batch`` examples."""
        self._gradient.zero_()
        if len(images):
            inputs, targets = self._tensors(images, labels)
            outputs = self._module(inputs)
            loss = self._loss(outputs, targets).sum()
            (loss / batch).backward()  # type: ignore[no-untyped-call]
            self._totals += torch.stack([loss.detach().double(), self._count_errors(outputs, targets).double()])
        self._group.sum(self._gradient)
        for settings in self._optimizer.param_groups:
            settings["lr"] = learning_rate
        self._optimizer.step()
        self._updates += 1
        if self._average is not None:
            # The mean forgets the first weights faster than its decay alone would.
            decay = min(self.recipe.ema, (1 + self._updates) / (10 + self._updates))
            self._average.lerp_(self._flat.detach(), 1 - decay)

    def running_totals(self) -> tuple[float, int]:
        """Sum of the losses and number of errors on this process's examples since `start_totals`."""
        loss, errors = self._totals.tolist()
        return loss, int(errors)

    def gather_totals(self) -> tuple[float, int]:
        """`running_totals` over all processes, which must all ask."""
        totals = self._totals.clone()
        self._group.sum(totals)
        loss, errors = totals.tolist()
        return loss, int(errors)

    def start_totals(self, loss: float = 0.0, errors: int = 0) -> None:
        """Start counting, from what was counted before a stop."""
        mine = (loss, errors) if self._group.worker.is_first else (0.0, 0)
        self._totals.copy_(torch.tensor(mine, dtype=torch.float64))

    def measure(self, images: GrayLevels, labels: NDArray[np.int64]) -> tuple[float, int]:
        """Sum of the losses and number of errors of the weights that are kept (the running mean, if there is one)."""
        learning = self._flat.detach().clone()
        if self._average is not None:
            self._flat.data.copy_(self._average)
        loss, errors = 0.0, 0
        with torch.inference_mode():
            for start in range(0, len(labels), _EVALUATED_AT_ONCE):
                rows = slice(start, start + _EVALUATED_AT_ONCE)
                inputs, targets = self._tensors(images[rows], labels[rows])
                outputs = self._module(inputs)
                loss += float(self._loss(outputs, targets).sum())
                errors += int(self._count_errors(outputs, targets))
        self._flat.data.copy_(learning)
        return loss, errors

    def kept_arrays(self) -> Arrays:
        """The weights to keep: the running mean, if there is one."""
        return self._named(self._flat.detach() if self._average is None else self._average)

    def state(self) -> Arrays:
        """Everything that the next update depends on, by name."""
        vectors = {"weights": self._flat.detach()}
        if self._average is not None:
            vectors["average"] = self._average
        state: Arrays = {"updates": np.array([self._updates], np.float32)}
        for key, value in self._optimizer.state.get(self._flat, {}).items():
            if value.dim():
                vectors[key] = value
            else:
                state[key] = np.array([float(value)], np.float32)
        return state | {
            f"{kind}.{name}": array for kind, vector in vectors.items() for name, array in self._named(vector).items()
        }

    def restore(self, state: Arrays) -> None:
        """Go back to a `state`.

        Raises:
            TrainingError: if it belongs to another network or recipe.
        """
        try:
            self._flat.data.copy_(self._vector(state, "weights"))
            if self._average is not None:
                self._average.copy_(self._vector(state, "average"))
            self._updates = int(state["updates"][0])
            if self._updates:
                self._optimizer.state[self._flat] = self._optimizer_state(state)
        except (KeyError, RuntimeError) as error:
            raise TrainingError(f"the state kept does not fit {self.network.name} and its recipe: {error}") from None

    def _optimizer_state(self, state: Arrays) -> dict[str, Tensor]:
        if self.recipe.optimizer == "adamw":
            vectors = {key: self._vector(state, key) for key in ("exp_avg", "exp_avg_sq")}
            return {"step": torch.tensor(float(state["step"][0])), **vectors}
        return {"momentum_buffer": self._vector(state, "momentum_buffer")} if self.recipe.momentum else {}

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

    def _tensors(self, images: GrayLevels, labels: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        inputs = network_inputs(images, self.network.input, self.network.input_range)
        return torch.from_numpy(inputs).to(self._device), torch.from_numpy(labels).to(self._device)

    def _count_errors(self, outputs: Tensor, targets: Tensor) -> Tensor:
        decided = outputs.argmin(dim=1) if self.network.smallest_wins else outputs.argmax(dim=1)
        return (decided != targets).sum()

    def _named(self, vector: Tensor) -> Arrays:
        values = vector.detach().to("cpu", torch.float32).numpy()
        named, start = {}, 0
        for name, parameter in self._module.named_parameters():
            end = start + parameter.numel()
            named[name] = values[start:end].reshape(tuple(parameter.shape)).copy()
            start = end
        return named

    def _vector(self, state: Arrays, kind: str) -> Tensor:
        parts = [state[f"{kind}.{name}"].ravel() for name, _ in self._module.named_parameters()]
        return torch.from_numpy(np.concatenate(parts)).to(self._device)
