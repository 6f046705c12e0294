"""Frames of a run: pretraining sets and what is known of each frame; errors frame by frame."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from ase.data import chemical_symbols

from ipip.data import Frame, read_frames, write_frames
from ipip.decisions.pretraining_set import SetEntry
from ipip.storage.atomic import write_text

INDEX_COLUMNS = (
    "frame_id",
    "origin",
    "run",
    "step",
    "formula",
    "atoms",
    "label",
    "energy_shift_ev",
    "uncertainty",
    "held_out",
)


def entry_of(frame: Frame) -> SetEntry:
    """Return what decisions need to know of a frame of a pretraining set."""
    info = frame.info
    return SetEntry(
        str(info["frame_id"]),
        int(info["origin"]),
        str(info["label"]),
        bool(info.get("held_out", False)),
    )


def with_entry(frame: Frame, entry: SetEntry) -> Frame:
    """Return the frame with its entry in its info; of the rest trajectory and step are kept."""
    kept = {key: frame.info[key] for key in ("traj", "md_step") if key in frame.info}
    own = {"frame_id": entry.frame_id, "origin": entry.origin, "label": entry.label}
    return frame.replace(info=kept | own | ({"held_out": True} if entry.held_out else {}))


def read_set(path: Path) -> list[Frame]:
    """Read a pretraining set."""
    return read_frames(path)


def write_set(path: Path, frames: Sequence[Frame], entries: Sequence[SetEntry]) -> None:
    """Write a pretraining set: frames with labels, and their entries."""
    write_frames(
        path, [with_entry(frame, entry) for frame, entry in zip(frames, entries, strict=True)]
    )


def write_index(
    path: Path,
    frames: Sequence[Frame],
    entries: Sequence[SetEntry],
    shift: Mapping[str, float],
    uncertainty: Sequence[float] | None = None,
) -> None:
    """Write what is known of each frame of a pretraining set, without coordinates, as CSV.

    Args:
        path: of the file.
        frames: of the set.
        entries: the same frames' entries.
        shift: energy (eV) that each atom of an element adds to a teacher's label.
        uncertainty: of the student on each of the first frames, where it was asked.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(INDEX_COLUMNS)
    known = [*(uncertainty if uncertainty is not None else ())]
    for number, (frame, entry) in enumerate(zip(frames, entries, strict=True)):
        counts = _counts(frame)
        added = sum(shift.get(symbol, 0.0) * count for symbol, count in counts.items())
        writer.writerow(
            (
                entry.frame_id,
                entry.origin,
                frame.info.get("traj", ""),
                frame.info.get("md_step", ""),
                _formula(counts),
                len(frame),
                entry.label,
                f"{added:.6f}" if entry.label == "teacher" else "",
                f"{known[number]:.6g}" if number < len(known) else "",
                "yes" if entry.held_out else "",
            )
        )
    write_text(path, text.getvalue())


def write_reference_index(
    path: Path, parts: Mapping[str, Sequence[Frame]], group_key: str | None
) -> None:
    """Write what is known of each reference frame, as CSV; `parts` holds the frames by part."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*INDEX_COLUMNS, "part"))
    for part, frames in parts.items():
        for number, frame in enumerate(frames):
            run = frame.info.get(group_key, "") if group_key else ""
            step = frame.info.get("md_step", "")
            identity = f"reference/{part}/{number}"
            formula = _formula(_counts(frame))
            row = (identity, "", run, step, formula, len(frame), "reference", "", "", "", part)
            writer.writerow(row)
    write_text(path, text.getvalue())


def _counts(frame: Frame) -> Counter[str]:
    return Counter(chemical_symbols[z] for z in frame.numbers)


def _formula(counts: Counter[str]) -> str:
    return "".join(f"{symbol}{counts[symbol]}" for symbol in sorted(counts))


def frame_energy_errors(reference: Sequence[Frame], predicted: Sequence[Frame]) -> list[float]:
    """Return the energy error of each frame (predicted minus reference), meV/atom."""
    return [
        1000 * (own.energy - known.energy) / len(known)
        for known, own in zip(reference, predicted, strict=True)
        if own.energy is not None and known.energy is not None
    ]


def frame_errors(reference: Sequence[Frame], predicted: Sequence[Frame]) -> list[float]:
    """Return the mean absolute force error of each frame, eV/Å."""
    return [
        float(np.abs(own.forces - known.forces).mean())
        for known, own in zip(reference, predicted, strict=True)
        if own.forces is not None and known.forces is not None
    ]
