"""The `ipip` command and its verbs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import click
import typer

from ipip import __version__
from ipip.cli.errors import report_failure
from ipip.cli.init import init
from ipip.cli.report import report
from ipip.cli.run import run
from ipip.cli.status import status
from ipip.cli.validate import validate

app = typer.Typer(
    name="ipip",
    help="Iterative pretraining of interatomic potentials, and their use in LAMMPS.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ipip {__version__}")
        raise typer.Exit()


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show a traceback when something goes wrong.")
    ] = False,
) -> None:
    """Options of every verb."""


app.command("init")(init)
app.command("validate")(validate)
app.command("plan", help="The same as `validate`.")(validate)
app.command("run")(run)
app.command("status")(status)
app.command("report")(report)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0 done, 2 wrong input, 1 failed."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        ended = app(args=given, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 2
    except (Exception, KeyboardInterrupt, click.Abort) as error:
        return report_failure(error, debug="--debug" in given)
    return ended if isinstance(ended, int) else 0
