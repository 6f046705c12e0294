"""Isolated atoms, distant atoms, and the range of the forces on an atom."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from ipip.physics.laws.agreement import Agreement, ContractError, worst
from ipip.physics.laws.evaluation import (
    SMALLEST_FORCE,
    Evaluate,
    Evaluation,
    energy_bound,
    require_close,
    require_same,
)
from ipip.physics.laws.precision import Precision
from ipip.physics.laws.structures import alone, cluster, spacing

BOX = 20.0  # Å, for a lone atom if no cutoff is known


def no_atoms_have_no_energy(evaluate: Evaluate) -> None:
    """A structure without atoms has zero energy and no forces."""
    result = evaluate(Atoms())
    require_close("the energy of no atoms", result.energy, 0.0, 0.0, "eV")
    if result.forces.shape != (0, 3):
        raise ContractError(f"forces on no atoms have the shape {list(result.forces.shape)}")


def a_lone_atom_feels_nothing(
    evaluate: Evaluate,
    like: Atoms,
    symbols: Sequence[str],
    cutoff: float | None,
    precision: Precision,
) -> Agreement:
    """An isolated atom of each element has a finite energy and no force."""
    agreements = []
    for symbol in symbols:
        length = BOX if cutoff is None else 2.2 * cutoff
        result = evaluate(alone(symbol, like, length))
        if not np.isfinite(result.energy):
            raise ContractError(f"the energy of a lone {symbol} atom is {result.energy}")
        bound = precision.equality * SMALLEST_FORCE
        zero = np.zeros((1, 3))
        what = f"the force on a lone {symbol} atom"
        agreements.append(require_close(what, result.forces, zero, bound, "eV/Å"))
    return worst(agreements)


def far_atoms_do_not_interact(
    evaluate: Evaluate, like: Atoms, symbols: Sequence[str], cutoff: float, precision: Precision
) -> Agreement:
    """Energies of two clusters farther apart than the cutoff add up, and forces are unchanged."""
    length = 4.0 * cutoff + 6.0 * spacing(symbols)
    one = cluster(symbols, like, length)
    two = cluster(list(symbols)[::-1], like, length)
    two.rotate(70, (1.0, 0.4, 0.2), center=two.positions[0])
    two.positions += [2.05 * cutoff + 2.0 * spacing(symbols), 0.0, 0.0]
    first, second = evaluate(one), evaluate(two)
    energies = None
    if first.energies is not None and second.energies is not None:
        energies = np.concatenate([first.energies, second.energies])
    expected = Evaluation(
        first.energy + second.energy, np.concatenate([first.forces, second.forces]), None, energies
    )
    what = f"of two clusters farther apart than the cutoff of {cutoff} Å, the"
    return require_same(what, evaluate(one + two), expected, precision)


def far_moves_are_not_felt(
    evaluate: Evaluate,
    like: Atoms,
    symbols: Sequence[str],
    cutoff: float,
    layers: int,
    precision: Precision,
) -> Agreement:
    """Move the end of a chain: nothing farther away than the receptive field changes.

    An atom's energy depends on atoms within `layers` times the cutoff; the force on an atom on
    atoms within twice that distance, since the energies of its neighbours do.
    """
    stride = 0.7 * cutoff
    fields = {"energy of atom": layers, "force on atom": 2 * layers}
    n = 2 * layers + 3
    cell = np.diag([2.5 * cutoff + n * stride] + [2.5 * cutoff] * 2)
    points = np.zeros((n, 3))
    points[:, 0] = stride * np.arange(n) + cutoff
    points[:, 1:] = cutoff + 0.05 * cutoff * np.random.default_rng(1).uniform(-1, 1, (n, 2))
    chain = Atoms([symbols[k % len(symbols)] for k in range(n)], points, cell=cell, pbc=like.pbc)
    moved = chain.copy()
    moved.positions[-1] += [0.1 * cutoff, 0.05 * cutoff, 0.0]
    before, after = evaluate(chain), evaluate(moved)
    pairs = [("force on atom", before.forces, after.forces, SMALLEST_FORCE, "eV/Å")]
    if before.energies is not None and after.energies is not None:
        pairs.append(("energy of atom", before.energies, after.energies, 1.0, "eV"))
    agreements = []
    for what, old, new, size, unit in pairs:
        last = n - 1 - fields[what] - 1  # one chain link beyond the field
        bound = precision.equality * size
        if what == "energy of atom":
            bound += energy_bound(before, precision) * (precision.epsilon > 1e-10)
        words = f"after a move beyond {fields[what]} x {cutoff} Å, the {what}"
        agreements.append(require_close(words, new[: last + 1], old[: last + 1], bound, unit))
    return worst(agreements)
