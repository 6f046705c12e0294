"""The training batches: dense Mo-S-O boxes, and the CP2K frames of the quick example."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch

from ipip.config.data import DataKeys
from ipip.data import Frame, read_frames
from ipip.network.dataset import GraphDataset
from ipip.network.graph import Graph, join_graphs

CUTOFF = 5.0
SYMBOLS = ("Mo", "S", "O")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples/mo-s-o/data/mso_pbe_d3.xyz"


@dataclasses.dataclass(frozen=True)
class Work:
    """One batch.

    Attributes:
        name: name of the batch.
        frames: frames with energies and forces.
        batch: the frames as one graph.
    """

    name: str
    frames: list[Frame]
    batch: Graph

    @property
    def atoms(self) -> int:
        return int(self.batch.species.shape[0])

    @property
    def neighbours(self) -> float:
        return float(self.batch.edge_index.shape[1]) / self.atoms

    def save(self, path: Path) -> None:
        """Write plain arrays for a contender in another environment."""
        positions = np.concatenate([frame.positions for frame in self.frames])
        receiver, neighbour = self.batch.edge_index.numpy()
        np.savez(
            path,
            numbers=np.concatenate([frame.numbers for frame in self.frames]),
            positions=positions,
            receiver=receiver,
            neighbour=neighbour,
            offsets=self.batch.edge_vec.numpy() - positions[neighbour] + positions[receiver],
            frame_of_atom=self.batch.batch.numpy(),
            n_atoms=self.batch.n_atoms.numpy(),
            energy=self.batch.energy.numpy(),
            forces=self.batch.forces.numpy(),
        )


def dense(frames: int = 5, atoms: int = 64) -> Work:
    """Return boxes of shaken Mo, S and O atoms, 0.086 atoms/Å^3, with random labels."""
    rng = np.random.default_rng(1)
    length = (atoms / 0.086) ** (1 / 3)
    side = int(np.ceil(atoms ** (1 / 3)))
    grid = np.array(list(np.ndindex(side, side, side)))[:atoms] * (length / side)
    made = [
        Frame(
            numbers=rng.choice([42, 16, 8], atoms),
            positions=grid + rng.uniform(-0.25, 0.25, (atoms, 3)),
            cell=np.eye(3) * length,
            pbc=np.ones(3, dtype=bool),
            energy=float(rng.normal()),
            forces=rng.normal(size=(atoms, 3)),
        )
        for _ in range(frames)
    ]
    return _work("dense", made)


def example(frames: int = 5) -> Work:
    """Return frames of Mo-S-O clusters in gas with CP2K labels."""
    keys = DataKeys(energy="REF_energy", forces="REF_forces")
    return _work("example", read_frames(EXAMPLE, keys)[::7][:frames])


def _work(name: str, frames: list[Frame]) -> Work:
    graphs = GraphDataset(frames, SYMBOLS, CUTOFF).graphs
    torch.set_num_threads(1)
    return Work(name, frames, join_graphs(graphs))
