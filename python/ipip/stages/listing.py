"""The list of all stages, from which a run's order, plan, state and report follow."""

from __future__ import annotations

from typing import Any

from ipip.config.run import RunSettings
from ipip.pipeline.stage import Stage
from ipip.records.run_folder import split_stage_id
from ipip.stages.baseline import BASELINE
from ipip.stages.committee import COMMITTEE
from ipip.stages.evaluate import EVALUATE
from ipip.stages.finetune import FINETUNE
from ipip.stages.forget import FORGET
from ipip.stages.harvest import HARVEST
from ipip.stages.label import LABEL
from ipip.stages.physics import PHYSICS
from ipip.stages.pretrain import PRETRAIN
from ipip.stages.reference_labels import REFERENCE_LABELS
from ipip.stages.relabel import RELABEL
from ipip.stages.student_md import STUDENT_MD
from ipip.stages.teacher_md import TEACHER_MD

STAGES: tuple[Stage[Any], ...] = (
    FORGET,
    TEACHER_MD,
    STUDENT_MD,
    HARVEST,
    REFERENCE_LABELS,
    LABEL,
    RELABEL,
    PRETRAIN,
    FINETUNE,
    COMMITTEE,
    PHYSICS,
    EVALUATE,
    BASELINE,
)


def stages_of_round(settings: RunSettings, index: int) -> list[Stage[Any]]:
    """Return the stages of a round in the order of their numbers."""
    own = (stage for stage in STAGES if stage.takes_part(settings, index))
    return sorted(own, key=lambda stage: stage.name)


def names_of_run(settings: RunSettings) -> list[str]:
    """Return the names of all stages of a run in order, if no rule ends it early."""
    return [
        stage.of(index)
        for index in range(settings.rounds + 1)
        for stage in stages_of_round(settings, index)
    ]


def find_stage(stage_id: str) -> Stage[Any] | None:
    """Return the stage of that name within a run; None if this version has none."""
    index, name = split_stage_id(stage_id)
    return next((s for s in STAGES if s.name == name and s.is_in_round(index)), None)
