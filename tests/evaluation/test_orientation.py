"""Digits whose rows and columns are exchanged are told by the network that ships, with the option that mends it."""

import numpy as np
import pytest

import lenet
from lenet import data
from lenet.cli import main
from lenet.evaluation import transposed_digits


def turned(dataset, count=400, class_names=tuple("0123456789"), labels=None):
    images = np.ascontiguousarray(dataset.train_images[:count].swapaxes(1, 2))
    labels = dataset.train_labels[:count] if labels is None else labels
    return data.Dataset("turned", images, labels, images, labels, class_names)


def test_transposed_digits_are_told_with_what_mends_them(mnist):
    warning = transposed_digits(turned(mnist))
    assert warning.startswith("the pictures of turned look transposed: the network that ships agrees with ")
    assert warning.endswith("turn them upright with --transpose")


def test_upright_digits_and_other_things_are_not(mnist):
    assert transposed_digits(mnist) == ""
    assert transposed_digits(turned(mnist, count=19)) == ""
    assert transposed_digits(turned(mnist, class_names=tuple("abcdefghij"))) == ""
    shuffled = np.random.default_rng(0).permutation(mnist.train_labels[:400])
    assert transposed_digits(turned(mnist, labels=shuffled)) == ""
    fashion_like = turned(mnist, class_names=tuple(str(number) for number in range(47)))
    assert transposed_digits(fashion_like) == ""


def test_digits_among_letters_count(mnist):
    names = tuple("0123456789") + tuple("ABC")
    assert "--transpose" in transposed_digits(turned(mnist, class_names=names))


@pytest.mark.parametrize("verb", ["train", "evaluate", "show"])
def test_every_verb_that_loads_data_says_so_in_a_line_and_takes_what_mends_it(verb, mnist, tmp_path, capsys):
    made = turned(mnist, count=200)
    path = tmp_path / "digits.npz"
    np.savez(path, images=made.train_images, labels=made.train_labels)
    command = {
        "train": ["train", "lenet-5-relu", "--data", str(path), "--epochs", "1", "--threads", "1"],
        "evaluate": ["evaluate", "--data", str(path)],
        "show": ["data", "show", str(path), "-o", str(tmp_path / "sheet.png")],
    }[verb]
    out = (lambda name: ["--out", str(tmp_path / name)]) if verb == "train" else (lambda name: [])

    assert main([*command, *out("first")]) == 0
    output = [line for line in capsys.readouterr().err.splitlines() if "transposed" in line]
    assert len(output) == 1
    assert output[0].startswith("lenet: the pictures of digits look transposed")

    assert main([*command, *out("second"), "--transpose"]) == 0
    assert "transposed" not in capsys.readouterr().err


def test_a_run_on_mended_data_is_repeated_on_mended_data(mnist, tmp_path):
    made = turned(mnist, count=200)
    np.savez(tmp_path / "digits.npz", images=255 - made.train_images, labels=made.train_labels)
    mended = {"polarity": "paper-high", "transpose": True}
    first = lenet.train("lenet-5-relu", tmp_path / "digits.npz", epochs=1, out=tmp_path / "first", **mended)
    again = lenet.train(repeat=tmp_path / "first", out=tmp_path / "again")
    assert first.settings["data"]["source"].items() >= mended.items()
    assert again.model.digest == first.model.digest
    assert first.evaluation.errors == lenet.evaluate(first.model, tmp_path / "digits.npz", **mended).errors


def test_options_for_paths_are_refused_beside_a_data_set(mnist, tmp_path):
    with pytest.raises(lenet.LeNetError, match=r"transpose goes with the path of data; give it to lenet\.data\.load"):
        lenet.train("lenet-5-relu", turned(mnist), transpose=True, out=tmp_path / "run")
