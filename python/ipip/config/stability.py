"""Settings of the stability protocol: how often, and when, a student's MD fails."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ipip.config.base import Settings
from ipip.config.influence import NO_INFLUENCE
from ipip.config.md import Guards, StudentMDSettings, refuse_bias
from ipip.config.systems import SystemSettings


class StabilityMDSettings(StudentMDSettings):
    """MD of the stability runs; the defaults are those of the IPIP paper (Stability Analysis)."""

    temperature: float = Field(2500.0, gt=0, description="K; target temperature")
    steps: int = Field(50_000, ge=1, description="MD steps of each run")
    thermostat: Literal["nose-hoover", "langevin"] = Field(
        "langevin", description="thermostat; nose-hoover is a chain of three"
    )
    minimize_steps: int = Field(
        1000, ge=0, description="most iterations of energy minimisation before the dynamics"
    )
    frame_interval: int = Field(5000, ge=1, description="steps between stored frames")
    ring_interval: int = Field(
        10, ge=1, description="steps between frames of the ring, which keeps the last moments"
    )
    ring_frames: int = Field(20, ge=2, description="frames in the ring; older ones are deleted")


class StabilityProtocol(Settings):
    """Many runs of one system, which differ in their seed."""

    system: SystemSettings = Field(..., description="the box in which the runs start")
    runs: int = Field(100, ge=1, description="runs of each model")
    seed: int = Field(1, ge=0, description="seed of the box, the velocities and the noise")
    new_boxes: bool = Field(
        False, description="whether each run has another box; false: one box for all (paper)"
    )
    md: Annotated[StabilityMDSettings, AfterValidator(refuse_bias)] = Field(
        default_factory=lambda: StabilityMDSettings(), description="MD of each run"
    )
    guards: Guards = Field(
        default_factory=lambda: Guards(), description="bounds that make a run unstable"
    )
    calibration: Path | None = Field(
        None,
        description="frames (extended XYZ) whose smallest distances, times guards.distance_factor,"
        " bound those of a run, besides the start's and 0.7 times the sums of covalent radii",
    )
    keep_dumps: Literal["unstable", "all"] = Field(
        "unstable",
        description="runs whose trajectories are kept on the disk",
        json_schema_extra=NO_INFLUENCE,
    )
