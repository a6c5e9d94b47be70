"""Learners, which take the updates of a network: the native engine, torch, or replicas in the native engine."""

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.engine.native import Augmentation
from lenet.errors import EngineError, MissingExtra, TrainingError
from lenet.preprocess import GrayLevels
from lenet.training.devices import TORCH, Device
from lenet.training.distributed import ProcessGroup, Worker
from lenet.training.recipes import Recipe
from lenet.training.state import initial_state
from lenet.training.stream import Epoch

Labels = NDArray[np.int64]
Arrays = dict[str, NDArray[np.float32]]


class Learner(ABC):
    """Base class of learners, as the training loop uses them.

    Losses and errors are numbers, or arrays (R,) of R replicas.

    Attributes:
        engine: ``"torch"``, or an instruction set of the native engine.
        device: ``"cpu"``, or a GPU as torch names it.
        threads: of the CPU.
    """

    engine: str
    device: str
    threads: int

    def begin_epoch(self, epoch: Epoch, step: int) -> None:  # noqa: B027 - two of three need no preparation
        """Prepare for an epoch, which is entered at an update counted from 0."""

    @abstractmethod
    def learn(
        self, images: GrayLevels, labels: Labels, order: Labels, rates: list[float], augmentation: Augmentation
    ) -> tuple[Any, Any]:
        """Take an update for each of ``rates``, on the next batch of ``order``; this process's share of it.

        Args:
            images: at the network's size, uint8 (N, H, W) or (N, C, H, W).
            labels: int64 (N,).
            order: rows of both, whole batches of them but for the last.
            rates: the learning rates.
            augmentation: of the pictures of ``order``.

        Returns:
            Sum of the losses and number of errors on this process's examples, while learning.
        """

    @abstractmethod
    def measure(self, images: GrayLevels, labels: Labels) -> tuple[Any, Any]:
        """Sum of the losses and number of errors of the evaluation parameters."""

    @abstractmethod
    def evaluation_arrays(self) -> Arrays:
        """The evaluation parameters: the exponential moving average, if there is one; of replicas, stacked (R, ...)."""

    def load(self, parameters: Mapping[str, NDArray[np.float32]]) -> None:
        """Set the initial parameters, before the first update; of all replicas alike."""
        self.restore(initial_state(parameters))

    @abstractmethod
    def state(self) -> Arrays:
        """The training state: all that the next update depends on, by name."""

    @abstractmethod
    def restore(self, state: Arrays) -> None:
        """Restore a `state`; TrainingError if it belongs to another network or recipe."""


@contextmanager
def learner_on(
    device: Device,
    network: Network,
    recipe: Recipe,
    threads: int | None,
    worker: Worker,
    seeds: Sequence[int] | None = None,
) -> Iterator[tuple[Learner, ProcessGroup]]:
    """Create the learner of a device and its process group; a context, which restores torch's settings.

    Args:
        seeds: of the first weights of replicas, for SDLM; None is one network, of the recipe's seed.

    Raises:
        MissingExtra: if only torch can do it and is not installed.
        EngineError: if the engine that was asked for cannot run the network.
        TrainingError: if the device cannot take this recipe's updates.
    """
    if recipe.optimizer == "sdlm":
        if device.engine == TORCH:
            raise TrainingError("the optimizer sdlm runs in the native engine, in one process on a CPU; not in torch")
        from lenet.training.learners.replicas import ReplicaLearner

        instruction_set = device.engine if device.is_forced else None
        yield ReplicaLearner(network, recipe, instruction_set, threads, seeds), ProcessGroup(worker)
        return
    if device.engine != TORCH:
        from lenet.training.learners.native import NativeLearner

        try:
            learner = NativeLearner(network, recipe, device.engine, threads)
        except EngineError as error:
            if device.is_forced:
                raise
            print(f"lenet: {error}; training with torch", file=sys.stderr)
        else:
            yield learner, ProcessGroup(worker)
            return
    # Threads that spin while they wait make training many times slower beside any other busy process; this is read
    # when torch is first imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        from lenet.training.learners.torch import TorchLearner, choose_device, reproducible
    except MissingExtra:
        raise MissingExtra("torch", "train", "training without the native engine") from None
    torch_device = choose_device(device.device, worker.local_rank)
    with ProcessGroup(worker, torch_device) as group, reproducible(threads):
        yield TorchLearner(network, recipe, group, torch_device), group
