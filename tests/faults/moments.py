"""Moments at which a run is killed: each is prepared in the process to be killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np


def judged(folder: Path) -> bool:
    return (folder / "verdict.json").exists()


def kill_before_second_verdict() -> None:
    """Die where the second run of a stage of student MD would get its verdict."""
    from ipip.lammps import run

    write = run.write_verdict

    def killed(folder: Path, digest: str, verdict: Any) -> None:
        others = [path for path in folder.parent.glob("*/verdict.json") if path.parent != folder]
        if others:
            die()
        write(folder, digest, verdict)

    run.write_verdict = killed


def kill_after_second_epoch() -> None:
    from ipip.train.records.checkpoints import BestAndLast

    write = BestAndLast.__call__

    def killed(self: BestAndLast, module: Any) -> None:
        write(self, module)
        if module.current_epoch == 1 and "round_000" not in str(self.folder):
            die()

    BestAndLast.__call__ = killed  # type: ignore[method-assign]


def kill_after_teacher_state() -> None:
    from ipip.teachers.checkpoint import MDCheckpoint

    save = MDCheckpoint.save

    def killed(self: MDCheckpoint, header: Any, arrays: Any) -> None:
        save(self, header, arrays)
        if np.any(header.get("step", 0)):
            die()

    MDCheckpoint.save = killed  # type: ignore[method-assign]


def kill_at_sixth_label() -> None:
    from ipip.teachers import labelling

    entry, count = labelling._entry, 0

    def killed(frame: Any) -> dict[str, Any]:
        nonlocal count
        count += 1
        if count > 5:
            die()
        return entry(frame)

    labelling._entry = killed


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
