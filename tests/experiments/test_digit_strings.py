"""Strings of test digits, read by networks of several seeds and by segmentation: the row ``sdnn``."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from lenet.cli import main
from lenet.engine.native import instruction_sets
from lenet.errors import TrainingError
from lenet.experiments import digit_strings, find
from lenet.experiments.digit_strings import Amounts, measure, segmented, strings_of
from lenet.experiments.plan import Request
from lenet.experiments.preparation import prepare
from lenet.experiments.runner import reproduce
from lenet.initialization import initial_weights
from lenet.model import Model, load
from lenet.reading import Reader
from lenet.sdnn.decoding import Grammar
from lenet.sdnn.digit_strings import GAPS
from lenet.sdnn.displacement import network_with_blank
from lenet.sdnn.reader import StringReader, with_grammar
from lenet.sdnn.windows import WindowParameters
from lenet.training import side_by_side
from lenet.training.progress import NullProgress
from lenet.training.stream import Patterns

needs_engine = pytest.mark.skipif(not instruction_sets(), reason="the native engine was not built")
ROW = find("sdnn")
QUICK = Request(quick=True)


@pytest.fixture(scope="module")
def digits(mnist):
    return Patterns(mnist.test_images[:101], mnist.test_labels[:101])


@pytest.fixture
def hasty(mnist, monkeypatch):
    """Neither segmentation nor the choice of costs, which take most of the time of a quick run."""
    monkeypatch.setattr(digit_strings, "segmented", lambda reader, fields, length=None: [""] * len(fields))
    monkeypatch.setattr(digit_strings, "choose_grammar", lambda displacement, some: (Grammar(again=len(some)), 0.5))


class Killing(NullProgress):
    """Ends the run as a kill does, at the report after so many passes."""

    def __init__(self, passes):
        super().__init__()
        self.left = passes

    def advance(self, examples, text=""):
        super().advance(examples, text)
        if self.left <= 0:
            raise KeyboardInterrupt

    def note(self, text):
        self.left -= text.startswith("seed ")
        if self.left < 0:
            raise KeyboardInterrupt


@needs_engine
def test_a_quick_run_makes_all_files_and_says_what_came_out(tmp_path, capsys, mnist):
    folder = tmp_path / "sdnn"
    assert main(["reproduce", "sdnn", "--quick", "--seeds", "3", "--out", str(folder)]) == 0
    shown = capsys.readouterr()
    assert "sdnn, tested on the test part, a quick look:" in shown.out
    assert "strings wholly right, gap −1: " in shown.out
    assert "(3 seeds" in shown.out
    assert "read by segmentation, gap 4: 100.00 % (2 strings" in shown.out
    assert "seed 2  epoch 1/1  loss " in shown.err
    for name in ("chart.png", "chart-dark.png", "string.png", "string-dark.png", "run.json", "row.md"):
        assert (folder / name).is_file()
        assert name in shown.out
    kept = {file.name for file in (folder / "groups").iterdir()}
    assert kept == {f"seed-{seed}{tail}" for seed in range(3) for tail in ("", ".safetensors")}
    settings = json.loads((folder / "run.json").read_text("utf-8"))
    assert (settings["seeds"], settings["orders"]) == ([[0], [1], [2]], [])
    assert [one["part"] for one in settings["results"]["measures"]] == [f"gap {gap}" for gap in ("−1", *GAPS[1:])]
    assert len((folder / "history.jsonl").read_text("utf-8").splitlines()) == 3
    first = load(folder / "weights.safetensors")
    assert first.provenance["seed"] == 0
    assert len(StringReader(first).read(np.zeros((1, 32, 64), np.uint8))) == 1


@needs_engine
def test_seeds_that_are_done_stay_when_a_run_is_stopped_and_it_ends_the_same(tmp_path, hasty, monkeypatch):
    monkeypatch.setattr(side_by_side, "usable_cores", lambda: 1)  # one seed after the other
    whole = reproduce(ROW, tmp_path / "whole", QUICK)
    with pytest.raises(KeyboardInterrupt):
        reproduce(ROW, tmp_path / "killed", QUICK, progress=Killing(1))
    assert [path.name for path in (tmp_path / "killed/groups").glob("*.safetensors")] == ["seed-0.safetensors"]
    resumed = reproduce(ROW, tmp_path / "killed", QUICK, progress=Killing(1))
    for ours, theirs in zip(whole.readers, resumed.readers, strict=True):
        for name, array in ours.parameters.items():
            np.testing.assert_array_equal(array, theirs.parameters[name])
        assert ours.provenance["grammar"] == theirs.provenance["grammar"]
    for key in ("measures", "beside", "grammars"):
        assert whole.settings["results"][key] == resumed.settings["results"][key]
    again = reproduce(ROW, tmp_path / "killed", QUICK, progress=Killing(0))
    assert again.settings == resumed.settings


def plan_of(epochs, seed=7, **changes):
    recipe = replace(ROW.recipe, epochs=epochs, **changes)
    return replace(Request(seeds=1).plan(ROW), recipe=recipe, passes=epochs, groups=((seed,),))


def trained(folder, plan, digits, progress=None):
    (model,) = digit_strings.train_readers(
        folder, plan, digits, {"name": "few"}, amounts=digit_strings.QUICK, progress=progress or NullProgress()
    )
    return model


@needs_engine
def test_a_seed_goes_on_after_its_last_whole_pass_and_ends_the_same(tmp_path, digits, hasty):
    whole = trained(tmp_path / "whole", plan_of(3), digits)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "killed", plan_of(3), digits, Killing(2))
    assert [file.name for file in (tmp_path / "killed").iterdir()] == ["seed-7"]
    resumed = trained(tmp_path / "killed", plan_of(3), digits, Killing(1))  # one pass is left
    for name, array in whole.parameters.items():
        np.testing.assert_array_equal(array, resumed.parameters[name])
    untimed = {"seconds": 0, "images_per_second": 0}
    histories = [[{**row, **untimed} for row in model.provenance["history"]] for model in (whole, resumed)]
    assert histories[0] == histories[1]
    assert [row["epoch"] for row in histories[1]] == [1, 2, 3]


@needs_engine
def test_a_seed_under_way_that_is_damaged_or_was_begun_otherwise_is_refused(tmp_path, digits, hasty, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path, plan_of(2, 0), digits, Killing(1))
    with pytest.raises(TrainingError, match=r"was begun with learning_rate 0\.003, not 0\.001"):
        trained(tmp_path, plan_of(2, 0, learning_rate=0.001), digits)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("LENET_ENGINE", "baseline")
        with pytest.raises(TrainingError, match=r"the run was begun with the engine .*with baseline it would end with"):
            trained(tmp_path, plan_of(2, 0), digits)
    last = tmp_path / "seed-0/last.safetensors"
    whole = last.read_bytes()
    last.write_bytes(whole[:200])
    with pytest.raises(TrainingError, match=r"not a readable checkpoint .*; delete the file to start the run again"):
        trained(tmp_path, plan_of(2, 0), digits)
    last.write_bytes(whole.replace(b"PCG64", b"PCG65"))
    with pytest.raises(TrainingError, match=r"no state of a random generator .*; delete the file to start the run"):
        trained(tmp_path, plan_of(2, 0), digits)


@needs_engine
def test_training_digits_can_stand_in_for_the_test_part(tmp_path, mnist, hasty, monkeypatch):
    seen = []
    monkeypatch.setattr(
        digit_strings, "strings_of", lambda some, *others: seen.append(some) or strings_of(some, *others)
    )
    trained_row = reproduce(ROW, tmp_path / "sdnn", Request(quick=True, seeds=1, validation=400))
    assert trained_row.settings["tested_on"] == "400 training patterns set aside"
    assert trained_row.settings["command"] == "lenet reproduce sdnn --seeds 1 --validation 400 --quick"
    known = {image.tobytes() for image in mnist.train_images}
    assert len(seen) > 1
    assert all(image.tobytes() in known for some in seen for image in some.images)


@needs_engine
def test_other_values_are_trained_with_and_make_another_folder(tmp_path, hasty):
    request = Request(quick=True, seeds=1, j=15.0, rate=2.0)
    settings = reproduce(ROW, tmp_path / "sdnn", request).settings
    assert (settings["recipe"]["j"], settings["recipe"]["learning_rate"]) == (15.0, 2 * ROW.recipe.learning_rate)
    with pytest.raises(TrainingError, match=r"was begun with recipe learning_rate 0\.006, not 0\.003; choose"):
        reproduce(ROW, tmp_path / "sdnn", Request(quick=True, seeds=1))


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (Request(quick=True, mu=0.1), "sdnn is trained by AdamW, to which --mu does not apply; leave it out"),
        (Request(quick=True, eta=0.1), "sdnn is trained by AdamW, to which --eta does not apply; leave it out"),
        (Request(quick=True, validation=4), "4 patterns make no string of digits; expected 5 or more"),
        (Request(passes=81), "81 passes were asked for; the recipe has rates for 1 to 80"),
    ],
)
def test_what_cannot_be_changed_is_refused_in_one_sentence(tmp_path, request_, sentence):
    with pytest.raises(TrainingError, match=f"^{sentence}$"):
        reproduce(ROW, tmp_path / "sdnn", request_)
    assert not (tmp_path / "sdnn").exists()


@needs_engine
def test_a_file_of_a_seed_that_is_damaged_or_of_another_run_is_named(tmp_path, hasty):
    request = Request(quick=True, seeds=1)
    trained_row = reproduce(ROW, tmp_path / "sdnn", request)
    path = tmp_path / "sdnn/groups/seed-0.safetensors"
    path.write_bytes(b"damaged")
    with pytest.raises(TrainingError, match=r"seed-0\.safetensors: not .*; delete it to train this seed again"):
        reproduce(ROW, tmp_path / "sdnn", request)
    other = {**trained_row.readers[0].provenance, "recipe": replace(ROW.recipe, j=1.0).to_json()}
    replace(trained_row.readers[0], provenance=other).save(path)
    with pytest.raises(TrainingError, match=r"seed-0\.safetensors: was made with another recipe; delete it or choose"):
        reproduce(ROW, tmp_path / "sdnn", request)


def test_the_first_passes_are_those_of_the_whole_plan():
    plan = Request(passes=3).plan(ROW)
    assert (plan.recipe, plan.passes, plan.windows) == (ROW.recipe, 3, WindowParameters())
    assert Request(quick=True).plan(ROW).passes == 1
    assert Request().plan(find("lenet-5")).windows is None


def test_digits_that_choose_prices_are_not_learned_from():
    training = Patterns(
        np.arange(784 * 500, dtype=np.uint32).view(np.uint8).reshape(-1, 28, 28)[:500], np.arange(500) % 10
    )
    learned, kept_back = Amounts(kept_back=100).split(training)
    parts = [{image.tobytes() for image in part.images} for part in (learned, kept_back)]
    assert [len(part) for part in parts] == [400, 100]
    assert not parts[0] & parts[1]


def test_strings_are_written_with_pictures_as_they_are(mnist):
    material = prepare(QUICK.plan(ROW))
    np.testing.assert_array_equal(material.test.images, mnist.test_images[:200])


def test_no_digit_is_used_twice_at_a_gap_and_all_seeds_read_the_same_strings(digits):
    drawn, again = strings_of(digits, 0), strings_of(digits, 0)
    assert list(drawn) == list(GAPS)
    for gap, some in drawn.items():
        assert len(some.fields) == 20
        assert set(some.gaps.flat) == {gap}
        np.testing.assert_array_equal(some.fields, again[gap].fields)
        used = np.bincount(some.labels.flat, minlength=10)
        assert (used <= np.bincount(digits.labels, minlength=10)).all()
    assert len(strings_of(digits, 0, 3)[1].fields) == 3
    assert strings_of(digits, 1)[1].texts != drawn[1].texts


def test_shares_are_of_strings_wholly_right(digits, monkeypatch):
    """Readers that know the answers, and give so many of them."""
    texts = {field.tobytes(): text for some in strings_of(digits, 0).values()
             for field, text in zip(some.fields, some.texts, strict=True)}  # fmt: skip
    wrong = SimpleNamespace(text="")

    class Slid:
        def __init__(self, weights):
            self.known = weights.provenance["seed"]

        def read(self, fields):
            given = [SimpleNamespace(text=texts[field.tobytes()]) for field in fields]
            return given[: self.known] + [wrong] * (len(given) - self.known)

    monkeypatch.setattr(digit_strings, "StringReader", Slid)
    monkeypatch.setattr(
        digit_strings, "segmented",
        lambda reader, fields, length=None: [texts[field.tobytes()] for field in fields[: 2 if length else 1]]
        + ["1"] * (len(fields) - (2 if length else 1)),
    )  # fmt: skip
    network = network_with_blank()
    readers = [
        with_grammar(Model(network, initial_weights(network)), Grammar(), 1, seed=seed, validation_right=1.0)
        for seed in (0, 5, 20)
    ]
    result = measure(readers, digits, Amounts(segmented=10), NullProgress())
    assert set(result["figures"]) == {("strings_right", f"gap {gap}") for gap in ("−1", *GAPS[1:])}
    assert all(values == [0.0, 25.0, 100.0] for values in result["figures"].values())
    for one in result["beside"]:
        assert (one["strings"], one["displacement"]) == (10, [0.0, 50.0, 100.0])
        assert one["segmentation"]["right"] == 10.0
        assert one["segmentation"]["low"] < 10.0 < one["segmentation"]["high"] < 50.0
        assert one["segmentation, length known"]["right"] == 20.0
        assert (one["touching"] > 50) == (one["gap"] < 1)
    assert result["grammars"][0]["contact"] == "inf"


def test_segmentation_reads_strings_whose_digits_stand_apart(digits):
    some = strings_of(digits, 0)[4]
    answers = segmented(Reader(), some.fields[:10])
    assert sum(answer == text for answer, text in zip(answers, some.texts, strict=False)) >= 9


@needs_engine
def test_a_row_without_its_string_is_told_to_be_run_again(tmp_path, hasty):
    reproduce(ROW, tmp_path / "sdnn", Request(quick=True, seeds=1))
    (tmp_path / "sdnn" / digit_strings.EXAMPLE).unlink()
    with pytest.raises(TrainingError, match=r"string-input\.png: not readable as a picture .*; run the row again"):
        digit_strings.example(tmp_path / "sdnn")
