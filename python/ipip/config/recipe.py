"""Settings of a recipe: how a student is trained on the published labels of one molecule."""

from __future__ import annotations

from pydantic import Field

from ipip.config.base import Settings
from ipip.config.harvest import HarvestSettings
from ipip.config.md import StudentMDSettings, TeacherMDSettings
from ipip.config.student import StudentSettings
from ipip.config.training import TrainingSettings


class RecipeSettings(Settings):
    """Hyper-parameters of a recipe, for any molecule and any size of its parts."""

    student: StudentSettings = Field(description="the student to build")
    training: TrainingSettings = Field(
        description="training on the labels: alone, or as the fine-tuning of each round"
    )
    pretrain: TrainingSettings = Field(
        description="training on the pretraining set of each round (with a teacher)"
    )
    rounds: int = Field(3, ge=0, description="rounds after round 0 (with a teacher)")
    starts: int = Field(
        100, ge=1, description="training frames, drawn at random, from which MD starts"
    )
    teacher_md: TeacherMDSettings = Field(description="the teacher's MD from each start")
    student_md: StudentMDSettings = Field(description="the students' MD from each start")
    harvest: HarvestSettings = Field(
        default_factory=HarvestSettings, description="selection of frames from the students' MD"
    )
    stability_starts: int = Field(
        10, ge=0, description="starting frames from which each student's failures are counted"
    )
