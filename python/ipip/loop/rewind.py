"""Going back: a stage and all later ones are set aside, and the results are those of the rest."""

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
        settings = read_settings(run)
        rest = _rest(run, names)
        # Gathered first: nothing is moved before they can be written.
        results = gather_results(run, rest, settings) if evaluated_rounds(rest) else None
        aside = set_aside(run, names)
        if results is not None:
            write_gathered(run, results)
    if aside is None:
        raise InputError(f"{root}: nothing to set aside")
    return aside, names
