r"""Geometry-enhanced self-supervision: masking, denoising and contrast on unlabelled frames.

After GPIP (Cui et al., Nature Machine Intelligence 6, 428 (2024), arXiv 2309.15718).

Two views of each frame are made: noise on the coordinates, and the elements of some atoms masked.

    masking    cross entropy of the hidden elements, from the final features of their atoms
    denoising  the student's forces undo the noise (see denoising.py)
    contrast   InfoNCE: the two views of a frame are alike, other frames of the batch are not

The masked element is one more row of the student's embedding, removed after pretraining. No teacher
is queried: GPIP draws its configurations from classical MD; here they are those of the pretraining
set, so that all methods see the same ones.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ipip.models import Student, build_student
from ipip.network import energy_and_forces
from ipip.network.graph import Graph
from ipip.train.prediction.kernels import EnergyForces

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

    tau: float = 0.15
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
        self,
        student: Student,
        batch: Graph,
        generator: torch.Generator,
        evaluate: EnergyForces | None = None,
    ) -> dict[str, Tensor]:
        """Return the loss of each task, without weights, on a batch of unlabelled graphs.

        Args:
            student: with the mask as its last symbol (`with_mask`).
            batch: graphs; distances of pairs change with the noise, their list does not.
            generator: of noise and masks; on the CPU.
            evaluate: the student's energies and forces; None: by PyTorch.
        """
        evaluate = evaluate or functools.partial(energy_and_forces, student)
        n_frames, n = batch.num_graphs, batch.species.shape[0]
        species, n_atoms = batch.species.repeat(2), batch.n_atoms.repeat(2)
        frame = torch.cat([batch.batch, batch.batch + n_frames])
        edge_index = torch.cat([batch.edge_index, batch.edge_index + n], dim=1)
        noise, hidden = self._draw(2 * n, generator)
        noise, hidden = noise.to(species.device), hidden.to(species.device)
        pairs = batch.edge_vec.repeat(2, 1) + noise[edge_index[1]] - noise[edge_index[0]]
        _, forces, _ = evaluate(species, edge_index, pairs, frame, 2 * n_frames, create_graph=True)
        misfit = forces / self.weights.stiffness + noise - _mean(noise, frame, n_atoms)[frame]
        denoising = (misfit * misfit).sum(-1).mean() / self.weights.tau**2
        masked = torch.where(hidden, self.n_species, species)
        features = student.features(masked, edge_index, pairs, 2 * n)
        masking = (
            nn.functional.cross_entropy(self.elements(features[hidden]), species[hidden])
            if bool(hidden.any())
            else features.sum() * 0.0
        )
        views = self.contrast(_mean(features, frame, n_atoms).to(features.dtype))
        contrast = info_nce(views[:n_frames], views[n_frames:], self.weights.temperature)
        return {"masking": masking, "denoising": denoising, "contrast": contrast}

    def _draw(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return noise [n, 3] Å and which atoms are hidden [n]."""
        noise = self.weights.tau * torch.randn(n, 3, generator=generator, dtype=torch.float64)
        return noise, torch.rand(n, generator=generator) < self.weights.masked

    def total(self, parts: Mapping[str, Tensor]) -> Tensor:
        """Return the weighted sum of the tasks' losses."""
        w = self.weights
        weighted = (
            w.masking * parts["masking"]
            + w.denoising * parts["denoising"]
            + w.contrast * parts["contrast"]
        )
        return weighted.double()


def _mean(values: Tensor, frame: Tensor, n_atoms: Tensor) -> Tensor:
    """Return the mean over the atoms of each frame, [n_frames, width]."""
    sums = values.new_zeros(len(n_atoms), values.shape[1]).index_add(0, frame, values)
    return sums / n_atoms[:, None]


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
    """Return a copy of `original` with the weights of its student from `with_mask`."""
    student = copy.deepcopy(original)
    target = student.state_dict()
    for name, value in wider.state_dict().items():
        if not name.startswith("core.") and name not in FIXED:
            target[name].copy_(value[: len(target[name])])
    student.load_state_dict(target)
    return student
