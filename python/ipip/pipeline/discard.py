"""Setting results aside: they are moved, not deleted, so that they can be restored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ipip.errors import InputError
from ipip.records.journal import append_event
from ipip.records.run_folder import RunFolder

DISCARDED = "discarded"


def stages_on_disk(run: RunFolder) -> list[str]:
    """Return the names of all stages that have a folder, in order."""
    return sorted(
        path.relative_to(run.root).as_posix()
        for path in run.root.glob("round_[0-9]*/[0-9]*_*")
        if path.is_dir()
    )


def set_aside(run: RunFolder, names: Sequence[str]) -> Path | None:
    """Move stages to the discarded ones, the last first, and the views of them.

    The caller holds the run's lock, and writes the results of the remaining rounds.

    Returns:
        The folder that now holds them, or None if there was nothing to move.
    """
    there = [name for name in names if run.stage(name).exists()]
    if not there:
        return None
    taken = [int(path.name) for path in (run.root / DISCARDED).glob("[0-9]*")]
    aside = run.root / DISCARDED / f"{max(taken, default=0) + 1:03d}"
    for name in reversed(there):  # so that at any moment the rest is a run up to some stage
        (aside / name).parent.mkdir(parents=True, exist_ok=True)
        run.stage(name).rename(aside / name)
    for path in (run.summary, run.ledger, run.best_student.parent, run.report):
        if path.exists():  # they describe the moved stages
            path.rename(aside / path.name)
    append_event(run.journal, "set_aside", stages=there, to=aside.relative_to(run.root).as_posix())
    return aside


def from_stage_on(run: RunFolder, first: str) -> list[str]:
    """Return the stages on the disk from `first` on: a stage, or a round (``round_001``).

    Raises:
        InputError: there is no such stage.
    """
    names = stages_on_disk(run)
    first = next((name for name in names if name.split("/")[0] == first), first)
    if first not in names:
        known = ", ".join(names) if names else "none yet"
        raise InputError(f"{run.root}: there is no stage {first}; its stages are: {known}")
    return names[names.index(first) :]
