"""The reproduced results as data: published figures, networks and recipes."""

from dataclasses import dataclass, replace
from typing import Literal

from lenet.architecture import Network
from lenet.experiments.details import STEPS
from lenet.experiments.published import (
    FIGURE_5_TEST,
    FIGURE_5_TRAINING,
    FIGURE_6_DISTORTED,
    FIGURE_6_TEST,
    FIGURE_6_TRAINING,
    FIGURE_10,
    ZIP_TEST_EXAMPLES,
    ZIP_TRAINING_EXAMPLES,
    Published,
)
from lenet.experiments.streams import Kind
from lenet.naming import resolve_name
from lenet.networks import describe
from lenet.sdnn.displacement import network_with_blank
from lenet.sdnn.windows import RECIPE, WindowParameters
from lenet.training import Recipe
from lenet.training.recipes import PUBLISHED_RATES, SDLM

Measurement = Literal[
    "training", "boosting", "learning-curve", "sizes", "rejections", "noise", "robustness", "ablation", "strings"
]
Preparation = Literal["as it is", "digits reduced to 16×16"]

# Drawn biases were chosen on training patterns set aside; with squared errors they bring nothing there.
SQUARED = replace(SDLM, loss="sum-squared-error", j=0.0, init="sqrt")
# The papers print no rates for these networks: the rows say what was tried on training patterns set aside.
_LENET_1 = replace(SQUARED, rates=tuple(round(4 * eta, 6) for eta in PUBLISHED_RATES))
_ZIP_CODES = replace(SQUARED, epochs=23, rates=(0.0003,) * 23)


@dataclass(frozen=True)
class Part:
    """One training of a row, over all seeds: a kind of patterns and how many; network and recipe if not the row's."""

    name: str
    stream: Kind = "plain"
    examples: int | None = None
    network: Network | None = None
    recipe: Recipe | None = None


@dataclass(frozen=True)
class Row:
    """One reproduced result of the papers.

    Attributes:
        name: as on the command line.
        title: what it is.
        measurement: what is done once the networks are trained; ``"ablation"`` is the error of each step between two
            networks.
        network: a name of the registry.
        data: a public data set.
        preparation: what is done to its pictures.
        published: the printed figures.
        curve: errors printed after each pass, on training patterns while learning, and on the test set.
        recipe: how the networks are trained.
        windows: how windows are cut that the network is trained on which is slid over strings.
        parts: what is trained for this row.
        depends_on: rows whose networks or figures it uses, and which are run first.
        seeds, orders: the seeds 0 to ``seeds`` - 1, in as many groups as there are orders of presentation; 0 orders:
            each seed has its own.
    """

    name: str
    title: str
    network: str
    published: tuple[Published, ...]
    measurement: Measurement = "training"
    data: str = "mnist"
    preparation: Preparation = "as it is"
    curve: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    recipe: Recipe = SDLM
    windows: WindowParameters | None = None
    parts: tuple[Part, ...] = (Part("all"),)
    depends_on: tuple[str, ...] = ()
    seeds: int = 16
    orders: int = 2

    def description(self) -> Network:
        """The network."""
        return network_with_blank() if self.windows else describe(self.network)

    @property
    def charts(self) -> dict[str, str]:
        """Names of its charts, in its folder and in the report."""
        return {"chart": self.name} | ({"string": f"{self.name}-string"} if self.windows else {})


ROWS = (
    Row(
        "lenet-1989",
        "The 1989 network on the zip codes",
        "lenet-1989",
        (
            Published("test_error", 5.0, "[LeCun89]", ZIP_TEST_EXAMPLES),
            Published("train_error", 0.14, "[LeCun89]", ZIP_TRAINING_EXAMPLES),
            Published("rejects_for_1", 12.1, "[LeCun89]", ZIP_TEST_EXAMPLES),
        ),
        data="usps",
        recipe=_ZIP_CODES,
    ),
    Row(
        "lenet-1",
        "LeNet-1 on MNIST",
        "lenet-1",
        (
            Published("test_error", 1.7, "[LeCun98, III-C.7 and Fig. 9]"),
            Published("rejects_for_05", 3.7, "[LeCun98, Fig. 10]"),
        ),
        preparation="digits reduced to 16×16",
        recipe=_LENET_1,
    ),
    Row(
        "lenet-4",
        "LeNet-4 on MNIST",
        "lenet-4",
        (
            Published("test_error", 1.1, "[LeCun98, III-C.8 and Fig. 9]"),
            Published("rejects_for_05", 1.8, "[LeCun98, Fig. 10]"),
        ),
        recipe=SQUARED,
    ),
    Row(
        "lenet-4-boosted",
        "Three boosted LeNet-4, with distortions",
        "lenet-4",
        (
            Published("test_error", 0.7, "[LeCun98, III-C.9 and Fig. 9]"),
            Published("average_cost", 1.75, "[LeCun98, III-C.9]", 0),
            Published("rejects_for_05", 0.5, "[LeCun98, Fig. 10]"),
        ),
        measurement="boosting",
        recipe=SQUARED,
        parts=(Part("first", "distorted"),),
        seeds=8,
    ),
    Row(
        "lenet-5",
        "LeNet-5 on MNIST",
        "lenet-5",
        (
            Published("test_error", 0.95, "[LeCun98, III-B and Fig. 9]"),
            Published("train_error_while_learning", 0.35, "[LeCun98, III-B]", 60_000),
        ),
        curve=(FIGURE_5_TRAINING, FIGURE_5_TEST),
    ),
    Row(
        "lenet-5-distorted",
        "LeNet-5 on MNIST with 540,000 distorted patterns",
        "lenet-5",
        (Published("test_error", 0.8, "[LeCun98, III-B and Fig. 9]"),),
        parts=(Part("all", "distorted"),),
    ),
    Row(
        "figure-5",
        "The learning curve of LeNet-5 (Fig. 5)",
        "lenet-5",
        (
            Published("test_error", FIGURE_5_TEST[0], "[LeCun98, Fig. 5]", part="pass 1"),
            Published("test_error", FIGURE_5_TEST[9], "[LeCun98, Fig. 5]", part="pass 10"),
            Published("test_error", FIGURE_5_TEST[19], "[LeCun98, Fig. 5]", part="pass 20"),
        ),
        measurement="learning-curve",
        curve=(FIGURE_5_TRAINING, FIGURE_5_TEST),
        parts=(),
        depends_on=("lenet-5",),
    ),
    Row(
        "figure-6",
        "The size of the training set (Fig. 6)",
        "lenet-5",
        (
            *(
                Published("test_error", value, "[LeCun98, Fig. 6]", part=f"{size:,}")
                for size, value in FIGURE_6_TEST.items()
            ),
            Published("test_error", FIGURE_6_DISTORTED, "[LeCun98, Fig. 6]", part="60,000 + 540,000 distorted"),
            *(
                Published("train_error_while_learning", value, "[LeCun98, Fig. 6]", size, f"{size:,}")
                for size, value in FIGURE_6_TRAINING.items()
            ),
        ),
        measurement="sizes",
        parts=(Part("15,000", examples=15_000), Part("30,000", examples=30_000)),
        depends_on=("lenet-5", "lenet-5-distorted"),
    ),
    Row(
        "figure-10",
        "Rejections for 0.5 % error (Fig. 10)",
        "lenet-4",
        tuple(Published("rejects_for_05", value, "[LeCun98, Fig. 10]", part=part) for part, value in FIGURE_10.items()),
        measurement="rejections",
        recipe=SQUARED,
        parts=(),
        depends_on=("lenet-1", "lenet-4", "lenet-4-boosted"),
    ),
    Row(
        "noise",
        "A tenth of the pixels inverted",
        "lenet-5",
        (),
        measurement="noise",
        parts=(Part("noisy", "noisy"),),
        depends_on=("lenet-5",),
    ),
    Row(
        "robustness",
        "Scale, vertical shift and rotation",
        "lenet-5",
        (),
        measurement="robustness",
        parts=(),
        depends_on=("lenet-5", "lenet-5-distorted"),
    ),
    Row(
        "sdnn",
        "Strings of digits, read without cutting them (SDNN)",
        "lenet-5-sdnn",
        (),
        measurement="strings",
        recipe=RECIPE,
        windows=WindowParameters(),
        seeds=4,  # each learns from seven million windows and takes minutes of a core
        orders=0,
    ),
    Row(
        "details",
        "What each detail of 1998 is worth",
        "lenet-5",
        (),
        measurement="ablation",
        parts=tuple(Part(step.label, network=step.network, recipe=step.recipe) for step in STEPS),
        depends_on=("lenet-5",),
        seeds=8,
        orders=1,
    ),
)


def names() -> list[str]:
    """The rows' names, those first that others rest on."""
    return [row.name for row in ROWS]


def find(name: str) -> Row:
    """The row of a name.

    Raises:
        UnknownName: if there is none.

    >>> find("figure-5").depends_on
    ('lenet-5',)
    """
    resolved = resolve_name("reproduction", name, names())
    return next(row for row in ROWS if row.name == resolved)
