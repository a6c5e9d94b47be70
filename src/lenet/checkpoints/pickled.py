"""Parsing of pickles as data: nothing that they name is imported, and nothing is ever called.

A pickle is a program for a small stack machine. Here the machine builds dictionaries, lists, tuples, texts and numbers;
what the pickle wants to import is kept as a `Name`, and what it wants to call as a `Call`.
"""

import io
import pickletools
from dataclasses import dataclass, field
from typing import Any

from lenet.errors import WeightsError

MAX_STEPS = 1_000_000
"""Maximum steps of the machine, each a byte at least: what a checkpoint has besides its arrays is short."""

_MARK = object()
_CONSTANT_OPCODES = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_ARGUMENT_OPCODES = ("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE",
              "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BINSTRING", "SHORT_BINSTRING")  # fmt: skip


@dataclass(frozen=True)
class Name:
    """A class or function that a pickle names: ``"torch._utils._rebuild_tensor_v2"``."""

    text: str


@dataclass(frozen=True, eq=False)
class Call:
    """A call that a pickle asks for, and that is not made."""

    function: Any
    arguments: Any


@dataclass(frozen=True, eq=False)
class Persistent:
    """A reference to something outside the pickle."""

    key: Any


@dataclass
class Pickle:
    """The parsed content of a pickle.

    Attributes:
        value: its value; an ``OrderedDict`` is a dict.
        names: all that it names, in order.
        persistent_ids: the keys of all that it refers to outside of it, in order.
    """

    value: Any = None
    names: list[str] = field(default_factory=list)
    persistent_ids: list[Any] = field(default_factory=list)


def read_pickle(stream: io.BytesIO) -> Pickle:
    """Parse the pickle that begins at the stream's position, up to its end.

    Raises:
        WeightsError: if it is damaged, too long, or needs what plain data do not.
    """
    result = Pickle()
    try:
        _interpret(stream, result)
    except WeightsError:
        raise
    except Exception as error:  # of a damaged program there is hardly any that does not come
        raise WeightsError(f"its pickle is damaged ({type(error).__name__})") from None
    return result


def _interpret(stream: io.BytesIO, result: Pickle) -> None:
    stack: list[Any] = []
    memo: dict[int, Any] = {}

    def since_mark() -> list[Any]:
        items = []
        while (item := stack.pop()) is not _MARK:
            items.append(item)
        return items[::-1]

    def pop(count: int) -> tuple[Any, ...]:
        items = tuple(stack[-count:])
        del stack[-count:]
        return items

    argument: Any
    for step, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
        if step > MAX_STEPS:
            raise WeightsError(f"its pickle has over {MAX_STEPS:,} steps, expected the description of a few arrays")
        match opcode.name:
            case "PROTO" | "FRAME":
                pass
            case "STOP":
                result.value = stack.pop()
            case "MARK":
                stack.append(_MARK)
            case "POP":
                stack.pop()
            case "EMPTY_DICT":
                stack.append({})
            case "EMPTY_LIST" | "EMPTY_SET":
                stack.append([])
            case "EMPTY_TUPLE":
                stack.append(())
            case "TUPLE":
                stack.append(tuple(since_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3" as name:
                stack.append(pop(int(name[-1])))
            case "APPEND":
                (item,) = pop(1)
                stack[-1].append(item)
            case "APPENDS" | "ADDITEMS":
                items = since_mark()
                stack[-1].extend(items)
            case "SETITEM":
                _set_items(stack, pop(2))
            case "SETITEMS":
                _set_items(stack, since_mark())
            case "BINPUT" | "LONG_BINPUT":
                memo[argument] = stack[-1]
            case "MEMOIZE":
                memo[len(memo)] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(memo[argument])
            case "GLOBAL":
                stack.append(_import_name(result, *argument.split(" ", 1)))
            case "STACK_GLOBAL":
                stack.append(_import_name(result, *pop(2)))
            case "BINPERSID":
                result.persistent_ids.append(stack.pop())
                stack.append(Persistent(result.persistent_ids[-1]))
            case "REDUCE" | "NEWOBJ":
                stack.append(_apply_call(*pop(2)))
            case "NEWOBJ_EX":
                function, arguments, _ = pop(3)
                stack.append(_apply_call(function, arguments))
            case "BUILD":  # what an object has beside its items, as the versions of a state_dict's modules
                stack.pop()
            case name if name in _CONSTANT_OPCODES:
                stack.append(_CONSTANT_OPCODES[name])
            case name if name in _ARGUMENT_OPCODES:
                stack.append(argument)
            case name:
                raise WeightsError(f"its pickle has the step {name}, which no plain data need")


def _import_name(result: Pickle, module: str, name: str) -> Name:
    result.names.append(f"{module}.{name}")
    return Name(result.names[-1])


def _apply_call(function: Any, arguments: Any) -> Any:
    if function == Name("collections.OrderedDict"):
        return dict(arguments[0]) if arguments else {}
    return Call(function, arguments)


def _set_items(stack: list[Any], items: Any) -> None:
    """Items into the dictionary on top; keys are texts or numbers, so that none is compared at length."""
    for key, value in zip(items[::2], items[1::2], strict=True):
        if isinstance(key, str | int | float | None):
            stack[-1][key] = value
