"""Statistics of a set of frames, printed before a training starts."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from ase.data import chemical_symbols

from ipip.data.frame import Frame
from ipip.data.provenance import config_type_of
from ipip.graph import neighbor_list


@dataclasses.dataclass(frozen=True)
class Statistics:
    """Summary of a set of frames.

    Attributes:
        frames, atoms: how many.
        elements: atoms by symbol.
        smallest, largest: atoms in a frame.
        periodic: frames with at least one periodic direction.
        neighbour_frames: frames whose neighbours were counted, evenly spaced in the set.
        neighbours_mean, neighbours_max: atoms within the cutoff of an atom.
        shortest: smallest distance in Å; None if no pair is within the cutoff.
        energy_range: lowest and highest energy per atom, eV; None without energies.
        force_rms, force_max: of force norms, eV/Å; None without forces.
        stresses: frames with a stress.
        stress_max: largest component, eV/Å^3; None without stresses.
        weight_range: smallest and largest weight in the loss.
        config_types: frames by config type.
    """

    frames: int
    atoms: int
    elements: dict[str, int]
    smallest: int
    largest: int
    periodic: int
    neighbour_frames: int
    neighbours_mean: float
    neighbours_max: int
    shortest: float | None
    energy_range: tuple[float, float] | None
    force_rms: float | None
    force_max: float | None
    stresses: int
    stress_max: float | None
    weight_range: tuple[float, float]
    config_types: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return dataclasses.asdict(self)


def statistics(
    frames: Sequence[Frame], cutoff: float, *, neighbour_frames: int = 1000
) -> Statistics:
    """Summarise frames in one pass.

    Args:
        frames: at least one.
        cutoff: Å; atoms within it are neighbours.
        neighbour_frames: most frames, evenly spaced, whose neighbours are counted.
    """
    by_number: Counter[int] = Counter()
    kinds: Counter[str] = Counter()
    sizes: list[int] = []
    weights: list[float] = []
    energies: list[float] = []
    stresses: list[float] = []
    squares = force_max = 0.0
    forced = periodic = 0
    for frame in frames:
        sizes.append(len(frame))
        weights.append(frame.weight)
        by_number.update(frame.numbers.tolist())
        kinds[config_type_of(frame)] += 1
        periodic += bool(frame.pbc.any())
        if frame.energy is not None:
            energies.append(frame.energy / len(frame))
        if frame.stress is not None:
            stresses.append(float(np.abs(frame.stress).max()))
        if frame.forces is not None:
            norms = np.linalg.norm(frame.forces, axis=1)
            forced += len(norms)
            squares += float(np.sum(norms**2))
            force_max = max(force_max, float(norms.max()))
    step = -(-len(frames) // neighbour_frames)
    per_atom, shortest = _neighbours(frames[::step], cutoff)
    return Statistics(
        frames=len(sizes),
        atoms=sum(sizes),
        elements={chemical_symbols[z]: by_number[z] for z in sorted(by_number)},
        smallest=min(sizes),
        largest=max(sizes),
        periodic=periodic,
        neighbour_frames=len(frames[::step]),
        neighbours_mean=float(per_atom.mean()),
        neighbours_max=int(per_atom.max()),
        shortest=shortest,
        energy_range=(min(energies), max(energies)) if energies else None,
        force_rms=float(np.sqrt(squares / forced)) if forced else None,
        force_max=force_max if forced else None,
        stresses=len(stresses),
        stress_max=max(stresses) if stresses else None,
        weight_range=(min(weights), max(weights)),
        config_types=dict(sorted(kinds.items())),
    )


def _neighbours(
    frames: Sequence[Frame], cutoff: float
) -> tuple[np.ndarray[Any, Any], float | None]:
    neighbours: list[np.ndarray[Any, Any]] = []
    shortest = np.inf
    for frame in frames:
        edge_index, edge_vec = neighbor_list(frame.positions, frame.cell, frame.pbc, cutoff)
        neighbours.append(np.bincount(edge_index[0], minlength=len(frame)))
        if len(edge_vec):
            shortest = min(shortest, float(np.linalg.norm(edge_vec, axis=1).min()))
    return np.concatenate(neighbours), None if np.isinf(shortest) else float(shortest)
