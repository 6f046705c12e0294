"""Rewind: set aside a stage and all later ones, and write the results of the rest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ipip.errors import InputError, IpipError
from ipip.pipeline.discard import from_stage_on, set_aside
from ipip.records.config_lock import read_settings
from ipip.records.manifest import Manifest, survey_manifests
from ipip.records.run_folder import RunFolder
from ipip.storage.lock import hold_lock
from ipip.views.outcomes import evaluated_rounds
from ipip.views.results import gather_results, write_gathered


def _rest(run: RunFolder, names: Sequence[str]) -> dict[str, Manifest]:
    """Return the manifests of the remaining stages.

    Raises:
        IpipError: one of them is damaged.
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
    """Set aside the stage `first` of a run and all later ones.

    `ipip run` computes them again. Summary, ledger, report and the selected student are then those
    of the remaining rounds. Moving the folders back restores the stages.

    Args:
        root: run folder.
        first: name of a stage (``round_001/15_harvest``) or of a round (``round_001``).

    Returns:
        The folder that now holds the results, and the names of the stages.

    Raises:
        InputError: it is not a run folder, or there is no such stage.
        IpipError: a driver works on it, or a remaining stage is damaged; nothing is moved then.
    """
    run = RunFolder(root.absolute())
    run.require()
    with hold_lock(run.lock, "rewind"):
        names = from_stage_on(run, first)
        settings = read_settings(run)
        rest = _rest(run, names)
        # Gathered first, so that nothing is moved unless they can be written.
        results = gather_results(run, rest, settings) if evaluated_rounds(rest) else None
        aside = set_aside(run, names)
        if results is not None:
            write_gathered(run, results)
    if aside is None:
        raise InputError(f"{root}: nothing to set aside")
    return aside, names
