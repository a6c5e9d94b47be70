"""The command line: arguments to calls, text or JSON out.

Every verb is a function of the same name in its module here, and only the module of the verb that is asked for is
imported; every error becomes one sentence on stderr in `main`.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import typer

try:
    from typer.exceptions import Abort, TyperException
except ModuleNotFoundError:  # before 0.29
    from typer import Abort
    from typer._click.exceptions import ClickException as TyperException

from lenet import __version__
from lenet.cli.signals import STOPPED, TERMINATED, sigterm_interrupts
from lenet.errors import LeNetError, Stopped

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
    "read": "read",
    "maps": "maps",
    "explain": "explain",
    "serve": "serve",
    "bench": "bench",
    "doctor": "doctor",
}

_FAILED, _WRONG_USAGE = 1, 2

# NumPy starts a thread for every core when it is imported, for products that are not computed here.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def build_app(verb: str | None = None) -> typer.Typer:
    """The command line with one verb of `VERBS` and those of its module, with all verbs, or, for options, with none."""
    app = typer.Typer(
        help="The LeNet family: described once, counted exactly, trained, opened up, reading your digits.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    modules = [VERBS[verb]] if verb in VERBS else [] if verb == "--version" else dict.fromkeys(VERBS.values())
    for module in modules:
        import_module(f"{__name__}.{module}").register(app)
    return app


def _print_version(asked: bool) -> None:
    if asked:
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
    with sigterm_interrupts() as was_terminated:
        code = _run(arguments)
        return TERMINATED if code == STOPPED and was_terminated() else code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        given = sys.argv[1:] if arguments is None else arguments
        verb = next((word for word in given if word == "--version" or not word.startswith("-")), None)
        result = build_app(verb)(args=arguments, prog_name="lenet", standalone_mode=False)
        sys.stdout.flush()
    except TyperException as error:
        if (message := error.format_message()).startswith("Usage:"):  # a group without a verb
            print(message, file=sys.stderr)
            return error.exit_code
        return _fail(message.rstrip("."), error.exit_code)
    except (LeNetError, OSError) as error:
        if isinstance(error, BrokenPipeError):  # the reader of our output went away, as `head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return _FAILED
        return _fail(_sentence(error), STOPPED if isinstance(error, Stopped) else _FAILED)
    except ValueError as error:
        if "null byte" not in str(error):  # what the system says of such a name
            raise
        return _fail("an argument holds a null byte, and no file's name does", _WRONG_USAGE)
    except (Abort, KeyboardInterrupt):
        return _fail("stopped", STOPPED)
    return result if isinstance(result, int) else 0


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror.lower()}" if error.filename else error.strerror.lower()
    return str(error)


def _fail(message: str, exit_code: int) -> int:
    print(f"lenet: {' '.join(message.split())}", file=sys.stderr)
    return exit_code
