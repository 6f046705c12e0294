"""Loss and errors over graphs that are already batched (validation)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch_geometric.data import Batch

from ipip.config.training import TrainingSettings
from ipip.models import Student
from ipip.train.frozen import frozen_weights
from ipip.train.kernels import EnergyForces, energy_forces_of
from ipip.train.losses import loss_sums


def evaluate_batches(
    student: Student,
    batches: Sequence[Batch],
    settings: TrainingSettings,
    evaluate: EnergyForces | None = None,
) -> dict[str, float]:
    """Return the loss and the errors of a student over all batches together.

    Args:
        student: the student.
        batches: with labels, on the student's device.
        settings: of the loss; `kernels` too.
        evaluate: what evaluates the student; None makes it anew.

    Returns:
        `loss`; `force_mae_ev_per_a` and `force_rmse_ev_per_a` over components;
        `energy_mae_mev_per_atom` over frames. Independent of how frames are batched.
    """
    evaluate = evaluate or energy_forces_of(student, settings.kernels)
    total = None
    absolute = squared = energy_error = 0.0
    components = frames = 0.0
    with frozen_weights(student):
        for batch in batches:
            energy, forces, strain = evaluate(
                batch.species,
                batch.edge_index,
                batch.edge_vec,
                batch.batch,
                batch.num_graphs,
                create_graph=False,
            )
            sums = loss_sums(batch, energy, forces, strain, settings)
            total = sums if total is None else total + sums
            weight = (batch.forces_weight > 0).double()[batch.batch].unsqueeze(1)
            difference = (forces - batch.forces) * weight
            absolute += float(difference.abs().sum())
            squared += float((difference * difference).sum())
            components += 3.0 * float(weight.sum())
            known = (batch.energy_weight > 0).double()
            energy_error += float(((energy - batch.energy).abs() / batch.n_atoms * known).sum())
            frames += float(known.sum())
    if total is None:
        raise ValueError("validation needs at least one batch")
    return {
        "loss": float(total.loss(settings)),
        "force_mae_ev_per_a": absolute / max(components, 1.0),
        "force_rmse_ev_per_a": math.sqrt(squared / max(components, 1.0)),
        "energy_mae_mev_per_atom": 1000.0 * energy_error / max(frames, 1.0),
    }
