"""Digit strings: space-displacement networks of each seed, compared with segmentation [LeCun98, VII].

Each seed learns from windows of its own and chooses the costs of its transducer on strings of training digits that it
has not learned from. All read the same strings of test digits, and so does `lenet.reading`, which cuts them; it has no
seed, and reads once.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lenet.data import Dataset, split_validation
from lenet.errors import TrainingError, WeightsError
from lenet.evaluation.metrics import wilson_interval
from lenet.experiments import version_1
from lenet.experiments.plan import Plan
from lenet.figures.displacement import Displaced
from lenet.files import write_result
from lenet.model import Model, load
from lenet.reading import Reader
from lenet.sdnn.digit_strings import GAPS, INK, DigitStrings, write_strings
from lenet.sdnn.displacement import BLANK, Displacement, network_with_blank
from lenet.sdnn.reader import StringReader, choose_grammar, with_grammar
from lenet.sdnn.windows import WindowStream
from lenet.training import fit
from lenet.training.progress import NullProgress
from lenet.training.side_by_side import side_by_side
from lenet.training.stream import Patterns

Mask = NDArray[np.bool_]

DIGITS = 5
EXAMPLE, EXAMPLE_GAP = "string-input.png", 1
SEGMENTED = ("segmentation", "segmentation, length known")

_DRAWN_BY = 0  # the strings of test digits
_PHASES = 1
_ENLARGED, _MARGIN = 2, 8  # for segmentation, whose strokes are made for more pixels than these fields have


@dataclass(frozen=True)
class Amounts:
    """Numbers of digits and strings for each purpose.

    Attributes:
        kept_back: training digits that are not learned from; their strings choose the costs.
        choosing: such strings at each gap.
        segmented: strings of test digits at each gap that are read by segmentation too.
    """

    kept_back: int = 5_000
    choosing: int = 500
    segmented: int = 400

    def split(self, training: Patterns) -> tuple[Patterns, Patterns]:
        """Split training digits into those to learn from and the held-out ones."""
        digits = training.images, training.labels
        dataset = Dataset("digits", *digits, *digits, tuple("0123456789"))
        split = split_validation(dataset, self.kept_back)
        return (
            Patterns(split.train_images, split.train_labels),
            Patterns(split.validation_images, split.validation_labels),
        )


QUICK = Amounts(kept_back=50, choosing=5, segmented=2)


def strings_of(digits: Patterns, seed: int, maximum: int | None = None) -> dict[int, DigitStrings]:
    """Generate digit strings at each gap; within a gap no digit is used twice.

    Args:
        digits: uint8 (N, 28, 28), ink-high.
        seed: draws strings and heights.
        maximum: so many strings at each gap; as many as there are digits for if None.
    """
    count = min(len(digits) // DIGITS, maximum or len(digits))
    rng = np.random.default_rng(seed)
    return {
        gap: write_strings(
            digits.images, digits.labels, rng.permutation(len(digits))[: count * DIGITS].reshape(count, DIGITS),
            rng, [gap],
        )
        for gap in GAPS
    }  # fmt: skip


def amounts_of(quick: bool) -> Amounts:
    """The amounts of a quick or of a full run."""
    return QUICK if quick else Amounts()


def count_windows(plan: Plan, digits: int) -> int:
    """Approximate number of windows that all seeds are presented, of so many training digits."""
    learned = digits - amounts_of(plan.quick).kept_back
    assert plan.windows is not None
    return len(plan.seeds) * plan.passes * round(learned * (1 + plan.windows.blanks))


def train_readers(
    folder: Path, plan: Plan, training: Patterns, data: Mapping[str, Any], *, amounts: Amounts, progress: NullProgress
) -> list[Model]:
    """Train the network of each seed and choose its transducer's costs, or load it; a core for each.

    Args:
        folder: where the run of each seed lies, and beside it the model that came out.
        training: digits uint8 (N, 28, 28); strings of the held-out ones choose the costs.
        data: the description of the data set, for the provenance.

    Returns:
        Models that `StringReader` takes; their provenance holds the costs, ``validation_right`` in percent and
        ``history``.

    Raises:
        TrainingError: if a file there is damaged, or was made in another way.
        EngineError: if there is no native engine.
    """
    learned, held_out = amounts.split(training)
    return side_by_side(
        [
            partial(_train_reader, folder, plan, seed, learned, held_out, data, amounts.choosing, progress)
            for seed in plan.seeds
        ],
        progress,
    )


def _train_reader(
    folder: Path,
    plan: Plan,
    seed: int,
    learned: Patterns,
    held_out: Patterns,
    data: Mapping[str, Any],
    choosing: int,
    progress: NullProgress,
) -> Model:
    path, recipe = folder / f"seed-{seed}.safetensors", replace(plan.recipe, seed=seed)
    assert plan.windows is not None
    provenance = {"reproduction": "sdnn", "seed": seed, "data": dict(data), "recipe": recipe.to_json(),
                  "passes": plan.passes, "windows": asdict(plan.windows)}  # fmt: skip
    stream = WindowStream(learned.images, learned.labels, plan.windows, seed, {"name": str(data["name"])})
    for existing in (path, folder.parent / "lanes" / path.name):  # version 0.1 kept them there
        if existing.exists():
            progress.skip(plan.passes * stream.examples)
            return _load_checked(existing, provenance)
    run = fit(
        plan.network, stream, recipe, folder / f"seed-{seed}", resume=True, until=plan.passes, device="cpu",
        threads=1,  # so that the number of cores changes no bit
        progress=progress.part(f"seed {seed}"),
    )  # fmt: skip
    model = Model(plan.network, run.model.parameters)
    strings = strings_of(held_out, seed, choosing)
    grammar, right = choose_grammar(Displacement(model, _PHASES), list(strings.values()))
    history = [{"seed": seed, **row} for row in run.history]
    full_provenance = {**provenance, "validation_right": round(100 * right, 2), "history": history}
    model = with_grammar(model, grammar, _PHASES, **full_provenance)
    model.save(path)
    return model


def _load_checked(path: Path, provenance: Mapping[str, Any]) -> Model:
    try:
        model = load(path, expect=network_with_blank())
        with model.checked_provenance() as record:
            record.number("validation_right", 0, 100)
            record.record("grammar")
            record.records("history")
            stored = version_1.reader_provenance(record) if path.parent.name == "lanes" else record.values
    except WeightsError as error:
        raise TrainingError(f"{error}; delete it to train this seed again") from None
    for name, value in provenance.items():
        if stored.get(name) != value:
            raise TrainingError(f"{path}: was made with another {name}; delete it or choose another folder with --out")
    return model


def history_of(readers: Sequence[Model]) -> list[dict[str, Any]]:
    """The rows of all seeds' histories."""
    return [row for model in readers for row in model.provenance["history"]]


def measure(readers: Sequence[Model], test: Patterns, amounts: Amounts, progress: NullProgress) -> dict[str, Any]:
    """Measure the networks and segmentation on strings of test digits.

    Returns:
        ``figures``: percent of the strings wholly right, by seed; ``amounts``; ``beside``: for each gap, how both read
        the strings that segmentation reads too; ``grammars``: costs by seed; ``milliseconds`` that a string takes.
    """
    strings, cutter = strings_of(test, _DRAWN_BY), Reader()
    string_readers = [StringReader(model) for model in readers]
    figures, comparisons = {}, []
    milliseconds: dict[str, list[float]] = {name: [] for name in ("displacement", *SEGMENTED)}
    for gap, at_gap in strings.items():
        right = [
            _read_right(partial(_read_texts, reader), at_gap.fields, at_gap.texts, milliseconds["displacement"])
            for reader in string_readers
        ]
        figures[("strings_right", _gap_part(gap))] = [100 * float(mask.mean()) for mask in right]
        fields, texts = at_gap.fields[: amounts.segmented], at_gap.texts[: amounts.segmented]
        masks = {
            name: _read_right(partial(segmented, cutter, length=length), fields, texts, milliseconds[name])
            for name, length in zip(SEGMENTED, (None, DIGITS), strict=True)
        }
        shares = {name: _share(mask) for name, mask in masks.items()}
        comparisons.append(
            {
                "gap": gap,
                "touching": 100 * _touching(at_gap),
                "strings": len(texts),
                "displacement": [100 * float(mask[: len(texts)].mean()) for mask in right],
                **shares,
            }
        )
        progress.note(f"gap {gap}: segmentation reads {shares[SEGMENTED[0]]['right']:.1f} % of {len(texts)} strings")
    grammars = [
        {**model.provenance["grammar"], "validation_right": model.provenance["validation_right"]} for model in readers
    ]
    return {
        "figures": figures,
        "amounts": asdict(amounts),
        "beside": comparisons,
        "grammars": grammars,
        "milliseconds": {name: round(float(np.mean(times)), 2) for name, times in milliseconds.items()},
    }


def _gap_part(gap: int) -> str:
    """Name of a gap among the parts of a row's figures.

    >>> _gap_part(-1)
    'gap −1'
    """
    return f"gap {gap}".replace("-", "−")


def _read_texts(reader: StringReader, fields: NDArray[np.uint8]) -> list[str]:
    return [path.text for path in reader.read(fields)]


def segmented(reader: Reader, fields: NDArray[np.uint8], length: int | None = None) -> list[str]:
    """Read fields, uint8 (N, 32, width), ink-high, by segmentation; blanks between the digits are removed.

    Args:
        length: the number of digits, if known.
    """
    answers = []
    for field in fields:
        field = np.pad(field, _MARGIN)
        size = (field.shape[1] * _ENLARGED, field.shape[0] * _ENLARGED)
        large = np.asarray(Image.fromarray(field).resize(size, Image.Resampling.BICUBIC))
        answers.append("".join(reader.read(large, "ink-high", length=length).text.split()))
    return answers


def _read_right(
    read: Callable[[NDArray[np.uint8]], list[str]],
    fields: NDArray[np.uint8],
    texts: Sequence[str],
    milliseconds: list[float],
) -> Mask:
    """Mask of the strings that are read wholly right; appends the time for each string to ``milliseconds``."""
    start = time.perf_counter()
    answers = read(fields)
    milliseconds.append(1e3 * (time.perf_counter() - start) / len(texts))
    return np.array([answer == text for answer, text in zip(answers, texts, strict=True)])


def _share(right: Mask) -> dict[str, float]:
    """Percentage that is right, with its 95 % interval."""
    low, high = wilson_interval(int((~right).sum()), len(right))
    return {"right": 100 * float(right.mean()), "low": 100 - high, "high": 100 - low}


def _touching(strings: DigitStrings) -> float:
    """Share of strings with touching digits: with fewer connected components than digits."""
    import cv2  # here, because most rows need none

    component_counts = [cv2.connectedComponents((field >= INK).astype(np.uint8))[0] - 1 for field in strings.fields]
    return float(np.mean([count < DIGITS for count in component_counts]))


def save_example(folder: Path, test: Patterns) -> None:
    """Save the first string with a gap of 1, however it is read, for the row's chart."""
    strings, content = strings_of(test, _DRAWN_BY)[EXAMPLE_GAP], BytesIO()
    Image.fromarray(strings.fields[0][:, : -(-int(strings.ends[0]) // 4) * 4]).save(content, "png")
    write_result(folder / EXAMPLE, content.getvalue())


def example(folder: Path) -> Displaced:
    """Outputs of the first seed's network for the saved string.

    Raises:
        TrainingError: if the string is not there or not readable.
    """
    reader = StringReader(load(folder / "weights.safetensors"))
    try:
        with Image.open(folder / EXAMPLE) as picture:
            field = np.asarray(picture.convert("L"))
    except OSError as error:
        raise TrainingError(f"{folder / EXAMPLE}: not readable as a picture ({error}); run the row again") from None
    columns, path = reader.displacement.columns(field[None]), reader.read(field[None])[0]
    return Displaced(
        field,
        reader.displacement.maps(field)["c3_squash"],
        columns.codes[0],
        columns.centers,
        ["" if kind == BLANK else str(kind) for kind in path.classes],
        [(digit, first, last) for digit, (first, last) in zip(path.text, path.digit_columns, strict=True)],
    )
