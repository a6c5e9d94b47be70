"""Make the example pictures in ``digits/``: MNIST test digits as a camera might see them on paper.

    python examples/make_pictures.py

Large dark ink on light paper under uneven light, with grain; one in chalk on a board; rows of several digits.
The digits come from the test set, so nothing the reader learned from is shown.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lenet import data

FOLDER = Path(__file__).parent / "digits"
INK, PAPER, BOARD, CHALK = (52, 38, 32), (236, 230, 214), (38, 62, 52), (228, 232, 226)
PICTURES = {  # name: (the digits, digit height in pixels, ink, ground)
    "seven": ("7", 260, INK, PAPER),
    "two": ("2", 200, (120, 50, 30), (250, 250, 247)),
    "five": ("5", 180, CHALK, BOARD),
    "year": ("1998", 150, INK, PAPER),
    "pi": ("3141592653", 90, (130, 60, 40), PAPER),
    "phone": ("5550|0142", 110, INK, (214, 220, 226)),
}


def main() -> None:
    mnist = data.load("mnist")
    rng = np.random.default_rng(1998)
    FOLDER.mkdir(exist_ok=True)
    for name, (text, height, ink, ground) in PICTURES.items():
        rows = []
        for row in text.split("|"):
            chosen = [rng.choice(np.flatnonzero(mnist.test_labels[:2000] == int(digit))) for digit in row]
            rows.append([mnist.test_images[index] for index in chosen])
        picture = photograph(write(rows, height, rng), ink, ground, rng)
        Image.fromarray(picture).save(FOLDER / f"{name}.png", optimize=True)
        print(FOLDER / f"{name}.png")


def write(rows: list[list[NDArray[np.uint8]]], height: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Rows of 28×28 digits written large on a page, each a little out of line: float32 0..1, 1 is ink."""
    cell = round(height * 28 / 20)
    margin = cell // 2
    page = np.zeros((len(rows) * cell + 2 * margin, max(map(len, rows)) * cell + 2 * margin), np.float32)
    for i, row in enumerate(rows):
        for j, digit in enumerate(row):
            large = cv2.resize(digit, (cell, cell), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
            smooth = cv2.GaussianBlur(large, (0, 0), cell / 50)
            sharp = np.clip((smooth - 0.5) * 6 + 0.5, 0, 1)
            top = margin + i * cell + int(rng.integers(-cell // 20, cell // 20 + 1))
            left = margin + j * cell
            page[top : top + cell, left : left + cell] = np.maximum(page[top : top + cell, left : left + cell], sharp)
    return page


def photograph(
    page: NDArray[np.float32], ink: tuple[int, int, int], ground: tuple[int, int, int], rng: np.random.Generator
) -> NDArray[np.uint8]:
    """The page under a lamp at one side, slightly blurred, with a camera's grain."""
    height, width = page.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    across = np.cos(angle) * (x / width - 0.5) + np.sin(angle) * (y / height - 0.5)
    light = 0.8 + 0.35 * across + 0.05 * np.cos(4 * x / width + 3 * y / height)
    grain = cv2.GaussianBlur(rng.normal(0, 4, (height, width)), (0, 0), 1.2)
    colors = page[..., None] * np.array(ink) + (1 - page[..., None]) * np.array(ground)
    seen = cv2.GaussianBlur(colors, (0, 0), 1.0) * light[..., None] + grain[..., None]
    return np.asarray(np.clip(np.rint(seen / 8) * 8, 0, 255), np.uint8)  # coarse levels keep the files small


if __name__ == "__main__":
    main()
