"""``lenet form``: templates of forms, from blank pages."""

from pathlib import Path
from typing import Annotated

import typer

from lenet.errors import counted, printable

app = typer.Typer(no_args_is_help=True)


@app.callback()
def form() -> None:
    """Make templates of forms, which lenet read --form reads filled pages by."""


@app.command()
def new(
    blank: Annotated[Path, typer.Argument(help="The blank page: a scan, a PDF's picture or a photo from above.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The template to write: a TOML file; its picture gets the suffix .png."),
    ],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over what is there of both.")] = False,
) -> None:
    """Find the boxes, combs and lines of a blank page, and write a template with a field for each.

    Beside the template a picture of the page is drawn with the fields' numbers. Name the fields in the template, say
    what is in them, and delete what is none. For example: lenet form new blank.png -o form.toml
    """
    from lenet.forms.drafting import new_form

    drafted = new_form(blank, output, overwrite=overwrite)
    fields = counted(len(drafted.fields), "field")
    typer.echo(f"wrote {printable(str(output))} with {fields}, drawn in {printable(str(output.with_suffix('.png')))}")
