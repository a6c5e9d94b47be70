"""The description that lenet's own exports carry beside arrays or graph: network, classes, and how to use them.

A PyTorch state dict holds it as the member `MEMBER` of its archive, an ONNX model as the property `MEMBER`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lenet.architecture import Network
from lenet.errors import ArchitectureError, WeightsError
from lenet.records import Record, RecordError

MEMBER = "lenet.json"
MAX_BYTES = 1 << 22
PROVENANCE_KEYS = ("reject_class", "calibration", "pictures")
_READ_KEYS = (*PROVENANCE_KEYS, "refusal")  # the former key of the reject class, which `Model` renames


@dataclass(frozen=True)
class Description:
    """The description of a model in its file; empty for files of other programs.

    Attributes:
        network: the network; None if unknown.
        class_names: one for each class; empty if unknown.
        provenance: what of the model's provenance is needed to use it: `PROVENANCE_KEYS`, those that there are.
    """

    network: Network | None = None
    class_names: tuple[str, ...] = ()
    provenance: dict[str, Any] = field(default_factory=dict)


def description_text(network: Network, class_names: Sequence[str], provenance: Mapping[str, Any]) -> str:
    """Encode a description as JSON; the same description gives the same text."""
    needed = {key: provenance[key] for key in PROVENANCE_KEYS if key in provenance}
    values = {"network": network.to_json(), "class_names": list(class_names), "provenance": needed}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def parse_description(text: str) -> Description:
    """Decode a description.

    Raises:
        WeightsError: if it is damaged; the text names no path.

    >>> parse_description('{"class_names": ["cat", "dog"]}').class_names
    ('cat', 'dog')
    """
    try:
        record = Record.parsed(text)
        network = record.value("network", default=None)
        provenance = record.record("provenance", default={})
        return Description(
            None if network is None else Network.from_json(network),
            record.texts("class_names", default=[]),
            {key: value for key, value in provenance.values.items() if key in _READ_KEYS},
        )
    except (RecordError, ArchitectureError) as error:
        raise WeightsError(f"its description is damaged ({error})") from None
