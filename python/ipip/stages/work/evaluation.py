"""A student's errors on held-out frames and its speed, as a task."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from ipip.config.run import RunSettings
from ipip.data import file_digest, read_frames, write_frames
from ipip.errors import InputError, IpipError
from ipip.evaluation import metrics, predict_file
from ipip.execution.task import Outcome, Task
from ipip.lammps import run_student_md
from ipip.pipeline.load import Load, LoadWatch
from ipip.pipeline.seeds import derive_seed
from ipip.stages.work.frames import frame_energy_errors, frame_errors
from ipip.stages.work.starts import speed_box

SPEED_TEMPERATURE = 300.0


@dataclasses.dataclass(frozen=True)
class EvaluationTask(Task):
    """Errors on two files of frames, and the time of a step in LAMMPS.

    Attributes:
        settings: of the run.
        model: student file.
        test, valid: files of labelled frames.
        predicted: file for the test frames with the student's labels.
        speed: folder for the timed run.
    """

    kind: ClassVar[str] = "evaluation"
    settings: RunSettings
    model: Path
    test: Path
    valid: Path
    predicted: Path
    speed: Path

    @property
    def title(self) -> str:
        """Name of the student."""
        return f"evaluation of {self.model.parent.parent.name}/{self.model.parent.name}"

    def plain(self) -> dict[str, Any]:
        """Return settings, files and their digests as JSON-able values."""
        read = {"model": self.model, "test": self.test, "valid": self.valid}
        written = {"predicted": self.predicted, "speed": self.speed}
        return {
            "settings": self.settings.model_dump(mode="json", exclude={"execution"}),
            "read": {name: [str(path), file_digest(path)] for name, path in read.items()},
            "written": {name: str(path) for name, path in written.items()},
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> EvaluationTask:
        """Return the task.

        Raises:
            InputError: a file differs from the one for which the task was written.
        """
        for name, digest in plain["read"].values():
            if not Path(name).is_file() or file_digest(Path(name)) != digest:
                raise InputError(f"{name} differs from the file for which this task was written")
        return cls(
            settings=RunSettings.model_validate(plain["settings"]),
            **{name: Path(path) for name, (path, _) in plain["read"].items()},
            **{name: Path(path) for name, path in plain["written"].items()},
        )

    def perform(self, folder: Path) -> Outcome:
        """Evaluate and time the student."""
        test, valid = read_frames(self.test), read_frames(self.valid)
        device = self.settings.student_device
        predicted = predict_file(self.model, test, device)
        write_frames(self.predicted, predicted)
        pace, load = self._time()
        return Outcome(
            {
                "test": dict(metrics(test, predicted)),
                "valid": dict(metrics(valid, predict_file(self.model, valid, device))),
                "test_frame_errors": frame_errors(test, predicted),
                "test_frame_energy_errors": frame_energy_errors(test, predicted),
                "us_per_atom_step": pace,
                "load": load.as_times(),
            },
            (self.predicted,),
        )

    def _time(self) -> tuple[float, Load]:
        """Return µs per atom and step of MD in LAMMPS, on the teacher's timing box.

        Also return the machine's load during the timing.
        """
        settings = self.settings
        steps = settings.speed.student_steps
        quiet = {"frame_interval": steps, "ring_interval": steps, "thermo_interval": steps}
        md = settings.student_md.unbiased().model_copy(
            update={
                "steps": steps,
                "temperature": SPEED_TEMPERATURE,
                "minimize_steps": 100,
                **quiet,
            }
        )
        seed, box = derive_seed(settings.seed, "speed"), speed_box(settings)
        with LoadWatch() as watch:
            verdict = run_student_md(self.model, box, md, settings.guards, self.speed, seed)
        if verdict.us_per_atom_step is None:
            raise IpipError(f"{self.speed}: the student's MD could not be timed: {verdict.message}")
        return verdict.us_per_atom_step, watch.load
