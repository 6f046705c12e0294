"""The work of `ipip label`: from a file of frames to a file of labelled frames."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ipip.config.data import DataKeys
from ipip.config.teacher import TeacherSettings
from ipip.data.files import read_frames, write_frames
from ipip.data.frame import Frame
from ipip.errors import InputError, IpipError
from ipip.storage.atomic import write_text
from ipip.storage.lock import hold_file
from ipip.teachers.labelling import label_frames


def label_file(
    level: TeacherSettings,
    frames: Path,
    out: Path,
    progress: Callable[[int, int], None] | None = None,
    retry: bool = False,
) -> dict[str, Any]:
    """Label all frames of a file.

    Args:
        level: teacher or reference level.
        frames: file, with or without labels; info is kept.
        out: file for the labelled frames; beside it are written ``OUT.dropped.csv`` (frames
            without labels, and why), ``OUT.label.json`` (the level) and ``OUT.labels.jsonl`` (each
            label once computed, from which a killed run resumes).
        progress: called with (frames done, frames in all).
        retry: evaluate dropped frames again.

    Returns:
        JSON-able: frames, labelled, computed, dropped (frame, formula, reason) and dropped_file.

    Raises:
        InputError: unreadable frames, a missing program, or `out` is the input.
        IpipError: no frame was labelled.
    """
    if out.absolute() == frames.absolute():
        raise InputError(f"--out {out}: is the input; name another file for the labelled frames")
    given = read_frames(frames, DataKeys(), require=())
    with hold_file(out, "label"):
        return _label(given, level, frames, out, progress, retry)


def _label(
    given: Sequence[Frame],
    level: TeacherSettings,
    frames: Path,
    out: Path,
    progress: Callable[[int, int], None] | None,
    retry: bool,
) -> dict[str, Any]:
    store = out.with_name(f"{out.name}.labels.jsonl")
    logs = out.with_name(f"{out.name}.logs")
    result = label_frames(given, level, store, logs, progress, retry)
    dropped = [
        {
            "frame": index,
            "formula": given[index].to_atoms().get_chemical_formula(),
            "reason": reason,
        }
        for index, reason in result.dropped
    ]
    table = out.with_name(f"{out.name}.dropped.csv")
    text = io.StringIO()
    writer = csv.DictWriter(text, ["frame", "formula", "reason"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(dropped)
    write_text(table, text.getvalue())
    if not result.frames:
        raise IpipError(
            f"{frames}: none of {len(given)} frames gave labels; the first: {result.dropped[0][1]}"
        )
    write_frames(out, result.frames)
    if result.info is not None:
        made_by = {"level": level.model_dump(mode="json"), "labelled_by": result.info.as_dict()}
        write_text(out.with_name(f"{out.name}.label.json"), json.dumps(made_by, indent=1) + "\n")
    return {
        "frames": len(given),
        "labelled": len(result.frames),
        "computed": result.computed,
        "dropped": dropped,
        "dropped_file": str(table),
    }
