"""HTML representations for notebooks: small, with every text escaped and every picture inside.

Objects call this from their ``_repr_html_``, wherever they live: it is the one room that others call upward.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from lenet.summary import summarize
from lenet.summary.tables import TEXT_COLUMNS, table_rows

if TYPE_CHECKING:
    from PIL import Image

    from lenet.architecture import Network
    from lenet.evaluation import Evaluation
    from lenet.forms.results import FormReading
    from lenet.model import Model
    from lenet.reading import Reading
    from lenet.training import Run

_SCALE = 3  # screen pixels for each pixel of a digit
_MAX_CLASSES = 20  # of a confusion matrix


def text_html(text: str) -> str:
    """Lines of text, as they are printed."""
    return f'<pre style="white-space:pre-wrap">{escape(text)}</pre>'


def network_html(network: Network) -> str:
    """The counts of a network as a table."""
    headings, rows = table_rows(summarize(network))
    return _titled_html(f"{network.name}: {network.description}", _table_html(headings, rows, texts=TEXT_COLUMNS))


def model_html(model: Model) -> str:
    """The network of a model, its classes, and its training data."""
    data = f"; trained on {model.trained_on}" if model.trained_on else ""
    return network_html(model.network) + f"<p>classes: {escape(', '.join(model.class_names))}{escape(data)}</p>"


def run_html(run: Run) -> str:
    """The learning curves of a run, and how good its best model is."""
    from lenet.training.curves import curves_picture

    if not run.history_path.exists():
        return f"<p>{escape(str(run.folder))}: no epoch is done yet</p>"
    best = [row for row in run.history if row["best"]]
    if not best:
        title = f"{run.folder}: {len(run.models)} networks, trained side by side"
    else:
        rate = best[-1].get("validation_error_rate")
        validation = "" if rate is None else f", validation error {rate:.2f} %"
        title = f"{run.folder}: best in epoch {best[-1]['epoch']}{validation}"
    return f"<p>{escape(title)}</p>" + _image_html(curves_picture(run))


def evaluation_html(evaluation: Evaluation) -> str:
    """The error rate and the confusion matrix."""
    names, counts = evaluation.class_names, evaluation.confusion
    title = f"{evaluation.network} on {evaluation.data}, {evaluation.split} split: {evaluation}"
    if len(names) > _MAX_CLASSES:
        return _titled_html(title, "")
    rows = [
        (name, *(f"{count:,}" if count else "" for count in row[: len(names)]))
        for name, row in zip(names, counts.tolist(), strict=False)
    ]
    return _titled_html(title, _table_html(("is / was read as", *names), rows, texts=1))


def reading_html(reading: Reading) -> str:
    """The annotated picture if the reading keeps its steps, else each digit as the network saw it."""
    title = f"{reading.name}: {reading.accepted_text.replace(chr(10), ' | ') or reading.remark}"
    if reading.steps is not None:
        from lenet.reading.drawing.annotation import annotated

        return _titled_html(title, _image_html(annotated(reading)))
    digits = "".join(
        f'<figure style="display:inline-block;margin:2px;text-align:center">{_digit_html(digit.image)}'
        f"<figcaption>{escape(digit.label)}{'?' if digit.is_rejected else ''} {digit.probability:.0%}</figcaption>"
        "</figure>"
        for digit in reading.digits
    )
    return _titled_html(title, digits)


def form_html(reading: FormReading) -> str:
    """What every field of a form's page says, and why it is not sure; of another page, why it is rejected."""
    title = f"{reading.path}, page {reading.page}: {reading.reason if reading.is_rejected else reading.form}"
    rows = [(field.name, field.text, field.status, field.reason) for field in reading.fields]
    return _titled_html(title, _table_html(("field", "text", "status", "reason"), rows, texts=4) if rows else "")


def _digit_html(levels: Any) -> str:
    from PIL import Image

    picture = Image.fromarray(255 - levels)
    return _image_html(picture.resize((picture.width * _SCALE, picture.height * _SCALE), Image.Resampling.NEAREST))


def _image_html(picture: Image.Image) -> str:
    file = io.BytesIO()
    picture.save(file, "png")
    content = base64.b64encode(file.getvalue()).decode()
    return f'<img style="max-width:100%" src="data:image/png;base64,{content}" alt="">'


def _titled_html(title: str, body: str) -> str:
    return f"<p>{escape(title)}</p>{body}"


def _table_html(headings: Sequence[str], rows: Iterable[Sequence[str]], texts: int) -> str:
    """A table whose first ``texts`` columns hold texts, the others numbers."""

    def row(cells: Sequence[str], tag: str) -> str:
        sides = ("left" if index < texts else "right" for index in range(len(cells)))
        return "".join(
            f'<{tag} style="text-align:{side}">{escape(cell)}</{tag}>' for cell, side in zip(cells, sides, strict=True)
        )

    body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in rows)
    return f"<table><thead><tr>{row(headings, 'th')}</tr></thead><tbody>{body}</tbody></table>"
