"""Distributed data parallelism under torchrun: sharding of batches, and sums over processes.

A lone process is a group of one, for which sums and broadcasts do nothing; only larger ones import torch.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lenet.errors import TrainingError

Message = TypeVar("Message")
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True)
class Worker:
    """This process's place in a torchrun job; a lone process is rank 0 of 1.

    >>> Worker.from_environment({"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1"})
    Worker(rank=1, world_size=2, local_rank=1, restarts=0)
    """

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0
    restarts: int = 0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Worker":
        """This process's rank and world size, from torchrun's environment variables.

        Raises:
            TrainingError: if they are not whole numbers, or name no place in the job.
        """
        variables = os.environ if environment is None else environment
        names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "TORCHELASTIC_RESTART_COUNT")
        try:
            rank, world_size, local_rank, restarts = (
                int(variables.get(name, default)) for name, default in zip(names, (0, 1, 0, 0), strict=True)
            )
        except ValueError as error:
            raise TrainingError(f"{', '.join(names)} must be whole numbers, as torchrun sets them: {error}") from None
        for name, value in (("RANK", rank), ("LOCAL_RANK", local_rank)):
            if not 0 <= value < world_size:
                raise TrainingError(
                    f"{name} is {value} and WORLD_SIZE {world_size}, expected 0 ≤ {name} < WORLD_SIZE; "
                    "start the processes with torchrun"
                )
        return cls(rank, world_size, local_rank, restarts)

    @property
    def is_rank_zero(self) -> bool:
        """True for the one process that writes and prints."""
        return self.rank == 0

    def shard(self, rows: NDArray[Scalar]) -> NDArray[Scalar]:
        """This process's shard of a batch: every world_size-th row of an array.

        >>> Worker(rank=1, world_size=2).shard(np.arange(5))
        array([1, 3])
        """
        return rows[self.rank :: self.world_size]


class ProcessGroup:
    """The processes that train one network together; a context that joins and leaves them.

    Args:
        worker: this process.
        device: where its tensors lie, as torch names it: on GPUs NCCL carries them, else gloo.
    """

    def __init__(self, worker: Worker, device: str = "cpu") -> None:
        self.worker = worker
        self._device = device
        self._joined = False

    def __enter__(self) -> "ProcessGroup":
        if self.worker.world_size > 1:
            import torch.distributed as dist

            # Imported before the group exists: its functions hold the group of the moment of import as a default
            # argument, and with it gloo's threads, which abort a process that ends while they run. Optimizers would
            # import it later.
            import torch.distributed.nn.functional  # noqa: F401

            if not dist.is_initialized():
                dist.init_process_group("nccl" if self._device.startswith("cuda") else "gloo", **self._rendezvous())
                self._joined = True
        return self

    def __exit__(self, *failure: object) -> None:
        if self._joined:
            import torch.distributed as dist

            dist.destroy_process_group()

    def sum_tensor(self, tensor: Any) -> None:
        """Replace a tensor by its sum over all processes."""
        if self.worker.world_size > 1:
            import torch.distributed as dist

            dist.all_reduce(tensor)

    def sum_loss_and_errors(self, loss: Any, errors: Any) -> tuple[Any, Any]:
        """Sum losses and errors over all processes, all of which must call it."""
        if self.worker.world_size == 1:
            return loss, errors
        import torch

        tensor = torch.tensor((loss, errors), dtype=torch.float64, device=self._device)
        self.sum_tensor(tensor)
        summed_loss, summed_errors = tensor.tolist()
        return float(summed_loss), round(summed_errors)

    def broadcast(self, message: Message) -> Message:
        """Broadcast the first process's message to all processes."""
        if self.worker.world_size == 1:
            return message
        import torch.distributed as dist

        box = [message]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def _rendezvous(self) -> dict[str, Any]:
        """Arguments of the rendezvous: torchrun's, with a store of its own after each restart.

        With the default store, the addresses of processes that died are found again and connecting to them fails.
        """
        if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
            return {}
        from torch.distributed import PrefixStore, TCPStore  # type: ignore[attr-defined]

        host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        store = TCPStore(host, port, is_master=False, wait_for_workers=False)
        prefixed = PrefixStore(f"restart-{self.worker.restarts}", store)
        return {"store": prefixed, "rank": self.worker.rank, "world_size": self.worker.world_size}
