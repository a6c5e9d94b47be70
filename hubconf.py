"""The networks for ``torch.hub``: ``torch.hub.load(REPOSITORY, "lenet_5_relu", pretrained=True)``.

Every entry point takes the arguments of its network (``classes``, ``channels``, …; see ``lenet networks``). With
``pretrained=True`` it takes none: the module is the network that the shipped weights describe. Its attribute
``reject_class`` is the number of the output that stands for "no digit", or None where every output is a class.
"""

import sys
from pathlib import Path

dependencies = ["torch", "numpy", "safetensors"]

# torch.hub puts this folder on the path, but the package lies in src.
sys.path.insert(0, str(Path(__file__).parent / "src"))

from lenet import describe as _describe  # noqa: E402
from lenet.errors import WeightsError as _WeightsError  # noqa: E402
from lenet.model import pretrained as _shipped  # noqa: E402
from lenet.pytorch import NetworkModule as _NetworkModule  # noqa: E402
from lenet.pytorch import build as _build  # noqa: E402
from lenet.pytorch import load_arrays as _load_arrays  # noqa: E402


def _load(name: str, pretrained: bool = False, **arguments: int) -> _NetworkModule:
    if not pretrained:
        return _build(_describe(name, **arguments))
    weights = _shipped(name)
    if arguments:
        raise _WeightsError(
            f"{name}: pretrained weights are of the network that they were trained as, expected no "
            f"{' and no '.join(arguments)} beside pretrained=True; without it every argument can be given"
        )
    module = _build(weights.network)
    _load_arrays(module, weights.parameters)
    module.reject_class = module.refusal = weights.reject_class  # the latter is its former name
    return module


def lenet_1989(**arguments: int) -> _NetworkModule:
    """The zip-code network of 1989: stride-2 convolutions, a bias for every unit. Arguments: classes."""
    return _load("lenet-1989", **arguments)


def lenet_1(**arguments: int) -> _NetworkModule:
    """The 1990 network: 2,578 parameters. Arguments: classes."""
    return _load("lenet-1", **arguments)


def lenet_4(**arguments: int) -> _NetworkModule:
    """A reconstruction of LeNet-4. Arguments: classes, hidden."""
    return _load("lenet-4", **arguments)


def lenet_5(pretrained: bool = False) -> _NetworkModule:
    """LeNet-5 as published in 1998; its ten outputs are penalties, the smallest wins. ``pretrained`` reads digits."""
    return _load("lenet-5", pretrained)


def lenet_5_relu(pretrained: bool = False, **arguments: int) -> _NetworkModule:
    """LeNet-5 as taught today. Arguments: classes, channels, size.

    ``pretrained`` reads handwritten digits: of its eleven outputs the last, ``reject_class``, stands for "no digit".
    """
    return _load("lenet-5-relu", pretrained, **arguments)


def lenet_5_average(**arguments: int) -> _NetworkModule:
    """ReLU and average pooling at 32×32. Arguments: classes, channels, size."""
    return _load("lenet-5-average", **arguments)


def lenet_5_sigmoid(**arguments: int) -> _NetworkModule:
    """The textbook version: logistic sigmoid, average pooling. Arguments: classes, channels."""
    return _load("lenet-5-sigmoid", **arguments)


def lenet_5_sigmoid_output(**arguments: int) -> _NetworkModule:
    """A trap to study: sigmoid outputs in front of cross-entropy. Arguments: classes, channels."""
    return _load("lenet-5-sigmoid-output", **arguments)


def lenet_short(**arguments: int) -> _NetworkModule:
    """Two convolutions and one full connection; outputs are log-probabilities. Arguments: classes, channels."""
    return _load("lenet-short", **arguments)


def lenet_rgb(**arguments: int) -> _NetworkModule:
    """A wider LeNet for 32×32 color pictures. Arguments: classes, channels."""
    return _load("lenet-rgb", **arguments)


def lenet_5_gap(**arguments: int) -> _NetworkModule:
    """LeNet-5 with C5 replaced by the mean of each map: 4,850 parameters. Arguments: classes, channels."""
    return _load("lenet-5-gap", **arguments)


def lenet_caffe(**arguments: int) -> _NetworkModule:
    """The 20-50-500 network that Caffe ships as LeNet. Arguments: classes, channels."""
    return _load("lenet-caffe", **arguments)
