"""Strings of MNIST's test digits, read whole and read by segmentation: ``python benchmarks/sdnn.py``.

Needs the weights of ``python scripts/sdnn.py``. Five digits each, at every gap of -1 to 4 pixels between the boxes of
their ink, each digit up to 2 pixels higher or lower: the share of strings wholly right, and its 95 % interval, of

- the space displacement network with its Viterbi path, which does not know how many digits there are,
- `lenet.reading.Reader`, which segments; on fields enlarged twice, its strokes being made for more pixels,
- the same, told that there are five digits.

``--picture FOLDER`` draws the first string, as Fig. 25 of [LeCun98], light and dark.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lenet import data
from lenet.evaluation.measures import wilson_interval
from lenet.figures.displacement import Displaced, draw_displacement
from lenet.networks import describe
from lenet.reading import Reader
from lenet.sdnn.displacement import BLANK, connections, widened
from lenet.sdnn.reader import StringReader
from lenet.sdnn.strings import GAPS, Strings, write_strings
from lenet.weights import load

DIGITS = 5
BARS = {-1: 85, 0: 85, 1: 95, 2: 95, 3: 95, 4: 95}
ENLARGED = 2
MARGIN = 8

Images = NDArray[np.uint8]


def main() -> None:
    options = parse_options()
    reader, segmenting = StringReader(load(options.weights)), Reader()
    mnist = data.load("mnist")
    rng = np.random.default_rng(options.seed)
    strings = {
        gap: write_strings(mnist.test_images, mnist.test_labels, draw(rng, len(mnist.test_images)), rng, [gap])
        for gap in GAPS
    }
    print(f"{reader.grammar}, phases={reader.displacement.phases}; seed {options.seed}")
    print(f"\n{'gap':>4} {'touching':>9} {'bar':>5}  {'displacement':<26}{'segmentation':<26}segmentation, 5 digits")
    seconds: dict[str, list[float]] = {"displacement": [], "segmentation": [], "segmentation, 5 digits": []}
    for gap, some in strings.items():
        cells = []
        for name, read, most in (
            ("displacement", lambda fields: [path.text for path in reader.read(fields)], len(some.texts)),
            ("segmentation", lambda fields: segmented(segmenting, fields, None), options.segmented),
            ("segmentation, 5 digits", lambda fields: segmented(segmenting, fields, DIGITS), options.segmented),
        ):
            fields, texts = some.fields[:most], some.texts[:most]
            cells.append(share(read, fields, texts, seconds[name]))
        answers = "".join(f"{cell:<26}" for cell in cells)
        print(f"{gap:>4} {100 * touching(some):>7.0f} % {BARS[gap]:>4}%  {answers}", flush=True)
    times = [f"{name} {1e3 * np.mean(some):.1f}" for name, some in seconds.items() if some]
    print("\nms a string: " + "; ".join(times))
    print_costs()
    if options.picture:
        picture(reader, strings[1], options.picture)


def draw(rng: np.random.Generator, digits: int) -> NDArray[np.int64]:
    """Which digits make the strings: each is used once."""
    return rng.permutation(digits)[: digits // DIGITS * DIGITS].reshape(-1, DIGITS)


def share(read: Callable[[Images], list[str]], fields: Images, texts: Sequence[str], seconds: list[float]) -> str:
    """The share of strings read wholly right, with its interval and their number."""
    if not len(texts):
        return "-"
    began = time.perf_counter()
    answers = read(fields)
    seconds.append((time.perf_counter() - began) / len(texts))
    wrong = sum(answer != text for answer, text in zip(answers, texts, strict=True))
    low, high = wilson_interval(wrong, len(texts))
    return f"{100 - 100 * wrong / len(texts):.1f} % ({100 - high:.1f}-{100 - low:.1f}, {len(texts):,})"


def segmented(reader: Reader, fields: Images, length: int | None) -> list[str]:
    """What segmentation reads, gaps in the line left out."""
    answers = []
    for field in fields:
        field = np.pad(field, MARGIN)
        size = (field.shape[1] * ENLARGED, field.shape[0] * ENLARGED)
        large = np.asarray(Image.fromarray(field).resize(size, Image.Resampling.BICUBIC))
        answers.append("".join(reader.read(large, "ink-high", length=length).text.split()))
    return answers


def touching(strings: Strings) -> float:
    """The share of the strings in which ink of neighbors runs into one piece: fewer pieces than digits."""
    import cv2

    pieces = [cv2.connectedComponents(np.uint8(field >= 64))[0] - 1 for field in strings.fields]
    return float(np.mean([piece < strings.labels.shape[1] for piece in pieces]))


def print_costs() -> None:
    """Connections of one wide pass, and of a pass for each window."""
    network = describe("lenet-5")
    one = connections(network, 32)
    print("\n  width  columns  connections, slid  window by window  times less")
    for width in (32, 64, 96, 128):
        columns, slid = widened(network, width).output_shapes[-1][2], connections(network, width)
        print(f"{width:>7}{columns:>9}{slid:>19,}{columns * one:>18,}{columns * one / slid:>12.2f}")


def picture(reader: StringReader, strings: Strings, folder: Path) -> None:
    end = -(-int(strings.ends[0]) // 4) * 4
    field = strings.fields[0][:, :end]
    columns, path = reader.displacement.columns(field[None]), reader.read(field[None])[0]
    shown = Displaced(
        field,
        reader.displacement.maps(field)["c3_squash"],
        columns.codes[0],
        columns.centers,
        ["" if kind == BLANK else str(kind) for kind in path.classes],
        [(digit, first, last) for digit, (first, last) in zip(path.text, path.places, strict=True)],
    )
    print(draw_displacement(shown, folder), draw_displacement(shown, folder / "dark", dark=True))


def parse_options() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--weights", type=Path, default=Path("runs/sdnn/sdnn.safetensors"), help="[%(default)s]")
    options.add_argument("--seed", type=int, default=0, help="draws strings, gaps and heights [%(default)s]")
    options.add_argument("--segmented", type=int, default=200, help="strings a gap for segmentation [%(default)s]")
    options.add_argument("--picture", type=Path, metavar="FOLDER", help="draw a string into this folder")
    return options.parse_args()


if __name__ == "__main__":
    main()
