"""Benchmarks: this package's engine beside what else reads and trains such networks, and beside what is possible."""

from lenet.benchmarking.report import Report, Table
from lenet.benchmarking.runs import short

__all__ = ["Report", "Table", "short"]
