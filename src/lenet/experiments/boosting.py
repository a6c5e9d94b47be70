"""Boosted LeNet-4: three networks, each trained on patterns that are hard for those before [LeCun98, III-C.9; LeCun95].

The first network learns as usual, on distorted patterns. The second learns from a stream that the first filters to half
right, half wrong; the third from patterns on which the first two disagree. Their outputs are added. The later two are
not asked where the first is confident.

Networks of different seeds let different patterns through, so each machine learns alone: what its filters give is its
own, and no two machines share a later network. Those of all machines are trained side by side, which
changes none of their bits.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenet.architecture import Network
from lenet.data.distortions import distort
from lenet.engine import Forward, decide
from lenet.errors import TrainingError
from lenet.experiments.groups import Array, Group, train_group
from lenet.experiments.streams import AFFINE, SeparateStream, concatenate
from lenet.training import Recipe
from lenet.training.progress import NullProgress
from lenet.training.side_by_side import side_by_side
from lenet.training.stream import Patterns

Mask = NDArray[np.bool_]

CASCADE_SHARE = 0.375  # share of the training patterns that all three see: 1 + 2 * 0.375 = 1.75 networks on average
SECOND, THIRD = 1_000, 2_000  # added to a machine's seed
_CANDIDATES = 5  # streams draw for purposes 1 to 4


@dataclass(frozen=True)
class Filter:
    """Size of the filtered training sets of the later networks.

    Attributes:
        patterns: filtered patterns for each of them.
        batch: candidates that are distorted and judged at once.
        max_batches: upper bound of batches, after which the filter returns fewer patterns.
    """

    patterns: int = 60_000
    batch: int = 20_000
    max_batches: int = 400


QUICK = Filter(patterns=60, batch=200, max_batches=4)


@dataclass(frozen=True, eq=False)
class Machine:
    """Boosting ensemble of three networks, of one seed.

    Attributes:
        seed: of the first.
        arrays: weights of the three.
        later: the histories of the second and the third network, a row for each pass.
        threshold: the margin of the first from which on it answers alone.
    """

    network: Network
    seed: int
    arrays: tuple[Mapping[str, Array], ...]
    later: tuple[list[dict[str, Any]], ...]
    threshold: float

    @property
    def filtered(self) -> list[int]:
        """Numbers of filtered patterns of the second and the third network."""
        return [rows[0]["distinct"][0] for rows in self.later]

    def outputs(self, images: NDArray[np.uint8]) -> Array:
        """The outputs of the three networks, (3, N, classes)."""
        return np.stack([Forward(self.network, arrays).predict(images) for arrays in self.arrays])


def filter_half_wrong(candidates: Iterator[Patterns], is_wrong: Callable[[Patterns], Mask], patterns: int) -> Patterns:
    """Filter half misclassified and half correctly classified patterns, ``patterns`` in all, the first ones of each.

    Fewer, in equal numbers, if the candidates end before.

    >>> sixes = Patterns(np.zeros((6, 1, 1), np.uint8), np.array([0, 1, 2, 3, 4, 5]))
    >>> filter_half_wrong(iter([sixes]), lambda batch: batch.labels == 3, 4).labels
    array([0, 3])
    """
    wrong, right = _PatternBuffer(patterns // 2), _PatternBuffer(patterns // 2)
    for batch in candidates:
        mask = is_wrong(batch)
        wrong.take(batch, mask)
        right.take(batch, ~mask)
        if wrong.is_full and right.is_full:
            break
    count = min(len(wrong), len(right))
    return concatenate([right.patterns().first(count), wrong.patterns().first(count)])


def filter_disputed(candidates: Iterator[Patterns], disagree: Callable[[Patterns], Mask], patterns: int) -> Patterns:
    """Filter the first patterns on which two networks disagree; fewer if the candidates end before."""
    buffer = _PatternBuffer(patterns)
    for batch in candidates:
        buffer.take(batch, disagree(batch))
        if buffer.is_full:
            break
    return buffer.patterns()


def candidates(all_patterns: Patterns, seed: int, amount: Filter) -> Iterator[Patterns]:
    """Generate batches of distorted patterns from a seed."""
    for number in range(amount.max_batches):
        rng = np.random.default_rng([seed, _CANDIDATES, number])
        rows = rng.integers(0, len(all_patterns), amount.batch)
        yield Patterns(distort(all_patterns.images[rows], rng, AFFINE), all_patterns.labels[rows])


def train_machines(
    folder: Path,
    network: Network,
    recipe: Recipe,
    first: Sequence[Group],
    all_patterns: Patterns,
    test: Patterns,
    *,
    amount: Filter | None = None,
    progress: NullProgress | None = None,
) -> list[Machine]:
    """Train the second and third network of each seed, or resume their training.

    All second networks are trained together, then all third. A pass presents ``amount.patterns`` to each; if a filter
    gives fewer, they are repeated.

    Args:
        folder: where the runs of the second networks and of the third ones lie.
        first: the groups of first networks, trained.
        all_patterns: the training patterns as they are.

    Raises:
        TrainingError: if a filter gives no pattern.
    """
    amount, progress = amount or Filter(), progress or NullProgress()
    machine_seeds = [seed for group in first for seed in group.seeds]
    trained: list[list[Mapping[str, Array]]] = [[arrays] for group in first for arrays in group.parameters]
    later: list[Group] = []
    for position, offset in (("second", SECOND), ("third", THIRD)):
        seeds = [seed + offset for seed in machine_seeds]
        filters = [
            partial(_filtered_for, network, previous_networks, all_patterns, seed, amount, progress)
            for previous_networks, seed in zip(trained, seeds, strict=True)
        ]
        draw = partial(side_by_side, filters, progress)
        stream = SeparateStream(seeds, amount.patterns, draw, recipe.curvature_examples)
        group = train_group(
            folder / position, network, recipe, seeds, stream, test, progress.part(f"{position} networks")
        )
        trained = [
            [*previous_networks, arrays] for previous_networks, arrays in zip(trained, group.parameters, strict=True)
        ]
        later.append(group)
    return [
        Machine(
            network,
            seed,
            tuple(arrays),
            tuple([_row_of_network(row, index) for row in group.history] for group in later),
            threshold(Forward(network, arrays[0]).predict(all_patterns.images)),
        )
        for index, (seed, arrays) in enumerate(zip(machine_seeds, trained, strict=True))
    ]


def _filtered_for(
    network: Network,
    previous_networks: Sequence[Mapping[str, Array]],
    all_patterns: Patterns,
    seed: int,
    amount: Filter,
    progress: NullProgress,
) -> Patterns:
    """The filtered patterns of a machine's next network, which has this seed."""

    def cancellable_candidates() -> Iterator[Patterns]:
        for batch in candidates(all_patterns, seed, amount):
            progress.advance(0)  # raises Cancelled if another job has failed
            yield batch

    patterns = filtered(network, previous_networks, cancellable_candidates(), amount.patterns)
    if not len(patterns):
        position, offset = ("second", SECOND) if len(previous_networks) == 1 else ("third", THIRD)
        raise TrainingError(f"the filter before the {position} network of seed {seed - offset} let no pattern through")
    return patterns


def _row_of_network(row: dict[str, Any], index: int) -> dict[str, Any]:
    """One network's values of a group's row of the history."""
    return {name: [value[index]] if isinstance(value, list) else value for name, value in row.items()}


def filtered(
    network: Network, previous_networks: Sequence[Mapping[str, Array]], candidates: Iterator[Patterns], patterns: int
) -> Patterns:
    """Filter candidates by one or two trained networks for the next one."""
    trained = [Forward(network, arrays) for arrays in previous_networks]

    def answers(index: int, batch: Patterns) -> NDArray[np.int64]:
        return decide(network, trained[index].predict(batch.images))

    if len(trained) == 1:
        return filter_half_wrong(candidates, lambda batch: answers(0, batch) != batch.labels, patterns)
    return filter_disputed(candidates, lambda batch: answers(0, batch) != answers(1, batch), patterns)


def threshold(outputs: Array, share: float = CASCADE_SHARE) -> float:
    """Quantile of the margins of outputs (N, classes) at ``share``.

    >>> threshold(np.array([[1, 0], [3, 0], [2, 0], [4, 0]], np.float32), share=0.5)
    2.5
    """
    return float(np.quantile(margins(outputs).astype(np.float64), share))


def margins(outputs: Array) -> Array:
    """Difference of the largest and the second-largest output, (N,)."""
    best = np.sort(outputs, axis=1)[:, -2:]
    return np.asarray(best[:, 1] - best[:, 0])


def cascade(outputs: Array, minimum: float) -> tuple[Array, float]:
    """Cascaded outputs, of the first network alone where its margin suffices, and the average number of networks run.

    Args:
        outputs: of the three, (3, N, classes).
        minimum: the margin of the first from which on it answers alone.
    """
    is_sure = margins(outputs[0]) >= minimum
    return np.where(is_sure[:, None], outputs[0], outputs.sum(axis=0)), float(1 + 2 * (~is_sure).mean())


class _PatternBuffer:
    """Buffer of filtered patterns, up to a size."""

    def __init__(self, size: int) -> None:
        self._size, self._parts, self._count = size, list[Patterns](), 0

    def __len__(self) -> int:
        return self._count

    @property
    def is_full(self) -> bool:
        return self._count >= self._size

    def take(self, batch: Patterns, mask: Mask) -> None:
        rows = np.flatnonzero(mask)[: self._size - self._count]
        self._parts.append(batch.take(rows))
        self._count += len(rows)

    def patterns(self) -> Patterns:
        return concatenate(self._parts)


def history_of(machines: Sequence[Machine]) -> list[dict[str, Any]]:
    """The passes of all later networks, each with its machine's seed and place."""
    return [
        {"part": position, "seed": machine.seed, **row}
        for machine in machines
        for position, rows in zip(("second", "third"), machine.later, strict=True)
        for row in rows
    ]
