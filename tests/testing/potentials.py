"""A smooth potential with many-body terms in a few lines, and the same with one fault each."""

from __future__ import annotations

from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.neighborlist import neighbor_list

CUTOFF = 4.0
Pairs = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


class Smooth(Calculator):
    """E_i is sum_j w_i w_j f(r) / 2 + (sum_j w_j f(r))^2 / 4, with f = (1 - r / rc)^4."""

    implemented_properties = ["energy", "free_energy", "energies", "forces", "stress"]

    def pairs(self, atoms: Atoms) -> Pairs:
        """Receiving atoms, neighbours, distances [e], vectors [e, 3]."""
        if not np.isfinite(atoms.positions).all():
            raise ValueError("a position is not finite")
        return neighbor_list("ijdD", atoms, CUTOFF)

    def radial(self, d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """F and its derivative."""
        x = 1.0 - d / CUTOFF
        return x**4, -4.0 * x**3 / CUTOFF

    def weights(self, atoms: Atoms) -> np.ndarray:
        return 0.3 * np.sqrt(atoms.numbers)

    def compute(self, atoms: Atoms) -> dict[str, Any]:
        i, j, d, vectors = self.pairs(atoms)
        w, n = self.weights(atoms), len(atoms)
        f, slope = self.radial(d)
        density = np.bincount(i, w[j] * f, n)
        energies = np.bincount(i, 0.5 * w[i] * w[j] * f, n) + 0.25 * density**2
        by_pair = (0.5 * w[i] * w[j] + 0.5 * density[i] * w[j]) * slope
        gradient = by_pair[:, None] * vectors / d[:, None]
        forces = np.zeros((n, 3))
        np.add.at(forces, i, gradient)
        np.subtract.at(forces, j, gradient)
        return {"energies": energies, "forces": forces, "strain": vectors.T @ gradient}

    def change(self, results: dict[str, Any], atoms: Atoms) -> dict[str, Any]:
        """Give the results, wrong in one way."""
        return results

    def calculate(
        self, atoms: Atoms | None = None, properties: Any = None, system_changes: Any = all_changes
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        assert self.atoms is not None
        results = self.compute(self.atoms)
        results.setdefault("energy", results["energies"].sum())
        strain = results.pop("strain")
        if self.atoms.pbc.all():
            s = strain / self.atoms.get_volume()
            results["stress"] = np.array([s[0, 0], s[1, 1], s[2, 2], s[1, 2], s[0, 2], s[0, 1]])
        self.results = self.change(results, self.atoms)
        self.results["free_energy"] = self.results["energy"]


class ForcesLackATerm(Smooth):
    def compute(self, atoms: Atoms) -> dict[str, Any]:
        results = super().compute(atoms)
        i, j, d, vectors = self.pairs(atoms)
        w = self.weights(atoms)
        gradient = (w[i] * w[j] * self.radial(d)[1] / d)[:, None] * vectors
        forces = np.zeros((len(atoms), 3))
        np.add.at(forces, i, gradient)
        return results | {"forces": forces}


class ForcesWithACurl(Smooth):
    """A little of each force is turned about z: MD gains or loses energy."""

    def change(self, results: dict[str, Any], atoms: Atoms) -> dict[str, Any]:
        forces = results["forces"].copy()
        forces[:, 0] -= 0.2 * results["forces"][:, 1]
        return results | {"forces": forces}


class ForcesPushAll(Smooth):
    def change(self, results: dict[str, Any], atoms: Atoms) -> dict[str, Any]:
        return results | {"forces": results["forces"] + 1e-4}


class StressOfWrongSign(Smooth):
    def change(self, results: dict[str, Any], atoms: Atoms) -> dict[str, Any]:
        return results | ({"stress": -results["stress"]} if "stress" in results else {})


class StressInAnotherOrder(Smooth):
    def change(self, results: dict[str, Any], atoms: Atoms) -> dict[str, Any]:
        order = [0, 1, 2, 5, 4, 3]  # xy xz yz, as LAMMPS has it
        return results | ({"stress": results["stress"][order]} if "stress" in results else {})


class JumpAtTheCutoff(Smooth):
    def radial(self, d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = 1.0 - d / (1.2 * CUTOFF)
        return x**4, -4.0 * x**3 / (1.2 * CUTOFF)


class KinkAtTheCutoff(Smooth):
    """The energy goes to zero, the force does not."""

    def radial(self, d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = 1.0 - d / CUTOFF
        return x**4 + 0.1 * x, -(4.0 * x**3 + 0.1) / CUTOFF


class JumpOnTheWay(Smooth):
    """Another branch below 3.21 Å, as where two tables meet."""

    def radial(self, d: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        f, slope = super().radial(d)
        return f + np.where(d < 3.21, 1e-3, 0.0), slope


class OrderOfAtoms(Smooth):
    """The first atom of the file is special."""

    def weights(self, atoms: Atoms) -> np.ndarray:
        w = super().weights(atoms)
        w[:1] *= 1.01
        return w


class NotExtensive(Smooth):
    def change(self, results: dict[str, Any], atoms: Atoms) -> dict[str, Any]:
        mean = results["energy"] / max(len(atoms), 1)
        return results | {"energy": results["energy"] + 0.01 * mean}


class Directional(Smooth):
    def pairs(self, atoms: Atoms) -> Pairs:
        i, j, d, vectors = super().pairs(atoms)
        near = np.abs(vectors[:, 2]) < 0.5 * CUTOFF
        return i[near], j[near], d[near], vectors[near]


class BoxOfThreeLengths(Smooth):
    """Takes the diagonal of the cell for the box."""

    def pairs(self, atoms: Atoms) -> Pairs:
        other = atoms.copy()
        other.set_cell(np.diag(np.diag(atoms.cell.array)))
        return super().pairs(other)


class Chiral(Smooth):
    def change(self, results: dict[str, Any], atoms: Atoms) -> dict[str, Any]:
        i, _, _, vectors = self.pairs(atoms)
        if not len(i):
            return results
        first = np.flatnonzero(i == i[0])[:3]
        handed = 1e-3 * np.sign(np.linalg.det(vectors[first])) if len(first) == 3 else 0.0
        return results | {"energy": results["energy"] + handed}


class InAField(Smooth):
    def change(self, results: dict[str, Any], atoms: Atoms) -> dict[str, Any]:
        return results | {"energy": results["energy"] + 1e-3 * np.cos(atoms.positions).sum()}


class NearestImagesOfWrappedAtoms(Smooth):
    """Examines only the neighbouring boxes, so atoms must lie inside of theirs."""

    def pairs(self, atoms: Atoms) -> Pairs:
        cells = list(np.ndindex(3, 3, 3))
        shifts = (np.array(cells) - 1) * atoms.pbc @ atoms.cell.array
        shifts = np.unique(shifts, axis=0)
        r = atoms.positions[None, :, None] + shifts[None, None] - atoms.positions[:, None, None]
        d = np.linalg.norm(r, axis=-1)
        i, j, k = np.nonzero((d < CUTOFF) & (d > 0))
        return i, j, d[i, j, k], r[i, j, k]


class NearestImageOnly(Smooth):
    """One image of each neighbour, wrong in boxes shorter than two cutoffs."""

    def pairs(self, atoms: Atoms) -> Pairs:
        i, j, d, vectors = super().pairs(atoms)
        order = np.argsort(d, kind="stable")
        _, first = np.unique(np.stack([i[order], j[order]]), axis=1, return_index=True)
        near = order[first]
        return i[near], j[near], d[near], vectors[near]


class AlwaysPeriodic(Smooth):
    def pairs(self, atoms: Atoms) -> Pairs:
        other = atoms.copy()
        other.pbc = bool(atoms.cell.rank == 3)
        return super().pairs(other)


class TagsAreTypes(Smooth):
    def weights(self, atoms: Atoms) -> np.ndarray:
        return super().weights(atoms) * (1.0 + 0.01 * atoms.get_tags())


class ListIsKeptForEver(Smooth):
    found: Any = None

    def pairs(self, atoms: Atoms) -> Pairs:
        if self.found is None or len(self.found[2]) != len(atoms):
            i, j, shifts = neighbor_list("ijS", atoms, CUTOFF + 0.1)
            self.found = i, j, atoms.numbers.copy(), shifts
        i, j, _, shifts = self.found
        vectors = atoms.positions[j] - atoms.positions[i] + shifts @ atoms.cell.array
        d = np.linalg.norm(vectors, axis=1)
        near = d < CUTOFF
        return i[near], j[near], d[near], vectors[near]


class BoxIsRemembered(Smooth):
    box: Any = None

    def pairs(self, atoms: Atoms) -> Pairs:
        if self.box is None or len(atoms) != self.box[1]:
            self.box = atoms.cell.copy(), len(atoms)
        other = atoms.copy()
        other.set_cell(self.box[0])
        return super().pairs(other)


class LoneAtomsFail(Smooth):
    def change(self, results: dict[str, Any], atoms: Atoms) -> dict[str, Any]:
        if len(atoms) != 1 or len(self.pairs(atoms)[0]):
            return results
        return results | {"forces": np.full((1, 3), np.nan)}


class NoAtomsFail(Smooth):
    def change(self, results: dict[str, Any], atoms: Atoms) -> dict[str, Any]:
        results["energies"][0]
        return results


class FarAtomsInteract(Smooth):
    def change(self, results: dict[str, Any], atoms: Atoms) -> dict[str, Any]:
        d = np.linalg.norm(atoms.positions[:, None] - atoms.positions[None], axis=-1)
        tail = 0.5 * (1e-3 / (1.0 + d)).sum() - 0.5e-3 * len(atoms)
        return results | {"energy": results["energy"] + tail}


class OneLayerMore(Smooth):
    """Atoms feel their neighbours' neighbours twice over, though one layer is stated."""

    def compute(self, atoms: Atoms) -> dict[str, Any]:
        results = super().compute(atoms)
        i, j, d, _ = self.pairs(atoms)
        passed = np.bincount(i, self.radial(d)[0] * results["energies"][j], len(atoms))
        return results | {"energies": results["energies"] + passed}


class PartsDoNotSum(Smooth):
    def change(self, results: dict[str, Any], atoms: Atoms) -> dict[str, Any]:
        return results | {"energies": 1.001 * results["energies"]}


class CopiesFail(Smooth):
    def __init__(self) -> None:
        super().__init__()
        self.hook = lambda: None


class NotANumberIsHidden(Smooth):
    def compute(self, atoms: Atoms) -> dict[str, Any]:
        other = atoms.copy()
        other.positions = np.nan_to_num(atoms.positions)
        return super().compute(other)


# Each fault, and the checks that must see it.
FAULTS: dict[type[Smooth], tuple[str, ...]] = {
    ForcesLackATerm: ("forces_are_the_gradient_of_the_energy",),
    ForcesWithACurl: ("forces_are_the_gradient_of_the_energy", "energy_is_conserved_in_md"),
    ForcesPushAll: ("forces_sum_to_zero",),
    StressOfWrongSign: ("stress_is_the_strain_derivative",),
    StressInAnotherOrder: ("stress_is_the_strain_derivative", "rotation_turns_the_forces"),
    JumpAtTheCutoff: ("nothing_jumps_at_the_cutoff", "nothing_jumps_on_the_way_out"),
    KinkAtTheCutoff: ("nothing_jumps_at_the_cutoff", "nothing_jumps_on_the_way_out"),
    JumpOnTheWay: ("nothing_jumps_on_the_way_out",),
    OrderOfAtoms: ("order_of_atoms_changes_nothing",),
    NotExtensive: ("energy_is_extensive",),
    Directional: ("rotation_turns_the_forces",),
    BoxOfThreeLengths: ("rotation_turns_the_forces", "another_box_of_the_lattice_changes_nothing"),
    Chiral: ("reflection_mirrors_the_forces",),
    InAField: ("translation_changes_nothing",),
    NearestImagesOfWrappedAtoms: ("wrapping_changes_nothing",),
    NearestImageOnly: ("energy_is_extensive",),
    AlwaysPeriodic: ("box_of_open_directions_changes_nothing",),
    TagsAreTypes: ("tags_and_momenta_change_nothing",),
    ListIsKeptForEver: ("moves_leave_no_trace",),
    BoxIsRemembered: ("other_systems_leave_no_trace",),
    LoneAtomsFail: ("a_lone_atom_feels_nothing",),
    NoAtomsFail: ("no_atoms_have_no_energy",),
    FarAtomsInteract: ("far_atoms_do_not_interact",),
    OneLayerMore: ("far_moves_are_not_felt",),
    PartsDoNotSum: ("the_result_is_complete",),
    CopiesFail: ("a_copy_computes_the_same",),
    NotANumberIsHidden: ("what_is_not_a_number_shows",),
}
