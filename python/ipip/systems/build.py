"""From system settings to a configuration."""

from __future__ import annotations

import numpy as np
from ase import Atoms, units

from ipip.config.systems import SystemSettings
from ipip.data.frame import Frame
from ipip.systems.files import read_structure
from ipip.systems.molecules import molecule
from ipip.systems.packing import pack


def build(settings: SystemSettings, seed: int) -> Frame:
    """Build the initial configuration.

    Args:
        settings: molecules and box, or a structure file; see its fields.
        seed: of the packing; the same seed gives the same box.

    Returns:
        A frame without labels; positions in Å.

    Raises:
        InputError: unknown molecule, unreadable file, or a box that is too small.
    """
    if settings.file is not None:
        atoms = read_structure(settings.file)
        atoms.calc = None
        atoms.info = {"system": settings.file.stem}
    else:
        molecules = {name: molecule(name, settings.molecules) for name in settings.species}
        edges = settings.edges or _cube(settings, molecules)
        atoms = pack(
            molecules,
            settings.species,
            edges,
            tolerance=settings.tolerance,
            periodic=settings.periodic,
            seed=seed,
            radii=settings.radii,
        )
        formula = "+".join(f"{n}{name}" for name, n in settings.species.items())
        atoms.info = {"system": formula}
    return Frame.from_atoms(atoms.repeat(settings.replicate))


def count_atoms(settings: SystemSettings) -> int:
    """Return how many atoms the configuration has, without packing it.

    Raises:
        InputError: unknown molecule, or unreadable structure file.
    """
    copies = int(np.prod(settings.replicate))
    if settings.file is not None:
        return copies * len(read_structure(settings.file))
    sizes = {name: len(molecule(name, settings.molecules)) for name in settings.species}
    return copies * sum(count * sizes[name] for name, count in settings.species.items())


def _cube(settings: SystemSettings, molecules: dict[str, Atoms]) -> tuple[float, float, float]:
    """Edges in Å of the cube that has the density of the settings (g/cm^3)."""
    assert settings.density is not None
    mass = sum(
        count * float(molecules[name].get_masses().sum())
        for name, count in settings.species.items()
    )
    grams_per_cubic_angstrom = settings.density * 1e-24
    edge = float(np.cbrt(mass / units.mol / grams_per_cubic_angstrom))
    return (edge, edge, edge)
