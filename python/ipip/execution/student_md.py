"""MD of students in LAMMPS as tasks: explorations and stability runs."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ipip.config.execution import Work
from ipip.config.md import Guards, StudentMDSettings
from ipip.errors import InputError, IpipError
from ipip.execution.bundles import bundles
from ipip.execution.executor import Executor
from ipip.execution.plain_frames import frame_of, plain_frame
from ipip.execution.task import Outcome, Task
from ipip.lammps import StudentRun, Verdict, run_many
from ipip.lammps.run import known_verdict
from ipip.lammps.run_facts import read_progress
from ipip.lammps.run_record import VERDICT_FILE

US_PER_ATOM_STEP = 20.0  # of a student nobody has timed, on one core
START_S = 0.5  # of a LAMMPS process
Progress = Callable[[int, int], None]
Told = Callable[[StudentRun, Verdict], None]


@dataclasses.dataclass(frozen=True)
class StudentMDTask(Task):
    """Runs of a student's MD.

    Attributes:
        jobs: the runs; each has its own folder, which holds its result.
        processes: LAMMPS processes at a time.
        launcher: command that starts MPI ranks to spread the runs over instead.
        frames: a run is done only where its frames, too, are what it wrote.
    """

    kind: ClassVar[str] = "student_md"
    jobs: tuple[StudentRun, ...]
    processes: int = 1
    launcher: tuple[str, ...] = ()
    frames: bool = True

    @property
    def title(self) -> str:
        """Which runs."""
        first, more = self.jobs[0].folder, len(self.jobs) - 1
        return f"student MD {first.name}" + (f" and {more} more" if more else "")

    def plain(self) -> dict[str, Any]:
        """Return the runs as JSON-able values."""
        return {
            "jobs": [_plain(job) for job in self.jobs],
            "processes": self.processes,
            "launcher": list(self.launcher),
            "frames": self.frames,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> StudentMDTask:
        """Return the task.

        Raises:
            InputError: a student, or a deck, is not the one that the task is about.
        """
        return cls(
            jobs=tuple(_job(job) for job in plain["jobs"]),
            processes=plain["processes"],
            launcher=tuple(plain["launcher"]),
            frames=plain["frames"],
        )

    def perform(self, folder: Path) -> Outcome:
        """Run what has no verdict yet."""
        verdicts = self.run()
        broken = [
            f"{job.folder}: {verdict.message}"
            for job, verdict in zip(self.jobs, verdicts, strict=True)
            if verdict.state == "failed"
        ]
        if broken:
            raise IpipError(f"LAMMPS broke in {len(broken)} of {len(verdicts)} runs: {broken[0]}")
        return Outcome(
            value={"verdicts": [verdict.as_dict() for verdict in verdicts]},
            files=tuple(job.folder / VERDICT_FILE for job in self.jobs),
        )

    def run(self, progress: Progress | None = None, on_result: Told | None = None) -> list[Verdict]:
        """Run what has no verdict yet; see `ipip.lammps.run_many`."""
        return run_many(
            self.jobs, self.processes, progress, on_result, self.launcher, frames=self.frames
        )


def run_students(
    jobs: Sequence[StudentRun],
    executor: Executor,
    work: Work,
    *,
    processes: int,
    launcher: Sequence[str] = (),
    progress: Progress | None = None,
    on_result: Told | None = None,
    frames: bool = True,
) -> list[Verdict]:
    """Run student MD where the executor has a resource for it, else here.

    Args:
        jobs: each with a folder of its own.
        executor: decides where.
        work: `student_md` or `stability`.
        processes: LAMMPS processes at a time, here.
        launcher: command that starts MPI ranks, here.
        progress: called with (MD steps done, MD steps in all).
        on_result: called in this thread with each job and its verdict.
        frames: a job is done only where its frames, too, are what its run wrote.

    Returns:
        The verdicts in the order of the jobs; one that broke is "failed" here, and an error where
        it was tried elsewhere.
    """
    resource = executor.resource(work)
    if resource is None or not jobs:
        whole = StudentMDTask(tuple(jobs), processes, tuple(launcher), frames)
        return whole.run(progress, on_result)
    if len({job.folder.absolute() for job in jobs}) < len(jobs):
        raise InputError("two student runs share a folder; give each its own")
    own = tuple(shlex.split(resource.launcher))
    verdicts: dict[Path, Verdict] = {}
    for job in jobs:
        known = known_verdict(job, frames=frames)
        if known is not None:
            verdicts[job.folder] = known
            if on_result is not None:
                on_result(job, known)
    waiting = [job for job in jobs if job.folder not in verdicts]
    for job in waiting:  # frames that are damaged: a result that names the verdict is so, too
        (job.folder / VERDICT_FILE).unlink(missing_ok=True)
    tasks = [
        StudentMDTask(tuple(bundle), 1, own, frames)
        for bundle in bundles(waiting, _seconds(waiting), executor.bundle_s, executor.places(work))
    ]

    def finished(task: Task, result: dict[str, Any]) -> None:
        assert isinstance(task, StudentMDTask)
        for job, plain in zip(task.jobs, result["value"]["verdicts"], strict=True):
            verdict = Verdict.from_dict(plain)
            verdicts[job.folder] = verdict
            if on_result is not None:
                on_result(job, verdict)

    total = sum(job.md.steps for job in jobs)

    def watch() -> None:
        if progress is not None:
            done = (
                job.md.steps
                if job.folder in verdicts
                else min(job.md.steps, read_progress(job.folder))
                for job in jobs
            )
            progress(sum(done), total)

    executor.run(work, tasks, finished, watch)
    watch()
    return [verdicts[job.folder] for job in jobs]


def _seconds(jobs: Sequence[StudentRun]) -> float:
    """Return what a run may take on one core."""
    if not jobs:
        return 0.0
    steps = sum(job.md.steps * len(job.frame) for job in jobs) / len(jobs)
    return START_S + US_PER_ATOM_STEP * 1e-6 * steps


def _plain(job: StudentRun) -> dict[str, Any]:
    if job.pair is not None:
        raise InputError(f"{job.folder}: a run of another potential is no task; run it here")
    return {
        "model": str(job.model.absolute()),
        "program": None if job.program is None else str(job.program.absolute()),
        "frame": plain_frame(job.frame),
        "md": job.md.model_dump(mode="json"),
        "guards": job.guards.model_dump(mode="json"),
        "folder": str(job.folder.absolute()),
        "seed": job.seed,
        "min_distances": [[*pair, distance] for pair, distance in job.min_distances.items()],
        "symbols": None if job.symbols is None else list(job.symbols),
        "digest": job.digest(),
    }


def _job(plain: Mapping[str, Any]) -> StudentRun:
    job = StudentRun(
        model=Path(plain["model"]),
        frame=frame_of(plain["frame"]),
        md=StudentMDSettings.model_validate(plain["md"]),
        guards=Guards.model_validate(plain["guards"]),
        folder=Path(plain["folder"]),
        seed=plain["seed"],
        min_distances={(a, b): distance for a, b, distance in plain["min_distances"]},
        symbols=None if plain["symbols"] is None else tuple(plain["symbols"]),
        program=None if plain["program"] is None else Path(plain["program"]),
    )
    if not job.model.is_file():
        raise InputError(f"{job.model}: no such student; the task in {job.folder} needs it")
    if job.digest() != plain["digest"]:
        raise InputError(
            f"{job.model} or the deck of the runs in {job.folder} is not the one that this task "
            "was written for; run the command again that wrote it"
        )
    return job
