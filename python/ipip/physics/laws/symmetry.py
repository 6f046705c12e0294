"""Invariances: position, orientation, choice of the box, order of atoms, size of the cell."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from ipip.physics.laws.agreement import Agreement, worst
from ipip.physics.laws.evaluation import Evaluate, Evaluation, FloatArray, require_same
from ipip.physics.laws.precision import Precision
from ipip.physics.laws.structures import rotation


def _turned(result: Evaluation, turn: FloatArray) -> Evaluation:
    stress = None if result.stress is None else turn.T @ result.stress @ turn
    return Evaluation(result.energy, result.forces @ turn, stress, result.energies)


def rotation_turns_the_forces(evaluate: Evaluate, atoms: Atoms, precision: Precision) -> Agreement:
    """Rotate atoms and box together, so that the cell is not lower triangular."""
    agreements = []
    for seed in (3, 4):
        turn = rotation(seed)
        other = atoms.copy()
        other.set_constraint()
        other.set_cell(atoms.cell.array @ turn)
        other.set_positions(atoms.positions @ turn)
        expected = _turned(evaluate(atoms), turn)
        agreements.append(
            require_same(
                "after rotation of atoms and box, the", evaluate(other), expected, precision
            )
        )
    return worst(agreements)


def reflection_mirrors_the_forces(
    evaluate: Evaluate, atoms: Atoms, precision: Precision
) -> Agreement:
    """A structure and its mirror image have the same energy."""
    mirror = rotation(5) * -1.0
    other = atoms.copy()
    other.set_constraint()
    other.set_cell(atoms.cell.array @ mirror)
    other.set_positions(atoms.positions @ mirror)
    expected = _turned(evaluate(atoms), mirror)
    return require_same("of the mirror image, the", evaluate(other), expected, precision)


def translation_changes_nothing(
    evaluate: Evaluate, atoms: Atoms, precision: Precision
) -> Agreement:
    """Move all atoms together; in periodic directions they leave the box."""
    expected = evaluate(atoms)
    other = atoms.copy()
    other.set_constraint()
    other.set_positions(atoms.positions + np.array([11.3, -4.2, 0.7]))
    return require_same(
        "when all atoms are moved together, the", evaluate(other), expected, precision
    )


def wrapping_changes_nothing(evaluate: Evaluate, atoms: Atoms, precision: Precision) -> Agreement:
    """Move atoms to other periodic images."""
    rng = np.random.default_rng(6)
    images = rng.integers(-2, 3, (len(atoms), 3)) * atoms.pbc
    other = atoms.copy()
    other.set_constraint()
    other.set_positions(atoms.positions + images @ atoms.cell.array)
    expected = evaluate(atoms)
    return require_same("with atoms at other images, the", evaluate(other), expected, precision)


def another_box_of_the_lattice_changes_nothing(
    evaluate: Evaluate, atoms: Atoms, precision: Precision
) -> Agreement:
    """Describe the same crystal by other lattice vectors: a, b + a, c - a, and in another order."""
    expected = evaluate(atoms)
    agreements = []
    for change in ([[1, 0, 0], [1, 1, 0], [-1, 0, 1]], [[0, 1, 0], [0, 0, 1], [1, 0, 0]]):
        other = atoms.copy()
        other.set_cell(np.array(change) @ atoms.cell.array)
        what = f"with the lattice vectors {change} times the cell, the"
        agreements.append(require_same(what, evaluate(other), expected, precision))
    return worst(agreements)


def box_of_open_directions_changes_nothing(
    evaluate: Evaluate, atoms: Atoms, precision: Precision
) -> Agreement:
    """Without periodic directions the box has no influence."""
    one, other = atoms.copy(), atoms.copy()
    one.pbc = other.pbc = False
    other.set_cell(2.0 * atoms.cell.array)
    what = "in another box that is not periodic, the"
    return require_same(what, evaluate(other), evaluate(one), precision)


def order_of_atoms_changes_nothing(
    evaluate: Evaluate, atoms: Atoms, precision: Precision
) -> Agreement:
    """List the same atoms in another order: forces follow them."""
    result = evaluate(atoms)
    agreements = []
    for order in (np.random.default_rng(4).permutation(len(atoms)), np.arange(len(atoms))[::-1]):
        energies = None if result.energies is None else result.energies[order]
        expected = Evaluation(result.energy, result.forces[order], result.stress, energies)
        other = atoms.copy()
        other.set_constraint()
        other = other[order]
        agreements.append(
            require_same("with atoms in another order, the", evaluate(other), expected, precision)
        )
    return worst(agreements)


def tags_change_nothing(evaluate: Evaluate, atoms: Atoms, precision: Precision) -> Agreement:
    """Tags, momenta and masses are not part of the potential energy."""
    rng = np.random.default_rng(7)
    other = atoms.copy()
    other.set_constraint()
    other.set_tags(rng.permutation(len(atoms))[::-1])
    other.set_masses(rng.uniform(1, 200, len(atoms)))
    other.set_momenta(rng.normal(size=(len(atoms), 3)))
    expected = evaluate(atoms)
    between = atoms.copy()
    between.positions[0] += 0.1
    evaluate(between)  # ASE's calculators keep their results until positions, cell, ... change
    what = "with other tags, masses and momenta, the"
    return require_same(what, evaluate(other), expected, precision)


def energy_is_extensive(evaluate: Evaluate, atoms: Atoms, precision: Precision) -> Agreement:
    """Two cells have twice the energy, and each atom has the same force."""
    one = evaluate(atoms)
    agreements = []
    for axis in np.flatnonzero(atoms.pbc):
        times = [1, 1, 1]
        times[axis] = 2
        bare = atoms.copy()
        bare.set_constraint()
        energies = None if one.energies is None else np.concatenate([one.energies] * 2)
        expected = Evaluation(
            2 * one.energy, np.concatenate([one.forces, one.forces]), one.stress, energies
        )
        what = f"of two cells along {'abc'[axis]}, the"
        agreements.append(
            require_same(what, evaluate(bare * times), expected, precision, factor=2.0)
        )
    return worst(agreements)
