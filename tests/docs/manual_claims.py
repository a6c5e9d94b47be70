"""What the prose of the manual says in numbers; tables that commands wrote are checked by those that write them."""

import math
from collections.abc import Iterator

import lenet
from lenet import networks, show
from lenet.networks import describe
from lenet.page.digits import packed_digits
from lenet.training.recipes import ENOUGH_EXAMPLES, RECIPES
from tests.docs.claims import Claim, in_both
from tests.docs.counts import (
    connections,
    constant,
    dense_kernels,
    kernels,
    layer,
    maps,
    nearest_codes,
    parameters,
    shape,
    shipped_bytes,
    stage,
    table_groups,
    with_sigmoids,
)

PUBLISHED = {
    "lenet-1989": ("h1", "h2", "h3", "output"),
    "lenet-1": ("h1", "h2", "h3", "h4", "output"),
    "lenet-4": ("c1", "s2", "c3", "s4", "f5", "output"),
    "lenet-5": ("c1", "s2", "c3", "s4", "c5", "f6", "output"),
}
"""The stages in the tables of the page of papers."""


def _counted_networks() -> Iterator[Claim]:
    for name in networks.names():
        both = lambda name=name: (parameters(name), connections(name))  # noqa: E731
        yield from in_both("networks", *[f"| `{name}` | … | {{}} | {{}} |"] * 2, both)
        if name not in PUBLISHED:
            yield from in_both("papers", "{} parameters, {} connections.", "{} 个参数，{} 个连接。", both, under=name)
    for name, stages in PUBLISHED.items():
        for kind, chinese, count in (("parameters", "参数", parameters), ("connections", "连接", connections)):
            cells = f"{' | '.join(['{}'] * len(stages))} | **{{}}** |"
            row = lambda name=name, stages=stages, count=count: (*(count(name, one) for one in stages), count(name))  # noqa: E731
            yield from in_both("papers", f"| {kind} | {cells}", f"| {chinese} | {cells}", row, under=name)


def _c3() -> tuple[int, ...]:
    return parameters("lenet-5", "c3"), parameters("lenet-5-relu", "conv2"), kernels(), dense_kernels()


def _as_today() -> tuple[int, ...]:
    stages = [parameters("lenet-5-relu", name) for name in ("conv1", "conv2", "fc1", "fc2", "output")]
    return dense_kernels(), parameters("lenet-5-relu", "conv2"), parameters("lenet-5-relu"), *stages


def _full_connection() -> tuple[int, ...]:
    maps_of_c1, rows, columns = shape("lenet-5-relu", "conv1")
    units = stage("lenet-5-relu", "conv1").units
    inputs = math.prod(describe("lenet-5-relu").input)
    return maps_of_c1, rows, columns, units, inputs, units, (inputs + 1) * units, parameters("lenet-5-relu", "conv1")


def _tutorial_recipe() -> tuple[float, ...]:
    recipe = RECIPES["tutorial"]
    return recipe.batch, recipe.learning_rate, recipe.momentum, recipe.epochs


def _c5() -> tuple[int, ...]:
    return (
        round(100 * parameters("lenet-5-relu", "fc1") / parameters("lenet-5-relu")),
        parameters("lenet-5-relu", "fc1"),
        parameters("lenet-5-relu"),
        parameters("lenet-5-gap"),
    )


def _subsampling() -> tuple[int, ...]:
    s2, s4 = parameters("lenet-5", "s2"), parameters("lenet-5", "s4")
    return parameters("lenet-5"), s2, s4, s2 + s4


def _color() -> tuple[int, ...]:
    return show(describe("lenet-5-relu", channels=3)).stages[0].parameters, parameters("lenet-5-relu", "conv1")


def _tutorials() -> Iterator[Claim]:
    """The walk through the five tutorials."""
    for name in ("lenet-short", "lenet-5-sigmoid", "lenet-5-sigmoid-output", "lenet-5-relu"):
        yield from in_both("tutorials", *[f"| `{name}` | {{}} |"] * 2, lambda name=name: (parameters(name),))
    both = lambda: (parameters("lenet-5"), parameters("lenet-rgb"))  # noqa: E731
    yield from in_both("tutorials", "`lenet-rgb` | {}; {} |", "`lenet-rgb` | {}；{} |", both)
    yield from in_both(
        "tutorials",
        "to the {}·{}·{} = {} units of the first layer would need ({} + 1)·{} = {} parameters, and would not know that "
        "two pixels are neighbors. The convolution needs {}.",
        "连到第一层的 {}·{}·{} = {} 个单元，需要 ({} + 1)·{} = {} 个参数，而且不知道哪些像素相邻。卷积只要 {} 个。",
        _full_connection,
    )
    yield from in_both(
        "tutorials",
        "all {} kernels of the second convolution ({} parameters) where it has {} ({});",
        "第二个卷积用满 {} 个卷积核（{} 个参数），论文用 {} 个（{}）",
        lambda: (_c3()[3], _c3()[1], _c3()[2], _c3()[0]),
    )
    yield from in_both(
        "tutorials",
        "Each of the {} output maps has {} kernels of {}×{}, one for each input map; their {w} results",
        "{} 个输出图各有 {} 个 {}×{} 卷积核，每个输入图一个；{} 个结果相加",
        lambda: (
            maps("lenet-5-relu", "conv2"),
            maps("lenet-5-relu", "pool1"),
            *[layer("lenet-5-relu", "conv2").kernel_size] * 2,
            maps("lenet-5-relu", "pool1"),
        ),
    )
    yield from in_both(
        "tutorials",
        "That is the weights; {} biases make {}. The 1998 network has {}.",
        "这只是权重，加上 {} 个偏置是 {}。1998 年的网络是 {}。",
        lambda: (maps("lenet-5-relu", "conv2"), _c3()[1], _c3()[0]),
    )
    yield from in_both(
        "tutorials",
        "is a recipe: batch {}, SGD {}, momentum {}, {} epochs, no schedule.",
        "在这里是一个配方：批大小 {}，SGD，学习率 {}，动量 {}，{} 轮，学习率不变。",
        _tutorial_recipe,
    )
    yield from in_both("tutorials", "needs {w} epochs:", "只要{w}轮", lambda: (RECIPES["fast"].epochs,))
    yield from in_both(
        "tutorials",
        "fewest errors on {} *validation* examples",
        "切出的 {} 个样本（`--validation`）",
        lambda: (constant("training.stream", "MAX_VALIDATION"),),
    )
    yield from in_both(
        "tutorials",
        "its total is {}, and {} + {} = {} of these belong to the sub-sampling layers",
        "总数是 {}，其中 {} + {} = {} 个属于下采样层",
        _subsampling,
    )
    yield from in_both(
        "tutorials",
        "holds {} % of them: {} of {}. Replacing it with the mean of each map leaves {}:",
        "占 {} %：{} 个中的 {} 个。把它换成每个特征图的平均值，只剩 {} 个",
        _c5,
        lambda: (_c5()[0], _c5()[2], _c5()[1], _c5()[3]),
    )
    yield from in_both(
        "tutorials", "the first layer has {} parameters instead of {}.", "第一层有 {} 个参数，不是 {}。", _color
    )
    yield from in_both(
        "tutorials",
        "S2 has {} parameters and S4 has {},",
        "S2 有 {} 个参数，S4 有 {} 个",
        lambda: _subsampling()[1:3],
    )
    yield from in_both(
        "tutorials",
        "C1, C3, C5 and F6; {}, {} and {} connections;",
        "C1、C3、C5、F6 的参数量；{}、{}、{} 这些连接数",
        lambda: (connections("lenet-5", "s2"), connections("lenet-5", "s4"), connections("lenet-5", "c3")),
    )
    yield Claim(
        "tutorials",
        "{w} maps see 3 neighbors, {w} see 4 neighbors, {w} see two pairs, {w} sees all.",
        table_groups,
    )
    yield Claim(
        "tutorials.zh-CN",
        "{} 个图看相邻的 3 个，{} 个图看相邻的 4 个，{} 个图看不相邻的两对",
        lambda: table_groups()[:3],
    )
    yield from in_both(
        "tutorials",
        "{} fixed values and {} connections; {} of them are trained.",
        "是 {} 个固定值、{} 条连接；可训练的是 {} 个。",
        lambda: (
            stage("lenet-5", "output").fixed,
            connections("lenet-5", "output"),
            parameters("lenet-5", "output"),
        ),
    )


def _papers() -> Iterator[Claim]:
    yield from in_both(
        "papers",
        "| output shape | {}@{}×{} | {}@{}×{} | {}@{}×{} | {}@{}×{} | {} | {} | {} | |",
        "| 输出形状 | {}@{}×{} | {}@{}×{} | {}@{}×{} | {}@{}×{} | {} | {} | {} | |",
        lambda: (
            *(number for name in ("c1", "s2", "c3", "s4") for number in shape("lenet-5", name)),
            *(maps("lenet-5", name) for name in ("c5", "f6", "output")),
        ),
    )
    yield from in_both(
        "papers",
        "(from {} to {} maps {} kernels, {} parameters)",
        "（{} 到 {} 个图，{} 个卷积核，{} 个参数）",
        lambda: (maps("lenet-5", "s2"), maps("lenet-5", "c3"), dense_kernels(), parameters("lenet-5-relu", "conv2")),
    )
    yield from in_both(
        "papers",
        "that makes {} parameters: {} + {} + {} + {} + {}.",
        "就是 {} 个参数：{} + {} + {} + {} + {}。",
        lambda: _as_today()[2:],
    )
    yield from in_both(
        "papers",
        "e/(e + 9) = {}, so the loss never falls under ln(e + 9) − 1 = {},",
        "e/(e + 9) = {}，所以损失永远低不过 ln(e + 9) − 1 = {}，",
        with_sigmoids,
    )
    yield from in_both("papers", "we count {}, and {} connections", "我们数得 {} 次，连接 {} 个", lambda: (
        show("lenet-5").macs, connections("lenet-5")
    ))  # fmt: skip
    yield from in_both(
        "papers",
        "The means of the {} C3 maps take C5's place and its {} parameters",
        "C3 的 {} 个图的平均值，代替 C5 和它的 {} 个参数",
        lambda: (maps("lenet-5-relu", "conv2"), parameters("lenet-5-relu", "fc1")),
    )
    recipe = RECIPES["1998"]
    yield from in_both(
        "papers",
        "with μ = {}, {} passes, one example at a time, steps of {} falling to {}.",
        "μ = {}，{} 遍，每次一个样本，步长从 {} 降到 {}。",
        lambda: (recipe.mu, recipe.epochs, recipe.rates[0], recipe.rates[-1]),
        under="lenet-5",
    )
    yield from in_both(
        "papers",
        "`lenet reproduce` takes j = {} and draws",
        "`lenet reproduce` 取 j = {}，偏置",
        lambda: (recipe.j,),
        under="lenet-5",
    )
    yield from in_both(
        "papers",
        "background {}, ink {}; Table I",
        "背景 {}，笔迹 {}；C3 用表 I",
        lambda: describe("lenet-5").input_range,
        under="lenet-5",
    )
    yield from in_both(
        "papers",
        "Background is 0 and ink 1/{}, so",
        "背景为 0，笔迹为 1/{}，补上",
        lambda: (round(1 / describe("lenet-5-relu").input_range[1], 4),),
        under="lenet-5-relu",
    )
    yield from in_both(
        "papers",
        "Of the digits, 6 and 8 are nearest, {} pixels apart",
        "6 和 8 最近，只差 {} 个像素",
        lambda: (nearest_codes(),),
    )


def _reading() -> Iterator[Claim]:
    model = lenet.load("lenet-5-relu")
    made = model.provenance
    yield from in_both("reading", "{} parameters, {} bytes.", "十一个输出，{} 个参数，{} 字节。", lambda: (
        sum(array.size for array in model.parameters.values()), shipped_bytes("lenet-5-relu")
    ))  # fmt: skip
    yield from in_both("reading", "- {} drawn pictures", "- {} 张画出来的图片", lambda: (made["options"]["drawn"],))
    yield from in_both(
        "reading", "- {} passes on the native engine", "- 用原生引擎训练 {} 轮", lambda: (made["options"]["epochs"],)
    )
    yield from in_both(
        "reading",
        "validation: {} of MNIST's training digits, and {} pictures drawn from them",
        "验证用 {} 个 MNIST 训练数字，以及由它们、另外 18 种字体和笔画画出的 {} 张图片",
        lambda: (made["data"]["validation"], made["data"]["judged"]),
    )
    yield from in_both(
        "reading",
        "`lenet evaluate pretrained` | {} %",
        "`lenet evaluate pretrained` | {} %",
        lambda: (made["metrics"]["mnist test error %"],),
    )
    yield from in_both(
        "results",
        "`lenet evaluate pretrained` | {} %",
        "`lenet evaluate pretrained` | {} %",
        lambda: (made["metrics"]["mnist test error %"],),
    )
    yield from in_both(
        "results",
        "`ls -l src/lenet/pretrained` | {} bytes",
        "`ls -l src/lenet/pretrained` | {} 字节",
        lambda: (shipped_bytes("lenet-5-relu"),),
    )
    yield from in_both("results", "`lenet evaluate lenet-5` | {} %", "`lenet evaluate lenet-5` | {} %", lambda: (
        lenet.load("lenet-5").provenance["metrics"]["mnist test error %"],
    ))  # fmt: skip
    yield from in_both(
        "reading",
        "Longer side {} pixels,",
        "长边 {} 像素，",
        lambda: (constant("reading.normalization", "DIGIT_SIDE"),),
    )
    yield from in_both(
        "reading",
        "pictures over {} million pixels are reduced",
        "超过 {} 万像素的，边解码边缩小",
        lambda: (constant("pictures.loading", "MAX_KEPT_PIXELS") / 1e6,),
        lambda: (constant("pictures.loading", "MAX_KEPT_PIXELS") / 1e4,),
    )
    yield from in_both("reading", "Up to {} files are counted", "不超过 {} 个文件时先数一遍", lambda: (
        constant("reading.batch.picture_files", "MAX_COUNTED"),
    ))  # fmt: skip
    yield from in_both("reading", "up to {} names of a folder are held", "最多同时记 {} 个名字", lambda: (
        constant("reading.batch.picture_files", "_NAMES_AT_ONCE"),
    ))  # fmt: skip


def _limits() -> Iterator[Claim]:
    limits = constant("server.limits", "Limits")()
    for english, chinese, value in (
        ("in megabytes | {} |", "以兆字节计 | {} |", limits.max_body),
        ("in millions | {} |", "以百万计 | {} |", limits.max_pixels),
        ("`--timeout` | {} |", "`--timeout` | {} |", limits.timeout),
        ("`--concurrency` | {} |", "`--concurrency` | {} |", limits.concurrency),
        ("| bytes of an address | | {} |", "| 地址的字节数 | | {} |", constant("server.heads", "MAX_URL")),
        ("pieces of a body | | {} |", "另算同样多 | | {} |", constant("server.heads", "MAX_HEAD")),
        ("| headers | | {} |", "| 请求头的条数 | | {} |", constant("server.heads", "MAX_FIELDS")),
        ("ahead of their answers | | {} |", "先发来的请求数 | | {} |", constant("server.heads", "MAX_AHEAD")),
        (
            "| open connections, in each process | | {} |",
            "| 每个进程打开的连接数 | | {} |",
            constant("server.heads", "MAX_CONNECTIONS"),
        ),
    ):
        yield from in_both("serving", english, chinese, lambda value=value: (value,))
    yield from in_both(
        "desk",
        "has at most {} pages",
        "一个文件最多 {} 页",
        lambda: (constant("pictures.loading", "MAX_PAGES"),),
    )
    yield from in_both("data", "Fewer than {} get as many more epochs", "不到 {} 张时", lambda: (ENOUGH_EXAMPLES,))
    yield from in_both(
        "export",
        "engine's on {} pictures",
        "在 {} 张图片上有几个答案与引擎不同",
        lambda: (constant("exporting.formats", "CHECK_PICTURES"),),
    )
    yield from in_both(
        "scale",
        "numbered blocks of {} pictures",
        "每块 {} 张（`--block`）",
        lambda: (constant("reading.cluster.blocks", "PICTURES_PER_BLOCK"),),
    )
    yield from in_both(
        "scale",
        "The driver holds {} blocks for each worker",
        "每个工作进程最多拿着 {} 块",
        lambda: (constant("reading.cluster.job", "BLOCKS_IN_WAVE"),),
    )


def _page() -> Iterator[Claim]:
    digits = packed_digits()
    yield from in_both(
        "page",
        "in the page: {} of MNIST's training digits to learn from, {} of its test digits",
        "从 MNIST 的训练集取 {} 个数字来学，从测试集取 {} 个来考",
        lambda: (digits["training"], digits["test"]),
    )
    yield from in_both(
        "page",
        "never falls below ln(e + 9) − 1 = {}, and no digit gets over {} %",
        "损失永远低不过 ln(e + 9) − 1 = {}，任何数字都超不过 {} %",
        lambda: (with_sigmoids()[1], round(100 * with_sigmoids()[0], 1)),
    )
    yield from in_both(
        "page",
        "stays at ln 10 = {}, which",
        "损失停在 ln 10 = {}，也就是",
        lambda: (round(math.log(10), 3),),
    )
    yield from in_both(
        "page", "a digit is {} numbers", "一个数字就是 {} 个数", lambda: (math.prod(describe("lenet-5-relu").input),)
    )
    yield from in_both(
        "page",
        "| 8 {} units | {} is {} × {} |",
        "| 8 {} 个单元 | {} 就是 {} × {} |",
        lambda: (*[maps("lenet-5", "f6")] * 2, 7, maps("lenet-5", "f6") // 7),
    )


def manual_claims() -> Iterator[Claim]:
    yield from in_both("networks", "{w}, oldest first", "一共{w}个", lambda: (len(networks.names()),))
    yield from _counted_networks()
    yield from in_both(
        "networks",
        "C3 has {} parameters, not {}, because Table I of the paper joins {} of {} pairs",
        "为什么 C3 是 {} 个参数而不是 {} 个？因为论文的表 I 只连接 {} 对特征图中的 {} 对",
        _c3,
        lambda: (*_c3()[:2], _c3()[3], _c3()[2]),
    )
    yield Claim("architecture", "C3's weights are an array of {} kernels of {}×{},", lambda: (
        kernels(), *[layer("lenet-5", "c3").kernel_size] * 2
    ))  # fmt: skip
    yield Claim("architecture", "therefore finds {} and {},", lambda: (
        parameters("lenet-5", "c3"), parameters("lenet-5")
    ))  # fmt: skip
    yield from _tutorials()
    yield from _papers()
    yield from _reading()
    yield from _limits()
    yield from _page()
