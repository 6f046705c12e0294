"""Bounds that exclude exploded frames from training, before and after labelling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from ase.formula import Formula

from ipip.config.harvest import HarvestSettings
from ipip.data.frame import Frame
from ipip.data.provenance import TEACHER_ERROR
from ipip.errors import InputError
from ipip.graph import check_apart
from ipip.harvest.distances import Pair, min_pair_distances


def geometry_problem(frame: Frame, min_distances: Mapping[Pair, float]) -> str | None:
    """Return why a frame's geometry is out of bounds, or None.

    Args:
        frame: positions in Å.
        min_distances: lower bound (Å) of each sorted pair of symbols.
    """
    if not (np.isfinite(frame.positions).all() and np.isfinite(frame.cell).all()):
        return "positions are not finite"
    try:
        check_apart(frame.positions, frame.cell, frame.pbc)
    except InputError as error:
        return str(error)
    if not min_distances:
        return None
    distances = min_pair_distances(frame, cutoff=max(min_distances.values()))
    for pair, bound in min_distances.items():
        if distances.get(pair, np.inf) < bound:
            return f"{pair[0]}-{pair[1]} distance {distances[pair]:.3f} Å is below {bound:.3f} Å"
    return None


def label_problem(
    frame: Frame, settings: HarvestSettings, mean_energies: Mapping[str, float] | None = None
) -> str | None:
    """Return why the teacher's label of a frame is out of bounds, or None.

    Args:
        frame: with the teacher's energy (eV) and forces (eV/Å).
        settings: max_force (eV/Å), max_energy (eV/atom).
        mean_energies: of known frames, by composition; see :func:`mean_energies_per_atom`. Frames
            of other compositions have no bound on their energy.
    """
    if frame.energy is None or frame.forces is None:
        return str(frame.info.get(TEACHER_ERROR, "the teacher returned no label"))
    if not (np.isfinite(frame.energy) and np.isfinite(frame.forces).all()):
        return "the teacher's energy or forces are not finite"
    largest = float(np.sqrt((frame.forces**2).sum(axis=1).max()))
    if largest > settings.max_force:
        return f"teacher force {largest:.2f} eV/Å is above {settings.max_force:.2f} eV/Å"
    mean = (mean_energies or {}).get(_composition(frame))
    if settings.max_energy is not None and mean is not None:
        above = frame.energy / len(frame) - mean
        if above > settings.max_energy:
            return (
                f"teacher energy is {above:.3f} eV/atom above the mean of the known frames "
                f"(bound {settings.max_energy:.3f})"
            )
    return None


def mean_energies_per_atom(frames: Iterable[Frame]) -> dict[str, float]:
    """Return the mean energy (eV/atom) of each composition among labelled frames."""
    energies: dict[str, list[float]] = {}
    for frame in frames:
        if frame.energy is not None:
            energies.setdefault(_composition(frame), []).append(frame.energy / len(frame))
    return {formula: float(np.mean(values)) for formula, values in energies.items()}


def _composition(frame: Frame) -> str:
    return str(Formula.from_list(frame.to_atoms().get_chemical_symbols()).format("hill"))
