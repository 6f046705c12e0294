"""The table of reasons why each frame was selected or not."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ipip.harvest.harvest import Decision
from ipip.storage.atomic import write_text

_NUMBER = r"(?<![\w.-])-?\d[\d.]*(?:e[+-]?\d+)?(?: (?:eV/Å|eV/atom|Å|fs))?(?![\w-])"
_NUMBERS = (
    (re.compile(r" \(bound [^)]*\)"), ""),
    (re.compile(r", every \d+\. one,"), ""),
    (re.compile(rf"(?:at step|of) {_NUMBER}"), ""),
    (re.compile(rf"(above|below) {_NUMBER}"), r"\1 its bound"),
    (re.compile(_NUMBER), ""),
)


def write_decisions(path: Path, decisions: Sequence[Decision]) -> None:
    """Write decisions to the CSV file at `path`: a row for each frame, with its reason."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(Decision.__dataclass_fields__), lineterminator="\n")
    writer.writeheader()
    writer.writerows(decision.as_dict() for decision in decisions)
    write_text(path, text.getvalue())


def count_reasons(decisions: Sequence[Decision]) -> dict[str, int]:
    """Return how many decisions reject a frame, for each kind of reason without its numbers."""
    kinds = Counter(kind_of_reason(d.reason) for d in decisions if not d.taken)
    return dict(kinds.most_common())


def kind_of_reason(reason: str) -> str:
    """Return a reason without its numbers and their units."""
    for pattern, instead in _NUMBERS:
        reason = pattern.sub(instead, reason)
    return " ".join(reason.split())
