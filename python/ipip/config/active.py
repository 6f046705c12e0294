"""Settings of active learning: harvested frames that go to the reference level."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ipip.config.base import Settings
from ipip.config.teacher import TeacherSettings


class ActiveSettings(Settings):
    """New reference labels in every round, for some of its harvested frames.

    They join the training frames of this round's fine-tuning and of later ones that build on it,
    never the validation or test frames.
    """

    frames: int = Field(
        ge=1, description="harvested frames of a round that are labelled at the reference level"
    )
    rank: Literal["difference", "uncertainty", "random"] = Field(
        "difference",
        description="selection among them: difference: frames where student and teacher differ "
        "most;"
        " uncertainty: frames with the largest expected force error (docs/uncertainty.md);"
        " random: drawn at random, for comparison",
    )
    level: TeacherSettings = Field(
        description="the reference level: kind cp2k, tblite, ase, ...; it must be that of the"
        " reference frames, since different settings have different energy zeros"
    )
    energy_tolerance: float = Field(
        5.0,
        gt=0,
        description="meV/atom; the level first labels the smallest training frame and must"
        " reproduce its energy within this",
    )
    force_tolerance: float = Field(
        0.05, gt=0, description="eV/Å; it must also reproduce each force component within this"
    )
