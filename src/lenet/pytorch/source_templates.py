"""Source templates of what PyTorch lacks: squash, sub-sampling, tables, a bias per unit, Euclidean RBF."""

REFERENCES = {
    "LeCun89": "Y. LeCun et al., Backpropagation applied to handwritten zip code recognition, "
    "Neural Computation 1(4):541-551, 1989.",
    "LeCun90": "Y. LeCun et al., Handwritten digit recognition with a back-propagation network, NIPS 2, 1990.",
    "LeCun95": "Y. LeCun et al., Comparison of learning algorithms for handwritten digit recognition, ICANN, 1995.",
    "LeCun98": "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document "
    "recognition, Proceedings of the IEEE 86(11):2278-2324, 1998.",
    "Lin14": "M. Lin, Q. Chen, S. Yan, Network in network, ICLR, 2014.",
    "Zhang21": "A. Zhang, Z. Lipton, M. Li, A. Smola, Dive into deep learning, 2021.",
}
"""The papers that sources and departures name, in full."""

SQUASH = '''\
def squash(sums: Tensor) -> Tensor:
    """1.7159 tanh(2/3 a), which takes 1 to 1 and -1 to -1 [LeCun98, eq. 6]."""
    return 1.7159 * torch.tanh(2 / 3 * sums)'''

_SUBSAMPLING = '''\
class Subsampling(nn.Module):
    """The sum of each {patch} patch, times a coefficient, plus a bias; both are trainable, one a map.{more}"""

    def __init__(self, {arguments}) -> None:
        super().__init__()
{keep}        self.coefficient = nn.Parameter(torch.full(({maps},), {start}))
        self.bias = nn.Parameter(torch.zeros({maps}))

    def forward(self, maps: Tensor) -> Tensor:
        sums = {sums}
{repeat}        return self.coefficient[:, None, None] * sums + self.bias[:, None, None]'''


def subsampling(sized: bool, copying: bool) -> str:
    """The class of sub-sampling, with the patch's size and the copies of a map as arguments where they are in use."""
    options = [name for name, used in (("size", sized), ("copies", copying)) if used]
    maps = "in_maps" if copying else "maps"
    more = "\n\n    Each input map feeds as many neighboring output maps as there are copies.\n    "
    repeat = "        sums = sums.repeat_interleave(self.copies, dim=1)  # maps 0, 0, 1, 1, … for two copies\n"
    return _SUBSAMPLING.format(
        patch="size × size" if sized else "2×2",
        more=more if copying else "",
        arguments=", ".join([f"{maps}: int", *(f"{name}: int = {2 if name == 'size' else 1}" for name in options)]),
        keep="".join(f"        self.{name} = {name}\n" for name in options),
        maps="in_maps * copies" if copying else "maps",
        start="1 / size" if sized else "0.5",
        sums="self.size**2 * F.avg_pool2d(maps, self.size)" if sized else "4 * F.avg_pool2d(maps, 2)",
        repeat=repeat if copying else "",
    )


READ_CODES = '''\
def read_codes(drawing: str) -> Tensor:
    """One row of -1 and +1 for each code in a drawing that holds them side by side."""
    rows = [line.split() for line in drawing.strip().splitlines()]
    codes = ["".join(column) for column in zip(*rows, strict=True)]
    return torch.tensor([[1.0 if sign == "#" else -1.0 for sign in code] for code in codes])'''

EUCLIDEAN_RBF = '''\
class EuclideanRbf(nn.Module):
    """The squared distance of a code to each fixed prototype: a penalty [LeCun98, eq. 7]."""

    prototypes: Tensor

    def __init__(self, prototypes: Tensor) -> None:
        super().__init__()
        self.register_buffer("prototypes", prototypes, persistent=False)  # not trained, not saved

    def forward(self, codes: Tensor) -> Tensor:
        differences = codes[:, None] - self.prototypes  # (N, prototypes, units)
        return differences.square().sum(dim=2)'''

_UNIT_BIAS_CONV2D = '''\
class UnitBiasConv2d(nn.Conv2d):
    """A convolution whose units share their map's kernels but have a bias each [LeCun89]."""

    def __init__(self, in_maps: int, out_shape: tuple[int, int, int], kernel_size: int{arguments}) -> None:
        super().__init__(in_maps, out_shape[0], kernel_size{forwarded}, bias=False)
        self.bias = nn.Parameter(torch.zeros(out_shape))

    def forward(self, maps: Tensor) -> Tensor:
        return F.conv2d(maps, self.weight{options}) + self.bias'''

_TABLE_CONV2D = '''\
class {name}(nn.Module):
    """A convolution whose output maps each see only the input maps that a table marks with X.

    Only the kernels that exist are kept, (kernels, side, side): by output map, then by input map.{more}
    """

    connected: Tensor

    def __init__(self, table: str, {target}kernel_size: int{arguments}) -> None:
        super().__init__(){keep}
        connected = torch.tensor([[sign == "X" for sign in row] for row in table.split()]).T
        self.register_buffer("connected", connected, persistent=False)  # (out maps, in maps)
        out_map, _ = connected.nonzero(as_tuple=True)  # of each kernel
        fan_in = kernel_size**2 * connected.sum(dim=1)  # of each output map
        bound = fan_in[out_map, None, None].rsqrt()  # PyTorch's own rule, with each map's own fan-in
        self.weight = nn.Parameter(bound * torch.empty(len(out_map), kernel_size, kernel_size).uniform_(-1, 1))
        self.bias = nn.Parameter(torch.zeros({bias_shape}))

    def forward(self, maps: Tensor) -> Tensor:
        kernels = self.weight.new_zeros(*self.connected.shape, *self.weight.shape[1:])
        kernels[self.connected] = self.weight  # the kernels that do not exist stay zero
        return {result}'''


def convolution(kind: str, strided: bool, padded: bool) -> str:
    """The class of a convolution with a table, a bias per unit, or both, taking only the options in use."""
    options = [name for name, used in (("stride", strided), ("padding", padded)) if used]
    arguments = "".join(f", {name}: int = {int(name == 'stride')}" for name in options)
    applied = "".join(f", {name}=self.{name}" for name in options)
    if kind == "UnitBiasConv2d":
        forwarded = "".join(f", {name}={name}" for name in options)
        return _UNIT_BIAS_CONV2D.format(arguments=arguments, forwarded=forwarded, options=applied)
    by_unit = kind.startswith("UnitBias")
    attributes = ", ".join(f"self.{name}" for name in options)
    return _TABLE_CONV2D.format(
        name=kind,
        more="\n    The units of a map share its kernels but have a bias each [LeCun89]." if by_unit else "",
        target="out_shape: tuple[int, int, int], " if by_unit else "",
        arguments=arguments,
        keep=f"\n        {attributes} = {', '.join(options)}" if options else "",
        bias_shape="out_shape" if by_unit else "len(connected)",
        result=f"F.conv2d(maps, kernels{applied}) + self.bias"
        if by_unit
        else f"F.conv2d(maps, kernels, self.bias{applied})",
    )
