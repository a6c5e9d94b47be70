"""A hand that reading is not sure of, from its scans to a model that reads it better: the desk and ``lenet adapt``."""

import io
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lenet.cli import main
from lenet.desk.desk import Desk
from lenet.engine.native import instruction_sets
from lenet.reading.batch.pages import read
from lenet.reading.results import Reading
from lenet.training.adaptation import ADAPTATION_RECIPE
from lenet.verbs import adapt as adapt_verb
from tests.cli.test_adapt import write_page

pytestmark = pytest.mark.skipif(not instruction_sets(), reason="the native engine learns here")

LINES, LENGTH, SPACE = 8, 4, 6
SECONDS = 600  # for the pages that are dropped, on a machine however busy: what is slower hangs


@dataclass(frozen=True)
class Scan:
    """A scanned page, and the digits of its lines."""

    path: Path
    lines: tuple[str, ...]

    def line_at(self, box: Sequence[int]) -> int:
        """The number of the line in whose middle a box lies."""
        with Image.open(self.path) as image:
            return int((box[0] + box[2]) / 2 * LINES / image.height)

    def answer(self, box: Sequence[int]) -> str:
        """What somebody types who sees a box of the page; nothing if it shows less than a line."""
        with Image.open(self.path) as image:
            return self.lines[self.line_at(box)] if box[3] - box[1] > image.width / 2 else ""

    def right_in(self, reading: Reading) -> int:
        """How many of the digits are read, each in its line."""
        texts = [""] * LINES
        for digit in sorted(reading.digits, key=lambda digit: digit.box[1]):
            texts[self.line_at(digit.box)] += digit.label
        return sum(
            one == other
            for text, line in zip(texts, self.lines, strict=True)
            if len(text) == LENGTH
            for one, other in zip(text, line, strict=True)
        )


@pytest.fixture(scope="module")
def scans(tmp_path_factory, mnist) -> list[Scan]:
    """Pages of an odd hand: half of its digits are threes, which it writes the wrong way round."""
    folder, rng, scans = tmp_path_factory.mktemp("scans"), np.random.default_rng(3), []
    rows = [np.flatnonzero(mnist.test_labels == digit) for digit in range(10)]
    for page in range(6):
        pictures, lines = [], []
        for _ in range(LINES):
            labels = [3 if rng.random() < 0.5 else int(rng.integers(10)) for _ in range(LENGTH)]
            digits = [np.pad(mnist.test_images[rng.choice(rows[label])], SPACE) for label in labels]
            write_page(folder / "line.png", digits, labels)
            pictures.append(np.asarray(Image.open(folder / "line.png")))
            lines.append("".join(map(str, labels)))
        Image.fromarray(np.vstack(pictures)).save(folder / f"page-{page}.png")
        scans.append(Scan(folder / f"page-{page}.png", tuple(lines)))
    return scans


def test_what_the_desk_was_answered_teaches_a_model_that_reads_further_pages_better(scans, tmp_path, monkeypatch):
    pytest.importorskip("fastapi")
    from lenet.server.app import create_app
    from tests.server.asgi import Client

    monkeypatch.setattr(adapt_verb, "ADAPTATION_RECIPE", replace(ADAPTATION_RECIPE, epochs=1))  # for the sake of time
    desk = Desk(tmp_path / "stack")
    client = Client(create_app(desk=desk))
    desk.start()
    for scan in scans[:4]:
        client.post("/desk/files", files={"picture": (scan.path.name, scan.path.read_bytes())})
    deadline = time.monotonic() + SECONDS
    while client.get("/desk/state").json()["counts"]["waiting"] and time.monotonic() < deadline:
        time.sleep(0.1)
    by_name = {scan.path.name: scan for scan in scans}
    while leased := client.post("/desk/lease", json={"who": "ann"}).json():
        (field,) = leased
        text = by_name[field["file"]].answer(field["box"])
        client.post("/desk/answer", json={"who": "ann", "field": field["id"], "text": text})
    zipfile.ZipFile(io.BytesIO(client.get("/desk/labels.zip").content)).extractall(tmp_path / "labels")
    desk.stop()
    adapted = tmp_path / "mine.safetensors"
    assert main(["adapt", str(tmp_path / "labels"), "--out", str(adapted)]) == 0
    before, after = (
        sum(scan.right_in(read(scan.path, model=model)) for scan in scans[4:]) for model in (None, adapted)
    )
    assert after >= before + 10, f"{before} and {after} of {2 * LINES * LENGTH} digits"  # 11 and 36 where it was made
