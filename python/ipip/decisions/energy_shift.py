"""From the teacher's energy zero to the reference level's."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from ipip.data import (
    Frame,
    ReferenceEnergies,
    composition,
    elements_of,
    fit_reference_energies,
)


def fit_energy_shift(
    reference: Sequence[Frame], teacher: Sequence[Frame], symbols: Sequence[str]
) -> ReferenceEnergies:
    """Fit one energy per element to E_reference - E_teacher (ridge least squares per atom).

    With frames of one composition (rank 1) this is one shift per atom, the same for all elements.

    Args:
        reference: training frames with reference energies (eV).
        teacher: the same frames with the teacher's energies (eV).
        symbols: chemical symbols.

    Returns:
        The shift by element, its rank, and the residual (eV per atom, root mean square).
    """
    differences = [
        known.replace(energy=float(known.energy or 0.0) - float(guess.energy or 0.0))
        for known, guess in zip(reference, teacher, strict=True)
    ]
    present = [symbol for symbol in symbols if symbol in elements_of(reference)]
    return fit_reference_energies(differences, present)


def apply_energy_shift(frames: Sequence[Frame], shift: dict[str, float]) -> list[Frame]:
    """Add the shift (eV by symbol) to the energies of the teacher's frames.

    Raises:
        InputError: a frame has an element that the shift was not fitted for.
    """
    return [
        shifted(frame, added)
        for frame, added in zip(frames, energy_shifts(frames, shift), strict=True)
    ]


def energy_shifts(frames: Sequence[Frame], shift: Mapping[str, float]) -> list[float]:
    """Return the energy (eV) that the shift (eV by symbol) adds to each frame.

    Raises:
        InputError: a frame has an element that the shift was not fitted for.
    """
    if not frames:
        return []
    symbols = list(shift)
    values = np.array([shift[symbol] for symbol in symbols])
    added: list[float] = (composition(frames, symbols) @ values).tolist()
    return added


def shifted(frame: Frame, added: float) -> Frame:
    """Return a frame of the teacher with an energy (eV) added to its label, if it has one."""
    return frame.replace(energy=None if frame.energy is None else frame.energy + added)


def outside_fit(
    frames: Sequence[Frame], reference: Sequence[Frame], symbols: Sequence[str]
) -> list[str]:
    """Return the formulas of frames that are no combination of the reference compositions.

    Their shifted energies are a guess, since the fit does not determine them.
    """
    known = composition(reference, symbols)
    rank = int(np.linalg.matrix_rank(known))
    compositions: dict[str, None] = {}
    for frame in frames:
        row = composition([frame], symbols)
        if int(np.linalg.matrix_rank(np.vstack([known, row]))) > rank:
            counts = zip(symbols, row[0].astype(int), strict=True)
            compositions["".join(f"{symbol}{count}" for symbol, count in counts if count)] = None
    return list(compositions)


@dataclasses.dataclass(frozen=True)
class EnergyShift:
    """The record of a fitted shift from the teacher's energies to the reference's.

    Attributes:
        ev_per_atom: eV that an atom of each element adds to a teacher's energy.
        rank: of the fit.
        residual_mev_per_atom: of the fit, root mean square, meV/atom.
        note: what the fit could not determine; empty: nothing.
    """

    ev_per_atom: dict[str, float]
    rank: int
    residual_mev_per_atom: float
    note: str

    @classmethod
    def of(cls, shift: ReferenceEnergies) -> EnergyShift:
        """Return the record of a fit."""
        return cls(shift.by_symbol(), shift.rank, 1000 * shift.residual, shift.note)
