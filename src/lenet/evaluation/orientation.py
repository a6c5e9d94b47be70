"""Tells whether a set of digits is transposed: whether the network that ships reads it better with rows as columns."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from lenet.engine import Forward
from lenet.errors import printable
from lenet.model import pretrained

if TYPE_CHECKING:
    from lenet.data import Dataset

SAMPLE = 500
LEAST = 20
GAIN = 0.25
"""By what share of the examples the network must agree better: beyond what twenty of them do by chance."""
_DIGITS = "0123456789"


def warn_of_transposed_digits(dataset: Dataset) -> None:
    """Say so in a line on stderr, with what mends it; nothing where digits are upright, or there are none."""
    if "license" in dataset.provenance:  # of a public set, and those are upright
        return
    if sentence := transposed_digits(dataset):
        print(f"lenet: {printable(sentence)}", file=sys.stderr)


def transposed_digits(dataset: Dataset) -> str:
    """A sentence that says so, and what mends it; empty where the digits are upright, or there are none.

    A sample of the training part is looked at, of classes that are called 0 to 9.
    """
    names = dataset.class_names
    if dataset.train_images.ndim != 3 or any(name.isdecimal() and name not in _DIGITS for name in names):
        return ""
    images, labels = dataset.train_images, dataset.train_labels
    are_digits = np.array([name in set(_DIGITS) for name in names])
    rows = np.flatnonzero(are_digits[labels])
    if len(rows) < LEAST:
        return ""
    rows = np.random.default_rng(0).permutation(rows)[:SAMPLE]
    wanted = np.array([int(name) if digit else -1 for name, digit in zip(names, are_digits, strict=True)])[labels[rows]]
    model = pretrained()
    predict = Forward(model.network, model.parameters).predict
    ways = (images[rows], np.ascontiguousarray(images[rows].swapaxes(1, 2)))
    upright, turned = (float((predict(way)[:, : len(_DIGITS)].argmax(axis=1) == wanted).mean()) for way in ways)
    if turned < upright + GAIN:
        return ""
    return (
        f"the pictures of {dataset.name} look transposed: the network that ships agrees with {upright:.0%} of their "
        f"labels, and with {turned:.0%} once rows and columns are exchanged; turn them upright with --transpose"
    )
