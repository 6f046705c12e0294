"""Where things lie in a run folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path

FIRST_ROUND = ("10_explore", "20_label", "30_pretrain", "40_finetune", "50_evaluate")
LATER_ROUND = (
    "05_forget",
    "10_explore",
    "15_harvest",
    "20_relabel",
    "30_pretrain",
    "40_finetune",
    "50_evaluate",
)


def stage_names(round_index: int) -> tuple[str, ...]:
    """Return the stages of a round in order."""
    return FIRST_ROUND if round_index == 0 else LATER_ROUND


def stage_id(round_index: int, name: str) -> str:
    """Return a stage's name within the run: ``round_001/15_harvest``."""
    return f"round_{round_index:03d}/{name}"


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """The files of one run."""

    root: Path

    @property
    def config_lock(self) -> Path:
        """The settings the run uses, every default and absolute path written out."""
        return self.root / "config.lock.yaml"

    @property
    def journal(self) -> Path:
        """What happened when, one JSON object a line."""
        return self.root / "journal.jsonl"

    @property
    def summary(self) -> Path:
        """The results so far."""
        return self.root / "summary.json"

    @property
    def best_student(self) -> Path:
        """The student to use."""
        return self.root / "best" / "student.pt"

    @property
    def report(self) -> Path:
        """Tables and pictures."""
        return self.root / "report"

    @property
    def lock(self) -> Path:
        """Held while a driver works on the run."""
        return self.root / ".lock"

    def stage(self, identity: str) -> Path:
        """Folder of the stage called `identity`."""
        return self.root / identity
