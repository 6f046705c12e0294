"""Exploration by the teacher: MD from every start, several runs at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from ipip.config.run import UnlabelledSettings
from ipip.errors import IpipError
from ipip.execution.executor import Executor, LocalExecutor
from ipip.execution.teacher_md import frames_file, read_record, run_teacher_md
from ipip.pipeline.reporter import Reporter
from ipip.pipeline.seeds import derive_seed
from ipip.pipeline.stage import StageResult, StageRun
from ipip.stages.teacher_md import (
    TEACHER_MD,
    TeacherIdentity,
    TeacherMDRecord,
    TeacherRunRecord,
)
from ipip.stages.work.starts import Start, exploration_starts
from ipip.storage.sealed import DamagedError, read_sealed
from ipip.teachers import MDJob, TeacherInfo


def explore_with_teacher(run: StageRun) -> StageResult[TeacherMDRecord]:
    """Run the teacher's MD; complete runs of an earlier attempt are kept."""
    settings = run.settings
    starts = exploration_starts(settings, settings.teacher_md.temperature)
    seeds = {start.name: derive_seed(settings.seed, 0, "explore", start.name) for start in starts}
    records = run_teacher(settings, starts, seeds, run.folder, run.reporter, run.executor)
    return _result(run, records, seeds)


@dataclasses.dataclass(frozen=True)
class EndedRun:
    """A finished run of the teacher's MD in a folder.

    Attributes:
        record: its outcome.
        us_per_atom_step: µs of wall time for an atom and a step, or None without steps.
    """

    record: TeacherRunRecord
    us_per_atom_step: float | None

    @property
    def is_finished(self) -> bool:
        """Whether it ended well."""
        return self.record.state == "finished"


def run_teacher(
    settings: UnlabelledSettings,
    starts: Sequence[Start],
    seeds: Mapping[str, int],
    folder: Path,
    reporter: Reporter,
    executor: Executor | None = None,
) -> list[EndedRun]:
    """Run the teacher's MD from each start; earlier runs in the folder are kept.

    Args:
        settings: `teacher` and `teacher_md` count.
        starts: one for each run.
        seeds: of the runs, by name.
        folder: receives `runs/` (frames and a record of each run) and `teacher.json`.
        reporter: receives the progress.
        executor: performs it here or elsewhere; None: here.

    Returns:
        The outcome of each run, in the order of the starts.

    Raises:
        IpipError: no run ended well, or the teacher cannot be used.
    """
    executor = executor or LocalExecutor()
    runs = folder / TEACHER_MD.record.RUNS
    runs.mkdir(parents=True, exist_ok=True)
    states = {start.name: _ended(runs, start.name) for start in starts}
    open_starts = [start for start in starts if states[start.name] is None]
    if open_starts:
        jobs = [
            MDJob(
                start.name,
                start.frame,
                seeds[start.name],
                settings.teacher_md.model_copy(update={"temperature": start.temperature}),
            )
            for start in open_starts
        ]
        steps = settings.teacher_md.steps * len(jobs)
        with reporter.tasks("teacher MD steps", steps) as advance:
            shown = 0

            def progress(done: int, _total: int) -> None:
                nonlocal shown
                advance(done - shown)
                shown = done

            about = folder / TEACHER_MD.record.TEACHER
            run_teacher_md(settings.teacher, jobs, runs, about, executor, progress)
        states |= {start.name: _ended(runs, start.name) for start in open_starts}
    ended = []
    for start in starts:
        run = states[start.name]
        if run is None:
            raise IpipError(
                f"{runs}: the record or the frames of run {start.name} changed since they were "
                "written; check the disk and run the same command again"
            )
        ended.append(run)
    if not any(run.is_finished and run.record.frames for run in ended):
        reasons = "; ".join(sorted({str(run.record.reason) for run in ended}))
        raise IpipError(
            f"{folder}: no run of the teacher's MD ended well ({reasons}); lower its "
            "temperature or timestep, or give it relax_steps"
        )
    return ended


def _ended(folder: Path, name: str) -> EndedRun | None:
    """Return the outcome of a run, if it has ended and its frames are undamaged."""
    plain = read_record(folder, name)
    if plain is None:
        return None
    try:
        figures = {field: plain[field] for field in TeacherRunRecord.model_fields}
        return EndedRun(TeacherRunRecord.model_validate(figures), plain["us_per_atom_step"])
    except (KeyError, ValidationError):
        return None


def read_teacher(folder: Path) -> TeacherInfo:
    """Return the identity of the teacher.

    Raises:
        IpipError: the record is damaged.
    """
    try:
        return TeacherInfo(**read_sealed(folder / TEACHER_MD.record.TEACHER))
    except (OSError, DamagedError, TypeError) as error:
        raise IpipError(
            f"{error}; remove {folder}, whose runs are of an unknown teacher, "
            "and run the same command again"
        ) from None


def _result(
    run: StageRun, ended: Sequence[EndedRun], seeds: dict[str, int]
) -> StageResult[TeacherMDRecord]:
    finished = [one for one in ended if one.is_finished]
    frames = sum(one.record.frames for one in finished)
    timed = [one.us_per_atom_step for one in finished if one.us_per_atom_step]
    info = read_teacher(run.folder)
    failed = len(ended) - len(finished)
    runs = run.folder / TEACHER_MD.record.RUNS
    return StageResult(
        outputs=tuple(
            path for one in ended if (path := frames_file(runs, one.record.name)).is_file()
        ),
        record=TeacherMDRecord(
            runs=tuple(one.record for one in ended),
            frames=frames,
            teacher=TeacherIdentity(
                kind=info.kind,
                model=info.model,
                modal=info.modal,
                weights_digest=info.weights_digest,
                versions=info.versions,
            ),
        ),
        teacher_calls=sum(one.record.step for one in ended),
        times={"us_per_atom_step": sum(timed) / len(timed)} if timed else {},
        seeds=seeds,
        note=f"{frames} frames from {len(finished)} runs"
        + (f"; {failed} failed and are discarded" if failed else ""),
    )
