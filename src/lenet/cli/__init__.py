"""Command-line interface: parses arguments, calls the verbs, prints text or JSON.

Every verb is a function of the same name in its module here, and only the module of the verb that is asked for is
imported; every error becomes one sentence on stderr in `main`.
"""

import ast
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import typer
from typer.core import TyperGroup

try:
    from typer.exceptions import Abort, TyperException
except ModuleNotFoundError:  # before 0.29
    from typer import Abort
    from typer._click.exceptions import ClickException as TyperException

from lenet import __version__
from lenet.cli import streams
from lenet.cli.options import EXIT_FAILED
from lenet.cli.signals import TERMINATED, sigterm_interrupts
from lenet.errors import LeNetError, Stopped, printable

_OF_WORDS = ("MissingParameter", "NoSuchCommand", "NoSuchOption", "UsageError")
"""The parser's errors of words that are missing or unknown: their class has another place in every version of typer."""

# The module of each verb, in the order of the help.
VERBS = {
    "networks": "describe",
    "show": "describe",
    "diff": "describe",
    "code": "code",
    "data": "data",
    "train": "training",
    "evaluate": "training",
    "reproduce": "reproduce",
    "adapt": "adapt",
    "convert": "convert",
    "read": "read",
    "form": "form",
    "predict": "predict",
    "maps": "maps",
    "explain": "explain",
    "export": "export",
    "serve": "serve",
    "review": "review",
    "bench": "bench",
    "check": "check",
    "doctor": "doctor",
}

GROUPS = ("data", "form")  # verbs with subcommands, as in "lenet data fetch"
FORMER_OPTIONS = {"reproduce": {"--stretch": "--pass-factor", "--unhalved": "--no-halved"}}
"""Options of a verb under the names that they had, which are still taken."""


# NumPy starts a thread for every core when it is imported, for products that are not computed here.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


class _Group(TyperGroup):
    """Command group that leaves Ctrl-C and broken pipes to `main`; typer would end without a message."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Abort from None
        except BrokenPipeError:
            raise typer.Exit(EXIT_FAILED) from None


def build_app(verb: str | None = None) -> typer.Typer:
    """The command line with one verb of `VERBS` and those of its module, or with all verbs.

    For ``--version`` it has none, and for ``--help`` all of them by their docstrings alone.
    """
    app = typer.Typer(
        cls=_Group,
        help="The LeNet family: described once, counted exactly, trained, opened up, reading your digits.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    if verb == "--help":
        for name, docstring in _docstrings():
            app.command(name, help=docstring)(_no_command)
        return app
    chosen = {VERBS[verb]} if verb in VERBS else set() if verb == "--version" else {*VERBS.values()}
    for name, module_name in VERBS.items():
        if module_name in chosen:
            module = import_module(f"{__name__}.{module_name}")
            if name in GROUPS:
                app.add_typer(module.app, name=name)
            else:
                app.command()(getattr(module, name))
    return app


def _docstrings() -> Iterator[tuple[str, str | None]]:
    """The docstring of each verb's function, from its source: to import all of them takes three times as long."""
    for module in dict.fromkeys(VERBS.values()):
        name = f"{__name__}.{module}"
        loader: Any = getattr(find_spec(name), "loader", None)
        for node in ast.parse(loader.get_source(name)).body:
            if isinstance(node, ast.FunctionDef) and VERBS.get(node.name) == module:
                yield node.name, ast.get_docstring(node)


def _no_command() -> None:
    pass


def _print_version(requested: bool) -> None:
    if requested:
        print(f"lenet {__version__}")
        raise typer.Exit


def _options(
    version: bool = typer.Option(
        False, "--version", help="Print the version and stop.", is_eager=True, callback=_print_version
    ),
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 failed, 2 wrong usage, 130 or 143 stopped."""
    streams.prepare()
    with sigterm_interrupts() as was_terminated:
        code = _exit_code(sys.argv[1:] if arguments is None else arguments)
        return TERMINATED if code == Stopped.exit_code and was_terminated() else code


def _exit_code(arguments: Sequence[str]) -> int:
    """Run the command line, print errors as one sentence, and return the exit code."""
    try:
        return _run(arguments)
    except TyperException as error:
        if (message := error.format_message()).startswith("Usage:"):  # a group without a verb
            return _fail(message, error.exit_code)
        return _fail(f"lenet: {_with_way_to_help(error, _usage_sentence(message))}", error.exit_code)
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        return EXIT_FAILED
    except (LeNetError, OSError) as error:
        return _fail(
            f"lenet: {_error_sentence(error)}", Stopped.exit_code if isinstance(error, Stopped) else EXIT_FAILED
        )
    except (Abort, KeyboardInterrupt):
        return _fail("lenet: stopped", Stopped.exit_code)
    finally:
        for stream in (sys.stdout, sys.stderr):
            streams.flush_or_silence(stream)


def _run(arguments: Sequence[str]) -> int:
    if any("\0" in word for word in arguments):
        raise typer.BadParameter("an argument holds a null byte, which no name of a file and no value can hold")
    if (empty := _empty_word(arguments)) is not None:
        raise typer.BadParameter(f"{empty} is empty, as an unset variable is; give it a value, or leave it out")
    verb = next((word for word in arguments if word == "--version" or not word.startswith("-")), "--help")
    arguments = with_current_names(verb, arguments)
    if verb == "read":
        arguments = with_ray_address(arguments)
    is_completion = "_LENET_COMPLETE" in os.environ  # a shell asks what may come next, in words of its own
    result = build_app(None if is_completion else verb)(args=list(arguments), prog_name="lenet", standalone_mode=False)
    sys.stdout.flush()
    return result if isinstance(result, int) else 0


def _empty_word(words: Sequence[str]) -> str | None:
    """The option that is given an empty value, or "an argument" that is empty; None if there is none.

    >>> _empty_word(["train", "--data", ""]), _empty_word(["train", "--data="]), _empty_word(["read", ""])
    ('--data', '--data', 'an argument')
    >>> _empty_word(["train", "--data", "mnist"])
    """
    for previous, word in pairwise(["", *words]):
        if match := re.fullmatch(r"(--[^=]+)=", word):
            return match[1]
        if not word:
            return previous if previous.startswith("-") and previous.strip("-") else "an argument"
    return None


def with_current_names(verb: str, words: Sequence[str]) -> list[str]:
    """Words in which options of a verb have the names that they have now.

    >>> with_current_names("reproduce", ["reproduce", "lenet-5", "--stretch=2"])
    ['reproduce', 'lenet-5', '--pass-factor=2']
    """
    former = FORMER_OPTIONS.get(verb, {})
    parts = [word.partition("=") for word in words]
    return [former.get(name, name) + equals + value for name, equals, value in parts]


def with_ray_address(words: Sequence[str]) -> list[str]:
    """Words in which ``--ray`` has an address, "local" where none was named: typer has no values that may be missing.

    >>> with_ray_address(["scans", "out", "--ray"]), with_ray_address(["--ray", "10.0.0.1:6379", "scans", "out"])
    (['scans', 'out', '--ray=local'], ['--ray=10.0.0.1:6379', 'scans', 'out'])
    """
    result = list(words)
    for index in [index for index, word in enumerate(words) if word == "--ray"]:
        following = words[index + 1] if index + 1 < len(words) else ""
        has_address = following in ("auto", "local") or re.fullmatch(r"[^/\s]*:\d+", following) is not None
        result[index : index + 1 + has_address] = [f"--ray={following if has_address else 'local'}"]
    return result


def _usage_sentence(message: str) -> str:
    """A sentence of the parser of options, its names of types in words.

    >>> _usage_sentence("Invalid value: choose one of --json and --detail.")
    'choose one of --json and --detail'
    >>> _usage_sentence("Invalid value for '--length': 'x' is not a valid int range.")
    "Invalid value for '--length': 'x' is not a whole number"
    >>> _usage_sentence("Invalid value for '--port': 99999 is not in the range 0<=x<=65535.")
    "Invalid value for '--port': 99999 is out of range, expected 0 to 65535"
    >>> _usage_sentence("Invalid value for '--top': 0 is not in the range x>=1.")
    "Invalid value for '--top': 0 is too small, expected at least 1"
    """
    text = " ".join(message.rstrip(".").removeprefix("Invalid value: ").split())
    text = re.sub(r" is not in the range x>=(\S+)$", r" is too small, expected at least \1", text)
    text = re.sub(r" is not in the range (\S+)<=x<=(\S+)$", r" is out of range, expected \1 to \2", text)
    text = re.sub(r" is not a valid int(eger)?( range)?$", " is not a whole number", text)
    return re.sub(r" is not a valid float( range)?$", " is not a number", text)


def _with_way_to_help(error: Exception, sentence: str) -> str:
    """What the parser says of words that are missing or unknown, and where the help is; other sentences unchanged."""
    context = getattr(error, "ctx", None)
    if context is None or type(error).__name__ not in _OF_WORDS:
        return sentence
    return f"{sentence}{'' if sentence.endswith('?') else ';'} {context.command_path} --help says what there is"


def _error_sentence(error: Exception) -> str:
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        # Errors of files have the file's name; those of stdout have none.
        name = error.filename or ("stdout" if error.errno in streams.UNWRITABLE else None)
        text = f"{name}: {error.strerror.lower()}" if name else error.strerror.lower()
    return printable(" ".join(text.split()))


def _fail(message: str, exit_code: int) -> int:
    with suppress(OSError):  # where stderr takes nothing, the exit code says it alone
        print(message, file=sys.stderr)
    return exit_code
