"""The energy zero and scale of a student at the start of a training."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from ipip.config.training import ReferenceMode, TrainingSettings
from ipip.data.frame import Frame
from ipip.data.references import ReferenceEnergies, fit_reference_energies
from ipip.models import Student
from ipip.train.prediction.predict import predict

FRAMES_AT_ONCE = 512
log = logging.getLogger(__name__)


def set_energy_scale(
    student: Student, frames: Sequence[Frame], settings: TrainingSettings
) -> ReferenceEnergies | None:
    """Set a student's reference energies (and, for a new student, its scale) from training frames.

    - `least_squares`, `isolated`, `given`: reference energies of the frames' energies; the
      scale is the root mean square of the force components (eV/Å, times 1 Å), the shift 0.
    - `shift`: the errors of a trained student's energies are fitted per element and added to its
      reference energies; scale and weights stay, so forces do not change.
    - `keep`: nothing changes.
    - `auto`: `shift` for a student that has reference energies, else `least_squares`.

    Args:
        student: changed in place.
        frames: training frames with energies and forces.
        settings: `references` and `reference_energies`.

    Returns:
        The fit (for `shift`: of the differences), or None for `keep`.

    Raises:
        InputError: as `fit_reference_energies`.
    """
    mode = resolve_mode(student, settings.references)
    if mode == "keep":
        return None
    if mode == "shift":
        fit = fit_reference_energies(residual_energies(student, frames), student.symbols)
        moved = student.reference_energies.cpu().numpy() + fit.values
        student.set_energy_scale(moved.tolist(), student.scale.clone(), student.shift.clone())
    else:
        fit = fit_reference_energies(frames, student.symbols, mode, settings.reference_energies)  # type: ignore[arg-type]
        spread = _force_rms(frames)
        student.set_energy_scale(fit.values.tolist(), spread if spread > 1e-6 else 1.0, 0.0)
    log.info(
        "reference energies (%s, rank %d, residual %.1f meV/atom): %s",
        mode,
        fit.rank,
        1000 * fit.residual,
        ", ".join(f"{symbol} {value:.4f} eV" for symbol, value in fit.by_symbol().items()),
    )
    return fit


def residual_energies(student: Student, frames: Sequence[Frame]) -> list[Frame]:
    """Return frames without positions whose energy is the error of a student's, eV."""
    missed = []
    for start in range(0, len(frames), FRAMES_AT_ONCE):
        part = frames[start : start + FRAMES_AT_ONCE]
        for frame, guess in zip(part, predict(student, part), strict=True):
            difference = float(frame.energy or 0.0) - float(guess.energy or 0.0)
            empty = np.empty((0, 3))
            missed.append(Frame(frame.numbers, empty, frame.cell, frame.pbc, energy=difference))
    return missed


def _force_rms(frames: Sequence[Frame]) -> float:
    squares = components = 0.0
    for frame in frames:
        if frame.forces is not None and len(frame) > 1:
            squares += float(np.sum(frame.forces**2))
            components += frame.forces.size
    return float(np.sqrt(squares / components)) if components else 0.0


def resolve_mode(student: Student, mode: ReferenceMode) -> ReferenceMode:
    """Return the mode that `auto` selects for this student."""
    if mode != "auto":
        return mode
    trained = bool((student.reference_energies != 0).any())
    return "shift" if trained else "least_squares"
