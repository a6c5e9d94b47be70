"""Pictures of the course's lessons."""

import pytest

from lenet.architecture import Convolution, FullConnection, Network, Stage
from lenet.summary import summarize

pytest.importorskip("matplotlib")

from lenet.course.drawing import draw_stages, figure


def test_maps_that_are_not_square_are_drawn_in_proportion():
    network = Network("own", (1, 20, 28), (Stage("c1", Convolution(2, 5)), Stage("out", FullConnection(3))))
    _, axes = figure(4, 2)
    draw_stages(axes, summarize(network))
    sizes = [(patch.get_width(), patch.get_height()) for patch in axes.patches]
    assert sizes == [(28, 20), *2 * [(24, 16)], *3 * [(1, 1)]]
    assert axes.texts[0].get_text() == "input\n1@20×28"
