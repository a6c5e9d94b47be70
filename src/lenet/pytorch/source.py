"""Generate a self-contained PyTorch file of a network: explicit layers, and the shape after every line.

The file imports torch only. Its class has the names and shapes of `lenet.pytorch.build`, so weights fit both.
"""

import re
from collections.abc import Mapping
from keyword import iskeyword
from math import prod
from textwrap import fill, indent

from lenet.architecture import (
    Activation,
    AveragePooling,
    Convolution,
    EuclideanRbf,
    FullConnection,
    GlobalAveragePooling,
    MaxPooling,
    Network,
    Shape,
    Stage,
    Subsampling,
)
from lenet.connections import (
    CHARACTER_CODES,
    CODE_WIDTH,
    LENET_1_H3,
    LENET_4_C3,
    LENET_5_C3,
    LENET_1989_H2,
    draw_code,
    draw_connection_table,
)
from lenet.errors import ArchitectureError
from lenet.pytorch import source_templates as templates

_WIDTH = 100
MODULE_ATTRIBUTES = frozenset(
    """
    T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches
    eval extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict
    modules mtia named_buffers named_children named_modules named_parameters parameters register_backward_hook
    register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook
    register_full_backward_pre_hook register_load_state_dict_post_hook register_load_state_dict_pre_hook
    register_module register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_
    set_extra_state set_submodule share_memory state_dict to to_empty train training type xpu zero_grad
    """.split()  # noqa: SIM905 (a literal has a line for each)
)
"""What every ``nn.Module`` has already: no stage can be called so."""


def standalone_source(network: Network, *, sequential: bool = False) -> str:
    """The text of a Python file that defines ``network`` in PyTorch and needs nothing else.

    Args:
        network: the description.
        sequential: layers in ``feature_extractor`` and ``classifier``, as many tutorials have them, in place of an
            attribute for each stage.

    Raises:
        ArchitectureError: if a stage's name is no Python name, or two differ in case only.

    >>> from lenet.networks import describe
    >>> for line in standalone_source(describe("lenet-short")).splitlines():
    ...     if "  # (N, " in line:
    ...         print(line.strip())
    x = F.relu(self.conv1(inputs))  # (N, 6, 24, 24)
    x = self.pool1(x)  # (N, 6, 12, 12)
    x = F.relu(self.conv2(x))  # (N, 16, 8, 8)
    x = self.pool2(x)  # (N, 16, 4, 4)
    x = x.flatten(1)  # (N, 256)
    return F.log_softmax(self.output(x), dim=1)  # (N, 10) log-probabilities: the largest wins
    """
    _check_names(network)
    constants = [
        *(_table(network, index) for index, stage in enumerate(network.stages) if _has_table(stage)),
        *(_prototypes(stage) for stage in network.stages if isinstance(stage.layer, EuclideanRbf)),
    ]
    body = "\n\n\n".join([*_definitions(network), _class(network, sequential), _main(network, sequential)])
    functional = "import torch.nn.functional as F\n" if "F." in body else ""
    imports = f"import torch\n{functional}from torch import Tensor, nn"
    docstring = _docstring(network, generated_code="\n".join([*constants, body]))
    head = "\n\n".join([docstring, imports, *constants])
    return f"{head}\n\n\n{body}\n"


def _check_names(network: Network) -> None:
    names = [stage.name for stage in network.stages]
    for name in names:
        if not name.isidentifier() or iskeyword(name):
            raise ArchitectureError(f"{network.name}: a stage called {name!r} cannot be written as a Python attribute")
        if name in MODULE_ATTRIBUTES:
            raise ArchitectureError(
                f"{network.name}: a stage cannot be called {name!r}, as every module of PyTorch has that"
            )
    if len({name.upper() for name in names}) < len(names):
        raise ArchitectureError(f"{network.name}: stage names that differ only in case cannot be told apart: {names}")


def class_name(network: Network) -> str:
    """The network's name as a class name.

    >>> from lenet.networks import describe
    >>> class_name(describe("lenet-5-relu"))
    'LeNet5Relu'
    """
    words = re.findall(r"[a-z0-9]+", network.name.lower())
    name = "".join("LeNet" if word == "lenet" else word.capitalize() for word in words)
    return name if name.startswith("LeNet") else f"Network{name}"


def _docstring(network: Network, generated_code: str) -> str:
    paragraphs = [
        f"{network.name.replace('lenet', 'LeNet')} in PyTorch, complete in this one file.",
        sentence(network.description),
        f"{network.parameter_count:,} parameters.{f' Source: {network.source}.' if network.source else ''}",
    ]
    if network.deviations:
        paragraphs += ["Where it deviates from its source, or fills what the source leaves open:"]
        paragraphs[-1] += "".join(f"\n- {deviation}" for deviation in network.deviations)
    text = "\n\n".join(filter(None, paragraphs))
    if cited := [key for key in templates.REFERENCES if key in text + generated_code]:
        text += "\n\n" + "\n".join(f"[{key}] {templates.REFERENCES[key]}" for key in cited)
    wrapped = "\n".join(
        fill(line, _WIDTH, subsequent_indent="  " if line.startswith(("-", "[")) else "", break_on_hyphens=False)
        for line in text.splitlines()
    )
    escaped = wrapped.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'"""{escaped}\n"""'


def sentence(text: str) -> str:
    """Capitalize a text and end it with a full stop, unless it is empty."""
    return f"{text[:1].upper()}{text[1:]}." if text else ""


# --- module-level constants: connection tables and prototypes, as text ------------------------------------------


_PRINTED_TABLES = {
    LENET_5_C3: "[LeCun98, Table I]",
    LENET_1_H3: "[LeCun90, Table 1]",
    LENET_4_C3: "no table is published, this one is a reconstruction",
    LENET_1989_H2: "the paper withholds its scheme, this one is a guess",
}


def _has_table(stage: Stage) -> bool:
    return isinstance(stage.layer, Convolution) and stage.layer.table is not None


def _table(network: Network, index: int) -> str:
    stage, in_maps = network.stages[index], network.input_shapes[index][0]
    assert isinstance(stage.layer, Convolution)
    assert stage.layer.table is not None
    table = stage.layer.table
    before = network.stages[index - 1].name.upper() if index else "input"
    citation = f"; {_PRINTED_TABLES[table]}" if table in _PRINTED_TABLES else ""
    caption = (
        f"Which {before} maps (rows) feed which {stage.name.upper()} maps (columns): "
        f"{sum(map(len, table))} of {in_maps * len(table)} kernels exist{citation}."
    )
    return f'{_comment(caption)}\n{stage.name.upper()}_TABLE = """\n{draw_connection_table(table, in_maps)}\n"""'


def _prototypes(stage: Stage) -> str:
    assert isinstance(stage.layer, EuclideanRbf)
    codes, name = stage.layer.prototypes, f"{stage.name.upper()}_CODES"
    if not _drawable(codes):
        rows = "\n".join(f"    {list(code)}," for code in codes)
        return f"# The prototypes of the output units, one a row.\n{name} = [  # fmt: skip\n{rows}\n]"
    citation = " [LeCun98, Fig. 3]" if set(codes) <= set(CHARACTER_CODES.values()) else ""
    caption = (
        f"The prototypes of the {len(codes)} output units, {CODE_WIDTH}×{len(codes[0]) // CODE_WIDTH} "
        f"pixels each: # is +1, . is -1{citation}."
    )
    rows = "\n".join("  ".join(row) for row in zip(*(draw_code(code).split() for code in codes), strict=True))
    return f'{_comment(caption)}\n{name} = """\n{rows}\n"""'


def _drawable(codes: tuple[tuple[int, ...], ...]) -> bool:
    """Whether the prototypes are ±1 codes, seven pixels wide, that fit side by side on a line."""
    are_plus_minus_one = {value for code in codes for value in code} <= {-1, 1}
    return are_plus_minus_one and len(codes) <= 12 and len(codes[0]) % CODE_WIDTH == 0


def _comment(text: str) -> str:
    return fill(text, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


# --- the functions and small classes that PyTorch does not have, only those in use ------------------------------


def _definitions(network: Network) -> list[str]:
    definitions: list[str] = []
    if any(stage.activation is Activation.SQUASH for stage in network.stages):
        definitions.append(templates.SQUASH)
    layers = [stage.layer for stage in network.stages]
    if subsamplings := [layer for layer in layers if isinstance(layer, Subsampling)]:
        definitions.append(
            templates.subsampling(
                any(layer.size != 2 for layer in subsamplings), any(layer.copies > 1 for layer in subsamplings)
            )
        )
    custom = [layer for layer in layers if isinstance(layer, Convolution) and not _is_standard(layer)]
    for kind in dict.fromkeys(_custom_class(layer) for layer in custom):
        same_kind = [layer for layer in custom if _custom_class(layer) == kind]
        strided, padded = any(layer.stride > 1 for layer in same_kind), any(_pads_itself(layer) for layer in same_kind)
        definitions.append(templates.convolution(kind, strided, padded))
    if rbf := [layer for layer in layers if isinstance(layer, EuclideanRbf)]:
        if any(_drawable(layer.prototypes) for layer in rbf):
            definitions.append(templates.READ_CODES)
        definitions.append(templates.EUCLIDEAN_RBF)
    return definitions


def _is_standard(layer: Convolution) -> bool:
    return layer.table is None and layer.bias == "map"


def _pads_itself(layer: Convolution) -> bool:
    """Whether the convolution pads with zeros itself; other values take a line in forward."""
    return layer.padding > 0 and layer.padding_value == 0


def _custom_class(layer: Convolution) -> str:
    return ("UnitBias" if layer.bias == "unit" else "") + ("TableConv2d" if layer.table is not None else "Conv2d")


# --- the class --------------------------------------------------------------------------------------------------


def _class(network: Network, sequential: bool) -> str:
    low, high = (f"{value:.6g}" for value in network.input_range)
    levels = ("background", "full ink") if network.input[0] == 1 else ("level 0", "level 255")
    return f'''class {class_name(network)}(nn.Module):
    """Takes float inputs {_batch(network.input)}, {levels[0]} as {low}, {levels[1]} as {high}."""

    def __init__(self) -> None:
        super().__init__()
        # Beside each layer, its parameters: weights + biases.
{indent(_blocks(network) if sequential else _attributes(network), "        ")}

    def forward(self, inputs: Tensor) -> Tensor:
        """{sentence(": ".join(_outputs(network)))}"""
{indent(_forward_of_blocks(network) if sequential else _forward(network), "        ")}'''


def _attributes(network: Network) -> str:
    """An attribute for each stage."""
    return "\n".join(
        f"self.{stage.name} = {_constructor(stage, input_shape, output_shape)}"
        + _comment_beside(_parameter_comment(stage, input_shape))
        for stage, input_shape, output_shape in network.stages_with_shapes
    )


def _blocks(network: Network) -> str:
    """The layers in two sequences: those of maps, and from the first full connection on, after a flattening."""
    lines = [
        f"    {_constructor(stage, input_shape, output_shape)},"
        + _comment_beside(": ".join(filter(None, (stage.name, _parameter_comment(stage, input_shape)))))
        for stage, input_shape, output_shape in network.stages_with_shapes
    ]
    start = _classifier_start(network)
    blocks = {"feature_extractor": lines[:start], "classifier": ["    nn.Flatten(),", *lines[start:]]}
    return "\n".join(
        "\n".join([f"self.{block} = nn.Sequential(", *blocks[block], ")"]) for block in _block_names(network)
    )


def _classifier_start(network: Network) -> int:
    """The number of the first stage that takes a vector."""
    return next((index for index, stage in enumerate(network.stages) if _takes_vector(stage)), len(network.stages))


def _block_names(network: Network) -> list[str]:
    start = _classifier_start(network)
    return ["feature_extractor"] * (start > 0) + ["classifier"] * (start < len(network.stages))


def module_names(network: Network) -> dict[str, str]:
    """Name of each stage's module in the sequential form.

    >>> from lenet.networks import describe
    >>> list(module_names(describe("lenet-short")).items())[-2:]
    [('pool2', 'feature_extractor.3'), ('output', 'classifier.1')]
    """
    start = _classifier_start(network)
    return {
        stage.name: f"feature_extractor.{index}" if index < start else f"classifier.{index - start + 1}"
        for index, stage in enumerate(network.stages)
    }


def _forward_of_blocks(network: Network) -> str:
    """The lines of forward, where the layers of a sequence are called by the names of their stages."""
    used_names = {"self", "inputs", "x", "F", "torch", "nn", "squash", "flatten"}
    names: dict[str, str] = {}
    for stage in network.stages:
        name = stage.name
        while name in used_names:
            name += "_"
        used_names.add(name)
        names[stage.name] = name
    start, calls = _classifier_start(network), list(names.values())
    blocks = {"feature_extractor": calls[:start], "classifier": ["flatten", *calls[start:]]}
    unpacked = [
        f"{', '.join(blocks[block]) if len(blocks[block]) > 1 else f'({blocks[block][0]},)'} = self.{block}"
        for block in _block_names(network)
    ]
    return "\n".join([*unpacked, _forward(network, names)])


def _comment_beside(text: str) -> str:
    return f"  # {text}" if text else ""


def _constructor(stage: Stage, input_shape: Shape, output_shape: Shape) -> str:
    layer = stage.layer
    match layer:
        case Convolution():
            options = [f"kernel_size={layer.kernel_size}"]
            options += [f"stride={layer.stride}"] if layer.stride > 1 else []
            options += [f"padding={layer.padding}"] if _pads_itself(layer) else []
            first_argument = f"{stage.name.upper()}_TABLE" if layer.table is not None else str(input_shape[0])
            second_argument = [] if layer.table is not None else [str(layer.maps)]
            if layer.bias == "unit":
                second_argument = [str(output_shape)]
            kind = "nn.Conv2d" if _is_standard(layer) else _custom_class(layer)
            return f"{kind}({', '.join([first_argument, *second_argument, *options])})"
        case Subsampling():
            options = [f"size={layer.size}"] if layer.size != 2 else []
            options += [f"copies={layer.copies}"] if layer.copies > 1 else []
            return f"Subsampling({', '.join([str(input_shape[0]), *options])})"
        case MaxPooling():
            return f"nn.MaxPool2d({layer.size})"
        case AveragePooling():
            return f"nn.AvgPool2d({layer.size})"
        case GlobalAveragePooling():
            return "nn.AdaptiveAvgPool2d(1)"
        case FullConnection():
            return f"nn.Linear({prod(input_shape)}, {layer.units})"
        case EuclideanRbf():
            codes = f"{stage.name.upper()}_CODES"
            prototypes = f"read_codes({codes})" if _drawable(layer.prototypes) else f"torch.tensor({codes}).float()"
            return f"EuclideanRbf({prototypes})"
    raise ArchitectureError(f"{stage.name}: a layer of kind {type(layer).__name__} cannot be written as PyTorch")


def _parameter_comment(stage: Stage, input_shape: Shape) -> str:
    """Derivation of the stage's number of parameters: ``6·1·5·5 + 6 = 156``."""
    shapes = stage.layer.parameter_shapes(input_shape).values()
    if not shapes:
        return "none: its prototypes are fixed" if isinstance(stage.layer, EuclideanRbf) else ""
    terms = " + ".join("·".join(map(str, shape)) for shape in shapes)
    return f"{terms} = {sum(map(prod, shapes)):,}"


_ACTIVATION_CODE = {
    Activation.IDENTITY: "{}",
    Activation.SQUASH: "squash({})",
    Activation.TANH: "torch.tanh({})",
    Activation.SIGMOID: "torch.sigmoid({})",
    Activation.RELU: "F.relu({})",
    Activation.LOG_SOFTMAX: "F.log_softmax({}, dim=1)",
}


def _takes_vector(stage: Stage) -> bool:
    return isinstance(stage.layer, FullConnection | EuclideanRbf)


def _forward(network: Network, names: Mapping[str, str] | None = None) -> str:
    """The lines of forward, each followed by its output shape.

    Args:
        network: the description.
        names: local variable of each stage in the sequential form; else layers are attributes.
    """
    lines: list[str] = []
    x, flat = "inputs", False
    last = network.stages[-1]
    for stage, input_shape, output_shape in network.stages_with_shapes:
        layer = stage.layer
        takes_vector = _takes_vector(stage)
        if takes_vector and not flat:
            flattened = f"{x}.flatten(1)" if names is None else f"flatten({x})"
            lines.append(f"x = {flattened}  # (N, {prod(input_shape)})")
            x = "x"
        elif flat and not takes_vector:
            lines.append(f"x = {x}[:, :, None, None]  # {_batch(input_shape)}")
        if isinstance(layer, Convolution) and layer.padding and not _pads_itself(layer):
            p, (maps, height, width) = layer.padding, input_shape
            padded = (maps, height + 2 * p, width + 2 * p)
            lines.append(f"x = F.pad({x}, {(p,) * 4}, value={layer.padding_value})  # {_batch(padded)}")
            x = "x"
        flat = takes_vector
        function = f"self.{stage.name}" if names is None else names[stage.name]
        value = _ACTIVATION_CODE[stage.activation].format(f"{function}({x})")
        if stage is last and flat:
            lines.append(f"return {value}  # (N, {output_shape[0]}) {': '.join(_outputs(network))}")
        else:
            lines.append(f"x = {value}  # {f'(N, {output_shape[0]})' if flat else _batch(output_shape)}")
        x = "x"
    if not flat:
        lines.append(f"return x.flatten(1)  # (N, {prod(network.output_shapes[-1])}) {': '.join(_outputs(network))}")
    return "\n".join(lines)


def _outputs(network: Network) -> tuple[str, str]:
    """The kind of the outputs, and the decision rule."""
    if network.smallest_wins:
        return ("penalties", "the smallest wins")
    kinds = {
        Activation.IDENTITY: "logits",
        Activation.LOG_SOFTMAX: "log-probabilities",
        Activation.SQUASH: "outputs, trained towards +1 and -1",
        Activation.SIGMOID: "outputs in 0..1, no probabilities",
    }
    return (kinds.get(network.stages[-1].activation, "outputs"), "the largest wins")


def _batch(shape: Shape) -> str:
    return f"(N, {', '.join(map(str, shape))})"


def _main(network: Network, sequential: bool) -> str:
    name = class_name(network)
    listing = ""
    if sequential:
        listing = """
    for name, parameter in model.named_parameters():
        print(name, tuple(parameter.shape))"""
    return f"""if __name__ == "__main__":
    model = {name}()
{indent(_loading(network, sequential), "    # ")}
    outputs = model(torch.zeros(1, {", ".join(map(str, network.input))})){listing}
    print("output:", tuple(outputs.shape))
    print("parameters:", f"{{sum(parameter.numel() for parameter in model.parameters()):,}}")"""


def _loading(network: Network, sequential: bool) -> str:
    """The comment that shows how to load weights that lenet trained."""
    if not sequential:
        return """Weights trained with lenet have the same names and shapes:
  from safetensors.torch import load_file
  model.load_state_dict(load_file("best.safetensors"))"""
    modules = module_names(network)
    with_parameters = [
        stage.name for stage, input_shape, _ in network.stages_with_shapes if stage.layer.parameter_shapes(input_shape)
    ]
    renamed = ",\n".join(f'      "{name}": "{modules[name]}"' for name in with_parameters)
    return f"""Weights trained with lenet have the same shapes, and the names of the stages:
  from safetensors.torch import load_file
  modules = {{
{renamed},
  }}
  named = [(*name.split("."), array) for name, array in load_file("best.safetensors").items()]
  model.load_state_dict({{f"{{modules[stage]}}.{{kind}}": array for stage, kind, array in named}})"""
