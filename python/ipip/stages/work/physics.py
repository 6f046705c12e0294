"""The physics checks of a round's student, and once of the teacher."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from ipip.config.physics import PhysicsSettings
from ipip.data import read_frames
from ipip.physics import PhysicsReport, Subject, run_physics
from ipip.physics.listing import checks_of
from ipip.physics.report import describe_measure, title_of
from ipip.physics.subject import MOST_ATOMS, student_subject
from ipip.physics.teacher import teacher_subject
from ipip.pipeline.stage import StageResult, StageRun
from ipip.stages.finetune import FINETUNE
from ipip.stages.label import LABEL
from ipip.stages.physics import CheckRecord, PhysicsRecord
from ipip.teachers import Teacher


def physics(run: StageRun) -> StageResult[PhysicsRecord]:
    """Check the round's student on held-out frames, in round 0 also the teacher."""
    settings, index = run.settings.physics or PhysicsSettings(), run.round.index
    model = run.path(FINETUNE.of(index), FINETUNE.record.STUDENT)
    structures = _structures(run, settings.frames)
    student = student_subject(model, structures, name=f"student {index}")
    calls = 0
    if index == 0 and settings.teacher:
        one = run.settings.teacher.model_copy(update={"workers": 1})
        with Teacher(one, run.folder) as teacher:
            other = teacher_subject("teacher", teacher, structures, run.settings.elements)
            reports = _checked(run, [student, other])
            calls = teacher.calls
    else:
        reports = _checked(run, [student])
    own = reports[0]
    record = PhysicsRecord(
        student=_records(own), teacher=_records(reports[1]) if len(reports) > 1 else ()
    )
    return StageResult(
        outputs=(run.folder / PhysicsRecord.PAGE, run.folder / PhysicsRecord.TABLE),
        record=record,
        teacher_calls=calls,
        note=" ".join(report.verdict for report in reports),
    )


def _checked(run: StageRun, subjects: Sequence[Subject]) -> list[PhysicsReport]:
    return run_physics(subjects, run.folder, quick=True, checks=checks_of(short=True))


def _structures(run: StageRun, count: int) -> list[Atoms]:
    """Return small enough held-out frames, evenly spaced."""
    frames = read_frames(run.path(LABEL.of(0), LABEL.record.TEST))
    small = [frame for frame in frames if 1 < len(frame) <= MOST_ATOMS]
    if not small:
        return []
    chosen = np.unique(np.linspace(0, len(small) - 1, count).round().astype(int))
    return [small[int(k)].replace(energy=None, forces=None, stress=None).to_atoms() for k in chosen]


def _records(report: PhysicsReport) -> tuple[CheckRecord, ...]:
    return tuple(
        CheckRecord(
            check=outcome.check,
            title=title_of(outcome.check),
            state=outcome.state,
            found=describe_measure(outcome.telling) or outcome.note,
        )
        for outcome in report.outcomes
    )
