"""The index of a pretraining set: its stored frames, in order, with the labeller of each."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from ipip.decisions.pretraining_set import SetEntry
from ipip.records.frame_origins import read_table
from ipip.storage.atomic import write_text

COLUMNS = ("frame_id", "origin", "number", "label", "held_out", "uncertainty")


def write_index(
    path: Path, entries: Sequence[SetEntry], uncertainty: Sequence[float] | None = None
) -> None:
    """Write the entries of a pretraining set as CSV.

    Args:
        path: of the file.
        entries: of the set, in order.
        uncertainty: of the student on each of the first frames, if computed; for people.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    values = () if uncertainty is None else uncertainty
    for row, entry in enumerate(entries):
        writer.writerow(
            (
                entry.frame_id,
                entry.origin,
                entry.number,
                entry.label,
                "yes" if entry.held_out else "",
                f"{values[row]:.6g}" if row < len(values) else "",
            )
        )
    write_text(path, text.getvalue())


def read_index(path: Path) -> list[SetEntry]:
    """Read the entries of a pretraining set, without coordinates and labels.

    Raises:
        InputError: the file is not of this kind and version.
    """
    return [
        SetEntry(frame_id, int(origin), label, bool(held_out), int(number))
        for frame_id, origin, number, label, held_out, _ in read_table(path, COLUMNS)
    ]
