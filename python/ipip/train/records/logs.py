"""Tables and TensorBoard files of a training, which its history can restore."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ipip.storage.atomic import write_text

if TYPE_CHECKING:
    from ipip.train.fitting.module import TrainingModule

COLUMNS = (
    "epoch",
    "step",
    "learning_rate",
    "train_loss",
    "valid_loss",
    "valid_force_mae_ev_per_a",
    "valid_force_rmse_ev_per_a",
    "valid_energy_mae_mev_per_atom",
    "valid_stress_mae_ev_per_a3",
    "wall_s",
)


class CsvLog:
    """Keeps `metrics.csv` equal to the history: one row per epoch, eV, Å, meV/atom, s."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "metrics.csv"

    def __call__(self, module: TrainingModule) -> None:
        """Append the last row, or write the whole file after a start or a resume."""
        if len(module.history) > 1 and self.path.exists() and not module.resumed_just_now:
            with open(self.path, "a", encoding="utf-8", newline="") as file:
                file.write(_rows(module.history[-1:]))
        else:
            head = ",".join(_columns(module.history)) + "\n"
            write_text(self.path, head + _rows(module.history))


def _columns(history: list[dict[str, Any]]) -> tuple[str, ...]:
    """Return the columns of every training, then the columns of an objective."""
    further = (name for name in history[0] if name.startswith("train_")) if history else ()
    return (*COLUMNS, *(name for name in further if name not in COLUMNS))


def _rows(history: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    columns = _columns(history)
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writerows(history)
    return text.getvalue()


class TensorBoardLog:
    """Writes the history as TensorBoard scalars, without a background thread.

    The event file is rewritten when a training starts or resumes, so that it has no rows of a
    killed epoch.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "tensorboard" / "events.out.tfevents.ipip"

    def __call__(self, module: TrainingModule) -> None:
        """Append the last epoch, or write all of them after a start or a resume."""
        from tensorboard.compat.proto.event_pb2 import Event  # half a second
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.record_writer import RecordWriter

        self.path.parent.mkdir(exist_ok=True)
        rewrite = len(module.history) == 1 or module.resumed_just_now or not self.path.exists()
        rows = module.history if rewrite else module.history[-1:]
        with open(self.path, "wb" if rewrite else "ab") as file:
            records = RecordWriter(file)
            if rewrite:
                header = Event(wall_time=time.time(), file_version="brain.Event:2")
                records.write(header.SerializeToString())
            for row in rows:
                values = [
                    Summary.Value(tag=name, simple_value=float(row[name]))
                    for name in _columns(rows)[2:]
                    if row.get(name) is not None
                ]
                event = Event(
                    wall_time=time.time(), step=row["step"], summary=Summary(value=values)
                )
                records.write(event.SerializeToString())
            records.flush()
