"""The networks of the papers, 1989 to 1998, with the papers' layer names."""

from lenet.architecture import Convolution, EuclideanRbf, FullConnection, Network, Stage, Subsampling, squash
from lenet.connections import DIGIT_CODES, LENET_1_H3, LENET_4_C3, LENET_5_C3, LENET_1989_H2


def lenet_1989(classes: int = 10) -> Network:
    """The zip-code network: stride-2 convolutions, shared kernels, a bias for every unit."""
    return Network(
        name="lenet-1989",
        input=(1, 16, 16),
        stages=(
            Stage("h1", Convolution(12, stride=2, padding=2, padding_value=-1.0, bias="unit"), squash),
            Stage(
                "h2",
                Convolution(12, stride=2, padding=2, padding_value=-1.0, table=LENET_1989_H2, bias="unit"),
                squash,
            ),
            Stage("h3", FullConnection(30), squash),
            Stage("output", FullConnection(classes), squash),
        ),
        source="[LeCun89]",
        description="the zip-code network, the first convolutional network trained by back-propagation on real data",
        deviations=(
            "which 8 of the 12 H1 maps feed each H2 map is withheld by the paper; the scheme here is a guess",
            "the paper pads 3 pixels an axis without saying where; here 2 before and 2 after, the last never read",
        ),
        input_range=(-1.0, 1.0),
    )


def lenet_1(classes: int = 10) -> Network:
    """The 1990 network: four feature maps, sub-sampling, and a table of two almost independent halves."""
    return Network(
        name="lenet-1",
        input=(1, 28, 28),
        stages=(
            Stage("h1", Convolution(4), squash),
            Stage("h2", Subsampling(), squash),
            Stage("h3", Convolution(12, table=LENET_1_H3), squash),
            Stage("h4", Subsampling(), squash),
            Stage("output", FullConnection(classes), squash),
        ),
        source="[LeCun90]; named LeNet-1 in [LeCun98, III-C.7]",
        description="the 1990 network: 2,578 free parameters behind 98,442 connections",
        deviations=("the papers put a 16×16 digit into the 28×28 field; MNIST's digits are up to 20×20",),
        input_range=(-1.0, 1.0),
    )


def lenet_4(classes: int = 10, hidden: int = 37) -> Network:
    """A reconstruction: the published description contradicts its own totals.

    Args:
        classes: number of outputs.
        hidden: units of F5; 37 fits the published totals, the text says 120 (then 50,998 parameters).
    """
    return Network(
        name="lenet-4",
        input=(1, 32, 32),
        stages=(
            Stage("c1", Convolution(4), squash),
            Stage("s2", Subsampling(copies=2), squash),
            Stage("c3", Convolution(16, table=LENET_4_C3), squash),
            Stage("s4", Subsampling(), squash),
            Stage("f5", FullConnection(hidden), squash),
            Stage("output", FullConnection(classes), squash),
        ),
        source="[LeCun98, III-C.8]; [LeCun95]",
        description="the larger input and the paired sub-sampling maps on the way to LeNet-5 (a reconstruction)",
        deviations=(
            "no table of S2 -> C3 is published; the one here is our own, with the 60 kernels that the totals ask for",
            "120 hidden units, as printed, exceed the printed 17,000 parameters; 37 fit both printed totals",
        ),
        input_range=(-0.1, 1.175),
    )


def lenet_5() -> Network:
    """LeNet-5 as published in 1998: Table I, trainable sub-sampling, C5 as a convolution, Euclidean RBF outputs.

    >>> lenet_5().output_shapes
    ((6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (120, 1, 1), (84, 1, 1), (10, 1, 1))
    """
    return Network(
        name="lenet-5",
        input=(1, 32, 32),
        stages=(
            Stage("c1", Convolution(6), squash),
            Stage("s2", Subsampling(), squash),
            Stage("c3", Convolution(16, table=LENET_5_C3), squash),
            Stage("s4", Subsampling(), squash),
            Stage("c5", Convolution(120), squash),
            Stage("f6", FullConnection(84), squash),
            Stage("output", EuclideanRbf(DIGIT_CODES)),
        ),
        source="[LeCun98, II-B]",
        description="the 1998 network as published: 60,000 parameters, outputs that are distances to drawn digits",
        deviations=("sub-sampling adds its four inputs (II-B); II-A of the same paper says average",),
        input_range=(-0.1, 1.175),
    )


HISTORIC = (lenet_1989, lenet_1, lenet_4, lenet_5)
