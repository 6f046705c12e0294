"""What must not matter: place, orientation, choice of the box, order of atoms, size of the cell."""

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
    """Turn atoms and box together, to any orientation, also boxes that are not lower triangles."""
    made = []
    for seed in (3, 4):
        turn = rotation(seed)
        other = atoms.copy()
        other.set_constraint()
        other.set_cell(atoms.cell.array @ turn)
        other.set_positions(atoms.positions @ turn)
        expected = _turned(evaluate(atoms), turn)
        made.append(
            require_same("when atoms and box are turned, the", evaluate(other), expected, precision)
        )
    return worst(made)


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
    """Move all atoms together; where the box is periodic they leave it."""
    expected = evaluate(atoms)
    other = atoms.copy()
    other.set_constraint()
    other.set_positions(atoms.positions + np.array([11.3, -4.2, 0.7]))
    return require_same(
        "when all atoms are moved together, the", evaluate(other), expected, precision
    )


def wrapping_changes_nothing(evaluate: Evaluate, atoms: Atoms, precision: Precision) -> Agreement:
    """Put atoms at other periodic images of themselves."""
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
    made = []
    for change in ([[1, 0, 0], [1, 1, 0], [-1, 0, 1]], [[0, 1, 0], [0, 0, 1], [1, 0, 0]]):
        other = atoms.copy()
        other.set_cell(np.array(change) @ atoms.cell.array)
        what = f"with the lattice vectors {change} times the cell, the"
        made.append(require_same(what, evaluate(other), expected, precision))
    return worst(made)


def box_of_open_directions_changes_nothing(
    evaluate: Evaluate, atoms: Atoms, precision: Precision
) -> Agreement:
    """Where no direction is periodic, the box is only a frame around the atoms."""
    one, other = atoms.copy(), atoms.copy()
    one.pbc = other.pbc = False
    other.set_cell(2.0 * atoms.cell.array)
    what = "in another box that is not periodic, the"
    return require_same(what, evaluate(other), evaluate(one), precision)


def order_of_atoms_changes_nothing(
    evaluate: Evaluate, atoms: Atoms, precision: Precision
) -> Agreement:
    """Give the same atoms in another order: forces follow them."""
    result = evaluate(atoms)
    made = []
    for order in (np.random.default_rng(4).permutation(len(atoms)), np.arange(len(atoms))[::-1]):
        energies = None if result.energies is None else result.energies[order]
        expected = Evaluation(result.energy, result.forces[order], result.stress, energies)
        other = atoms.copy()
        other.set_constraint()
        other = other[order]
        made.append(
            require_same("with atoms in another order, the", evaluate(other), expected, precision)
        )
    return worst(made)


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
    """Two cells have twice the energy, and each atom the force that it had."""
    one = evaluate(atoms)
    made = []
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
        made.append(require_same(what, evaluate(bare * times), expected, precision, factor=2.0))
    return worst(made)
