"""Benchmarks: the arithmetic of the roofline, the peers' model, ratios by rounds, and the shape of what is printed."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lenet import cli, summary
from lenet.benchmarking import inference, runs
from lenet.benchmarking.digits import draw_blobs
from lenet.benchmarking.machine import describe_machine, machine_text, peak_flops_meter
from lenet.benchmarking.timing import Rounds, Task, run_rounds, time_calls
from lenet.data import Dataset
from lenet.engine import forward
from lenet.engine.native import instruction_sets
from lenet.errors import LeNetError
from lenet.model import pretrained
from lenet.networks import describe, names
from lenet.preprocess import fit_to_input, network_inputs
from lenet.summary import measure_work

PERFORMANCE = Path(__file__).parents[2] / "docs/performance.md"
built = pytest.mark.skipif(not instruction_sets(), reason="the native engine was not built")


@pytest.mark.parametrize("name", names())
def test_training_is_three_forward_passes_without_the_gradients_that_nobody_needs(name):
    network_summary, work = summary.summarize(describe(name)), measure_work(describe(name))
    fixed = sum(stage.macs for stage in network_summary.stages if not stage.parameters)
    assert work.inference_macs == network_summary.macs
    assert work.training_macs == 3 * network_summary.macs - network_summary.stages[0].macs - fixed


def test_the_roofline_of_lenet_5_relu_is_what_the_operations_of_its_layers_give():
    forward_pass = 25 * 6 * 28 * 28 + 25 * 6 * 16 * 10 * 10 + 400 * 120 + 120 * 84 + 84 * 10
    work = measure_work(describe("lenet-5-relu"))
    assert work.roofline(100e9) == pytest.approx(100e9 / (2 * forward_pass))
    assert work.roofline(100e9, training=True) == pytest.approx(100e9 / (2 * (3 * forward_pass - 25 * 6 * 28 * 28)))


def test_a_stage_that_is_spilled_writes_and_reads_each_unit_once():
    work = measure_work(describe("lenet-5"))
    assert sum(stage.spilled for stage in work.stages) == 2 * 4 * summary.summarize(describe("lenet-5")).units


@pytest.mark.parametrize("name", ["lenet-5-relu", "lenet-5"])
def test_the_page_on_performance_shows_the_work_that_the_description_gives(name):
    text, work = PERFORMANCE.read_text("utf-8"), measure_work(describe(name))
    assert work.to_markdown() in text
    for macs in (work.inference_macs, work.training_macs):
        assert f"{macs:,}" in text


def test_torch_out_of_its_own_layers_gives_the_outputs_of_the_reference():
    torch_peer = pytest.importorskip("lenet.benchmarking.torch_peer")
    weights = pretrained()
    inputs = network_inputs(draw_blobs(5, seed=3)[0], weights.network.input, weights.network.input_range)
    expected = forward(weights.network, weights.parameters, inputs)
    for way in (torch_peer.eager, torch_peer.channels_last, torch_peer.frozen):
        outputs = way(weights.network, weights.parameters, inputs, 1)(5)()
        np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-4)


def test_blobs_have_the_ink_and_the_border_of_mnist():
    images, labels = draw_blobs(500, seed=0)
    assert (images > 0).mean() == pytest.approx(0.19, abs=0.01)
    assert not images[:, :4].any()
    assert not images[:, :, -4:].any()
    assert len(images) == len(labels)
    assert len(np.unique(images.reshape(500, -1), axis=0)) == 500


def test_pictures_reach_a_larger_network_with_their_gray_levels_unchanged():
    images, _ = draw_blobs(3, seed=0)
    pictures = fit_to_input(images, (1, 32, 32))
    assert pictures.dtype == np.uint8
    np.testing.assert_array_equal(pictures[:, 0, 2:-2, 2:-2], images)


@given(st.lists(st.tuples(st.floats(1e-6, 1e-3), st.floats(1e-6, 1e-3)), min_size=1, max_size=9), st.floats(0.1, 10))
def test_a_ratio_does_not_depend_on_how_fast_the_machine_is(pairs, slower):
    def rounds(factor):
        mine, theirs = zip(*pairs, strict=True)
        calls = {("a", 1): [[seconds * factor] for seconds in mine], ("b", 1): [[s * factor] for s in theirs]}
        return Rounds(calls=calls, images={("a", 1): 1, ("b", 1): 1})

    assert rounds(slower).speedup(("a", 1), ("b", 1)) == pytest.approx(rounds(1).speedup(("a", 1), ("b", 1)))


def test_ratios_and_shares_are_medians_of_the_rounds_own():
    # 10, 20 and 100 images a second against 5, 20 and 20: ratios 2, 1 and 5
    calls = {("a", 1): [[0.1], [0.05], [0.01]], ("b", 1): [[0.2], [0.05], [0.05]]}
    rounds = Rounds([100.0, 100.0, 2000.0], calls, {("a", 1): 1, ("b", 1): 1})
    assert rounds.speedup(("a", 1), ("b", 1)) == pytest.approx(2)
    assert rounds.roofline_fraction(("a", 1), 2) == pytest.approx(0.2)
    assert rounds.speedup(("a", 1), ("absent", 1)) is None
    assert rounds.best("a", "b") == ("a", 1)


def test_every_task_takes_its_turn_in_every_round():
    turns = []
    tasks = [Task(name, 1, 1, lambda name=name: turns.append(name)) for name in "ab"]
    measured = run_rounds(tasks, rounds=2, seconds=0.0, peak=lambda: 1.0)
    assert "".join(dict.fromkeys(turns)) == "ab"
    assert re.fullmatch("a+b+a+b+", "".join(turns))
    assert len(measured.peaks) == 2
    assert [len(calls) for calls in measured.calls.values()] == [2, 2]


def test_a_busy_machine_is_named_above_the_tables():
    machine = describe_machine(1)
    assert "Other processes interrupted" not in machine_text(machine)
    assert "interrupted this one 250 times a second" in machine_text(machine | {"interruptions_per_second": 250})


def test_a_task_is_called_for_as_long_as_asked_and_at_least_three_times():
    assert len(time_calls(lambda: None, 0.0)) == 3
    assert sum(time_calls(lambda: sum(range(100)), 0.02)) == pytest.approx(0.02, rel=0.9)


@pytest.fixture(scope="module")
def outcome():
    """A benchmark so short that only its shape counts."""
    images, labels = draw_blobs(10_000, seed=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            runs, "load_digits", lambda: Dataset("blobs", images, labels, images, labels, tuple("0123456789"))
        )
        quick = {name: inference._PEERS[name] for name in ("torch eager", inference.ONNXRUNTIME)}
        patch.setattr(inference, "_PEERS", quick)
        return runs.short(threads=1, rounds=1, seconds=0.001, torch_batches=(64,))


@pytest.fixture
def printed(outcome, monkeypatch, capsys):
    """What ``lenet bench`` prints of it, given more arguments."""
    monkeypatch.setattr("lenet.verbs.bench.short", lambda threads, progress: outcome)

    def run(*arguments):
        assert cli.main(["bench", *arguments]) == 0
        return capsys.readouterr().out

    return run


def shape(values):
    return {key: shape(value) if isinstance(value, dict) else None for key, value in values.items()}


def test_bench_prints_the_documented_json(printed):
    result = json.loads(printed("--json"))
    assert set(result) == {"training", "inference", "images_per_second", "machine"}
    assert shape(result["training"]) == {
        "speedup": {"tutorial": None, "torch": None},
        "roofline_fraction": {"64": None, "256": None},
    }
    assert shape(result["inference"]) == {
        "speedup": {"onnxruntime_best": None, "onnxruntime_10000": None},
        "roofline_fraction": None,
        "roofline_fraction_bf16": None,
        "one_image_time_ratio": {"onnxruntime": None},
    }
    assert result["machine"]["threads"] == 1
    assert {"processor", "cores", "versions", "peak_flops", "interruptions_per_second"} <= set(result["machine"])
    for rates_by_name in result["images_per_second"].values():
        assert all(rate > 0 for rates in rates_by_name.values() for rate in rates.values())


@built
def test_bench_compares_this_engine_where_it_was_built(outcome):
    pytest.importorskip("torch")
    pytest.importorskip("onnxruntime")
    training_part, inference_part = outcome.results["training"], outcome.results["inference"]
    figures = [*training_part["speedup"].values(), *training_part["roofline_fraction"].values()]
    figures += [*inference_part["speedup"].values(), inference_part["roofline_fraction"]]
    assert all(figure > 0 for figure in figures)
    assert outcome.machine["peak_flops"] > 1e9


def test_bench_prints_tables_with_the_machine_and_the_roofline_above_them(printed):
    text = printed()
    assert describe_machine(1)["processor"] in text
    for macs in (1_131_960, 416_604):  # reading tells digits from none: one output more
        assert f"2 × {macs:,} operations an image" in text
    assert "pictures: blobs" in text
    markdown = printed("--markdown")
    assert "|---|---:|" in markdown.replace(" ", "")
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    assert all(before.count("|") == 7 for before in lines if "implementation" in before or "tutorial loop" in before)


def test_an_absent_peer_is_left_out_with_the_command_that_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setitem(sys.modules, "openvino", None)
    weights = pretrained()
    tasks, absent = inference.inference_tasks(weights.network, weights.parameters, draw_blobs(4, seed=0)[0], 1, (1, 4))
    assert not {"ONNX Runtime", "OpenVINO"} & {task.name for task in tasks}
    assert any("pip install 'lenet[bench]'" in sentence for sentence in absent)
    assert any("pip install 'lenet[bench-all]'" in sentence for sentence in absent)


def test_a_peer_with_other_outputs_is_not_compared(monkeypatch):
    pytest.importorskip("torch")
    weights = pretrained()
    monkeypatch.setattr(inference, "_peer", lambda name: lambda *given: lambda batch: lambda: OUTPUTS[name][:batch])
    monkeypatch.setattr(inference, "_PEERS", {"right": "", "wrong": ""})
    images = draw_blobs(4, seed=0)[0]
    right = forward(
        weights.network, weights.parameters, network_inputs(images, (1, 28, 28), weights.network.input_range)
    )
    OUTPUTS.update(right=right, wrong=right[:, ::-1])
    with pytest.raises(LeNetError, match="wrong gives outputs that differ by"):
        inference.inference_tasks(weights.network, weights.parameters, images, 1, (4,))


OUTPUTS: dict[str, np.ndarray] = {}


@built
def test_the_peak_of_the_processor_is_measured():
    peak = peak_flops_meter(1)
    assert peak is not None
    assert 1e9 < peak() < 1e12


@built
@pytest.mark.parametrize("engine", ["numpy", "torch"])
def test_bench_refuses_to_measure_another_engine(engine, monkeypatch, capsys):
    monkeypatch.setenv("LENET_ENGINE", engine)
    assert cli.main(["bench"]) == 1
    assert f"LENET_ENGINE is {engine}, but this compares the native engine" in capsys.readouterr().err
