"""Where things lie in a run folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from ipip.errors import InputError

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
COMMITTEE = "45_committee"  # only where the settings ask for one
ACTIVE = "17_reference"  # in later rounds, only where the settings ask for it
BASELINE = "60_baseline"  # in round 0, only where the settings ask for it


def previous_set(base: int) -> str:
    """Return the name of the stage that wrote the pretraining set of round `base`."""
    return stage_id(base, "20_label" if base == 0 else "20_relabel")


def stage_names(
    round_index: int, *, committee: bool = False, baseline: bool = False, active: bool = False
) -> tuple[str, ...]:
    """Return the stages of a round in order.

    Args:
        round_index: of the round.
        committee: the round trains a committee.
        baseline: round 0 trains the baseline without pretraining.
        active: later rounds have new frames labelled at the reference level.
    """
    names = list(FIRST_ROUND if round_index == 0 else LATER_ROUND)
    names += [COMMITTEE] * committee + [BASELINE] * (baseline and round_index == 0)
    names += [ACTIVE] * (active and round_index > 0)
    return tuple(sorted(names))  # the numbers before the names are their order


def stage_id(round_index: int, name: str) -> str:
    """Return a stage's name within the run: ``round_001/15_harvest``."""
    return f"round_{round_index:03d}/{name}"


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """The files of one run."""

    root: Path

    def require(self) -> None:
        """Check that it is a run folder.

        Raises:
            InputError: it is not.
        """
        is_there = self.config_lock.exists()
        if not is_there and any(self.root.glob("round_[0-9]*")):
            raise InputError(
                f"{self.root}: {self.config_lock.name} is missing; `ipip run CONFIG --dir "
                f"{self.root}` with the settings of the run writes it again"
            )
        if not is_there:
            raise InputError(
                f"{self.root}: is not a run folder (it has no {self.config_lock.name}); `ipip run "
                "CONFIG --dir FOLDER` makes one"
            )

    @property
    def ledger(self) -> Path:
        """Every frame of the run: where it came from, who labelled it, in which rounds it was."""
        return self.root / "ledger.csv"

    @property
    def progress(self) -> Path:
        """What the driver is doing now, for whoever watches."""
        return self.root / "progress.json"

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
