"""The trainings of stages as tasks: a training reads its stage's inputs and writes its folder."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar, cast

from ipip.config.run import RunSettings
from ipip.errors import InputError
from ipip.execution.executor import perform_where
from ipip.execution.task import Outcome, Task
from ipip.pipeline.reporter import SilentReporter
from ipip.pipeline.stage import Round, StageResult, StageRun
from ipip.records.manifest import Manifest, read_manifest
from ipip.records.run_folder import RunFolder
from ipip.records.stage_record import StageRecord

R = TypeVar("R", bound=StageRecord)
TRAININGS: Mapping[str, str] = {
    "pretrain": "ipip.stages.work.training:pretrain",
    "finetune": "ipip.stages.work.training:finetune",
    "committee": "ipip.stages.work.committee:committee",
    "baseline": "ipip.stages.work.baseline:train_baseline",
}
"""The work of each training: a function of a `StageRun` that returns a `StageResult`."""


@dataclasses.dataclass(frozen=True)
class TrainingTask(Task):
    """The training of a stage.

    Attributes:
        run: input of the stage.
        training: which of `TRAININGS`.
    """

    kind: ClassVar[str] = "training"
    together: ClassVar[bool] = True
    run: StageRun
    training: str

    @property
    def title(self) -> str:
        """The name of its stage."""
        return f"{self.training} of {self.run.folder.parent.name}"

    def plain(self) -> dict[str, Any]:
        """Return the stage, and digests of its inputs, as JSON-able values."""
        within = self.run.round
        return {
            "training": self.training,
            "run": str(self.run.run.root),
            "folder": str(self.run.folder),
            "settings": within.settings.model_dump(mode="json", exclude={"execution"}),
            "round": within.index,
            "chain": list(within.chain),
            "inputs": {name: own.outputs_digest for name, own in self.run.manifests.items()},
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> TrainingTask:
        """Return the task.

        Raises:
            InputError: an input stage differs from the one for which the task was written.
        """
        run = RunFolder(Path(plain["run"]))
        manifests = {name: _manifest(run, name, digest) for name, digest in plain["inputs"].items()}
        settings = RunSettings.model_validate(plain["settings"])
        within = Round(settings, plain["round"], tuple(plain["chain"]))
        folder = Path(plain["folder"])
        return cls(StageRun(run, folder, manifests, SilentReporter(), within), plain["training"])

    def perform(self, folder: Path) -> Outcome:
        """Train; an earlier attempt is continued from its last checkpoint."""
        result = self.train()
        return Outcome(
            {
                "outputs": [
                    path.relative_to(self.run.folder).as_posix() for path in result.outputs
                ],
                "record": result.record.as_dict(),
                "teacher_calls": result.teacher_calls,
                "times": result.times,
                "seeds": result.seeds,
                "note": result.note,
            },
            result.outputs,
        )

    def train(self) -> StageResult[Any]:
        """Train; return the outcome of the stage."""
        module, _, name = TRAININGS[self.training].partition(":")
        return cast(StageResult[Any], getattr(importlib.import_module(module), name)(self.run))


def train_where(run: StageRun, training: str, record: type[R]) -> StageResult[R]:
    """Run a stage's training on the executor's resource for trainings, else here.

    Args:
        run: input of the stage.
        training: which of `TRAININGS`.
        record: type of its record.
    """
    task = TrainingTask(run, training)
    if run.executor.resource("training") is None:
        return task.train()
    value = perform_where(run.executor, "training", task)
    return StageResult(
        outputs=tuple(run.folder / name for name in value["outputs"]),
        record=record.from_dict(value["record"], str(run.folder)),
        teacher_calls=value["teacher_calls"],
        times=value["times"],
        seeds=value["seeds"],
        note=value["note"],
    )


def _manifest(run: RunFolder, name: str, digest: str) -> Manifest:
    manifest = read_manifest(run.stage(name))
    if manifest is None or manifest.outputs_digest != digest:
        raise InputError(
            f"{run.stage(name)} differs from the one for which this task was written; `ipip run` "
            "with the run's settings writes a new one"
        )
    return manifest
