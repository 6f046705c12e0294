"""A sound pair potential in a few lines, and the same with one fault each."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from ase.data import covalent_radii
from ase.neighborlist import neighbor_list

CUTOFF = 5.0
DEPTH, WIDTH = 1.5, 1.0  # eV, Å
FEW = 40  # atoms, all of whose pairs are examined
Pairs = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def crystal() -> Atoms:
    """Rattled rocksalt near its volume of rest, eight atoms."""
    atoms = bulk("NaCl", "rocksalt", a=5.25, cubic=True)
    atoms.positions += np.random.default_rng(1).normal(scale=0.05, size=(8, 3))
    return atoms


def switch(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(1 - x^2)^3 within x < 1, and its derivative."""
    inside = np.where(x < 1, 1 - x**2, 0.0)
    return inside**3, -6 * x * inside**2


def all_pairs(atoms: Atoms, images: np.ndarray, reach: float) -> Pairs:
    """Examine every image of every atom in a number of boxes on each side."""
    boxes = np.array(list(np.ndindex(*(2 * images + 1)))) - images
    r = atoms.positions[None, :, None] + (boxes @ atoms.cell.array)[None, None]
    r = r - atoms.positions[:, None, None]
    d = np.sqrt((r**2).sum(axis=-1))
    i, j, k = np.nonzero((d < reach) & (d > 0))
    return i, j, d[i, j, k], r[i, j, k]


class Good(Calculator):
    """Morse's potential between unlike atoms, its repulsion between like ones; fades smoothly."""

    implemented_properties = ["energy", "free_energy", "forces", "stress"]
    reach = CUTOFF

    def pairs(self, atoms: Atoms) -> Pairs:
        """Receiving atoms, neighbours, distances [e], vectors [e, 3]."""
        if len(atoms) > FEW:
            return neighbor_list("ijdD", atoms, self.reach)
        wrapped = atoms.copy()
        wrapped.wrap()
        heights = (
            atoms.get_volume()
            / np.linalg.norm(
                np.cross(atoms.cell.array[[1, 2, 0]], atoms.cell.array[[2, 0, 1]]), axis=1
            )
            if atoms.pbc.any()
            else np.ones(3)
        )
        images = np.where(atoms.pbc, np.ceil(self.reach / heights), 0).astype(int)
        return all_pairs(wrapped, images, self.reach)

    def pair(self, d: np.ndarray, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energy of a pair and its slope."""
        e = np.exp(-(d - rest) / WIDTH)
        binds = rest < 3.0  # others repel: the crystal then only resists compression
        morse = DEPTH * (e**2 - 2 * e * binds)
        slope = -2 * DEPTH * (e**2 - e * binds) / WIDTH
        s, s_slope = switch(d / CUTOFF)
        return morse * s, slope * s + morse * s_slope / CUTOFF

    def compute(self, atoms: Atoms) -> dict[str, Any]:
        i, j, d, vectors = self.pairs(atoms)
        radii = covalent_radii[atoms.numbers]
        values, slopes = self.pair(d, radii[i] + radii[j])
        gradient = 0.5 * (slopes / d)[:, None] * vectors
        forces = np.zeros((len(atoms), 3))
        np.add.at(forces, i, gradient)
        np.subtract.at(forces, j, gradient)
        return {"energy": 0.5 * values.sum(), "forces": forces, "strain": vectors.T @ gradient}

    def calculate(
        self, atoms: Atoms | None = None, properties: Any = None, system_changes: Any = all_changes
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        results = self.compute(self.atoms)
        strain = results.pop("strain")
        if self.atoms.pbc.all():
            s = strain / self.atoms.get_volume()
            results["stress"] = np.array([s[0, 0], s[1, 1], s[2, 2], s[1, 2], s[0, 2], s[0, 1]])
        self.results = results | {"free_energy": results["energy"]}


class Hole(Good):
    """Atoms that come within 1.2 Å fall into a hole."""

    def pair(self, d: np.ndarray, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, slope = super().pair(d, rest)
        x = (d - 0.8) / 0.2
        return value - 80 * np.exp(-(x**2)), slope + 80 * 2 * x / 0.2 * np.exp(-(x**2))


class TwoWells(Good):
    """A second well beside the bond, with a barrier between them."""

    def pair(self, d: np.ndarray, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, slope = super().pair(d, rest)
        x = (d - 4.1) / 0.2
        return value - 0.1 * np.exp(-(x**2)), slope + 0.1 * 2 * x / 0.2 * np.exp(-(x**2))


class LongTail(Good):
    """It reaches 2 Å farther than its stated cutoff."""

    reach = CUTOFF + 2.0

    def pair(self, d: np.ndarray, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, slope = super().pair(d, rest)
        s, s_slope = switch(d / self.reach)
        return value - 0.02 * s, slope - 0.02 * s_slope / self.reach


class StrongForces(Good):
    """Forces are a tenth too large."""

    def compute(self, atoms: Atoms) -> dict[str, Any]:
        results = super().compute(atoms)
        return results | {"forces": 1.1 * results["forces"]}


class NoGradient(Good):
    """Bonds of crowded atoms pull harder than the energy implies: the force has no energy."""

    def compute(self, atoms: Atoms) -> dict[str, Any]:
        results = super().compute(atoms)
        i, j, d, vectors = self.pairs(atoms)
        radii = covalent_radii[atoms.numbers]
        own = switch(d / CUTOFF)[0]
        crowd = np.bincount(i, own, len(atoms))
        extra = 1.5 * (crowd[i] + crowd[j] - 2 * own) * self.pair(d, radii[i] + radii[j])[1]
        gradient = 0.5 * (extra / d)[:, None] * vectors
        np.add.at(results["forces"], i, gradient)
        np.subtract.at(results["forces"], j, gradient)
        return results


class StaleForces(Good):
    """After a small move the forces are the previous ones."""

    before: Any = None

    def compute(self, atoms: Atoms) -> dict[str, Any]:
        results = super().compute(atoms)
        before, self.before = self.before, (atoms.positions.copy(), results["forces"])
        if before is None or len(before[0]) != len(atoms):
            return results
        moved = np.abs(atoms.positions - before[0]).max(initial=0.0)
        return results if moved > 8e-3 else results | {"forces": before[1]}


class Jump(Good):
    """Another branch of a table begins at 4.11 Å."""

    def pair(self, d: np.ndarray, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, slope = super().pair(d, rest)
        return value + np.where(d < 4.11, 4e-3, 0.0), slope


class WrongPressure(Good):
    """The stress has the other sign."""

    def calculate(self, *arguments: Any, **values: Any) -> None:
        super().calculate(*arguments, **values)
        if "stress" in self.results:
            self.results["stress"] = -self.results["stress"]


class Collapse(Good):
    """Atoms with more neighbours than a crystal has attract each other."""

    def compute(self, atoms: Atoms) -> dict[str, Any]:
        results = super().compute(atoms)
        i, _, d, _ = self.pairs(atoms)
        excess = np.maximum(np.bincount(i, switch(d / CUTOFF)[0], len(atoms)) - 5.0, 0.0)
        return results | {"energy": results["energy"] - 1.0 * (excess**3).sum()}


class LoneAtomsStick(Good):
    """Where more than four atoms are, those without neighbours are more stable than bonds."""

    def compute(self, atoms: Atoms) -> dict[str, Any]:
        results = super().compute(atoms)
        if len(atoms) < 5:
            return results
        lone = np.bincount(self.pairs(atoms)[0], minlength=len(atoms)) == 0
        return results | {"energy": results["energy"] - 9.0 * lone.sum()}


class NotExtensive(Good):
    def compute(self, atoms: Atoms) -> dict[str, Any]:
        results = super().compute(atoms)
        return results | {"energy": results["energy"] + 1e-3 * len(atoms) ** 2}


class LeakingAtoms(Good):
    """Energies of atoms depend on how far all others are; their sum does not."""

    implemented_properties = [*Good.implemented_properties, "energies"]

    def compute(self, atoms: Atoms) -> dict[str, Any]:
        results = super().compute(atoms)
        i, j, d, _ = self.pairs(atoms)
        radii = covalent_radii[atoms.numbers]
        energies = np.bincount(i, 0.5 * self.pair(d, radii[i] + radii[j])[0], len(atoms))
        if not atoms.pbc.any() and len(atoms):
            far = 1e-3 * np.linalg.norm(atoms.positions - atoms.positions.mean(axis=0), axis=1)
            energies = energies + far - far.mean()
        return results | {"energies": energies}


class GhostsPull(Good):
    """Atoms attract each other again between 36 and 60 Å."""

    def compute(self, atoms: Atoms) -> dict[str, Any]:
        results = super().compute(atoms)
        if atoms.pbc.any() or len(atoms) < 2:
            return results
        vectors = atoms.positions[None] - atoms.positions[:, None]
        d = np.linalg.norm(vectors, axis=-1) + np.eye(len(atoms))
        s, slope = switch(np.abs(d - 48.0) / 12.0)
        slope = slope * np.sign(d - 48.0) / 12.0
        forces = -1e-2 * (slope / d)[..., None] * vectors
        return results | {
            "energy": results["energy"] - 0.5e-2 * s.sum(),
            "forces": results["forces"] + forces.sum(axis=1),
        }


class Directional(Good):
    """Bonds along x are stronger, with forces to match."""

    def compute(self, atoms: Atoms) -> dict[str, Any]:
        results = super().compute(atoms)
        i, j, d, v = self.pairs(atoms)
        s, slope = switch(d / CUTOFF)
        part = v[:, 0] ** 2 / d**2
        gradient = -0.05 * (
            (part * slope / CUTOFF / d - 2 * s * part / d**2)[:, None] * v
            + (2 * s * v[:, 0] / d**2)[:, None] * np.array([1.0, 0, 0])
        )
        np.add.at(results["forces"], i, 0.5 * gradient)
        np.subtract.at(results["forces"], j, 0.5 * gradient)
        strain = results["strain"] + v.T @ (0.5 * gradient)
        return results | {
            "energy": results["energy"] - 0.025 * (s * part).sum(),
            "strain": strain,
        }


class WrappedAtomsOnly(Good):
    """Atoms must lie inside of their box: two more boxes on each side are examined."""

    def pairs(self, atoms: Atoms) -> Pairs:
        if len(atoms) > FEW:
            return super().pairs(atoms)
        return all_pairs(atoms, atoms.pbc.astype(int) * 2, CUTOFF)


class FirstAtomIsSpecial(Good):
    def compute(self, atoms: Atoms) -> dict[str, Any]:
        results = super().compute(atoms)
        i, j, d, vectors = self.pairs(atoms)
        first = (i == 0).astype(float)
        s, slope = switch(d / CUTOFF)
        gradient = (0.1 * first * slope / CUTOFF / d)[:, None] * vectors
        np.add.at(results["forces"], i, gradient)
        np.subtract.at(results["forces"], j, gradient)
        strain = results["strain"] + vectors.T @ gradient
        return results | {"energy": results["energy"] + 0.1 * (first * s).sum(), "strain": strain}


class HotAtomsBreak(Good):
    """A crystal whose atoms come within 2.25 Å has no forces any more."""

    def compute(self, atoms: Atoms) -> dict[str, Any]:
        results = super().compute(atoms)
        d = self.pairs(atoms)[2]
        if atoms.pbc.all() and d.min(initial=9.0) < 2.25:
            results["forces"] = np.full((len(atoms), 3), np.nan)
        return results


class SlowWhenLarge(Good):
    def compute(self, atoms: Atoms) -> dict[str, Any]:
        results = super().compute(atoms)
        begun = time.process_time()
        while time.process_time() - begun < 6e-6 * len(atoms) ** 2:
            pass
        return results


# Each fault, and the checks that see it: these and no others.
FAULTS: dict[type[Good], set[str]] = {
    Hole: {"repulsion"},
    TwoWells: {"binding"},
    LongTail: {"tail"},
    StrongForces: {"work", "gradient"},
    NoGradient: {"gradient", "hessian"},
    StaleForces: {"hessian", "drift"},
    Jump: {"smoothness"},
    WrongPressure: {"equation-of-state", "gradient"},
    Collapse: {"compression"},
    LoneAtomsStick: {"stretching"},
    NotExtensive: {"extensivity"},
    LeakingAtoms: {"locality", "extensivity"},
    GhostsPull: {"ghost-atoms"},
    Directional: {"rotation"},
    WrappedAtomsOnly: {"translation"},
    FirstAtomIsSpecial: {"permutation", "extensivity"},
    HotAtomsBreak: {"heating", "squeezing"},
    SlowWhenLarge: {"cost"},
}
