"""Settings of the harvest: the selection of training frames from the student's MD."""

from typing import Literal

from pydantic import Field, model_validator

from ipip.config.base import Settings


class HarvestSettings(Settings):
    """Windows, bounds and numbers of the harvest."""

    choose: Literal["unstable", "random"] = Field(
        "unstable",
        description="unstable: frames before a failure first, then those on which student and"
        " teacher disagree, then the most diverse (the paper prefers unstable trajectories);"
        " random: valid frames of all runs, drawn at random, for comparison",
    )
    candidates: int = Field(
        100, ge=1, description="candidate frames, all labelled by the teacher where `rank` needs it"
    )
    per_run: int = Field(10, ge=1, description="most candidate frames from one run")
    frames: int = Field(20, ge=1, description="most frames that are selected from the candidates")
    window: float = Field(
        200.0,
        gt=0,
        description="fs; an unstable run's candidates come from this long before its failure",
    )
    margin: float = Field(
        0.0, ge=0, description="fs; last moments before the failure, which are excluded"
    )
    stride: int = Field(1, ge=1, description="use every n-th stored frame of the window")
    max_force: float = Field(
        60.0, gt=0, description="eV/Å; frames with a larger teacher force are discarded"
    )
    max_energy: float | None = Field(
        None,
        gt=0,
        description="eV/atom; frames whose teacher energy is this far above the mean of the "
        "pretraining"
        " set are discarded; null: unbounded",
    )
    min_force_difference: float = Field(
        0.0,
        ge=0,
        description="eV/Å; frames on which student and teacher agree better are discarded",
    )
    rank: Literal["difference", "uncertainty"] = Field(
        "difference",
        description="difference: the teacher labels all candidates, and those where the student is"
        " farthest from it come first; uncertainty: those with the largest expected force error"
        " come first, and the teacher labels only the selected ones (docs/uncertainty.md)",
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
        description="frames closer than this to one of the pretraining set in feature space "
        "(features"
        " in units of their standard deviation, distance per square root of their number) are"
        " duplicates",
    )

    @property
    def by_uncertainty(self) -> bool:
        """Whether frames are ranked by their expected error, before the teacher labels them."""
        return self.rank == "uncertainty" and self.choose == "unstable"

    @property
    def teacher_calls(self) -> int:
        """Most frames of one harvest that the teacher labels."""
        return min(self.frames, self.candidates) if self.by_uncertainty else self.candidates

    @model_validator(mode="after")
    def _margin_is_inside_the_window(self) -> "HarvestSettings":
        if self.margin >= self.window:
            raise ValueError(
                f"margin is {self.margin} fs; expected less than the window, {self.window} fs"
            )
        return self
