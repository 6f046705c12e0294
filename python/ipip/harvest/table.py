"""The table that says why each frame was taken or left."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ipip.data.atomic import write_text
from ipip.harvest.harvest import Decision


def write_decisions(path: Path, decisions: Sequence[Decision]) -> None:
    """Write why each frame was taken or left, one row each."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(Decision.__dataclass_fields__), lineterminator="\n")
    writer.writeheader()
    writer.writerows(decision.as_dict() for decision in decisions)
    write_text(path, text.getvalue())


def count_reasons(decisions: Sequence[Decision]) -> dict[str, int]:
    """Return how many frames were left for each kind of reason (numbers left out)."""
    kinds = Counter(
        " ".join(word for word in d.reason.split() if not any(sign.isdigit() for sign in word))
        for d in decisions
        if not d.taken
    )
    return dict(kinds.most_common())
