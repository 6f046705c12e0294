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
`energy_per: frame`. Only labels that are there count. The terms of a frame are multiplied by its
weight; the means still divide by the number of labels, so that a weight acts in a batch of one too.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from torch.nn.functional import huber_loss
from torch_geometric.data import Data

from ipip.config.training import TrainingSettings
from ipip.network.batches import batch_arguments
from ipip.train.prediction.kernels import EnergyForces

TERMS = ("energy", "forces", "stress")


@dataclasses.dataclass
class LossSums:
    """Sums of the terms of a loss and how many labels they count.

    Attributes:
        sums: one for each of `TERMS`.
        counts: of each: frames, atoms, frames.
    """

    sums: Tensor
    counts: Tensor

    def __add__(self, other: LossSums) -> LossSums:
        return LossSums(self.sums + other.sums, self.counts + other.counts)

    def detach(self) -> LossSums:
        """Return the same numbers without their graph."""
        return LossSums(self.sums.detach(), self.counts.detach())

    def to(self, device: torch.device) -> LossSums:
        """Return the same numbers on a device."""
        return LossSums(self.sums.to(device), self.counts.to(device))

    def loss(self, settings: TrainingSettings) -> Tensor:
        """Return the weighted sum of the means."""
        weights = self.sums.new_tensor(
            [settings.energy_weight, settings.forces_weight, settings.stress_weight]
        )
        return (weights * self.sums / self.counts.clamp(min=1.0)).sum()

    def over(self, counts: Tensor) -> LossSums:
        """Return the same sums over the labels of a larger batch, of which these are a part."""
        return LossSums(self.sums, counts)


def training_sums(batch: Data, evaluate: EnergyForces, settings: TrainingSettings) -> LossSums:
    """Evaluate a batch so that the loss has a gradient, and compare it with its labels.

    Args:
        batch: graphs of `ipip.network.GraphDataset`, batched.
        evaluate: energies and forces of the student that is trained.
        settings: kind of loss; weights do not enter here.
    """
    energy, forces, strain = evaluate(*batch_arguments(batch), create_graph=True)
    return loss_sums(batch, energy, forces, strain, settings)


def loss_sums(
    batch: Data, energy: Tensor, forces: Tensor, strain: Tensor, settings: TrainingSettings
) -> LossSums:
    """Compare predictions with a batch's labels.

    Args:
        batch: graphs of `ipip.network.GraphDataset`, batched.
        energy: [n_frames] eV.
        forces: [n, 3] eV/Å.
        strain: [n_frames, 3, 3] eV, the strain derivative; stress is this / volume.
        settings: kind of loss; weights do not enter here.
    """
    s = settings
    delta = energy - batch.energy
    if s.energy_per == "atom":
        delta = delta / batch.n_atoms
    there = batch.energy_weight
    counts = [there.sum()]
    sums = [(_measure(delta.unsqueeze(-1), s.loss, s.huber_energy) * there * batch.weight).sum()]
    there = batch.forces_weight[batch.batch]
    weight = there * batch.weight[batch.batch]
    counts.append(there.sum())
    sums.append((_measure(forces - batch.forces, s.loss, s.huber_forces) * weight).sum())
    if s.stress_weight > 0:
        there = batch.stress_weight * (batch.volume > 0)
        volume = torch.where(batch.volume > 0, batch.volume, 1.0)
        misfit = (strain / volume[:, None, None] - batch.stress).flatten(1)
        counts.append(there.sum())
        sums.append((_measure(misfit, s.loss, s.huber_stress) * there * batch.weight).sum())
    else:
        counts.append(torch.zeros_like(counts[0]))
        sums.append(torch.zeros_like(sums[0]))
    return LossSums(torch.stack(sums), torch.stack(counts))


def _measure(vectors: Tensor, kind: str, delta: float) -> Tensor:
    """Return what each vector of errors [n, k] adds to a loss, [n]; its gradient is 0 at 0."""
    if kind == "squared":
        return (vectors * vectors).sum(-1)
    norms = torch.linalg.vector_norm(vectors, dim=-1)
    if kind == "absolute":
        return norms
    return huber_loss(norms, torch.zeros_like(norms), reduction="none", delta=delta)
