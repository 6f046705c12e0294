"""Events between two frames: reactions, with their kinds, bonds and rings."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from ipip.data.frame import IntArray
from ipip.species.molecules import formula_counts
from ipip.species.rings import is_insertion, ring_sizes

Bond = tuple[int, int]


@dataclasses.dataclass(frozen=True)
class Event:
    """A reaction between two analysed frames.

    Attributes:
        step: of the first frame after it.
        frame: number of that frame among the analysed ones, from 0.
        kinds: of the event; see docs/species.md.
        reactants: formulas, sorted.
        products: formulas, sorted.
        rings_before: sizes of the rings of the followed molecules (of all, if none is followed);
            None if there are too many to count.
        rings_after: of the products.
        formed: bonds that formed, as rows of atoms.
        broken: bonds that broke.
        old: numbers of the molecules that ended; of a rearrangement: of the molecule.
        new: numbers of the new molecules; of a rearrangement: of the molecule.
    """

    step: int
    frame: int
    kinds: tuple[str, ...]
    reactants: tuple[str, ...]
    products: tuple[str, ...]
    rings_before: tuple[int, ...] | None
    rings_after: tuple[int, ...] | None
    formed: tuple[Bond, ...]
    broken: tuple[Bond, ...]
    old: tuple[int, ...]
    new: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class BondChange:
    """The bonds before and after an event.

    Attributes:
        before: bonds of the participating molecules, to the steps at which they formed.
        after: bonds of the resulting molecules.
    """

    before: Mapping[Bond, int]
    after: Mapping[Bond, int]

    @property
    def formed(self) -> tuple[Bond, ...]:
        """Bonds that formed."""
        return tuple(sorted(set(self.after) - set(self.before)))

    @property
    def broken(self) -> tuple[Bond, ...]:
        """Bonds that broke."""
        return tuple(sorted(set(self.before) - set(self.after)))


def describe(
    step: int,
    frame: int,
    old: Mapping[int, str],
    new: Mapping[int, str],
    bonds: BondChange,
    atoms_followed: set[int],
    *,
    follow: str | None,
    min_ring: int,
    insertion_atoms: int,
) -> Event:
    """Describe an event in a group of molecules.

    Args:
        step: of the frame.
        frame: its number.
        old: number to formula of the molecules before.
        new: of the molecules after.
        bonds: before and after.
        atoms_followed: atoms of the followed molecules, before and after.
        follow: element, or None.
        min_ring: atoms of the smallest ring.
        insertion_atoms: of a bridge.
    """

    def rings(given: Mapping[Bond, int]) -> tuple[int, ...] | None:
        return ring_sizes((bond for bond in given if bond[0] in atoms_followed), min_ring)

    before, after = rings(bonds.before), rings(bonds.after)
    inserted = any(
        is_insertion(bond, bonds.before[bond], dict(bonds.after), insertion_atoms)
        for bond in bonds.broken
        if bond[0] in atoms_followed
    )
    kinds = [*change_of_molecules(list(old.values()), list(new.values()), follow)]
    if inserted:
        kinds.append("insertion")
    if before is not None and after is not None:
        if len(after) < len(before) and not inserted:
            kinds.append("ring opening")
        if len(after) > len(before):
            kinds.append("ring closing")
    return Event(
        step=step,
        frame=frame,
        kinds=tuple(kinds or ["rearrangement"]),
        reactants=tuple(sorted(old.values())),
        products=tuple(sorted(new.values())),
        rings_before=before,
        rings_after=after,
        formed=bonds.formed,
        broken=bonds.broken,
        old=tuple(old),
        new=tuple(new),
    )


def change_of_molecules(
    reactants: Sequence[str], products: Sequence[str], follow: str | None
) -> list[str]:
    """Return the kinds of change of the molecules, by their numbers; [] without a change.

    Args:
        reactants: formulas.
        products: formulas.
        follow: element, or None.
    """
    if follow is not None:
        had = sum(follow in formula_counts(name) for name in reactants)
        has = sum(follow in formula_counts(name) for name in products)
        if had or has:
            others, now = len(reactants) - had, len(products) - has
            kinds = ["break-up"] if has > had else ["merging"] if has < had else []
            if others and now:
                kinds.append("exchange")
            elif others:
                kinds.append("addition")
            elif now:
                kinds.append("loss")
            return kinds
    if len(reactants) == len(products):
        return [] if len(products) == 1 else ["exchange"]
    return ["association"] if len(products) < len(reactants) else ["dissociation"]


def bonds_among(atoms: IntArray, keys: IntArray, born: IntArray, n_atoms: int) -> dict[Bond, int]:
    """Return the bonds among atoms, with the steps at which they formed.

    Args:
        atoms: [k] rows of atoms; a bond is among them if its first atom is.
        keys: [m] bonds as i·n + j.
        born: [m] steps.
        n_atoms: n.
    """
    i, j = np.divmod(keys, n_atoms)
    chosen = np.flatnonzero(np.isin(i, atoms))
    return dict(
        zip(
            zip(i[chosen].tolist(), j[chosen].tolist(), strict=True),
            born[chosen].tolist(),
            strict=True,
        )
    )


def reaction_name(reactants: Sequence[str], products: Sequence[str]) -> str:
    """Return ``Mo3O9 + 2 S2 -> ...``."""

    def side(names: Sequence[str]) -> str:
        counts = Counter(names)
        return " + ".join(f"{n} {name}" if n > 1 else name for name, n in sorted(counts.items()))

    return f"{side(reactants)} -> {side(products)}"
