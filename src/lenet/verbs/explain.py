"""The verb ``explain``: the interactive page about models as one HTML file."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from lenet.errors import LeNetError
from lenet.files import check_writable
from lenet.model import Model
from lenet.naming import resolve_name
from lenet.page import write_page
from lenet.page.document import DEFAULT_MODELS
from lenet.verbs.describe import load_or_create, title_of


def explain(
    models: Model | str | Path | Sequence[Model | str | Path] = DEFAULT_MODELS,
    output: str | Path = "lesson.html",
    *,
    language: Literal["en", "zh"] | None = None,
) -> Path:
    """Write one HTML file that runs models in the browser on what is drawn there; it needs no connection.

    Args:
        models: one, or several to compare: models, files, runs' folders, names that ship, or TOML files of networks,
            which are models with first weights.
        output: the file to write; its name ends in ``.html``.
        language: the one that the page starts in; the browser's if None.

    Returns:
        The file's path.

    Raises:
        LeNetError: if the name is another, there are too many models, or the file cannot be written.
        WeightsError, UnknownName: as `lenet.load`; and UnknownName if there is no such language.
    """
    output = Path(output)
    if output.suffix.lower() not in (".html", ".htm"):
        raise LeNetError(f"{output}: expected a file's name that ends in .html")
    if language is not None:
        resolve_name("language", language, ("en", "zh"))
    check_writable(output)
    sources = [models] if isinstance(models, str) or not isinstance(models, Iterable) else list(models)
    page_models = [load_or_create(source) for source in sources]
    write_page(
        output, page_models, language, titles=[title_of(*pair) for pair in zip(sources, page_models, strict=True)]
    )
    return output
