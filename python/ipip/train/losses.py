r"""The two losses of the IPIP paper (arXiv 2507.20118, Eqs. 3 and 4), with an optional stress term.

With errors $\Delta E$ of a frame, $\Delta F$ of an atom's force vector and $\Delta\sigma$ of a
stress tensor,

    squared  (Eq. 3, ViSNet):  w_E mean (ΔE)^2  + w_F mean |ΔF|^2  + w_S mean |Δσ|^2
    absolute (Eq. 4, PaiNN):   w_E mean |ΔE|    + w_F mean |ΔF|    + w_S mean |Δσ|

where means run over the frames, over the atoms and over the frames of a batch, |ΔF| is the
Euclidean norm and |Δσ| the Frobenius norm. With `energy_per: atom` ΔE is divided by the frame's
number of atoms; the paper's form is `energy_per: frame`. Only labels that are there count.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from torch_geometric.data import Data

from ipip.config.training import TrainingSettings


@dataclasses.dataclass
class LossSums:
    """Sums of the terms of a loss and how many labels they count.

    Attributes:
        sums: [3] energy, forces, stress.
        counts: [3] frames, atoms, frames.
    """

    sums: Tensor
    counts: Tensor

    def __add__(self, other: LossSums) -> LossSums:
        return LossSums(self.sums + other.sums, self.counts + other.counts)

    def detach(self) -> LossSums:
        """Return the same numbers without their graph."""
        return LossSums(self.sums.detach(), self.counts.detach())

    def loss(self, settings: TrainingSettings) -> Tensor:
        """Return the weighted sum of the means."""
        weights = self.sums.new_tensor(
            [settings.energy_weight, settings.forces_weight, settings.stress_weight]
        )
        return (weights * self.sums / self.counts.clamp(min=1.0)).sum()


def loss_sums(
    batch: Data, energy: Tensor, forces: Tensor, strain: Tensor, settings: TrainingSettings
) -> LossSums:
    """Compare predictions with a batch's labels.

    Args:
        batch: graphs of `ipip.data.GraphDataset`, batched.
        energy: [n_frames] eV.
        forces: [n, 3] eV/Å.
        strain: [n_frames, 3, 3] eV, the strain derivative; stress is this / volume.
        settings: kind of loss; weights do not enter here.
    """
    squared = settings.loss == "squared"
    delta = energy - batch.energy
    if settings.energy_per == "atom":
        delta = delta / batch.n_atoms
    energy_term = (delta * delta if squared else delta.abs()) * batch.energy_weight
    difference = forces - batch.forces
    atom_weight = batch.forces_weight[batch.batch]
    forces_term = _norms(difference, squared) * atom_weight
    counts = [batch.energy_weight.sum(), atom_weight.sum()]
    sums = [energy_term.sum(), forces_term.sum()]
    if settings.stress_weight > 0:
        weight = batch.stress_weight * (batch.volume > 0)
        volume = torch.where(batch.volume > 0, batch.volume, 1.0)
        misfit = (strain / volume[:, None, None] - batch.stress).flatten(1)
        counts.append(weight.sum())
        sums.append((_norms(misfit, squared) * weight).sum())
    else:
        counts.append(torch.zeros_like(counts[0]))
        sums.append(torch.zeros_like(sums[0]))
    return LossSums(torch.stack(sums), torch.stack(counts))


def _norms(vectors: Tensor, squared: bool) -> Tensor:
    """Return [n] norms or their squares; the gradient of the norm is 0 where the vector is 0."""
    if squared:
        return (vectors * vectors).sum(-1)
    return torch.linalg.vector_norm(vectors, dim=-1)
