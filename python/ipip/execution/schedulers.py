"""The commands of each scheduler."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from ipip.config.execution import Scheduler


@dataclasses.dataclass(frozen=True)
class Commands:
    """Programs that a driver calls.

    Attributes:
        submit: starts a job.
        cancel: ends jobs, given their names.
        look: says what is queued.
    """

    submit: str
    cancel: tuple[str, ...]
    look: str


COMMANDS: Mapping[Scheduler, Commands] = {
    "slurm": Commands("sbatch", ("scancel",), "squeue"),
    "pbs": Commands("qsub", ("qdel",), "qstat"),
    "lsf": Commands("bsub", ("bkill",), "bjobs"),
}
"""Of those that are driven by programs; kubernetes is by its Python package, local by none."""
