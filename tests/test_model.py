"""Weights files are whole, checked, and never executed."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from lenet.errors import UnknownName, WeightsError
from lenet.initialization import initial_weights
from lenet.model import Model, PictureKind, create, load, pretrained
from lenet.networks import describe, names


def some_weights(name="lenet-short", seed=0, **provenance):
    network, generator = describe(name), np.random.default_rng(seed)
    shapes = network.parameter_shapes().items()
    arrays = {key: generator.standard_normal(shape).astype(np.float32) for key, shape in shapes}
    return Model(network, arrays, provenance)


@pytest.mark.parametrize("name", names())
def test_weights_written_and_read_are_the_same(name, tmp_path):
    weights = some_weights(name, recipe="none", seed=3)
    weights.save(tmp_path / "w.safetensors")
    result = load(tmp_path / "w.safetensors")
    assert result.network == weights.network
    assert result.provenance == weights.provenance
    assert result.parameters.keys() == weights.parameters.keys()
    for key, array in weights.parameters.items():
        np.testing.assert_array_equal(result.parameters[key], array)


def test_the_reject_class_is_read_under_its_former_key_and_written_under_its_own(tmp_path):
    network = describe("lenet-short", classes=11)
    former = Model(network, initial_weights(network, "pytorch", 0), {"refusal": 10, "epoch": 3})
    assert (former.reject_class, former.refusal) == (10, 10)
    former.save(tmp_path / "w.safetensors")
    assert load(tmp_path / "w.safetensors").provenance == {"reject_class": 10, "epoch": 3}
    both = Model(network, former.parameters, {"reject_class": 9, "refusal": 10})
    assert (both.reject_class, both.output_names[9]) == (9, "none")
    assert pretrained().reject_class == 10


def test_the_kind_of_pictures_is_still_found_by_its_former_name():
    assert pretrained().pictures == pretrained().picture_kind == PictureKind("digits", 28)


def test_weights_of_another_network_are_refused(tmp_path):
    some_weights("lenet-short").save(tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match=r"w\.safetensors: holds lenet-short weights, but lenet-5 was asked for"):
        load(tmp_path / "w.safetensors", expect=describe("lenet-5"))


@pytest.mark.parametrize("content", [b"", b"hello", b"\x80\x02pickle", b"\xff" * 64])
def test_a_damaged_file_is_named(content, tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"w\.safetensors: not a readable safetensors file"):
        load(path)


def test_every_truncation_is_noticed(tmp_path):
    path = tmp_path / "w.safetensors"
    some_weights().save(path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 997):
        path.write_bytes(whole[:length])
        with pytest.raises(WeightsError):
            load(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(WeightsError, match="no such weights file"):
        load(tmp_path / "none.safetensors")
    with pytest.raises(WeightsError, match=r"a folder without best\.safetensors"):
        load(tmp_path)


def test_a_foreign_safetensors_file_that_holds_no_network_is_refused(tmp_path):
    save_file({"a": np.zeros(3, np.float32)}, tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match=r"w\.safetensors: its shapes \(3\) fit no network of lenet"):
        load(tmp_path / "w.safetensors")


def test_damaged_metadata_is_refused(tmp_path):
    weights = some_weights()
    metadata = {"format": "lenet-weights-1", "network": "{", "provenance": "{}"}
    save_file(weights.parameters, tmp_path / "w.safetensors", metadata=metadata)
    with pytest.raises(WeightsError, match="metadata is damaged"):
        load(tmp_path / "w.safetensors")
    metadata["network"] = json.dumps({"name": "x"})
    save_file(weights.parameters, tmp_path / "w.safetensors", metadata=metadata)
    with pytest.raises(WeightsError, match="not a network description"):
        load(tmp_path / "w.safetensors")


def test_wrong_arrays_are_named():
    network, arrays = describe("lenet-short"), dict(some_weights().parameters)
    with pytest.raises(WeightsError, match=r"has no array 'extra'"):
        Model(network, arrays | {"extra": np.zeros(1, np.float32)})
    with pytest.raises(WeightsError, match=r"no array 'conv1.bias'"):
        Model(network, {key: array for key, array in arrays.items() if key != "conv1.bias"})
    with pytest.raises(WeightsError, match=r"conv1.bias is \(5,\), expected \(6,\)"):
        Model(network, arrays | {"conv1.bias": np.zeros(5, np.float32)})
    with pytest.raises(WeightsError, match="float64, expected float32"):
        Model(network, arrays | {"conv1.bias": np.zeros(6)})
    with pytest.raises(WeightsError, match="not a finite number"):
        Model(network, arrays | {"conv1.bias": np.full(6, np.nan, np.float32)})


def test_a_failed_save_leaves_the_old_file_whole(tmp_path):
    path = tmp_path / "w.safetensors"
    some_weights(seed=1).save(path)
    before = path.read_bytes()
    unwritable = Model(describe("lenet-short"), some_weights(seed=2).parameters, {"at": object()})
    with pytest.raises(TypeError):
        unwritable.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["w.safetensors"]


def test_an_unknown_pretrained_name_lists_what_ships():
    with pytest.raises(UnknownName, match="known: lenet-5, lenet-5-relu"):
        pretrained("lenet-7")


def test_weights_are_found_by_file_run_folder_or_name(tmp_path):
    some_weights().save(tmp_path / "best.safetensors")
    for place in (tmp_path, tmp_path / "best.safetensors"):
        assert load(place).network.name == "lenet-short"
    assert load("pretrained").network == load("lenet-5-relu").network == pretrained().network
    with pytest.raises(WeightsError, match=r"a folder without best\.safetensors"):
        load(tmp_path.parent)
    with pytest.raises(WeightsError, match="no such weights file"):
        load("nowhere/best")


def test_the_same_weights_are_the_same_bytes_every_time(tmp_path):
    weights = pretrained()
    for number in range(12):
        weights.save(tmp_path / f"{number}.safetensors")
    assert len({(tmp_path / f"{number}.safetensors").read_bytes() for number in range(12)}) == 1


def test_weights_that_may_not_be_read_are_not_called_missing(tmp_path, monkeypatch):
    file = create("lenet-5-relu").save(tmp_path / "w.safetensors")

    def refused(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(WeightsError, match=r"w\.safetensors: cannot be read \(permission denied\)$"):
        load(file)
