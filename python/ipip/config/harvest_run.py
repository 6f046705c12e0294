"""Settings of a harvest from a user's own dumps."""

from pathlib import Path

from pydantic import Field, field_validator

from ipip.config.dumps import DumpSettings
from ipip.config.harvest import HarvestSettings
from ipip.config.md import Guards
from ipip.config.state_keys import check_state
from ipip.config.teacher import TeacherSettings


class HarvestRunSettings(DumpSettings):
    """The harvest from dumps, and the known frames."""

    harvest: HarvestSettings = Field(
        default_factory=lambda: HarvestSettings(), description="windows, bounds and numbers"
    )
    teacher: TeacherSettings | None = Field(
        None,
        description="labels the candidates and ranks them by the difference of its forces to the"
        " student's; null: no labels, diverse frames only",
    )
    seed: int = Field(1, ge=0, description="seed of the draw, for harvest.choose: random")
    known: list[Path] = Field(
        default_factory=list,
        description="earlier frames (extended XYZ or ASE database): duplicates of them are"
        " discarded; their smallest distances bound those of candidates",
    )
    state: dict[str, float | list[float]] = Field(
        default_factory=dict,
        description="electronic state of the dumps' frames for the teacher's calculator, such as"
        " {charge: -1, multiplicity: 2}; run folders use that of their start",
    )
    atoms_may_leave: bool = Field(
        False,
        description="whether atoms may leave the system (grand-canonical moves, evaporation): a"
        " frame with fewer atoms is then no failure; more atoms never are one",
    )
    guards: Guards = Field(
        default_factory=lambda: Guards(),
        description="bounds that make a frame the failure of its run: max_force (of dumped fx fy"
        " fz) and distance_factor",
    )
    failed: bool = Field(
        False,
        description="whether every run failed right after its dump's last frame, unless it failed "
        "before",
    )

    biased: bool = Field(
        False,
        description="whether the dumps are of runs with `pair_style ipip bias`: forces there hold"
        " the bias and judge nothing, and frames are marked; folders of runs say it by themselves",
    )

    @field_validator("state")
    @classmethod
    def _is_a_state(cls, value: dict[str, float | list[float]]) -> dict[str, float | list[float]]:
        check_state(value)
        return value
