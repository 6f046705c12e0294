"""The selection of the round whose student to use."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from ipip.stability.intervals import wilson_interval


@dataclasses.dataclass(frozen=True)
class RoundOutcome:
    """The figures by which rounds are compared.

    Attributes:
        round: index.
        valid_force_mae: force error (eV/Å) on the validation frames, which no test figure depends
            on.
        failed, total: stability runs.
        broken: failed physics checks; None if none were made.
    """

    round: int
    valid_force_mae: float
    failed: int
    total: int
    broken: frozenset[str] | None = None


def best_round(outcomes: Sequence[RoundOutcome]) -> int:
    """Return the round whose student to use.

    Rounds that fail clearly more often than the most stable one (their Wilson interval lies above
    its interval) are excluded; of the others the one with the smallest validation force error is
    selected, the earlier of equal ones. Test errors play no part, so that they stay a fair measure
    of the selected student.

    Raises:
        ValueError: there are no outcomes.
    """
    if not outcomes:
        raise ValueError("no round is finished")
    lowest_upper = min(wilson_interval(o.failed, o.total)[1] for o in outcomes)
    steady = [o for o in outcomes if wilson_interval(o.failed, o.total)[0] <= lowest_upper]
    finite = [o for o in steady if np.isfinite(o.valid_force_mae)] or steady
    return min(finite, key=lambda o: (o.valid_force_mae, o.round)).round
