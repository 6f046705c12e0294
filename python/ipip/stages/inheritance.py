"""What later rounds use of a round: its pretraining set, its student, its committee.

Stages import only earlier stages of a round. Only this module names later ones, which earlier
rounds have finished, since the rounds form a loop.
"""

from __future__ import annotations

from pathlib import Path

from ipip.pipeline.stage import StageRun


def pretraining_set_of(index: int) -> str:
    """Return the name of the stage that writes the pretraining set of round `index`."""
    from ipip.stages.label import LABEL
    from ipip.stages.relabel import RELABEL

    return LABEL.of(0) if index == 0 else RELABEL.of(index)


def student_of(index: int) -> str:
    """Return the name of the stage that trains the student of round `index`."""
    from ipip.stages.finetune import FINETUNE

    return FINETUNE.of(index)


def committee_of(index: int) -> str:
    """Return the name of the stage that trains the committee of round `index`."""
    from ipip.stages.committee import COMMITTEE

    return COMMITTEE.of(index)


def last_student(run: StageRun) -> Path:
    """Return the file of the student from which a round starts."""
    from ipip.stages.finetune import FINETUNE

    return run.path(student_of(run.round.base), FINETUNE.record.STUDENT)
