"""What a report is made from."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclasses.dataclass(frozen=True)
class Parity:
    """Force components of one model on the held-out frames.

    Attributes:
        name: of the model.
        reference: [n] eV/Å.
        predicted: [n] eV/Å.
    """

    name: str
    reference: npt.NDArray[np.float64]
    predicted: npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class ReportContent:
    """A run's results.

    Attributes:
        summary: as in summary.json.
        compositions: for each round, frames of the pretraining set by origin.
        parity: one entry a model, the teacher first.
        failure_causes: for each round, number of failed runs by cause.
        notes: sentences a reader should know (energy shift, ranks, warnings).
    """

    summary: dict[str, Any]
    compositions: tuple[dict[str, int], ...] = ()
    parity: tuple[Parity, ...] = ()
    failure_causes: tuple[dict[str, int], ...] = ()
    notes: tuple[str, ...] = ()
