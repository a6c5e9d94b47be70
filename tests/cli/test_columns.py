"""Columns stand below one another in a terminal, whatever letters the names before them have."""

from pathlib import Path

import numpy as np

import lenet
from lenet.cli.photos import table_of
from lenet.cli.training import _report_evaluation
from lenet.evaluation import evaluate_outputs
from lenet.forms.formatting import FormFormatter
from lenet.forms.results import FieldReading, FormReading
from lenet.forms.template import Field, Template
from lenet.reading.batch.labels import LabeledPicture
from lenet.reading.batch.photos import Answer, Measurement
from lenet.terminal import width_of

NAMES = ("猫", "鞋子", "a name of twenty letters")


def places_of(lines, word):
    """The cells before a word, in each line that has it: all different ones."""
    places = [width_of(line[: line.index(word)]) for line in lines if word in line]
    assert len(places) >= len(NAMES)
    return set(places)


def test_in_the_errors_of_classes(capsys):
    network = lenet.describe("lenet-5-relu", classes=len(NAMES))
    outputs = np.eye(len(NAMES), dtype=np.float32)
    _report_evaluation(evaluate_outputs(network, outputs, np.arange(len(NAMES)), class_names=NAMES), 0)
    assert len(places_of(capsys.readouterr().out.splitlines()[1:], " of 1")) == 1


def test_in_the_groups_of_labeled_pictures():
    pictures = [LabeledPicture(Path("a.png"), "a.png", "7", "single", kind) for kind in NAMES]
    lines = table_of(Measurement(tuple(Answer(picture, None, "no file") for picture in pictures)))
    assert len(places_of(lines[1:], "100.0 %")) == 1


def test_in_the_fields_of_a_form():
    box = (0, 0, 9, 9)
    template = Template((9, 9), tuple(Field(name, "digits", box) for name in NAMES))
    fields = tuple(FieldReading(name, "digits", "1234", 0.9, box, "ok") for name in NAMES)
    lines = [*FormFormatter(template).text("page.png", FormReading("page.png", 1, "form", fields))]
    assert len(places_of(lines, "1234")) == 1
