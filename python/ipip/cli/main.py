"""The `ipip` command and its verbs."""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from ipip import __version__
from ipip.cli.convert import convert
from ipip.cli.doctor import doctor
from ipip.cli.errors import report_failure
from ipip.cli.eval import evaluate
from ipip.cli.explore import explore
from ipip.cli.export import export
from ipip.cli.gc import gc
from ipip.cli.harvest import harvest
from ipip.cli.info import info
from ipip.cli.init import init
from ipip.cli.label import label
from ipip.cli.ledger import ledger
from ipip.cli.physics import physics
from ipip.cli.plain_text import plain_output
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
from ipip.cli.submit import submit
from ipip.cli.task import task
from ipip.cli.train import train
from ipip.cli.uncertainty import uncertainty
from ipip.cli.validate import validate
from ipip.extras import require_training

app = typer.Typer(
    name="ipip",
    help="Iterative pretraining of interatomic potentials, and their use in LAMMPS.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from ipip.commit import commit

        typer.echo(f"ipip {__version__} (commit {commit()})")
        raise typer.Exit()


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print version and commit."
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show a traceback when something goes wrong.")
    ] = False,
) -> None:
    """Options of every verb."""
    # Students are scripted and packages of teachers too: newer versions of PyTorch warn of it.
    warnings.filterwarnings("ignore", message=r".*torch\.jit\.")


# What the list of verbs says of each: one line of a terminal of 80 columns.
VERBS = (
    (doctor, "doctor", "Check this installation: what works, what to do"),
    (init, "init", "Write a commented settings file"),
    (validate, "validate", "Check a settings file and print the plan with its cost"),
    (validate, "plan", "The same as validate"),
    (run, "run", "Run the whole loop, or continue it"),
    (status, "status", "Say how far a run is and what came out so far"),
    (report, "report", "Write a run's report again"),
    (study, "study", "Compare ways to train, under equal budgets"),
    (submit, "submit", "Run the loop from a job that is followed by another"),
    (task, "task", "Perform one task of a run on a cluster, or list them"),
    (explore, "explore", "Make frames to label, by the teacher's MD"),
    (label, "label", "Label frames with CP2K, tblite, a teacher, any ASE calculator"),
    (sample, "sample", "Sample the structures of a cluster"),
    (ledger, "ledger", "Look up where frames came from and who labelled them"),
    (rewind, "rewind", "Go back to before a stage of a run"),
    (gc, "gc", "Remove what a run no longer needs"),
    (relabel, "relabel", "Label frames with a student or a committee"),
    (pretrain, "pretrain", "Pretrain a student, on its own"),
    (finetune, "finetune", "Fine-tune a student on reference labels, on its own"),
    (train, "train", "Train a student on labelled frames"),
    (evaluate, "eval", "Compare a student with labelled frames"),
    (convert, "convert", "Convert labelled frames to another kind of file"),
    (uncertainty, "uncertainty", "Add to a student what errors to expect of it"),
    (info, "info", "Say what a model file holds"),
    (export, "export", "Write a model file and check it in LAMMPS"),
    (harvest, "harvest", "Choose training frames from the MD of a student"),
    (species, "species", "Find molecules and reactions in a dump"),
    (physics, "physics", "Check what a potential must do, with no reference"),
    (stability, "stability", "Say how often, and when, the MD of students fails"),
)
# Those that train, or evaluate networks in PyTorch; the others say so only where a student has no
# kernels.
NEED_TRAINING = (
    *("validate", "plan", "run", "submit", "study", "explore"),
    *("relabel", "pretrain", "finetune", "train", "export"),
)


def _checked(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return the verb that first checks whether what it needs is installed."""
    if name not in NEED_TRAINING:
        return function

    @functools.wraps(function)
    def checked(*arguments: Any, **options: Any) -> Any:
        require_training(f"ipip {name}")
        return function(*arguments, **options)

    return checked


for function, name, line in VERBS:
    app.command(name, short_help=line)(_checked(function, name))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0 done, 2 wrong input, 1 failed."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    with plain_output():
        try:
            app(args=given)
        except SystemExit as ended:  # also typer's own end, with a message for wrong options
            return ended.code if isinstance(ended.code, int) else 1
        except Exception as error:
            return report_failure(error, debug="--debug" in given)
    return 0
