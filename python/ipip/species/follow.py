"""Events of a frame from its changed bonds and molecules."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from ipip.config.species import SpeciesSettings
from ipip.data.frame import IntArray
from ipip.species.events import BondChange, Event, bonds_among, describe
from ipip.species.molecules import Molecules, formula_counts


@dataclasses.dataclass(frozen=True)
class FrameChange:
    """The changes from one analysed frame to the next.

    Attributes:
        step: of the frame.
        frame: its number among the analysed ones.
        before: keys of the bonds, with the steps at which they formed, before.
        after: the same after.
        of_atom_before: [n] number of the molecule of each atom before.
        formed: keys of the bonds that formed.
        broken: keys of the bonds that broke.
    """

    step: int
    frame: int
    before: tuple[IntArray, IntArray]
    after: tuple[IntArray, IntArray]
    of_atom_before: IntArray
    formed: IntArray
    broken: IntArray


def events_of(
    groups: Sequence[tuple[list[int], list[int]]],
    change: FrameChange,
    molecules: Molecules,
    settings: SpeciesSettings,
) -> Iterator[Event]:
    """Yield the events of a frame: reactions first, then rearrangements within a molecule.

    Rearrangements are reported of molecules with the followed element only, or of all without one.

    Args:
        groups: molecules that ended and formed together.
        change: of the bonds.
        molecules: after the change; the formulas of ended ones are still stored.
        settings: followed element, rings, insertions.
    """
    for old, new in groups:
        atoms = np.flatnonzero(np.isin(molecules.of_atom, new))
        yield _event(old, new, atoms, change, molecules, settings)
    ended = {number for old, _ in groups for number in old}
    ends = np.unique(np.concatenate([change.formed, change.broken]) // len(molecules.of_atom))
    for number in np.unique(change.of_atom_before[ends]).tolist():
        name = "" if number in ended else molecules.formulas[number]
        if name and (settings.follow is None or settings.follow in formula_counts(name)):
            atoms = np.flatnonzero(molecules.of_atom == number)
            yield _event([number], [number], atoms, change, molecules, settings)


def _event(
    old: Sequence[int],
    new: Sequence[int],
    atoms: IntArray,
    change: FrameChange,
    molecules: Molecules,
    settings: SpeciesSettings,
) -> Event:
    names = {number: molecules.formulas[number] for number in (*old, *new)}
    followed = {
        number
        for number, name in names.items()
        if settings.follow is None or settings.follow in formula_counts(name)
    }
    owners = (change.of_atom_before[atoms], molecules.of_atom[atoms])
    is_followed = np.isin(owners[0], list(followed)) | np.isin(owners[1], list(followed))
    n_atoms = len(molecules.of_atom)
    return describe(
        change.step,
        change.frame,
        {number: names[number] for number in old},
        {number: names[number] for number in new},
        BondChange(
            bonds_among(atoms, *change.before, n_atoms), bonds_among(atoms, *change.after, n_atoms)
        ),
        set(atoms[is_followed].tolist()),
        follow=settings.follow,
        min_ring=settings.min_ring,
        insertion_atoms=settings.insertion_atoms,
    )
