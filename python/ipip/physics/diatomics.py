"""Two isolated atoms, from 0.3 Å to the cutoff: the curves of several checks."""

from __future__ import annotations

import dataclasses
import weakref

import numpy as np
import numpy.typing as npt
from ase import Atoms

from ipip.physics.laws.evaluation import FloatArray
from ipip.physics.outcome import Curve, Picture, points
from ipip.physics.subject import Subject, closest_bond

CLOSEST = 0.3  # Å
SPACING = {True: 0.05, False: 0.02}  # Å, of the points: in the short form, in the full form
SEEN = (-12.0, 12.0)  # eV, range that a picture shows first


@dataclasses.dataclass(frozen=True)
class Scan:
    """One pair of elements at n distances.

    Attributes:
        pair: the elements.
        distances: [n] Å, ascending.
        energies: [n] eV, total; NaN where the potential raised an error.
        forces: [n] eV/Å, on the second atom, positive for repulsion.
        problem: the first error; empty without one.
    """

    pair: tuple[str, str]
    distances: FloatArray
    energies: FloatArray
    forces: FloatArray
    problem: str = ""

    @property
    def name(self) -> str:
        """The pair, for people."""
        return "-".join(self.pair)

    @property
    def wall(self) -> float:
        """Å, shortest distance of a hot bond; below it only repulsion remains."""
        return max(CLOSEST, min(closest_bond(*self.pair), float(self.distances[-1])))

    @property
    def inside(self) -> npt.NDArray[np.bool_]:
        """[n] whether a distance is inside the wall."""
        return np.asarray(self.distances <= self.wall, dtype=np.bool_)


def pair_at(pair: tuple[str, str], distance: float, box: float) -> Atoms:
    """Return two isolated atoms, along x in an open box with an edge in Å."""
    middle = 0.5 * box
    places = [[middle, middle, middle], [middle + distance, middle, middle]]
    return Atoms(list(pair), places, cell=[box] * 3, pbc=False)


def scan_pair(subject: Subject, pair: tuple[str, str], distances: FloatArray) -> Scan:
    """Evaluate a pair at distances in Å; errors leave NaN."""
    energies, forces = np.full(len(distances), np.nan), np.full(len(distances), np.nan)
    problem = ""
    box = 2.0 * float(distances[-1]) + 10.0
    for index, distance in enumerate(distances):
        try:
            result = subject.evaluate(pair_at(pair, float(distance), box))
        except Exception as error:
            problem = problem or f"{'-'.join(pair)} at {distance:.2f} Å: {error}"
            continue
        energies[index], forces[index] = result.energy, result.forces[1, 0]
    return Scan(pair, distances, energies, forces, problem)


_SCANS: weakref.WeakKeyDictionary[Subject, dict[bool, list[Scan]]] = weakref.WeakKeyDictionary()


def scans(subject: Subject, quick: bool) -> list[Scan]:
    """Return the curve of each pair of elements, computed once for each potential."""
    cached = _SCANS.setdefault(subject, {})
    if quick not in cached:
        count = round((subject.reach - CLOSEST) / SPACING[quick]) + 1
        distances = np.linspace(CLOSEST, subject.reach, count)
        cached[quick] = [scan_pair(subject, pair, distances) for pair in subject.pairs]
    return cached[quick]


def energy_picture(found: list[Scan], caption: str) -> Picture:
    """Draw energies relative to the largest distance."""
    curves = tuple(
        Curve(scan.name, *points(scan.distances, scan.energies - scan.energies[-1]))  # type: ignore[arg-type]
        for scan in found
    )
    return Picture(caption, "distance (Å)", "energy (eV)", curves, clip=SEEN)


def first_problem(found: list[Scan]) -> str:
    """Return the first error of the potential on any pair; empty without one."""
    return next((scan.problem for scan in found if scan.problem), "")
