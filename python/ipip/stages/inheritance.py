"""What a round hands on to later ones: its pretraining set, its student, its committee.

Stages of one round know those before them. Only here do they name those behind them, which the
rounds before have done: a loop of rounds is no line.
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
    """Return the file of the student that a round begins with."""
    from ipip.stages.finetune import FINETUNE

    return run.path(student_of(run.round.base), FINETUNE.record.STUDENT)
