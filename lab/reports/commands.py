"""Write the reference of the command line from the commands themselves: a page of the documents, and a man page.

`python -m lab.reports.commands` writes `docs/commands.md` and `docs/lenet.1`.
"""

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from lab.command_line import run_command
from lenet import __version__
from lenet.cli import VERBS as COMMAND_MODULES
from lenet.cli import build_app
from lenet.files import write_atomically

PAGE_FILE, MANUAL_FILE = "commands.md", "lenet.1"
_EXIT_CODES = (("0", "done"), ("1", "failed"), ("2", "wrong usage"), ("130, 143", "stopped by Ctrl-C or SIGTERM"))
_ENVIRONMENT = (
    ("LENET_DATA", "Where data sets are cached."),
    ("LENET_OFFLINE", "1 uses what is cached, and fetches nothing."),
    ("LENET_ENGINE", "avx512, avx2, neon, baseline, torch or numpy, by force."),
)


@dataclass(frozen=True)
class Command:
    """A command as its help shows it: paragraphs, examples, and pairs of a name and its help text."""

    name: str  # "train", "data fetch"
    usage: str
    paragraphs: tuple[str, ...]
    examples: tuple[str, ...]
    arguments: tuple[tuple[str, str], ...]
    options: tuple[tuple[str, str], ...]


def list_commands() -> list[Command]:
    """All lenet commands, groups flattened, in the order of the help."""
    group: Any = typer.main.get_command(build_app())
    context = group.context_class(group, info_name="lenet")
    return [part for name in COMMAND_MODULES for part in _flatten(group.commands[name], name, context)]


def _flatten(command: Any, name: str, parent: Any) -> Iterator[Command]:
    """A command of Click, or all commands of a group, as `Command`."""
    context = command.context_class(command, info_name=name.split()[-1], parent=parent, terminal_width=10_000)
    if hasattr(command, "commands"):
        for part, inner in command.commands.items():
            yield from _flatten(inner, f"{name} {part}", context)
        return
    paragraphs = [" ".join(text.split()) for text in (command.help or "").split("\n\n")]
    examples = [text for text in paragraphs if re.match(r"(lenet|curl) ", text)]
    pairs = [
        (parameter.param_type_name, parameter.get_help_record(context)) for parameter in command.get_params(context)
    ]
    by_type = {kind: tuple(pair for other, pair in pairs if other == kind and pair) for kind in ("argument", "option")}
    yield Command(
        name,
        " ".join(context.get_usage().removeprefix("Usage: ").split()),
        tuple(text for text in paragraphs if text not in examples),
        tuple(example for text in examples for example in text.split("; ")),
        by_type["argument"],
        by_type["option"],
    )


def to_markdown(commands: list[Command]) -> str:
    """The page of the documents: a section and a table for each command."""
    lines = [
        "# Commands", "",
        "Every command of the shell, as `lenet COMMAND --help` prints it; each is a function of [Python](api.md), too.",
        "This page and the manual (`man lenet`) are written by `make manual`.",
        "",
    ]  # fmt: skip
    for command in commands:
        lines += [f"## lenet {command.name}", "", "```text", command.usage, "```", ""]
        for paragraph in command.paragraphs:
            lines += [_escape_markdown(paragraph), ""]
        if command.examples:
            lines += ["```sh", *command.examples, "```", ""]
        for title, pairs in (("argument", command.arguments), ("option", command.options)):
            if pairs:
                lines += [f"| {title} | meaning |", "|---|---|"]
                lines += [f"| {_format_code(name)} | {_escape_markdown(meaning)} |" for name, meaning in pairs]
                lines += [""]
    lines += [
        "## Exit codes",
        "",
        "| code | meaning |",
        "|---|---|",
        *(f"| {code} | {text} |" for code, text in _EXIT_CODES),
        "",
    ]
    lines += ["## Environment", "", "| variable | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {text} |" for name, text in _ENVIRONMENT]
    return "\n".join(lines) + "\n"


def to_manual(commands: list[Command]) -> str:
    """The man page, in the macros of man(7)."""
    lines = [
        f'.TH LENET 1 "" "lenet {__version__}" "User Commands"',
        ".SH NAME", r"lenet \- the LeNet family: counted, trained, opened up, reading digits",
        ".SH SYNOPSIS", ".B lenet", r"[\-\-version] [\-\-help] \fICOMMAND\fR [\fIOPTIONS\fR] [\fIARGUMENTS\fR]",
        ".SH DESCRIPTION",
        "Each network of the LeNet family, 1989 to today, is described once, counted exactly, trained, opened up layer",
        "by layer, and put to work on pictures of digits.",
        ".SH COMMANDS",
    ]  # fmt: skip
    for command in commands:
        lines += [f".SS {_escape_roff(command.usage)}"]
        for position, paragraph in enumerate(command.paragraphs):
            lines += [".PP"] * bool(position) + [_escape_roff(paragraph)]
        for name, meaning in (*command.arguments, *command.options):
            lines += [".TP", rf"\fB{_escape_roff(name)}\fR", _escape_roff(meaning)]
        if command.examples:
            lines += [
                ".PP",
                "Examples:",
                ".nf",
                *(f"    {_escape_roff(example)}" for example in command.examples),
                ".fi",
            ]
    lines += [".SH EXIT STATUS"]
    for code, text in _EXIT_CODES:
        lines += [".TP", code, text]
    lines += [".SH ENVIRONMENT"]
    for name, text in _ENVIRONMENT:
        lines += [".TP", rf"\fB{name}\fR", _escape_roff(text)]
    return "\n".join(lines) + "\n"


def _format_code(text: str) -> str:
    """A text as code, in a cell of a table."""
    return f"`{text}`".replace("|", "\\|")


def _escape_markdown(text: str) -> str:
    """Escape a text so that Markdown shows it unchanged, in a cell of a table, too."""
    return (
        re.sub(r"([\\|*_<\[\]`])", r"\\\1", text) if "`" not in text else text.replace("|", "\\|").replace("<", "\\<")
    )


def _escape_roff(text: str) -> str:
    """Escape a text for man(7), in ASCII."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("`", "")
    text = re.sub(r"[^\x00-\x7f]", lambda character: rf"\[u{ord(character[0]):04X}]", text)
    return rf"\&{text}" if text.startswith((".", "'")) else text


def main() -> None:
    """Write docs/commands.md and docs/lenet.1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="folder of the documents")
    folder = parser.parse_args().docs
    commands = list_commands()
    write_atomically(folder / PAGE_FILE, to_markdown(commands).encode())
    write_atomically(folder / MANUAL_FILE, to_manual(commands).encode())
    print(folder / PAGE_FILE, folder / MANUAL_FILE, sep="\n")


if __name__ == "__main__":
    run_command(main)
