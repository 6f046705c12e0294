"""Breaking a training off, and comparing it with one that was not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from ipip.export import weights_digest
from ipip.train import FitResult
from ipip.train.fitting.module import TrainingModule
from ipip.train.records.checkpoints import BestAndLast


class Stop(Exception):  # noqa: N818
    """Ends a training from within."""


@contextlib.contextmanager
def broken_off_in_second_epoch() -> Iterator[None]:
    """Have the training in the block end once the second epoch's checkpoint is written."""
    write = BestAndLast.__call__

    def write_and_stop(self: BestAndLast, module: TrainingModule) -> None:
        write(self, module)
        if module.current_epoch == 1:
            raise Stop

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BestAndLast, "__call__", write_and_stop)
        with pytest.raises(Stop):
            yield


def without_times(result: FitResult) -> list[dict[str, object]]:
    return [{k: v for k, v in row.items() if k != "wall_s"} for row in result.history]


def assert_same(one: FitResult, other: FitResult) -> None:
    """Bitwise the same weights and history."""
    assert without_times(one) == without_times(other)
    assert (one.best_epoch, one.steps) == (other.best_epoch, other.steps)
    assert weights_digest(one.student.state_dict()) == weights_digest(other.student.state_dict())
