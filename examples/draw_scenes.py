"""Draw nine color scenes, one thing of CIFAR-10's classes in each, for examples/tutorials.sh.

    python examples/draw_scenes.py FOLDER

They stand in for photos where no package has one: shapes with light and shadow, blurred a little, with a camera's
grain. They are drawings, and a network that has learned from photos may well mistake them.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIDE, SCALE = 256, 3  # drawn larger, then reduced
Color = tuple[int, int, int]


class Scene:
    """A canvas with a ground of two or more bands, in units of 0..100 from the top left."""

    def __init__(self, *bands: tuple[float, Color, Color]) -> None:
        """``bands``: where each begins, and its colors at its top and at its bottom."""
        size = SIDE * SCALE
        rows = np.zeros((size, 3))
        ends = [begin for begin, _, _ in bands[1:]] + [100]
        for (begin, top, bottom), end in zip(bands, ends, strict=True):
            first, last = round(begin * size / 100), round(end * size / 100)
            rows[first:last] = np.linspace(top, bottom, last - first)
        self.picture = Image.fromarray(np.repeat(rows[:, None], size, axis=1).astype(np.uint8))
        self._pen = ImageDraw.Draw(self.picture)

    def oval(self, x: float, y: float, width: float, height: float, color: Color) -> None:
        """An ellipse around (x, y), darker at its lower edge and lighter above."""
        for part, shade in ((1.0, 0.72), (0.86, 0.9), (0.7, 1.0), (0.45, 1.08)):
            tinted = tuple(min(255, round(value * shade)) for value in color)
            half_width, half_height, up = width * part / 2, height * part / 2, height * (1 - part) * 0.18
            box = (x - half_width, y - up - half_height, x + half_width, y - up + half_height)
            self._pen.ellipse(self._points(*box), fill=tinted)

    def shape(self, color: Color, *corners: float) -> None:
        """A polygon through corners x, y, x, y, …"""
        self._pen.polygon(self._points(*corners), fill=color)

    def stroke(self, color: Color, width: float, *points: float) -> None:
        """A line through points x, y, x, y, …"""
        pixels = round(width * SIDE * SCALE / 100)
        self._pen.line(self._points(*points), fill=color, width=pixels, joint="curve")

    def photograph(self, rng: np.random.Generator) -> Image.Image:
        """The scene as a camera sees it: reduced, a little blurred, with grain."""
        small = self.picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS).filter(ImageFilter.GaussianBlur(0.8))
        return Image.fromarray(np.clip(np.asarray(small) + rng.normal(0, 5, (SIDE, SIDE, 1)), 0, 255).astype(np.uint8))

    @staticmethod
    def _points(*numbers: float) -> list[float]:
        return [number * SIDE * SCALE / 100 for number in numbers]


def airplane() -> Scene:
    scene = Scene((0, (92, 142, 200), (176, 206, 232)))
    scene.shape((188, 192, 200), 46, 50, 60, 47, 80, 74, 72, 75)
    scene.shape((160, 166, 176), 44, 46, 56, 45, 50, 22, 44, 22)
    scene.oval(50, 48, 76, 12, (228, 230, 234))
    scene.shape((196, 60, 52), 82, 46, 92, 24, 97, 24, 92, 48)
    scene.oval(62, 62, 10, 5, (120, 124, 132))
    scene.stroke((70, 80, 96), 1.2, 22, 46, 74, 46)
    return scene


def automobile() -> Scene:
    scene = Scene(
        (0, (170, 196, 222), (206, 216, 224)),
        (46, (120, 136, 110), (132, 140, 120)),
        (60, (112, 112, 114), (84, 84, 88)),
    )
    scene.oval(50, 83, 88, 8, (62, 62, 66))
    scene.shape((176, 26, 30), 8, 60, 26, 56, 36, 38, 68, 38, 80, 55, 93, 60, 93, 77, 8, 77)
    scene.shape((64, 84, 104), 31, 55, 39, 42, 51, 42, 51, 55)
    scene.shape((64, 84, 104), 54, 55, 54, 42, 66, 42, 74, 55)
    scene.stroke((120, 14, 18), 1, 9, 67, 92, 67)
    for x in (27, 75):
        scene.oval(x, 77, 19, 19, (34, 34, 36))
        scene.oval(x, 77, 9, 9, (170, 172, 176))
    scene.oval(91, 64, 4, 5, (250, 236, 190))
    return scene


def bird() -> Scene:
    scene = Scene((0, (150, 176, 140), (104, 140, 92)))
    scene.stroke((96, 70, 48), 4, 0, 82, 100, 74)
    scene.shape((92, 74, 58), 66, 58, 96, 76, 90, 80, 60, 66)
    scene.oval(50, 54, 44, 32, (150, 112, 78))
    scene.oval(44, 60, 28, 20, (214, 186, 150))
    scene.shape((86, 66, 50), 46, 46, 74, 58, 52, 64)
    scene.oval(32, 38, 22, 21, (140, 100, 68))
    scene.shape((216, 150, 44), 23, 37, 10, 41, 23, 43)
    scene.oval(29, 36, 4, 4, (18, 16, 16))
    for x in (44, 52):
        scene.stroke((170, 110, 60), 1.4, x, 68, x, 79)
    return scene


def deer() -> Scene:
    scene = Scene((0, (126, 148, 112), (96, 122, 76)), (62, (120, 142, 72), (94, 116, 56)))
    for x, foot in ((36, 92), (43, 90), (66, 92), (72, 90)):
        scene.stroke((124, 86, 54), 3.2, x, 62, x, foot)
    scene.oval(54, 57, 46, 22, (166, 118, 76))
    scene.shape((162, 114, 72), 34, 60, 24, 30, 33, 26, 46, 50)
    scene.oval(22, 28, 20, 11, (172, 124, 82))
    scene.oval(14, 30, 6, 5, (50, 38, 32))
    scene.oval(34, 22, 10, 5, (178, 132, 92))
    for side in (-1, 1):
        scene.stroke((134, 106, 74), 1.8, 27, 23, 27 + side * 7, 12, 27 + side * 5, 2)
        scene.stroke((134, 106, 74), 1.5, 27 + side * 7, 12, 27 + side * 14, 5)
    scene.oval(77, 52, 6, 8, (232, 222, 204))
    scene.oval(21, 26, 2.4, 2.4, (20, 16, 14))
    return scene


def dog() -> Scene:
    scene = Scene((0, (148, 164, 120), (104, 138, 78)), (70, (96, 134, 70), (80, 116, 58)))
    scene.shape((196, 152, 96), 26, 100, 30, 62, 70, 62, 76, 100)
    scene.oval(50, 44, 46, 46, (206, 164, 108))
    scene.shape((142, 94, 54), 30, 28, 18, 34, 18, 62, 30, 56)
    scene.shape((142, 94, 54), 70, 28, 82, 34, 82, 62, 70, 56)
    scene.oval(50, 56, 26, 22, (232, 204, 160))
    scene.oval(50, 50, 10, 7, (28, 24, 24))
    scene.shape((206, 96, 100), 46, 64, 54, 64, 53, 74, 47, 74)
    for x in (40, 60):
        scene.oval(x, 40, 6, 6.5, (44, 28, 20))
        scene.oval(x + 1, 39, 1.6, 1.6, (244, 244, 240))
    return scene


def frog() -> Scene:
    scene = Scene((0, (92, 96, 62), (72, 78, 50)), (56, (118, 98, 66), (92, 74, 50)))
    scene.oval(24, 72, 34, 22, (86, 132, 46))
    scene.oval(76, 72, 34, 22, (86, 132, 46))
    scene.oval(50, 60, 56, 42, (104, 156, 56))
    scene.oval(50, 70, 36, 22, (190, 204, 132))
    for x in (34, 66):
        scene.oval(x, 36, 17, 17, (112, 162, 60))
        scene.oval(x, 35, 10, 10, (214, 176, 58))
        scene.oval(x, 35, 6, 4, (16, 16, 14))
        scene.oval(x, 84, 16, 7, (96, 144, 52))
    scene.stroke((56, 88, 30), 1.2, 28, 57, 40, 62, 60, 62, 72, 57)
    return scene


def horse() -> Scene:
    scene = Scene((0, (160, 192, 222), (204, 218, 228)), (50, (116, 150, 70), (90, 122, 54)))
    for x, foot in ((34, 94), (41, 92), (66, 94), (73, 92)):
        scene.stroke((84, 48, 28), 4.2, x, 60, x, foot)
    scene.stroke((40, 24, 16), 5, 78, 50, 86, 58, 86, 78)
    scene.oval(54, 54, 52, 26, (124, 72, 40))
    scene.shape((120, 68, 38), 32, 58, 22, 24, 34, 20, 48, 46)
    scene.shape((124, 72, 40), 33, 20, 24, 16, 8, 36, 13, 42, 30, 32)
    scene.stroke((40, 24, 16), 4, 31, 15, 38, 26, 46, 42)
    scene.shape((110, 62, 34), 29, 17, 30, 9, 34, 16)
    scene.oval(22, 24, 2.6, 2.6, (16, 12, 10))
    return scene


def ship() -> Scene:
    scene = Scene((0, (150, 186, 220), (206, 222, 232)), (58, (52, 98, 138), (34, 70, 106)))
    scene.shape((232, 232, 230), 38, 52, 38, 38, 72, 38, 72, 52)
    scene.shape((214, 216, 218), 46, 38, 46, 29, 64, 29, 64, 38)
    scene.shape((190, 62, 48), 53, 29, 53, 17, 60, 17, 60, 29)
    scene.stroke((96, 100, 108), 0.8, 30, 52, 30, 22)
    scene.shape((44, 52, 74), 10, 52, 92, 52, 84, 68, 20, 68)
    scene.shape((150, 44, 40), 18, 64, 86.5, 64, 84, 69, 21, 69)
    for x in range(41, 72, 6):
        scene.oval(x, 45, 2.6, 2.6, (70, 92, 116))
    for y in (74, 82, 91):
        scene.stroke((96, 140, 172), 0.8, 8, y, 40, y + 1)
        scene.stroke((96, 140, 172), 0.8, 56, y + 2, 92, y + 1)
    return scene


def truck() -> Scene:
    scene = Scene(
        (0, (164, 192, 220), (208, 216, 222)),
        (54, (136, 144, 126), (124, 130, 116)),
        (66, (110, 110, 112), (82, 82, 86)),
    )
    scene.oval(50, 87, 92, 7, (60, 60, 64))
    scene.shape((226, 226, 222), 6, 26, 64, 26, 64, 74, 6, 74)
    scene.shape((196, 196, 194), 6, 68, 64, 68, 64, 74, 6, 74)
    scene.shape((34, 82, 150), 66, 76, 66, 38, 84, 38, 94, 56, 94, 76)
    scene.shape((76, 100, 122), 72, 54, 72, 42, 82, 42, 89, 54)
    scene.shape((58, 60, 64), 6, 74, 94, 74, 94, 79, 6, 79)
    for x in (18, 32, 80):
        scene.oval(x, 80, 14, 14, (32, 32, 34))
        scene.oval(x, 80, 6, 6, (150, 152, 156))
    scene.oval(93, 68, 3, 4, (250, 236, 190))
    return scene


SCENES: tuple[Callable[[], Scene], ...] = (airplane, automobile, bird, deer, dog, frog, horse, ship, truck)


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("draw_scenes.py: expected one argument, the folder to draw into")
    folder, rng = Path(sys.argv[1]), np.random.default_rng(1998)
    folder.mkdir(parents=True, exist_ok=True)
    for draw in SCENES:
        draw().photograph(rng).save(folder / f"{draw.__name__}.png")


if __name__ == "__main__":
    main()
