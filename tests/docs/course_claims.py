"""What the prose of the lessons says in numbers."""

import math
from collections.abc import Iterator

from lenet.connections import DIGIT_CODES
from lenet.course.examples import KERNELS, MAPS
from lenet.networks import describe
from tests.docs.claims import Claim, in_both
from tests.docs.counts import (
    constant,
    dense_kernels,
    kernels,
    layer,
    maps,
    parameters,
    shape,
    stage,
    table_groups,
    with_sigmoids,
)


def _side() -> tuple[int, ...]:
    """Rows and columns of the input of lenet-5."""
    return describe("lenet-5").input[1:]


def _field() -> tuple[float, ...]:
    low, high = describe("lenet-5").input_range
    return *_side(), low, high, low, round(high - low, 6), (_side()[0] - 28) // 2


def _places() -> tuple[int, ...]:
    side, kernel = MAPS.shape[1], KERNELS.shape[1]
    return side, side, kernel, kernel, side - kernel + 1, side - kernel + 1


def _conv2_maps() -> tuple[int, ...]:
    return (stage("lenet-5-relu", "conv2").input_shape[0],)


def _conv2() -> tuple[int, ...]:
    out_maps = maps("lenet-5-relu", "conv2")
    return out_maps, parameters("lenet-5-relu", "conv2") - out_maps, out_maps


def _fc1() -> tuple[int, ...]:
    last = shape("lenet-5-relu", "pool2")
    return *last, math.prod(last), maps("lenet-5-relu", "fc1")


def _unpadded() -> tuple[int, ...]:
    last, expected = shape("lenet-short", "pool2"), math.prod(shape("lenet-5-relu", "pool2"))
    numbers = math.prod(last)
    return *last, numbers, expected, numbers, 25 * numbers // expected, expected


def _c3_and_s2() -> tuple[int, ...]:
    return (maps("lenet-5", "c3"), maps("lenet-5", "s2")) * 2


def _table() -> tuple[int, ...]:
    three, four, pairs, everything = table_groups()
    side = layer("lenet-5", "c3").kernel_size
    sums = (three, 3, four, 4, pairs, 4, everything * maps("lenet-5", "s2"))
    return three, four, pairs, *sums, kernels(), side, side, maps("lenet-5", "c3")


def _stored_zeros() -> tuple[int, ...]:
    return kernels(), kernels(), dense_kernels(), dense_kernels() - kernels()


def _with_zeros() -> tuple[int, ...]:
    zeros = (dense_kernels() - kernels()) * layer("lenet-5", "c3").kernel_size ** 2
    return parameters("lenet-5") + zeros, parameters("lenet-5")


def _f6() -> tuple[int, ...]:
    units = maps("lenet-5", "f6")
    return units, units, 7, units // 7


def _codes() -> tuple[int, ...]:
    return maps("lenet-5", "f6"), len(DIGIT_CODES), len(DIGIT_CODES[0]), len(DIGIT_CODES)


def _output() -> tuple[int, ...]:
    return stage("lenet-5", "output").fixed, stage("lenet-5", "output").connections


def _validation() -> tuple[int, ...]:
    return constant("training.stream", "MAX_VALIDATION"), constant("data.catalog", "IDX_SIZES")[1] - 8


def course_claims() -> Iterator[Claim]:
    page = "course/01-pixels"
    yield from in_both(
        page,
        "takes {}×{} numbers, of which background is {} and full ink {}. So gray level p becomes {} + {}·p/255, and "
        "{w} rows and columns of background",
        "要 {}×{} 个数，背景是 {}，满墨是 {}。灰度 p 于是变成 {} + {}·p/255，四周再各补{w}行",
        _field,
    )
    yield from in_both(page, "so that 28×28 becomes {}×{}.”", "28×28 就成了 {}×{}。”", _side)
    yield from in_both(page, "Background is {}, so zeros", "背景是 {}，补上的 0", lambda: _field()[2:3])
    yield from in_both(page, "and returns the {}×{} numbers", "返回 `lenet-5` 看到的 {}×{} 个数", _side)

    page = "course/02-convolution"
    yield from in_both(
        page,
        "## {w} maps, {w} kernels, one bias",
        "## {w}张图，{w}个卷积核，一个偏置",
        lambda: (len(MAPS), len(KERNELS)),
    )
    yield from in_both(page, "{w} products and one bias", "{w}个乘积加一个偏置", lambda: (KERNELS.size,))
    yield from in_both(
        page,
        "with maps of {}×{} and kernels of {}×{} it has {}×{} places",
        "{}×{} 的图、{}×{} 的卷积核，一共有 {}×{} 个位置",
        _places,
    )
    yield from in_both(
        page, "`conv2` of `lenet-5-relu` sees {w} maps", "`lenet-5-relu` 的 `conv2` 看{w}张图", _conv2_maps
    )
    yield from in_both(page, "Kept apart, {w} maps stay {w}", "互不相加，{w}张图还是{w}张图", lambda: _conv2_maps() * 2)
    yield from in_both(
        page,
        "each of the {} output maps has a bias: {} weights and {} biases",
        "此外 {} 张输出图各有一个偏置：{} 个权重加 {} 个偏置",
        _conv2,
    )
    yield from in_both(
        page, "whole sum, {w} patches and {w} kernels", "{w}个小块、{w}个卷积核", lambda: _conv2_maps() * 2
    )

    page = "course/03-counts"
    yield from in_both(
        page,
        "{}·{}·{} = {} inputs for each of {} units",
        "{} 个单元，每个有 {}·{}·{} = {} 个输入",
        _fc1,
        lambda: (_fc1()[-1], *_fc1()[:-1]),
    )
    yield from in_both(
        page,
        "Without padding {}·{}·{} = {} numbers leave the last pooling, not {}. 25·{} happens to be {}·{},",
        "没有填充，最后一次池化得到 {}·{}·{} = {} 个数，不是 {}。而 25·{} 恰好等于 {}·{}",
        _unpadded,
    )

    amplitude = lambda: (constant("architecture", "SQUASH_AMPLITUDE"),)  # noqa: E731
    page = "course/04-subsampling"
    yield from in_both(page, "f(a) = {}·tanh(2a/3), for", "f(a) = {}·tanh(2a/3)，满足", amplitude)
    yield from in_both(page, "and the squash {}·tanh(2a/3).", "激活函数为 {}·tanh(2a/3)。", amplitude)

    page = "course/05-c3-table"
    yield from in_both(
        page,
        "C3 has {w} maps, and S2 before it has {w}. In today's code each of the {w} sees all {w}.",
        "C3 有 {} 张图，它前面的 S2 有 {} 张。如今的代码里，{} 张图每张都看全部 {} 张",
        _c3_and_s2,
    )
    yield from in_both(
        page,
        "the paper has {} parameters where tutorials have {}.",
        "论文里是 {} 个参数，而教程里是 {} 个",
        lambda: (parameters("lenet-5", "c3"), parameters("lenet-5-relu", "conv2")),
    )
    yield from in_both(
        page,
        "{w} maps see three neighbors, {w} see four neighbors, {w} see two pairs, the last sees all: {}·{} + {}·{} + "
        "{}·{} + {} = {} kernels of {}×{} and {} biases",
        "{w}张看相邻的三张，{w}张看相邻的四张，{w}张看…，最后一张看全部：{}·{} + {}·{} + {}·{} + {} = {} 个 {}×{} 卷积"
        "核，再加 {} 个偏置",
        _table,
    )
    yield from in_both(
        page,
        "The {} kernels are *stored* as {}, not as {} of which {} are zeros",
        "这 {} 个卷积核就*存*成 {} 个，而不是 {} 个里有 {} 个是零",
        _stored_zeros,
    )
    yield from in_both(page, "leaves out the {} biases", "乘积漏了 {} 个偏置", lambda: (maps("lenet-5", "c3"),))
    yield from in_both(page, "connect nothing, {} in place of {}.", "得到 {}，而不是 {}。", _with_zeros)
    yield from in_both(page, "its maps are {}×{}.)", "它的特征图是 {}×{}。）", lambda: shape("lenet-1", "h3")[1:])

    page = "course/06-rbf"
    yield from in_both(
        page, "Why has F6 {} units? Because {} is {}×{}.", "F6 为什么是 {} 个单元？因为 {} = {}×{}。", _f6
    )
    yield from in_both(page, "Σ(x − w)² over {} values", "{} 个 Σ(x − w)²", lambda: (len(DIGIT_CODES[0]),))
    yield from in_both(page, "has {} fixed values, {} connections", "有 {} 个固定值、{} 个连接", _output)
    yield from in_both(
        page,
        "F6 of (N, {}), codes of ({}, {}); it returns (N, {})",
        "f6 为 (N, {})，codes 为 ({}, {})；返回 (N, {})",
        _codes,
    )

    yield from in_both("course/07-softmax", "the loss stop above {}.", "损失停在 {} 之上", lambda: with_sigmoids()[1:])
    yield from in_both(
        "course/07-softmax",
        "- **7.3** Outputs for {} letters",
        "- **7.3** {} 个字母，{} 个输出",
        lambda: (constant("course.exercises", "_LETTERS"),),
        lambda: (constant("course.exercises", "_LETTERS"),) * 2,
    )
    yield from in_both(
        "course/08-batches",
        "- **8.1** {} pictures, batches of {},",
        "- **8.1** {} 张图，每批 {} 张",
        lambda: (constant("course.exercises", "_TRAINING_EXAMPLES"), constant("course.exercises", "_BATCH")),
    )
    page = "course/09-training"
    yield from in_both(
        page,
        "{} of the {} training pictures are set aside",
        "{} 张训练图中留出 {} 张用来挑选",
        _validation,
        lambda: _validation()[::-1],
    )
    yield from in_both(page, "stays at {}: which number", "停在 {}，这是哪个数", lambda: (round(math.log(10), 3),))
    page = "course/10-photo"
    yield from in_both(
        page,
        "its longer side is scaled to {} pixels",
        "较长的一边缩放到 {} 像素",
        lambda: (constant("reading.normalization", "DIGIT_SIDE"),),
    )
    yield from in_both(
        page,
        "goes to the middle of {}×{}.",
        "重心移到 {}×{} 的正中",
        lambda: (constant("reading.normalization", "SIDE"),) * 2,
    )
