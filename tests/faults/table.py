"""Counts of outcomes by kind of file, as one table."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping

OUTCOMES = ("reported", "healed", "unnoticed", "wrong", "crashed", "hung")
BAD = ("wrong", "crashed", "hung")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How one case ended.

    Attributes:
        subject: the damaged folder: "finished run", ...
        kind: of file.
        case: file and damage.
        outcome: one of OUTCOMES.
        detail: the message, or the difference.
        reason: why this kind of file may be damaged unnoticed, or "".
    """

    subject: str
    kind: str
    case: str
    outcome: str
    detail: str = ""
    reason: str = ""

    @property
    def bad(self) -> bool:
        """It must not be so."""
        return self.outcome in BAD or (self.outcome == "unnoticed" and not self.reason)


class Table:
    """Collects outcomes."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Counter[str]] = {}
        self.reasons: dict[tuple[str, str], str] = {}
        self.bad: list[Outcome] = []

    def add(self, outcome: Outcome) -> None:
        """Count one case."""
        self.count(outcome.subject, outcome.kind, {outcome.outcome: 1}, outcome.reason)
        if outcome.bad:
            self.bad.append(outcome)

    def count(self, subject: str, kind: str, numbers: Mapping[str, int], reason: str = "") -> None:
        """Count cases with known numbers only."""
        row = self.rows.setdefault((subject, kind), Counter())
        row.update(numbers)
        if reason and row["unnoticed"]:
            self.reasons[subject, kind] = reason

    @property
    def failed(self) -> bool:
        """Damage was believed, ended a command badly, or went unnoticed without a reason."""
        counted = any(row[name] for row in self.rows.values() for name in BAD)
        return counted or bool(self.bad)

    @property
    def tried(self) -> int:
        """Number of cases in all."""
        return sum(row.total() for row in self.rows.values())

    def markdown(self) -> str:
        """Return the table for the docs."""
        head = ["what", "tried", *OUTCOMES, "why unnoticed is no harm"]
        lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
        total: Counter[str] = Counter()
        last = ""
        for (subject, kind), row in sorted(self.rows.items()):
            if subject != last:
                lines.append(f"| **{subject}** |{' |' * (len(head) - 1)}")
                last = subject
            numbers = [row.total(), *(row[name] for name in OUTCOMES)]
            reason = self.reasons.get((subject, kind), "")
            lines.append(f"| {kind} | {' | '.join(map(str, numbers))} | {reason} |")
            total.update(row)
        numbers = [total.total(), *(total[name] for name in OUTCOMES)]
        lines.append(f"| **in all** | {' | '.join(map(str, numbers))} | |")
        return "\n".join(lines) + "\n"


BEGIN, END = "<!-- table of faults: begin -->\n", "<!-- table of faults: end -->\n"


def with_table(page: str, table: Table, said: str = "") -> str:
    """Return a page of the docs with another table and its summary between its marks."""
    before, found, rest = page.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise ValueError(f"the page has no lines {BEGIN.strip()!r} and {END.strip()!r}")
    return f"{before}{BEGIN}{said}{table.markdown()}{END}{after}"
