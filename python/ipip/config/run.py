"""The settings file of `ipip run`, with reference labels and without."""

from __future__ import annotations

from typing import ClassVar

from ase.data import atomic_numbers
from pydantic import Field, field_validator, model_validator

from ipip.config.active import ActiveSettings
from ipip.config.base import REMEDY, Settings
from ipip.config.execution import ExecutionSettings
from ipip.config.harvest import HarvestSettings
from ipip.config.influence import NO_INFLUENCE, ON_ROUNDS
from ipip.config.iteration import IterationSettings
from ipip.config.md import Guards, StudentMDSettings, TeacherMDSettings
from ipip.config.painn import PaiNNSettings
from ipip.config.physics import PhysicsSettings
from ipip.config.pretraining import PretrainSettings
from ipip.config.reference import ReferenceSettings
from ipip.config.rounds import (
    LoopSystem,
    ResourceSettings,
    SpeedSettings,
    StabilitySettings,
)
from ipip.config.stop import BaselineSettings, StopSettings
from ipip.config.student import StudentSettings
from ipip.config.teacher import TeacherSettings
from ipip.config.training import TrainingSettings, seconds_of
from ipip.teacher_program.kinds import WITH_FEATURES

MAKE_LABELS = (
    "`ipip explore CONFIG --out frames.xyz` makes frames and `ipip label LEVEL frames.xyz --out"
    " labels.xyz` labels them"
)
_REFERENCE = "labels of the reference level (DFT) to fine-tune on and to test with"


class UnlabelledSettings(Settings):
    """All settings of a run of the loop; its reference labels may still be missing.

    `ipip explore` reads them: it makes the frames that become these labels.
    """

    template_verb: ClassVar[str | None] = "ipip init"

    seed: int = Field(1, ge=0, description="seed from which all others are derived")
    rounds: int = Field(
        2, ge=0, description="rounds of iteration after round 0", json_schema_extra=ON_ROUNDS
    )
    elements: list[str] = Field(
        min_length=1, description="chemical symbols of the student in type order"
    )
    teacher: TeacherSettings = Field(description="the foundation potential")
    reference: ReferenceSettings | None = Field(None, description=_REFERENCE)
    systems: list[LoopSystem] = Field(
        min_length=1, description="systems that teacher and student explore"
    )
    teacher_md: TeacherMDSettings = Field(description="the teacher's MD in round 0")
    student_md: StudentMDSettings = Field(description="the students' MD in later rounds")
    student_device: str = Field(
        "cpu",
        pattern=r"^(cpu|emulate|cuda(:\d+)?)$",
        description="where students are evaluated outside MD, for harvest, relabelling and test"
        " errors: cpu, cuda, cuda:N or emulate (gpu.md)",
        json_schema_extra=NO_INFLUENCE,
    )
    guards: Guards = Field(
        default_factory=Guards, description="bounds of the students' MD; crossing one is a failure"
    )
    harvest: HarvestSettings = Field(
        default_factory=HarvestSettings, description="selection of frames from the students' MD"
    )
    active: ActiveSettings | None = Field(
        None, description="new reference labels in every round (active learning); null: none"
    )
    iteration: IterationSettings = Field(
        default_factory=IterationSettings, description="forgetting, relabelling and retraining"
    )
    student: StudentSettings = Field(
        default_factory=PaiNNSettings, description="the student to build"
    )
    pretrain: PretrainSettings | None = Field(
        default_factory=PretrainSettings,
        description="training on the pretraining set; null: none, the student learns from the"
        " reference frames alone",
    )
    finetune: TrainingSettings = Field(
        default_factory=TrainingSettings, description="training on the reference frames"
    )
    stability: StabilitySettings = Field(
        default_factory=StabilitySettings, description="runs that count each student's failures"
    )
    physics: PhysicsSettings | None = Field(
        None,
        description="checks of each student that need no reference (docs/physics.md), such as holes"
        " at short distance; null: none",
    )
    stop: StopSettings = Field(
        default_factory=StopSettings,
        description="when the loop ends early or rolls back a round",
        json_schema_extra=ON_ROUNDS,
    )
    baseline: BaselineSettings = Field(
        default_factory=BaselineSettings, description="students for comparison"
    )
    speed: SpeedSettings = Field(
        default_factory=SpeedSettings, description="timing of teacher and student on the same box"
    )
    resources: ResourceSettings = Field(
        default_factory=ResourceSettings,
        description="resources of this machine; no influence on results",
        json_schema_extra=NO_INFLUENCE,
    )
    execution: ExecutionSettings = Field(
        default_factory=ExecutionSettings,
        description="where work is done: this machine or a cluster; no influence on results",
        json_schema_extra=NO_INFLUENCE,
    )

    @field_validator("elements")
    @classmethod
    def _are_elements(cls, value: list[str]) -> list[str]:
        for symbol in value:
            if symbol not in atomic_numbers or symbol == "X":
                raise ValueError(f"{symbol!r} is not a chemical symbol")
        if len(set(value)) != len(value):
            raise ValueError(f"{' '.join(value)}: each element may be named once")
        return value

    @field_validator("pretrain", "finetune", check_fields=False)
    @classmethod
    def _is_counted_in_steps(cls, value: TrainingSettings | None) -> TrainingSettings | None:
        if value is not None and seconds_of(value) is not None:
            raise ValueError(
                f"budget is {value.budget}; a run compares trainings of equal steps, so give it in "
                "steps (5000 steps)"
            )
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> UnlabelledSettings:
        names = [system.name for system in (*self.systems, *self.stability.extra)]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two systems are called {name!r}; give each another name")
        explored = [system.name for system in self.systems]
        for name in self.stability.systems:
            if name not in explored:
                raise ValueError(
                    f"stability.systems names {name!r}; the systems are {', '.join(explored)}"
                )
        if self.pretrain is None and self.rounds:
            raise ValueError(
                f"pretrain is null and rounds is {self.rounds}; rounds grow the pretraining set, "
                "so expected rounds: 0"
            )
        if self.stop.rollback_on_physics and self.physics is None:
            raise ValueError(
                "stop.rollback_on_physics is true and physics is null, so no check is made; "
                "add physics: {}, or set it to false"
            )
        if self.pretrain is not None:
            self._check_method(self.pretrain)
        return self

    def _check_method(self, pretrain: PretrainSettings) -> None:
        """Refuse a method of pretraining that cannot work in this run."""
        method = pretrain.method
        if method.kind != "labels" and self.rounds:
            raise ValueError(
                f"pretrain.method is {method.kind} and rounds is {self.rounds}; rounds relabel the"
                " pretraining set, which only the method labels learns from: expected rounds: 0"
            )
        if method.needs_features and self.teacher.kind not in WITH_FEATURES:
            raise ValueError(
                f"pretrain.method is {method.kind}, which needs features of the teacher's atoms,"
                f" and teacher.kind {self.teacher.kind} gives none; expected one of"
                f" {', '.join(WITH_FEATURES)}, or method hessian, which works with every teacher"
            )
        if method.kind not in ("labels", "a2a") and pretrain.precision != "full":
            raise ValueError(
                f"pretrain.method is {method.kind} with precision {pretrain.precision}, which only"
                " energies and forces are measured in; expected precision: full"
            )
        if not method.uses_labels and pretrain.early_stop_patience is not None:
            raise ValueError(
                f"pretrain.method is {method.kind}, which uses no labels, so nothing is"
                " validated; expected early_stop_patience: null"
            )


class RunSettings(UnlabelledSettings):
    """All settings of a run of the loop."""

    reference: ReferenceSettings = Field(
        description=_REFERENCE,
        json_schema_extra={REMEDY: "without labels yet, " + MAKE_LABELS},
    )

    @model_validator(mode="after")
    def _has_all_parts(self) -> RunSettings:
        if self.reference.split.test == 0 and self.reference.split.file is None:
            raise ValueError(
                "reference.split.test is 0; held-out frames are needed to judge a student"
            )
        if self.reference.split.valid == 0 and self.reference.split.file is None:
            raise ValueError(
                "reference.split.valid is 0; validation frames are needed to choose the best round"
            )
        return self
