"""Settings of CP2K as a reference level."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from ipip.config.base import Settings
from ipip.config.influence import NO_INFLUENCE

# Values that `level` sets for missing keys. NN10 shifts total energies: never mix the two.
LEVELS: dict[str, dict[str, Any]] = {
    "paper": {
        "cutoff": 850.0,
        "rel_cutoff": 60.0,
        "smooth_grid": False,
        "eps_default": 1e-12,
        "eps_scf": 1e-6,
        "kpoint_length": 30.0,
    },
    "smoothed": {
        "cutoff": 300.0,
        "rel_cutoff": 40.0,
        "smooth_grid": True,
        "eps_default": 1e-10,
        "eps_scf": 5e-6,
        "kpoint_length": 0.0,
    },
}


class Cp2kSettings(Settings):
    """PBE-D3(BJ), GTH, TZV2P-MOLOPT, no spin polarisation; each frame is a separate run."""

    level: Literal["paper", "smoothed"] = Field(
        "paper",
        description="paper: 850 Ry and k-points (arXiv 2507.20118); smoothed: 300 Ry, a smoothed"
        " grid and the Gamma point, about ten times cheaper, forces within 0.01 eV/Å but another"
        " energy zero; sets the keys below that are null",
    )
    cutoff: float | None = Field(None, gt=0, description="Ry; plane-wave cutoff of the grid")
    rel_cutoff: float | None = Field(
        None, gt=0, description="Ry; cutoff of the grid that a Gaussian is mapped onto"
    )
    smooth_grid: bool | None = Field(
        None, description="smooth density and derivatives (NN10) for the functional"
    )
    eps_default: float | None = Field(None, gt=0, description="CP2K's EPS_DEFAULT")
    eps_scf: float | None = Field(None, gt=0, description="CP2K's EPS_SCF")
    kpoint_length: float | None = Field(
        None,
        ge=0,
        description="Å; k-points along a periodic direction times its length are above this;"
        " 0: Gamma point",
    )
    basis_set: str = Field(
        "TZV2P-MOLOPT-PBE-GTH",
        description="basis set of all elements, in basis_set_file; with or without the charge that"
        " the file appends (-q6)",
    )
    basis_set_file: str = Field("BASIS_MOLOPT_UZH", description="file of CP2K's data folder")
    potential_file: str = Field("POTENTIAL", description="file of CP2K's data folder")
    pseudo_potential: str = Field("GTH-PBE", description="pseudopotential, in potential_file")
    electronic_temperature: float = Field(
        1000.0, gt=0, description="K; Fermi smearing, without which hot frames do not converge"
    )
    added_mos: int = Field(20, ge=1, description="empty orbitals for the smearing")
    max_scf: int = Field(
        120, ge=1, description="SCF steps; a frame that takes more is dropped as not converged"
    )
    vacuum: float = Field(
        5.0, gt=0, description="Å; around an open molecule, in a cube with a wavelet solver"
    )
    command: str | None = Field(
        None,
        description="CP2K's shell, such as 'mpirun -n 4 cp2k.psmp -s'; null: the first of"
        " cp2k_shell.psmp, cp2k_shell, cp2k.psmp -s ... in the PATH",
        json_schema_extra=NO_INFLUENCE,
    )
    template: Path | None = Field(
        None, description="input template to use instead of the package's (jinja2, see its text)"
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        defaults = LEVELS.get(values.get("level", "paper"), {})
        chosen = {name: value for name, value in values.items() if value is not None}
        return {**values, **defaults, **chosen}
