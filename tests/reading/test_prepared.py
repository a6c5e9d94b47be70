"""Pictures that are normalized already are read as they are."""

import numpy as np
import pytest

from lenet.reading import Reader
from lenet.reading.foreground.ink import Polarity
from lenet.reading.normalization import normalize
from lenet.reading.prepared import find_prepared


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader()


def colored(image: np.ndarray) -> np.ndarray:
    return np.repeat(image[..., None], 3, axis=2)


def test_mnists_digits_are_known_as_normalized(mnist):
    known = [find_prepared(colored(image)) is not None for image in mnist.test_images[:1000]]
    assert np.mean(known) > 0.99


@pytest.mark.parametrize(("paper", "polarity"), [(0, Polarity.INK_HIGH), (255, Polarity.PAPER_HIGH)])
def test_what_the_network_sees_of_them_is_the_picture_itself(reader, mnist, paper, polarity):
    for image in mnist.test_images[:20]:
        shown = 255 - image if paper else image
        for single in (True, False):
            reading = reader.read(shown, single=single)
            assert reading.polarity is polarity
            [digit] = reading.digits
            np.testing.assert_array_equal(digit.image, image)
            top, left, bottom, right = digit.box
            assert image[top:bottom, left:right].sum() == image.sum()


def test_what_normalize_makes_is_known_as_normalized(mnist):
    made = [normalize(np.kron(image, np.ones((3, 3))).astype(np.float32) / 255) for image in mnist.test_images[:200]]
    known = [find_prepared(colored(image)) is not None for image in made if image is not None]
    assert np.mean(known) > 0.95


def test_other_pictures_are_not(mnist):
    image = mnist.test_images[0]
    for other in (
        colored(np.roll(image, 3, axis=1)),  # not in the middle
        colored(image)[1:],  # another size
        colored(np.maximum(image, 3)),  # grain on the ground
        colored(np.zeros_like(image)),
        colored(image) // np.array([1, 2, 2]),  # not gray
        colored(image[4:24, 4:24]),
    ):
        assert find_prepared(other.astype(np.uint8)) is None


def test_a_polarity_that_is_asked_for_is_kept(mnist):
    assert find_prepared(colored(mnist.test_images[0]), Polarity.PAPER_HIGH) is None
    assert find_prepared(colored(mnist.test_images[0]), Polarity.INK_HIGH) is not None


def test_a_letter_normalized_like_a_digit_is_left_to_the_rest_of_the_reader(reader):
    cross = np.zeros((28, 28), np.uint8)
    for place in range(20):
        cross[4 + place, 4 + place : 5 + place] = cross[4 + place, 23 - place : 24 - place] = 255
    assert find_prepared(colored(cross)) is not None
    assert reader.read(cross).is_rejected or not reader.read(cross).digits
