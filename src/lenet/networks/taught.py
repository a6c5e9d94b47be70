"""The networks that are taught and shipped under LeNet's name today."""

from lenet.architecture import (
    AveragePooling,
    Convolution,
    FullConnection,
    GlobalAveragePooling,
    MaxPooling,
    Network,
    Stage,
    log_softmax,
    relu,
    sigmoid,
)
from lenet.errors import ArchitectureError

# Background stays 0, so that padding with zeros continues the background; ink has MNIST's unit deviation.
_UNIT_DEVIATION = (0.0, 1 / 0.3081)
_NOT_THE_ORIGINAL = "plain pooling, every map connected to every map, cross-entropy, where the 1998 network differs"


def lenet_5_relu(classes: int = 10, channels: int = 1, size: int = 28) -> Network:
    """LeNet-5 as taught today: ReLU, max pooling, every map connected to every map, logits.

    Args:
        classes: number of outputs.
        channels: 1 for gray, 3 for color.
        size: 28 (padded by 2 in the first convolution) or 32 (not padded).
    """
    if size not in (28, 32):
        raise ArchitectureError(f"lenet-5-relu: size is {size}, expected 28 (padded to 32) or 32")
    return Network(
        name="lenet-5-relu",
        input=(channels, size, size),
        stages=(
            Stage("conv1", Convolution(6, padding=2 if size == 28 else 0), relu),
            Stage("pool1", MaxPooling()),
            Stage("conv2", Convolution(16), relu),
            Stage("pool2", MaxPooling()),
            Stage("fc1", FullConnection(120), relu),
            Stage("fc2", FullConnection(84), relu),
            Stage("output", FullConnection(classes)),
        ),
        source="common teaching code; follows the sizes of [LeCun98, II-B]",
        description="LeNet-5 as taught today: ReLU, max pooling, logits",
        deviations=(_NOT_THE_ORIGINAL,),
        input_range=_UNIT_DEVIATION,
    )


def lenet_5_average(classes: int = 10, channels: int = 1, size: int = 32) -> Network:
    """ReLU and average pooling at 32×32: the table of parameters and shapes that tutorials count by.

    Args:
        classes: number of outputs.
        channels: 1 for gray, 3 for color.
        size: 32 (not padded) or 28 (padded by 2 in the first convolution).
    """
    if size not in (28, 32):
        raise ArchitectureError(f"lenet-5-average: size is {size}, expected 32, or 28 (padded to 32)")
    return Network(
        name="lenet-5-average",
        input=(channels, size, size),
        stages=(
            Stage("conv1", Convolution(6, padding=2 if size == 28 else 0), relu),
            Stage("pool1", AveragePooling()),
            Stage("conv2", Convolution(16), relu),
            Stage("pool2", AveragePooling()),
            Stage("fc1", FullConnection(120), relu),
            Stage("fc2", FullConnection(84), relu),
            Stage("output", FullConnection(classes)),
        ),
        source="a widely copied tutorial; follows the sizes of [LeCun98, II-B]",
        description="ReLU and average pooling on 32×32, as tables of LeNet's parameters and shapes have it",
        deviations=(
            _NOT_THE_ORIGINAL,
            "the tutorial declares average pooling and calls max pooling; its table, followed here, has averages",
        ),
        input_range=_UNIT_DEVIATION,
    )


def lenet_5_sigmoid(classes: int = 10, channels: int = 1) -> Network:
    """The textbook version: logistic sigmoid and average pooling."""
    return Network(
        name="lenet-5-sigmoid",
        input=(channels, 28, 28),
        stages=(
            Stage("conv1", Convolution(6, padding=2), sigmoid),
            Stage("pool1", AveragePooling()),
            Stage("conv2", Convolution(16), sigmoid),
            Stage("pool2", AveragePooling()),
            Stage("fc1", FullConnection(120), sigmoid),
            Stage("fc2", FullConnection(84), sigmoid),
            Stage("output", FullConnection(classes)),
        ),
        source="[Zhang21, 7.6]",
        description="the textbook version: logistic sigmoid, average pooling, logits",
        deviations=(
            _NOT_THE_ORIGINAL,
            "the 1998 'sigmoid' is the squash 1.7159 tanh(2a/3), not the logistic function",
        ),
    )


def lenet_5_sigmoid_output(classes: int = 10, channels: int = 1) -> Network:
    """ReLU and average pooling, and a sigmoid on the outputs before cross-entropy: a trap, kept to be studied.

    Outputs in 0..1 bound the softmax: with ten classes its largest value is e / (e + 9) = 0.232, and the loss
    never falls under ln(e + 9) - 1 = 1.461. Use the raw logits of ``lenet-5-relu`` instead.
    """
    return Network(
        name="lenet-5-sigmoid-output",
        input=(channels, 28, 28),
        stages=(
            Stage("conv1", Convolution(6, padding=2), relu),
            Stage("pool1", AveragePooling()),
            Stage("conv2", Convolution(16), relu),
            Stage("pool2", AveragePooling()),
            Stage("fc1", FullConnection(120), relu),
            Stage("fc2", FullConnection(84), relu),
            Stage("output", FullConnection(classes), sigmoid),
        ),
        source="a widely copied tutorial",
        description="a trap: sigmoid outputs fed to cross-entropy, whose loss never falls under ln(e + 9) - 1 = 1.461",
        deviations=(
            _NOT_THE_ORIGINAL,
            "sigmoid outputs in front of cross-entropy: of ten classes none gets over e / (e + 9) = 0.232",
        ),
    )


def lenet_short(classes: int = 10, channels: int = 1) -> Network:
    """Two convolutions and one full connection, with log-softmax outputs for the negative log-likelihood loss."""
    return Network(
        name="lenet-short",
        input=(channels, 28, 28),
        stages=(
            Stage("conv1", Convolution(6), relu),
            Stage("pool1", MaxPooling()),
            Stage("conv2", Convolution(16), relu),
            Stage("pool2", MaxPooling()),
            Stage("output", FullConnection(classes), log_softmax),
        ),
        source="a widely copied tutorial",
        description="two convolutions and one full connection: 5,142 parameters",
        deviations=(_NOT_THE_ORIGINAL, "no hidden full connection: 16·4·4 units feed the ten outputs"),
        input_range=(-0.1307 / 0.3081, (1 - 0.1307) / 0.3081),
    )


def lenet_rgb(classes: int = 10, channels: int = 3) -> Network:
    """A wider LeNet for 32×32 color pictures, as in CIFAR-10."""
    return Network(
        name="lenet-rgb",
        input=(channels, 32, 32),
        stages=(
            Stage("conv1", Convolution(16), relu),
            Stage("pool1", MaxPooling()),
            Stage("conv2", Convolution(32), relu),
            Stage("pool2", MaxPooling()),
            Stage("fc1", FullConnection(120), relu),
            Stage("fc2", FullConnection(84), relu),
            Stage("output", FullConnection(classes)),
        ),
        source="a widely copied tutorial",
        description="16 and 32 maps on 32×32 color pictures, for CIFAR-10",
        deviations=(_NOT_THE_ORIGINAL, "16 and 32 maps where LeNet-5 has 6 and 16"),
        input_range=(-1.0, 1.0),
    )


def lenet_5_gap(classes: int = 10, channels: int = 1) -> Network:
    """LeNet-5 with C5 replaced by the mean of each map: 4,850 parameters and inputs of any size."""
    return Network(
        name="lenet-5-gap",
        input=(channels, 28, 28),
        stages=(
            Stage("conv1", Convolution(6, padding=2), relu),
            Stage("pool1", MaxPooling()),
            Stage("conv2", Convolution(16), relu),
            Stage("gap", GlobalAveragePooling()),
            Stage("fc", FullConnection(84), relu),
            Stage("output", FullConnection(classes)),
        ),
        source="ours, after the global average pooling of [Lin14]",
        description="C5's 48,120 parameters replaced by the mean of each map",
        deviations=(_NOT_THE_ORIGINAL, "no C5: its place is taken by global average pooling"),
        input_range=_UNIT_DEVIATION,
    )


def lenet_caffe(classes: int = 10, channels: int = 1) -> Network:
    """The 20-50-500 network that Caffe ships as LeNet, with its layer names; linear convolutions."""
    return Network(
        name="lenet-caffe",
        input=(channels, 28, 28),
        stages=(
            Stage("conv1", Convolution(20)),
            Stage("pool1", MaxPooling()),
            Stage("conv2", Convolution(50)),
            Stage("pool2", MaxPooling()),
            Stage("ip1", FullConnection(500), relu),
            Stage("ip2", FullConnection(classes)),
        ),
        source="Caffe, examples/mnist/lenet_train_test.prototxt",
        description="the 20-50-500 network shipped with Caffe: seven times LeNet-5's parameters",
        deviations=(
            _NOT_THE_ORIGINAL,
            "no activation after the convolutions; ReLU after the first full connection only",
        ),
        input_range=(0.0, 255 / 256),
    )


TAUGHT = (
    lenet_5_relu,
    lenet_5_average,
    lenet_5_sigmoid,
    lenet_5_sigmoid_output,
    lenet_short,
    lenet_rgb,
    lenet_5_gap,
    lenet_caffe,
)
