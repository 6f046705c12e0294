"""Small periodic and open frames of several elements, and their graphs."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from ipip.data import Frame
from ipip.network.dataset import GraphDataset
from ipip.network.graph import Graph, join_graphs

SYMBOLS = ["Mo", "S", "O"]


def crystal(seed: int) -> Frame:
    atoms = bulk("Mo", cubic=True) * (2, 1, 1)
    atoms.numbers[seed % 3] = 16
    atoms.numbers[3 - seed % 3] = 8
    atoms.rattle(0.15, seed=seed)
    return Frame.from_atoms(atoms)


def cluster(seed: int) -> Frame:
    atoms = molecule("SO2") + Atoms("MoS", [[0.3, 2.1, 0.4], [2.2, 2.0, 0.1]])
    atoms.rattle(0.1, seed=seed)
    return Frame.from_atoms(atoms)


@pytest.fixture
def frames() -> list[Frame]:
    return [crystal(1), cluster(2), crystal(3)]


@pytest.fixture
def make_batch():
    def make(frames: list[Frame], cutoff: float = 5.0) -> Graph:
        return join_graphs(GraphDataset(frames, SYMBOLS, cutoff).graphs)

    return make


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)
