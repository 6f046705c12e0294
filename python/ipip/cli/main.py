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


def _show_version(requested: bool) -> None:
    if requested:
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
    # Students and packages of teachers use TorchScript: newer versions of PyTorch warn of it.
    warnings.filterwarnings("ignore", message=r".*torch\.jit\.")


# The list of verbs describes each on one line of a terminal of 80 columns.
VERBS = (
    (doctor, "doctor", "Check this installation; print findings and remedies"),
    (init, "init", "Write a commented settings file"),
    (validate, "validate", "Check a settings file and print the plan with its cost"),
    (validate, "plan", "The same as validate"),
    (run, "run", "Run the whole loop, or continue it"),
    (status, "status", "Print a run's progress and its results so far"),
    (report, "report", "Write a run's report again"),
    (study, "study", "Compare ways to train, under equal budgets"),
    (submit, "submit", "Run the loop from a chain of jobs on a cluster"),
    (task, "task", "Perform one task of a run on a cluster, or list them"),
    (explore, "explore", "Make frames to label with the teacher's MD"),
    (label, "label", "Label frames with CP2K, tblite, a teacher, any ASE calculator"),
    (sample, "sample", "Sample the structures of a cluster"),
    (ledger, "ledger", "Look up where frames came from and who labelled them"),
    (rewind, "rewind", "Return a run to the state before a stage"),
    (gc, "gc", "Remove what a run no longer needs"),
    (relabel, "relabel", "Label frames with a student or a committee"),
    (pretrain, "pretrain", "Pretrain a student, outside a run"),
    (finetune, "finetune", "Fine-tune a student on reference labels, outside a run"),
    (train, "train", "Train a student on labelled frames"),
    (evaluate, "eval", "Compare a student with labelled frames"),
    (convert, "convert", "Convert labelled frames to another file format"),
    (uncertainty, "uncertainty", "Add expected errors to a student"),
    (info, "info", "Print what a model file holds"),
    (export, "export", "Write a model file and check it in LAMMPS"),
    (harvest, "harvest", "Select training frames from the MD of a student"),
    (species, "species", "Find molecules and reactions in a dump"),
    (physics, "physics", "Check a potential against physics, without a reference"),
    (stability, "stability", "Measure how often, and when, the MD of students fails"),
)
# Verbs that train, or evaluate networks in PyTorch; the others need PyTorch only for a student
# without kernels.
NEED_TRAINING = (
    *("validate", "plan", "run", "submit", "study", "explore"),
    *("relabel", "pretrain", "finetune", "train", "export"),
)


def _checked(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return the verb, preceded by a check that its packages are installed."""
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
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    with plain_output():
        try:
            app(args=arguments)
        except SystemExit as ended:  # also raised by typer, after its message on wrong options
            return ended.code if isinstance(ended.code, int) else 1
        except Exception as error:
            return report_failure(error, debug="--debug" in arguments)
    return 0
