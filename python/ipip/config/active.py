"""Settings of active learning: harvested frames that go to the reference level."""

from __future__ import annotations

from pydantic import Field

from ipip.config.base import Settings
from ipip.config.teacher import TeacherSettings


class ActiveSettings(Settings):
    """New reference labels in every round, on the frames where student and teacher disagree most.

    They join the training frames of this round's fine-tuning and of those that build on it; never
    the validation or test frames.
    """

    frames: int = Field(
        ge=1, description="harvested frames of a round that are labelled at the reference level"
    )
    level: TeacherSettings = Field(
        description="the reference level: kind cp2k, tblite, ase, ...; it has to be the one of the"
        " reference frames, since different settings have different energy zeros"
    )
    energy_tolerance: float = Field(
        5.0,
        gt=0,
        description="meV/atom; the level is tried on the smallest training frame first and has to"
        " reproduce its energy within this",
    )
    force_tolerance: float = Field(
        0.05, gt=0, description="eV/Å; and each force component within this"
    )
