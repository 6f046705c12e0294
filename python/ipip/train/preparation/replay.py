"""Frames of an earlier training in a fine-tuning, on one energy scale."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ipip.data.draw import draw_indices
from ipip.data.elements import composition, elements_of
from ipip.data.frame import Frame
from ipip.data.references import fit_reference_energies
from ipip.models import Student
from ipip.train.preparation.energy_scale import residual_energies

log = logging.getLogger(__name__)


def draw_replay(frames: Sequence[Frame], count: int, weight: float, seed: int) -> list[Frame]:
    """Draw frames at random and multiply their weights.

    Args:
        frames: of the earlier training.
        count: number of frames; all if there are fewer.
        weight: factor of each frame's weight.
        seed: of the draw.
    """
    chosen = draw_indices(len(frames), count, seed)
    return [frames[i].replace(weight=frames[i].weight * weight) for i in chosen]


def align_energies(student: Student, frames: Sequence[Frame]) -> list[Frame]:
    """Shift the energies of frames to a student's zero.

    Labels of another method have another energy zero. The errors of the student's energies are
    fitted per element and subtracted from the labels, so that only energy differences are learnt.

    Args:
        student: with the energy zero of the coming training.
        frames: with energies (eV).
    """
    symbols = [symbol for symbol in student.symbols if symbol in elements_of(frames)]
    fit = fit_reference_energies(residual_energies(student, frames), symbols)
    moved = composition(frames, symbols) @ fit.values
    log.info(
        "replayed energies are shifted by %s eV (rank %d, residual %.1f meV/atom)",
        ", ".join(f"{symbol} {-value:.4f}" for symbol, value in fit.by_symbol().items()),
        fit.rank,
        1000 * fit.residual,
    )
    return [
        frame.replace(energy=None if frame.energy is None else frame.energy - float(shift))
        for frame, shift in zip(frames, moved, strict=True)
    ]
