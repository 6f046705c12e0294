"""Warnings on constant-pressure runs of students trained without stresses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ipip.config.stability import StabilityProtocol
from ipip.export import read_metadata
from ipip.lammps.deck import at_constant_pressure


def pressure_concerns(models: Mapping[str, Path], protocol: StabilityProtocol) -> list[str]:
    """Return a warning for each model trained without stresses, for runs at constant pressure.

    Args:
        models: student files by name; files without a record of training are skipped.
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
    """Return the weight of stresses in a student's training, if its file has it."""
    training = read_metadata(path).training
    settings = training.get("settings", training)
    weight = settings.get("stress_weight") if isinstance(settings, dict) else None
    return None if weight is None else float(weight)
