"""Benchmarks: this package's engine, its peers, and the roofline of the processor."""

from lenet.benchmarking.report import Report, Table
from lenet.benchmarking.runs import short

__all__ = ["Report", "Table", "short"]
