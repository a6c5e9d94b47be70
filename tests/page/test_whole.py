"""Networks of other classes than digits get the whole picture on the page, in color, byte for byte as in Python."""

import base64
import json
import shutil
import subprocess
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lenet
from lenet.model import Model
from lenet.page import page_document
from lenet.verbs.predict import gray_levels

SITE = Path(str(resources.files("lenet.page"))) / "site"
HARNESS = Path(__file__).with_name("page_whole.mjs")
LETTERS = list("abcdefghij")

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node, which runs the page's modules, is missing")


def models():
    """In color and in gray; of the pictures' own size, a larger and a smaller one; with one channel and with three."""

    def noted(model, **pictures):
        return Model(model.network, model.parameters, {"pictures": pictures}, model.class_names)

    rgb, plain = lenet.create("lenet-rgb", seed=1), lenet.create("lenet-5-relu", classes=LETTERS, seed=2)
    return [
        rgb,
        plain,
        noted(rgb, kind="gray", side=32),
        noted(plain, kind="gray", side=28, polarity="ink-high"),
        noted(plain, kind="gray", side=28, polarity="paper-high"),
        noted(lenet.create("lenet-5", classes=LETTERS), kind="gray", side=28),
        noted(lenet.create("lenet-1989", classes=LETTERS), kind="gray", side=28),
        noted(lenet.create("lenet-1989", classes=LETTERS), kind="gray", side=32),
    ]


def pictures():
    random = np.random.default_rng(0)
    sizes = [(28, 28), (32, 32), (40, 90), (301, 64), (17, 5), (1, 1), (200, 200), (480, 640), (31, 33)]
    for number, (height, width) in enumerate(sizes):
        coarse = random.integers(0, 256, (4, 5, 3), np.uint8)
        pixels = np.array(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
        light = random.integers(-40, 40, pixels.shape) + (60 if number % 2 else -60)
        yield np.clip(pixels + light, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """The pictures, the models, and what the page makes of each picture by each model."""
    folder = tmp_path_factory.mktemp("whole")
    shown, half = list(pictures()), models()
    from_page = []
    for some in (half[:4], half[4:]):  # a page holds six
        cases = {
            "document": page_document(some),
            "pictures": [
                {
                    "width": one.shape[1],
                    "height": one.shape[0],
                    "data": base64.b64encode(
                        np.dstack([one, np.full(one.shape[:2], 255, np.uint8)]).tobytes()
                    ).decode(),
                }
                for one in shown
            ],
        }
        (folder / "cases.json").write_text(json.dumps(cases))
        command = ["node", HARNESS, SITE, folder / "cases.json", folder / "answers.json"]
        subprocess.run(command, check=True, timeout=120)
        from_page.append(json.loads((folder / "answers.json").read_text()))
    return shown, half, [a + b for a, b in zip(*from_page, strict=True)]


def test_every_picture_comes_to_every_network_byte_for_byte_as_in_python(answers):
    shown, several, from_page = answers
    for pixels, of_picture in zip(shown, from_page, strict=True):
        for model, answer in zip(several, of_picture, strict=True):
            expected = gray_levels(model, Image.fromarray(pixels))[0].ravel()
            background, ink = model.network.input_range
            found = (np.frombuffer(base64.b64decode(answer["input"]), "<f4") - background) / (ink - background) * 255
            np.testing.assert_allclose(found, found.round(), atol=1e-3)
            np.testing.assert_array_equal(found.round(), expected)


def test_the_page_answers_as_python_predicts_and_looks_for_no_digit(answers):
    shown, several, from_page = answers
    for pixels, of_picture in zip(shown, from_page, strict=True):
        for model, answer in zip(several, of_picture, strict=True):
            assert model.class_names[answer["predictedClass"]] == model.predict(Image.fromarray(pixels)).class_name
            assert (answer["digits"], answer["image"]) == (0, None)
