"""Minimum work of a pass: operations, and bytes that leave the caches, derived from the description.

Operations are multiply–accumulates as `counts` does them; one is two floating-point operations. Training on an
image takes the forward pass, the gradient of every stage's inputs (except for stages with nothing trainable before
them) and the gradient of every stage's weights (except for stages without any, as an RBF). Each has as many
multiply–accumulates as the forward pass. Not counted: biases, activation functions, comparisons of a pooling, the loss
and the optimizer.

`StageWork.spilled` is what a program moves to memory and back when it runs stage after stage over more images than the
caches hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from lenet.architecture import Network
from lenet.summary.counts import summarize

FLOAT = 4
FLOPS_OF_A_MAC = 2


@dataclass(frozen=True)
class StageWork:
    """The minimum work of one stage for one image.

    Attributes:
        forward: multiply–accumulates of the forward pass.
        input_gradient, weight_gradient: those of the backward pass; 0 where that gradient is not needed.
        spilled: bytes written and read again if the stage's outputs go to memory and come back, forward only.
    """

    name: str
    forward: int
    input_gradient: int
    weight_gradient: int
    spilled: int


@dataclass(frozen=True)
class Work:
    """The minimum work of a network for one image, in inference and in training."""

    network: Network
    stages: tuple[StageWork, ...]

    @cached_property
    def inference_macs(self) -> int:
        """Multiply–accumulates of inference on one image."""
        return sum(stage.forward for stage in self.stages)

    @cached_property
    def training_macs(self) -> int:
        """Multiply–accumulates of training on one image."""
        return sum(stage.forward + stage.input_gradient + stage.weight_gradient for stage in self.stages)

    def roofline(self, peak_flops: float, training: bool = False) -> float:
        """The roofline: an upper bound of images a second for these operations at ``peak_flops``.

        >>> from lenet.networks import describe
        >>> round(measure_work(describe("lenet-5-relu")).roofline(200e9))
        240085
        """
        return peak_flops / (FLOPS_OF_A_MAC * (self.training_macs if training else self.inference_macs))

    def to_markdown(self) -> str:
        """The work of every stage and the totals as a Markdown table."""
        rows: dict[str, tuple[int, ...]] = {
            stage.name: (stage.forward, stage.input_gradient, stage.weight_gradient, stage.spilled)
            for stage in self.stages
        }
        rows["total"] = tuple(map(sum, zip(*rows.values(), strict=True)))
        headings = "| stage | forward | input gradient | weight gradient | bytes if spilled |"
        lines = [headings, "|---|---:|---:|---:|---:|"]
        for name, figures in rows.items():
            lines.append(f"| {name} | " + " | ".join(f"{figure:,}" if figure else "–" for figure in figures) + " |")
        return "\n".join(lines)


def measure_work(network: Network) -> Work:
    """Derive the minimum work of a network for one image.

    >>> from lenet.networks import describe
    >>> work = measure_work(describe("lenet-5-relu"))
    >>> work.inference_macs, work.training_macs
    (416520, 1131960)
    """
    stages, needs_input_gradient = [], False
    for stage in summarize(network).stages:
        trainable = stage.parameters > 0
        stages.append(
            StageWork(
                name=stage.name,
                forward=stage.macs,
                input_gradient=stage.macs if needs_input_gradient else 0,
                weight_gradient=stage.macs if trainable else 0,
                spilled=2 * FLOAT * stage.units,
            )
        )
        needs_input_gradient = needs_input_gradient or trainable
    return Work(network, tuple(stages))
