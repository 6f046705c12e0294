"""A run whose frames are stored once: each round writes an index and its student's labels."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from benchmarks.ledger.frames import (
    RUNS,
    SHIFT,
    Size,
    first_entries,
    forgotten_of,
    made_frames,
    next_entries,
    student_labelled,
)

from ipip.data import write_frames
from ipip.data.store import FrameStore
from ipip.data.view import FrameView
from ipip.evaluation import metrics
from ipip.records.frame_origins import origin_of, read_origins, write_origins
from ipip.records.pretraining_index import read_index, write_index
from ipip.records.pretraining_set import TEACHER, PretrainingSet
from ipip.records.student_labels import StudentLabels, read_student_labels, write_student_labels
from ipip.storage.json_file import write_json

INDEX, ORIGINS, LABELS = "frames.csv", "origins.csv", "student_labels.npz"


def measure_index(size: Size, folder: Path) -> dict[str, Any]:
    """Write the frames and all sets of a run; return bytes, and the seconds of its first round."""
    entries = first_entries(size)
    for index in range(size.rounds + 1):
        _store(size, folder / f"{index}", index)
    write_index(folder / "0" / INDEX, entries)
    seconds: dict[str, float] = {}
    for index in range(1, size.rounds + 1):
        taken = _round(size, folder, index)
        seconds = seconds or taken
    return {"bytes": _bytes(folder), **seconds}


def _store(size: Size, folder: Path, index: int) -> None:
    """Write the stores of a round: one for each run of the teacher's MD, or of a harvest."""
    folder.mkdir(parents=True)
    parts = range(RUNS) if index == 0 else [None]
    origins = []
    for part in parts:
        frames = list(made_frames(size, index, part))
        write_frames(folder / f"{0 if part is None else part:02d}.lmdb", frames)
        origins += [
            origin_of(
                frame,
                f"round_{index:03d}/{frame.info['traj']}/{frame.info['md_step']}",
                SHIFT,
            )
            for frame in frames
        ]
    write_origins(folder / ORIGINS, origins)


def _round(size: Size, folder: Path, index: int) -> dict[str, float]:
    """Forget and relabel as the stages do; return their seconds without student evaluations."""
    before, own = folder / f"{index - 1}", folder / f"{index}"
    clock = time.process_time()
    entries = read_index(before / INDEX)
    forgotten = forgotten_of(entries, index)
    names = [entries[row].frame_id for row in forgotten]
    write_json(own / "forgotten.json", {"indices": forgotten, "frame_ids": names})
    forget_s = time.process_time() - clock

    clock = time.process_time()
    previous = _open(folder, index - 1)
    gone = set(forgotten)
    kept = previous.read([row for row in range(len(previous)) if row not in gone])
    relabel_s = time.process_time() - clock
    labelled = student_labelled(kept, index)
    clock = time.process_time()
    metrics(kept, labelled)  # how far the labels moved
    write_index(own / INDEX, next_entries(size, previous.entries, forgotten, index))
    write_student_labels(own / LABELS, StudentLabels.of(labelled))
    return {"forget_s": forget_s, "relabel_s": relabel_s + time.process_time() - clock}


def _open(folder: Path, index: int) -> PretrainingSet:
    entries = read_index(folder / f"{index}" / INDEX)
    rounds = sorted({entry.origin for entry in entries})
    stores = {
        origin: FrameView([FrameStore(p) for p in sorted((folder / f"{origin}").glob("*.lmdb"))])
        for origin in rounds
    }
    origins = {origin: read_origins(folder / f"{origin}" / ORIGINS) for origin in rounds}
    labelled = any(entry.label != TEACHER for entry in entries)
    labels = read_student_labels(folder / f"{index}" / LABELS) if labelled else None
    return PretrainingSet(entries, stores, origins, labels)


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
