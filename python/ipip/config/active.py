"""Settings of active learning: harvested frames that go to the reference level."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ipip.config.base import Settings
from ipip.config.teacher import TeacherSettings


class ActiveSettings(Settings):
    """New reference labels in every round, on some of the frames that it harvested.

    They join the training frames of this round's fine-tuning and of those that build on it; never
    the validation or test frames.
    """

    frames: int = Field(
        ge=1, description="harvested frames of a round that are labelled at the reference level"
    )
    rank: Literal["difference", "uncertainty", "random"] = Field(
        "difference",
        description="which of them: difference: those where student and teacher differ most;"
        " uncertainty: those with the largest expected error of a force (docs/uncertainty.md);"
        " random: drawn at random, to compare with",
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
