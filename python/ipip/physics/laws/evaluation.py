"""The results of a potential for one structure, and the comparison of two results."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from ase import Atoms

from ipip.physics.laws.agreement import Agreement, ContractError, worst
from ipip.physics.laws.precision import Precision

FloatArray: TypeAlias = npt.NDArray[np.float64]
SMALLEST_FORCE = 0.1  # eV/Å: least scale of differences
SMALLEST_STRESS = 1e-3  # eV/Å^3


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """Results for n atoms.

    Attributes:
        energy: eV, whose gradient the forces are.
        forces: [n, 3] eV/Å.
        stress: [3, 3] eV/Å^3, ASE's sign, or None.
        energies: [n] eV, of each atom, or None.
    """

    energy: float
    forces: FloatArray
    stress: FloatArray | None = None
    energies: FloatArray | None = None


Evaluate: TypeAlias = Callable[[Atoms], Evaluation]


def largest(values: npt.ArrayLike, least: float) -> float:
    """Return the largest magnitude, at least `least`."""
    return float(np.abs(np.asarray(values)).max(initial=least))


def energy_bound(result: Evaluation, precision: Precision, factor: float = 1.0) -> float:
    """Return the allowed difference of two equal energies, eV."""
    work = max(1.0, float(np.linalg.norm(result.forces)))  # of a move of 1 Å
    return factor * (precision.equality * work + 16 * precision.epsilon * abs(result.energy))


def require_close(
    what: str, value: npt.ArrayLike, expected: npt.ArrayLike, bound: float, unit: str
) -> Agreement:
    """Compare numbers; return how well they agree.

    Raises:
        ContractError: one differs by more than the bound, or is NaN.
    """
    found, reference = np.asarray(value, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if found.shape != reference.shape:
        raise ContractError(
            f"{what} has the shape {list(found.shape)}, expected {list(reference.shape)}"
        )
    difference = np.abs(found - reference)
    difference = np.where(np.isnan(difference), np.inf, difference)
    agreement = Agreement(what, float(difference.max(initial=0.0)), bound, unit)
    if agreement.difference <= bound:
        return agreement
    at = np.unravel_index(int(difference.argmax()), difference.shape)
    place = f" {[int(k) for k in at]}" if at else ""
    raise ContractError(
        f"{what}{place} is {found[at]:.10g} {unit}, expected {reference[at]:.10g}: they differ by "
        f"{difference[at]:.2g}, the bound is {bound:.2g}",
        agreement,
    )


def require_same(
    what: str,
    found: Evaluation,
    expected: Evaluation,
    precision: Precision,
    factor: float = 1.0,
) -> Agreement:
    """Compare energy, forces and, if both have them, stress and atomic energies.

    Args:
        what: words before the name of a quantity in the message, such as `after rotation, the`.
        found: one result.
        expected: what it must equal.
        precision: gives the bounds.
        factor: on all bounds.

    Returns:
        The agreement of the quantity that is closest to its bound.

    Raises:
        ContractError: a quantity differs by more than its bound.
    """
    close = energy_bound(expected, precision, factor)
    agreements = [require_close(f"{what} energy", found.energy, expected.energy, close, "eV")]
    bound = factor * precision.equality * largest(expected.forces, SMALLEST_FORCE)
    agreements.append(require_close(f"{what} force", found.forces, expected.forces, bound, "eV/Å"))
    if found.stress is not None and expected.stress is not None:
        bound = factor * precision.equality * largest(expected.stress, SMALLEST_STRESS)
        agreements.append(
            require_close(f"{what} stress", found.stress, expected.stress, bound, "eV/Å^3")
        )
    if found.energies is not None and expected.energies is not None:
        what = f"{what} energy of atom"
        agreements.append(require_close(what, found.energies, expected.energies, close, "eV"))
    return worst(agreements)


def result_is_complete(evaluate: Evaluate, atoms: Atoms, precision: Precision) -> None:
    """Energy and forces are finite with the right shape; atomic energies sum to the energy."""
    result = evaluate(atoms)
    n = len(atoms)
    for what, value, shape in (
        ("the energy", result.energy, ()),
        ("forces", result.forces, (n, 3)),
        ("the stress", result.stress, (3, 3)),
        ("energies of atoms", result.energies, (n,)),
    ):
        if value is None:
            continue
        if np.shape(value) != shape:
            raise ContractError(f"{what}: the shape is {list(np.shape(value))}, not {list(shape)}")
        if not np.isfinite(value).all():
            raise ContractError(f"{what}: {value} holds a number that is not finite")
    if result.energies is not None:
        bound = energy_bound(result, precision)
        total = float(result.energies.sum())
        require_close("the sum of the atoms' energies", total, result.energy, bound, "eV")
