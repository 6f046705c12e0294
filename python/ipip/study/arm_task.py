"""Arms of a study as tasks: one task computes one run folder of the loop."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ipip.config.execution import ExecutionSettings
from ipip.config.run import RunSettings
from ipip.execution.executor import Executor
from ipip.execution.task import Outcome, Task
from ipip.loop.run import run_loop


@dataclasses.dataclass(frozen=True)
class ArmTask(Task):
    """One arm with one seed.

    Attributes:
        settings: of its run, which does all its work where the task runs.
        folder: its run folder.
        donors: run folders whose finished stages may be reused.
    """

    kind: ClassVar[str] = "arm"
    settings: RunSettings
    folder: Path
    donors: tuple[Path, ...]

    @property
    def title(self) -> str:
        """Arm and seed."""
        return f"arm {self.folder.name} of {self.folder.parent.name}"

    def plain(self) -> dict[str, Any]:
        """Return settings and folders as JSON-able values."""
        return {
            "settings": self.settings.model_dump(mode="json", exclude={"execution"}),
            "folder": str(self.folder.absolute()),
            "donors": [str(donor.absolute()) for donor in self.donors],
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> ArmTask:
        """Return the task."""
        donors = tuple(Path(donor) for donor in plain["donors"])
        return cls(RunSettings.model_validate(plain["settings"]), Path(plain["folder"]), donors)

    def perform(self, folder: Path) -> Outcome:
        """Run the loop, or continue it."""
        local = self.settings.model_copy(update={"execution": ExecutionSettings()})
        summary = run_loop(local, self.folder, donors=self.donors)
        return Outcome({"verdict": summary["verdict"]})


def run_arms(
    waves: Sequence[Sequence[ArmTask]], executor: Executor, message: Callable[[str], None]
) -> None:
    """Run arms if the executor has a resource for them; each wave starts after the previous one.

    The first wave computes what arms share; the others reuse it.

    Args:
        waves: arms that may run at the same time.
        executor: with a resource for `arms`.
        message: called when an arm is done.
    """
    for wave in waves:
        executor.run(
            "arms",
            wave,
            lambda task, result: message(f"{task.title}: {result['value']['verdict']}"),
        )
