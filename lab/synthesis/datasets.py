"""Synthetic data sets: digits in varied handwriting and non-digits (class 10), normalized as the reader normalizes."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from multiprocessing import get_context

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.synthesis.crops import draw_crops
from lab.synthesis.noise import draw_degraded_digit, draw_no_digit
from lab.synthesis.strokes import STROKE_SHARE, StrokeRenderer
from lab.synthesis.written_lines import Writer
from lenet.reading.normalization import normalize

NO_DIGIT_LABEL = 10  # the label of what is no digit
NO_DIGIT_SHARE = 0.25  # of the draws: a picture that is no digit
LINE_SHARE = 0.03  # of the draws: a written line, whose crops are several pictures
CHUNK_PICTURES = 5_000  # that share a seed: the data set does not depend on the number of processes
# Standard deviation of the growth of strokes on each side, in pixels of the normalization's 80-pixel drawing.
_THICKNESS_DEVIATION = 0.7

# (N, 28, 28), light on dark, and (N,), 0 to 9 or NO_DIGIT_LABEL.
LabeledPictures = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def draw_dataset(renderer: StrokeRenderer, pictures: int, seed: int, processes: int) -> LabeledPictures:
    """Draw a data set in parallel: pictures (N, 28, 28), ink-high, and labels (N,), NO_DIGIT_LABEL among them."""
    seeds = np.random.SeedSequence(seed).spawn(-(-pictures // CHUNK_PICTURES))
    with ProcessPoolExecutor(processes, get_context("forkserver")) as workers:
        chunks = list(workers.map(partial(_draw_chunk, renderer, min(pictures, CHUNK_PICTURES)), seeds))
    images, labels = (np.concatenate(parts) for parts in zip(*chunks, strict=True))
    return images[:pictures], labels[:pictures]


def _draw_chunk(renderer: StrokeRenderer, pictures: int, seed: np.random.SeedSequence) -> LabeledPictures:
    """Draw a chunk of a data set, in one process."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed)
    images, labels = np.empty((pictures, 28, 28), np.uint8), np.empty(pictures, np.uint8)
    for index, (image, label) in enumerate(islice(_generate_pictures(renderer, rng), pictures)):
        images[index], labels[index] = image, label
    return images, labels


def _generate_pictures(renderer: StrokeRenderer, rng: np.random.Generator) -> Iterator[tuple[NDArray[np.uint8], int]]:
    """Generate drawings without end, normalized to (28, 28), with their labels."""
    for drawing, label in _generate_drawings(renderer, rng):
        picture = normalize(drawing, thicken=rng.normal(0, _THICKNESS_DEVIATION))
        if picture is not None:
            yield picture, label


def _generate_drawings(renderer: StrokeRenderer, rng: np.random.Generator) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Generate drawings without end: ink and label."""
    writer = Writer(renderer.images, renderer.labels, rng, stroke_drawn_share=STROKE_SHARE)
    while True:
        share = rng.random()
        if share < LINE_SHARE:
            yield from draw_crops(writer, NO_DIGIT_LABEL)
        elif share < LINE_SHARE + NO_DIGIT_SHARE:
            yield draw_no_digit(renderer, rng), NO_DIGIT_LABEL
        else:
            yield draw_degraded_digit(renderer, rng)
