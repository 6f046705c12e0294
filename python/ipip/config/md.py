"""Settings of molecular dynamics: the teacher's, the student's, and the guards of a run."""

import math
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, Field

from ipip.config.base import Settings
from ipip.config.influence import NO_INFLUENCE


def temperature_bound(temperature: float, factor: float, margin: float, n_atoms: int) -> float:
    """Return T0·max(factor, 1 + margin·√(2/3N)) in K: above it a run of N atoms is no longer NVT.

    √(2/3N) is the relative standard deviation of the instantaneous temperature of N free atoms.
    """
    return temperature * max(factor, 1.0 + margin * math.sqrt(2.0 / (3.0 * n_atoms)))


class MDSettings(Settings):
    """Settings that the teacher's and the student's MD share: constant volume and temperature."""

    temperature: float = Field(1200.0, gt=0, description="K; target temperature")
    timestep: float = Field(1.0, gt=0, le=10.0, description="fs; time step")
    steps: int = Field(..., ge=1, description="MD steps of each run")
    frame_interval: int = Field(100, ge=1, description="steps between stored frames")
    thermostat: Literal["nose-hoover", "langevin"] = Field(
        "nose-hoover", description="thermostat; nose-hoover is a chain of three"
    )
    damping: float = Field(
        100.0, gt=0, description="fs; relaxation time of the thermostat (Langevin: 1/friction)"
    )


class TeacherMDSettings(MDSettings):
    """MD of the teacher, run by ASE."""

    relax_steps: int = Field(
        0, ge=0, description="most FIRE steps before the dynamics; 0: start as built"
    )
    relax_fmax: float = Field(
        0.5, gt=0, description="eV/Å; relaxation ends below this largest force"
    )
    max_force: float = Field(
        60.0, gt=0, description="eV/Å; a run whose largest force is above this has failed"
    )
    temperature_factor: float = Field(
        1.5,
        gt=1,
        description="factor of the bound: a run has failed above temperature x "
        "max(this, 1+margin·√(2/3N))",
    )
    temperature_margin: float = Field(
        8.0,
        gt=0,
        description="margin of the bound above, in standard deviations of the temperature",
    )

    checkpoint_interval: int = Field(
        1000,
        ge=0,
        description="steps between stored states from which a killed run resumes; 0: none",
        json_schema_extra=NO_INFLUENCE,
    )

    def temperature_limit(self, n_atoms: int) -> float:
        """Temperature (K) above which a run of n_atoms atoms has failed."""
        factor, margin = self.temperature_factor, self.temperature_margin
        return temperature_bound(self.temperature, factor, margin, n_atoms)


class BiasSettings(Settings):
    """A bias that drives a run towards structures of high uncertainty (docs/uncertainty.md)."""

    energy: float = Field(gt=0, le=2, description="eV; largest bias energy of an atom")
    width: float = Field(
        2.0,
        gt=0,
        allow_inf_nan=False,
        description="score at which an atom has 1 - 1/e of it; atoms of the training set have "
        "about 1",
    )


class StudentMDSettings(MDSettings):
    """MD of a student, run by LAMMPS with pair_style ipip."""

    ensemble: Literal["nvt", "npt"] = Field(
        "nvt", description="nvt: the box stays; npt: its size follows the pressure"
    )
    pressure: float = Field(1.0, description="bar; ensemble npt: target pressure")
    pressure_damping: float = Field(
        1000.0, gt=0, description="fs; ensemble npt: relaxation time of the barostat"
    )
    pressure_coupling: Literal["iso", "aniso", "tri"] = Field(
        "iso", description="ensemble npt: one scale for all edges, one for each, or tilts too"
    )
    minimize_steps: int = Field(
        0, ge=0, description="most iterations of energy minimisation before the dynamics"
    )
    minimize_fmax: float = Field(
        0.1, gt=0, description="eV/Å; minimisation ends below this largest force component"
    )
    ring_interval: int = Field(
        5, ge=1, description="steps between frames of the ring, which keeps the last moments"
    )
    ring_frames: int = Field(40, ge=2, description="frames in the ring; older ones are deleted")
    thermo_interval: int = Field(100, ge=1, description="steps between lines of thermodynamics")
    restart_interval: int = Field(
        10000,
        ge=0,
        description="steps between restart files (two, in turn), from which a killed run resumes;"
        " 0: none",
        json_schema_extra=NO_INFLUENCE,
    )
    skin: float = Field(1.0, gt=0, description="Å; neighbour skin")
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|emulate|cuda(:\d+)?)$",
        description="device of pair_style ipip: auto, cpu, cuda, cuda:N or emulate (gpu.md)",
        json_schema_extra=NO_INFLUENCE,
    )
    pair_options: str = Field(
        "", description="further keywords of pair_style ipip, such as 'backend kernels'"
    )
    deck: Path | None = Field(
        None, description="deck template to use instead of the package's (jinja2, see its text)"
    )

    bias: BiasSettings | None = Field(
        None,
        description="explorations only: bias towards structures of high uncertainty"
        " (docs/uncertainty.md); null: no bias",
    )

    def pair_keywords(self) -> str:
        """Return the keywords of pair_style ipip that these settings name."""
        if self.bias is None:
            return self.pair_options
        bias = f"bias {self.bias.energy:.10g} bias_width {self.bias.width:.10g}"
        return f"{bias} {self.pair_options}".strip()

    def unbiased(self) -> Self:
        """Return the settings of runs that judge the student."""
        return self.model_copy(update={"bias": None})

    def own_parts(self) -> str:
        """Name the user's parts of a run, which only a trial can check; empty: none."""
        if self.deck is not None:
            return f"deck {self.deck}"
        if self.pair_options:
            return f"pair_options {self.pair_options!r}"
        return f"device {self.device}" if self.device not in ("auto", "cpu") else ""


MDSettingsT = TypeVar("MDSettingsT", bound="StudentMDSettings")


def refuse_bias(md: MDSettingsT) -> MDSettingsT:
    """Return the settings of runs that judge the student; refuse a bias."""
    if md.bias is None:
        return md
    raise ValueError(
        f"bias is {md.bias.energy:g} eV; expected none: these runs judge the student alone, and"
        " only explorations (student_md) may be biased"
    )


VerdictMDSettings = Annotated[StudentMDSettings, AfterValidator(refuse_bias)]
"""MD that judges the student, so without a bias."""


class Guards(Settings):
    """Bounds that LAMMPS checks on every step; a run that crosses one is unstable."""

    temperature_factor: float = Field(
        1.5, gt=1, description="temperature bound T0·max(this, 1+margin·√(2/3N)): the factor"
    )
    temperature_margin: float = Field(
        8.0, gt=0, description="temperature bound: margin in standard deviations of T"
    )
    max_force: float = Field(100.0, gt=0, description="eV/Å; largest force on any atom")
    distance_factor: float = Field(
        0.8,
        gt=0,
        le=1,
        description="minimum distance of each pair of elements: this times the smallest one in"
        " the teacher's MD, or times 0.7 of the sum of covalent radii for pairs that were not"
        " bonded there",
    )
    max_energy_jump: float | None = Field(
        1.0,
        gt=0,
        description="eV/atom; largest change of the potential energy from one step to the next;"
        " null: unbounded",
    )
    max_energy_change: float | None = Field(
        None,
        gt=0,
        description="eV/atom; largest change of the potential energy from the run's first step;"
        " null: unbounded",
    )
    max_uncertainty: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="eV/Å; largest expected error of the force on an atom, for a student whose file"
        " holds expected errors (docs/uncertainty.md); null: unbounded",
    )

    def temperature_limit(self, temperature: float, n_atoms: int) -> float:
        """Temperature (K) above which a run of n_atoms atoms at this target (K) is unstable."""
        factor, margin = self.temperature_factor, self.temperature_margin
        return temperature_bound(temperature, factor, margin, n_atoms)
