"""Network descriptions as small TOML files, written to be read and changed by hand.

A file holds the description and nothing else; what is left out has its default. Tables and prototypes may be drawn,
listed, or named as the papers name them::

    name = "my-lenet"
    input = [1, 32, 32]

    [[stage]]
    name = "c1"
    layer = "convolution"
    maps = 6
    kernel = 5
    activation = "squash"
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from lenet.architecture import (
    LAYER_KINDS,
    MAX_STAGES,
    Activation,
    ConnectionTable,
    GlobalAveragePooling,
    Network,
    Stage,
    read_stage,
    with_current_keys,
)
from lenet.connections import (
    CHARACTER_CODES,
    LENET_1_H3,
    LENET_4_C3,
    LENET_5_C3,
    LENET_1989_H2,
    draw_connection_table,
    parse_connection_table,
)
from lenet.errors import ArchitectureError, UnknownName, first_line, printable, reason_of
from lenet.files import decode_text
from lenet.naming import resolve_name
from lenet.records import Record, RecordError

TABLES: dict[str, ConnectionTable] = {
    "table I": LENET_5_C3,
    "lenet-4 c3": LENET_4_C3,
    "lenet-1 h3": LENET_1_H3,
    "lenet-1989 h2": LENET_1989_H2,
}
"""Connection tables by name; ``"table I"`` is that of [LeCun98]."""

MAX_BYTES = 1 << 20

_KEYS = {"kernel_size": "kernel"}  # attributes with another name in files
_TOP_KEYS = ("name", "input", "input_range", "source", "description", "deviations", "stage")


def names_toml(name: object) -> bool:
    """Whether a name is that of a TOML file.

    >>> names_toml("my.toml"), names_toml("lenet-5")
    (True, False)
    """
    return isinstance(name, str | Path) and Path(name).suffix.lower() == ".toml"


def read_toml(path: str | Path) -> Network:
    """The network that a TOML file describes; without a name of its own it has the file's.

    Raises:
        ArchitectureError: if there is no such file, it is no TOML, or describes no network; the text names the line
            and the stage.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ArchitectureError(f"{path}: no such file; `lenet show lenet-5 --toml` prints one to begin with") from None
    except OSError as error:
        raise ArchitectureError(f"{path}: {reason_of(error)}") from None
    if len(content) > MAX_BYTES:
        raise ArchitectureError(f"{path}: has more than {MAX_BYTES:,} bytes, expected the description of one network")
    try:
        return from_toml(decode_text(content).replace("\r\n", "\n"), default_name=path.stem)
    except UnicodeDecodeError as error:
        raise ArchitectureError(f"{path}: byte {error.start} is no UTF-8, which TOML files are written in") from None
    except ArchitectureError as error:
        raise ArchitectureError(f"{path}: {error}") from None


def from_toml(text: str, default_name: str = "") -> Network:
    r"""The network that a TOML text describes.

    Args:
        text: as `to_toml` writes it.
        default_name: the network's name where the text has none.

    Raises:
        ArchitectureError: if it describes no network; the text names the line and the stage.

    >>> from_toml('input = [1, 8, 8]\n[[stage]]\nname = "output"\nlayer = "full connection"\nunits = 3', "tiny")
    Network(tiny, 195 parameters, input 1@8×8, 3 outputs)
    >>> from_toml('input = [1, 8, 8]\n[[stage]]\nname = "c1"\nlayer = "convolution"\nmaps = "6"', "tiny")
    Traceback (most recent call last):
    lenet.errors.ArchitectureError: line 2, stage 'c1': maps is '6', expected a whole number
    """
    try:
        values = with_current_keys(_parse_toml(text))
    except (ValueError, RecursionError) as error:
        raise ArchitectureError(f"not TOML: {first_line(error)}") from None
    record = Record({"name": default_name, "input_range": [0.0, 1.0], "source": "", "description": "", "deviations": []}
                   | values)  # fmt: skip
    try:
        _check_keys(values, _TOP_KEYS)
        low, high = record.numbers("input_range", 2)
        maps, height, width = record.integers("input", 3)
        description = {
            "name": record.text("name"),
            "input": (maps, height, width),
            "source": printable(record.text("source")),
            "description": printable(record.text("description")),
            "deviations": tuple(map(printable, record.texts("deviations"))),
            "input_range": (float(low), float(high)),
        }
        records = record.records("stage", default=[])
        if not records:
            raise ArchitectureError("has no stage, expected at least one [[stage]]")
        if len(records) > MAX_STAGES:
            raise ArchitectureError(f"has {len(records):,} stages, expected at most {MAX_STAGES:,}")
    except (RecordError, ArchitectureError) as error:
        raise ArchitectureError(f"{_top_line(text, str(error))}{error}") from None
    stages = tuple(_stage(text, index, record.values) for index, record in enumerate(records))
    return _build_network(text, stages, description)


def to_toml(network: Network) -> str:
    """The TOML text of a network, the inverse of `from_toml`.

    >>> from lenet.networks import describe
    >>> text = to_toml(describe("lenet-5"))
    >>> print(text[text.index("[[stage]]\\nname = \\"c3\\"") :].split("\\n\\n")[0])
    [[stage]]
    name = "c3"
    layer = "convolution"
    maps = 16
    kernel = 5
    table = "table I"
    activation = "squash"
    >>> from_toml(text) == describe("lenet-5")
    True
    """
    lines = [
        f"name = {_text(network.name)}",
        f"input = {list(network.input)}  # maps, rows, columns",
        f"input_range = {list(network.input_range)}  # what background and full ink become",
    ]
    lines += [f"{key} = {_text(value)}" for key in ("source", "description") if (value := getattr(network, key))]
    if network.deviations:
        lines += ["deviations = [", *(f"    {_text(deviation)}," for deviation in network.deviations), "]"]
    for stage, input_shape, _ in network.stages_with_shapes:
        lines += ["", "[[stage]]", f"name = {_text(stage.name)}", f"layer = {_text(stage.kind.replace('_', ' '))}"]
        for field in fields(LAYER_KINDS[stage.kind]):
            value = getattr(stage.layer, field.name)
            if field.name == "kernel_size" or field.default is MISSING or value != field.default:
                lines.append(f"{_KEYS.get(field.name, field.name)} = {_value(field.name, value, input_shape[0])}")
        if stage.activation is not Activation.IDENTITY:
            lines.append(f"activation = {_text(stage.activation.replace('_', ' '))}")
    return "\n".join(lines) + "\n"


def _parse_toml(text: str) -> dict[str, Any]:
    import tomllib  # here, because most networks are named

    return tomllib.loads(text)


# --- reading --------------------------------------------------------------------------------------------------------


def _stage(text: str, index: int, entries: Mapping[str, Any]) -> Stage:
    try:
        record = Record(entries)
        name = record.text("name")
        kind = resolve_name("layer", record.text("layer"), LAYER_KINDS)
        keys = {_KEYS.get(field.name, field.name): field for field in fields(LAYER_KINDS[kind])}
        _check_keys(entries, ("name", "layer", "activation", *keys))
        activation = resolve_name("activation", record.text("activation", default="identity"), list(Activation))
        values: dict[str, Any] = {"name": name, "kind": kind, "activation": activation}
        for key, field in keys.items():
            if key in entries:
                values[field.name] = _READERS.get(field.name, lambda value: value)(entries[key])
            elif field.default is not MISSING:
                values[field.name] = field.default
            else:
                raise RecordError(f"no entry {key!r}, which a {kind.replace('_', ' ')} needs")
        return read_stage(Record(values))
    except (RecordError, ArchitectureError, UnknownName) as error:
        sentence = str(error)
        for attribute, key in _KEYS.items():
            sentence = sentence.replace(attribute, key)
        raise ArchitectureError(f"{_stage_place(text, index, entries)}: {sentence}") from None


def _build_network(text: str, stages: Sequence[Stage], description: Mapping[str, Any]) -> Network:
    """The network; the first stage that fits none of those before it is named with its line."""

    def problem(stages: Sequence[Stage]) -> str:
        try:
            Network(stages=tuple(stages), **description)
        except ArchitectureError as error:
            return str(error).removeprefix(f"{description['name']}: ")
        return ""

    if sentence := problem([Stage("any", GlobalAveragePooling())]):
        raise ArchitectureError(f"{_top_line(text, sentence)}{sentence}")
    if problem(stages):
        first = bisect_left(range(len(stages)), True, key=lambda index: bool(problem(stages[: index + 1])))
        place = _stage_place(text, first, {"name": stages[first].name})
        sentence = re.sub(rf"^{re.escape(stages[first].name)}:? ", "", problem(stages[: first + 1]))
        raise ArchitectureError(f"{place}: {sentence}")
    return Network(stages=tuple(stages), **description)


def _check_keys(entries: Mapping[str, Any], known: Sequence[str]) -> None:
    if unknown := [key for key in entries if key not in known]:
        raise ArchitectureError(str(UnknownName("key", unknown[0], known)))


def _read_table(value: Any) -> Any:
    """A table's name, a drawing of X and dots, or the input maps of each output map."""
    if not isinstance(value, str):
        return value
    if set(value) <= set("X. \n\t"):
        return [list(row) for row in parse_connection_table(value)]
    try:
        return [list(row) for row in TABLES[resolve_name("connection table", value, TABLES)]]
    except UnknownName as error:
        raise ArchitectureError(f"{error}; or a drawing of X and dots, or the input maps of each output map") from None


def _read_prototypes(value: Any) -> Any:
    """Characters of [LeCun98, Fig. 3], or a list of numbers for each output."""
    if not isinstance(value, str):
        return value
    if unknown := [character for character in value if character not in CHARACTER_CODES]:
        raise ArchitectureError(f"prototypes has the character {unknown[0]!r}, expected those from blank to ~")
    return [list(CHARACTER_CODES[character]) for character in value]


_READERS: dict[str, Callable[[Any], Any]] = {"table": _read_table, "prototypes": _read_prototypes}


# --- places ---------------------------------------------------------------------------------------------------------


_HEADER = re.compile(r"""^[ \t]*\[\[[ \t]*["']?stage["']?[ \t]*\]\]""", re.MULTILINE)
_MAX_FALSE_HEADERS = 9


def _stage_place(text: str, index: int, entries: Mapping[str, Any]) -> str:
    """Location of a stage for messages: its header's line, if it has one, and its name, or else its number."""
    name = entries.get("name")
    named = f"stage {printable(name)[:60]!r}" if isinstance(name, str) and name else f"stage {index + 1}"
    for header in list(_HEADER.finditer(text))[index : index + _MAX_FALSE_HEADERS + 1]:
        try:
            before = _parse_toml(text[: header.end()])["stage"]
        except (ValueError, RecursionError, KeyError):  # it stands within a text
            continue
        if len(before) == index + 1:
            return f"line {text.count(chr(10), 0, header.start()) + 1}, {named}"
    return named


def _top_line(text: str, sentence: str) -> str:
    """The line of the key that a sentence begins with, or names as unknown; empty where it stands on none."""
    head = text[: header.start()] if (header := _HEADER.search(text)) else text
    key = re.match(r"(?:unknown key ')?(\w+)", sentence)
    place = re.search(rf"^[ \t]*{re.escape(key[1])}[ \t]*=", head, re.MULTILINE) if key else None
    return f"line {text.count(chr(10), 0, place.start()) + 1}: " if place else ""


# --- writing --------------------------------------------------------------------------------------------------------


def _text(value: str) -> str:
    """A text in quotes: JSON's escapes are TOML's, but that TOML escapes DEL."""
    return json.dumps(printable(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(attribute: str, value: Any, in_maps: int) -> str:
    if attribute == "table":
        name = next((name for name, table in TABLES.items() if table == value), None)
        return _text(name) if name else f'"""\n{draw_connection_table(value, in_maps)}\n"""'
    if attribute == "prototypes":
        characters = {code: character for character, code in reversed(CHARACTER_CODES.items())}
        if all(code in characters for code in value):
            return _text("".join(characters[code] for code in value))
        return "[\n" + "".join(f"    {list(code)},\n" for code in value) + "]"
    return _text(value) if isinstance(value, str) else str(value)
