"""Ablation steps from LeNet-5 as published to the one taught today, one change after the other.

Each step keeps all changes before it. The first ones are trained as the paper says, a pattern at a time; from the step
on that changes it, by mini-batches. All networks take 32×32 pictures: the last one is ``lenet-5-relu`` of that size.
"""

from dataclasses import dataclass, replace

from lenet.architecture import Convolution, FullConnection, MaxPooling, Network, Stage, identity, relu, squash
from lenet.networks import describe
from lenet.training import Recipe
from lenet.training import recipe as named_recipe
from lenet.training.recipes import SDLM

PUBLISHED = "as published"
"""The step before the first, which the row ``lenet-5`` gives."""

# So far beyond every penalty that the rubbish class of eq. 9 has no weight left.
_NO_RUBBISH_CLASS = 1_000.0


@dataclass(frozen=True)
class Step:
    """One step of the ablation.

    Attributes:
        label: what is new, in two or three words.
        network: as it is after the change.
        recipe: how it is trained: a pattern at a time, or by mini-batches.
    """

    label: str
    network: Network
    recipe: Recipe


def _with(network: Network, **stages: Stage) -> Network:
    """Replace stages by name."""
    return replace(network, stages=tuple(stages.get(stage.name, stage) for stage in network.stages))


def _steps() -> tuple[Step, ...]:
    published = describe("lenet-5")
    logits = replace(
        _with(published, output=Stage("output", FullConnection(10))),
        name="lenet-5-changed",
        description="between LeNet-5 as published and the one taught today",
        deviations=(),
    )
    pooled = _with(logits, s2=Stage("s2", MaxPooling(), identity), s4=Stage("s4", MaxPooling(), identity))
    rectified = _with(
        pooled,
        **{stage.name: replace(stage, activation=relu) for stage in pooled.stages if stage.activation == squash},
    )
    fully_connected = _with(rectified, c3=Stage("c3", Convolution(16), relu))
    scaled = replace(fully_connected, input_range=describe("lenet-5-relu").input_range)
    current_recipe = named_recipe("default", describe("lenet-5-relu"))
    unaugmented = replace(current_recipe, shift=0, label_smoothing=0.0)
    pattern_by_pattern = replace(SDLM, loss="cross-entropy", j=0.0)
    return (
        Step("no rubbish class", published, replace(SDLM, j=_NO_RUBBISH_CLASS)),
        Step("logits", logits, pattern_by_pattern),
        Step("max pooling", pooled, pattern_by_pattern),
        Step("ReLU", rectified, pattern_by_pattern),
        Step("every map connected", fully_connected, pattern_by_pattern),
        Step("mini-batches", fully_connected, replace(unaugmented, init=SDLM.init)),
        Step("first weights", fully_connected, unaugmented),
        Step("input range", scaled, unaugmented),
        Step("label smoothing", scaled, replace(unaugmented, label_smoothing=current_recipe.label_smoothing)),
        Step("distortions", scaled, current_recipe),
    )


STEPS = _steps()
