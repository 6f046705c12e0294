"""Sampling a cluster's minima and the ways between them: a stochastic surface walk.

From a minimum a random direction is softened towards low curvature, and Gaussians along it push
the structure uphill in small steps until it falls into another valley; the new minimum is
accepted with Metropolis' probability. Everything visited on the way is kept, and frames are drawn
from it with Boltzmann's weights.

Sources: C. Shang, Z.-P. Liu, J. Chem. Theory Comput. 9, 1838 (2013); data set of arXiv 2507.20118.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.data import covalent_radii
from ase.optimize import FIRE
from scipy.sparse.csgraph import connected_components

from ipip.data.electronic_state import state_in
from ipip.data.frame import Frame
from ipip.errors import InputError, IpipError
from ipip.systems.bias import BiasedCalculator, FloatArray, evaluate

SOFTENING_STEPS = 4  # rotations of a direction towards low curvature
DIMER = 0.005  # Å; distance of the finite difference along a direction
BIASED_STEPS = 12  # relaxation steps after each Gaussian
QUENCH_STEPS = 500
QUENCH_STRIDE = 5  # relaxation steps between stored structures
CLOSEST = 0.6  # of the sum of covalent radii: closer atoms are not a valid structure
TOGETHER = 1.6  # of the sum of covalent radii: atoms farther apart are not connected


@dataclasses.dataclass(frozen=True)
class Walk:
    """The result of a walk.

    Attributes:
        visited: structures with energy (eV) and forces (eV/Å), in order; info ``walk_step`` and
            ``walk_kind``: "climb", "fall" or "minimum".
        minima: the first minimum, and the minimum after each accepted step.
        accepted: steps that ended in an accepted minimum.
        broken: abandoned steps, in which the cluster fell apart or atoms came too close.
    """

    visited: list[Frame]
    minima: list[Frame]
    accepted: int
    broken: int


def walk(
    start: Atoms,
    potential: Any,
    *,
    steps: int,
    temperature: float,
    seed: int,
    width: float = 0.4,
    gaussians: int = 10,
    fmax: float = 0.05,
    progress: Callable[[int, int], None] | None = None,
) -> Walk:
    """Walk from minimum to minimum.

    Args:
        start: an aperiodic structure.
        potential: any ASE calculator; :class:`ipip.teachers.TeacherCalculator` for a teacher.
        steps: attempts to leave a minimum.
        temperature: K, of the acceptance of a minimum.
        seed: of all random choices.
        width: Å, of the Gaussians and of each push.
        gaussians: most pushes in one attempt.
        fmax: eV/Å, largest force in a minimum.
        progress: called with (steps done, steps in all).

    Raises:
        InputError: the structure is periodic or has fewer than two atoms.
        IpipError: the start falls apart in its relaxation.
    """
    if start.pbc.any():
        raise InputError(
            "surface walks are for aperiodic structures; this one is periodic: use MD for it"
        )
    if len(start) < 2:
        raise InputError(f"surface walks need two atoms or more; the structure has {len(start)}")
    random = np.random.default_rng(seed)
    visited: list[Frame] = []
    current = _quench(start, potential, fmax, 0, visited)
    if current is None:
        raise IpipError("the start falls apart when it is relaxed; give a structure that is bound")
    minima, accepted, broken = [current], 0, 0
    for step in range(1, steps + 1):
        top = _climb(current, potential, random, width, gaussians, step, visited)
        minimum = None if top is None else _quench(top, potential, fmax, step, visited)
        if minimum is None:
            broken += 1
        elif _is_accepted(minimum, current, temperature, random):
            accepted += 1
            current = minimum
            minima.append(minimum)
        if progress is not None:
            progress(step, steps)
    return Walk(visited, minima, accepted, broken)


def boltzmann_draw(
    energies: Sequence[float], temperature: float, count: int, seed: int
) -> list[int]:
    """Draw without replacement with probabilities proportional to exp(-E / kT).

    Args:
        energies: [n] eV, of structures with the same atoms.
        temperature: K.
        count: number to draw; all if there are fewer.
        seed: of the draw.

    Returns:
        Indices in ascending order.

    Source: the largest of -E/kT plus Gumbel noise (T. Vieira, 2014).
    """
    scores = -np.asarray(energies, dtype=np.float64) / (units.kB * temperature)
    scores = scores + np.random.default_rng(seed).gumbel(size=len(scores))
    best = np.argsort(-scores, kind="stable")[:count]
    return sorted(int(index) for index in best)


def _climb(
    minimum: Frame,
    potential: Any,
    random: np.random.Generator,
    width: float,
    gaussians: int,
    step: int,
    visited: list[Frame],
) -> Atoms | None:
    """Push a structure out of its minimum; None if it breaks."""
    atoms = minimum.replace(energy=None, forces=None).to_atoms()
    biased = BiasedCalculator(potential)
    initial = _random_direction(atoms, random)
    top = minimum.energy
    for _ in range(gaussians):
        direction = _soften(atoms, potential, initial)
        ahead = atoms.copy()
        ahead.positions += width * direction
        _, forces = evaluate(potential, ahead)
        # At one width the Gaussian pushes with w / s exp(-1/2): enough to overcome the slope.
        slope = max(-float((forces * direction).sum()), 0.0) + 0.2
        biased.add(atoms.positions, direction, slope * width * np.exp(0.5), width)
        ahead.calc = biased
        FIRE(ahead, logfile=None, maxstep=0.1).run(fmax=0.1, steps=BIASED_STEPS)
        atoms = ahead.copy()
        if not _holds_together(atoms):
            return None
        frame = _frame(atoms, potential, step, "climb")
        if frame is None:
            return None
        visited.append(frame)
        assert frame.energy is not None and top is not None
        if frame.energy < top - 1e-3:  # over the top
            break
        top = max(top, frame.energy)
    return atoms


def _random_direction(atoms: Atoms, random: np.random.Generator) -> FloatArray:
    """Return a direction of thermal motion, mixed with two atoms moving towards each other."""
    masses = atoms.get_masses()[:, None]
    thermal = _unit(random.normal(size=(len(atoms), 3)) / np.sqrt(masses))
    first, second = random.choice(len(atoms), size=2, replace=False)
    local = np.zeros((len(atoms), 3))
    local[first] = atoms.positions[second] - atoms.positions[first]
    local[second] = -local[first]
    return _unit(thermal + random.uniform(0.1, 1.5) * _unit(local))


def _soften(atoms: Atoms, potential: Any, initial: FloatArray) -> FloatArray:
    """Rotate a direction towards low curvature, but keep its initial component.

    Steepest descent on the curvature N.H.N, with H.N from forces at two points (a dimer).
    """
    direction = initial
    for _ in range(SOFTENING_STEPS):
        products = []
        for sign in (1.0, -1.0):
            moved = atoms.copy()
            moved.positions += sign * DIMER * direction
            products.append(evaluate(potential, moved)[1])
        hessian_product = -(products[0] - products[1]) / (2.0 * DIMER)
        curvature = float((hessian_product * direction).sum())
        turn = hessian_product - curvature * direction
        size = float(np.sqrt((turn**2).sum()))
        if size < 1e-3:
            break
        direction = _unit(direction - 0.3 * turn / max(size, abs(curvature), 1.0) + 0.1 * initial)
    return direction


def _quench(
    atoms: Atoms, potential: Any, fmax: float, step: int, visited: list[Frame]
) -> Frame | None:
    """Relax to a minimum, storing structures on the way; None if it breaks."""
    atoms = _free(atoms)
    atoms.calc = potential
    for number, _ in enumerate(FIRE(atoms, logfile=None).irun(fmax=fmax, steps=QUENCH_STEPS)):
        if number % QUENCH_STRIDE == 0 and number:
            if not _holds_together(atoms):
                return None
            frame = _frame(atoms, potential, step, "fall")
            if frame is None:
                return None
            visited.append(frame)
    if not _holds_together(atoms):
        return None
    minimum = _frame(atoms, potential, step, "minimum")
    if minimum is not None:
        visited.append(minimum)
    return minimum


def _frame(atoms: Atoms, potential: Any, step: int, kind: str) -> Frame | None:
    """Return the structure with its labels; None if they are not finite."""
    energy, forces = evaluate(potential, atoms)
    if not (np.isfinite(energy) and np.isfinite(forces).all()):
        return None
    bare = Frame.from_atoms(_free(atoms))
    info = {"walk_step": step, "walk_kind": kind}
    return bare.replace(energy=energy, forces=forces, info=info)


def _free(atoms: Atoms) -> Atoms:
    """Return a copy without calculator, cell and info, except for the electronic state."""
    free = atoms.copy()
    free.set_cell(None)
    free.set_constraint()
    free.info = state_in(atoms.info)
    return free


def _holds_together(atoms: Atoms) -> bool:
    """Return whether the atoms are one cluster without close contacts."""
    if not np.isfinite(atoms.positions).all():
        return False
    radii = covalent_radii[atoms.numbers]
    bonds = radii[:, None] + radii[None, :]
    distances = atoms.get_all_distances()
    np.fill_diagonal(distances, np.inf)
    if (distances < CLOSEST * bonds).any():
        return False
    return int(connected_components(distances < TOGETHER * bonds)[0]) == 1


def _is_accepted(
    minimum: Frame, current: Frame, temperature: float, random: np.random.Generator
) -> bool:
    assert minimum.energy is not None and current.energy is not None
    rise = minimum.energy - current.energy
    return bool(random.random() < np.exp(-max(rise, 0.0) / (units.kB * temperature)))


def _unit(direction: FloatArray) -> FloatArray:
    """Remove the translation and scale to length 1."""
    free = direction - direction.mean(axis=0)
    unit: FloatArray = free / np.sqrt((free**2).sum())
    return unit
