"""What the commands of the lab share: arguments that are checked, and errors as one sentence."""

import argparse
import sys
from collections.abc import Callable

from lenet.errors import LeNetError


def positive_integer(text: str) -> int:
    """Parse an argument that counts something, such as rounds or pictures.

    >>> positive_integer("7")
    7
    """
    return _integer_of_at_least(1, text)


def natural_number(text: str) -> int:
    """Parse an argument that may be 0, such as a seed."""
    return _integer_of_at_least(0, text)


def run_command(main: Callable[[], None]) -> None:
    """Run a command; a wrong argument or file ends it with one sentence on stderr and the exit code 1."""
    try:
        main()
    except (LeNetError, OSError) as error:
        sys.exit(str(error))


def _integer_of_at_least(minimum: int, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = minimum - 1
    if number < minimum:
        raise argparse.ArgumentTypeError(f"{text!r}, expected a whole number of at least {minimum}")
    return number
