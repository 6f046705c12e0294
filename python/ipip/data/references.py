"""Energies of free atoms (E0): the part of a total energy that only the composition explains."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ipip.data.elements import check_elements, composition
from ipip.data.frame import Frame
from ipip.data.provenance import config_type_of
from ipip.errors import InputError

RIDGE = 1e-6
REFINEMENTS = 3
log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class ReferenceEnergies:
    """Reference energies and how well the data fix them.

    Attributes:
        symbols: chemical symbols.
        values: [n_species] eV, one for each symbol.
        mode: `least_squares`, `isolated` or `given`.
        rank: independent compositions that the data determine; n_species when all are.
        residual: root mean square of (energy - sum of references) / atoms, eV.
        note: a remark on undetermined directions, else "".
    """

    symbols: tuple[str, ...]
    values: npt.NDArray[np.float64]
    mode: str
    rank: int
    residual: float
    note: str = ""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[np.float64]:
        """Return the values, [n_species] eV."""
        return np.array(self.values, dtype=dtype or np.float64)

    def by_symbol(self) -> dict[str, float]:
        """Return eV by chemical symbol."""
        return {s: float(v) for s, v in zip(self.symbols, self.values, strict=True)}


def fit_reference_energies(
    frames: Sequence[Frame],
    symbols: Sequence[str],
    mode: Literal["least_squares", "isolated", "given"] = "least_squares",
    given: Mapping[str, float] | None = None,
) -> ReferenceEnergies:
    """Fit one energy per element whose sum over a frame's atoms explains its energy.

    `least_squares` minimises the error per atom. If compositions are too similar to separate
    elements (one composition: rank 1), those directions keep one common value, the mean energy per
    atom: for a set of one composition the result is one shift for all elements. The fit is a ridge
    regression refined by iterating on its residual, so that the well-determined directions carry
    no bias.

    Args:
        frames: with energies (eV).
        symbols: chemical symbols.
        mode: `least_squares`; `isolated`: from frames of a single atom; `given`: from `given`.
        given: eV by symbol, for mode `given`.

    Raises:
        InputError: no frame, no energy, foreign elements, or an element without data for
            the mode.
    """
    if not len(frames):
        raise InputError("reference energies need at least one frame, got none")
    check_elements(frames, symbols, "reference energies")
    for index, frame in enumerate(frames):
        if frame.energy is None:
            raise InputError(f"reference energies: frame {index} has no energy")
    energies = np.array([frame.energy for frame in frames], dtype=np.float64)
    counts = composition(frames, symbols)
    note = ""
    if mode == "least_squares":
        values, rank, note = _least_squares(counts, energies, symbols)
    elif mode == "isolated":
        values, rank = _isolated(frames, symbols), len(symbols)
    else:
        values, rank = _given(symbols, given or {}), len(symbols)
    error = (energies - counts @ values) / counts.sum(1)
    residual = float(np.sqrt(np.mean(error**2)))
    if note:
        log.warning("reference energies: %s", note)
    return ReferenceEnergies(tuple(symbols), values, mode, rank, residual, note)


def _least_squares(
    counts: npt.NDArray[np.float64], energies: npt.NDArray[np.float64], symbols: Sequence[str]
) -> tuple[npt.NDArray[np.float64], int, str]:
    atoms = counts.sum(1)
    fractions = counts / atoms[:, None]
    target = energies / atoms
    values = np.full(len(symbols), target.mean())
    gram = fractions.T @ fractions / len(atoms)
    damped = gram + RIDGE * np.eye(len(symbols))
    for _ in range(REFINEMENTS):
        residual = target - fractions @ values
        values = values + np.linalg.solve(damped, fractions.T @ residual / len(atoms))
    rank = int((np.linalg.eigvalsh(gram) > RIDGE).sum())
    absent = [s for s, n in zip(symbols, counts.sum(0), strict=True) if n == 0]
    notes = []
    if rank < len(symbols) - len(absent):
        what = "one common shift" if rank == 1 else f"{rank} independent combinations"
        notes.append(
            f"the compositions of {len(atoms)} frames have rank {rank} for "
            f"{len(symbols) - len(absent)} elements, so only {what} can be fitted"
        )
    if absent:
        values = np.where(counts.sum(0) == 0, target.mean(), values)
        notes.append(f"no frame has {', '.join(absent)}, which gets the mean energy per atom")
    return values, rank, "; ".join(notes)


def _isolated(frames: Sequence[Frame], symbols: Sequence[str]) -> npt.NDArray[np.float64]:
    single = [frame for frame in frames if len(frame) == 1]
    marked = [frame for frame in single if config_type_of(frame) == "IsolatedAtom"]
    counts = composition(marked or single, symbols)
    energies = np.array([frame.energy for frame in marked or single], dtype=np.float64)
    missing = [s for i, s in enumerate(symbols) if not counts[:, i].any()]
    if missing:
        raise InputError(
            "references: isolated needs a frame of one atom for each element; "
            f"{', '.join(missing)} has "
            "none in the training data; add one or use least_squares"
        )
    return np.array([energies[counts[:, i] > 0].mean() for i in range(len(symbols))])


def _given(symbols: Sequence[str], given: Mapping[str, float]) -> npt.NDArray[np.float64]:
    missing = [symbol for symbol in symbols if symbol not in given]
    foreign = [symbol for symbol in given if symbol not in symbols]
    if missing or foreign:
        raise InputError(
            f"reference_energies lists {', '.join(given) or 'nothing'}; expected one energy (eV) "
            "for each of "
            f"{' '.join(symbols)}"
        )
    return np.array([float(given[symbol]) for symbol in symbols])
