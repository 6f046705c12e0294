"""The index of a pretraining set: which stored frames it holds, in order, and who labelled each."""

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
        uncertainty: of the student on each of the first frames, where it was asked; for people.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    known = () if uncertainty is None else uncertainty
    for row, entry in enumerate(entries):
        writer.writerow(
            (
                entry.frame_id,
                entry.origin,
                entry.number,
                entry.label,
                "yes" if entry.held_out else "",
                f"{known[row]:.6g}" if row < len(known) else "",
            )
        )
    write_text(path, text.getvalue())


def read_index(path: Path) -> list[SetEntry]:
    """Read the entries of a pretraining set; no coordinates and no labels are read.

    Raises:
        InputError: it is not such a file of this version.
    """
    return [
        SetEntry(frame_id, int(origin), label, bool(held_out), int(number))
        for frame_id, origin, number, label, held_out, _ in read_table(path, COLUMNS)
    ]
