"""The threshold of fields: set with digits that no network was trained on, by what their probability alone decides."""

import numpy as np
import pytest

from lab.benchmarks.photographed_forms import FormPages, _load_blank_page_and_digits
from lab.synthesis.calibration import SEED, VALIDATION_EXAMPLES
from lab.synthesis.field_acceptance import apply_threshold, confidence_of
from lenet import data
from lenet.forms.fields import MIN_OK, _choose_texts
from lenet.forms.results import BLANK, DOUBTFUL, OK, VIOLATES, FieldReading
from lenet.forms.template import Field


def field(status: str, probability: float, kind: str = "digits") -> FieldReading:
    return FieldReading("a", kind, "12", probability, (0, 0, 9, 9), status)


def test_pages_are_filled_with_digits_that_the_weights_that_ship_were_not_trained_on(mnist):
    pages = _load_blank_page_and_digits("validation")[2].test_images
    split = data.split_validation(mnist, VALIDATION_EXAMPLES, seed=SEED)
    assert len(pages) == VALIDATION_EXAMPLES
    trained_on = {image.tobytes() for image in split.train_images}
    assert (
        sum(image.tobytes() in trained_on for image in pages) < 0.001 * VALIDATION_EXAMPLES
    )  # MNIST holds few digits twice
    assert np.array_equal(_load_blank_page_and_digits("test")[2].test_images, mnist.test_images)


def test_photos_of_other_digits_are_kept_apart(tmp_path):
    names = set()
    for digits in ("test", "validation"):
        names.add(FormPages(tmp_path / "form.toml", 6, None, tmp_path, digits).photo_path(3))
    assert len(names) == 2


@pytest.mark.parametrize(
    ("read", "status"),
    [
        (field(OK, 0.97), DOUBTFUL),
        (field(OK, 0.99), OK),
        (field(OK, 0.97, "ticks"), OK),
        (field(BLANK, 0.5), BLANK),
        (field(VIOLATES, 0.5), VIOLATES),
    ],
)
def test_a_threshold_makes_those_doubtful_that_only_their_probability_decides(read, status):
    assert apply_threshold(read, 0.98).status == status
    assert confidence_of(read) == (
        0.97 if status == DOUBTFUL else 0.99 if status == OK and read.kind == "digits" else 1
    )


def test_a_text_is_judged_by_the_threshold_that_the_command_sets(monkeypatch):
    positions = [(("1", 0.6), ("7", 0.4))]
    assert MIN_OK > 0.9
    assert _choose_texts(Field("a", "digits", (0, 0, 9, 9)), positions, []).status == DOUBTFUL
    monkeypatch.setattr("lenet.forms.fields.MIN_OK", 0.0)
    assert _choose_texts(Field("a", "digits", (0, 0, 9, 9)), positions, []).status == OK
