"""What a set of frames looks like, told before a training starts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from ipip.data.elements import composition, elements_of
from ipip.data.frame import Frame
from ipip.graph import neighbor_list


@dataclasses.dataclass(frozen=True)
class Statistics:
    """Summary of a set of frames.

    Attributes:
        frames, atoms: how many.
        elements: atoms by symbol.
        smallest, largest: atoms in a frame.
        periodic: frames with at least one periodic direction.
        neighbours_mean, neighbours_max: atoms within the cutoff of an atom.
        shortest: smallest distance in Å; None where no pair is within the cutoff.
        energy_range: lowest and highest energy per atom, eV; None without energies.
        force_rms, force_max: of force norms, eV/Å; None without forces.
        stresses: frames with a stress.
        config_types: frames by kind.
    """

    frames: int
    atoms: int
    elements: dict[str, int]
    smallest: int
    largest: int
    periodic: int
    neighbours_mean: float
    neighbours_max: int
    shortest: float | None
    energy_range: tuple[float, float] | None
    force_rms: float | None
    force_max: float | None
    stresses: int
    config_types: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return dataclasses.asdict(self)


def statistics(frames: Sequence[Frame], cutoff: float) -> Statistics:
    """Summarise frames; `cutoff` in Å defines neighbours. Needs at least one frame."""
    symbols = elements_of(frames)
    counts = composition(frames, symbols).sum(0).astype(int)
    neighbours: list[np.ndarray] = []
    shortest = np.inf
    for frame in frames:
        edge_index, edge_vec = neighbor_list(frame.positions, frame.cell, frame.pbc, cutoff)
        neighbours.append(np.bincount(edge_index[0], minlength=len(frame)))
        if len(edge_vec):
            shortest = min(shortest, float(np.linalg.norm(edge_vec, axis=1).min()))
    per_atom = np.concatenate(neighbours)
    energies = [frame.energy / len(frame) for frame in frames if frame.energy is not None]
    forces = [np.linalg.norm(f.forces, axis=1) for f in frames if f.forces is not None]
    norms = np.concatenate(forces) if forces else None
    kinds: dict[str, int] = {}
    for frame in frames:
        kind = str(frame.info.get("config_type", "-"))
        kinds[kind] = kinds.get(kind, 0) + 1
    sizes = [len(frame) for frame in frames]
    return Statistics(
        frames=len(frames),
        atoms=sum(sizes),
        elements={s: int(n) for s, n in zip(symbols, counts, strict=True)},
        smallest=min(sizes),
        largest=max(sizes),
        periodic=sum(bool(frame.pbc.any()) for frame in frames),
        neighbours_mean=float(per_atom.mean()),
        neighbours_max=int(per_atom.max()),
        shortest=None if np.isinf(shortest) else shortest,
        energy_range=(min(energies), max(energies)) if energies else None,
        force_rms=None if norms is None else float(np.sqrt(np.mean(norms**2))),
        force_max=None if norms is None else float(norms.max()),
        stresses=sum(frame.stress is not None for frame in frames),
        config_types=dict(sorted(kinds.items())),
    )
