"""Molecular dynamics conserves the energy."""

from __future__ import annotations

import numpy as np
from ase import Atoms, units

from ipip.physics.laws.agreement import Agreement, ContractError
from ipip.physics.laws.evaluation import Evaluate
from ipip.physics.laws.precision import Precision

TEMPERATURE = 300.0  # K
STEPS = 20
LONGEST = 1.0  # fs


def energy_is_conserved(evaluate: Evaluate, atoms: Atoms, precision: Precision) -> Agreement:
    """Run velocity Verlet twice over the same time: half the step gives a quarter of the error.

    An error that remains is work of forces that are not the gradient of the energy. The step is
    set by the largest acceleration.
    """
    masses = atoms.get_masses()[:, None]
    rng = np.random.default_rng(2)
    velocities = rng.normal(size=(len(atoms), 3)) * np.sqrt(units.kB * TEMPERATURE / masses)
    start = evaluate(atoms)
    fastest = max(1e-6, float(np.abs(start.forces / masses).max(initial=0.0)))
    step = min(LONGEST * units.fs, float(np.sqrt(2e-3 / fastest)))  # Å of a start from rest

    def error(divided: int) -> tuple[float, float]:
        dt, moving = step / divided, atoms.copy()
        moving.set_constraint()
        v, now = velocities.copy(), start
        totals, kinetic = [], 0.0
        for _ in range(STEPS * divided + 1):
            kinetic = 0.5 * float((masses * v**2).sum())
            totals.append(now.energy + kinetic)
            v += 0.5 * dt * now.forces / masses
            moving.set_positions(moving.positions + dt * v)
            now = evaluate(moving)
            v += 0.5 * dt * now.forces / masses
        if not np.isfinite(totals).all():
            raise ContractError("the energy of a short MD run is not finite")
        return float(np.abs(np.array(totals) - totals[0]).max()), kinetic

    (coarse, kinetic), (fine, _) = error(1), error(2)
    floor = precision.derivative * kinetic + 64 * precision.epsilon * abs(start.energy)
    bound = 0.4 * coarse + floor
    agreement = Agreement("the error of the total energy with half the step", fine, bound, "eV")
    if fine > bound:
        raise ContractError(
            f"in {STEPS * step / units.fs:.3g} fs of MD at {TEMPERATURE:g} K the total energy is "
            f"off by {coarse:.2g} eV with a step of {step / units.fs:.2g} fs and by {fine:.2g} eV "
            f"with half of it; the bound is {bound:.2g} eV, since conservation gives a quarter",
            agreement,
        )
    return agreement
