"""What rows say in words, English and Chinese: departures from the papers, and questions that the papers leave open."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]


@dataclass(frozen=True)
class Said:
    """A sentence in two languages."""

    en: str
    zh: str

    def of(self, language: Language) -> str:
        """It in one of them."""
        return self.en if language == "en" else self.zh


# Departures. Where a network's description departs from its source, the same English words stand here.

SUM_NOT_AVERAGE = Said(
    "sub-sampling adds its four inputs (II-B); II-A of the same paper says average",
    "下采样层把四个输入相加（II-B）；同一论文的 II-A 说的是取平均",
)
INIT = Said(
    "weights start in ±1.2/√F, coefficients at 0.6, biases at 0: with the printed ±2.4/F and the printed "
    "steps LeNet-5 "
    "does not learn",
    "权值的初值在 ±1.2/√F 内均匀抽取，下采样系数为 0.6，偏置为 0：若按论文印出的 ±2.4/F 和印出的步长，LeNet-5 学不会",
)
EQUATION_9 = Said(
    "the loss is eq. 9 with j = 15; the paper does not say whether eq. 8 or eq. 9 gave its figures, and prints no j",
    "损失函数取式 9，j = 15；论文没有说明其结果出自式 8 还是式 9，也没有给出 j",
)
HALVED = Said(
    "penalties are half the squared distances, in the loss and in the start of the second derivatives; eq. 7 "
    "has no half",
    "惩罚值取距离平方的一半，损失与二阶导数的起点都是如此；式 7 没有这个二分之一",
)
CURVATURE_START = Said(
    "second derivatives start at the outputs as if the loss were eq. 8, as the authors' later code does, so "
    "that none is "
    "negative",
    "二阶导数在输出端的起点按式 8 取，与作者后来的代码一致，使其不会为负",
)
MNIST_RANGE = Said(
    "the inputs −0.1 and 1.175 are kept although on MNIST they do not give mean 0 and variance 1, as the paper says",
    "输入仍取 −0.1 与 1.175，尽管在 MNIST 上它们并不像论文所说给出均值 0、方差 1",
)
FLOAT32 = Said(
    "numbers are float32, and tanh is a rational function close to it; what the paper computed with is not printed",
    "数值为 float32，tanh 用很接近它的有理函数计算；论文没有说明所用的数值精度",
)
LENET_5_SCHEDULE = Said(
    "steps, passes and μ are those printed for LeNet-5; for this network none are printed",
    "步长、遍数与 μ 沿用论文为 LeNet-5 给出的值；论文没有为这个网络给出",
)
LENET_4_TABLE = Said(
    "no table of S2 -> C3 is published; the one here is our own, with the 60 kernels that the totals ask for",
    "S2 到 C3 的连接表没有发表；这里的表是我们自己设计的，用总数所要求的 60 个卷积核",
)
LENET_4_HIDDEN = Said(
    "120 hidden units, as printed, exceed the printed 17,000 parameters; 37 fit both printed totals",
    "印出的 120 个隐藏单元超出了印出的 17,000 个参数；37 个才与两个总数都相符",
)
LENET_4_TARGETS = Said(
    "ten outputs with targets +1 and −1 and the mean squared error; the paper says only that there is one unit a class",
    "十个输出，目标为 +1 与 −1，均方误差；论文只说每类一个输出单元",
)
REDUCED = Said(
    "MNIST's 20×20 digits become 16×16 by area: a margin of one pixel is added, 30×30 is averaged to 24×24, and a "
    "background of 2 pixels makes it 28×28; how the authors reduced theirs is not printed",
    "MNIST 的 20×20 数字按面积缩成 16×16：四周先加一个像素，30×30 按面积平均为 24×24，再补 2 个像素的背景成 28×28；"
    "作者如何缩小没有说明",
)
EIGHT_OF_TWELVE = Said(
    "which 8 of the 12 H1 maps feed each H2 map is withheld by the paper; the scheme here is a guess",
    "每个 H2 特征图连接 12 个 H1 图中的哪 8 个，论文没有公开；这里的方案是猜测",
)
PADDING_1989 = Said(
    "the paper pads 3 pixels an axis without saying where; here 2 before and 2 after, the last never read",
    "论文每个方向补 3 个像素，没有说补在哪边；这里前后各补 2 个，最后一个永远读不到",
)
ZIP_SCHEDULE = Said(
    "μ = 0.02 and the rates of 1998, stretched from 20 passes to the 23 of 1989; those of 1989 are not printed",
    "μ = 0.02，步长取 1998 年的表，由 20 遍拉长为 1989 年的 23 遍；1989 年的值没有印出",
)
TARGETS_1989 = Said(
    "targets are +1 and −1, where the paper says only that they lie in the quasi-linear range",
    "目标为 +1 与 −1；论文只说目标在准线性区内",
)
REJECT_SCORE_1989 = Said(
    "rejected is what has the smallest gap between its two best outputs, the score of [LeCun98, Fig. 10]",
    "拒识的依据是最好的两个输出之差最小者，即 [LeCun98, Fig. 10] 的依据",
)
SQUARED_ERROR = Said(
    "a pattern's error is half the squared distance to the targets, summed over the outputs, and second derivatives "
    "start at 1; the scale to which the printed rates belong is not printed",
    "一个样本的误差是到目标的距离平方的一半，对各输出求和，二阶导数以 1 为起点；印出的步长对应哪种尺度没有说明",
)
GRAY_LEVELS_1989 = Said(
    "the zip-code digits are the public 16×16 ones, with 7,291 and 2,007 of them as in the paper, in 256 gray levels",
    "邮编数字用公开的 16×16 版本，与论文一样有 7,291 个与 2,007 个，灰度取 256 级",
)
DISTORTION_RANGES = Said(
    "the ranges of the distortions are ours: ±2 pixels, ±10 % in scale, ±10 % squeeze, ±0.15 horizontal "
    "shear; the paper "
    "prints none",
    "形变的范围是我们定的：平移 ±2 像素，缩放 ±10 %，挤压 ±10 %，水平切变 ±0.15；论文没有给出",
)
BOOSTING_STREAM = Said(
    "networks 2 and 3 learn from 60,000 filtered patterns each, chosen among freshly distorted ones; how many the "
    "authors had is not printed",
    "第二、第三个网络各用 60,000 个筛选出的样本学习，从不断新生成的形变样本中挑选；作者用了多少没有印出",
)
BOOSTING_ALONE = Said(
    "each seed is a machine of its own: its networks 2 and 3 learn alone from what its own networks before them let "
    "through, and start from seeds + 1000 and + 2000",
    "每个种子是一台独立的机器：它的第二、第三个网络只从它自己前面的网络放过的样本学习，初值用种子 +1000 与 +2000",
)
BOOSTING_THRESHOLD = Said(
    "the first network answers alone unless its margin is among the smallest 37.5 % on the training "
    "patterns, which is "
    "what an average cost of 1.75 networks means there; the threshold of the authors is not printed",
    "第一个网络的差距若不属于训练样本上最小的 37.5 %，就单独作答；在训练样本上这正是平均 1.75 个网络的代价；"
    "作者的阈值没有印出",
)
FIGURE_5_READ = Said(
    "the printed points were read from the vectors of the preprint's figure and are good to 0.02",
    "印出的点读自预印本图中的矢量，精度 0.02",
)
SUBSETS = Said(
    "15,000 and 30,000 patterns are drawn at random, other ones for each order, the smaller set within the "
    "larger; still "
    "20 passes",
    "15,000 与 30,000 个样本随机抽取，每种次序各抽各的，小的包含于大的；仍为 20 遍",
)
REJECTION = Said(
    "the score is the gap between the two best outputs, for the boosted machine between those of the sum; the fewest "
    "rejections that leave 0.5 % are counted on the test set itself, as the paper does",
    "拒识的依据是最好的两个输出之差，提升后的机器取三个网络之和的差；在测试集本身上数出留下 0.5 % "
    "错误所需的最少拒识，与论文相同",
)
NOISE = Said(
    "each of the 32×32 pixels is inverted with probability 0.1, others in each pass; the test set is made "
    "noisy once, for "
    "all networks the same",
    "32×32 的每个像素以 0.1 的概率反转，每一遍各不相同；测试集只加一次噪声，所有网络相同",
)
ROBUSTNESS = Said(
    "all 10,000 test digits are transformed about the middle of the 32×32 field with bilinear interpolation; "
    "what leaves "
    "the field is lost",
    "全部 10,000 个测试数字绕 32×32 画面的中心变换，双线性插值；移出画面的部分就没有了",
)

# Questions that nobody has published an answer to.

ASK_J = Said("Which j?", "j 是多少？")
ASK_LOSS = Said("Which loss gave 0.95 %, eq. 8 or eq. 9?", "0.95 % 出自哪个损失函数，式 8 还是式 9？")
ASK_BIASES = Said("How do biases and sub-sampling coefficients start?", "偏置与下采样系数的初值如何？")
ASK_DISTORTIONS = Said("How far did each distortion go?", "每种形变的幅度有多大？")
ASK_LENET_4 = Said(
    "What is the table from S2 to C3, and how many hidden units are there?", "S2 到 C3 的连接表是什么，隐藏单元有多少？"
)
ASK_SCHEDULES = Said(
    "With which rates and how many passes was this network trained on MNIST?",
    "这个网络在 MNIST 上用什么步长、训练了多少遍？",
)
ASK_REDUCTION = Said("How were the 20×20 digits reduced to 16×16?", "20×20 的数字是怎样缩成 16×16 的？")
ASK_EIGHT_OF_TWELVE = Said("Which 8 of the 12 H1 maps does each H2 map see?", "每个 H2 图看见 12 个 H1 图中的哪 8 个？")
ASK_ZIP_RATES = Said("Which η and μ were used in 1989?", "1989 年用的 η 与 μ 是多少？")
ASK_BOOSTING = Said(
    "How many patterns did networks 2 and 3 learn from, and when was the first confident?",
    "第二、第三个网络用了多少样本？第一个网络怎样才算有把握？",
)
ASK_SUBSETS = Said(
    "Which 15,000 and 30,000 patterns were they, and were there 20 passes too?",
    "是哪 15,000 与 30,000 个样本，也是 20 遍吗？",
)
ASK_NOISE = Said(
    "What was the error rate under noise, and was it learned with noise?", "有噪声时的错误率是多少，训练时有噪声吗？"
)
ASK_ROBUSTNESS = Said(
    "Up to which error was recognition called accurate, and how did a digit shifted by half its height stay in the "
    "field?",
    "错误率到多少算“准确”？上下平移半个字高的数字如何仍在画面内？",
)

PARTS = (
    ("the later two left out where the first is confident", "第一个有把握时不问后两个"),
    ("the first network alone", "仅第一个网络"),
    ("the second network alone", "仅第二个网络"),
    ("the third network alone", "仅第三个网络"),
    ("learned clean", "无噪声训练"),
    ("learned noisy", "有噪声训练"),
    ("tested clean", "无噪声测试"),
    ("tested noisy", "有噪声测试"),
    ("rotation", "旋转（度）"),
    ("vertical shift", "上下平移（像素）"),
    ("scale", "缩放"),
    (" distorted", " 形变"),
    ("pass 20", "第 20 遍"),
    ("pass 10", "第 10 遍"),
    ("pass 1", "第 1 遍"),
    (", ", "，"),
)
"""The parts of rows in Chinese, piece by piece, in this order."""
