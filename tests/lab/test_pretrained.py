"""The command that makes the weights that ship runs from its drawings to a file that reads."""

import numpy as np
import pytest

from lab.synthesis import pretrained
from lenet.model import load
from lenet.reading import Reader


@pytest.mark.parametrize("network", pretrained.TRAINING_PLANS)
def test_training_drawn_small_ends_with_calibrated_weights_that_read(network, tmp_path, mnist, capsys):
    output = tmp_path / "weights.safetensors"
    sizes = ["--drawn=200", "--judged=500", "--singles=50", "--lines=50", "--epochs=1"]
    pretrained.main([network, *sizes, "--keep", str(tmp_path / "drawn"), "--output", str(output)])
    assert f"wrote {output}" in capsys.readouterr().out
    model = load(output)
    calibration = model.provenance["calibration"]
    assert 0 < calibration["single"]["least"] <= 1
    assert 0 < calibration["line"]["least"] <= 1
    assert model.evaluate("mnist").error_rate < 2.5  # per cent
    uncalibrated = load(tmp_path / "drawn" / f"{network}-200.safetensors")
    assert all(np.array_equal(model.parameters[name], values) for name, values in uncalibrated.parameters.items())
    assert Reader(model).read(255 - mnist.test_images[0], single=True).text == "7"
