"""Pickles read as the data they are: nothing that they name is imported, and nothing is ever called.

A pickle is a program for a small stack machine. Here the machine builds dictionaries, lists, tuples, texts and numbers;
what the pickle wants to import is kept as a `Name`, and what it wants to call as a `Call`.
"""

import io
import pickletools
from dataclasses import dataclass, field
from typing import Any

from lenet.errors import WeightsError

MOST_STEPS = 1_000_000
"""Steps of the machine, each a byte at least: what a checkpoint has besides its arrays is short."""

_MARK = object()
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_ARGUMENTS = ("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE",
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
    """What stands for something kept outside the pickle."""

    key: Any


@dataclass
class Pickle:
    """What a pickle holds.

    Attributes:
        value: its value; an ``OrderedDict`` is a dict.
        names: all that it names, in order.
        kept_outside: the keys of all that is kept outside of it, in order.
    """

    value: Any = None
    names: list[str] = field(default_factory=list)
    kept_outside: list[Any] = field(default_factory=list)


def read_pickle(stream: io.BytesIO) -> Pickle:
    """Read the pickle that begins where the stream stands, up to its end.

    Raises:
        WeightsError: if it is damaged, too long, or needs what plain data do not.
    """
    read = Pickle()
    try:
        _run(stream, read)
    except WeightsError:
        raise
    except Exception as error:  # of a damaged program there is hardly any that does not come
        raise WeightsError(f"its pickle is damaged ({type(error).__name__})") from None
    return read


def _run(stream: io.BytesIO, read: Pickle) -> None:
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
        if step > MOST_STEPS:
            raise WeightsError(f"its pickle has over {MOST_STEPS:,} steps, expected the description of a few arrays")
        match opcode.name:
            case "PROTO" | "FRAME":
                pass
            case "STOP":
                read.value = stack.pop()
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
                _put(stack, pop(2))
            case "SETITEMS":
                _put(stack, since_mark())
            case "BINPUT" | "LONG_BINPUT":
                memo[argument] = stack[-1]
            case "MEMOIZE":
                memo[len(memo)] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(memo[argument])
            case "GLOBAL":
                stack.append(_named(read, *argument.split(" ", 1)))
            case "STACK_GLOBAL":
                stack.append(_named(read, *pop(2)))
            case "BINPERSID":
                read.kept_outside.append(stack.pop())
                stack.append(Persistent(read.kept_outside[-1]))
            case "REDUCE" | "NEWOBJ":
                stack.append(_called(*pop(2)))
            case "NEWOBJ_EX":
                function, arguments, _ = pop(3)
                stack.append(_called(function, arguments))
            case "BUILD":  # what an object has beside its items, as the versions of a state_dict's modules
                stack.pop()
            case name if name in _CONSTANTS:
                stack.append(_CONSTANTS[name])
            case name if name in _ARGUMENTS:
                stack.append(argument)
            case name:
                raise WeightsError(f"its pickle has the step {name}, which no plain data need")


def _named(read: Pickle, module: str, name: str) -> Name:
    read.names.append(f"{module}.{name}")
    return Name(read.names[-1])


def _called(function: Any, arguments: Any) -> Any:
    if function == Name("collections.OrderedDict"):
        return dict(arguments[0]) if arguments else {}
    return Call(function, arguments)


def _put(stack: list[Any], items: Any) -> None:
    """Items into the dictionary on top; keys are texts or numbers, so that none is compared at length."""
    for key, value in zip(items[::2], items[1::2], strict=True):
        if isinstance(key, str | int | float | None):
            stack[-1][key] = value
