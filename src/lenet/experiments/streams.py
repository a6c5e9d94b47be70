"""Streams of training patterns: plain, subsets, distorted, with inverted pixels, or separate for each network.

All randomness is seeded by the stream's seed and the number of the pass, so that a pass can be made again at any time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lenet.data.distortions import Distortions, distort
from lenet.training.stream import Epoch, Patterns, Stream

Kind = Literal["plain", "distorted", "noisy"]

COPIES = 9  # distorted copies of each pattern: 540,000 beside 60,000 [LeCun98, III-B]
INVERTED_SHARE = 0.1  # share of the pixels
# [LeCun98] names translations, scaling, squeezing and horizontal shearing, without ranges, and no rotation.
AFFINE = Distortions(translation=2.0, rotation=0.0, scale=0.1, squeeze=0.1, shear=0.15)

_SUBSET, _CURVATURE, _DISTORTED, _NOISE = 1, 2, 3, 4


@dataclass(frozen=True, eq=False)
class PatternStream(Stream):
    """Training patterns of a group of networks.

    Attributes:
        patterns: the training patterns, at the network's size.
        seed: of all randomness.
        kind: ``"plain"``: every pattern in each pass, in an order that is random but constant [LeCun98, III-B];
            ``"distorted"``: a tenth of the patterns and their nine distorted copies in each pass, so that ten passes
            present each once; ``"noisy"``: as plain, a tenth of the pixels inverted, others in each pass.
        number: so many patterns, drawn by the seed, in place of all; those of 15,000 are among those of
            30,000.
        curvature_examples: patterns that second derivatives are estimated from before each pass.
        data: description of the patterns for ``run.json``.
    """

    patterns: Patterns
    seed: int
    kind: Kind = "plain"
    number: int | None = None
    curvature_examples: int = 500
    data: Mapping[str, Any] = field(default_factory=lambda: {"name": "patterns"})

    @property
    def examples(self) -> int:
        return min(self.number or len(self.patterns), len(self.patterns))

    def describe(self) -> dict[str, Any]:
        return {**self.data, "stream": {"order": self.seed, "kind": self.kind, "examples": self.examples}}

    def training(self) -> Patterns:
        """The patterns as they are, undistorted."""
        if self.examples == len(self.patterns):
            return self.patterns
        rows = np.sort(self._rng(_SUBSET).permutation(len(self.patterns))[: self.examples])
        return self.patterns.take(rows)

    def epoch(self, number: int) -> Epoch:
        """The patterns of a pass, counted from 0, and the order of their presentation."""
        if self.kind == "distorted":
            patterns = self._distorted(number)
            order = np.arange(len(patterns), dtype=np.int64)
        else:
            patterns = self.training()
            if self.kind == "noisy":
                patterns = Patterns(invert_pixels(patterns.images, self._rng(_NOISE, number)), patterns.labels)
            order = self._rng().permutation(len(patterns)).astype(np.int64)
        return Epoch(patterns.images, patterns.labels, order, curvature=self._curvature(number))

    def _curvature(self, number: int) -> NDArray[np.int64]:
        """Random rows for the estimate of second derivatives, others for each pass."""
        rows = self._rng(_CURVATURE, number).permutation(self.examples)[: self.curvature_examples]
        return np.sort(rows).astype(np.int64)

    def _distorted(self, number: int) -> Patterns:
        patterns, block = self.training(), number % (COPIES + 1)
        size = len(patterns)
        positions = self._rng().permutation((COPIES + 1) * size)[block * size : (block + 1) * size]
        copy, source = np.divmod(positions, size)
        images = patterns.images[source]
        is_distorted = copy > 0
        images[is_distorted] = distort(images[is_distorted], self._rng(_DISTORTED, block), AFFINE)
        return Patterns(images, patterns.labels[source])

    def _rng(self, *purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *purpose])


@dataclass(frozen=True, eq=False)
class SeparateStream(Stream):
    """Separate training patterns for each network of a group, each in an order of its own.

    A network with fewer patterns than a pass presents sees the first of its order again, so that what it learns depends
    on no other network of the group.

    Attributes:
        seeds: of each network's order.
        number: how many patterns a pass presents to each network.
        draw: generates the patterns of each network, as many as a pass presents or fewer. It is called once, before
            the first pass to be trained, and not at all if there is none.
        curvature_examples: as of `PatternStream`.
    """

    seeds: list[int]
    number: int
    draw: Callable[[], Sequence[Patterns]]
    curvature_examples: int = 500

    @property
    def examples(self) -> int:
        return self.number

    def describe(self) -> dict[str, Any]:
        return {"name": "filtered patterns", "stream": {"order": self.seeds, "examples": self.number}}

    def epoch(self, number: int) -> Epoch:
        """All patterns; the order of their presentation, (patterns, networks), and how many of them are distinct."""
        patterns, streams = self._patterns_and_streams
        epochs = [(start, stream.epoch(number)) for start, stream in streams]
        order = self._columns([(start, epoch.order) for start, epoch in epochs], self.number)
        count = min(self.curvature_examples, self.number)
        curvature = self._columns([(start, stream._curvature(number)) for start, stream in streams], count)
        distinct = [len(np.unique(column)) for column in order.T]
        return Epoch(patterns.images, patterns.labels, order, curvature=curvature, remarks={"distinct": distinct})

    @staticmethod
    def _columns(parts: list[tuple[int, NDArray[np.int64]]], rows: int) -> NDArray[np.int64]:
        return np.stack([start + np.resize(part, rows) for start, part in parts], axis=1)

    @cached_property
    def _patterns_and_streams(self) -> tuple[Patterns, list[tuple[int, PatternStream]]]:
        """All patterns, and the start of each network's among them."""
        parts = self.draw()
        bounds = np.cumsum([0, *map(len, parts)]).tolist()
        patterns = concatenate(parts)
        count = min(self.curvature_examples, self.number)
        streams = [
            (start, PatternStream(Patterns(patterns.images[start:end], patterns.labels[start:end]), seed,
                                  curvature_examples=count))
            for start, end, seed in zip(bounds, bounds[1:], self.seeds, strict=False)
        ]  # fmt: skip
        return patterns, streams


def concatenate(parts: Sequence[Patterns]) -> Patterns:
    """Concatenate patterns."""
    return Patterns(np.concatenate([part.images for part in parts]), np.concatenate([part.labels for part in parts]))


def invert_pixels(
    images: NDArray[np.uint8], rng: np.random.Generator, share: float = INVERTED_SHARE
) -> NDArray[np.uint8]:
    """Pictures with a share of their pixels inverted at random: salt-and-pepper noise.

    >>> blank = np.zeros((50, 20, 20), np.uint8)
    >>> 0.09 < (invert_pixels(blank, np.random.default_rng(0)) == 255).mean() < 0.11
    np.True_
    """
    is_inverted = np.empty(images.shape, bool)
    for image, mask in zip(images, is_inverted, strict=True):
        np.less(rng.random(image.shape, np.float32), share, out=mask)
    return np.where(is_inverted, ~images, images)
