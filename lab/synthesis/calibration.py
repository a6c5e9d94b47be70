"""Calibrate a model on validation data, and write its calibration into the provenance of its file.

    python -m lab.synthesis.calibration [MODEL] [--output FILE]

Two things are calibrated. The softmax of normalized pictures, by `calibrate`: its temperature, and the minimum
probabilities at which given shares of the accepted answers are wrong. And the confidence of the reader's answers, by
`calibrate_answers`: single digits and lines are drawn with the digits and fonts that no network was trained on,
photographed and read. The command calibrates the answers of a model whose softmax is calibrated; the model's parameters
stay as they are, bit for bit.
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

from lab.command_line import run_command
from lab.synthesis.datasets import NO_DIGIT_LABEL
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

# Shares are of 1. Users may ask for a share of errors; the defaults hold where they do not.
ERROR_SHARES = (0.05, 0.02, 0.01, 0.005, 0.002, 0.001)  # shares of errors among accepted answers that can be asked for
NO_DIGIT_ACCEPTED_SHARE = 0.0125  # default, of candidates that are no digit: the share that may be accepted
DEFAULT_ERROR_SHARE = 0.005  # default of a network that has no "no digit" output
SINGLE_ERROR_SHARE, LINE_ERROR_SHARE = 0.01, 0.02  # defaults of accepted single digits, and of lines
PENALTY_TEMPERATURE_FACTOR = 10  # penalties are sums over tens of units: their temperatures are ten times as high
_MIN_ERRORS = 10  # that a threshold must rest on, or chance sets it
_MIN_ANSWER_ERRORS = 4  # the same of pictures drawn and read, of which there are fewer

SINGLE_PICTURES, LINE_PICTURES = 6_000, 8_000  # that are drawn and read
LINE_GAPS = (0.1, 0.2, 0.3)  # between the digits of a line, in digit heights: on forms and cheques they stand apart
LINE_LENGTHS = (MIN_DIGITS, 6)  # lowest number of digits of a line, and the one above the highest
_CHUNK_PICTURES = 50  # that share a seed

ScoredPictures = tuple[NDArray[np.float32], NDArray[np.integer]]  # outputs for each view (views, N, 11), labels (N,)
Answer = tuple[float, bool]  # the confidence of an answer, and whether it is wrong


def calibrate(network: Network, parts: list[ScoredPictures]) -> Calibration:
    """Fit the temperature and the thresholds of normalized pictures, every part with the same weight.

    The temperature minimizes the cross-entropy. The threshold for a share of errors is the lowest probability above
    which at most that share of the answers is wrong, answers to what is no digit included. The default threshold is the
    one that NO_DIGIT_ACCEPTED_SHARE of what is no digit exceeds; if no part has any, the one for DEFAULT_ERROR_SHARE.
    """
    temperatures = np.arange(0.5, 3.0, 0.02) * (PENALTY_TEMPERATURE_FACTOR if network.smallest_wins else 1)
    candidates = [Calibration(temperature=float(temperature)) for temperature in temperatures]
    best = min(candidates, key=lambda candidate: sum(_cross_entropy(candidate, network, part) for part in parts))
    part_confidences, part_errors, part_weights = [], [], []
    for outputs, labels in parts:
        probabilities = best.probabilities(network, outputs)
        part_confidences.append(probabilities.max(axis=1))
        part_errors.append(probabilities.argmax(axis=1) != labels)
        part_weights.append(np.full(len(labels), 1 / len(labels)))
    confidences = np.concatenate(part_confidences)
    order = np.argsort(-confidences, kind="stable")
    errors, weights = np.concatenate(part_errors)[order], np.concatenate(part_weights)[order]
    error_shares = np.cumsum(errors * weights) / np.cumsum(weights)
    thresholds = []
    for error_share in ERROR_SHARES:
        admissible = np.flatnonzero((error_shares <= error_share) & (np.cumsum(errors) >= _MIN_ERRORS))
        if len(admissible):
            thresholds.append((error_share, round(float(confidences[order][admissible[-1]]), 5)))
    is_no_digit = np.concatenate([labels for _, labels in parts]) == NO_DIGIT_LABEL
    minimum = (
        float(np.quantile(confidences[is_no_digit], 1 - NO_DIGIT_ACCEPTED_SHARE))
        if is_no_digit.any()
        else dict(thresholds).get(DEFAULT_ERROR_SHARE, 1.0)  # 1 where so few errors were not reached
    )
    return Calibration(round(best.temperature, 3), Acceptance(round(minimum, 5), tuple(thresholds)))


def calibrate_answers(model: Model, singles: int = SINGLE_PICTURES, lines: int = LINE_PICTURES) -> Calibration:
    """Fit the thresholds of single digits and lines to so many pictures drawn and read; the model's calibration."""
    with ProcessPoolExecutor(
        len(os.sched_getaffinity(0)), get_context("forkserver"), initializer=_start_worker, initargs=(model,)
    ) as workers:

        def collect(read: Callable[[int], list[Answer]], pictures: int) -> NDArray[np.float64]:
            chunks = workers.map(read, range(-(-pictures // _CHUNK_PICTURES)))
            return np.array([answer for chunk in chunks for answer in chunk], np.float64)

        single_answers, line_answers = collect(_read_singles, singles), collect(_read_lines, lines)
    calibration = Calibration.of(model)
    shares = [share for share, _ in calibration.digit.thresholds]
    single = fit_acceptance(single_answers, SINGLE_ERROR_SHARE, shares)
    line = fit_acceptance(line_answers, LINE_ERROR_SHARE, shares)
    return replace(calibration, single=single, line=line)


def fit_acceptance(
    answers: NDArray[np.float64], default_share: float, error_shares: Sequence[float] = ERROR_SHARES
) -> Acceptance:
    """Fit the thresholds of confidence for some shares of errors.

    The threshold for a share of errors is the lowest confidence above which at most that share of the answers is wrong.
    If fewer than `_MIN_ANSWER_ERRORS` errors would be left above, it is the one that a logistic regression on all
    answers predicts, but no lower than that of the next larger share.

    Args:
        answers: (N, 2), the confidence of each and whether it is wrong (0 or 1).
        default_share: of errors, 0 to 1; its threshold becomes the default.
        error_shares: of errors, whose thresholds can be asked for.
    """
    confidences, errors = answers[np.argsort(-answers[:, 0], kind="stable")].T
    counts = np.arange(1, len(confidences) + 1)
    measured_shares = np.cumsum(errors) / counts
    predicted_shares = np.cumsum(_fit_error_probabilities(confidences, errors)) / counts
    thresholds: dict[float, float] = {}
    for error_share in sorted({*error_shares, default_share}, reverse=True):
        admissible = np.flatnonzero(measured_shares <= error_share)
        if not len(admissible) or error_share * counts[admissible[-1]] < _MIN_ANSWER_ERRORS:
            admissible = np.flatnonzero(predicted_shares <= error_share)
        threshold = float(confidences[admissible[-1]]) if len(admissible) else 1.0
        thresholds[error_share] = max(round(threshold, 3), *thresholds.values(), 0.0)
    return Acceptance(thresholds[default_share], tuple((share, thresholds[share]) for share in error_shares))


def _fit_error_probabilities(confidences: NDArray[np.float64], errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fit the probability that each answer (N,) is wrong, by logistic regression on the log-odds of its confidence."""
    clipped = np.clip(confidences, 1e-6, 1 - 1e-6)
    inputs, weights = np.stack([np.ones(len(clipped)), np.log(clipped / (1 - clipped))], axis=1), np.zeros(2)
    for _ in range(30):  # Newton's method
        predicted = 1 / (1 + np.exp(-inputs @ weights))
        hessian = inputs.T @ (inputs * (predicted * (1 - predicted))[:, None]) + 1e-6 * np.eye(2)
        weights += np.linalg.solve(hessian, inputs.T @ (errors - predicted))
    return np.asarray(1 / (1 + np.exp(-inputs @ weights)), np.float64)


def add_answer_calibration(model: Model, singles: int = SINGLE_PICTURES, lines: int = LINE_PICTURES) -> Model:
    """The model with its parameters, and the thresholds of single digits and lines in its provenance."""
    calibration = json.loads(json.dumps(calibrate_answers(model, singles, lines).to_json()))
    return replace(model, provenance=model.provenance | {"calibration": calibration})


class _AnswerSampler:
    """Draws pictures with the validation digits and fonts, and reads them with one model; one in each process."""

    def __init__(self, model: Model) -> None:
        cv2.setNumThreads(1)
        with model.checked_provenance() as provenance:  # the seed that decides which digits it was not trained on
            seed = provenance.record("options", default={}).number("seed", default=SEED)
        split = data.split_validation(data.load("mnist"), VALIDATION_EXAMPLES, seed=int(seed))
        self.digits, self.labels = split.validation_images, split.validation_labels.astype(np.uint8)
        self.renderer = StrokeRenderer(self.digits, self.labels, load_handwriting_fonts("validation"))
        self.reader = Reader(_accept_all_lines(model))


def _accept_all_lines(model: Model) -> Model:
    """The model with a minimum confidence of 0 for lines: a line that is rejected has another reason then."""
    calibration = Calibration.of(model).to_json() | {"line": {"least": 0.0}}
    return replace(model, provenance=model.provenance | {"calibration": calibration})


_samplers: list[_AnswerSampler] = []  # of this worker process: one, which _start_worker makes


def _start_worker(model: Model) -> None:
    _samplers.append(_AnswerSampler(model))


def _read_singles(chunk: int) -> list[Answer]:
    """Draw and read a chunk of single digits."""
    [sampler], rng, answers = _samplers, np.random.default_rng([SEED, 1, chunk]), []
    for _ in range(_CHUNK_PICTURES):
        drawing, label = draw_degraded_digit(sampler.renderer, rng)
        answers.append(_to_answer(sampler.reader.read(photograph_line(drawing, rng), single=True), str(label)))
    return answers


def _read_lines(chunk: int) -> list[Answer]:
    """Draw and read a chunk of lines; those that are rejected for another reason than their confidence are left out."""
    [sampler], rng, answers = _samplers, np.random.default_rng([SEED, 2, chunk]), []
    writer = Writer(sampler.digits, sampler.labels, rng)
    for _ in range(_CHUNK_PICTURES):
        text = "".join(map(str, rng.integers(0, 10, rng.integers(*LINE_LENGTHS))))
        style = replace(WritingStyle.sample(rng), gap=float(rng.choice(LINE_GAPS)), link_probability=0.0)
        reading = sampler.reader.read(photograph_line(writer.write_line(text, style), rng))
        if not reading.is_rejected:
            answers.append(_to_answer(reading, text))
    return answers


def _to_answer(reading: Reading, text: str) -> Answer:
    """The confidence of a reading of one line (0 if it has none), and whether it differs from the text."""
    return min(reading.confidences, default=0.0), reading.text.replace(" ", "") != text


def _cross_entropy(calibration: Calibration, network: Network, part: ScoredPictures) -> float:
    outputs, labels = part
    digits = calibration.probabilities(network, outputs).astype(np.float64)
    no_digit = np.maximum(1 - digits.sum(axis=1, keepdims=True), 0)
    probabilities = np.concatenate([digits, no_digit], axis=1)
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
    run_command(main)
