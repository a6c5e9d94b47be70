"""``lenet check``: marks answers to the course's exercises."""

import json
from typing import Annotated

import typer

from lenet.cli.options import EXIT_FAILED, Json
from lenet.course import Mark
from lenet.course import check as check_verb
from lenet.summary.derivations import Language


def check(
    exercise: Annotated[
        str | None, typer.Argument(help="A lesson, as 4, or an exercise, as 4.2; all of them if left out.")
    ] = None,
    file: Annotated[
        str | None, typer.Argument(help="A Python file that defines the function which the exercise asks for.")
    ] = None,
    answer: Annotated[
        str | None, typer.Option(help="The answer: a number, a shape as 2,3,4, or a word.", metavar="VALUE")
    ] = None,
    lang: Annotated[Language, typer.Option("--lang", "--language", help="Language of tasks and hints.")] = "en",
    as_json: Json = False,
) -> None:
    """Mark an answer to an exercise of the course, with hints; or list what is solved and what is open.

    The exit code is 1 if the answer is wrong.

    lenet check 4

    lenet check 4.2 --answer 42

    lenet check 2.1 mine.py
    """
    if file is not None and answer is not None:
        raise typer.BadParameter("give either a file or --answer")
    result = check_verb(exercise, answer if file is None else file, language=lang)
    typer.echo(json.dumps(result.to_json(), indent=2, ensure_ascii=False) if as_json else str(result))
    if isinstance(result, Mark) and not result.is_right:
        raise typer.Exit(EXIT_FAILED)
