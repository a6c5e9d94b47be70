"""What is kept between two passes: a learner's state, how it was begun, and what else it goes on with."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save as to_bytes

from lenet.errors import TrainingError, WeightsError
from lenet.files import write_atomically
from lenet.model import read_safetensors
from lenet.records import Record, RecordError

Array = NDArray[Any]
Known = TypeVar("Known")


def keep(path: Path, state: Mapping[str, Array], settings: Mapping[str, Any], **known: Any) -> None:
    """Replace what is kept.

    Args:
        state: the learner's arrays.
        settings: how it was begun, as plain values; `resume` refuses to go on with others.
        known: plain values that the state does not hold, such as the passes so far.
    """
    arrays = {name: np.ascontiguousarray(array) for name, array in state.items()}
    write_atomically(path, to_bytes(arrays, metadata={"lenet": json.dumps({"settings": settings, **known})}))


def resume(
    path: Path, settings: Mapping[str, Any], read: Callable[[Record], Known]
) -> tuple[dict[str, Array], Known] | None:
    """The state that was kept, and what was known beside it; None if nothing was kept.

    Args:
        read: gives what is known from its record, or raises RecordError.

    Raises:
        TrainingError: if the file is damaged, or was begun with other settings.
    """
    if not path.exists():
        return None
    try:
        metadata, state = read_safetensors(path)
        place = Record.parsed(Record(metadata).text("lenet"))
        begun = place.record("settings").values
        for name, value in settings.items():
            if begun.get(name) != value:
                raise TrainingError(
                    f"{path}: was begun with another {name}; delete it or choose another folder with --out"
                )
        return state, read(place)
    except (RecordError, WeightsError) as error:
        raise TrainingError(
            f"{path}: not readable as networks under way ({error}); delete it to start afresh"
        ) from None
