"""Short MD of a potential, with the bounds of student MD."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.geometry import get_distances
from ase.md.langevin import Langevin
from ase.md.verlet import VelocityVerlet
from ase.optimize import FIRE

from ipip.physics.laws.evaluation import FloatArray
from ipip.physics.subject import Subject, closest_bond

RELAX_STEPS = 60
RELAX_FORCE = 0.3  # eV/Å
FRICTION = 0.02  # 1/fs
MAX_FORCE = 100.0  # eV/Å
DISTANCE_FACTOR = 0.8  # of the closest bond, as in the guards
TEMPERATURE_FACTOR, TEMPERATURE_MARGIN = 1.5, 8.0
COOLEST_LIMIT = 1000.0  # K: energy that a start away from rest releases is not an explosion


@dataclasses.dataclass(frozen=True)
class Moment:
    """One step of a run.

    Attributes:
        time: fs.
        total: eV, potential and kinetic energy.
        temperature: K.
        broken: the crossed bound; empty without one.
    """

    time: float
    total: float
    temperature: float
    broken: str = ""


def relaxed(subject: Subject, atoms: Atoms) -> Atoms:
    """Return a structure after a few steps of relaxation, so that a run starts near rest."""
    start = atoms.copy()
    start.calc = subject.calculator
    try:
        FIRE(start, logfile=None).run(fmax=RELAX_FORCE, steps=RELAX_STEPS)
    except Exception:
        return atoms.copy()  # the run reports the error
    return start if np.isfinite(start.positions).all() else atoms.copy()


def constant_energy(
    subject: Subject, atoms: Atoms, temperature: float, timestep: float, steps: int
) -> Iterator[Moment]:
    """Run at constant energy from a relaxed structure.

    Args:
        subject: the potential.
        atoms: start.
        temperature: K, of the initial velocities.
        timestep: fs.
        steps: of the run, which ends earlier if a bound is crossed.
    """
    start = _start(subject, atoms, temperature)
    run = VelocityVerlet(start, timestep * units.fs)
    yield from _watched(run, start, timestep, steps, lambda step: temperature, None)


def ramp(
    subject: Subject,
    atoms: Atoms,
    temperature: Callable[[float], float],
    volume: Callable[[float], float] | None,
    timestep: float,
    steps: int,
) -> Iterator[Moment]:
    """Run with a Langevin thermostat at changing temperature or volume.

    Args:
        subject: the potential.
        atoms: start.
        temperature: K, as a function of the fraction of the run.
        volume: V/V0 as a function of the fraction of the run; None: constant.
        timestep: fs.
        steps: of the run, which ends earlier if a bound is crossed.
    """
    first = temperature(0.0)
    start = _start(subject, atoms, first)
    rng = np.random.default_rng(5)
    run = Langevin(
        start,
        timestep * units.fs,
        temperature_K=first,
        friction=FRICTION / units.fs,
        rng=rng,
        fixcm=False,
    )
    cell = start.cell.array.copy()

    def change(step: int) -> None:
        part = step / steps
        run.set_temperature(temperature_K=temperature(part))
        if volume is not None:
            start.set_cell(cell * volume(part) ** (1 / 3), scale_atoms=True)

    yield from _watched(run, start, timestep, steps, lambda step: temperature(step / steps), change)


def _start(subject: Subject, atoms: Atoms, temperature: float) -> Atoms:
    start = relaxed(subject, atoms)
    start.calc = subject.calculator
    masses = start.get_masses()[:, None]
    velocities = np.random.default_rng(3).normal(size=(len(start), 3))
    velocities *= np.sqrt(units.kB * temperature / masses)
    start.set_velocities(velocities - (masses * velocities).sum(axis=0) / masses.sum())
    return start


def _watched(
    run: Any,
    atoms: Atoms,
    timestep: float,
    steps: int,
    temperature: Callable[[int], float],
    change: Callable[[int], None] | None,
) -> Iterator[Moment]:
    limits = smallest_distances(atoms)
    for step in range(steps + 1):
        try:
            if step:
                if change is not None:
                    change(step)
                run.run(1)
            moment = _moment(atoms, step * timestep, temperature(step), limits)
        except Exception as error:
            lines = str(error).splitlines()
            reason = f"{type(error).__name__}: {lines[0] if lines else ''}"
            yield Moment(step * timestep, float("nan"), float("nan"), reason)
            return
        yield moment
        if moment.broken:
            return


def _moment(atoms: Atoms, time: float, target: float, limits: FloatArray) -> Moment:
    hot = atoms.get_temperature()
    total = float(atoms.get_potential_energy() + atoms.get_kinetic_energy())
    largest = float(np.abs(atoms.get_forces()).max())
    margin = 1 + TEMPERATURE_MARGIN * np.sqrt(2 / (3 * len(atoms)))
    hottest = max(target, COOLEST_LIMIT) * max(TEMPERATURE_FACTOR, margin)
    broken = ""
    if not np.isfinite([total, largest, hot]).all():
        broken = "energy or forces are not finite"
    elif largest > MAX_FORCE:
        broken = f"a force of {largest:.0f} eV/Å"
    elif hot > hottest:
        broken = f"a temperature of {hot:.0f} K at a target of {target:.0f} K"
    else:
        short = _closest(atoms) < limits
        if short.any():
            a, b = (int(k) for k in np.argwhere(short)[0])
            broken = f"{atoms.symbols[a]} and {atoms.symbols[b]} overlap"
    return Moment(time, total, float(hot), broken)


def smallest_distances(atoms: Atoms) -> FloatArray:
    """Return the smallest allowed distance of each pair, [n, n] Å; negative on the diagonal."""
    kinds = list(dict.fromkeys(atoms.symbols))
    table = np.array([[closest_bond(a, b) for b in kinds] for a in kinds])
    rows = np.array([kinds.index(symbol) for symbol in atoms.symbols])
    limits = DISTANCE_FACTOR * table[np.ix_(rows, rows)]
    np.fill_diagonal(limits, -1.0)
    return np.asarray(limits)


def _closest(atoms: Atoms) -> FloatArray:
    cell, pbc = (atoms.cell, atoms.pbc) if atoms.pbc.any() else (None, None)
    return np.asarray(get_distances(atoms.positions, cell=cell, pbc=pbc)[1])
