"""PyTorch baselines: inference in several modes, the tutorials' training loop, training from memory."""

import warnings
from collections.abc import Callable, Mapping
from itertools import chain, cycle, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lenet.architecture import Activation, AveragePooling, Convolution, FullConnection, MaxPooling, Network
from lenet.errors import ArchitectureError, required

with required("torch", "train", "comparing with torch"):
    import torch
    import torch.nn.functional as F
    from torch import Tensor, nn

Array = NDArray[np.float32]
Call = Callable[[], Array]

_ACTIVATIONS: dict[Activation, Callable[[], nn.Module]] = {
    Activation.RELU: nn.ReLU,
    Activation.SIGMOID: nn.Sigmoid,
    Activation.TANH: nn.Tanh,
}
_TUTORIAL_BATCH, _TUTORIAL_RATE = 16, 1e-3


def plain_module(network: Network, arrays: Mapping[str, Array] | None = None) -> nn.Sequential:
    """Build the network from torch's own layers, as written by hand, without code of this package.

    Raises:
        ArchitectureError: for a stage that torch has no layer for (tables, sub-sampling, RBF, a bias by unit).
    """
    layers: list[nn.Module] = []
    for stage, input_shape, _ in network.stages_with_shapes:
        layer: nn.Module
        match stage.layer:
            case Convolution(table=None, bias="map") as c if not (c.padding and c.padding_value):
                layer = nn.Conv2d(input_shape[0], c.maps, c.kernel_size, c.stride, c.padding)
            case MaxPooling(size=size):
                layer = nn.MaxPool2d(size)
            case AveragePooling(size=size):
                layer = nn.AvgPool2d(size)
            case FullConnection(units=units):
                if input_shape[1:] != (1, 1):
                    layers.append(nn.Flatten())
                layer = nn.Linear(int(np.prod(input_shape)), units)
            case _:
                raise ArchitectureError(f"{network.name}: {stage.name} is no plain layer of torch")
        if arrays is not None and isinstance(layer, nn.Conv2d | nn.Linear):
            state = {name: torch.from_numpy(arrays[f"{stage.name}.{name}"].copy()) for name in ("weight", "bias")}
            layer.load_state_dict(state)
        layers += [layer] if stage.activation is Activation.IDENTITY else [layer, _ACTIVATIONS[stage.activation]()]
    return nn.Sequential(*layers)


def eager(network: Network, arrays: Mapping[str, Array], inputs: Array, threads: int) -> Callable[[int], Call]:
    """Inference by the eager module."""
    return _inference(plain_module(network, arrays).eval(), torch.from_numpy(inputs), threads)


def channels_last(network: Network, arrays: Mapping[str, Array], inputs: Array, threads: int) -> Callable[[int], Call]:
    """Inference with weights and inputs in the order (N, H, W, C)."""
    module: Any = plain_module(network, arrays).eval()
    module.to(memory_format=torch.channels_last)
    return _inference(module, torch.from_numpy(inputs).contiguous(memory_format=torch.channels_last), threads)


def frozen(network: Network, arrays: Mapping[str, Array], inputs: Array, threads: int) -> Callable[[int], Call]:
    """Inference by a traced module, frozen and optimized, one for each batch."""
    module, all_inputs = plain_module(network, arrays).eval(), torch.from_numpy(inputs)

    def prepare(batch: int) -> Call:
        with warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad():
            warnings.simplefilter("ignore")  # jit is going away; what replaces it was no faster here
            traced: Any = torch.jit.trace(module, all_inputs[:batch])  # type: ignore[no-untyped-call]
            optimized = torch.jit.optimize_for_inference(torch.jit.freeze(traced))
        return _inference(optimized, all_inputs, threads)(batch)

    return prepare


def _inference(module: Callable[[Tensor], Tensor], inputs: Tensor, threads: int) -> Callable[[int], Call]:
    torch.set_num_threads(threads)

    def prepare(batch: int) -> Call:
        batch_inputs = inputs[:batch]

        @torch.inference_mode()
        def call() -> Array:
            return np.asarray(module(batch_inputs).numpy())

        return call

    return prepare


def tutorial_loop(
    network: Network, images: NDArray[np.uint8], labels: NDArray[np.int64], threads: int
) -> tuple[int, Callable[[], float]]:
    """One update of the loop that tutorials teach, line by line, and its batch.

    A DataLoader without workers over a data set that makes each picture a PIL image and that a tensor, as torchvision's
    MNIST with ToTensor does; cross-entropy; SGD with rate 0.001 and momentum 0.9; loss and accuracy read every batch.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    loader = torch.utils.data.DataLoader(_Pictures(images, labels), batch_size=_TUTORIAL_BATCH, shuffle=True)
    model = plain_module(network).train()
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=_TUTORIAL_RATE, momentum=0.9)
    batches = chain.from_iterable(repeat(loader))  # endless, shuffled anew each time

    def update() -> float:
        inputs, targets = next(batches)
        inputs, targets = inputs.to("cpu"), targets.to("cpu")
        outputs = model(inputs)
        loss = loss_function(outputs, targets)
        _, predicted = torch.max(outputs, dim=1)
        accuracy = torch.sum(targets == predicted) / outputs.shape[0]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss.item() + accuracy.item())

    return _TUTORIAL_BATCH, update


def train_in_memory(
    network: Network,
    inputs: Array,
    labels: NDArray[np.int64],
    batch: int,
    threads: int,
    *,
    channels_last: bool = False,
    fused: bool = False,
) -> Callable[[], None]:
    """One update of torch's usual loop with the whole set in memory as float32 network inputs, in a random order.

    ``channels_last`` stores tensors channels last; ``fused`` takes SGD's fused kernel.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    order = torch.from_numpy(np.random.default_rng(0).permutation(len(inputs)))
    images, targets = torch.from_numpy(inputs), torch.from_numpy(labels)
    model: Any = plain_module(network).train()
    if channels_last:
        images = images.contiguous(memory_format=torch.channels_last)
        model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True, fused=fused)
    starts = cycle(range(0, len(images) - batch + 1, batch))

    def update() -> None:
        start = next(starts)
        rows = order[start : start + batch]
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(images[rows]), targets[rows]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return update


class _Pictures(torch.utils.data.Dataset[tuple[Tensor, int]]):
    """Equivalent of torchvision's MNIST with ToTensor, without torchvision."""

    def __init__(self, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
        self.data, self.targets = torch.from_numpy(images), torch.from_numpy(labels)

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = Image.fromarray(self.data[index].numpy())
        tensor = torch.from_numpy(np.array(picture, np.uint8, copy=True))
        tensor = tensor.view(picture.size[1], picture.size[0], 1).permute((2, 0, 1)).contiguous()
        return tensor.to(dtype=torch.get_default_dtype()).div(255), int(self.targets[index])
