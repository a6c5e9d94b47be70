"""Labeled photos read again after changes."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from lab.benchmarks.changed_photos import CHANGES, main
from tests.reading.test_damage import normalized_digit


@pytest.fixture
def photo() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (600, 900, 3), np.uint8)


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_gives_a_photo_again_and_leaves_its_own_as_it_was(photo, name):
    before = photo.copy()
    changed = CHANGES[name](photo)
    assert changed.dtype == np.uint8
    assert changed.ndim == 3
    assert (photo == before).all()
    assert (name == "plain") == (changed.shape == photo.shape and bool((changed == photo).all()))


def test_changes_do_what_their_names_say(photo):
    photo = np.asarray(photo // 2 + 50, np.uint8)
    assert CHANGES["lighter"](photo).mean() > photo.mean() > CHANGES["darker"](photo).mean()
    assert CHANGES["× 0.75"](photo).shape == (450, 675, 3)
    assert CHANGES["cut by 1.2 %"](photo).shape == (586, 878, 3)
    assert CHANGES["10 % more margin"](photo).shape == (720, 1020, 3)
    assert CHANGES["sensor noise"](photo).astype(int).std() > photo.std()
    light = CHANGES["falling light"](np.full((10, 90, 3), 200, np.uint8))
    assert abs(int(light[0, 0, 0]) - int(light[0, -1, 0])) > 40


def test_pictures_are_counted_after_each_change_and_in_all(tmp_path, capsys):
    for digit in (3, 7, 8):
        normalized_digit(digit).convert("L").resize((112, 112), Image.Resampling.BICUBIC).save(
            tmp_path / f"{digit}.png"
        )
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [("file", "label", "kind"), ("3.png", "3", "single"), ("7.png", "8", "single"), ("8.png", "8", "string")]
        )
    main([str(tmp_path / "labels.csv"), "--kind", "single", "--json", str(tmp_path / "counts.json")])
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + len(CHANGES)
    assert rows[1][:3] == ["| plain", "2", "1"]
    counts = json.loads((tmp_path / "counts.json").read_text())
    assert counts["all"] == {
        key: sum(counts[name][key] for name in CHANGES) for key in ("pictures", "right", "accepted", "wrong")
    }
    assert counts["all"]["wrong"] > 0
