"""The rows: what is reproduced, after which printed figures, how, and where it departs from the papers, as data."""

from dataclasses import dataclass
from typing import Literal

from lenet.architecture import Network
from lenet.errors import UnknownName
from lenet.networks import describe
from lenet.reproduction import wording as say
from lenet.reproduction.details import STEPS
from lenet.reproduction.published import (
    FIGURE_5_TEST,
    FIGURE_5_TRAINING,
    FIGURE_6_DISTORTED,
    FIGURE_6_TEST,
    FIGURE_6_TRAINING,
    FIGURE_10,
    ZIP_TEST,
    ZIP_TRAIN,
    Published,
)
from lenet.reproduction.recipe import LENET_1, LENET_5, SQUARED, ZIP_CODES, Recipe
from lenet.reproduction.streams import Kind
from lenet.reproduction.wording import Said
from lenet.sdnn.displacement import network_with_blank
from lenet.sdnn.teaching import Plan
from lenet.training import Recipe as BatchRecipe

Measurement = Literal[
    "training", "boosting", "learning-curve", "sizes", "rejections", "noise", "robustness", "details", "strings"
]
Preparation = Literal["as it is", "digits reduced to 16×16"]


@dataclass(frozen=True)
class Part:
    """One training of a row, over all seeds: a kind of patterns and how many; network and recipe if not the row's."""

    name: str
    stream: Kind = "plain"
    examples: int | None = None
    network: Network | None = None
    recipe: Recipe | BatchRecipe | None = None


@dataclass(frozen=True)
class Row:
    """One result of the papers.

    Attributes:
        name: as on the command line.
        title: what it is.
        measurement: what is done once the networks are taught.
        network: a name of the registry.
        data: a public data set.
        preparation: what is done to its pictures.
        published: the printed figures.
        curve: errors printed after each pass, on training patterns while learning, and on the test set.
        recipe: how the networks are taught.
        plan: how the network is taught that is slid over strings, in place of ``recipe``.
        parts: what is taught for this row.
        rests_on: rows whose networks or figures it uses, and which are run first.
        seeds, orders: the seeds 0 to ``seeds`` - 1, in as many groups as there are orders of presentation; 0 orders:
            each seed has its own.
        departures: every point where this differs from the papers or fills what they leave open.
        lifted: departures of the network's description that do not hold in this row.
        tried: what was tried where a figure is missed, and what it showed.
        questions: what nobody has published an answer to.
    """

    name: str
    title: Said
    network: str
    published: tuple[Published, ...]
    departures: tuple[Said, ...]
    questions: tuple[Said, ...] = ()
    tried: tuple[Said, ...] = ()
    measurement: Measurement = "training"
    data: str = "mnist"
    preparation: Preparation = "as it is"
    curve: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    recipe: Recipe = LENET_5
    plan: Plan | None = None
    parts: tuple[Part, ...] = (Part("all"),)
    rests_on: tuple[str, ...] = ()
    seeds: int = 16
    orders: int = 2
    lifted: tuple[str, ...] = ()

    def description(self) -> Network:
        """The network."""
        return network_with_blank() if self.plan else describe(self.network)

    @property
    def pictures(self) -> dict[str, str]:
        """Its pictures: what they are called in its folder, and what in the report's."""
        return {"picture": self.name} | ({"string": f"{self.name}-string"} if self.plan else {})


_LENET_5 = (
    say.SUM_NOT_AVERAGE,
    say.INIT_WITH_BIASES,
    say.EQUATION_9,
    say.HALVED,
    say.CURVATURE_START,
    say.MNIST_RANGE,
    say.FLOAT32,
)
_LENET_4 = (
    say.LENET_4_TABLE, say.LENET_4_HIDDEN, say.LENET_4_TARGETS,
    say.SQUARED_ERROR, say.INIT, say.LENET_5_SCHEDULE, say.FLOAT32,
)  # fmt: skip

ROWS = (
    Row(
        "lenet-1989",
        Said("The 1989 network on the zip codes", "1989 年的网络，邮政编码数据"),
        "lenet-1989",
        (
            Published("test_error", 5.0, "[LeCun89]", ZIP_TEST),
            Published("train_error", 0.14, "[LeCun89]", ZIP_TRAIN),
            Published("rejects_for_1", 12.1, "[LeCun89]", ZIP_TEST),
        ),
        (
            say.EIGHT_OF_TWELVE,
            say.PADDING_1989,
            say.INIT,
            say.ZIP_SCHEDULE,
            say.TARGETS_1989,
            say.SQUARED_ERROR,
            say.REJECT_SCORE_1989,
            say.GRAY_LEVELS_1989,
            say.FLOAT32,
        ),
        (say.ASK_EIGHT_OF_TWELVE, say.ASK_ZIP_RATES, say.ASK_BIASES),
        (say.TRIED_ZIP,),
        data="usps",
        recipe=ZIP_CODES,
    ),
    Row(
        "lenet-1",
        Said("LeNet-1 on MNIST", "LeNet-1，MNIST"),
        "lenet-1",
        (
            Published("test_error", 1.7, "[LeCun98, III-C.7 and Fig. 9]"),
            Published("rejects_for_05", 3.7, "[LeCun98, Fig. 10]"),
        ),
        (say.REDUCED, say.INIT, say.SQUARED_ERROR, say.LENET_1_SCHEDULE, say.FLOAT32),
        (say.ASK_REDUCTION, say.ASK_SCHEDULES, say.ASK_BIASES),
        (say.TRIED_LENET_1,),
        preparation="digits reduced to 16×16",
        recipe=LENET_1,
        lifted=("the papers put a 16×16 digit into the 28×28 field; MNIST's digits are up to 20×20",),
    ),
    Row(
        "lenet-4",
        Said("LeNet-4 on MNIST", "LeNet-4，MNIST"),
        "lenet-4",
        (
            Published("test_error", 1.1, "[LeCun98, III-C.8 and Fig. 9]"),
            Published("rejects_for_05", 1.8, "[LeCun98, Fig. 10]"),
        ),
        _LENET_4,
        (say.ASK_LENET_4, say.ASK_SCHEDULES, say.ASK_BIASES),
        (say.TRIED_LENET_4,),
        recipe=SQUARED,
    ),
    Row(
        "lenet-4-boosted",
        Said("Three boosted LeNet-4, with distortions", "三个 LeNet-4 的提升（boosting），训练数据带形变"),
        "lenet-4",
        (
            Published("test_error", 0.7, "[LeCun98, III-C.9 and Fig. 9]"),
            Published("average_cost", 1.75, "[LeCun98, III-C.9]", 0),
            Published("rejects_for_05", 0.5, "[LeCun98, Fig. 10]"),
        ),
        (*_LENET_4, say.DISTORTION_RANGES, say.BOOSTING_STREAM, say.BOOSTING_ALONE, say.BOOSTING_THRESHOLD),
        (say.ASK_LENET_4, say.ASK_BOOSTING, say.ASK_DISTORTIONS, say.ASK_SCHEDULES),
        measurement="boosting",
        recipe=SQUARED,
        parts=(Part("first", "distorted"),),
        seeds=8,
    ),
    Row(
        "lenet-5",
        Said("LeNet-5 on MNIST", "LeNet-5，MNIST"),
        "lenet-5",
        (
            Published("test_error", 0.95, "[LeCun98, III-B and Fig. 9]"),
            Published("train_error_while_learning", 0.35, "[LeCun98, III-B]", 60_000),
        ),
        _LENET_5,
        (say.ASK_J, say.ASK_LOSS, say.ASK_BIASES),
        (say.TRIED_J, say.TRIED_BIASES, say.TRIED_CURVATURE, say.TRIED_J_TRAINING),
        curve=(FIGURE_5_TRAINING, FIGURE_5_TEST),
    ),
    Row(
        "lenet-5-distorted",
        Said("LeNet-5 on MNIST with 540,000 distorted patterns", "LeNet-5，MNIST 另加 540,000 个形变样本"),
        "lenet-5",
        (Published("test_error", 0.8, "[LeCun98, III-B and Fig. 9]"),),
        (*_LENET_5, say.DISTORTION_RANGES),
        (say.ASK_DISTORTIONS, say.ASK_J, say.ASK_LOSS),
        (say.TRIED_DISTORTED,),
        parts=(Part("all", "distorted"),),
    ),
    Row(
        "figure-5",
        Said("The learning curve of LeNet-5 (Fig. 5)", "LeNet-5 的学习曲线（图 5）"),
        "lenet-5",
        (
            Published("test_error", FIGURE_5_TEST[0], "[LeCun98, Fig. 5]", part="pass 1"),
            Published("test_error", FIGURE_5_TEST[9], "[LeCun98, Fig. 5]", part="pass 10"),
            Published("test_error", FIGURE_5_TEST[19], "[LeCun98, Fig. 5]", part="pass 20"),
        ),
        (*_LENET_5, say.FIGURE_5_READ),
        (say.ASK_J, say.ASK_LOSS),
        (say.TRIED_J_TRAINING,),
        measurement="learning-curve",
        curve=(FIGURE_5_TRAINING, FIGURE_5_TEST),
        parts=(),
        rests_on=("lenet-5",),
    ),
    Row(
        "figure-6",
        Said("The size of the training set (Fig. 6)", "训练集的大小（图 6）"),
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
        (*_LENET_5, say.DISTORTION_RANGES, say.SUBSETS),
        (say.ASK_SUBSETS, say.ASK_DISTORTIONS, say.ASK_J),
        measurement="sizes",
        parts=(Part("15,000", examples=15_000), Part("30,000", examples=30_000)),
        rests_on=("lenet-5", "lenet-5-distorted"),
    ),
    Row(
        "figure-10",
        Said("Rejections for 0.5 % error (Fig. 10)", "错误率降到 0.5 % 所需的拒识率（图 10）"),
        "lenet-4",
        tuple(Published("rejects_for_05", value, "[LeCun98, Fig. 10]", part=part) for part, value in FIGURE_10.items()),
        (*_LENET_4, say.REDUCED, say.DISTORTION_RANGES, say.BOOSTING_STREAM, say.BOOSTING_ALONE, say.REJECTION),
        (say.ASK_REDUCTION, say.ASK_LENET_4, say.ASK_BOOSTING),
        measurement="rejections",
        recipe=SQUARED,
        parts=(),
        rests_on=("lenet-1", "lenet-4", "lenet-4-boosted"),
    ),
    Row(
        "noise",
        Said("A tenth of the pixels inverted", "十分之一的像素被反转"),
        "lenet-5",
        (),
        (*_LENET_5, say.NOISE),
        (say.ASK_NOISE,),
        measurement="noise",
        parts=(Part("noisy", "noisy"),),
        rests_on=("lenet-5",),
    ),
    Row(
        "robustness",
        Said("Scale, vertical shift and rotation", "缩放、上下平移与旋转"),
        "lenet-5",
        (),
        (*_LENET_5, say.DISTORTION_RANGES, say.ROBUSTNESS),
        (say.ASK_ROBUSTNESS, say.ASK_DISTORTIONS),
        measurement="robustness",
        parts=(),
        rests_on=("lenet-5", "lenet-5-distorted"),
    ),
    Row(
        "sdnn",
        Said("Strings of digits, read without cutting them (SDNN)", "不切分而读数字串（SDNN）"),
        "lenet-5-sdnn",
        (),
        (
            say.SUM_NOT_AVERAGE,
            say.BLANK_CODE,
            say.TRANSDUCER,
            say.WINDOWS,
            say.WINDOWS_DISTORTED,
            say.WINDOWS_INVERTED,
            say.STRING_GAPS,
            say.STRING_LOSS,
            say.STRING_OPTIMIZER,
            say.INIT,
            say.MNIST_RANGE,
            say.FLOAT32,
        ),
        (say.ASK_TRANSDUCER, say.ASK_BLANKS, say.ASK_STRINGS),
        measurement="strings",
        plan=Plan(),
        seeds=4,  # each learns from seven million windows and takes minutes of a core
        orders=0,
    ),
    Row(
        "details",
        Said("What each detail of 1998 is worth", "1998 年的每个细节值多少"),
        "lenet-5",
        (),
        (*_LENET_5, say.DETAILS_ORDER, say.DETAILS_ALL, say.DETAILS_SIZE, say.DETAILS_SECONDS),
        (say.ASK_DETAILS, say.ASK_J),
        measurement="details",
        parts=tuple(Part(step.label.en, network=step.network, recipe=step.recipe) for step in STEPS),
        rests_on=("lenet-5",),
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

    >>> find("figure-5").rests_on
    ('lenet-5',)
    """
    for row in ROWS:
        if row.name == name:
            return row
    raise UnknownName("reproduction", name, names())
