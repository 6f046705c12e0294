"""Losses of training steps that need only structures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ipip.config.pretraining import FradMethod, GpipMethod
from ipip.data import Frame
from ipip.models import Student
from ipip.network.dataset import GraphDataset
from ipip.network.graph import Graph, join_graphs
from ipip.pretraining.denoising import Fragments, fractional_noise
from ipip.pretraining.geometry import GeometryTasks, GeometryWeights
from ipip.train.prediction.kernels import EnergyForces


class FradObjective:
    """Fractional denoising: each step rotates and displaces its frames with new noise.

    Args:
        method: its settings.
        frames: the training frames.
    """

    uses_labels = False
    description = "fractional denoising, without labels"

    def __init__(self, method: FradMethod, frames: Sequence[Frame]) -> None:
        self.heads: nn.Module = nn.Module()
        self._method, self._frames = method, frames
        self._fragments: dict[int, Fragments] = {}

    def fingerprint(self) -> dict[str, Any]:
        """Return the settings."""
        return {"method": self._method.model_dump()}

    def extras(self, index: int) -> dict[str, Tensor]:
        """Return the number of the frame, by which a step finds its structure."""
        return {"number": torch.tensor([index])}

    def loss(
        self, student: Student, evaluate: EnergyForces, batch: Graph, generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the mean over atoms of |F / stiffness + noise|^2 / tau^2, 3 at the beginning."""
        m = self._method
        draws = np.random.default_rng(int(torch.randint(2**62, (1,), generator=generator)))
        noisy, noises = [], []
        for number in batch.number.tolist():
            own = self._frames[number]
            if m.turn > 0 and number not in self._fragments:
                self._fragments[number] = Fragments.of(own)
            fragments = self._fragments.get(number)
            frame, noise = fractional_noise(own, m.turn, m.tau, draws, fragments)
            noisy.append(frame)
            noises.append(noise - noise.mean(axis=0))  # a rigid shift cannot be seen
        graphs = GraphDataset(noisy, student.symbols, student.cutoff).graphs
        moved = join_graphs(graphs).to(batch.species.device)
        _, forces, _ = evaluate(
            moved.species,
            moved.edge_index,
            moved.edge_vec,
            moved.batch,
            moved.num_graphs,
            create_graph=True,
        )
        target = -torch.from_numpy(np.concatenate(noises)).to(forces.device)
        misfit = forces / m.stiffness - target
        return (misfit * misfit).sum(-1).mean() / m.tau**2, {}


class GpipObjective:
    """Masking, denoising and contrast; for a student with the mask element (`with_mask`).

    Args:
        method: its settings.
        channels: width of the student's final features.
        n_species: elements without the mask.
        seed: of the heads.
    """

    uses_labels = False
    description = "masking, denoising and contrast, without labels"

    def __init__(self, method: GpipMethod, channels: int, n_species: int, seed: int) -> None:
        weights = GeometryWeights(**method.model_dump(exclude={"kind"}))
        self._tasks = GeometryTasks(channels, n_species, weights, seed)
        self.heads: nn.Module = self._tasks
        self._method, self._seed = method, seed

    def fingerprint(self) -> dict[str, Any]:
        """Return the settings and the seed."""
        return {"method": self._method.model_dump(), "seed": self._seed}

    def extras(self, index: int) -> dict[str, Tensor]:
        """Return nothing."""
        return {}

    def loss(
        self, student: Student, evaluate: EnergyForces, batch: Graph, generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the weighted sum of the three tasks."""
        parts = self._tasks(student, batch, generator, evaluate)
        return self._tasks.total(parts), parts
