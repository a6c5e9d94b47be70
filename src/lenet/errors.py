"""What a user's file, name or argument can cause, so that every front door catches one type.

LeNetError
├── UnknownName      a network, recipe, data set or option that does not exist
├── ArchitectureError   a description whose stages do not fit one another
├── DataError        a data file or picture that is missing, damaged or not what it claims to be
├── WeightsError     a weights file that is damaged or belongs to another network
├── TrainingError    a run that cannot start, go on or be repeated
├── Stopped          work that was stopped by hand
├── ReadingError     what was asked of a reading cannot be asked, or contradicts itself
├── EngineError      a network or an instruction set that the native engine cannot run
└── MissingExtra     an optional package that is not installed
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from unicodedata import category


def printable(text: str) -> str:
    """Text with every character spelled out that a terminal would act on, or that no encoding takes.

    Control and formatting characters, separators of lines and paragraphs, and the halves of characters that stand for
    a file name's undecodable bytes.

    >>> printable("a\\udcff\\n.png"), printable("\\x1b[2J七")
    ('a\\\\udcff\\\\n.png', '\\\\x1b[2J七')
    """
    if text.isprintable():
        return text
    return "".join(repr(character)[1:-1] if _is_unprintable(character) else character for character in text)


def _is_unprintable(character: str) -> bool:
    return category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number with what it counts, of which there is one or another number.

    >>> counted(1, "picture"), counted(2000, "picture"), counted(0, "class", "classes")
    ('1 picture', '2,000 pictures', '0 classes')
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def check_switches(make_error: Callable[[str], Exception], **switches: object) -> None:
    """Check that the values of switches are True or False, for ``"false"`` would count as true.

    >>> check_switches(ValueError, turn=True, grid="false")
    Traceback (most recent call last):
        ...
    ValueError: grid is 'false', expected True or False
    """
    for name, value in switches.items():
        if type(value).__name__ not in ("bool", "bool_"):  # NumPy's has either name
            raise make_error(f"{name} is {value!r}, expected True or False")


def first_line(error: BaseException) -> str:
    """The first line of an exception's text, shortened to 200 characters; its type if it has none."""
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return line if len(line) <= 200 else f"{line[:199]}…"


def reason_of(error: BaseException) -> str:
    """Why a file cannot be opened, read or written: the system's words, on one line and in lower case.

    >>> reason_of(FileNotFoundError(2, "No such file or directory"))
    'no such file or directory'
    """
    return " ".join((getattr(error, "strerror", None) or str(error) or type(error).__name__).split()).lower()


def error_summary(error: BaseException) -> str:
    """Type and text of an unexpected error, on one line.

    >>> error_summary(ZeroDivisionError("division by zero"))
    'ZeroDivisionError: division by zero'
    """
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


class LeNetError(ValueError):
    """The base of every error that a user's file, name or argument can cause; its text is one printable sentence."""

    def __init__(self, sentence: str = "") -> None:
        super().__init__(printable(sentence))


class UnknownName(LeNetError):
    """A name that is not in a list of known names; the nearest ones are suggested.

    >>> str(UnknownName("network", "lenet5", ["lenet-5", "lenet-caffe"]))
    "unknown network 'lenet5'; did you mean lenet-5? known: lenet-5, lenet-caffe"
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known, text = list(known), str(name)
        name = text if len(text) <= 80 else f"{text[:79]}…"
        near = get_close_matches(name, known, n=3, cutoff=0.6)
        hint = f"; did you mean {' or '.join(near)}?" if near else ";"
        super().__init__(f"unknown {kind} {name!r}{hint} known: {', '.join(known)}")


class ArchitectureError(LeNetError):
    """A network description whose stages do not fit one another."""


class DataError(LeNetError):
    """A data file or picture that is missing, damaged or not what it claims to be."""


class WeightsError(LeNetError):
    """A weights file that is damaged or belongs to another network."""


class TrainingError(LeNetError):
    """A run that cannot start, go on or be repeated."""


class Stopped(LeNetError):
    """Work that was stopped by hand; the text says how it goes on."""

    exit_code = 130  # what shells say of a program that Ctrl-C ended


class ReadingError(LeNetError):
    """Invalid or contradictory settings of a reading."""


class EngineError(LeNetError):
    """A network or an instruction set that the native engine cannot run, or an engine that is not there."""


class MissingExtra(LeNetError):
    """An optional package that is not installed, or does not load; the text holds the command that installs it.

    >>> str(MissingExtra("torch", "train", "training"))
    "training needs torch, which is not installed; install it with: pip install 'lenet[train]'"
    """

    def __init__(self, package: str, extra: str, purpose: str, problem: str = "is not installed") -> None:
        super().__init__(f"{purpose} needs {package}, which {problem}; install it with: pip install 'lenet[{extra}]'")


@contextmanager
def required(package: str, extra: str, purpose: str) -> Iterator[None]:
    """A context of imports: one that fails is a MissingExtra with these words, and the reason if the package is there.

    >>> try:
    ...     with required("torch", "train", "training"):
    ...         raise ImportError("no libgomp.so.1")
    ... except MissingExtra as error:
    ...     print(error)
    training needs torch, which does not load (no libgomp.so.1); install it with: pip install 'lenet[train]'
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtra(package, extra, purpose) from error
    except ImportError as error:
        raise MissingExtra(package, extra, purpose, f"does not load ({first_line(error)})") from error
