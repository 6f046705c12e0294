"""The outcome of a run of a study: the evaluated student, its errors, its budget."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from ipip.config.stop import StopSettings
from ipip.decisions.best_round import best_round
from ipip.errors import IpipError
from ipip.records.integrity import require_whole
from ipip.records.manifest import Manifest, read_manifests
from ipip.records.run_folder import RunFolder
from ipip.stages.evaluate import EVALUATE, EvaluateRecord, Failures
from ipip.stages.finetune import FINETUNE
from ipip.stages.harvest import HARVEST
from ipip.stages.label import LABEL, LabelRecord
from ipip.stages.pretrain import PRETRAIN
from ipip.stages.teacher_md import TEACHER_MD
from ipip.storage.digest import file_digest
from ipip.views.outcomes import decide, evaluated_rounds, round_outcome

HELD_OUT = "held-out"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """A finished run of a study.

    Attributes:
        student: file of the evaluated student.
        student_digest: of that file.
        round: of the student.
        test: its errors on the held-out frames (see `score_on`).
        teacher: the teacher's on the same frames.
        teacher_name: model or kind.
        teacher_shift: eV per atom of each element, from the teacher's energies to the reference's.
        by_round: force MAE on the held-out frames of each round, eV/Å.
        failures: failed and total stability runs.
        steps: optimiser steps of the evaluated student, and of all.
        teacher_calls: evaluations of the teacher.
        us_per_atom_step: speed of the student in MD.
    """

    student: Path
    student_digest: str
    round: int
    test: dict[str, Any]
    teacher: dict[str, Any]
    teacher_name: str
    teacher_shift: dict[str, float]
    by_round: list[float]
    failures: Failures
    steps: dict[str, int]
    teacher_calls: int
    us_per_atom_step: float


def read_outcome(
    folder: Path, judged: Literal["last", "best"], rules: StopSettings, teacher: str
) -> Outcome:
    """Read a finished run.

    Args:
        folder: of the run.
        judged: the student to evaluate: of the last round that was not rolled back, or of the round
            that the validation frames select.
        rules: for rolling back rounds.
        teacher: name of its teacher.

    Raises:
        IpipError: a round is not finished, or a file of the run is damaged.
    """
    run = RunFolder(folder)
    manifests = read_manifests(run)
    require_whole(run, manifests)
    rounds = evaluated_rounds(manifests)
    decision = decide(manifests, rules)
    if decision is None:
        raise IpipError(f"{folder}: no round is finished; run the study again to resume it")
    best = best_round([round_outcome(number, manifests) for number in rounds])
    index = decision.base if judged == "last" else best
    measured, labelled = EVALUATE.read(manifests, index), LABEL.read(manifests, 0)
    student = run.stage(FINETUNE.of(index)) / FINETUNE.record.STUDENT
    steps = [_steps(manifests, number) for number in rounds]
    return Outcome(
        student=student,
        student_digest=file_digest(student),
        round=index,
        test=_test_of(labelled, measured),
        teacher=_test_of(labelled, labelled),
        teacher_name=teacher,
        teacher_shift=labelled.energy_shift.ev_per_atom,
        by_round=[EVALUATE.read(manifests, number).test["force_mae_ev_per_a"] for number in rounds],
        failures=measured.failures,
        steps={"judged": steps[index], "all": sum(steps)},
        teacher_calls=teacher_calls(manifests, rounds),
        us_per_atom_step=manifests[EVALUATE.of(index)].times["us_per_atom_step"],
    )


def teacher_calls(manifests: Mapping[str, Manifest], rounds: Sequence[int]) -> int:
    """Return the number of teacher evaluations that a student was trained on.

    These are the steps of its MD, the queries of the pretraining method, and the labels of the
    harvests. A student without pretraining has none, although its run has teacher MD for the
    guards.
    """
    if not PRETRAIN.read(manifests, 0).steps:
        return 0
    stages = (TEACHER_MD.of(0), PRETRAIN.of(0), *(HARVEST.of(index) for index in rounds[1:]))
    return sum(manifests[name].teacher_calls for name in stages)


def _test_of(labelled: LabelRecord, measured: LabelRecord | EvaluateRecord) -> dict[str, Any]:
    return {
        "metrics": measured.test,
        "errors": measured.test_frame_errors,
        "weights": labelled.test_sizes,
        "groups": labelled.test_groups,
        "units": labelled.test_units,
    }


def _steps(manifests: Mapping[str, Manifest], index: int) -> int:
    return PRETRAIN.read(manifests, index).steps + FINETUNE.read(manifests, index).steps
