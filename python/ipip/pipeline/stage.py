"""What a stage of the loop is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ipip.pipeline.folder import RunFolder, previous_set, stage_id
from ipip.pipeline.manifest import Manifest
from ipip.pipeline.reporter import Reporter


@dataclasses.dataclass(frozen=True)
class StageResult:
    """What a stage made.

    Attributes:
        outputs: files in the stage's folder that later stages or the report read.
        results: JSON-able figures; equal for equal runs, so no times.
        times: measured times, by name.
        seeds: random seeds used, by task.
        note: what came out, in a few words.
    """

    outputs: tuple[Path, ...]
    results: dict[str, Any]
    times: dict[str, float] = dataclasses.field(default_factory=dict)
    seeds: dict[str, int] = dataclasses.field(default_factory=dict)
    note: str = ""


@dataclasses.dataclass(frozen=True)
class StageRun:
    """What the work of a stage is given.

    Attributes:
        run: the run folder.
        folder: the stage's own folder; what an earlier, killed attempt with the same settings and
            inputs left is still there.
        manifests: those of the stages it reads, by name.
        reporter: to be told the progress.
        chain: rounds that led to this one, from 0 to the round it begins from; empty in round 0.
    """

    run: RunFolder
    folder: Path
    manifests: Mapping[str, Manifest]
    reporter: Reporter
    chain: tuple[int, ...] = ()

    @property
    def base(self) -> int:
        """Round whose student and pretraining set this round begins from."""
        return self.chain[-1]

    @property
    def last_student(self) -> Path:
        """File of that round's student."""
        return self.path(stage_id(self.base, "40_finetune"), "student.pt")

    @property
    def last_set(self) -> Path:
        """File of that round's pretraining set."""
        return self.path(previous_set(self.base), "pretraining.xyz")

    def results(self, identity: str) -> dict[str, Any]:
        """Return the figures of an earlier stage."""
        return self.manifests[identity].results

    def path(self, identity: str, name: str) -> Path:
        """Return the path of an earlier stage's file."""
        return self.run.stage(identity) / name


@dataclasses.dataclass(frozen=True)
class Stage:
    """One step of a round: what it depends on, and the work.

    Attributes:
        round: index of the round.
        name: name within the round, ``15_harvest``.
        title: what it does, for people.
        settings: the part of the settings (JSON-able) that changes what it makes.
        inputs: names of the stages it reads.
        work: makes the outputs in the stage's folder.
        disk_bytes: estimate of what it writes.
        chain: rounds that led to this one, from 0 to the round it begins from; empty in round 0.
        revision: of the stage's code; a higher one makes results of lower ones out of date.
        teacher_calls: evaluations of the teacher that it may need at most.
        without_influence: paths in `settings` of earlier versions that change nothing that it
            makes.
    """

    round: int
    name: str
    title: str
    settings: dict[str, Any]
    inputs: tuple[str, ...]
    work: Callable[[StageRun], StageResult]
    disk_bytes: int = 0
    chain: tuple[int, ...] = ()
    revision: int = 1
    teacher_calls: int = 0
    without_influence: frozenset[str] = frozenset()

    @property
    def identity(self) -> str:
        """Name within the run."""
        return stage_id(self.round, self.name)
