"""The numbers that the reader decides by: counted, each with a name with its reason."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from lab.thresholds import find_reader_thresholds, find_thresholds

ROOT = Path(__file__).parents[2]


def values(code: str) -> list[float]:
    return [threshold.value for threshold in find_thresholds(code)]


@pytest.mark.parametrize(
    ("page", "bound"),
    [
        ("reading.md", r"at most (\d+) with a name, .*? and (\d+) in expressions"),
        ("reading.zh-CN.md", r"最多 (\d+) 个，.*?式子里的最多 (\d+) 个"),
    ],
)
def test_there_are_no_more_thresholds_than_the_pages_say(page: str, bound: str):
    most = re.search(bound, (ROOT / "docs" / page).read_text("utf-8"))
    assert most is not None
    thresholds = find_reader_thresholds()
    named = sum(bool(threshold.name) for threshold in thresholds)
    assert named <= int(most[1]), "a rule more than there was: another must go"
    assert len(thresholds) - named <= int(most[2]), "a number more than there was: another must go"


def test_every_threshold_with_a_name_has_its_reason_beside_it():
    assert not [
        f"{one.module}:{one.line} {one.name}" for one in find_reader_thresholds() if one.name and not one.reason
    ]


def test_a_number_with_a_name_counts_whatever_it_is_and_a_range_twice():
    assert values("RANGE, LEAST = (0.3, 1.0), -2  # why") == [0.3, 1.0, 2]
    assert values("class Costs:\n    cut: float = 0.5\n    first: int = 0") == [0.5]
    assert values("TILTS = np.linspace(-TILT, TILT, 9)") == [9]


@pytest.mark.parametrize(
    "expression",
    ["box[3] - box[1] > 2 * w", "x + 0.5", "d**3", "255 - x", "x.reshape(4, -1)", "np.ones((3, 3))", "a / 1e-9"],
)
def test_what_only_counts_places_or_halves_is_no_threshold(expression: str):
    assert values(f"def f(box, w, x, d, a):\n    return {expression}") == []


@pytest.mark.parametrize(
    ("expression", "count"),
    [("w > 0.5 * h", 1), ("w > 3", 1), ("np.ones((5, 5))", 1), ("max(0.8, 0.4 * s)", 2), ("x[:20]", 1)],
)
def test_what_is_compared_and_scaled_is_one(expression: str, count: int):
    assert len(values(f"def f(w, h, s, x):\n    return {expression}")) == count


def test_the_reason_is_the_comment_behind_or_above_or_what_the_class_says():
    costs = "class Costs:\n    '''Costs.\n\n    cut: within.\n    '''\n\n    cut: float = 5.0"
    code = f"A = 3  # behind\n# above\nB = 4\n{costs}"
    assert [threshold.reason for threshold in find_thresholds(code)] == ["behind", "above", "within."]


def test_the_command_ends_with_how_many_there_are():
    ran = subprocess.run(
        [sys.executable, "-m", "lab.thresholds"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=True
    )
    *lines, last = ran.stdout.splitlines()
    assert last.startswith(f"{len(lines)} thresholds, ")
