"""Training speed: the tutorial's loop, torch from memory at several batches, and this package's engine."""

import math
from collections.abc import Iterator, Sequence
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.benchmarking.timing import Task
from lenet.engine.native import Engine, UpdateHyperparameters
from lenet.errors import LeNetError, TrainingError
from lenet.initialization import initial_weights
from lenet.networks import describe
from lenet.preprocess import fit_to_input, network_inputs

LENET, TUTORIAL, TORCH = "lenet", "tutorial loop", "torch from memory"
TORCH_BATCHES = (64, 128, 256, 512, 1024)
OUR_BATCHES = (64, 256)

_TUTORIAL_NETWORK = "lenet-5-sigmoid-output"
_EXAMPLES_A_CALL = 16_384  # a quarter of an epoch of MNIST


def training_tasks(
    network: Network,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    threads: int,
    torch_batches: Sequence[int] = TORCH_BATCHES,
    our_batches: Sequence[int] = OUR_BATCHES,
    variants: bool = False,
) -> tuple[list[Task], list[str]]:
    """The tasks of all available runtimes, and one sentence for each missing one.

    Args:
        images, labels: uint8 (N, H, W) at the network's size, int64 (N,).
        variants: try torch with channels last and with its fused optimizer, too.
    """
    tasks: list[Task] = []
    absent: list[str] = []
    try:
        tasks += [
            native_task(network, images, labels, threads, UpdateHyperparameters(batch=batch)) for batch in our_batches
        ]
    except LeNetError as error:
        absent.append(str(error))
    try:
        from lenet.benchmarking import torch_peer
    except LeNetError as error:
        return tasks, [*absent, str(error)]
    batch, update = torch_peer.tutorial_loop(describe(_TUTORIAL_NETWORK), images, labels, threads)
    tasks.append(Task(TUTORIAL, batch, batch, update))
    kinds = {TORCH: (False, False)}
    if variants:
        kinds |= {f"{TORCH}, channels last": (True, False), f"{TORCH}, fused SGD": (False, True)}
    inputs = network_inputs(images, network.input, network.input_range)
    for task_name, (channels_last, fused) in kinds.items():
        for batch in torch_batches:
            step = torch_peer.train_in_memory(
                network, inputs, labels, batch, threads, channels_last=channels_last, fused=fused
            )
            tasks.append(Task(task_name, batch, batch, step))
    return tasks, absent


def native_task(
    network: Network,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    threads: int,
    hyperparameters: UpdateHyperparameters,
    rate: float = 0.01,
    examples: int = _EXAMPLES_A_CALL,
    task_name: str = LENET,
) -> Task:
    """The native engine's `fit`, called for ``examples`` images at a time, in a random order, without distortions."""
    engine = Engine(network, initial_weights(network), threads=threads)
    pictures = fit_to_input(images, network.input)
    examples = min(examples, len(pictures)) // hyperparameters.batch * hyperparameters.batch
    rates = np.full(examples // hyperparameters.batch, rate, np.float32)
    orders = _orders(len(pictures), examples)

    def step() -> None:
        loss, _ = engine.fit(pictures, labels, next(orders), rates, hyperparameters)
        if not math.isfinite(loss):  # the engine stops early then, which is not speed
            raise TrainingError(f"{network.name} diverges at the rate {rate}; nothing can be timed")

    return Task(task_name, hyperparameters.batch, examples, step)


def _orders(available: int, examples: int) -> Iterator[NDArray[np.int64]]:
    order = np.random.default_rng(0).permutation(available)
    return cycle(np.array_split(order[: available // examples * examples], available // examples))
