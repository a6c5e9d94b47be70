"""Docstrings name arguments and attributes as they are called."""

import ast
import re
from pathlib import Path

import pytest

import lenet

PACKAGE = Path(lenet.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))


def names_of(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> set[str]:
    """The arguments of a function, or the fields, methods and arguments of a class."""
    if not isinstance(node, ast.ClassDef):
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        return {argument.arg for argument in every if argument}
    names = {
        part.target.id for part in node.body if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
    }
    for part in node.body:
        if isinstance(part, ast.FunctionDef):
            names |= {part.name} | (names_of(part) if part.name == "__init__" else set())
            names |= {inner.attr for inner in ast.walk(part) if isinstance(inner, ast.Attribute)}
    return names


def named_in(docstring: str) -> set[str]:
    """What its sections of arguments and attributes name."""
    result = set()
    for section in re.findall(r"^(?:Args|Attributes):\n((?:    .*\n?|\n)*)", docstring, re.MULTILINE):
        for line in re.findall(r"^    ([a-z_][\w, *]*?):", section, re.MULTILINE):
            result |= {name.strip("* ") for name in line.split(",")}
    return {name for name in result if name.isidentifier()}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_docstring_names_no_argument_that_is_not_there(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            known = names_of(node)
            strange = named_in(ast.get_docstring(node) or "") - known
            # A class that inherits its fields has none of its own.
            assert not strange or (isinstance(node, ast.ClassDef) and node.bases and not known), (node.name, strange)


def test_the_sections_of_a_docstring_are_understood():
    docstring = "Do.\n\nArgs:\n    one, two: first.\n        more: none.\n    three: last.\n\nReturns:\n    four: no.\n"
    assert named_in(docstring) == {"one", "two", "three"}
