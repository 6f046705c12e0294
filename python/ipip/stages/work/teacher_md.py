"""Exploration by the teacher: MD from every start, several runs at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ipip.config.run import UnlabelledSettings
from ipip.data import Frame, file_digest, read_frames, write_frames
from ipip.errors import IpipError
from ipip.pipeline.reporter import Reporter
from ipip.pipeline.seeds import derive_seed
from ipip.pipeline.stage import StageResult, StageRun
from ipip.stages.teacher_md import RUNS_FOLDER
from ipip.stages.work.starts import Start, exploration_starts
from ipip.storage.json_file import write_sealed
from ipip.storage.sealed import DamagedError, read_sealed
from ipip.teachers import MDJob, MDResult, Teacher, TeacherInfo

TEACHER_FILE = "teacher.json"
# What a record held before it had a seal.
_OLD_RECORD = {field.name for field in dataclasses.fields(MDResult)}
_OLD_TEACHER = {field.name for field in dataclasses.fields(TeacherInfo)}


def explore_with_teacher(run: StageRun) -> StageResult:
    """Run the teacher's MD; runs that are whole from an earlier attempt are kept."""
    settings = run.settings
    starts = exploration_starts(settings)
    seeds = {start.name: derive_seed(settings.seed, 0, "explore", start.name) for start in starts}
    records = run_teacher(settings, starts, seeds, run.folder, run.reporter)
    return _result(run, run.folder / RUNS_FOLDER, records, seeds)


def run_teacher(
    settings: UnlabelledSettings,
    starts: Sequence[Start],
    seeds: Mapping[str, int],
    folder: Path,
    reporter: Reporter,
) -> list[dict[str, Any]]:
    """Run the teacher's MD from each start; runs that a folder has from before are kept.

    Args:
        settings: `teacher` and `teacher_md` count.
        starts: one for each run.
        seeds: of the runs, by name.
        folder: gets `runs/` (frames and a record of each run) and `teacher.json`.
        reporter: is told the progress.

    Returns:
        The record of each run, in the order of the starts.

    Raises:
        IpipError: no run ended well, or the teacher cannot be used.
    """
    runs = folder / RUNS_FOLDER
    runs.mkdir(parents=True, exist_ok=True)
    open_starts = [start for start in starts if _record(runs, start.name) is None]
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

            with Teacher(settings.teacher, folder) as teacher:
                write_sealed(folder / TEACHER_FILE, teacher.info.as_dict())
                teacher.run_md(
                    jobs,
                    settings.teacher_md,
                    progress=progress,
                    on_result=lambda result: _store(runs, result),
                    checkpoints=runs,
                )
    records = [_record(runs, start.name) or {} for start in starts]
    if not any(record.get("state") == "finished" and record["frames"] for record in records):
        reasons = "; ".join(
            sorted({str(record.get("reason", "its record is damaged")) for record in records})
        )
        raise IpipError(
            f"{folder}: no run of the teacher's MD ended well ({reasons}); lower its "
            "temperature or timestep, or give it relax_steps"
        )
    return records


def read_runs(folder: Path, runs: Sequence[Mapping[str, Any]]) -> dict[str, list[Frame]]:
    """Return the frames of the finished runs by name; failed runs are left out, as in the paper.

    Args:
        folder: of the stage.
        runs: what its manifest says of each run.
    """
    finished = sorted(str(run["name"]) for run in runs if run["state"] == "finished")
    return {name: read_frames(folder / RUNS_FOLDER / f"{name}.xyz") for name in finished}


def _store(folder: Path, result: MDResult) -> None:
    """Write the frames, then the record that says that they are whole."""
    path = folder / f"{result.name}.xyz"
    if result.frames:
        write_frames(path, result.frames)
    digest = file_digest(path) if result.frames else None
    write_sealed(folder / f"{result.name}.json", result.as_dict() | {"frames_digest": digest})


def _record(folder: Path, name: str) -> dict[str, Any] | None:
    """Return what a run came to, if it has ended and its frames are what was written."""
    try:
        record = read_sealed(folder / f"{name}.json", lambda plain: set(plain) == _OLD_RECORD)
        known = record.pop("frames_digest", None)
        if known is not None and file_digest(folder / f"{name}.xyz") != known:
            return None
    except (OSError, DamagedError):
        return None
    return record


def read_teacher(folder: Path) -> dict[str, Any]:
    """Return which teacher ran.

    Raises:
        IpipError: the record is damaged.
    """
    try:
        return read_sealed(folder / TEACHER_FILE, lambda plain: set(plain) == _OLD_TEACHER)
    except (OSError, DamagedError) as error:
        raise IpipError(
            f"{error}; remove {folder}, whose runs are of a teacher that is not known any more, "
            "and run the same command again"
        ) from None


def _result(
    run: StageRun, folder: Path, records: list[dict[str, Any]], seeds: dict[str, int]
) -> StageResult:
    finished = [record for record in records if record["state"] == "finished"]
    frames = sum(record["frames"] for record in finished)
    timed = [record["us_per_atom_step"] for record in finished if record["us_per_atom_step"]]
    names = ("name", "state", "reason", "step", "frames")
    info = read_teacher(run.folder)
    info.pop("start_s", None)
    failed = len(records) - len(finished)
    return StageResult(
        outputs=tuple(
            path for record in records if (path := folder / f"{record['name']}.xyz").is_file()
        ),
        results={
            "runs": [{name: record[name] for name in names} for record in records],
            "frames": frames,
            "teacher": info,
            "teacher_calls": sum(record["step"] or 0 for record in records),
        },
        times={"us_per_atom_step": sum(timed) / len(timed)} if timed else {},
        seeds=seeds,
        note=f"{frames} frames from {len(finished)} runs"
        + (f"; {failed} failed and are left out" if failed else ""),
    )
