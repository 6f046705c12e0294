"""MD of the teacher as tasks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ipip.config.md import TeacherMDSettings
from ipip.config.teacher import TeacherSettings
from ipip.data import file_digest, write_frames
from ipip.execution.bundles import bundles
from ipip.execution.executor import Executor
from ipip.execution.kept_teacher import open_kept
from ipip.execution.plain_frames import frame_of, plain_frame
from ipip.execution.task import Outcome, Task
from ipip.storage.atomic import write_text
from ipip.storage.sealed import DamagedError, read_sealed, sealed_text
from ipip.teachers import MDJob, MDResult

US_PER_ATOM = 1500.0  # one evaluation of a teacher nobody has timed
FRAMES = ".lmdb"
Progress = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True)
class TeacherMDTask(Task):
    """Trajectories of a teacher.

    Attributes:
        teacher: which one.
        jobs: the trajectories, each with its own settings (`MDJob.md`).
        runs: folder that gets frames, record and state of each.
        about: file that says which teacher ran, from when it is loaded.
    """

    kind: ClassVar[str] = "teacher_md"
    takes_teacher: ClassVar[bool] = True
    teacher: TeacherSettings
    jobs: tuple[MDJob, ...]
    runs: Path
    about: Path

    @property
    def title(self) -> str:
        """Which trajectories."""
        more = len(self.jobs) - 1
        return f"teacher MD {self.jobs[0].name}" + (f" and {more} more" if more else "")

    def plain(self) -> dict[str, Any]:
        """Return the trajectories as JSON-able values."""
        return {
            "teacher": self.teacher.model_dump(mode="json"),
            "jobs": [
                {
                    "name": job.name,
                    "frame": plain_frame(job.frame),
                    "seed": job.seed,
                    "md": None if job.md is None else job.md.model_dump(mode="json"),
                }
                for job in self.jobs
            ],
            "runs": str(self.runs.absolute()),
            "about": str(self.about.absolute()),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> TeacherMDTask:
        """Return the task."""
        jobs = tuple(
            MDJob(
                job["name"],
                frame_of(job["frame"]),
                job["seed"],
                None if job["md"] is None else TeacherMDSettings.model_validate(job["md"]),
            )
            for job in plain["jobs"]
        )
        teacher = TeacherSettings.model_validate(plain["teacher"])
        return cls(teacher, jobs, Path(plain["runs"]), Path(plain["about"]))

    def perform(self, folder: Path) -> Outcome:
        """Run the trajectories that have no record yet."""
        self.run(folder)
        files = [path for job in self.jobs for path in record_files(self.runs, job.name)]
        return Outcome({"trajectories": [job.name for job in self.jobs]}, tuple(files))

    def run(self, logs: Path, progress: Progress | None = None) -> None:
        """Run the trajectories that have no record yet.

        Args:
            logs: folder for what the teacher's libraries print.
            progress: called with (MD steps done, MD steps in all).
        """
        waiting = [job for job in self.jobs if read_record(self.runs, job.name) is None]
        if not waiting:
            return
        md = waiting[0].md
        assert md is not None
        self.runs.mkdir(parents=True, exist_ok=True)
        with open_kept(self.teacher, logs) as teacher:
            write_text(self.about, sealed_text(teacher.info.as_dict()) + "\n")
            teacher.run_md(
                waiting,
                md,
                progress=progress,
                on_result=lambda result: store_record(self.runs, result),
                checkpoints=self.runs,
            )


def run_teacher_md(
    teacher: TeacherSettings,
    jobs: Sequence[MDJob],
    runs: Path,
    about: Path,
    executor: Executor,
    progress: Progress | None = None,
) -> None:
    """Run a teacher's MD where the executor has a resource for it, else here.

    Args:
        teacher: which one.
        jobs: trajectories without a record, each with its own settings.
        runs: folder of their frames and records; the folder above gets logs.
        about: file that says which teacher ran.
        executor: decides where.
        progress: called with (MD steps done, MD steps in all).
    """
    if executor.resource("teacher_md") is None:
        TeacherMDTask(teacher, tuple(jobs), runs, about).run(runs.parent, progress)
        return
    if not jobs:
        return
    seconds = sum(_seconds(job) for job in jobs) / len(jobs)
    alone = teacher.model_copy(update={"workers": 1})
    tasks = [
        TeacherMDTask(alone, tuple(bundle), runs, about)
        for bundle in bundles(jobs, seconds, executor.bundle_s, executor.places("teacher_md"))
    ]
    total = sum(job.md.steps for job in jobs if job.md is not None)
    done = 0

    def finished(task: Task, result: dict[str, Any]) -> None:
        nonlocal done
        assert isinstance(task, TeacherMDTask)
        done += sum(job.md.steps for job in task.jobs if job.md is not None)
        if progress is not None:
            progress(done, total)

    executor.run("teacher_md", tasks, finished)


def store_record(folder: Path, result: MDResult) -> None:
    """Write the frames, then the record that says that they are whole."""
    path = folder / f"{result.name}{FRAMES}"
    if result.frames:
        write_frames(path, result.frames)
    digest = file_digest(path) if result.frames else None
    record = result.as_dict() | {"frames_digest": digest}
    write_text(folder / f"{result.name}.json", sealed_text(record) + "\n")


def read_record(folder: Path, name: str) -> dict[str, Any] | None:
    """Return what a trajectory came to, if it has ended and its frames are what was written."""
    try:
        record = read_sealed(folder / f"{name}.json")
        known = record["frames_digest"]
        if known is not None and file_digest(frames_file(folder, name)) != known:
            return None
    except (OSError, DamagedError, KeyError):
        return None
    return record


def record_files(folder: Path, name: str) -> list[Path]:
    """Return the files of a trajectory that has ended."""
    return [folder / f"{name}.json", *filter(Path.is_file, [frames_file(folder, name)])]


def frames_file(folder: Path, name: str) -> Path:
    """Return the file of a trajectory's frames, there or not; earlier versions wrote text."""
    path = folder / f"{name}{FRAMES}"
    text = path.with_name(f"{name}.xyz")
    return text if text.exists() and not path.exists() else path


def _seconds(job: MDJob) -> float:
    steps = 0 if job.md is None else job.md.steps
    return US_PER_ATOM * 1e-6 * steps * len(job.frame)
