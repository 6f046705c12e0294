"""The Hessian is symmetric, as for any energy."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from ipip.physics.check import PhysicsCheck
from ipip.physics.laws.derivatives import slope
from ipip.physics.laws.evaluation import FloatArray
from ipip.physics.laws.structures import numbered
from ipip.physics.outcome import Curve, Measure, Outcome, Picture, index_of_worst
from ipip.physics.subject import Subject

MOST = {True: 3, False: 12}  # displaced atoms: in the short form, in the full form


class Hessian(PhysicsCheck):
    """Displaces atoms one by one and compares the changes of all forces."""

    name = "hessian"
    title = "Symmetry of the Hessian"
    question = "Do two atoms' displacements change each other's forces equally?"
    bound = "the antisymmetric part is below 1 % of the symmetric one in float32, 5e-6 in float64"
    source = (
        "ML-PEG, physicality, Jacobian symmetry; Bigi, Langer and Ceriotti, arXiv 2412.11569; "
        "1 % is the error of finite differences in float32"
    )

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure the structures."""
        chosen = subject.structures[: 1 if quick else None]
        names = tuple(numbered(chosen))
        parts = [antisymmetric_part(subject, atoms, MOST[quick]) for atoms in chosen]
        bound = 5 * subject.precision.derivative
        at = index_of_worst(parts)
        drawn = tuple(max(p, 1e-9) if np.isfinite(p) else None for p in parts)
        return self.found(
            measures=(
                Measure("antisymmetric over symmetric part", parts[at], "", bound, place=names[at]),
            ),
            pictures=(
                Picture(
                    "Norm of the antisymmetric part of the Hessian over that of the symmetric one.",
                    "",
                    "antisymmetric / symmetric",
                    (Curve("Hessian", names, drawn),),
                    kind="bars",
                    log=True,
                    bound=bound,
                ),
            ),
        )


def antisymmetric_part(subject: Subject, atoms: Atoms, most: int) -> float:
    """Return |H - H^T| / |H + H^T| of a structure, over atoms near its first one.

    Args:
        subject: the potential.
        atoms: the structure.
        most: largest number of displaced atoms.
    """
    distances = atoms.get_distances(0, range(len(atoms)), mic=bool(atoms.pbc.any()))
    moved = np.argsort(distances, kind="stable")[:most]
    step = subject.precision.step
    rows: list[FloatArray] = []
    for index in moved:
        for axis in range(3):

            def forces(by: float, index: int = int(index), axis: int = axis) -> FloatArray:
                other = atoms.copy()
                other.positions[index, axis] += by
                return subject.evaluate(other).forces[moved].ravel()

            rows.append(-slope(forces, step))
    matrix = np.array(rows)
    size = float(np.linalg.norm(matrix + matrix.T))
    return float(np.linalg.norm(matrix - matrix.T)) / size if size else 0.0


HESSIAN = Hessian()
