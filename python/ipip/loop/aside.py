"""Setting results aside: nothing is deleted, so that a change of mind costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ipip.data.lock import hold_lock
from ipip.errors import InputError, IpipError
from ipip.loop.course import evaluated_rounds
from ipip.loop.folder import RunFolder
from ipip.loop.journal import append_event
from ipip.loop.manifest import Manifest, survey_manifests
from ipip.loop.results import gather_results, write_gathered
from ipip.loop.rules import read_rules

DISCARDED = "discarded"


def stages_on_disk(run: RunFolder) -> list[str]:
    """Return the names of all stages that have a folder, in order."""
    return sorted(
        path.relative_to(run.root).as_posix()
        for path in run.root.glob("round_[0-9]*/[0-9]*_*")
        if path.is_dir()
    )


def set_aside(run: RunFolder, names: Sequence[str]) -> Path | None:
    """Move stages out of the way, the last ones first, and what was written about them.

    The caller holds the run's lock, and writes the results of the rounds that are left.

    Returns:
        The folder that now holds them, or None where there was nothing to move.
    """
    there = [name for name in names if run.stage(name).exists()]
    if not there:
        return None
    taken = [int(path.name) for path in (run.root / DISCARDED).glob("[0-9]*")]
    aside = run.root / DISCARDED / f"{max(taken, default=0) + 1:03d}"
    for name in reversed(there):  # so that what is left at any moment is a run up to some stage
        (aside / name).parent.mkdir(parents=True, exist_ok=True)
        run.stage(name).rename(aside / name)
    for path in (run.summary, run.ledger, run.best_student.parent, run.report):
        if path.exists():  # they tell of what was moved
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


def _rest(run: RunFolder, names: Sequence[str]) -> dict[str, Manifest]:
    """Return the manifests of the stages that stay where they are.

    Raises:
        IpipError: one of them cannot be believed.
    """
    survey = survey_manifests(run)
    for name, error in survey.unreadable.items():
        if name not in names:
            raise IpipError(
                f"{run.root}: nothing was moved: the manifest of {name}, which would stay, "
                f"{error.reason}; rewind to {name} or an earlier stage"
            )
    return {name: own for name, own in survey.manifests.items() if name not in names}


def rewind(root: Path, first: str) -> tuple[Path, list[str]]:
    """Go back: set the stage `first` of a run and all later ones aside.

    `ipip run` computes them again. Summary, ledger, report and the student to use are then those of
    the rounds that are left. What was moved can be put back by moving the folders.

    Args:
        root: run folder.
        first: name of a stage (``round_001/15_harvest``) or of a round (``round_001``).

    Returns:
        The folder that now holds the results, and the names of the stages.

    Raises:
        InputError: it is no run folder, or there is no such stage.
        IpipError: a driver works on it, or what would be left is damaged; nothing is moved then.
    """
    run = RunFolder(root.absolute())
    run.require()
    with hold_lock(run.lock, "rewind"):
        names = from_stage_on(run, first)
        rules = read_rules(run)
        rest = _rest(run, names)
        # Gathered first: nothing is moved before they can be written.
        results = gather_results(run, rest, rules) if evaluated_rounds(rest) else None
        aside = set_aside(run, names)
        if results is not None:
            write_gathered(run, results)
    if aside is None:
        raise InputError(f"{root}: nothing to set aside")
    return aside, names
