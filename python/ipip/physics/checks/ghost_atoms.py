"""Distant atoms have no influence."""

from __future__ import annotations

from functools import partial

import numpy as np
from ase import Atoms

from ipip.physics.by_law import PRECISE, by_laws
from ipip.physics.check import PhysicsCheck
from ipip.physics.laws.agreement import Agreement
from ipip.physics.laws.evaluation import SMALLEST_FORCE, largest, require_close
from ipip.physics.laws.structures import cluster
from ipip.physics.outcome import Outcome
from ipip.physics.subject import Subject

GHOSTS = 20
NEAREST = 40.0  # Å


class GhostAtoms(PhysicsCheck):
    """Surrounds a cluster with twenty atoms far away."""

    name = "ghost-atoms"
    title = "Ghost atoms"
    question = "Do twenty atoms 40 Å away leave the forces on a cluster unchanged?"
    bound = PRECISE
    source = "ML-PEG, physicality, locality: 20 atoms at least 40 Å away change no force"

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure a cluster with ghosts of each element."""
        kinds = subject.symbols[: 1 if quick else None]
        return by_laws(self, [(f"{s} ghosts", partial(_ghosts, subject, s)) for s in kinds])


def _ghosts(subject: Subject, symbol: str) -> Agreement:
    field = 2.0 * (subject.layers or 1) * (subject.cutoff or 0.0)
    radius = max(NEAREST, field + 5.0)
    alone = cluster(subject.symbols, Atoms(pbc=False), 4.0 * radius)
    # On a sphere, by the golden angle: as far from each other as from the cluster.
    k = np.arange(GHOSTS) + 0.5
    height, angle = 1 - 2 * k / GHOSTS, np.pi * (1 + 5**0.5) * k
    ring = np.sqrt(1 - height**2)
    places = np.stack([ring * np.cos(angle), ring * np.sin(angle), height], axis=1)
    # Farther than the radius by the size of the cluster.
    places = alone.positions.mean(axis=0) + (radius + 5.0) * places
    both = alone + Atoms([symbol] * GHOSTS, places)
    expected = subject.evaluate(alone).forces
    forces = subject.evaluate(both).forces[: len(alone)]
    bound = subject.precision.equality * largest(expected, SMALLEST_FORCE)
    return require_close("with ghost atoms, a force", forces, expected, bound, "eV/Å")


GHOST_ATOMS = GhostAtoms()
