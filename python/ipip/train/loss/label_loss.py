r"""Losses: the two of the IPIP paper (arXiv 2507.20118, Eqs. 3 and 4), Huber's, and stress.

With errors $\Delta E$ of a frame, $\Delta F$ of an atom's force vector and $\Delta\sigma$ of a
stress tensor,

    squared  (Eq. 3, ViSNet):  w_E mean (ΔE)^2  + w_F mean |ΔF|^2  + w_S mean |Δσ|^2
    absolute (Eq. 4, PaiNN):   w_E mean |ΔE|    + w_F mean |ΔF|    + w_S mean |Δσ|
    huber:                     w_E mean H(ΔE)   + w_F mean H(|ΔF|) + w_S mean H(|Δσ|)

where means run over the frames, over the atoms and over the frames of a batch, |ΔF| is the
Euclidean norm and |Δσ| the Frobenius norm. H(x) is x^2/2 up to a δ and δ(x - δ/2) beyond it (Huber,
Ann. Math. Stat. 35, 73, 1964), with a δ for each term; of the norm, so that it does not depend on
the axes. With `energy_per: atom` ΔE is divided by the frame's number of atoms; the paper's form is
`energy_per: frame`. Absent labels do not count. The terms of a frame are multiplied by its weight;
the means still divide by the number of labels, so that a weight acts in a batch of one too.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import huber_loss

from ipip.config.training import TrainingSettings
from ipip.network.batches import batch_arguments
from ipip.network.graph import Graph
from ipip.train.prediction.kernels import EnergyForces

TERMS = ("energy", "forces", "stress")


def weights_of(settings: TrainingSettings) -> list[float]:
    """Return the weight of each of `TERMS`."""
    return [settings.energy_weight, settings.forces_weight, settings.stress_weight]


@dataclasses.dataclass
class LossSums:
    """Sums of the terms of a loss and their numbers of labels.

    Attributes:
        values: [2, n_terms] the sum of each of `TERMS`, then their counts: frames, atoms, frames.
    """

    values: Tensor

    @classmethod
    def of(cls, terms: Sequence[LabelTerm], kind: str) -> LossSums:
        """Return the sums of terms by a kind of loss."""
        sums = torch.stack([term.sum(kind) for term in terms])
        return cls(torch.stack([sums, torch.stack([term.count for term in terms])]))

    @property
    def sums(self) -> Tensor:
        """The sum of each term."""
        return self.values[0]

    @property
    def counts(self) -> Tensor:
        """The number of labels of each term."""
        return self.values[1]

    def __add__(self, other: LossSums) -> LossSums:
        return LossSums(self.values + other.values)

    def detach(self) -> LossSums:
        """Return the same numbers without their graph."""
        return LossSums(self.values.detach())

    def to(self, device: torch.device) -> LossSums:
        """Return the same numbers on a device."""
        return LossSums(self.values.to(device))

    def loss(self, settings: TrainingSettings) -> Tensor:
        """Return the weighted sum of the means."""
        weights = self.values.new_tensor(weights_of(settings))
        return (weights / self.counts.clamp(min=1.0) * self.sums).sum()

    def loss_and_factors(self, settings: TrainingSettings) -> tuple[float, list[float]]:
        """Return `loss` as a number, and its derivative by the sum of each term."""
        sums, counts = self.values.tolist()
        pairs = zip(weights_of(settings), counts, strict=True)
        factors = [weight / max(count, 1.0) for weight, count in pairs]
        return sum(map(operator.mul, factors, sums)), factors


def training_sums(batch: Graph, evaluate: EnergyForces, settings: TrainingSettings) -> LossSums:
    """Evaluate a batch with a graph for gradients, and compare it with its labels.

    Args:
        batch: graphs of `ipip.network.GraphDataset`, batched.
        evaluate: energies and forces of the trained student.
        settings: kind of loss; its weights are not used here.
    """
    energy, forces, strain = evaluate(*batch_arguments(batch), create_graph=True)
    return loss_sums(batch, energy, forces, strain, settings)


def loss_sums(
    batch: Graph, energy: Tensor, forces: Tensor, strain: Tensor, settings: TrainingSettings
) -> LossSums:
    """Compare predictions with a batch's labels.

    Args:
        batch: graphs of `ipip.network.GraphDataset`, batched.
        energy: [n_frames] eV.
        forces: [n, 3] eV/Å.
        strain: [n_frames, 3, 3] eV, the strain derivative; stress is this / volume.
        settings: kind of loss; its weights are not used here.
    """
    return LossSums.of(label_terms(batch, energy, forces, strain, settings), settings.loss)


@dataclasses.dataclass(frozen=True)
class LabelTerm:
    """One of the terms of the loss.

    Attributes:
        misfit: [n, k] errors of n labels; 0 rows for an unused term.
        weight: [n] of each, 0 without a label.
        count: [] number of labels.
        delta: from which Huber's loss is linear.
    """

    misfit: Tensor
    weight: Tensor
    count: Tensor
    delta: float

    def sum(self, kind: str) -> Tensor:
        """Return the weighted sum over labels."""
        return (_measure(self.misfit, kind, self.delta) * self.weight).sum()


def label_terms(
    batch: Graph, energy: Tensor, forces: Tensor, strain: Tensor, settings: TrainingSettings
) -> tuple[LabelTerm, LabelTerm, LabelTerm]:
    """Return the terms of energies, forces and stresses; arguments as `loss_sums`."""
    present = batch.energy_weight
    misfit = energy - batch.energy
    if settings.energy_per == "atom":
        misfit = misfit * (1.0 / batch.n_atoms.to(energy.dtype))
    energies = LabelTerm(
        misfit.unsqueeze(-1), present * batch.weight, present.sum(), settings.huber_energy
    )
    present = batch.forces_weight[batch.batch]
    weight = (batch.forces_weight * batch.weight)[batch.batch]
    on_atoms = LabelTerm(forces - batch.forces, weight, present.sum(), settings.huber_forces)
    if settings.stress_weight > 0:
        present = batch.stress_weight * (batch.volume > 0)
        volume = torch.where(batch.volume > 0, batch.volume, 1.0)
        misfit = (strain / volume[:, None, None] - batch.stress).flatten(1)
        stresses = LabelTerm(misfit, present * batch.weight, present.sum(), settings.huber_stress)
    else:
        none = energy.new_zeros(0)
        stresses = LabelTerm(none.view(0, 9), none, none.sum(), settings.huber_stress)
    return energies, on_atoms, stresses


def _measure(vectors: Tensor, kind: str, delta: float) -> Tensor:
    """Return the loss of each error vector [n, k], [n]; its gradient is 0 at 0."""
    if kind == "squared":
        return (vectors * vectors).sum(-1)
    norms = torch.linalg.vector_norm(vectors, dim=-1)
    if kind == "absolute":
        return norms
    return huber_loss(norms, torch.zeros_like(norms), reduction="none", delta=delta)
