"""Settings of a harvest from a user's own dumps."""

from pathlib import Path

from pydantic import Field, field_validator

from ipip.config.dumps import DumpSettings
from ipip.config.harvest import HarvestSettings
from ipip.config.md import Guards
from ipip.config.state_keys import check_state
from ipip.config.teacher import TeacherSettings


class HarvestRunSettings(DumpSettings):
    """What is harvested from dumps, and what is known already."""

    harvest: HarvestSettings = Field(
        default_factory=lambda: HarvestSettings(), description="windows, bounds and numbers"
    )
    teacher: TeacherSettings | None = Field(
        None,
        description="labels the candidates and ranks them by its forces' difference to the"
        " student's; null: no labels, diverse frames only",
    )
    seed: int = Field(1, ge=0, description="of the draw, for harvest.choose: random")
    known: list[Path] = Field(
        default_factory=list,
        description="frames (extended XYZ or ASE database) that are known: no duplicates of them"
        " are taken; their smallest distances bound those of candidates",
    )
    state: dict[str, float | list[float]] = Field(
        default_factory=dict,
        description="what the teacher's calculator reads of the dumps' frames beside their"
        " structure, such as {charge: -1, multiplicity: 2}; run folders have that of their start",
    )
    atoms_may_leave: bool = Field(
        False,
        description="whether atoms may leave the system (grand-canonical moves, evaporation): a"
        " frame with fewer atoms is then no failure; more of them never are one",
    )
    guards: Guards = Field(
        default_factory=lambda: Guards(),
        description="max_force (of dumped fx fy fz) and distance_factor: what makes a frame the"
        " failure of its run",
    )
    failed: bool = Field(
        False,
        description="whether every run failed right after its dump's last frame, if not before",
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
