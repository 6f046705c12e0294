"""Breaking a training off, and comparing it with one that was not."""

from __future__ import annotations

from ipip.export import weights_digest
from ipip.train import FitResult


class Stop(Exception):  # noqa: N818
    """Ends a training from within."""


def without_times(result: FitResult) -> list[dict[str, object]]:
    return [{k: v for k, v in row.items() if k != "wall_s"} for row in result.history]


def assert_same(one: FitResult, other: FitResult) -> None:
    """Bitwise the same weights and history."""
    assert without_times(one) == without_times(other)
    assert (one.best_epoch, one.steps) == (other.best_epoch, other.steps)
    assert weights_digest(one.student.state_dict()) == weights_digest(other.student.state_dict())
