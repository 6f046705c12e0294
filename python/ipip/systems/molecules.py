"""Molecules by name: built in, from ASE's g2 set, single atoms, or from files."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
from ase import Atoms

from ipip.data.electronic_state import atom_state_in, charge_of
from ipip.errors import InputError
from ipip.systems.files import read_structure


def _pyramid(ligands: Sequence[tuple[str, float]], angle: float) -> Atoms:
    """Return Mo with three ligands (symbol, bond in Å) at equal angles (degrees)."""
    tilt = np.arcsin(2.0 / np.sqrt(3.0) * np.sin(np.radians(angle) / 2.0))
    positions = [np.zeros(3)]
    for k, (_, bond) in enumerate(ligands):
        turn = 2.0 * np.pi * k / 3.0
        axis = [np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn), np.cos(tilt)]
        positions.append(bond * np.array(axis))
    return Atoms(["Mo", *(symbol for symbol, _ in ligands)], positions=np.array(positions))


def _bent(outer: str, centre: str, bond: float, angle: float) -> Atoms:
    """Return a molecule outer-centre-outer; bond in Å, angle in degrees."""
    half = np.radians(angle) / 2.0
    arm = bond * np.array([np.sin(half), np.cos(half), 0.0])
    return Atoms([centre, outer, outer], positions=np.array([np.zeros(3), arm, arm * [-1, 1, 1]]))


def _pair(symbol: str, bond: float) -> Atoms:
    return Atoms([symbol] * 2, positions=np.array([[0.0, 0.0, 0.0], [0.0, 0.0, bond]]))


def _mo3o9() -> Atoms:
    """Planar ring of D3h: Mo=O 1.713 Å, Mo-O in the ring 1.920 Å (SevenNet-0).

    In the ring O-Mo-O is 106° and so Mo-O-Mo 134° (a planar hexagon); O=Mo=O is 108°.
    """
    ring_bond, terminal_bond = 1.920, 1.713
    at_mo, at_o, at_terminal = np.radians([106.0, 134.0, 108.0])
    radius_mo = 2.0 * ring_bond * np.sin(at_o / 2.0) / np.sqrt(3.0)
    radius_o = 2.0 * ring_bond * np.sin(at_mo / 2.0) / np.sqrt(3.0)
    up = terminal_bond * np.sin(at_terminal / 2.0) * np.array([0.0, 0.0, 1.0])
    metal, bridge, terminal = [], [], []
    for k in range(3):
        out = _circle(2.0 * np.pi * k / 3.0)
        metal.append(radius_mo * out)
        bridge.append(radius_o * _circle(2.0 * np.pi * k / 3.0 + np.pi / 3.0))
        end = metal[-1] + terminal_bond * np.cos(at_terminal / 2.0) * out
        terminal += [end + up, end - up]
    return Atoms("Mo3O9", positions=np.array([*metal, *bridge, *terminal]))


def _s8() -> Atoms:
    """Crown of D4d: S-S 2.05 Å, S-S-S 108°."""
    bond, angle = 2.05, np.radians(108.0)
    radius = np.sqrt(2.0) * bond * np.sin(angle / 2.0)
    height = np.sqrt(bond**2 - (2.0 * radius * np.sin(np.pi / 8.0)) ** 2)
    positions = [
        radius * _circle(np.pi * k / 4.0) + np.array([0.0, 0.0, height * (k % 2)]) for k in range(8)
    ]
    return Atoms("S8", positions=np.array(positions))


def _circle(angle: float) -> npt.NDArray[np.float64]:
    return np.array([np.cos(angle), np.sin(angle), 0.0])


BUILT_IN: Mapping[str, Callable[[], Atoms]] = MappingProxyType(
    {
        "Mo3O9": _mo3o9,
        "MoO3": lambda: _pyramid([("O", 1.72)] * 3, 110.0),
        "MoS3": lambda: _pyramid([("S", 2.13)] * 3, 110.0),
        "MoO2S": lambda: _pyramid([("O", 1.72), ("O", 1.72), ("S", 2.13)], 110.0),
        "S2": lambda: _pair("S", 1.90),
        "S8": _s8,
        "O2": lambda: _pair("O", 1.21),
        "SO2": lambda: _bent("O", "S", 1.43, 119.5),
        "H2O": lambda: _bent("H", "O", 0.96, 104.5),
        "H2S": lambda: _bent("H", "S", 1.34, 92.1),
    }
)
"""The built-in molecules, with the functions that build them."""


def molecule(name: str, files: Mapping[str, Path] | None = None) -> Atoms:
    """Return a molecule (positions in Å, no cell), with the charge in its file.

    Args:
        name: a key of ``files``, a built-in molecule, an element, or a name of ASE's g2 set.
        files: structure files of the user's molecules.

    Raises:
        InputError: no such molecule, or its file cannot be read.
    """
    from ase.build import molecule as g2_molecule
    from ase.collections import g2
    from ase.data import atomic_numbers

    user_files = files or {}
    if name in user_files:
        atoms = read_structure(user_files[name])
        charge = charge_of(atoms.info, atom_state_in(atoms.arrays, len(atoms)))
        info = {} if charge is None else {"charge": charge}
        return Atoms(numbers=atoms.numbers, positions=atoms.positions, info=info)
    if name in BUILT_IN:
        return BUILT_IN[name]()
    if atomic_numbers.get(name, 0) > 0:
        return Atoms(name, positions=np.zeros((1, 3)))
    if name in g2.names:
        atoms = g2_molecule(name)
        return Atoms(numbers=atoms.numbers, positions=atoms.positions)
    names = [*user_files, *BUILT_IN, *g2.names]
    close = difflib.get_close_matches(name, names, n=3)
    raise InputError(
        f"molecule {name!r} is unknown"
        + (f"; did you mean {', '.join(close)}?" if close else "")
        + f"; built in: {', '.join(BUILT_IN)}; elements and names of ASE's g2 set work too; "
        "give others as files under molecules"
    )
