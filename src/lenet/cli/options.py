"""Options that several verbs have, and checks of those that do not go together or name no place to write to."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from lenet.errors import LeNetError

EXIT_FAILED = 1  # of a command that did not do all that was asked

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Host = Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 is every one of this machine.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes any that is free.")]
RootPath = Annotated[str, typer.Option(help="The path under which a proxy shows the server, as /digits.")]
PublicHosts = Annotated[
    list[str] | None,
    typer.Option(help="A name under which a proxy shows the server; others than its own are refused."),
]
AccessLog = Annotated[bool, typer.Option("--access-log", help="Write a line on stderr for each request.")]


def check_one_of(options: Mapping[str, bool]) -> None:
    """Raise BadParameter if more than one of these options, by their names, is given."""
    if sum(options.values()) > 1:
        *others, last = [name for name, is_given in options.items() if is_given]
        raise typer.BadParameter(f"choose one of {', '.join(others)} and {last}")


def check_left_out(options: Mapping[str, object], reason: str) -> None:
    """Raise BadParameter with this reason if any of these options, by their names, has a value."""
    for name, value in options.items():
        if value:
            raise typer.BadParameter(f"{reason}; leave out {name}")


def check_place(option: str, check: Callable[[Path], None], path: Path) -> None:
    """Check a path that an option names, as `check_writable` of `lenet.files` does.

    Raises:
        BadParameter: if the check fails; the sentence begins with the option.
    """
    try:
        check(path)
    except LeNetError as error:
        raise typer.BadParameter(f"{option} {error}") from None
