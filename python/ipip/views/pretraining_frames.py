"""Frames of a pretraining set as a file that other programs read, written on demand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ipip.data import write_frames
from ipip.data.disk_full import disk_full_explained
from ipip.data.view import FrameView
from ipip.decisions.pretraining_set import SetEntry
from ipip.errors import InputError, IpipError
from ipip.records.integrity import AGAIN, changed_files, inconsistency
from ipip.records.manifest import read_manifests
from ipip.records.run_folder import RunFolder
from ipip.stages.inheritance import pretraining_set_of
from ipip.stages.pretraining_frames import open_set
from ipip.storage.lock import hold_file


@dataclasses.dataclass(frozen=True)
class WrittenFrames:
    """What was written.

    Attributes:
        round: whose pretraining set it is of.
        frames: number of frames.
        of: number of frames of the set.
    """

    round: int
    frames: int
    of: int


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
        lived_in: round of the set; None: the last one whose set is made.
        frame: text that a frame's id holds.
        origin: round whose exploration made the frame.
        label: who labelled it in that round.

    Raises:
        InputError: there is no such set, no frame fits, or the file is there already.
        IpipError: a stage or a file that a stage made is missing or damaged.
    """
    run = RunFolder(root)
    run.require()
    if target.exists():
        raise InputError(f"{target}: is there already; name another file")
    if not target.absolute().parent.is_dir():
        raise InputError(f"{target}: the folder {target.absolute().parent} does not exist")
    manifests = read_manifests(run)
    rounds = [k for k in range(len(manifests)) if pretraining_set_of(k) in manifests]
    if not rounds:
        raise InputError(f"{root}: has no pretraining set yet; `ipip run` continues the run")
    index = rounds[-1] if lived_in is None else lived_in
    if index not in rounds:
        known = ", ".join(str(k) for k in rounds)
        raise InputError(
            f"{root}: round {index} has no pretraining set; there are those of {known}"
        )
    stage = pretraining_set_of(index)
    problem = inconsistency(manifests) or changed_files(
        run, manifests, [stage, *(name for name in manifests[stage].inputs)]
    )
    if problem is not None:
        raise IpipError(f"{run.root}: {problem}; {AGAIN}")
    known_frames = open_set(run, manifests, index)
    rows = [
        row for row, entry in enumerate(known_frames.entries) if _fits(entry, frame, origin, label)
    ]
    if not rows:
        raise InputError(f"{root}: no frame of round {index} fits; `ipip ledger` lists them")
    with hold_file(target, "ledger"), disk_full_explained(target.parent):
        write_frames(target, iter(FrameView([known_frames], rows)))
    return WrittenFrames(index, len(rows), len(known_frames))


def _fits(entry: SetEntry, frame: str | None, origin: int | None, label: str | None) -> bool:
    return (
        (frame is None or frame in entry.frame_id)
        and (origin is None or entry.origin == origin)
        and (label is None or entry.label == label)
    )
