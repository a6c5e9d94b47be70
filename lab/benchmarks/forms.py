"""Measure reading in forms and on ruled paper: ``python -m lab.benchmarks.forms [--forms N] [--seed N]``.

Draws reproducible forms with what stands in each cell and photographs them (`filled_forms`), reads them as they are,
and counts, kind by kind, of the cells with digits in them

- how many were read right,
- how many wrongly, every digit of theirs accepted; blank cells in which something was accepted belong to them,
- how many vanished without a word: no digit was read there, and no box of ignored ink lies there.

The bar is 97 % right, 0.3 % wrong and accepted, and none vanished. Constants may be set with the seeds below 1000 in
view; the seed of the figures in docs/reading.md is above.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from lab.benchmarks.filled_forms import KINDS, Form, FormCell, draw_form
from lenet import data
from lenet.model import load
from lenet.reading import Reader, Reading

TEST_SEED = 1998
OUTCOMES = ("right", "wrong, rejected", "wrong, accepted", "missing, told", "missing, unsaid")
BAR = "the bar is 97 % right, 0.3 % wrong and accepted, none missing unsaid"


@dataclass(frozen=True, eq=False)
class CellAnswer:
    """What was read in a cell."""

    cell: FormCell
    text: str
    outcome: str


def answers(form: Form, reading: Reading) -> list[CellAnswer]:
    """What was read in each cell: digits belong to the cell that their middle lies in."""
    digits = sorted(reading.digits, key=lambda digit: digit.box[1] + digit.box[3])
    result = []
    for cell in form.cells:
        inside = [digit for digit in digits if _is_inside(digit.box, cell)]
        text = "".join(digit.label for digit in inside)
        if text == cell.text:
            outcome = "right"
        elif text:
            outcome = "wrong, rejected" if any(digit.is_rejected for digit in inside) else "wrong, accepted"
        else:
            is_told = any(piece.reason != "rule" and _overlap(piece.box, cell) for piece in reading.ignored)
            outcome = "missing, told" if is_told else "missing, unsaid"
        result.append(CellAnswer(cell, text, outcome))
    return result


def _is_inside(box: tuple[int, int, int, int], cell: FormCell) -> bool:
    y, x = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return cell.box[0] <= y < cell.box[2] and cell.box[1] <= x < cell.box[3]


def _overlap(box: tuple[int, int, int, int], cell: FormCell) -> bool:
    """Whether a box holds the middle of a cell, or lies in it."""
    middle = ((cell.box[0] + cell.box[2]) / 2, (cell.box[1] + cell.box[3]) / 2)
    return (box[0] <= middle[0] < box[2] and box[1] <= middle[1] < box[3]) or _is_inside(box, cell)


def read_forms(reader: Reader, count: int, seed: int, kinds: list[str]) -> Iterator[tuple[int, Form, Reading]]:
    """Forms of each kind, numbered, with their readings."""
    mnist = data.load("mnist")
    for kind in kinds:
        for number in range(count):
            form = draw_form(kind, number, mnist, seed)
            yield number, form, reader.read(form.photo)


def main() -> None:
    options = argparse.ArgumentParser(description="How well digits in forms and on ruled paper are read.")
    options.add_argument("--forms", type=int, default=20, help="of each kind [%(default)s]")
    options.add_argument("--seed", type=int, default=TEST_SEED, help="another seed draws other forms [%(default)s]")
    options.add_argument("--kind", choices=KINDS, action="append", help="only these kinds")
    options.add_argument("--weights", help="a weights file or a run's folder [those shipped]")
    options.add_argument("--misses", type=Path, metavar="FOLDER", help="keep the forms not read right, drawn")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures into a file, too")
    chosen = options.parse_args()
    reader = Reader(load(chosen.weights) if chosen.weights else None)
    kinds, counts, pages = chosen.kind or list(KINDS), Counter[tuple[str, str]](), Counter[tuple[str, bool]]()
    for number, form, reading in read_forms(reader, chosen.forms, chosen.seed, kinds):
        cell_answers = answers(form, reading)
        for answer in cell_answers:
            if answer.cell.text or answer.outcome != "right":
                counts[form.kind, answer.outcome] += 1
        is_right = reading.text.replace(" ", "") == form.text
        pages[form.kind, is_right] += 1
        if chosen.misses and not is_right:
            _keep(reader, form, number, cell_answers, chosen.misses)
    print(_table(counts, pages, kinds), f"\n\n{BAR}")
    if chosen.json:
        figures = {kind: {outcome: counts[kind, outcome] for outcome in OUTCOMES} for kind in kinds}
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n")


def _table(counts: Counter[tuple[str, str]], pages: Counter[tuple[str, bool]], kinds: list[str]) -> str:
    """Markdown: a line for each kind and one for all, in percent of the cells."""
    lines = [f"| forms | cells | {' | '.join(OUTCOMES)} | whole form right |", f"|---|---:|{'---:|' * 6}"]
    for name, members in [(kind, [kind]) for kind in kinds] + [("all", kinds)]:
        by_outcome = [sum(counts[kind, outcome] for kind in members) for outcome in OUTCOMES]
        right, wrong = (sum(pages[kind, is_right] for kind in members) for is_right in (True, False))
        total = max(1, sum(by_outcome))
        shares = " | ".join(f"{100 * count / total:.1f} %" for count in by_outcome)
        lines.append(f"| {name} | {total:,} | {shares} | {right} of {right + wrong} |")
    return "\n".join(lines)


def _keep(reader: Reader, form: Form, number: int, cell_answers: list[CellAnswer], folder: Path) -> None:
    from lenet.reading.drawing.annotation import draw_annotated

    folder.mkdir(parents=True, exist_ok=True)
    name = f"{form.kind.replace(', ', '-').replace(' ', '-')}-{number}"
    Image.fromarray(form.photo).save(folder / f"{name}.png")
    draw_annotated(reader.read(form.photo, keep_steps=True), folder / f"{name}-read.png")
    missed = [f"{answer.cell.text or 'blank'} {answer.text or 'nothing'}: {answer.outcome}"
              for answer in cell_answers if answer.outcome != "right"]  # fmt: skip
    (folder / f"{name}.txt").write_text("\n".join([form.text.replace("\n", "|"), *missed]) + "\n")


if __name__ == "__main__":
    main()
