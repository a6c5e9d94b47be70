"""Boosted LeNet-4: three networks, each learning what those before it find hard [LeCun98, III-C.9; LeCun95].

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
from lenet.experiments.streams import AFFINE, Patterns, SeparateStream, joined
from lenet.training import Recipe
from lenet.training.progress import NullProgress
from lenet.training.side_by_side import side_by_side

Mask = NDArray[np.bool_]

ASKED = 0.375  # share of the training patterns that all three see: 1 + 2 * 0.375 = 1.75 networks on average
SECOND, THIRD = 1_000, 2_000  # added to a machine's seed
_CANDIDATES = 5  # streams draw for purposes 1 to 4


@dataclass(frozen=True)
class Filter:
    """How much the later networks learn from.

    Attributes:
        patterns: filtered patterns for each of them.
        batch: candidates that are distorted and judged at once.
        most_batches: after so many the filter gives what it has found.
    """

    patterns: int = 60_000
    batch: int = 20_000
    most_batches: int = 400


QUICK = Filter(patterns=60, batch=200, most_batches=4)


@dataclass(frozen=True, eq=False)
class Machine:
    """Three networks of one seed.

    Attributes:
        seed: of the first.
        arrays: weights of the three.
        later: what the passes of the second and of the third gave, a row for each.
        threshold: the margin of the first from which on it answers alone.
    """

    network: Network
    seed: int
    arrays: tuple[Mapping[str, Array], ...]
    later: tuple[list[dict[str, Any]], ...]
    threshold: float

    @property
    def filtered(self) -> list[int]:
        """How many patterns the filters let through to the second and to the third."""
        return [rows[0]["distinct"][0] for rows in self.later]

    def outputs(self, images: NDArray[np.uint8]) -> Array:
        """What each of the three says, (3, N, classes)."""
        return np.stack([Forward(self.network, arrays).predict(images) for arrays in self.arrays])


def half_wrong(candidates: Iterator[Patterns], is_wrong: Callable[[Patterns], Mask], patterns: int) -> Patterns:
    """As many patterns that a network gets wrong as it gets right, ``patterns`` together, first come first taken.

    Fewer, still half and half, if the candidates end before.

    >>> sixes = Patterns(np.zeros((6, 1, 1), np.uint8), np.array([0, 1, 2, 3, 4, 5]))
    >>> half_wrong(iter([sixes]), lambda batch: batch.labels == 3, 4).labels
    array([0, 3])
    """
    wrong, right = _Basket(patterns // 2), _Basket(patterns // 2)
    for batch in candidates:
        mask = is_wrong(batch)
        wrong.take(batch, mask)
        right.take(batch, ~mask)
        if wrong.is_full and right.is_full:
            break
    count = min(len(wrong), len(right))
    return joined([right.patterns().first(count), wrong.patterns().first(count)])


def disputed(candidates: Iterator[Patterns], disagree: Callable[[Patterns], Mask], patterns: int) -> Patterns:
    """The first so many patterns on which two networks disagree; fewer if the candidates end before."""
    basket = _Basket(patterns)
    for batch in candidates:
        basket.take(batch, disagree(batch))
        if basket.is_full:
            break
    return basket.patterns()


def candidates(whole: Patterns, seed: int, amount: Filter) -> Iterator[Patterns]:
    """Freshly distorted patterns, batch after batch, as a machine's seed draws them."""
    for number in range(amount.most_batches):
        rng = np.random.default_rng([seed, _CANDIDATES, number])
        chosen = rng.integers(0, len(whole), amount.batch)
        yield Patterns(distort(whole.images[chosen], rng, AFFINE), whole.labels[chosen])


def train_machines(
    folder: Path,
    network: Network,
    recipe: Recipe,
    first: Sequence[Group],
    whole: Patterns,
    test: Patterns,
    *,
    amount: Filter | None = None,
    progress: NullProgress | None = None,
) -> list[Machine]:
    """Train the second and third network of each seed, or go on with it.

    All second networks are trained together, then all third. A pass presents ``amount.patterns`` to each; if a filter
    has let fewer through, they come round again.

    Args:
        folder: where the runs of the second networks and of the third ones lie.
        first: the groups of first networks, trained.
        whole: the training patterns as they are.

    Raises:
        TrainingError: if a filter lets nothing through.
    """
    amount, progress = amount or Filter(), progress or NullProgress()
    started = [seed for group in first for seed in group.seeds]
    trained: list[list[Mapping[str, Array]]] = [[arrays] for group in first for arrays in group.parameters]
    later: list[Group] = []
    for position, offset in (("second", SECOND), ("third", THIRD)):
        seeds = [seed + offset for seed in started]
        filters = [
            partial(_hard, network, previous_networks, whole, seed, amount, progress)
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
            tuple([_alone(row, index) for row in group.history] for group in later),
            threshold(Forward(network, arrays[0]).predict(whole.images)),
        )
        for index, (seed, arrays) in enumerate(zip(started, trained, strict=True))
    ]


def _hard(
    network: Network,
    previous_networks: Sequence[Mapping[str, Array]],
    whole: Patterns,
    seed: int,
    amount: Filter,
    progress: NullProgress,
) -> Patterns:
    """What the networks of one machine let through to its next, which starts from this seed."""

    def alive() -> Iterator[Patterns]:
        for batch in candidates(whole, seed, amount):
            progress.advance(0)  # filtering is to end, too, where another job has failed
            yield batch

    hard = filtered(network, previous_networks, alive(), amount.patterns)
    if not len(hard):
        place, offset = ("second", SECOND) if len(previous_networks) == 1 else ("third", THIRD)
        raise TrainingError(f"the filter before the {place} network of seed {seed - offset} let no pattern through")
    return hard


def _alone(row: dict[str, Any], index: int) -> dict[str, Any]:
    """A group's row of the history as it would be had one network been alone."""
    return {name: [value[index]] if isinstance(value, list) else value for name, value in row.items()}


def filtered(
    network: Network, previous_networks: Sequence[Mapping[str, Array]], candidates: Iterator[Patterns], patterns: int
) -> Patterns:
    """What one or two trained networks let through to the next."""
    trained = [Forward(network, arrays) for arrays in previous_networks]

    def answers(index: int, batch: Patterns) -> NDArray[np.int64]:
        return decide(network, trained[index].predict(batch.images))

    if len(trained) == 1:
        return half_wrong(candidates, lambda batch: answers(0, batch) != batch.labels, patterns)
    return disputed(candidates, lambda batch: answers(0, batch) != answers(1, batch), patterns)


def threshold(outputs: Array, share: float = ASKED) -> float:
    """The margin under which a share ``share`` of these outputs (N, classes) lies.

    >>> threshold(np.array([[1, 0], [3, 0], [2, 0], [4, 0]], np.float32), share=0.5)
    2.5
    """
    return float(np.quantile(margins(outputs).astype(np.float64), share))


def margins(outputs: Array) -> Array:
    """By how much the largest output is above the second, (N,)."""
    best = np.sort(outputs, axis=1)[:, -2:]
    return np.asarray(best[:, 1] - best[:, 0])


def answered(outputs: Array, minimum: float) -> tuple[Array, float]:
    """The outputs with the later networks left out where the first is confident, and the networks asked on average.

    Args:
        outputs: of the three, (3, N, classes).
        minimum: the margin of the first from which on it answers alone.
    """
    is_sure = margins(outputs[0]) >= minimum
    return np.where(is_sure[:, None], outputs[0], outputs.sum(axis=0)), float(1 + 2 * (~is_sure).mean())


class _Basket:
    """Patterns that have been let through, up to a number."""

    def __init__(self, size: int) -> None:
        self._size, self._parts, self._count = size, list[Patterns](), 0

    def __len__(self) -> int:
        return self._count

    @property
    def is_full(self) -> bool:
        return self._count >= self._size

    def take(self, batch: Patterns, mask: Mask) -> None:
        chosen = np.flatnonzero(mask)[: self._size - self._count]
        self._parts.append(Patterns(batch.images[chosen], batch.labels[chosen]))
        self._count += len(chosen)

    def patterns(self) -> Patterns:
        return joined(self._parts)


def history_of(machines: Sequence[Machine]) -> list[dict[str, Any]]:
    """The passes of all later networks, each with its machine's seed and place."""
    return [
        {"part": position, "seed": machine.seed, **row}
        for machine in machines
        for position, rows in zip(("second", "third"), machine.later, strict=True)
        for row in rows
    ]
