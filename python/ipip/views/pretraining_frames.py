"""Frames of a pretraining set as a file for other programs, written on demand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ipip.data import write_frames
from ipip.data.view import FrameView
from ipip.decisions.pretraining_set import SetEntry
from ipip.errors import InputError, IpipError
from ipip.records.integrity import AGAIN, changed_files, inconsistency
from ipip.records.manifest import read_manifests
from ipip.records.pretraining_set import PretrainingSet
from ipip.records.run_folder import RunFolder, split_stage_id
from ipip.stages.inheritance import pretraining_set_of
from ipip.stages.pretraining_frames import open_set
from ipip.storage.atomic import require_new_file
from ipip.storage.disk_space import full_disk_explained
from ipip.storage.lock import hold_file


@dataclasses.dataclass(frozen=True)
class WrittenFrames:
    """The result of writing frames.

    Attributes:
        round: of the pretraining set.
        frames: number of frames in the file.
        of: number of frames in the set.
    """

    round: int
    frames: int
    of: int


def open_pretraining_set(root: Path, index: int | None = None) -> PretrainingSet:
    """Return the pretraining set of a round: a sequence of frames, read on demand.

    Args:
        root: run folder.
        index: round of the set; None: the last round with one.

    Raises:
        InputError: there is no such set.
        IpipError: a stage or one of its files is missing or damaged.
    """
    return _open(root, index)[1]


def write_pretraining_frames(
    root: Path,
    target: Path,
    *,
    lived_in: int | None = None,
    frame: str | None = None,
    origin: int | None = None,
    label: str | None = None,
) -> WrittenFrames:
    """Write the frames of a round's pretraining set with the labels that they have in it.

    Args:
        root: run folder.
        target: file to write; its suffix chooses the format, as in `ipip.data.write_frames`.
        lived_in: round of the set; None: the last round with one.
        frame: part of a frame's id.
        origin: round whose exploration produced the frame.
        label: its labeller in that round.

    Raises:
        InputError: there is no such set, no frame matches, or the file already exists.
        IpipError: a stage or one of its files is missing or damaged.
    """
    require_new_file(target)
    index, frames = _open(root, lived_in)
    rows = [row for row, entry in enumerate(frames.entries) if _fits(entry, frame, origin, label)]
    if not rows:
        raise InputError(f"{root}: no frame of round {index} matches; `ipip ledger` lists them")
    with hold_file(target, "ledger"), full_disk_explained(target.parent):
        write_frames(target, iter(FrameView([frames], rows)))
    return WrittenFrames(index, len(rows), len(frames))


def _open(root: Path, index: int | None) -> tuple[int, PretrainingSet]:
    run = RunFolder(root)
    run.require()
    manifests = read_manifests(run)
    begun = sorted({split_stage_id(name)[0] for name in manifests})
    rounds = [k for k in begun if pretraining_set_of(k) in manifests]
    if not rounds:
        raise InputError(f"{root}: has no pretraining set yet; `ipip run` continues the run")
    index = rounds[-1] if index is None else index
    if index not in rounds:
        raise InputError(
            f"{root}: there is no pretraining set of round {index}; expected one of "
            f"{', '.join(str(k) for k in rounds)}"
        )
    stage = pretraining_set_of(index)
    problem = inconsistency(manifests) or changed_files(
        run, manifests, [stage, *manifests[stage].inputs]
    )
    if problem is not None:
        raise IpipError(f"{run.root}: {problem}; {AGAIN}")
    return index, open_set(run, manifests, index)


def _fits(entry: SetEntry, frame: str | None, origin: int | None, label: str | None) -> bool:
    return (
        (frame is None or frame in entry.frame_id)
        and (origin is None or entry.origin == origin)
        and (label is None or entry.label == label)
    )
