"""The paths in a run folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ipip.errors import InputError
from ipip.records.folder_format import require_format


def stage_id(round_index: int, name: str) -> str:
    """Return a stage's name within the run: ``round_001/15_harvest``."""
    return f"round_{round_index:03d}/{name}"


def split_stage_id(stage_id: str) -> tuple[int, str]:
    """Return round and name of a stage from its name within the run."""
    round_name, _, name = stage_id.partition("/")
    return int(round_name.removeprefix("round_")), name


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """The files of one run."""

    root: Path

    def require(self) -> None:
        """Check that it is a run folder in the format that this version reads.

        Raises:
            InputError: it is not.
        """
        require_format(self.root)
        self.refuse_training()
        is_run = self.config_lock.exists()
        if not is_run and any(self.root.glob("round_[0-9]*")):
            raise InputError(
                f"{self.root}: {self.config_lock.name} is missing; `ipip run CONFIG --dir "
                f"{self.root}` with the settings of the run writes it again"
            )
        if not is_run:
            raise InputError(
                f"{self.root}: is not a run folder (it has no {self.config_lock.name}); `ipip run "
                "CONFIG --dir FOLDER` creates one"
            )

    def refuse_training(self) -> None:
        """Check that it is not the folder of `ipip train`, whose settings a run would replace.

        Raises:
            InputError: it is.
        """
        if (self.root / "training.json").exists():
            raise InputError(
                f"{self.root}: is the folder of a training, not of a run; its errors and curves "
                "are in training.html and metrics.csv, and a run needs another folder"
            )

    @property
    def ledger(self) -> Path:
        """The ledger that `ipip ledger --csv` may have written; no command reads it."""
        return self.root / "ledger.csv"

    @property
    def progress(self) -> Path:
        """The driver's present work, for `ipip status`."""
        return self.root / "progress.json"

    @property
    def config_lock(self) -> Path:
        """The settings of the run, with every default and absolute paths."""
        return self.root / "config.lock.yaml"

    @property
    def journal(self) -> Path:
        """The events of the run, one JSON object a line."""
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

    def stage(self, stage_id: str) -> Path:
        """Folder of the stage called `stage_id`."""
        return self.root / stage_id
