"""A system that is pulled apart ends as isolated atoms, without becoming more stable."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from ipip.physics.check import PhysicsCheck
from ipip.physics.laws.structures import numbered
from ipip.physics.outcome import Curve, Measure, Outcome, Picture, index_of_worst, points
from ipip.physics.subject import REACH, Subject
from ipip.physics.volumes import largest_fall

NOISE = 0.05  # eV/atom
ROUNDING = 2e-3  # eV/atom above the lowest energy, from which it counts as a rise
POINTS = {True: 24, False: 60}
MOST_ATOMS = 16


class Stretching(PhysicsCheck):
    """Scales a cluster until no two atoms are within twice the cutoff."""

    name = "stretching"
    title = "Pulling apart"
    question = "Does the energy rise to that of isolated atoms as a system is pulled apart?"
    bound = f"beyond its minimum the energy falls by at most {NOISE} eV/atom; no force at the end"
    source = (
        "breaking bonds costs energy: MLIP Arena's rank correlation of attraction, for "
        "whole systems; 0.05 eV/atom leaves room for the crossing of states near dissociation"
    )

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure the structures as clusters."""
        chosen = [_cluster(atoms) for atoms in subject.structures[: 1 if quick else None]]
        chosen = [atoms for atoms in chosen if len(atoms) > 1]
        if not chosen:
            return self.not_applicable("no structure has two atoms")
        names = numbered(chosen)
        falls, forces, curves, problem = [], [], [], ""
        for name, atoms in zip(names, chosen, strict=True):
            last = 2.0 * (subject.cutoff or REACH) / _shortest(atoms)
            scales = np.geomspace(1.0, max(last, 2.0), POINTS[quick])
            energies, force = np.full(len(scales), np.nan), float("nan")
            for index, scale in enumerate(scales):
                other = atoms.copy()
                middle = atoms.positions.mean(axis=0)
                other.positions = middle + scale * (atoms.positions - middle)
                try:
                    result = subject.evaluate(other)
                except Exception as error:
                    problem = problem or f"{name}, stretched {scale:.2f} times: {error}"
                    continue
                energies[index] = result.energy / len(atoms)
                force = float(np.abs(result.forces).max())
            falls.append(largest_fall(energies, ROUNDING)[0])
            forces.append(force if np.isfinite(energies[-1]) else float("nan"))
            curves.append(Curve(name, *points(scales, energies - energies[-1])))  # type: ignore[arg-type]
        at = index_of_worst(falls)
        end = index_of_worst(forces)
        bound = 1e-3 if subject.cutoff is None else subject.precision.equality
        return self.found(
            measures=(
                Measure("fall of the energy", falls[at], "eV/atom", NOISE, place=names[at]),
                Measure("force on isolated atoms", forces[end], "eV/Å", bound, place=names[end]),
            ),
            pictures=(
                Picture(
                    "Energy of a cluster with scaled distances, relative to isolated atoms.",
                    "scale of all distances",
                    "energy (eV/atom)",
                    tuple(curves),
                ),
            ),
            note=problem,
        )


def _cluster(atoms: Atoms) -> Atoms:
    """Return the atoms nearest to the first one, without periodic images, in an open box."""
    vectors = atoms.get_distances(0, range(len(atoms)), mic=bool(atoms.pbc.any()), vector=True)
    order = np.argsort(np.linalg.norm(vectors, axis=1), kind="stable")[:MOST_ATOMS]
    return Atoms(atoms.numbers[order], vectors[order], pbc=False)


def _shortest(atoms: Atoms) -> float:
    distances = atoms.get_all_distances()
    return float(distances[np.triu_indices(len(atoms), 1)].min())


STRETCHING = Stretching()
