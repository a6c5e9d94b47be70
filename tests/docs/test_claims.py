"""Numbers in prose are what the code gives; a change of the code is told with the lines where the number stands."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

import lenet
from tests.docs.claims import DOCS, MARK, all_claims

PACKAGE = Path(lenet.__file__).parent
CLAIMS = all_claims()


@pytest.mark.parametrize("claim", CLAIMS, ids=str)
def test_a_number_in_prose_is_what_the_code_gives(claim):
    assert claim.stale((DOCS / f"{claim.page}.md").read_text("utf-8")) == []


@pytest.mark.parametrize("page", ["reading.md", "reading.zh-CN.md"])
def test_the_minimum_confidences_of_the_page_are_those_that_ship(page: str):
    calibration = lenet.load("pretrained").provenance["calibration"]
    of_digits, of_lines = (calibration[kind]["least"] for kind in ("single", "line"))
    text = (DOCS / page).read_text("utf-8")
    assert f"from {of_digits} and {of_lines}" in text or f"从 {of_digits} 和 {of_lines} 起" in text


@dataclass(frozen=True)
class Change:
    """A change of one number of the code.

    Attributes:
        file: of the package.
        before, after: what stands in it, once, and what is written in its place.
        lines: pages, and a piece of each line that is then not so.
    """

    name: str
    file: str
    before: str
    after: str
    lines: tuple[tuple[str, str], ...]


CHANGES = (
    Change(
        "maps of C1", "networks/historic.py", 'Stage("c1", Convolution(6)', 'Stage("c1", Convolution(8)',
        (("networks.md", "| `lenet-5` |"), ("networks.zh-CN.md", "| `lenet-5` |"), ("papers.md", "| output shape |"),
         ("papers.md", "| connections | 122,304 |"), ("papers.zh-CN.md", "| 连接 | 122,304 |"),
         ("tutorials.md", "S2 has 12 parameters"),
         ("course/05-c3-table.md", "S2 before it has six"), ("course/05-c3-table.zh-CN.md", "它前面的 S2 有 6 张")),
    ),
    Change(
        "units of C5", "networks/historic.py", "Convolution(120)", "Convolution(100)",
        (("papers.md", "| output shape |"), ("architecture.md", "1,516 and 60,000"),
         ("course/05-c3-table.md", "60,900 in place of 60,000"), ("course/05-c3-table.zh-CN.md", "得到 60,900")),
    ),
    Change(
        "background", "networks/historic.py", 'says average",),\n        input_range=(-0.1,',
        'says average",),\n        input_range=(-0.2,',
        (("course/01-pixels.md", "of which background is"), ("course/01-pixels.zh-CN.md", "背景是 −0.1，满墨"),
         ("papers.md", "background −0.1, ink 1.175"), ("papers.zh-CN.md", "背景 −0.1，笔迹 1.175")),
    ),
    Change(
        "a mark of Table I", "connections.py", "X...XXX..XXXX.XX", "XX..XXX..XXXX.XX",
        (("course/05-c3-table.md", "1,516 parameters"), ("course/05-c3-table.md", "The 60 kernels"),
         ("course/05-c3-table.zh-CN.md", "1,516 个参数"), ("networks.md", "C3 has 1,516 parameters")),
    ),
    Change(
        "a pooling's size", "networks/taught.py", 'Stage("pool2", MaxPooling()),\n            Stage("output", ',
        'Stage("pool2", MaxPooling(4)),\n            Stage("output", ',
        (("course/03-counts.md", "Without padding 16·4·4"), ("course/03-counts.zh-CN.md", "没有填充"),
         ("networks.md", "| `lenet-short` |")),
    ),
    Change(
        "a kernel's size", "networks/historic.py", "table=LENET_5_C3)", "table=LENET_5_C3, kernel_size=3)",
        (("course/05-c3-table.md", "kernels of 5×5"), ("architecture.md", "60 kernels of 5×5"),
         ("papers.md", "| parameters | 156 |"), ("networks.zh-CN.md", "为什么 C3 是 1,516")),
    ),
    Change(
        "the squash", "architecture.py", "SQUASH_AMPLITUDE = 1.7159", "SQUASH_AMPLITUDE = 1.8",
        (("course/04-subsampling.md", "with the squash f(a)"), ("course/04-subsampling.zh-CN.md", "满足 f(1) = 1")),
    ),
    Change(
        "a learning rate", "training/recipes.py", "batch=16, learning_rate=1e-3", "batch=16, learning_rate=2e-3",
        (("tutorials.md", "SGD 0.001"), ("tutorials.zh-CN.md", "学习率 0.001")),
    ),
    Change(
        "a batch", "training/recipes.py", "batch=16, learning_rate=1e-3", "batch=32, learning_rate=1e-3",
        (("tutorials.md", "batch 16"), ("tutorials.zh-CN.md", "批大小 16")),
    ),
    Change(
        "examples that choose", "training/stream.py", "MAX_VALIDATION = 5_000", "MAX_VALIDATION = 6_000",
        (("course/09-training.md", "5,000 of the 60,000"), ("course/09-training.zh-CN.md", "留出 5,000 张"),
         ("tutorials.md", "5,000 *validation* examples")),
    ),
    Change(
        "a digit's side", "reading/normalization.py", "DIGIT_SIDE = 20", "DIGIT_SIDE = 22",
        (("course/10-photo.md", "scaled to 20 pixels"), ("course/10-photo.zh-CN.md", "缩放到 20 像素"),
         ("reading.md", "Longer side 20 pixels"), ("reading.zh-CN.md", "长边 20 像素")),
    ),
    Change(
        "a limit of the server", "server/limits.py", "max_body: int = 16_000_000", "max_body: int = 8_000_000",
        (("serving.md", "| bytes of a body |"), ("serving.zh-CN.md", "| 请求体的字节数 |")),
    ),
    Change(
        "pictures in a block", "reading/cluster/blocks.py", "PICTURES_PER_BLOCK = 256", "PICTURES_PER_BLOCK = 512",
        (("scale.md", "numbered blocks of 256"), ("scale.zh-CN.md", "每块 256 张")),
    ),
)  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="needs hard links")
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_a_change_of_one_number_is_told_with_each_line_where_it_stands(change, tmp_path):
    copy = tmp_path / "lenet"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
    source = (copy / change.file).read_text("utf-8")
    assert source.count(change.before) == 1
    (copy / change.file).write_text(source.replace(change.before, change.after), "utf-8")
    # -S leaves out the editable installation, which would come before the copy.
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{sysconfig.get_path('platlib')}"}
    command = [sys.executable, "-S", "-m", "tests.docs.claims"]
    ran = subprocess.run(
        command, cwd=DOCS.parent, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert ran.returncode == 1, ran.stderr
    reported = set(re.findall(r"^docs/(.*?\.md:\d+): says .* but the code gives ", ran.stdout, re.MULTILINE))
    for page, piece in change.lines:
        text = (DOCS / page).read_text("utf-8")
        line = text[: text.index(piece)].count("\n") + 1
        assert {f"{page}:{line}", f"{page}:{line + 1}"} & reported, f"{page}:{line} is not reported in:\n{ran.stdout}"


# Numbers that are not lenet's: years, MNIST's own sizes, gray levels, and those that a sentence makes up.
_NOT_OF_THE_CODE = {"1998", "28", "255", "32", "25", "64", "99", "100", "16", "15", "12", "84", "10,000"}
_CELL = re.compile(r"^```\{code-cell\}.*?^```$", re.MULTILINE | re.DOTALL)
_LEFT_OUT = re.compile(
    r"\A---\n.*?\n---\n|^```[^\n]*\n.*?^```$|^#.*?$|^- \*\*\d.*?$|`[^`\n]*`|\]\([^)]*\)|“[^”]*”",
    re.MULTILINE | re.DOTALL,
)


@pytest.mark.parametrize("page", sorted((DOCS / "course").glob("[0-9]*.md")), ids=lambda path: path.name)
def test_a_number_of_a_lesson_is_claimed_or_stands_in_one_of_its_cells(page):
    text = page.read_text("utf-8")
    cells = " ".join(_CELL.findall(text)).replace("_", "")
    prose = list(text)
    for claim in CLAIMS:
        if DOCS / f"{claim.page}.md" == page:
            start, end = claim.place(text).span()
            prose[start:end] = "\n" * (end - start)
    numbers = re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?", _LEFT_OUT.sub("", "".join(prose)))
    unclaimed = {number.rstrip(",") for number in numbers if float(number.replace(",", "")) > 10} - _NOT_OF_THE_CODE
    assert {number for number in unclaimed if not re.search(rf"\b{number.replace(',', '')}\b", cells)} == set()


def test_each_lesson_has_claims_in_both_languages():
    pages = {claim.page for claim in CLAIMS if claim.page.startswith("course/")}
    assert {f"{page}{MARK}" for page in pages if not page.endswith(MARK)} == {p for p in pages if p.endswith(MARK)}
    assert len(pages) == 20
