"""The verdict on a run: a pure function of its facts."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from typing import Any, Literal

Pair = tuple[str, str]

# LAMMPS errors that a student's bad forces cause, and the reason to report.
_BLOWN_UP = (
    (
        re.compile(r"lost atoms|atoms? (?:were|was) lost|did not assign all atoms", re.I),
        "lost_atoms",
    ),
    (re.compile(r"at the same place"), "distance"),
    (re.compile(r"non-?numeric|\bnan\b|not finite|non-?finite|infinite", re.I), "not_finite"),
    (
        re.compile(r"out of range atoms|too many neighbor bins|bin count|box bounds", re.I),
        "lost_atoms",
    ),
)


@dataclasses.dataclass(frozen=True)
class Bounds:
    """The bounds of a stable run.

    Attributes:
        temperature: K, upper.
        force: eV/Å, upper, largest |F| on an atom.
        distances: pair of elements to Å, lower.
        energy_change: eV/atom, upper, from the run's first step; None: unbounded.
        energy_jump: eV/atom, upper, from one step to the next; None: unbounded.
        uncertainty: eV/Å, upper, largest expected error of the force on an atom; None: unbounded.
    """

    temperature: float
    force: float
    distances: Mapping[Pair, float]
    energy_change: float | None = None
    energy_jump: float | None = None
    uncertainty: float | None = None


@dataclasses.dataclass(frozen=True)
class RunFacts:
    """The facts of a run, from its files.

    Attributes:
        steps: requested MD steps.
        n_atoms: atoms at the start.
        return_code: of the LAMMPS process; negative: killed by that signal.
        started: LAMMPS set a run up (deck, data and model were accepted).
        complete: the deck ran to its end.
        error: text of LAMMPS' error, or None.
        step: last MD step known, or None.
        atoms_left: atoms at the last step, or None.
        temperature: K at the last step, or None.
        energy: eV, potential, at the last step, or None.
        max_force: eV/Å at the last step, or None.
        distances: smallest distance in Å of each pair of elements at the last step.
        energy_change: eV/atom from the first step, or None.
        seconds: wall time of the dynamics (of a resumed run: of its last part), or None.
        timed_steps: MD steps in this time, or None: all of them.
        energy_jump: eV/atom from the previous step, or None.
        units: LAMMPS' unit style of the run, or None if it was not set up.
        timestep: of the run, in its units, or None.
        max_uncertainty: eV/Å, largest expected error of a force at the last step, or None.
    """

    steps: int
    n_atoms: int
    return_code: int
    started: bool
    complete: bool
    error: str | None = None
    step: int | None = None
    atoms_left: int | None = None
    temperature: float | None = None
    energy: float | None = None
    max_force: float | None = None
    distances: Mapping[Pair, float] = dataclasses.field(default_factory=dict)
    energy_change: float | None = None
    seconds: float | None = None
    timed_steps: int | None = None
    energy_jump: float | None = None
    units: str | None = None
    timestep: float | None = None
    max_uncertainty: float | None = None


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The judgement of one run.

    Attributes:
        state: "stable": all steps within bounds; "unstable": the student left them; "failed": the
            run itself broke (killed, disk, wrong deck), which does not count against the student.
        reason: "" (stable), "temperature", "force", "distance", "energy", "lost_atoms",
            "uncertainty", "not_finite", "input", "lammps_error", "killed" or "stopped".
        message: one sentence for people.
        step: last MD step reached (the one that crossed a bound), or None if unknown.
        steps: requested MD steps.
        n_atoms: atoms of the run.
        value: the value that crossed its bound, or None.
        bound: the bound, or None.
        pair: the elements of a distance that was too short, or None.
        seconds: wall time of the dynamics, or None.
        us_per_atom_step: microseconds of wall time per atom and step, or None.
    """

    state: Literal["stable", "unstable", "failed"]
    reason: str
    message: str
    step: int | None
    steps: int
    n_atoms: int
    value: float | None = None
    bound: float | None = None
    pair: Pair | None = None
    seconds: float | None = None
    us_per_atom_step: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values; non-finite numbers become text, which every JSON reader accepts."""
        plain = dataclasses.asdict(self)
        if self.value is not None and not math.isfinite(self.value):
            plain["value"] = str(self.value)
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Verdict:
        """Rebuild a verdict from :meth:`as_dict`."""
        fields = dict(plain)
        if isinstance(fields.get("value"), str):
            fields["value"] = float(fields["value"])
        if fields.get("pair") is not None:
            fields["pair"] = tuple(fields["pair"])
        return cls(**fields)


def judge(facts: RunFacts, bounds: Bounds) -> Verdict:
    """Judge a run by its facts; the exit status alone is never trusted.

    Args:
        facts: read from the run's files.
        bounds: of this run.

    Returns:
        The verdict. If several bounds are crossed at once, the reason is the first of: lost
        atoms, not finite, distance, force, energy, temperature, uncertainty.
    """
    state, reason, message, details = _find(facts, bounds)
    speed = None
    timed = facts.step if facts.timed_steps is None else facts.timed_steps
    if facts.seconds and timed:
        speed = 1e6 * facts.seconds / (timed * facts.n_atoms)
    return Verdict(
        state=state,
        reason=reason,
        message=message,
        step=facts.step,
        steps=facts.steps,
        n_atoms=facts.n_atoms,
        seconds=facts.seconds,
        us_per_atom_step=speed,
        **details,
    )


Finding = tuple[Literal["stable", "unstable", "failed"], str, str, dict[str, Any]]


def _find(facts: RunFacts, bounds: Bounds) -> Finding:
    if facts.error is not None:
        return _from_error(facts)
    if not facts.complete:
        if facts.return_code < 0:
            return "failed", "killed", f"killed by signal {-facts.return_code}", {}
        status = facts.return_code
        return "failed", "stopped", f"LAMMPS ended with status {status} before its deck did", {}
    return (
        _lost_or_not_finite(facts)
        or _crossed(facts, bounds)
        or _ended_early(facts)
        or ("stable", "", f"{facts.steps} steps within all bounds", {})
    )


def _from_error(facts: RunFacts) -> Finding:
    error = facts.error or ""
    for pattern, reason in _BLOWN_UP:
        if pattern.search(error):
            return "unstable", reason, f"LAMMPS: {error}", {}
    if not facts.started:
        return "failed", "input", f"LAMMPS: {error}", {}
    return "failed", "lammps_error", f"LAMMPS: {error}", {}


def _lost_or_not_finite(facts: RunFacts) -> Finding | None:
    if facts.atoms_left is not None and facts.atoms_left != facts.n_atoms:
        lost = facts.n_atoms - facts.atoms_left
        message = f"{lost} of {facts.n_atoms} atoms lost at step {facts.step}"
        return "unstable", "lost_atoms", message, {"value": float(facts.atoms_left)}
    values = {
        "temperature": facts.temperature,
        "potential energy": facts.energy,
        "largest force": facts.max_force,
    }
    for name, value in values.items():
        if value is not None and not math.isfinite(value):
            message = f"{name} is {value} at step {facts.step}"
            return "unstable", "not_finite", message, {"value": value}
    return None


def _crossed(facts: RunFacts, bounds: Bounds) -> Finding | None:
    at = f"at step {facts.step}"
    for pair, distance in facts.distances.items():
        bound = bounds.distances.get(pair)
        if bound is not None and not distance >= bound:
            message = f"{pair[0]}-{pair[1]} distance {distance:.4g} Å is below {bound:.4g} Å {at}"
            details = {"value": distance, "bound": bound, "pair": pair}
            return "unstable", "distance", message, details
    upper = (
        ("force", "largest force", facts.max_force, bounds.force, "eV/Å"),
        ("energy", "jump of energy", facts.energy_jump, bounds.energy_jump, "eV/atom"),
        ("energy", "change of energy", facts.energy_change, bounds.energy_change, "eV/atom"),
        ("temperature", "temperature", facts.temperature, bounds.temperature, "K"),
        ("uncertainty", "uncertainty", facts.max_uncertainty, bounds.uncertainty, "eV/Å"),
    )
    for reason, name, value, bound, unit in upper:
        if value is not None and bound is not None and not value <= bound:
            message = f"{name} {value:.5g} {unit} is above {bound:.5g} {unit} {at}"
            return "unstable", reason, message, {"value": value, "bound": bound}
    return None


def _ended_early(facts: RunFacts) -> Finding | None:
    if facts.step is None or facts.step >= facts.steps:
        return None
    message = f"the run ended at step {facts.step} of {facts.steps}, within all known bounds"
    return "failed", "stopped", message, {}
