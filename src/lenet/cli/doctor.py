"""``lenet doctor``: diagnosis of the installation, the machine and the engine."""

import json

import typer

from lenet.cli.options import EXIT_FAILED, Json
from lenet.verbs import doctor as doctor_verb


def doctor(as_json: Json = False) -> None:
    """Check this installation: versions, machine, engine, extras, data and weights.

    The exit code is 1 if something is broken; what is merely not installed breaks nothing.

    lenet doctor
    """
    diagnosis = doctor_verb.doctor()
    typer.echo(json.dumps(diagnosis.to_json(), indent=2, ensure_ascii=False) if as_json else str(diagnosis))
    if not diagnosis.is_ok:
        raise typer.Exit(EXIT_FAILED)
