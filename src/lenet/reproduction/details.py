"""What each detail of 1998 is worth: one change after the other, from LeNet-5 as published to the one taught today.

Each step keeps all changes before it. The first ones are taught as the paper says, a pattern at a time; from the step
on that changes it, by mini-batches. All networks take 32×32 pictures: the last one is ``lenet-5-relu`` of that size.
"""

from dataclasses import dataclass, replace

from lenet.architecture import Convolution, FullConnection, MaxPooling, Network, Stage, identity, relu, squash
from lenet.networks import describe
from lenet.reproduction.recipe import LENET_5, Recipe
from lenet.reproduction.wording import Said
from lenet.training import Recipe as BatchRecipe
from lenet.training import recipe as batch_recipe

PUBLISHED = Said("as published", "原论文")
"""The step before the first, which the row ``lenet-5`` gives."""

# So far beyond every penalty that the rubbish class of eq. 9 has no weight left.
_NO_RUBBISH_CLASS = 1_000.0


@dataclass(frozen=True)
class Step:
    """One change.

    Attributes:
        label: what is new, in two or three words.
        change: from what to what.
        network: as it is after the change.
        recipe: how it is taught: a pattern at a time, or by mini-batches.
    """

    label: Said
    change: Said
    network: Network
    recipe: Recipe | BatchRecipe


def _with(network: Network, **stages: Stage) -> Network:
    """Other stages in place of those named."""
    return replace(network, stages=tuple(stages.get(stage.name, stage) for stage in network.stages))


def _steps() -> tuple[Step, ...]:
    published = describe("lenet-5")
    logits = replace(
        _with(published, output=Stage("output", FullConnection(10))),
        name="lenet-5-changed",
        story="between LeNet-5 as published and the one taught today",
        departures=(),
    )
    pooled = _with(logits, s2=Stage("s2", MaxPooling(), identity), s4=Stage("s4", MaxPooling(), identity))
    rectified = _with(
        pooled,
        **{stage.name: replace(stage, activation=relu) for stage in pooled.stages if stage.activation == squash},
    )
    full = _with(rectified, c3=Stage("c3", Convolution(16), relu))
    scaled = replace(full, input_range=describe("lenet-5-relu").input_range)
    of_today = batch_recipe("default", describe("lenet-5-relu"))
    plain = replace(of_today, shift=0, label_smoothing=0.0)
    one_by_one = replace(LENET_5, loss="cross-entropy", j=0.0)
    return (
        Step(
            Said("no rubbish class", "去掉垃圾类"),
            Said(
                "eq. 9 without its rubbish class: the cross-entropy of the softmax over minus the penalties",
                "式 9 去掉垃圾类，即以负惩罚值做 softmax 的交叉熵",
            ),
            published,
            replace(LENET_5, j=_NO_RUBBISH_CLASS),
        ),
        Step(
            Said("logits", "logits"),
            Said(
                "ten learned weighted sums in place of the distances to the drawn 7×12 characters; cross-entropy",
                "用十个可学习的加权和代替到 7×12 字符图案的距离；交叉熵",
            ),
            logits,
            one_by_one,
        ),
        Step(
            Said("max pooling", "最大池化"),
            Said(
                "the largest of four in place of their sum with a coefficient, a bias and an activation",
                "取四个中最大的，代替带系数、偏置与激活函数的求和下采样",
            ),
            pooled,
            one_by_one,
        ),
        Step(
            Said("ReLU", "ReLU"),
            Said("max(0, a) in place of 1.7159 tanh(2a/3) everywhere", "所有 1.7159 tanh(2a/3) 换成 max(0, a)"),
            rectified,
            one_by_one,
        ),
        Step(
            Said("every map connected", "全部连接"),
            Said(
                "all 96 kernels between S2 and C3 in place of the 60 of Table I",
                "S2 与 C3 之间用全部 96 个卷积核，代替表 I 的 60 个",
            ),
            full,
            one_by_one,
        ),
        Step(
            Said("mini-batches", "小批量 SGD"),
            Said(
                f"SGD on batches of {plain.batch} with Nesterov momentum {plain.momentum:g} and a weight decay of "
                f"{plain.weight_decay:g}, {plain.epochs} passes, the rate rising to {plain.learning_rate:g} and "
                "falling once, in place of 20 passes of stochastic diagonal Levenberg–Marquardt, one pattern at a time",
                f"SGD，每批 {plain.batch} 个，Nesterov 动量 {plain.momentum:g}，权值衰减 {plain.weight_decay:g}，"
                f"{plain.epochs} 遍，学习率升至 {plain.learning_rate:g} 再降，"
                "代替逐个样本、20 遍的随机对角 Levenberg–Marquardt",
            ),
            full,
            replace(plain, init=LENET_5.init),
        ),
        Step(
            Said("first weights", "初始权值"),
            Said(
                "weights and biases from ±1/√F, as PyTorch starts, in place of ±1.2/√F",
                "权值与偏置在 ±1/√F 内抽取（PyTorch 的做法），代替 ±1.2/√F",
            ),
            full,
            plain,
        ),
        Step(
            Said("input range", "输入范围"),
            Said(
                "background 0 and ink 3.25, ink with a deviation of 1, in place of −0.1 and 1.175",
                "背景为 0、墨迹为 3.25（标准差为 1），代替 −0.1 与 1.175",
            ),
            scaled,
            plain,
        ),
        Step(
            Said("label smoothing", "标签平滑"),
            Said(
                f"{of_today.label_smoothing:.0%} of the target spread over all classes".replace("%", " %"),
                f"把目标的 {of_today.label_smoothing:.0%} 均摊给所有类别".replace("%", " %"),
            ),
            scaled,
            replace(plain, label_smoothing=of_today.label_smoothing),
        ),
        Step(
            Said("distortions", "形变"),
            Said(
                "each picture moved by up to a pixel, anew in each pass: this is lenet-5-relu with the default recipe "
                "of `lenet train`",
                "每一遍都把图片随机平移至多一个像素：这就是 lenet-5-relu 与 `lenet train` 的默认配方",
            ),
            scaled,
            of_today,
        ),
    )


STEPS = _steps()
