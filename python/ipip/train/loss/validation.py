"""Loss and errors over batched graphs (validation)."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch

from ipip.config.training import TrainingSettings
from ipip.models import Student
from ipip.network.batches import batch_arguments
from ipip.network.frozen import frozen_weights
from ipip.network.graph import Graph
from ipip.train.loss.label_loss import TERMS, LossSums, loss_sums
from ipip.train.prediction.kernels import EnergyForces, energy_forces_of
from ipip.train.processes import sum_over


def evaluate_batches(
    student: Student, batches: Iterable[Graph], settings: TrainingSettings
) -> dict[str, float]:
    """Return a student's loss and errors over all batches of all processes.

    Returns:
        `loss`; `force_mae_ev_per_a` and `force_rmse_ev_per_a` over components;
        `energy_mae_mev_per_atom` over frames; with a `stress_weight` also `stress_mae_ev_per_a3`
        over components. Independent of how frames are batched.
    """
    device = next(student.parameters()).device
    evaluate = energy_forces_of(student, settings.kernels)
    totals = torch.zeros(2 * len(TERMS) + 7, dtype=torch.float64, device=device)
    with frozen_weights(student):
        for batch in batches:
            totals += _totals(evaluate, batch.to(device), settings)
    totals = sum_over(totals)
    sums, figures = totals.split([2 * len(TERMS), 7])
    loss = LossSums(sums.view(2, -1)).loss(settings)
    absolute, squared, components, energy, frames, stress, stresses = figures.tolist()
    errors = {
        "loss": float(loss),
        "force_mae_ev_per_a": absolute / max(components, 1.0),
        "force_rmse_ev_per_a": math.sqrt(squared / max(components, 1.0)),
        "energy_mae_mev_per_atom": 1000.0 * energy / max(frames, 1.0),
    }
    if stresses:
        errors["stress_mae_ev_per_a3"] = stress / stresses
    return errors


def _totals(evaluate: EnergyForces, batch: Graph, settings: TrainingSettings) -> torch.Tensor:
    energy, forces, strain = evaluate(*batch_arguments(batch), create_graph=False)
    sums = loss_sums(batch, energy, forces, strain, settings)
    has_forces = batch.forces_weight[batch.batch].unsqueeze(1)
    difference = (forces - batch.forces) * has_forces
    has_energy = batch.energy_weight
    figures = [
        difference.abs().sum(),
        (difference * difference).sum(),
        3.0 * has_forces.sum(),
        ((energy - batch.energy).abs() / batch.n_atoms * has_energy).sum(),
        has_energy.sum(),
    ]
    stressed = batch.stress_weight * (batch.volume > 0) * (settings.stress_weight > 0)
    volume = torch.where(batch.volume > 0, batch.volume, 1.0)[:, None, None]
    misfit = (strain / volume - batch.stress).abs().mean((1, 2))
    figures += [(misfit * stressed).sum(), stressed.sum()]
    return torch.cat([sums.values.detach().flatten(), torch.stack(figures).detach()])
