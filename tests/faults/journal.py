"""Outcomes are stored as they come: a harness that is ended early resumes from there."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from tests.faults.table import Outcome


class Journal:
    """Outcomes by the keys of their trials, one line of JSON each."""

    def __init__(self, path: Path | None) -> None:
        """Read the existing outcomes.

        Args:
            path: of the file; None: nothing is kept.
        """
        self.path = path
        self.known: dict[str, Outcome | None] = {}
        if path is None or not path.exists():
            return
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n")]  # but one that was being written
        for line in whole:
            row = json.loads(line)
            self.known[row["key"]] = Outcome(**row["outcome"]) if row["outcome"] else None
        path.write_text("".join(whole), encoding="utf-8")

    def settled(self, key: str) -> bool:
        """Whether a trial was made and ended well; others are made again."""
        outcome = self.known.get(key)
        return key in self.known and not (outcome and outcome.bad)

    def add(self, key: str, outcome: Outcome | None) -> None:
        """Keep how a trial ended; None: it changes nothing."""
        self.known[key] = outcome
        if self.path:
            row = {"key": key, "outcome": outcome and dataclasses.asdict(outcome)}
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
