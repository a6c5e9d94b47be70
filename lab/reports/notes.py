"""Deviations of each row from the papers, what was tried and what is open, as keys of tables of `lab.reports.texts`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Notes:
    """The notes of one row.

    Attributes:
        deviations: keys of the table of that name: points where the row differs from the papers or fills what they
            leave open.
        questions: keys of the table of that name: what no publication answers.
        tried: keys of the table of that name: experiments where a printed figure is missed, and their results.
        inapplicable_deviations: texts of deviations of the network's description that do not hold in this row.
    """

    deviations: tuple[str, ...]
    questions: tuple[str, ...]
    tried: tuple[str, ...] = ()
    inapplicable_deviations: tuple[str, ...] = ()


_LENET_5 = ("sum-not-average", "init-with-biases", "equation-9", "halved", "curvature-start", "mnist-range", "float32")
_LENET_4 = (
    "lenet-4-table",
    "lenet-4-hidden",
    "lenet-4-targets",
    "squared-error",
    "init",
    "lenet-5-schedule",
    "float32",
)

NOTES = {
    "lenet-1989": Notes(
        (
            "eight-of-twelve",
            "padding-1989",
            "init",
            "zip-schedule",
            "targets-1989",
            "squared-error",
            "reject-score-1989",
            "gray-levels-1989",
            "float32",
        ),
        questions=("eight-of-twelve", "zip-rates", "biases"),
        tried=("zip",),
    ),
    "lenet-1": Notes(
        ("reduced", "init", "squared-error", "lenet-1-schedule", "float32"),
        questions=("reduction", "schedules", "biases"),
        tried=("lenet-1",),
        inapplicable_deviations=("the papers put a 16×16 digit into the 28×28 field; MNIST's digits are up to 20×20",),
    ),
    "lenet-4": Notes(
        _LENET_4,
        questions=("lenet-4", "schedules", "biases"),
        tried=("lenet-4",),
    ),
    "lenet-4-boosted": Notes(
        (*_LENET_4, "distortion-ranges", "boosting-stream", "boosting-alone", "boosting-threshold"),
        questions=("lenet-4", "boosting", "distortions", "schedules"),
    ),
    "lenet-5": Notes(
        _LENET_5,
        questions=("j", "loss", "biases"),
        tried=("j", "biases", "curvature", "j-training"),
    ),
    "lenet-5-distorted": Notes(
        (*_LENET_5, "distortion-ranges"),
        questions=("distortions", "j", "loss"),
        tried=("distorted",),
    ),
    "figure-5": Notes(
        (*_LENET_5, "figure-5-read"),
        questions=("j", "loss"),
        tried=("j-training",),
    ),
    "figure-6": Notes(
        (*_LENET_5, "distortion-ranges", "subsets"),
        questions=("subsets", "distortions", "j"),
    ),
    "figure-10": Notes(
        (*_LENET_4, "reduced", "distortion-ranges", "boosting-stream", "boosting-alone", "rejection"),
        questions=("reduction", "lenet-4", "boosting"),
    ),
    "noise": Notes(
        (*_LENET_5, "noise"),
        questions=("noise",),
    ),
    "robustness": Notes(
        (*_LENET_5, "distortion-ranges", "robustness"),
        questions=("robustness", "distortions"),
    ),
    "sdnn": Notes(
        (
            "sum-not-average",
            "blank-code",
            "transducer",
            "windows",
            "windows-distorted",
            "windows-inverted",
            "string-gaps",
            "string-loss",
            "string-optimizer",
            "init",
            "mnist-range",
            "float32",
        ),
        questions=("transducer", "blanks", "strings"),
    ),
    "details": Notes(
        (*_LENET_5, "details-order", "details-all", "details-size", "details-seconds"),
        questions=("details", "j"),
    ),
}
"""By the name of the row."""
