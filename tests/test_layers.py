"""Imports point down the layers, and the light front door stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import lenet

PACKAGE = Path(lenet.__file__).parent
LAYERS = [
    "errors",
    "files records naming boxes fonts terminal",
    "architecture connections preprocess classes",
    "networks pictures",
    "summary initialization engine pytorch data checkpoints",
    "model",
    "evaluation reading figures exporting page",
    "training benchmarking forms",
    "sdnn estimator course desk",
    "server experiments",
    "verbs notebook",
    "cli",
]
# What may be called upward, within a method: a model's verbs, and how an object looks in a notebook.
UPWARD = {"model": {"evaluation", "verbs"}}
LAYER_OF = {part: layer for layer, parts in enumerate(LAYERS) for part in parts.split()}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or not path.name.startswith("__"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_import_points_to_a_lower_layer(path):
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    imported, tree = set(), ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "lenet":
            imported |= {alias.name for alias in node.names if alias.name in LAYER_OF}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("lenet."):
            imported.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("lenet.")}
    if any(isinstance(node, ast.FunctionDef) and node.name == "_repr_html_" for node in ast.walk(tree)):
        imported -= {"notebook"}
    for part in imported - {own} - UPWARD.get(own, set()):
        assert LAYER_OF[part] < LAYER_OF[own], f"{own} imports {part}, which is not below it"


def test_no_module_of_the_package_imports_the_tools_of_the_repository():
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                assert not any(alias.name.split(".")[0] == "lab" for alias in node.names), path
            elif isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] != "lab", path


def test_architecture_needs_neither_numpy_nor_torch():
    for module in ("architecture.py", "connections.py", "errors.py"):
        source = (PACKAGE / module).read_text()
        assert "numpy" not in source.replace("(no numpy", "")
        assert "import torch" not in source


@pytest.mark.parametrize(
    "code",
    [
        "import lenet",
        "from lenet.cli import main; main(['show', 'lenet-5'])",
        "from lenet.cli import main; main(['code', 'lenet-5'])",
        "from lenet.cli import main; main(['networks'])",
    ],
)
def test_the_light_commands_import_neither_torch_nor_matplotlib(code):
    check = f"{code}; import sys; sys.exit(any(name in sys.modules for name in ('torch', 'matplotlib')))"
    assert subprocess.run([sys.executable, "-c", check], capture_output=True, check=False).returncode == 0


def test_everything_in_all_is_importable():
    for name in lenet.__all__:
        assert hasattr(lenet, name)
