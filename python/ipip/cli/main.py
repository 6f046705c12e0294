"""The `ipip` command and its verbs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from ipip import __version__
from ipip.cli.convert import convert
from ipip.cli.errors import report_failure
from ipip.cli.eval import evaluate
from ipip.cli.export import export
from ipip.cli.gc import gc
from ipip.cli.harvest import harvest
from ipip.cli.info import info
from ipip.cli.init import init
from ipip.cli.label import label
from ipip.cli.ledger import ledger
from ipip.cli.pretrain import finetune, pretrain
from ipip.cli.relabel import relabel
from ipip.cli.report import report
from ipip.cli.rewind import rewind
from ipip.cli.run import run
from ipip.cli.sample import sample
from ipip.cli.species import species
from ipip.cli.stability import stability
from ipip.cli.status import status
from ipip.cli.study import study
from ipip.cli.train import train
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
app.command("study")(study)
app.command("label")(label)
app.command("sample")(sample)
app.command("ledger")(ledger)
app.command("rewind")(rewind)
app.command("gc")(gc)
app.command("relabel")(relabel)
app.command("pretrain")(pretrain)
app.command("finetune")(finetune)
app.command("train")(train)
app.command("eval")(evaluate)
app.command("convert")(convert)
app.command("info")(info)
app.command("export")(export)
app.command("harvest")(harvest)
app.command("species")(species)
app.command("stability")(stability)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0 done, 2 wrong input, 1 failed."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        app(args=given)
    except SystemExit as ended:  # also typer's own end, with a message for wrong options
        return ended.code if isinstance(ended.code, int) else 1
    except Exception as error:
        return report_failure(error, debug="--debug" in given)
    return 0
