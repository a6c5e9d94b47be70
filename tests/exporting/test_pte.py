"""ExecuTorch programs give the engine's answers, for every network; where the extra is not installed, it is named."""

import importlib.util

import pytest

import lenet
from lenet.errors import MissingExtra
from tests.exporting.cases import assert_close, model_of, noise, outputs_of

installed = importlib.util.find_spec("executorch") is not None
pytestmark = pytest.mark.filterwarnings("ignore")  # its own, on import


@pytest.mark.skipif(not installed, reason="executorch is not installed")
@pytest.mark.parametrize("name", lenet.names())
def test_every_network_gives_the_engines_outputs(name, tmp_path):
    from lenet.exporting.checking import run_pte

    model = model_of(name)
    exported = lenet.export(model, "pte", tmp_path / "x.pte")
    assert exported.check.differing == 0
    pictures = noise(model.network)
    assert_close(run_pte(model, exported.path)[0](pictures)[0], outputs_of(model, pictures))


@pytest.mark.skipif(installed, reason="executorch is installed")
def test_the_extra_is_named_where_it_is_not_installed(tmp_path):
    pytest.importorskip("torch")
    with pytest.raises(MissingExtra, match=r"needs executorch, .* pip install 'lenet\[executorch\]'"):
        lenet.export("lenet-5", "pte", tmp_path / "x.pte")
