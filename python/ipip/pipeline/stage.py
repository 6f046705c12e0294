"""Stages: a kind of step, this step in one round of a run, and its outcome."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, TypeVar

from ipip.config.run import RunSettings
from ipip.execution.executor import Executor, LocalExecutor
from ipip.pipeline.cost import CostBasis, Forecast, RunSizes
from ipip.pipeline.reporter import Reporter
from ipip.records.manifest import Manifest
from ipip.records.run_folder import RunFolder, stage_id
from ipip.records.stage_record import StageRecord

R = TypeVar("R", bound=StageRecord)


@dataclasses.dataclass(frozen=True)
class Round:
    """A round of a run, before its stages run.

    Attributes:
        settings: of the run.
        index: of the round.
        chain: rounds that led to it, from 0 to its starting round; empty in round 0.
    """

    settings: RunSettings
    index: int
    chain: tuple[int, ...] = ()

    @property
    def base(self) -> int:
        """Round from whose student and pretraining set this round starts."""
        return self.chain[-1]


@dataclasses.dataclass(frozen=True)
class StageResult(Generic[R]):
    """The outcome of a stage.

    Attributes:
        outputs: files in the stage's folder that later stages or the report read.
        record: its figures; equal for equal runs, so no times.
        teacher_calls: evaluations of the teacher, including its MD.
        times: measured times, by name.
        seeds: random seeds used, by task.
        note: the outcome in a few words.
    """

    outputs: tuple[Path, ...]
    record: R
    teacher_calls: int = 0
    times: dict[str, float] = dataclasses.field(default_factory=dict)
    seeds: dict[str, int] = dataclasses.field(default_factory=dict)
    note: str = ""


@dataclasses.dataclass(frozen=True)
class StageRun:
    """The input of a stage's work.

    Attributes:
        run: the run folder.
        folder: the stage's folder, with the files of an earlier, killed attempt with the same
            settings and inputs.
        manifests: of the stages it reads, by name.
        reporter: receives the progress.
        round: the round it works in, with the settings of the run.
        executor: performs its work here or elsewhere.
    """

    run: RunFolder
    folder: Path
    manifests: Mapping[str, Manifest]
    reporter: Reporter
    round: Round
    executor: Executor = dataclasses.field(default_factory=LocalExecutor)

    @property
    def settings(self) -> RunSettings:
        """Settings of the run."""
        return self.round.settings

    def path(self, stage_id: str, name: str) -> Path:
        """Return the path of an earlier stage's file."""
        return self.run.stage(stage_id) / name


class Stage(ABC, Generic[R]):
    """One kind of step of a round: all facts on it, and its work.

    Importing a stage is cheap: its work imports what it needs.

    Attributes:
        name: within a round, and of its folder; its leading number is its place in the round.
        title: of its work, for people.
        label: its work, in a word or two, for tables and figures.
        colour: in figures, #rrggbb.
        rounds: in which it takes part, if `is_wanted`.
        condition: of `is_wanted`, for people; empty: none.
        settings: names of settings (blocks, or one key of a block: ``iteration.start``) that may
            change its results. Earlier stages count through their outputs.
        record: type of its record: its figures and the names of its files.
        curve: name of its learning curve, if it is a training.
        revision: of its code; raised when a change makes earlier results out of date.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    label: ClassVar[str]
    colour: ClassVar[str]
    rounds: ClassVar[Literal["first", "later", "all"]] = "all"
    condition: ClassVar[str] = ""
    settings: ClassVar[tuple[str, ...]] = ()
    record: type[R]
    curve: ClassVar[str | None] = None
    revision: ClassVar[int] = 1

    def of(self, index: int) -> str:
        """Return the name of this stage of round `index` within a run: of its folder, manifest."""
        return stage_id(index, self.name)

    def read(self, manifests: Mapping[str, Manifest], index: int) -> R:
        """Return the record of this stage in round `index`.

        Args:
            manifests: of finished stages, including this one.
            index: of the round.

        Raises:
            IpipError: it is not of this version.
        """
        stage_id = self.of(index)
        return self.record.from_dict(manifests[stage_id].results, stage_id)

    def takes_part(self, settings: RunSettings, index: int) -> bool:
        """Return whether round `index` of a run has this stage."""
        return self.is_in_round(index) and self.is_wanted(settings, index)

    def is_in_round(self, index: int) -> bool:
        """Return whether round `index` can have it."""
        return self.rounds in ("all", "first" if index == 0 else "later")

    def is_wanted(self, settings: RunSettings, index: int) -> bool:
        """Return whether the settings include it in a round that can have it."""
        return True

    def settings_in(self, within: Round) -> tuple[str, ...]:
        """Return the part of `settings` that counts in a round."""
        return self.settings

    @abstractmethod
    def inputs(self, within: Round) -> tuple[str, ...]:
        """Return the names (`of`) of the stages that it reads in a round."""

    def teacher_calls(self, settings: RunSettings) -> int:
        """Return how many evaluations of the teacher a budget must still allow for it to start."""
        return 0

    @abstractmethod
    def disk_bytes(self, sizes: RunSizes) -> int:
        """Return an estimate of its output in bytes."""

    @abstractmethod
    def forecast(self, basis: CostBasis, index: int) -> Forecast:
        """Return its work in round `index`, with an estimated cost."""

    def damage(self, run: RunFolder, index: int) -> str | None:
        """Name what later stages would lack of a finished one beside its outputs; None: none."""
        return None

    @abstractmethod
    def work(self, run: StageRun) -> StageResult[R]:
        """Make the outputs in the stage's folder."""


@dataclasses.dataclass(frozen=True)
class BoundStage:
    """A stage in one round of a run, with everything on which its results depend.

    Attributes:
        stage: the kind of step.
        round: in which it is done.
        settings: the part of the settings (JSON-able) that changes its results.
        inputs: names of the stages it reads.
        disk_bytes: estimate of its output.
        without_influence: paths in `settings` of earlier versions that do not change its
            results.
    """

    stage: Stage[Any]
    round: Round
    settings: dict[str, Any]
    inputs: tuple[str, ...]
    disk_bytes: int = 0
    without_influence: frozenset[str] = frozenset()

    @property
    def stage_id(self) -> str:
        """Name within the run."""
        return self.stage.of(self.round.index)
