"""The timed work: one training step (energies, forces, loss, gradient, Adam) of several codes."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from benchmarks.train.batches import CUTOFF, Work
from torch import Tensor, nn
from torch_geometric.nn.models import ViSNet as PyGViSNet

from ipip.config.training import TrainingSettings
from ipip.errors import IpipError
from ipip.models import Student
from ipip.train.loss.label_loss import training_sums
from ipip.train.prediction.kernels import Kernels, energy_forces_of

RATE = 1e-7  # weights hardly change, and so neither does the work
WORKER = Path(__file__).with_name("schnetpack_worker.py")


class Contender(Protocol):
    """Something that takes training steps."""

    name: str

    def step(self) -> float:
        """Take one step; return its CPU seconds, in its one thread."""


class Ours:
    """A student of this package."""

    def __init__(self, student: Student, kernels: Kernels, work: Work) -> None:
        self.name = kernels
        self._batch = work.batch
        self._evaluate = energy_forces_of(student, kernels)
        self._settings = TrainingSettings()
        self._optimizer = torch.optim.Adam(student.parameters(), lr=RATE, fused=True)

    def step(self) -> float:
        start = time.process_time()
        batch = self._batch
        self._optimizer.zero_grad()
        training_sums(batch, self._evaluate, self._settings).loss(self._settings).backward()
        self._optimizer.step()
        return time.process_time() - start

    def forces(self) -> np.ndarray:
        batch = self._batch
        arguments = (batch.species, batch.edge_index, batch.edge_vec, batch.batch)
        return self._evaluate(*arguments, batch.num_graphs)[1].detach().numpy()


class _Pairs(nn.Module):
    """The batch's pairs and each atom's pair with itself, as in PyTorch Geometric's ViSNet.

    They replace the model's search, which supports neither periodicity nor more than 32 neighbours;
    this costs less.
    """

    def __init__(self, work: Work) -> None:
        super().__init__()
        own = torch.arange(work.atoms)
        receiver, neighbour = work.batch.edge_index
        self.index = torch.stack([torch.cat([neighbour, own]), torch.cat([receiver, own])])
        positions = torch.tensor(np.concatenate([f.positions for f in work.frames]))
        offsets = work.batch.edge_vec - positions[neighbour] + positions[receiver]
        self.offsets = torch.cat([offsets, torch.zeros(work.atoms, 3)]).float()
        self.other = self.index[0] != self.index[1]
        self.other[: len(offsets)] = True

    def forward(self, pos: Tensor, batch: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        vectors = pos[self.index[0]] - pos[self.index[1]] + self.offsets
        lengths = torch.zeros(len(vectors), dtype=pos.dtype)
        lengths[self.other] = vectors[self.other].norm(dim=-1)
        return self.index, lengths, vectors


class PyG:
    """ViSNet of PyTorch Geometric."""

    name = "torch_geometric"

    def __init__(self, work: Work, channels: int, layers: int, lmax: int) -> None:
        torch.manual_seed(0)
        self.model = PyGViSNet(
            lmax=lmax,
            num_heads=8,
            num_layers=layers,
            hidden_channels=channels,
            num_rbf=32,
            cutoff=CUTOFF,
            derivative=True,
        )
        self.model.representation_model.distance = _Pairs(work)
        self._work = work
        self._numbers = torch.tensor(np.concatenate([f.numbers for f in work.frames]))
        self._positions = torch.tensor(np.concatenate([f.positions for f in work.frames])).float()
        self._energy, self._forces = work.batch.energy.float(), work.batch.forces.float()
        self._optimizer = torch.optim.Adam(self.model.parameters(), lr=RATE, fused=True)

    def _results(self) -> tuple[Tensor, Tensor]:
        energy, forces = self.model(self._numbers, self._positions.clone(), self._work.batch.batch)
        return energy.flatten(), forces

    def step(self) -> float:
        start = time.process_time()
        energy, forces = self._results()
        per_atom = (energy - self._energy) / self._work.batch.n_atoms
        loss = per_atom.abs().mean() + (forces - self._forces).norm(dim=-1).mean()
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        return time.process_time() - start

    def forces(self) -> np.ndarray:
        return self._results()[1].detach().numpy()


class SchNetPack:
    """PaiNN of SchNetPack, in a separate interpreter.

    Attributes:
        weights: its parameters by name.
        forces: [n, 3] its forces.
        version: version of SchNetPack.
    """

    name = "schnetpack"

    def __init__(
        self, interpreter: Path, folder: Path, work: Work, channels: int, layers: int
    ) -> None:
        work.save(folder / "work.npz")
        command = [interpreter, WORKER, folder, str(channels), str(layers), str(CUTOFF)]
        self._process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.version = self._answer()
        with np.load(folder / "weights.npz") as stored:
            self.weights: dict[str, Any] = dict(stored)
        self.forces = np.load(folder / "forces.npy")

    def step(self) -> float:
        assert self._process.stdin is not None
        self._process.stdin.write("step\n")
        self._process.stdin.flush()
        return float(self._answer())

    def close(self) -> None:
        """End the interpreter."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            raise IpipError(
                f"SchNetPack's process ended with status {self._process.wait()}; "
                "its output is above"
            )
        return line


def check_same(name: str, ours: np.ndarray, theirs: np.ndarray) -> float:
    """Return the largest difference of forces over the largest force.

    Raises:
        IpipError: the networks are not the same.
    """
    error = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    if not error < 1e-3:
        raise IpipError(f"forces differ from {name}'s by {error:.1e} of the largest one")
    return error
