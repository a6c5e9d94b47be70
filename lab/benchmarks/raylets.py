"""Simulated machines: raylets of Ray's test cluster on this machine, one core each, which can be killed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lenet.reading.cluster.ray_connection import set_environment

_OBJECT_STORE_BYTES = 100_000_000


class Raylets:
    """A cluster of raylets (the processes that make a machine part of a Ray cluster), bound to 127.0.0.1, with a token.

    Attributes:
        address: of the cluster, for drivers.
    """

    def __init__(self, count: int) -> None:
        set_environment(starts_cluster=True)
        from ray.cluster_utils import Cluster

        self._options: dict[str, Any] = {"num_cpus": 1, "object_store_memory": _OBJECT_STORE_BYTES}
        head = {**self._options, "include_dashboard": False}
        self._cluster = Cluster(initialize_head=True, head_node_args=head)
        self._worker_nodes: list[Any] = []
        self.address: str = self._cluster.address
        self._pin(self._cluster.head_node, 0)
        for _ in range(count - 1):
            self.add()

    def add(self) -> None:
        """Start another raylet."""
        node = self._cluster.add_node(**self._options)
        self._worker_nodes.append(node)
        self._pin(node, len(self._worker_nodes))

    def kill(self) -> None:
        """Kill the raylet that was added last, and with it its workers."""
        self._cluster.remove_node(self._worker_nodes.pop(), allow_graceful=False)

    def stop(self) -> None:
        """End all raylets."""
        self._cluster.shutdown()

    def _pin(self, node: Any, number: int) -> None:
        """Bind a raylet and what it starts to one core, as if it were another machine."""
        if not hasattr(os, "sched_setaffinity"):
            return
        cores = sorted(os.sched_getaffinity(0))
        for processes in node.all_processes.values():
            for process in processes:
                for thread in Path(f"/proc/{process.process.pid}/task").glob("*"):  # any of them may start a worker
                    with suppress(ProcessLookupError):
                        os.sched_setaffinity(int(thread.name), {cores[number % len(cores)]})


@contextmanager
def run_raylets(count: int) -> Iterator[Raylets]:
    """Run a cluster of ``count`` raylets while the context lasts."""
    cluster = Raylets(count)
    try:
        yield cluster
    finally:
        cluster.stop()
