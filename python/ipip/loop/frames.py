"""Frames of a run: pretraining sets and what is known of each frame; errors frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ipip.data import Frame, read_frames, write_frames
from ipip.loop.decide import SetEntry

FILE_NAME = "pretraining.xyz"


def entry_of(frame: Frame) -> SetEntry:
    """Return what decisions need to know of a frame of a pretraining set."""
    info = frame.info
    return SetEntry(str(info["frame_id"]), int(info["origin"]), str(info["label"]))


def with_entry(frame: Frame, entry: SetEntry) -> Frame:
    """Return the frame with its entry in its info; of the rest trajectory and step are kept."""
    kept = {key: frame.info[key] for key in ("traj", "md_step") if key in frame.info}
    return frame.replace(
        info=kept | {"frame_id": entry.frame_id, "origin": entry.origin, "label": entry.label}
    )


def read_set(path: Path) -> list[Frame]:
    """Read a pretraining set."""
    return read_frames(path)


def write_set(path: Path, frames: Sequence[Frame], entries: Sequence[SetEntry]) -> None:
    """Write a pretraining set: frames with labels, and their entries."""
    write_frames(
        path, [with_entry(frame, entry) for frame, entry in zip(frames, entries, strict=True)]
    )


def frame_errors(reference: Sequence[Frame], predicted: Sequence[Frame]) -> list[float]:
    """Return the mean absolute force error of each frame, eV/Å."""
    return [
        float(np.abs(own.forces - known.forces).mean())
        for known, own in zip(reference, predicted, strict=True)
        if own.forces is not None and known.forces is not None
    ]
