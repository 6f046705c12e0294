"""What a stage is: one kind of step, that step in one round of one run, and what it makes."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, TypeVar

from ipip.config.run import RunSettings
from ipip.pipeline.cost import CostBasis, Forecast, RunSizes
from ipip.pipeline.reporter import Reporter
from ipip.records.manifest import Manifest
from ipip.records.run_folder import RunFolder, stage_id
from ipip.records.stage_record import StageRecord

R = TypeVar("R", bound=StageRecord)


@dataclasses.dataclass(frozen=True)
class Round:
    """A round of a run, as far as it is known before its stages are run.

    Attributes:
        settings: of the run.
        index: of the round.
        chain: rounds that led to it, from 0 to the round it begins from; empty in round 0.
    """

    settings: RunSettings
    index: int
    chain: tuple[int, ...] = ()

    @property
    def base(self) -> int:
        """Round whose student and pretraining set this round begins from."""
        return self.chain[-1]


@dataclasses.dataclass(frozen=True)
class StageResult(Generic[R]):
    """What a stage made.

    Attributes:
        outputs: files in the stage's folder that later stages or the report read.
        record: its figures; equal for equal runs, so no times.
        teacher_calls: evaluations of the teacher, its MD included.
        times: measured times, by name.
        seeds: random seeds used, by task.
        note: what came out, in a few words.
    """

    outputs: tuple[Path, ...]
    record: R
    teacher_calls: int = 0
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
        reporter: gets the progress.
        round: the round it works in, with the settings of the run.
    """

    run: RunFolder
    folder: Path
    manifests: Mapping[str, Manifest]
    reporter: Reporter
    round: Round

    @property
    def settings(self) -> RunSettings:
        """Settings of the run."""
        return self.round.settings

    def path(self, stage_id: str, name: str) -> Path:
        """Return the path of an earlier stage's file."""
        return self.run.stage(stage_id) / name


class Stage(ABC, Generic[R]):
    """One kind of step of a round: all that is said of it anywhere, and its work.

    Importing a stage is cheap: its work imports what it needs.

    Attributes:
        name: within a round, and of its folder; the number before it is its place in the round.
        title: what it does, for people.
        label: what it does, in a word or two, for tables and figures.
        colour: in figures, #rrggbb.
        rounds: in which it takes part, where `is_wanted`.
        condition: what `is_wanted` wants, for people; empty: nothing.
        settings: names of settings (blocks, or one key of a block: ``iteration.start``) that may
            change what it makes. What earlier stages did counts through their outputs.
        record: type of what it leaves: its figures and the names of its files.
        curve: name of its learning curve, where it is a training.
        revision: of its code; raised where a change makes results of lower ones out of date.
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
            manifests: of stages that are done, this one among them.
            index: of the round.

        Raises:
            IpipError: it is not of this version.
        """
        stage_id = self.of(index)
        return self.record.from_dict(manifests[stage_id].results, stage_id)

    def takes_part(self, settings: RunSettings, index: int) -> bool:
        """Say whether round `index` of a run has this stage."""
        return self.is_in_round(index) and self.is_wanted(settings, index)

    def is_in_round(self, index: int) -> bool:
        """Say whether it is a stage of round `index`, where it is wanted."""
        return self.rounds in ("all", "first" if index == 0 else "later")

    def is_wanted(self, settings: RunSettings, index: int) -> bool:
        """Say whether the settings want it in a round that can have it."""
        return True

    def settings_in(self, within: Round) -> tuple[str, ...]:
        """Return those of `settings` that count in a round."""
        return self.settings

    @abstractmethod
    def inputs(self, within: Round) -> tuple[str, ...]:
        """Return the names (`of`) of the stages that it reads in a round."""

    def teacher_calls(self, settings: RunSettings) -> int:
        """Return how many evaluations of the teacher a budget must still allow for it to begin."""
        return 0

    @abstractmethod
    def disk_bytes(self, sizes: RunSizes) -> int:
        """Return an estimate of what it writes."""

    @abstractmethod
    def forecast(self, basis: CostBasis, index: int) -> Forecast:
        """Return what it will do in round `index`, and what that may cost."""

    def damage(self, run: RunFolder, index: int) -> str | None:
        """Say what later stages would miss of a finished one beside its outputs; None: nothing."""
        return None

    @abstractmethod
    def work(self, run: StageRun) -> StageResult[R]:
        """Make the outputs in the stage's folder."""


@dataclasses.dataclass(frozen=True)
class BoundStage:
    """A stage in one round of one run: what its results depend on.

    Attributes:
        stage: the kind of step.
        round: in which it is done.
        settings: the part of the settings (JSON-able) that changes what it makes.
        inputs: names of the stages it reads.
        disk_bytes: estimate of what it writes.
        without_influence: paths in `settings` of earlier versions that change nothing that it
            makes.
    """

    stage: Stage[Any]
    round: Round
    settings: dict[str, Any]
    inputs: tuple[str, ...]
    disk_bytes: int = 0
    without_influence: frozenset[str] = frozenset()

    @property
    def identity(self) -> str:
        """Name within the run."""
        return self.stage.of(self.round.index)
