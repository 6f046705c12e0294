"""The timed students. Their weights are random: time does not depend on them."""

from __future__ import annotations

from pathlib import Path

from benchmarks.pair.boxes import CUTOFF, SYMBOLS

from ipip import save_student
from ipip.models import build_student

WIDTHS = ((64, 2), (64, 3), (128, 2), (128, 3))


def write_student(
    folder: Path, channels: int, layers: int, *, dtype: str = "float32", scale: float = 0.02
) -> Path:
    """Write a PaiNN student; a small energy scale (eV) keeps atoms of made-up boxes in place."""
    path = folder / f"painn-{channels}-{layers}-{dtype}-{scale:g}.pt"
    if not path.exists():
        student = build_student(
            "painn",
            SYMBOLS,
            seed=5,
            cutoff=CUTOFF,
            channels=channels,
            layers=layers,
            dtype=dtype,
            zbl=True,
        )
        student.set_energy_scale(0.0, scale)
        save_student(student, path)
    return path
