"""The patterns that each pass presents, and in which order: plain, fewer, distorted, or with inverted pixels.

All chance follows from the order's seed and the number of the pass, so that a pass can be made again at any time.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lenet.data.distortions import Distortions, distort

Kind = Literal["plain", "distorted", "noisy"]

COPIES = 9  # distorted copies of each pattern: 540,000 beside 60,000 [LeCun98, III-B]
INVERTED = 0.1  # share of the pixels
# [LeCun98] names translations, scaling, squeezing and horizontal shearing, without ranges, and no rotation.
AFFINE = Distortions(translation=2.0, rotation=0.0, scale=0.1, squeeze=0.1, shear=0.15)

_SUBSET, _CURVATURE, _DISTORTED, _NOISE = 1, 2, 3, 4


@dataclass(frozen=True, eq=False)
class Patterns:
    """Gray levels uint8 (N, H, W), ink-high, and labels int64 (N,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, number: int) -> "Patterns":
        """The first so many."""
        return Patterns(self.images[:number], self.labels[:number])


@dataclass(frozen=True, eq=False)
class Stream:
    """What a group of networks is shown.

    Attributes:
        whole: the training patterns.
        order: the seed of everything that is drawn.
        kind: ``"plain"``: every pattern in each pass, in an order that is random but constant [LeCun98, III-B];
            ``"distorted"``: a tenth of the patterns and their nine distorted copies in each pass, so that ten passes
            present each once; ``"noisy"``: as plain, a tenth of the pixels inverted, others in each pass.
        examples: so many patterns, drawn by the order's seed, in place of all; those of 15,000 are among those of
            30,000.
    """

    whole: Patterns
    order: int
    kind: Kind = "plain"
    examples: int | None = None

    @property
    def patterns(self) -> int:
        """How many patterns a pass presents."""
        return min(self.examples or len(self.whole), len(self.whole))

    def training(self) -> Patterns:
        """The patterns as they are, undistorted."""
        if self.patterns == len(self.whole):
            return self.whole
        chosen = np.sort(self._rng(_SUBSET).permutation(len(self.whole))[: self.patterns])
        return Patterns(self.whole.images[chosen], self.whole.labels[chosen])

    def of_pass(self, number: int) -> tuple[Patterns, NDArray[np.int64]]:
        """The patterns of a pass, counted from 0, and the order of their presentation."""
        if self.kind == "distorted":
            patterns = self._distorted(number)
            return patterns, np.arange(len(patterns), dtype=np.int64)
        patterns = self.training()
        if self.kind == "noisy":
            patterns = Patterns(inverted(patterns.images, self._rng(_NOISE, number)), patterns.labels)
        return patterns, self._rng().permutation(len(patterns)).astype(np.int64)

    def curvature_patterns(self, number: int, count: int) -> NDArray[np.int64]:
        """Which patterns of a pass its second derivatives are estimated from; other ones before each pass."""
        return np.sort(self._rng(_CURVATURE, number).permutation(self.patterns)[:count]).astype(np.int64)

    def _distorted(self, number: int) -> Patterns:
        whole, block = self.training(), number % (COPIES + 1)
        size = len(whole)
        chosen = self._rng().permutation((COPIES + 1) * size)[block * size : (block + 1) * size]
        copy, source = np.divmod(chosen, size)
        images = whole.images[source]
        changed = copy > 0
        images[changed] = distort(images[changed], self._rng(_DISTORTED, block), AFFINE)
        return Patterns(images, whole.labels[source])

    def _rng(self, *purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.order, *purpose])


def inverted(images: NDArray[np.uint8], rng: np.random.Generator, share: float = INVERTED) -> NDArray[np.uint8]:
    """Pictures with a share of their pixels inverted at random: salt-and-pepper noise.

    >>> blank = np.zeros((50, 20, 20), np.uint8)
    >>> 0.09 < (inverted(blank, np.random.default_rng(0)) == 255).mean() < 0.11
    np.True_
    """
    chosen = np.empty(images.shape, bool)
    for image, mask in zip(images, chosen, strict=True):
        np.less(rng.random(image.shape, np.float32), share, out=mask)
    return np.where(chosen, ~images, images)
