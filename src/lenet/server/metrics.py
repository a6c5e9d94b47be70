"""Metrics in Prometheus's text format.

With several processes each counts in files of its own in the folder that PROMETHEUS_MULTIPROC_DIR names, and whichever
process is asked adds them all up. `serving` makes that folder, and removes it at the end; if killed, the others do.
"""

import os
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

MEDIA_TYPE = CONTENT_TYPE_LATEST
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
disable_created_metrics()  # type: ignore[no-untyped-call]  # when each count began: twice the text, and nobody asks
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Counters of this process; `text` sums over all processes."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        labels = ["route", "method", "status"]
        self._requests = Counter("lenet_requests", "Requests answered.", labels, registry=registry)
        self._seconds = Histogram(
            "lenet_request_seconds", "Time to answer.", ["route"], registry=registry, buckets=BUCKETS
        )
        self._in_progress = Gauge(
            "lenet_requests_in_progress", "Requests being answered.", registry=registry, multiprocess_mode="livesum"
        )
        self._digits = Counter("lenet_digits_read", "Digits found in pictures.", registry=registry)
        self._rejected = Counter("lenet_digits_rejected", "Those of them not sure enough.", registry=registry)
        self._refused = Counter(
            "lenet_requests_refused", "Requests refused, or given up for lack of time.", ["status"], registry=registry
        )
        self._seconds.labels("other")  # now, so that every file is there even when the folder is gone
        self._children: dict[tuple[str, str, int], tuple[Any, Any, Any]] = {}

    def begin(self) -> None:
        """Count a started request."""
        self._in_progress.inc()

    def end(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a finished request."""
        self._in_progress.dec()
        key = (route, method, status)
        if key not in self._children:
            refused = self._refused.labels(status) if status >= 400 else None
            self._children[key] = self._requests.labels(*key), self._seconds.labels(route), refused
        requests, histogram, refused = self._children[key]
        requests.inc()
        histogram.observe(seconds)
        if refused is not None:
            refused.inc()

    def count_digits(self, digits: int, rejected: int) -> None:
        """Count the digits of a picture."""
        self._digits.inc(digits)
        self._rejected.inc(rejected)

    def text(self) -> bytes:
        """The counts of all processes."""
        if FOLDER_VARIABLE not in os.environ:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
