"""A run whose rounds each write all frames of their set as text, as early versions did."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.ledger.frames import (
    SHIFT,
    Size,
    first_entries,
    forgotten_of,
    made_frames,
    next_entries,
    student_labelled,
)

from ipip.data import Frame, read_frames, write_frames
from ipip.decisions.energy_shift import shifted
from ipip.decisions.pretraining_set import SetEntry
from ipip.evaluation import metrics
from ipip.records.frame_origins import formula_of
from ipip.records.pretraining_set import with_entry
from ipip.storage.json_file import write_json


def measure_copies(size: Size, folder: Path) -> dict[str, Any]:
    """Write the frames and all sets of a run, each set over the one before; return as for an index.

    Every set is written in full, so that its bytes are counted; the disk holds two at a time.
    """
    folder.mkdir(parents=True)
    made = {frame_id(0, frame): frame for frame in made_frames(size, 0)}
    text, index_file = folder / "set.xyz", folder / "frames.csv"
    write_frames(text, made.values())
    total = text.stat().st_size  # the teacher's MD
    entries = first_entries(size)
    frames = [shifted(made[entry.frame_id], SHIFT) for entry in entries]
    total += _write(text, index_file, frames, entries)
    seconds: dict[str, float] = {}
    for index in range(1, size.rounds + 1):
        new = [shifted(frame, SHIFT) for frame in made_frames(size, index)]
        write_frames(folder / "new.xyz", new)
        total += (folder / "new.xyz").stat().st_size

        clock = time.process_time()
        known = read_frames(text)
        forgotten = forgotten_of([_entry(frame) for frame in known], index)
        names = [known[row].info["frame_id"] for row in forgotten]
        write_json(folder / "forgotten.json", {"indices": forgotten, "frame_ids": names})
        forget_s = time.process_time() - clock
        total += (folder / "forgotten.json").stat().st_size

        clock = time.process_time()
        known = read_frames(text)
        gone = set(forgotten)
        kept = [frame for row, frame in enumerate(known) if row not in gone]
        relabel_s = time.process_time() - clock
        labelled = student_labelled(kept, index)
        clock = time.process_time()
        metrics(kept, labelled)
        entries = next_entries(size, [_entry(frame) for frame in known], forgotten, index)
        total += _write(text, index_file, [*labelled, *new], entries)
        relabel_s += time.process_time() - clock
        seconds = seconds or {"forget_s": forget_s, "relabel_s": relabel_s}
    return {"bytes": total, **seconds}


def frame_id(index: int, frame: Frame) -> str:
    """Return the id of a frame."""
    return f"round_{index:03d}/{frame.info['traj']}/{frame.info['md_step']}"


def _entry(frame: Frame) -> SetEntry:
    info = frame.info
    held_out = bool(info.get("held_out", False))
    return SetEntry(str(info["frame_id"]), int(info["origin"]), str(info["label"]), held_out)


def _write(
    text: Path, index_file: Path, frames: Sequence[Frame], entries: Sequence[SetEntry]
) -> int:
    pairs = list(zip(frames, entries, strict=True))
    write_frames(text, [with_entry(frame, entry) for frame, entry in pairs])
    rows = [
        f"{entry.frame_id},{entry.origin},{frame.info['traj']},{frame.info['md_step']},"
        f"{formula_of(frame)},{len(frame)},{entry.label},{SHIFT:.6f},,\n"
        for frame, entry in pairs
    ]
    index_file.write_text("".join(rows))
    return text.stat().st_size + index_file.stat().st_size
