"""Tensors of PyTorch as arrays; torch need not be installed to ask whether something is one."""

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class Tensor(Protocol):
    """What can be detached from its gradients and brought to the processor, as a `torch.Tensor` can."""

    def detach(self) -> Any: ...

    def cpu(self) -> Any: ...


def array_of(tensor: Tensor) -> NDArray[Any]:
    """Convert a tensor of any device to an array of the same shape."""
    return np.asarray(tensor.detach().cpu())
