"""The printed PyTorch files, executed where lenet cannot be imported, against the built modules."""

import ast
import builtins
import math
import re
import subprocess
import sys

import pytest
import torch
import typer
from typer.testing import CliRunner

from lenet import describe, names
from lenet.architecture import (
    AveragePooling,
    Convolution,
    EuclideanRbf,
    FullConnection,
    GlobalAveragePooling,
    Network,
    Stage,
    Subsampling,
    relu,
    sigmoid,
    squash,
    tanh,
)
from lenet.cli import code
from lenet.connections import CHARACTER_CODES, DIGIT_CODES
from lenet.errors import ArchitectureError, LeNetError, UnknownName
from lenet.pytorch import build, standalone_source
from lenet.pytorch.source import class_name
from lenet.summary import trace

VARIANTS = [
    *[(name, {}) for name in names()],
    ("lenet-1989", {"classes": 26}),
    ("lenet-4", {"hidden": 120}),
    ("lenet-5-relu", {"classes": 26, "channels": 3, "size": 32}),
    ("lenet-5-gap", {"classes": 3, "channels": 4}),
    ("lenet-rgb", {"classes": 100}),
]

TABLE = ((0,), (1, 2), (0, 2))


def custom_network(*stages):
    return Network("own-2", (3, 12, 12), stages)


CUSTOM = {
    "table with zero padding and a stride": custom_network(
        Stage("c1", Convolution(3, 3, stride=2, padding=1, table=TABLE), tanh), Stage("out", FullConnection(2))
    ),
    "two tables, one padded with another value": custom_network(
        Stage("c1", Convolution(3, 3, padding=2, padding_value=0.5, table=TABLE), squash),
        Stage("c2", Convolution(3, 3, padding=1, table=TABLE, bias="unit"), sigmoid),
        Stage("out", FullConnection(2), tanh),
    ),
    "a bias per unit and zero padding": custom_network(
        Stage("c1", Convolution(2, 3, padding=1, bias="unit"), relu), Stage("out", FullConnection(2))
    ),
    "sub-sampling by three, then by two with copies": custom_network(
        Stage("s1", Subsampling(3), tanh), Stage("s2", Subsampling(2, copies=3)), Stage("out", FullConnection(2))
    ),
    "sub-sampling by three alone": custom_network(Stage("s1", Subsampling(3), tanh), Stage("out", FullConnection(2))),
    "a convolution after a full connection, maps as outputs": custom_network(
        Stage("f1", FullConnection(7), relu),
        Stage("c2", Convolution(4, 1), squash),
        Stage("gap", GlobalAveragePooling()),
    ),
    "prototypes that are no bitmaps": custom_network(
        Stage("f1", FullConnection(3), tanh), Stage("out", EuclideanRbf(((1, 0, -1), (2, 2, 2))))
    ),
    "more prototypes than fit on a line": custom_network(
        Stage("f1", FullConnection(84), tanh), Stage("out", EuclideanRbf(tuple(CHARACTER_CODES.values())))
    ),
    "three prototypes that are bitmaps": custom_network(
        Stage("f1", FullConnection(84), tanh), Stage("out", EuclideanRbf(DIGIT_CODES[:3]))
    ),
    "no function of torch.nn.functional": custom_network(
        Stage("p", AveragePooling(4)), Stage("out", FullConnection(2))
    ),
    "text that could end the docstring": Network(
        "own", (1, 4, 4), (Stage("out", FullConnection(2)),), 'a """', 'b \\ """\nraise SystemExit', ('c "quoted"',)
    ),
}


def executed(source):
    """The names that the source defines, run where importing lenet is an error."""

    def import_without_lenet(name, *rest):
        assert name.split(".")[0] == "torch", f"the printed source imports {name}"
        return __import__(name, *rest)

    namespace = {"__name__": "printed", "__builtins__": {**vars(builtins), "__import__": import_without_lenet}}
    exec(compile(source, "printed.py", "exec"), namespace)
    return namespace


def assert_same(network):
    torch.manual_seed(0)
    built = build(network)
    printed = executed(standalone_source(network))[class_name(network)]()
    assert {key: t.shape for key, t in printed.state_dict().items()} == {
        key: t.shape for key, t in built.state_dict().items()
    }
    assert sum(p.numel() for p in printed.parameters()) == sum(p.numel() for p in built.parameters())
    with torch.no_grad():
        for parameter in built.parameters():  # so that no bias is zero and no two coefficients are equal
            parameter.add_(torch.empty_like(parameter).uniform_(-0.1, 0.1))
    printed.load_state_dict(built.state_dict())
    inputs = torch.empty(3, *network.input).uniform_(*network.input_range)
    torch.testing.assert_close(printed(inputs), built(inputs), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("name", "arguments"), VARIANTS)
def test_the_printed_network_is_the_built_one(name, arguments):
    assert_same(describe(name, **arguments))


@pytest.mark.parametrize("what", CUSTOM)
def test_a_custom_network_is_printed_as_it_is_built(what):
    assert_same(CUSTOM[what])


@pytest.mark.parametrize(("name", "arguments"), VARIANTS)
def test_every_shape_in_a_comment_is_the_shape_that_the_line_leaves(name, arguments):
    network = describe(name, **arguments)
    source = standalone_source(network)
    lines = source.splitlines()
    commented = {
        number: tuple(map(int, re.findall(r"\d+", match[1])))
        for number, line in enumerate(lines, 1)
        if (match := re.search(r"^ +(?:x =|return) .*# \(N, ([\d, ]+)\)", line))
    }
    assert len(commented) >= len(network.stages)
    result = {}

    def trace_forward(frame, event, argument):
        if (
            frame.f_code.co_filename != "printed.py"
            or frame.f_code.co_name != "forward"
            or "inputs" not in frame.f_locals
        ):
            return None
        state = {"line": None}

        def local(frame, event, argument):
            if state["line"] in commented:
                value = argument if event == "return" else frame.f_locals["x"]
                result[state["line"]] = tuple(value.shape[1:])
            state["line"] = frame.f_lineno
            return local

        return local

    model = executed(source)[class_name(network)]()
    before = sys.gettrace()
    sys.settrace(trace_forward)
    try:
        model(torch.zeros(2, *network.input))
    finally:
        sys.settrace(before)
    assert result == commented


@pytest.mark.parametrize("name", names())
def test_the_parameters_beside_the_layers_add_up_to_the_total_in_the_docstring(name):
    source = standalone_source(describe(name))
    beside = re.findall(r"self\.\w+ = .*# ([\d·+ ]+) = ([\d,]+)$", source, re.MULTILINE)
    for derivation, count in beside:
        assert eval(derivation.replace("·", "*")) == int(count.replace(",", ""))
    total = sum(int(count.replace(",", "")) for _, count in beside)
    assert f"\n{total:,} parameters." in ast.get_docstring(ast.parse(source))
    assert total == sum(p.numel() for p in build(describe(name)).parameters())


def test_the_printed_source_is_already_formatted_and_free_of_lint(tmp_path):
    for number, (name, arguments) in enumerate(VARIANTS):
        (tmp_path / f"n{number}.py").write_text(standalone_source(describe(name, **arguments)))
    assert_clean(tmp_path)


def assert_clean(tmp_path):
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["format", "--diff"], ["check", "--select", "E,F,I,B,UP,SIM"]):
        result = subprocess.run(
            [
                *ruff,
                *command,
                "--isolated",
                "--no-cache",
                "--line-length",
                "120",
                "--target-version",
                "py311",
                ".",
            ],
            capture_output=True,
            text=True,
            cwd=tmp_path,
        )
        assert result.returncode == 0, result.stdout


def test_a_printed_file_runs_alone_and_prints_its_shape_and_its_count(tmp_path):
    path = tmp_path / "lenet5.py"
    path.write_text(standalone_source(describe("lenet-5")))
    result = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True)
    assert result.stdout.split("\n") == ["output: (1, 10)", "parameters: 60,000", ""]


def test_lenet_5_shows_table_i_and_the_drawn_digits_and_names_its_paper():
    source = standalone_source(describe("lenet-5"))
    assert "X...XXX..XXXX.XX\nXX...XXX..XXXX.X\n" in source
    assert ".#####.  ...##..  .#####.  #######" in source
    assert "[LeCun98, Table I]" in source
    assert "Gradient-based learning applied to document\n  recognition" in source


def test_a_network_without_tables_is_printed_with_the_layers_of_pytorch_alone():
    tree = ast.parse(standalone_source(describe("lenet-5-relu")))
    assert [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)] == ["LeNet5Relu"]


def test_stage_names_that_python_cannot_write_are_named():
    layers = (Stage("class", FullConnection(2)),)
    with pytest.raises(ArchitectureError, match="a stage called 'class' cannot be written"):
        standalone_source(Network("own", (1, 4, 4), layers))
    twice = (Stage("a", FullConnection(2)), Stage("A", FullConnection(2)))
    with pytest.raises(ArchitectureError, match="differ only in case"):
        standalone_source(Network("own", (1, 4, 4), twice))


@pytest.fixture
def app():
    app = typer.Typer()
    app.callback()(lambda: None)  # so that one command stays a command
    app.command()(code.code)
    return app


def test_lenet_code_prints_the_source_with_the_arguments_given(app):
    result = CliRunner().invoke(app, ["code", "lenet-5-relu", "--classes", "26", "--channels", "3", "--size", "32"])
    assert result.exit_code == 0
    assert result.output == standalone_source(describe("lenet-5-relu", classes=26, channels=3, size=32))


def test_lenet_code_writes_a_file_and_says_so(app, tmp_path):
    path = tmp_path / "new" / "lenet4.py"
    result = CliRunner().invoke(app, ["code", "lenet-4", "--hidden", "120", "-o", str(path)])
    assert result.exit_code == 0
    assert str(path) in result.output
    assert path.read_text() == standalone_source(describe("lenet-4", hidden=120))


def test_lenet_code_names_what_it_cannot_do(tmp_path):
    with pytest.raises(UnknownName, match="did you mean lenet-5"):
        code.code("lenet-6")
    with pytest.raises(LeNetError, match="no argument 'classes'"):
        code.code("lenet-5", classes=12)
    with pytest.raises(LeNetError, match=r"expected a file's name that ends in \.py"):
        code.code("lenet-5", output=tmp_path)
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(LeNetError, match=r"folder\.py: is a folder, expected the name of a file to write"):
        code.code("lenet-5", output=tmp_path / "folder.py")


class Reshape(torch.nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape

    def forward(self, pictures):
        return pictures.reshape(-1, *self.shape)


@pytest.mark.parametrize("name", names())
def test_the_trace_is_what_a_pass_through_the_layers_prints(name):
    """Compare with a forward pass, layer by layer, that prints each output's shape, as the textbook does."""
    network = describe(name)
    namespace = executed(standalone_source(network, sequential=True))
    model = namespace[class_name(network)]()
    of_torch = {"relu": "ReLU", "sigmoid": "Sigmoid", "log_softmax": "LogSoftmax", "squash": "Squash"}
    made = [*getattr(model, "feature_extractor", []), *getattr(model, "classifier", [])]
    printed, x, stages = [], torch.zeros(1, *network.input).flatten(), iter(network.stages)
    for layer in [Reshape(network.input), *made]:
        stage = None if type(layer).__name__ in ("Reshape", "Flatten") else next(stages)
        if stage and getattr(stage.layer, "padding_value", 0):
            x = torch.nn.functional.pad(x, (stage.layer.padding,) * 4, value=stage.layer.padding_value)
        x = layer(x)
        printed.append(f"{type(layer).__name__} output shape: {x.shape}")
        if stage and stage.activation in of_torch:
            printed.append(f"{of_torch[stage.activation]} output shape: {x.shape}")
    assert trace(network).splitlines() == printed


@pytest.mark.parametrize("what", CUSTOM)
def test_the_trace_of_any_network_ends_in_its_outputs(what):
    network = CUSTOM[what]
    assert trace(network).splitlines()[-1].endswith(f"torch.Size({[1, math.prod(network.output_shapes[-1])]})")


# --- two of nn.Sequential: feature_extractor and classifier ----------------------------------------------------------


def loaded_by_its_comment(source, model, state):
    """Load weights that are named by stages, with the code that the source gives in a comment."""
    lines = [line.removeprefix("    # ") for line in source.splitlines() if line.startswith("    #   ")]
    code = "\n".join(line.removeprefix("  ") for line in lines)
    exec(code.replace("from safetensors.torch import load_file", ""), {"model": model, "load_file": lambda path: state})


def assert_sequential(network):
    torch.manual_seed(0)
    built, source = build(network), standalone_source(network, sequential=True)
    printed = executed(source)[class_name(network)]()
    assert {name for name, _ in printed.named_children()} <= {"feature_extractor", "classifier"}
    assert sum(p.numel() for p in printed.parameters()) == sum(p.numel() for p in built.parameters())
    loaded_by_its_comment(source, printed, built.state_dict())
    inputs = torch.empty(3, *network.input).uniform_(*network.input_range)
    torch.testing.assert_close(printed(inputs), built(inputs), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("name", "arguments"), VARIANTS)
def test_two_sequences_are_the_same_network(name, arguments):
    assert_sequential(describe(name, **arguments))


@pytest.mark.parametrize("what", CUSTOM)
def test_two_sequences_are_the_same_custom_network(what):
    assert_sequential(CUSTOM[what])


def test_stages_whose_names_forward_uses_itself_are_renamed():
    own = ("x", "flatten", "F", "torch", "x_", "squash")
    stages = tuple(Stage(name, FullConnection(3), squash) for name in own)
    assert_sequential(Network("own-2", (1, 4, 4), (Stage("self", Convolution(2, 3), relu), *stages)))


LISTING = """\
feature_extractor.0.weight (6, 1, 5, 5)
feature_extractor.0.bias (6,)
feature_extractor.2.weight (16, 6, 5, 5)
feature_extractor.2.bias (16,)
classifier.1.weight (120, 400)
classifier.1.bias (120,)
classifier.2.weight (84, 120)
classifier.2.bias (84,)
classifier.3.weight (10, 84)
classifier.3.bias (10,)
output: (1, 10)
parameters: 61,706
"""


def test_the_sequences_have_the_names_and_shapes_that_tutorials_list(tmp_path):
    path = tmp_path / "model.py"
    path.write_text(standalone_source(describe("lenet-5-average"), sequential=True))
    result = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=True)
    assert result.stdout == LISTING


@pytest.mark.parametrize("name", names())
def test_two_sequences_are_already_formatted_and_free_of_lint(name, tmp_path):
    (tmp_path / "model.py").write_text(standalone_source(describe(name), sequential=True))
    assert_clean(tmp_path)
