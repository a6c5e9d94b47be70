"""Detection of transposed digits: the shipped network reads them better with rows and columns exchanged."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from lenet.engine import Forward
from lenet.errors import printable
from lenet.model import pretrained

if TYPE_CHECKING:
    from lenet.data import Dataset

SAMPLE_SIZE = 500
MIN_EXAMPLES = 20
MIN_GAIN = 0.25
"""Gain in accuracy that transposing must bring: beyond the chance variation of twenty examples."""
_DIGITS = "0123456789"


def warn_of_transposed_digits(dataset: Dataset) -> None:
    """Warn of transposed digits in a line on stderr, with the remedy."""
    if "license" in dataset.provenance:  # of a public set, and those are upright
        return
    if sentence := transposed_digits(dataset):
        print(f"lenet: {printable(sentence)}", file=sys.stderr)


def transposed_digits(dataset: Dataset) -> str:
    """The warning of transposed digits, with the remedy; empty where they are upright, or there are none.

    A sample of the training split is classified, of classes that are called 0 to 9.
    """
    names = dataset.class_names
    if dataset.train_images.ndim != 3 or any(name.isdecimal() and name not in _DIGITS for name in names):
        return ""
    images, labels = dataset.train_images, dataset.train_labels
    are_digits = np.array([name in set(_DIGITS) for name in names])
    rows = np.flatnonzero(are_digits[labels])
    if len(rows) < MIN_EXAMPLES:
        return ""
    rows = np.random.default_rng(0).permutation(rows)[:SAMPLE_SIZE]
    targets = np.array([int(name) if digit else -1 for name, digit in zip(names, are_digits, strict=True)])[
        labels[rows]
    ]
    model = pretrained()
    predict = Forward(model.network, model.parameters).predict
    orientations = (images[rows], np.ascontiguousarray(images[rows].swapaxes(1, 2)))
    upright, transposed = (
        float((predict(pictures)[:, : len(_DIGITS)].argmax(axis=1) == targets).mean()) for pictures in orientations
    )
    if transposed < upright + MIN_GAIN:
        return ""
    return (
        f"the pictures of {dataset.name} look transposed: the network that ships agrees with {upright:.0%} of their "
        f"labels, and with {transposed:.0%} once rows and columns are exchanged; turn them upright with --transpose"
    )
