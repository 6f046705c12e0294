"""Settings of the rounds: starts, stability, speed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ipip.config.base import Settings
from ipip.config.md import VerdictMDSettings
from ipip.config.systems import SystemSettings


class LoopSystem(SystemSettings):
    """A system that teacher and student explore."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$",
        description="name of the system: letters, digits and _ . + -",
    )
    temperature: float | None = Field(
        None, gt=0, description="K; temperature of this system's MD; null: that of the MD settings"
    )
    runs: int = Field(
        1,
        ge=1,
        description="runs of this system in each exploration, each with its own seed",
    )
    boxes: Literal["each", "one"] = Field(
        "each",
        description="each: every run has another box; one: all runs start from the same box, with"
        " different velocities (the paper)",
    )


class StabilitySettings(Settings):
    """Student MD that only counts failures; its frames are never used for training."""

    systems: list[str] = Field(
        default_factory=list,
        description="names of the explored systems to run; empty: all of them",
    )
    extra: list[LoopSystem] = Field(
        default_factory=list,
        description="further systems for these runs alone, never explored; each with its own"
        " number of runs",
    )
    runs: int = Field(
        2,
        ge=0,
        description="runs of each of these systems, with boxes and seeds that no round explores",
    )
    md: VerdictMDSettings | None = Field(
        None, description="MD of these runs; null: that of student_md, without a bias"
    )
    temperature: float | None = Field(
        None, gt=0, description="K; temperature of all these runs; null: that of each system"
    )


class SpeedSettings(Settings):
    """The box with which teacher and student are timed."""

    replicate: tuple[int, int, int] = Field(
        (2, 2, 2), description="copies of the first system's box along each lattice vector"
    )
    student_steps: int = Field(200, ge=10, description="timed MD steps of the student")
    teacher_calls: int = Field(5, ge=1, description="timed evaluations of the teacher")


class ResourceSettings(Settings):
    """Resources of this machine that the run may use; no influence on results."""

    lammps_runs: int = Field(1, ge=1, description="LAMMPS runs at the same time, one core each")
    lammps_launcher: str = Field(
        "",
        description="command that starts MPI ranks, such as 'mpirun -n 17' or 'srun -n 65': LAMMPS"
        " runs then spread over its ranks (the first one hands them out) instead of lammps_runs"
        " processes of this machine",
    )
