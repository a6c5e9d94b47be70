"""List the thresholds of the reader: ``python -m lab.thresholds [--markdown]``.

A threshold is a number, written in the code that leads from a picture to its answer, by which that answer is decided: a
bound, a share, a factor, a size, a probability, a cost. Each number counts for itself, with a name or without: a range
counts twice, and so does what is written in two places. What does not count:

- without a name: 0, 1 and 2, which count, compare with nothing and halve, and half a pixel that is added or taken away;
- places and shapes: indices of boxes and statistics, axes, exponents, shifts, a block of 3×3 neighbors; an N×N is one;
- `UNIT_NUMBERS`: 255 and 256 gray levels, the network's 28×28 and MNIST's 20 in them, ten digits, right angles,
  percent;
- what a file's value must lie between: `lenet.records.Record.number`;
- 1e-6 and less, which keep from dividing by zero;
- `MEMORY_BOUNDS`, which change no answer: a pattern beyond them is refused.

`ROOMS_AFTER_ANSWER`, which draw, store and distribute an answer, hold none. What ``native/`` does for the reader has
the numbers of its reference in Python once more, or is given them, and tests compare the two.
"""

import argparse
import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import lenet.reading
from lab.command_line import run_command

READER = Path(lenet.reading.__file__).parent
ROOMS_AFTER_ANSWER = {"batch", "cluster", "drawing", "tables", "idx", "remarks", "results"}
MEMORY_BOUNDS = {"_BATCH_SIZE", "CANDIDATES_AT_ONCE", "LINKED_AT_ONCE", "MAX_CHARACTERS"}
STRUCTURAL_NUMBERS = {0, 1, 2}
# Gray levels, the network's side, digits, a right angle, percent, parts of a pixel, the median absolute deviation.
UNIT_NUMBERS = {255, 256, 28, 10, 90, 100, 16, 1.4826}
NAMED_UNITS = {"DIGIT_SIDE"}  # of MNIST
_MAX_INDEX = 4  # of a box, or of the statistics of a component
_SHAPE_FUNCTIONS = {"reshape", "range", "round", "distanceTransform", "rot90", "full", "zeros", "lru_cache"}
_PLACE_KEYWORDS = {"axis", "axes", "connectivity", "minlength", "maxsize"}


@dataclass(frozen=True)
class Threshold:
    """A number that decides about an answer.

    Attributes:
        module, line: where it is written.
        name: of the constant or field that holds it; empty if none does.
        value: of the number.
        reason: the comment or docstring beside it; empty if there is none.
    """

    module: str
    line: int
    name: str
    value: float
    reason: str


def find_thresholds(source: str, module: str = "") -> list[Threshold]:
    """Find the thresholds in the source of a module, in order of lines.

    >>> code = '''
    ... GAPS = (0.3, 1.0)  # in digit heights
    ... def is_wide(box):
    ...     return box[3] - box[1] > 1.5 * (box[2] - box[0]) + 2
    ... '''
    >>> [(threshold.name, threshold.value, threshold.reason) for threshold in find_thresholds(code)]
    [('GAPS', 0.3, 'in digit heights'), ('GAPS', 1.0, 'in digit heights'), ('', 1.5, '')]
    """
    lines, tree = source.splitlines(), ast.parse(source)
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    thresholds = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or type(node.value) not in (int, float):
            continue
        ancestors = list(_ancestors(node, parents))
        statement = next(ancestor for ancestor in ancestors if isinstance(ancestor, ast.stmt))
        name = _name_of(node, statement, parents)
        if name in MEMORY_BOUNDS | NAMED_UNITS or not _is_threshold(node, ancestors, name):
            continue
        value = float(node.value) if isinstance(node.value, int | float) else 0.0
        thresholds.append(
            Threshold(module, node.lineno, name, value, _find_reason(name, node, statement, parents, lines))
        )
    return sorted(thresholds, key=lambda threshold: threshold.line)


def find_reader_thresholds(folder: Path = READER) -> list[Threshold]:
    """Find the thresholds of all modules between a picture and its answer."""
    thresholds: list[Threshold] = []
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if ROOMS_AFTER_ANSWER.isdisjoint(parts):
            thresholds += find_thresholds(path.read_text("utf-8"), ".".join(parts))
    return thresholds


def _ancestors(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> Iterator[ast.AST]:
    """The nodes that hold a node, from the innermost."""
    while node in parents:
        node = parents[node]
        yield node


def _name_of(node: ast.Constant, statement: ast.stmt, parents: dict[ast.AST, ast.AST]) -> str:
    """The constant of a module, or the field of a class, that holds a number; none if it is within a function."""
    if not isinstance(parents[statement], ast.Module | ast.ClassDef):
        return ""
    if isinstance(statement, ast.AnnAssign):
        return ast.unparse(statement.target)
    if not isinstance(statement, ast.Assign):
        return ""
    target, value = statement.targets[0], statement.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for element, part in zip(target.elts, value.elts, strict=True):
            if any(inner is node for inner in ast.walk(part)):
                return ast.unparse(element)
    return ast.unparse(target)


def _is_threshold(node: ast.Constant, ancestors: list[ast.AST], name: str) -> bool:
    """Whether a number is a threshold by the rules at the head of this module."""
    value, parent = node.value, ancestors[0]
    assert isinstance(value, int | float)
    is_called = any(isinstance(ancestor, ast.Call) for ancestor in ancestors)
    if name and not is_called and not any(isinstance(ancestor, ast.ClassDef | ast.BinOp) for ancestor in ancestors):
        return True  # a number with a name counts, even if it is 1 or 2
    if value in STRUCTURAL_NUMBERS | UNIT_NUMBERS or abs(value) <= 1e-6 or (is_called and _is_repeated(node, parent)):
        return False
    if isinstance(parent, ast.BinOp):
        if isinstance(parent.op, ast.Pow) and parent.right is node:
            return False
        if isinstance(parent.op, ast.LShift | ast.RShift | ast.BitAnd | ast.BitOr):
            return False
        if isinstance(parent.op, ast.Add | ast.Sub) and value == 0.5:
            return False
    child: ast.AST = node
    for ancestor in ancestors:
        if isinstance(ancestor, ast.stmt):
            break
        if isinstance(ancestor, ast.JoinedStr | ast.keyword) and getattr(ancestor, "arg", None) in {
            None,
            *_PLACE_KEYWORDS,
        }:
            return False
        if (
            isinstance(ancestor, ast.Subscript)
            and ancestor.slice is child
            and isinstance(value, int)
            and value <= _MAX_INDEX
        ):
            return False
        if isinstance(ancestor, ast.Call) and child in ancestor.args:
            called = (
                ancestor.func.attr if isinstance(ancestor.func, ast.Attribute) else getattr(ancestor.func, "id", "")
            )
            if called == "number" or (isinstance(value, int) and called in _SHAPE_FUNCTIONS):
                return False
            if called == "ones" and value <= 3:
                return False
        child = ancestor
    return True


def _is_repeated(node: ast.Constant, parent: ast.AST) -> bool:
    """Whether a number is in its tuple a second time, as the second side of a square."""
    before = parent.elts[: parent.elts.index(node)] if isinstance(parent, ast.Tuple) else []
    return any(isinstance(element, ast.Constant) and element.value == node.value for element in before)


def _find_reason(
    name: str, node: ast.Constant, statement: ast.stmt, parents: dict[ast.AST, ast.AST], lines: list[str]
) -> str:
    """The comment behind a number or above it; for a field what the docstring of its class says of it."""
    for number in (node.lineno, statement.lineno, statement.end_lineno or statement.lineno):
        _, mark, comment = lines[number - 1].partition("  # ")
        if mark:
            return comment.strip()
    above = lines[statement.lineno - 2].strip() if statement.lineno > 1 else ""
    if above.startswith("# "):
        return above.removeprefix("# ")
    holder = parents[statement]
    if name and isinstance(holder, ast.ClassDef):
        match = re.search(rf"^\s*[\w, ]*\b{name}\b[\w, ]*: (.+)", ast.get_docstring(holder) or "", re.MULTILINE)
        return match[1] if match else ""
    return ""


def to_text(thresholds: list[Threshold]) -> str:
    """One line for each threshold, and how many there are."""
    lines = [
        f"{threshold.module}:{threshold.line}".ljust(32)
        + f"{threshold.name or '–':24}{threshold.value:>10g}  {threshold.reason}"
        for threshold in thresholds
    ]
    named = sum(bool(threshold.name) for threshold in thresholds)
    return "\n".join([*lines, f"{len(thresholds)} thresholds, {named} with a name, {len(thresholds) - named} without"])


def to_markdown(thresholds: list[Threshold]) -> str:
    """A table of how many each module has."""
    named, unnamed = (
        Counter(threshold.module for threshold in thresholds if bool(threshold.name) == has_name)
        for has_name in (True, False)
    )
    rows = [f"| `{module}` | {named[module]} | {unnamed[module]} |" for module in sorted({*named, *unnamed})]
    total = f"| all | {named.total()} | {unnamed.total()} |"
    return "\n".join(["| module | with a name | without |", "|---|---:|---:|", *rows, total])


def main() -> None:
    options = argparse.ArgumentParser(description="The thresholds of the reader, each with its reason.")
    options.add_argument("--markdown", action="store_true", help="print how many each module has, as a table")
    is_markdown = options.parse_args().markdown
    print((to_markdown if is_markdown else to_text)(find_reader_thresholds()))


if __name__ == "__main__":
    run_command(main)
