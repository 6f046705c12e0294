"""Removing what a run no longer needs: checkpoints, rings and restart files of finished stages."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ipip.errors import IpipError
from ipip.lammps.run_record import VERDICT_FILE, note_removal
from ipip.pipeline.discard import DISCARDED, stages_on_disk
from ipip.records.integrity import AGAIN, changed_files, inconsistency
from ipip.records.journal import append_event
from ipip.records.manifest import Manifest, read_manifests
from ipip.records.run_folder import RunFolder, split_stage_id
from ipip.stages.harvest import HARVEST
from ipip.stages.student_md import STUDENT_MD
from ipip.storage.atomic import write_text
from ipip.storage.lock import hold_lock

RING = "ring of frames of harvested student MD"
TRAJECTORY = "trajectory of harvested student MD"
OF_EXPLORATIONS = (RING, TRAJECTORY)
DUMPS = ("trajectory.dump", "trajectory.dump.gz", "trajectory.dump.zst")


@dataclasses.dataclass(frozen=True)
class Garbage:
    """A file or folder that can be removed.

    Attributes:
        path: file or folder.
        bytes: its size.
        why: its purpose.
    """

    path: Path
    bytes: int
    why: str


def find_garbage(root: Path, *, dumps: bool = False) -> list[Garbage]:
    """Return what can be removed from a run folder without loss to its results.

    Results set aside, temporary files of killed processes, checkpoints of finished trainings, and
    rings and restart files of student MD whose frames were harvested (or that only counts
    failures). Students, pretraining sets, verdicts and reports stay.

    Args:
        root: run folder.
        dumps: also the trajectories of these runs, which `ipip species` could still read.

    Raises:
        InputError: it is not a run folder.
        IpipError: a stage is damaged; nothing is garbage then.
    """
    run = RunFolder(root.absolute())
    run.require()
    garbage = {item.path: item for item in _candidates(run, dumps)}
    inside = {path for path in garbage if any(parent in garbage for parent in path.parents)}
    return [item for path, item in sorted(garbage.items()) if path not in inside]


def collect_garbage(root: Path, *, dumps: bool = False) -> list[Garbage]:
    """Remove what a run folder no longer needs (`find_garbage`); return it.

    Args:
        root: the run folder.
        dumps: remove dumps of MD too.

    Raises:
        InputError: it is not a run folder.
        IpipError: a driver works on it, or a stage is damaged; nothing is removed then.
    """
    run = RunFolder(root.absolute())
    run.require()
    with hold_lock(run.lock, "gc"):
        garbage = find_garbage(root, dumps=dumps)
        for folder in _explorations(run, garbage):  # first: a harvest must not read the rest
            write_text(folder / STUDENT_MD.record.GARBAGE_COLLECTED, "")
        for item in garbage:
            if item.why in OF_EXPLORATIONS:
                note_removal(item.path.parent)
            if item.path.is_dir():
                shutil.rmtree(item.path)
            else:
                item.path.unlink(missing_ok=True)
        append_event(run.journal, "garbage_collected", bytes=sum(item.bytes for item in garbage))
    return garbage


def _explorations(run: RunFolder, garbage: Sequence[Garbage]) -> set[Path]:
    """Return the folders of explorations that lose frames."""
    return {
        folder
        for folder in run.root.glob(f"round_[0-9]*/{STUDENT_MD.name}")
        if any(folder in item.path.parents and item.why in OF_EXPLORATIONS for item in garbage)
    }


def _candidates(run: RunFolder, dumps: bool) -> Iterator[Garbage]:
    aside = run.root / DISCARDED
    if aside.exists():
        yield _item(aside, "results set aside")
    for path in run.root.rglob(".*.tmp*"):
        yield _item(path, "left by a killed process")
    done = read_manifests(run)
    problem = inconsistency(done) or changed_files(run, done, done)
    if problem is not None:  # apparent garbage may be the only copy
        raise IpipError(f"{run.root}: nothing was removed: {problem}; {AGAIN}")
    for stage_id in stages_on_disk(run):
        if stage_id not in done:
            continue
        folder = run.stage(stage_id)
        for path in folder.glob("**/*.ckpt"):
            yield _item(path, "checkpoint of a finished training")
        if _is_read(stage_id, done):
            yield from _of_student_md(folder, dumps)


def _is_read(stage_id: str, done: Mapping[str, Manifest]) -> bool:
    """Return whether the MD runs of a finished stage are no longer read."""
    index, _ = split_stage_id(stage_id)
    return stage_id != STUDENT_MD.of(index) or HARVEST.of(index) in done


def _of_student_md(folder: Path, dumps: bool) -> Iterator[Garbage]:
    for verdict in folder.glob(f"**/{VERDICT_FILE}"):
        run = verdict.parent
        if (run / "ring").is_dir():
            yield _item(run / "ring", RING)
        for path in run.glob("restart.*"):
            yield _item(path, "restart file of finished student MD")
        if dumps:
            for name in DUMPS:
                if (run / name).exists():
                    yield _item(run / name, TRAJECTORY)


def _item(path: Path, why: str) -> Garbage:
    files = path.rglob("*") if path.is_dir() else [path]
    return Garbage(path, sum(_bytes(file) for file in files), why)


def _bytes(path: Path) -> int:
    """Return the size of a file; 0 if a driver just removed it."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:
        return 0
