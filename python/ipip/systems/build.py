"""Initial configurations from the settings of a system."""

from __future__ import annotations

import dataclasses

import numpy as np
from ase import Atoms, units

from ipip.config.state_keys import CHARGE_KEYS, MULTIPLICITY_KEYS, UNPAIRED_KEYS, is_state
from ipip.config.systems import SystemSettings
from ipip.data.electronic_state import charge_of, state_in
from ipip.data.frame import Frame
from ipip.data.provenance import Provenance
from ipip.errors import InputError
from ipip.systems.files import read_structure
from ipip.systems.molecules import molecule
from ipip.systems.packing import pack

SPIN_KEYS = (*MULTIPLICITY_KEYS, *UNPAIRED_KEYS)


def build(settings: SystemSettings, seed: int) -> Frame:
    """Build the initial configuration.

    Args:
        settings: molecules and box, or a structure file; see its fields.
        seed: of the packing; the same seed gives the same box.

    Returns:
        A frame without labels; positions in Å; charge, spin and similar values in its info.

    Raises:
        InputError: unknown molecule, unreadable file, or a box that is too small.
    """
    if settings.file is not None:
        atoms = read_structure(settings.file)
        atoms.calc = None
        provenance = Provenance(system=settings.file.stem)
        atoms.info = provenance.as_info() | state_in(atoms.info)
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
        atoms.info = Provenance(system=formula).as_info()
        charges = {name: charge_of(atoms.info, {}) for name, atoms in molecules.items()}
        if any(charge is not None for charge in charges.values()):
            atoms.info["charge"] = _whole(
                float(sum(count * (charges[name] or 0) for name, count in settings.species.items()))
            )
    return _with_state(Frame.from_atoms(atoms.repeat(settings.replicate)), settings)


def _with_state(frame: Frame, settings: SystemSettings) -> Frame:
    """Return the box with the electronic state of all copies, or the state in the settings.

    Raises:
        InputError: one copy has a spin; that of several is unknown.
    """
    copies = int(np.prod(settings.replicate))
    given = {key.lower() for key in settings.state}
    info = {key: value for key, value in frame.info.items() if not is_state(key)}
    for keys, many in ((CHARGE_KEYS, True), (SPIN_KEYS, False)):
        if given & set(keys):
            continue
        for key, value in frame.state.items():
            if key.lower() not in keys:
                continue
            if not many and copies > 1:
                raise InputError(
                    f"{settings.file}: has {key}={value} for one copy, and replicate "
                    f"{settings.replicate} makes {copies}; give the system state: "
                    "{multiplicity: ...}, 2S+1 of the whole box"
                )
            info[key] = copies * value if many else value
    others = {k: v for k, v in frame.state.items() if k.lower() not in (*CHARGE_KEYS, *SPIN_KEYS)}
    state = {key: _whole(value) for key, value in settings.state.items()}
    return dataclasses.replace(frame, info=info | others | state)


def enlarged(frame: Frame, copies: tuple[int, int, int]) -> Frame:
    """Return copies of a frame's box along its lattice vectors, with charges but no other state."""
    atoms = frame.to_atoms()
    atoms.calc = None
    charge = charge_of(frame.info, {})
    atoms.info = {key: value for key, value in frame.info.items() if not is_state(key)}
    if charge is not None:
        atoms.info["charge"] = _whole(charge * int(np.prod(copies)))
    return Frame.from_atoms(atoms.repeat(copies))


def _whole(value: float | list[float]) -> float | list[float]:
    return int(value) if isinstance(value, float) and value == int(value) else value


def count_atoms(settings: SystemSettings) -> int:
    """Return how many atoms a system with these settings has, without packing it.

    Raises:
        InputError: unknown molecule, or unreadable structure file.
    """
    copies = int(np.prod(settings.replicate))
    if settings.file is not None:
        return copies * len(read_structure(settings.file))
    sizes = {name: len(molecule(name, settings.molecules)) for name in settings.species}
    return copies * sum(count * sizes[name] for name, count in settings.species.items())


def _cube(settings: SystemSettings, molecules: dict[str, Atoms]) -> tuple[float, float, float]:
    """Return the edges in Å of a cube with the density of the settings (g/cm^3)."""
    assert settings.density is not None
    mass = sum(
        count * float(molecules[name].get_masses().sum())
        for name, count in settings.species.items()
    )
    grams_per_cubic_angstrom = settings.density * 1e-24
    edge = float(np.cbrt(mass / units.mol / grams_per_cubic_angstrom))
    return (edge, edge, edge)
