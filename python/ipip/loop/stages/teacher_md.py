"""Exploration by the teacher: MD from every start, several runs at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ipip.config.run import RunSettings, UnlabelledSettings
from ipip.data import Frame, read_frames, write_frames
from ipip.errors import IpipError
from ipip.loop.reporter import Reporter
from ipip.loop.seeds import derive_seed
from ipip.loop.stage import StageResult, StageRun
from ipip.loop.starts import Start, exploration_starts
from ipip.loop.storage import read_json, write_json
from ipip.teachers import MDJob, MDResult, Teacher

RUNS_FOLDER = "runs"


def explore_with_teacher(settings: RunSettings, run: StageRun) -> StageResult:
    """Run the teacher's MD; runs that are whole from an earlier attempt are kept."""
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
    open_starts = [start for start in starts if not (runs / f"{start.name}.json").exists()]
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
                write_json(folder / "teacher.json", teacher.info.as_dict())
                teacher.run_md(
                    jobs,
                    settings.teacher_md,
                    progress=progress,
                    on_result=lambda result: _store(runs, result),
                    checkpoints=runs,
                )
    records = [read_json(runs / f"{start.name}.json") for start in starts]
    if not any(record["state"] == "finished" and record["frames"] for record in records):
        reasons = "; ".join(sorted({str(record["reason"]) for record in records}))
        raise IpipError(
            f"{folder}: no run of the teacher's MD ended well ({reasons}); lower its "
            "temperature or timestep, or give it relax_steps"
        )
    return records


def read_runs(folder: Path) -> dict[str, list[Frame]]:
    """Return the frames of the finished runs by name; failed runs are left out, as in the paper."""
    runs = {}
    for path in sorted((folder / RUNS_FOLDER).glob("*.json")):
        if read_json(path)["state"] == "finished":
            runs[path.stem] = read_frames(path.with_suffix(".xyz"))
    return runs


def _store(folder: Path, result: MDResult) -> None:
    """Write the frames, then the record that says that they are whole."""
    if result.frames:
        write_frames(folder / f"{result.name}.xyz", result.frames)
    write_json(folder / f"{result.name}.json", result.as_dict())


def _result(
    run: StageRun, folder: Path, records: list[dict[str, Any]], seeds: dict[str, int]
) -> StageResult:
    finished = [record for record in records if record["state"] == "finished"]
    frames = sum(record["frames"] for record in finished)
    timed = [record["us_per_atom_step"] for record in finished if record["us_per_atom_step"]]
    names = ("name", "state", "reason", "step", "frames")
    info = read_json(run.folder / "teacher.json")
    info.pop("start_s", None)
    failed = len(records) - len(finished)
    return StageResult(
        outputs=tuple(
            path for record in records for path in sorted(folder.glob(f"{record['name']}.xyz"))
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
