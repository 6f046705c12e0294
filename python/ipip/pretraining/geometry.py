r"""Geometry-enhanced self-supervision: masking, denoising and contrast on unlabelled frames.

After GPIP (Cui et al., Nature Machine Intelligence 6, 428 (2024), arXiv 2309.15718).

Two views of each frame are made: noise on the coordinates, and the elements of some atoms masked.

    masking    cross entropy of the hidden elements, from the final features of their atoms
    denoising  the student's forces undo the noise (see denoising.py)
    contrast   InfoNCE: the two views of a frame are alike, other frames of the batch are not

The masked element is one more row of the student's embedding, removed after pretraining. No teacher
is asked: GPIP draws its configurations from classical MD; here they are those of the pretraining
set, so that all methods see the same ones.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from ipip.graph import energy_and_forces
from ipip.models import Student, build_student

MASK_SYMBOL = "Og"  # stands for the masked element in a student that is never saved
FIXED = ("reference_energies", "scale", "shift")  # the energy scale is not learnt


@dataclasses.dataclass(frozen=True)
class GeometryWeights:
    """Noise, masking and weights of the three tasks.

    Attributes:
        tau: standard deviation of the coordinate noise, Å.
        stiffness: eV/Å^2, of the forces that undo it.
        masked: part of the atoms whose element is hidden.
        temperature: of the contrast.
        masking, denoising, contrast: weights.
    """

    tau: float = 0.05
    stiffness: float = 10.0
    masked: float = 0.15
    temperature: float = 0.1
    masking: float = 1.0
    denoising: float = 1.0
    contrast: float = 0.1


class GeometryTasks(nn.Module):
    """The loss of the three tasks with the heads that pretraining throws away.

    Args:
        channels: width of the student's final features.
        n_species: elements without the mask.
        weights: of the tasks.
        seed: of the heads' first weights.
    """

    def __init__(self, channels: int, n_species: int, weights: GeometryWeights, seed: int) -> None:
        super().__init__()
        self.weights = weights
        self.n_species = n_species
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.elements = nn.Linear(channels, n_species)
            self.contrast = nn.Sequential(
                nn.Linear(channels, channels), nn.SiLU(), nn.Linear(channels, channels)
            )

    def forward(
        self, student: Student, batch: Data, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Return the loss of each task, without weights, on a batch of unlabelled graphs.

        Args:
            student: with the mask as its last symbol (`with_mask`).
            batch: graphs; distances of pairs change with the noise, their list does not.
            generator: of noise and masks; on the CPU.
        """
        views = [self._view(student, batch, generator) for _ in range(2)]
        masking = torch.stack([view[0] for view in views]).mean()
        denoising = torch.stack([view[1] for view in views]).mean()
        first, second = (self.contrast(view[2]) for view in views)
        contrast = info_nce(first, second, self.weights.temperature)
        return {"masking": masking, "denoising": denoising, "contrast": contrast}

    def total(self, parts: Mapping[str, Tensor]) -> Tensor:
        """Return the weighted sum of the tasks' losses."""
        w = self.weights
        weighted = (
            w.masking * parts["masking"]
            + w.denoising * parts["denoising"]
            + w.contrast * parts["contrast"]
        )
        return weighted.double()

    def _view(
        self, student: Student, batch: Data, generator: torch.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        w = self.weights
        n = batch.species.shape[0]
        device = batch.species.device
        drawn = torch.randn(n, 3, generator=generator, dtype=torch.float64)
        noise = w.tau * drawn.to(device)
        hidden = (torch.rand(n, generator=generator) < w.masked).to(device)
        species = torch.where(hidden, self.n_species, batch.species)
        i, j = batch.edge_index[0], batch.edge_index[1]
        pairs = batch.edge_vec + noise[j] - noise[i]
        mean = noise.new_zeros(batch.num_graphs, 3)
        mean = mean.index_add(0, batch.batch, noise) / batch.n_atoms[:, None]
        _, forces, _ = energy_and_forces(
            student,
            batch.species,
            batch.edge_index,
            pairs,
            batch.batch,
            batch.num_graphs,
            create_graph=True,
        )
        misfit = forces / w.stiffness + (noise - mean[batch.batch])
        denoising = (misfit * misfit).sum(-1).mean() / w.tau**2
        features = student.features(species, batch.edge_index, pairs, n)
        logits = self.elements(features[hidden])
        masking = (
            nn.functional.cross_entropy(logits, batch.species[hidden])
            if bool(hidden.any())
            else features.sum() * 0.0
        )
        pooled = features.new_zeros(batch.num_graphs, features.shape[1])
        pooled = pooled.index_add(0, batch.batch, features) / batch.n_atoms[:, None]
        return masking, denoising, pooled.to(features.dtype)


def info_nce(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Return the InfoNCE loss of [n, width] views: row k of one belongs to row k of the other."""
    a = nn.functional.normalize(first, dim=-1)
    b = nn.functional.normalize(second, dim=-1)
    logits = a @ b.T / temperature
    own = torch.arange(len(a), device=a.device)
    cross = nn.functional.cross_entropy
    return 0.5 * (cross(logits, own) + cross(logits.T, own))


def with_mask(student: Student, seed: int) -> Student:
    """Return a copy of the student with one more element, the mask, as its last symbol."""
    wider = build_student(
        student.architecture, [*student.symbols, MASK_SYMBOL], seed=seed, **student.arguments
    )
    own = student.state_dict()
    target = wider.state_dict()
    for name, value in own.items():
        if name.startswith("core."):  # a function of the elements
            continue
        target[name][: len(value)].copy_(value)
        if name in FIXED:
            target[name][len(value) :].copy_(value.mean())
    wider.load_state_dict(target)
    return wider


def without_mask(wider: Student, original: Student) -> Student:
    """Return a copy of `original` with the weights of the student that `with_mask` made of it."""
    student = copy.deepcopy(original)
    target = student.state_dict()
    for name, value in wider.state_dict().items():
        if not name.startswith("core.") and name not in FIXED:
            target[name].copy_(value[: len(target[name])])
    student.load_state_dict(target)
    return student
