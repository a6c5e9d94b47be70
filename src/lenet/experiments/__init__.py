"""Reproduction of the results of 1989 to 1998: each row of `rows` by one command, with seeds and intervals."""

from lenet.experiments.rows import ROWS, Row, find, names

__all__ = ["ROWS", "Row", "find", "names"]
