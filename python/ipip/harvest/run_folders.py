"""The runs of students in a folder."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from ipip.errors import InputError
from ipip.lammps.run_record import RUN_FILE, VERDICT_FILE
from ipip.lammps.trajectory import RunTrajectory

_LOG = logging.getLogger(__name__)
_WRITTEN = (VERDICT_FILE, "trajectory.dump")  # by a run, with its record


def expand_run_folders(paths: Sequence[Path], student_digest: str) -> list[Path]:
    """Replace each folder by the folders of the finished runs in it; keep dumps.

    Args:
        paths: dumps, patterns, folders of runs, and folders that hold such folders.
        student_digest: of the student that the runs are compared with; runs of another one give a
            warning.

    Raises:
        InputError: a folder holds no run, no finished run, runs of several students, or output of
            a run without its record.
    """
    folders: list[Path] = []
    for path in paths:
        folders += _runs_in(path, student_digest) if path.is_dir() else [path]
    return folders


def _runs_in(path: Path, student_digest: str) -> list[Path]:
    if (path / RUN_FILE).is_file():
        folders = [path]
    else:
        folders = sorted(file.parent for file in path.rglob(RUN_FILE))
    left = sorted({f.parent for name in _WRITTEN for f in path.rglob(name)} - {*folders})
    if left and folders:
        raise InputError(
            f"{left[0]}: {RUN_FILE}, which describes the run, is missing; repeat the run, or "
            "give its dump instead"
        )
    if not folders:
        raise InputError(
            f"{path} holds no run of a student; give a dump, the folder of a run, or a folder of "
            "runs, such as that of a student MD stage of `ipip run`"
        )
    runs = [RunTrajectory(folder) for folder in folders]
    ended = [run for run in runs if run.verdict is not None]
    if not ended:
        raise InputError(f"{path}: the run has not ended; wait for it, or give its dump instead")
    if len(ended) < len(runs):
        _LOG.warning(
            "%s: %d of %d runs have not ended and are skipped",
            path,
            len(runs) - len(ended),
            len(runs),
        )
    models = {run.model_digest for run in ended} - {None}
    if len(models) > 1:
        raise InputError(
            f"{path} holds runs of {len(models)} students; give the folder of one student's runs, "
            f"such as {ended[0].folder.parent}, and that student"
        )
    if models and models != {student_digest}:
        _LOG.warning(
            "%s: its runs are of another student; frames are ranked by the errors of --student",
            path,
        )
    return [run.folder for run in ended]
