"""Calibrate a model on validation data, and write what was found into its file's provenance.

    python -m lab.synthesis.calibration [MODEL] [--output FILE]

Two things are calibrated. The softmax of normalized pictures, by `calibrate`: its temperature, and the probabilities
that keep given shares of errors. And the confidence of the reader's answers, by `calibrate_answers`: single digits and
lines are drawn with the digits and fonts that no network was trained on, put on paper and read. The command does the
second for a model that has the first; its parameters stay as they are, bit for bit.
"""

import argparse
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lab.synthesis.datasets import NO_DIGIT
from lab.synthesis.fonts import load_handwriting_fonts
from lab.synthesis.noise import draw_degraded_digit
from lab.synthesis.strokes import StrokeRenderer
from lab.synthesis.written_lines import Writer, WritingStyle, photograph_line
from lenet import data
from lenet.architecture import Network
from lenet.model import Model, load
from lenet.reading import Reader, Reading
from lenet.reading.lines.numbers import MIN_DIGITS
from lenet.reading.recognition import Acceptance, Calibration

VALIDATION_EXAMPLES = 5_000  # of MNIST's training digits
SEED = 1998

ERROR_SHARES = (0.05, 0.02, 0.01, 0.005, 0.002, 0.001)  # of errors among accepted answers
NO_DIGIT_ACCEPTED_SHARE = (
    0.0125  # of what is no digit, piece by piece, that may be accepted where no share of errors is asked for
)
DEFAULT_ERROR_SHARE = 0.005  # of errors, where none is asked for and the network knows no "no digit"
SINGLE_ERROR_SHARE, LINE_ERROR_SHARE = (
    0.01,
    0.02,
)  # of accepted single digits and lines of four, where no share is asked for
PENALTY_TEMPERATURE_FACTOR = 10  # they are sums over tens of units: their temperatures are as much higher
_MIN_ERRORS = 10  # errors that a threshold must rest on, or chance sets it
_MIN_ANSWER_ERRORS = 4  # the same of pictures drawn and read, of which there are fewer

SINGLE_PICTURES, LINE_PICTURES = 1_600, 2_000  # pictures that are drawn and read
LINE_GAPS = (0.1, 0.2, 0.3)  # in digit heights, between the digits of the lines: those of forms and cheques stand apart
LINE_LENGTHS = (MIN_DIGITS, 6)  # digits of a line, from and below: as those of amounts and of fields
_CHUNK_PICTURES = 50  # pictures that share a seed

ScoredPictures = tuple[NDArray[np.float32], NDArray[np.integer]]  # outputs for each view (views, N, 11), labels (N,)
Answer = tuple[float, bool]  # the confidence of an answer, and whether it is wrong


def calibrate(network: Network, parts: list[ScoredPictures]) -> Calibration:
    """Fit the temperature and the thresholds of normalized pictures, every part with the same weight.

    The temperature minimizes the cross-entropy. A threshold for a share of errors is the lowest probability above
    which, no-digits included, at most that share of the answers is wrong; where none is asked for, the one that all but
    NO_DIGIT_ACCEPTED_SHARE of the no-digits stay below, or without any the one for DEFAULT_ERROR_SHARE.
    """
    temperatures = np.arange(0.5, 3.0, 0.02) * (PENALTY_TEMPERATURE_FACTOR if network.smallest_wins else 1)
    tried = [Calibration(temperature=float(temperature)) for temperature in temperatures]
    fitted = min(tried, key=lambda candidate: sum(_cross_entropy(candidate, network, part) for part in parts))
    surest, is_wrong, weight = [], [], []
    for outputs, labels in parts:
        digits = fitted.probabilities(network, outputs)
        surest.append(digits.max(axis=1))
        is_wrong.append(digits.argmax(axis=1) != labels)
        weight.append(np.full(len(labels), 1 / len(labels)))
    order = np.argsort(-np.concatenate(surest), kind="stable")
    chances, errors = np.concatenate(surest)[order], np.concatenate(is_wrong)[order]
    weights = np.concatenate(weight)[order]
    error_shares = np.cumsum(errors * weights) / np.cumsum(weights)
    thresholds = []
    for error_share in ERROR_SHARES:
        fitting = np.flatnonzero((error_shares <= error_share) & (np.cumsum(errors) >= _MIN_ERRORS))
        if len(fitting):
            thresholds.append((error_share, round(float(chances[fitting[-1]]), 5)))
    nothing = np.concatenate([labels for _, labels in parts]) == NO_DIGIT
    minimum = (
        float(np.quantile(np.concatenate(surest)[nothing], 1 - NO_DIGIT_ACCEPTED_SHARE))
        if nothing.any()
        else dict(thresholds).get(DEFAULT_ERROR_SHARE, 1.0)  # 1 where so few errors were not reached
    )
    return Calibration(round(fitted.temperature, 3), Acceptance(round(minimum, 5), tuple(thresholds)))


def calibrate_answers(model: Model, singles: int = SINGLE_PICTURES, lines: int = LINE_PICTURES) -> Calibration:
    """The model's calibration with the thresholds of single digits and lines, from so many drawn and read."""
    with ProcessPoolExecutor(
        len(os.sched_getaffinity(0)), get_context("forkserver"), initializer=_start_worker, initargs=(model,)
    ) as workers:

        def answers(read: Callable[[int], list[Answer]], pictures: int) -> NDArray[np.float64]:
            chunks = workers.map(read, range(-(-pictures // _CHUNK_PICTURES)))
            return np.array([answer for chunk in chunks for answer in chunk], np.float64)

        of_singles, of_lines = answers(_read_singles, singles), answers(_read_lines, lines)
    calibration = Calibration.of(model)
    shares = [share for share, _ in calibration.digit.thresholds]
    single = fit_acceptance(of_singles, SINGLE_ERROR_SHARE, shares)
    line = fit_acceptance(of_lines, LINE_ERROR_SHARE, shares)
    return replace(calibration, single=single, line=line)


def fit_acceptance(
    answers: NDArray[np.float64], share: float, error_shares: Sequence[float] = ERROR_SHARES
) -> Acceptance:
    """Thresholds for some shares of errors, and for ``share`` where none is asked for.

    A threshold for a share of errors is the lowest confidence above which at most that share of the answers is wrong.
    Where fewer than `_MIN_ERRORS_READ` errors would be left, it is what logistic regression on all answers expects, but
    no lower than the last one that was measured.

    Args:
        answers: (N, 2), the confidence of each and whether it is wrong.
        share, error_shares: of errors.
    """
    surest, errors = answers[np.argsort(-answers[:, 0], kind="stable")].T
    counts = np.arange(1, len(surest) + 1)
    measured, expected = np.cumsum(errors) / counts, np.cumsum(_fit_error_probabilities(surest, errors)) / counts
    thresholds: dict[float, float] = {}
    for error_share in sorted({*error_shares, share}, reverse=True):
        fitting = np.flatnonzero(measured <= error_share)
        if not len(fitting) or error_share * counts[fitting[-1]] < _MIN_ANSWER_ERRORS:
            fitting = np.flatnonzero(expected <= error_share)
        threshold = float(surest[fitting[-1]]) if len(fitting) else 1.0
        thresholds[error_share] = max(round(threshold, 3), *thresholds.values(), 0.0)
    return Acceptance(thresholds[share], tuple((share, thresholds[share]) for share in error_shares))


def _fit_error_probabilities(confidences: NDArray[np.float64], errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """How often each answer is expected to be wrong: a logistic function of its confidence's log-odds."""
    odds = np.clip(confidences, 1e-6, 1 - 1e-6)
    inputs, weights = np.stack([np.ones(len(odds)), np.log(odds / (1 - odds))], axis=1), np.zeros(2)
    for _ in range(30):  # Newton's method
        likely = 1 / (1 + np.exp(-inputs @ weights))
        curvature = inputs.T @ (inputs * (likely * (1 - likely))[:, None]) + 1e-6 * np.eye(2)
        weights += np.linalg.solve(curvature, inputs.T @ (errors - likely))
    return np.asarray(1 / (1 + np.exp(-inputs @ weights)), np.float64)


def add_answer_calibration(model: Model, singles: int = SINGLE_PICTURES, lines: int = LINE_PICTURES) -> Model:
    """The same parameters, with the thresholds of single digits and lines in their provenance."""
    calibration = json.loads(json.dumps(calibrate_answers(model, singles, lines).to_json()))
    return replace(model, provenance=model.provenance | {"calibration": calibration})


class _AnswerSampler:
    """Draws with the digits and fonts held out, and reads with one model, in its own process."""

    def __init__(self, model: Model) -> None:
        cv2.setNumThreads(1)
        with model.checked_provenance() as provenance:  # which digits it was not trained on
            seed = provenance.record("options", default={}).number("seed", default=SEED)
        split = data.split_validation(data.load("mnist"), VALIDATION_EXAMPLES, seed=int(seed))
        self.digits, self.labels = split.validation_images, split.validation_labels.astype(np.uint8)
        self.renderer = StrokeRenderer(self.digits, self.labels, load_handwriting_fonts("validation"))
        self.reader = Reader(_accept_all_lines(model))


def _accept_all_lines(model: Model) -> Model:
    """The model with a minimum confidence of 0 for lines: what is rejected then is rejected for another reason."""
    calibration = Calibration.of(model).to_json() | {"line": {"least": 0.0}}
    return replace(model, provenance=model.provenance | {"calibration": calibration})


_samplers: list[_AnswerSampler] = []  # one in each process


def _start_worker(model: Model) -> None:
    _samplers.append(_AnswerSampler(model))


def _read_singles(chunk: int) -> list[Answer]:
    [judge], rng, answers = _samplers, np.random.default_rng([SEED, 1, chunk]), []
    for _ in range(_CHUNK_PICTURES):
        drawing, label = draw_degraded_digit(judge.renderer, rng)
        answers.append(_to_answer(judge.reader.read(photograph_line(drawing, rng), single=True), str(label)))
    return answers


def _read_lines(chunk: int) -> list[Answer]:
    [judge], rng, answers = _samplers, np.random.default_rng([SEED, 2, chunk]), []
    writer = Writer(judge.digits, judge.labels, rng)
    for _ in range(_CHUNK_PICTURES):
        text = "".join(map(str, rng.integers(0, 10, rng.integers(*LINE_LENGTHS))))
        style = replace(WritingStyle.sample(rng), gap=float(rng.choice(LINE_GAPS)), link_probability=0.0)
        reading = judge.reader.read(photograph_line(writer.write_line(text, style), rng))
        if not reading.is_rejected:  # else something else than its confidence decides
            answers.append(_to_answer(reading, text))
    return answers


def _to_answer(reading: Reading, text: str) -> Answer:
    """The confidence of a reading of one line, 0 without any, and whether it is wrong."""
    return min(reading.confidences, default=0.0), reading.text.replace(" ", "") != text


def _cross_entropy(calibration: Calibration, network: Network, part: ScoredPictures) -> float:
    outputs, labels = part
    digits = calibration.probabilities(network, outputs).astype(np.float64)
    probabilities = np.concatenate([digits, np.maximum(1 - digits.sum(axis=1, keepdims=True), 0)], axis=1)
    return float(-np.log(np.maximum(probabilities[np.arange(len(labels)), labels], 1e-7)).mean())


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Calibrate the confidence of the answers read with a model.")
    parser.add_argument("model", nargs="?", default="pretrained", help="a weights file or a run's folder")
    parser.add_argument("--output", type=Path, help="the weights file that is written; the calibration is printed, too")
    options = parser.parse_args()
    model = add_answer_calibration(load(options.model))
    print(json.dumps(model.provenance["calibration"], indent=1))
    if options.output:
        model.save(options.output)


if __name__ == "__main__":
    main()
