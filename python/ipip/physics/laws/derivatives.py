"""Forces and stress are derivatives of the energy, by finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from ase import Atoms

from ipip.physics.laws.agreement import Agreement, DoesNotApply, worst
from ipip.physics.laws.evaluation import (
    SMALLEST_FORCE,
    SMALLEST_STRESS,
    Evaluate,
    FloatArray,
    largest,
    require_close,
)
from ipip.physics.laws.precision import Precision

Value = TypeVar("Value", float, FloatArray)  # of a function of one number
SINGLE_MOVES = 4
JOINT_MOVES = 2


def slope(function: Callable[[float], Value], step: float) -> Value:
    """Return df/dt at t = 0 from four values; the error falls with the fourth power of `step`."""
    near = (function(0.5 * step) - function(-0.5 * step)) / step
    far = (function(step) - function(-step)) / (2 * step)
    return (4 * near - far) / 3


def forces_are_the_gradient(evaluate: Evaluate, atoms: Atoms, precision: Precision) -> Agreement:
    """Move some atoms along an axis, then all at once along random directions."""
    result = evaluate(atoms)
    rng = np.random.default_rng(9)
    rounding = 8 * precision.epsilon * abs(result.energy) / precision.step

    def derivative(direction: FloatArray) -> float:
        def energy(step: float) -> float:
            moved = atoms.copy()
            moved.set_positions(atoms.positions + step * direction, apply_constraint=False)
            return evaluate(moved).energy

        return slope(energy, precision.step)

    n, agreements = len(atoms), []
    bound = precision.derivative * largest(result.forces, SMALLEST_FORCE) + rounding
    for row in rng.permutation(3 * n)[:SINGLE_MOVES]:
        atom, axis = divmod(int(row), 3)
        direction = np.zeros((n, 3))
        direction[atom, axis] = 1.0
        what = f"the force on atom {atom} ({atoms[atom].symbol}) along {'xyz'[axis]}"
        value, slope_there = result.forces[atom, axis], -derivative(direction)
        agreements.append(require_close(what, value, slope_there, bound, "eV/Å"))
    norm = max(float(np.linalg.norm(result.forces)), SMALLEST_FORCE)
    for _ in range(JOINT_MOVES):
        direction = rng.normal(size=(n, 3))
        along = float((result.forces * direction).sum())
        what = "the sum of the forces along a random move of all atoms"
        expected = -derivative(direction)
        bound = precision.derivative * norm + rounding
        agreements.append(require_close(what, along, expected, bound, "eV/Å"))
    return worst(agreements)


def forces_sum_to_zero(evaluate: Evaluate, atoms: Atoms, precision: Precision) -> Agreement:
    """No net force acts on an isolated system."""
    forces = evaluate(atoms).forces
    bound = precision.equality * max(SMALLEST_FORCE, float(np.abs(forces).sum()))
    return require_close("the sum of all forces", forces.sum(0), np.zeros(3), bound, "eV/Å")


def stress_is_the_strain_derivative(
    evaluate: Evaluate, atoms: Atoms, precision: Precision
) -> Agreement:
    """Strain box and atoms together: dE/d(strain) over the volume is the stress, each component."""
    result = evaluate(atoms)
    if result.stress is None:
        raise DoesNotApply("the potential has no stress")
    volume, step = atoms.get_volume(), 0.1 * precision.step
    rounding = 8 * precision.epsilon * abs(result.energy) / (step * volume)
    size = largest(result.stress, SMALLEST_STRESS)
    bound = precision.equality * size
    what = "the stress against its transpose"
    agreements = [require_close(what, result.stress, result.stress.T, bound, "eV/Å^3")]
    bound = precision.derivative * size + rounding
    for a, b in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)):
        bend = np.zeros((3, 3))
        bend[a, b] += 0.5
        bend[b, a] += 0.5

        def energy(strain: float, bend: FloatArray = bend) -> float:
            strained = atoms.copy()
            strained.set_constraint()
            strained.set_cell(atoms.cell.array @ (np.eye(3) + strain * bend), scale_atoms=True)
            return evaluate(strained).energy

        expected = slope(energy, step) / volume
        what = f"the stress {'xyz'[a]}{'xyz'[b]}"
        agreements.append(
            require_close(what, float(result.stress[a, b]), expected, bound, "eV/Å^3")
        )
    return worst(agreements)
