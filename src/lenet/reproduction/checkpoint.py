"""What is kept between two passes: a learner's state, how it was begun, and what else it goes on with."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from lenet.errors import TrainingError
from lenet.files import write_atomically

Array = NDArray[Any]


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
    path: Path, settings: Mapping[str, Any], known: Sequence[str]
) -> tuple[dict[str, Array], dict[str, Any]] | None:
    """The state that was kept, and what was known beside it, by these names; None if nothing was kept.

    Raises:
        TrainingError: if the file is damaged, or was begun with other settings.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            place = json.loads((file.metadata() or {})["lenet"])
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it has no __iter__)
        begun, found = dict(place["settings"]), {name: place[name] for name in known}
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise TrainingError(
            f"{path}: not readable as networks under way ({error}); delete it to start afresh"
        ) from None
    for name, value in settings.items():
        if begun.get(name) != value:
            raise TrainingError(f"{path}: was begun with another {name}; delete it or choose another folder with --out")
    return state, found
