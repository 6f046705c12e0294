"""Resumable molecular dynamics of a teacher at constant volume and temperature."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from .labels import labels
from .refusal import RefusedError

Message = tuple[dict[str, Any], dict[str, Any]]


def trouble(atoms: Any, limits: Mapping[str, float], check_temperature: bool = True) -> str | None:
    """Return why the teacher's run has failed at this step, or None."""
    energy, forces = atoms.get_potential_energy(), atoms.get_forces()
    if not (np.isfinite(energy) and np.isfinite(forces).all()):
        return "energy or forces are not finite"
    largest = float(np.sqrt((forces**2).sum(axis=1).max()))
    if largest > limits["max_force"]:
        return f"largest force {largest:.4g} eV/Å is above {limits['max_force']:.4g}"
    temperature = float(atoms.get_temperature())
    if check_temperature and not temperature <= limits["max_temperature"]:
        return f"temperature {temperature:.5g} K is above {limits['max_temperature']:.5g}"
    return None


def relax(atoms: Any, spec: Mapping[str, Any]) -> str | None:
    """Relax positions by FIRE with these settings; return why that failed, or None."""
    from ase.optimize import FIRE

    if spec["relax_steps"] == 0:
        return None
    unbounded = {"max_force": math.inf}  # packed boxes may start far above the limit
    for _ in FIRE(atoms, logfile=None).irun(fmax=spec["relax_fmax"], steps=spec["relax_steps"]):
        reason = trouble(atoms, unbounded, check_temperature=False)
        if reason:
            return f"relaxation: {reason}"
    return None


def draw_velocities(atoms: Any, spec: Mapping[str, Any], draw: np.random.RandomState) -> None:
    """Draw velocities (Maxwell-Boltzmann, no total momentum)."""
    from ase.md.velocitydistribution import MaxwellBoltzmannDistribution, Stationary

    MaxwellBoltzmannDistribution(atoms, temperature_K=spec["temperature"], rng=draw)
    Stationary(atoms)


def integrator(atoms: Any, spec: Mapping[str, Any], draw: np.random.RandomState) -> Any:
    """Return the thermostatted MD of a structure with velocities."""
    from ase import units

    temperature, timestep = spec["temperature"], spec["timestep"] * units.fs
    damping = spec["damping"] * units.fs
    if spec["thermostat"] == "langevin":
        from ase.md.langevin import Langevin

        friction = 1.0 / damping
        return Langevin(
            atoms, timestep, temperature_K=temperature, friction=friction, rng=draw, fixcm=False
        )
    try:
        from ase.md.nose_hoover_chain import NoseHooverChainNVT
    except ImportError as error:
        raise RefusedError(
            "model", "this ase has no NoseHooverChainNVT: upgrade it or use thermostat langevin"
        ) from error
    return NoseHooverChainNVT(atoms, timestep, temperature_K=temperature, tdamp=damping)


def state_of(
    atoms: Any, moving: Any, draw: np.random.RandomState, step: int, seconds: float
) -> Message:
    """Return all that the next step depends on, as a message."""
    _, keys, position, has_normal, normal = draw.get_state()
    arrays = {"positions": atoms.positions, "momenta": atoms.get_momenta(), "random_keys": keys}
    thermostat = getattr(moving, "_thermostat", None)  # private in ASE
    if thermostat is not None:
        arrays |= {"eta": thermostat._eta, "p_eta": thermostat._p_eta}
    random = [int(position), int(has_normal), float(normal)]
    return {"reply": "state", "step": step, "seconds": seconds, "random": random}, arrays


def restore(
    atoms: Any, spec: Mapping[str, Any], arrays: Mapping[str, Any], draw: np.random.RandomState
) -> Any:
    """Restore a structure's stored state; return its MD."""
    position, has_normal, normal = spec["random"]
    keys = np.asarray(arrays["random_keys"]).astype(np.uint32)
    draw.set_state(("MT19937", keys, position, has_normal, normal))
    atoms.set_momenta(arrays["momenta"])
    moving = integrator(atoms, spec, draw)
    thermostat = getattr(moving, "_thermostat", None)
    if thermostat is not None:
        thermostat._eta[:], thermostat._p_eta[:] = arrays["eta"], arrays["p_eta"]
    return moving


def dynamics(
    atoms: Any, spec: Mapping[str, Any], arrays: Mapping[str, Any], ending: Callable[[], bool]
) -> Iterator[Message]:
    """Run one trajectory; yield messages: 'frame', 'state' and 'progress' ones, then 'done'.

    On a request to end early (`ending` is called before each step), a last state and 'stopped'.

    With "random" in the specification it resumes from a state: the structure's positions and the
    arrays are then those of the state.
    """
    draw = np.random.RandomState(spec["seed"])
    step, before, last_message = spec.get("step", 0), spec.get("seconds", 0.0), time.perf_counter()
    if "random" in spec:
        moving, reason = restore(atoms, spec, arrays, draw), None
    else:
        reason = relax(atoms, spec)
        draw_velocities(atoms, spec, draw)
        moving = integrator(atoms, spec, draw)
        reason = reason or trouble(atoms, spec, check_temperature=False)
    start = time.perf_counter() - before
    while reason is None and step < spec["steps"]:
        if ending():
            if spec["state_interval"]:
                yield state_of(atoms, moving, draw, step, time.perf_counter() - start)
            yield {"reply": "stopped", "step": step}, {}
            return
        moving.step()
        step += 1
        reason = trouble(atoms, spec)
        if reason is None and step % spec["frame_interval"] == 0:
            values = {"positions": atoms.positions, "cell": atoms.cell.array, **labels(atoms)}
            yield {"reply": "frame", "step": step, "temperature": atoms.get_temperature()}, values
        if reason is None and spec["state_interval"] and step % spec["state_interval"] == 0:
            yield state_of(atoms, moving, draw, step, time.perf_counter() - start)
        if time.perf_counter() - last_message > 0.5:
            last_message = time.perf_counter()
            yield {"reply": "progress", "step": step}, {}
    seconds = time.perf_counter() - start
    yield {"reply": "done", "step": step, "reason": reason, "seconds": seconds}, {}
