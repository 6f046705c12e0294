"""Settings of the harvest: which frames of the student's MD become training frames."""

from typing import Literal

from pydantic import Field, model_validator

from ipip.config.base import Settings


class HarvestSettings(Settings):
    """Windows, bounds and numbers of the harvest."""

    choose: Literal["unstable", "random"] = Field(
        "unstable",
        description="unstable: frames before a failure first, then those that student and teacher"
        " disagree on, then the most different ones (the paper prefers unstable trajectories);"
        " random: sound frames of all runs, drawn at random, to compare with",
    )
    candidates: int = Field(
        100, ge=1, description="frames that are looked at, and labelled where the rank needs it"
    )
    per_run: int = Field(10, ge=1, description="candidate frames from one run, at most")
    frames: int = Field(20, ge=1, description="frames that are taken in the end, at most")
    window: float = Field(
        200.0, gt=0, description="fs; an unstable run's candidates lie this long before its failure"
    )
    margin: float = Field(
        0.0, ge=0, description="fs; the last moments before the failure that are left out"
    )
    stride: int = Field(1, ge=1, description="take every n-th stored frame of the window")
    max_force: float = Field(
        60.0, gt=0, description="eV/Å; frames with a larger teacher force are left out"
    )
    max_energy: float | None = Field(
        None,
        gt=0,
        description="eV/atom; frames whose teacher energy is this far above the mean of the known"
        " frames are left out; null: unbounded",
    )
    min_force_difference: float = Field(
        0.0, ge=0, description="eV/Å; frames on which student and teacher agree better are left out"
    )
    rank: Literal["difference", "uncertainty"] = Field(
        "difference",
        description="difference: the teacher labels all candidates, and those where the student is"
        " farthest from it come first; uncertainty: those with the largest expected error of a"
        " force come first, and the teacher labels only what is taken (docs/uncertainty.md)",
    )
    rank_by: Literal["max", "rms"] = Field(
        "rms", description="difference of a frame's forces: largest or root mean square over atoms"
    )
    pool_factor: float = Field(
        3.0,
        ge=1,
        description="farthest-point selection among the (this x frames) worst-predicted candidates",
    )
    duplicate_distance: float = Field(
        1e-3,
        ge=0,
        description="frames closer than this to a known one in feature space (features in units of"
        " their standard deviation, distance per square root of their number) are duplicates",
    )

    @property
    def by_uncertainty(self) -> bool:
        """Whether frames are ranked by their expected error, before the teacher labels any."""
        return self.rank == "uncertainty" and self.choose == "unstable"

    @property
    def teacher_calls(self) -> int:
        """Frames of one harvest that the teacher labels, at most."""
        return min(self.frames, self.candidates) if self.by_uncertainty else self.candidates

    @model_validator(mode="after")
    def _margin_is_inside_the_window(self) -> "HarvestSettings":
        if self.margin >= self.window:
            raise ValueError(
                f"margin is {self.margin} fs; expected less than the window, {self.window} fs"
            )
        return self
