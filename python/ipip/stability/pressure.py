"""Students at constant pressure whose training says that they have not learnt it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ipip.config.stability import StabilityProtocol
from ipip.export import read_metadata
from ipip.lammps.deck import at_constant_pressure


def pressure_concerns(models: Mapping[str, Path], protocol: StabilityProtocol) -> list[str]:
    """Return one sentence for each model that was trained without stresses, in a box that moves.

    Args:
        models: student files by name; one that does not say how it was trained is passed over.
        protocol: of the runs.
    """
    if not at_constant_pressure(protocol.md):
        return []
    return [
        f"{name} was trained without stresses (stress_weight 0), and these runs are at constant "
        "pressure: its density may be wrong"
        for name, path in models.items()
        if _stress_weight(path) == 0
    ]


def _stress_weight(path: Path) -> float | None:
    """Return the weight of stresses in a student's training, where its file tells."""
    training = read_metadata(path).training
    settings = training.get("settings", training)
    weight = settings.get("stress_weight") if isinstance(settings, dict) else None
    return None if weight is None else float(weight)
