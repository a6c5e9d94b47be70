"""The verb ``bench``: speed of training and reading, compared with other runtimes."""

import os
from collections.abc import Callable

from lenet.benchmarking import Report, short
from lenet.engine.choice import ENGINE_VARIABLE, choose_engine
from lenet.errors import EngineError


def bench(threads: int | None = None, *, progress: Callable[[str], None] = lambda text: None) -> Report:
    """Compare training and reading with torch, ONNX Runtime, OpenVINO and the roofline, in less than a minute.

    Args:
        threads: CPU threads of every runtime; None takes one per core.
        progress: called with the name of each step.

    Returns:
        The report; printed, it is that of ``lenet bench``. See also its ``to_markdown`` and ``to_json``.

    Raises:
        EngineError: if LENET_ENGINE forces another engine than the native one, or threads is less than 1.
        MissingExtra: if nothing can be measured without an extra.
    """
    if threads is not None and (not isinstance(threads, int) or threads < 1):
        raise EngineError(f"threads is {threads!r}, expected a whole number of at least 1")
    if (engine := choose_engine()) in ("torch", "numpy") and os.environ.get(ENGINE_VARIABLE):
        raise EngineError(
            f"{ENGINE_VARIABLE} is {engine}, but this compares the native engine with other runtimes; unset it"
        )
    return short(threads, progress=progress)
