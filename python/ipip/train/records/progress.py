"""The progress bar of a training."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from ipip.train.fitting.module import TrainingModule


log = logging.getLogger(__name__)


class ProgressBar:
    """A bar over the optimiser steps with the latest errors; silent without a terminal.

    Each epoch is also one line in the log (level INFO).

    Args:
        enabled: show the bar if the output is a terminal.
        total_steps: length of the training.
    """

    def __init__(self, enabled: bool, total_steps: int) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            BarColumn(bar_width=16),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[errors]}"),
            console=console,
            refresh_per_second=4,
            disable=not (enabled and console.is_terminal),
        )
        self._task = self._progress.add_task("training", total=total_steps, errors="")

    def __enter__(self) -> ProgressBar:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, module: TrainingModule) -> None:
        """Show the last epoch."""
        text = describe_row(module.history[-1])
        log.info("%s", text)
        self._progress.update(self._task, completed=module.global_step, errors=text)


def describe_row(row: dict[str, Any]) -> str:
    """Return a line for a row of a history: validation MAE of forces and energy.

    For people epochs count from 1; in files they count from 0.
    """
    text = f"epoch {row['epoch'] + 1}: "
    if row.get("valid_loss") is None:
        return text + f"training loss {row['train_loss']:.4g}"
    return text + (
        f"F {row['valid_force_mae_ev_per_a']:.3f} eV/Å, "
        f"E {row['valid_energy_mae_mev_per_atom']:.1f} meV/atom"
    )
