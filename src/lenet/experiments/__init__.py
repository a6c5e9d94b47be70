"""Reproduction of the published results of 1989 to 1998, a row of `rows` each, with seeds and confidence intervals."""

from lenet.experiments.rows import ROWS, Row, find, names

__all__ = ["ROWS", "Row", "find", "names"]
