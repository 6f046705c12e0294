"""Runs one stage: continues an earlier attempt, and writes the manifest last."""

from __future__ import annotations

import contextlib
import datetime
import shutil
import time
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path

from ipip.errors import IpipError
from ipip.execution.executor import Executor, LocalExecutor
from ipip.pipeline.reporter import Reporter
from ipip.pipeline.stage import BoundStage, StageRun
from ipip.pipeline.stop import Stopped
from ipip.pipeline.validity import STARTED, code_version, is_same_work, read_started, stage_key
from ipip.pipeline.versions import installed_versions
from ipip.records.integrity import changed_files
from ipip.records.journal import append_event
from ipip.records.manifest import Manifest, describe_outputs, write_manifest
from ipip.records.run_folder import RunFolder
from ipip.storage.disk_space import full_disk_explained, require_space, stages_kept
from ipip.storage.json_file import write_sealed


def run_stage(
    run: RunFolder,
    stage: BoundStage,
    done: Mapping[str, Manifest],
    reporter: Reporter,
    place: tuple[int, int] = (1, 1),
    executor: Executor | None = None,
) -> Manifest:
    """Run one unfinished stage; return its manifest.

    The caller holds the run's lock.

    Args:
        run: the run folder.
        stage: with all inputs done.
        done: manifests of finished stages.
        reporter: receives the progress.
        place: number of the stage, and number of all.
        executor: performs its work here or elsewhere; None: here.

    Raises:
        IpipError: the stage failed; the next attempt continues its work.
    """
    reporter.stage_started(stage.stage_id, stage.stage.title, *place)
    with full_disk_explained(run.stage(stage.stage_id), stages_kept):
        manifest, note = _do(run, stage, done, reporter, executor or LocalExecutor())
    reporter.stage_finished(stage.stage_id, manifest.wall_s, note)
    return manifest


def _do(
    run: RunFolder,
    stage: BoundStage,
    done: Mapping[str, Manifest],
    reporter: Reporter,
    executor: Executor,
) -> tuple[Manifest, str]:
    folder = run.stage(stage.stage_id)
    key = stage_key(stage, done)
    inputs = {name: done[name] for name in stage.inputs}
    changed = changed_files(run, done, stage.inputs)
    if changed is not None:
        raise IpipError(
            f"{run.root}: {changed}, and {stage.stage_id} reads it; run the same command again: it "
            "names the stages to compute again"
        )
    require_space(folder, stage.disk_bytes, f"stage {stage.stage_id}")
    append_event(run.journal, "stage_started", stage=stage.stage_id, key=key)
    started = _now()
    clock = time.perf_counter()
    try:
        before = prepare_folder(folder, stage, done)
        result = stage.stage.work(StageRun(run, folder, inputs, reporter, stage.round, executor))
        _require_declared(stage, folder, result.outputs)
        manifest = Manifest(
            stage=stage.stage_id,
            key=key,
            settings=stage.settings,
            inputs={name: manifest.outputs_digest for name, manifest in inputs.items()},
            outputs=describe_outputs(folder, result.outputs),
            results=result.record.as_dict(),
            teacher_calls=result.teacher_calls,
            times=result.times,
            seeds=result.seeds,
            versions=installed_versions(),
            code=code_version(stage),
            started=started,
            finished=_now(),
            wall_s=round(before + time.perf_counter() - clock, 3),
        )
        write_manifest(folder, manifest)
    except Stopped:
        _note_time(folder, time.perf_counter() - clock)
        append_event(run.journal, "stopped", stage=stage.stage_id)
        raise
    except Exception as error:
        _note_time(folder, time.perf_counter() - clock)
        append_event(run.journal, "stage_failed", stage=stage.stage_id, error=str(error)[:500])
        raise
    append_event(run.journal, "stage_done", stage=stage.stage_id, wall_s=manifest.wall_s)
    return manifest, result.note


def _require_declared(stage: BoundStage, folder: Path, outputs: Sequence[Path]) -> None:
    """Check that a stage wrote only its declared outputs, on which others rely."""
    writes = stage.stage.record.writes
    for path in outputs:
        name = path.relative_to(folder).as_posix()
        if not any(fnmatch(name, pattern) for pattern in writes):
            raise ValueError(
                f"stage {stage.stage_id} wrote {name}; it declares {', '.join(writes)}"
            )


def prepare_folder(folder: Path, stage: BoundStage, done: Mapping[str, Manifest]) -> float:
    """Prepare the stage's folder: remove files of other work, keep those of this stage.

    Returns:
        Wall time (s) of earlier attempts, as far as recorded.
    """
    begun = read_started(folder)
    if folder.exists() and (
        begun is None or not is_same_work(stage, done, begun["key"], begun["settings"])
    ):
        shutil.rmtree(folder)
        begun = None
    folder.mkdir(parents=True, exist_ok=True)
    before = float(begun.get("wall_s", 0.0)) if begun is not None else 0.0
    key = stage_key(stage, done)
    write_sealed(folder / STARTED, {"key": key, "settings": stage.settings, "wall_s": before})
    return before


def _note_time(folder: Path, seconds: float) -> None:
    """Record the wall time of an attempt that ended early, for the next one to count."""
    begun = read_started(folder)
    if begun is not None:
        before = float(begun.get("wall_s", 0.0))
        with contextlib.suppress(OSError):  # a full disk may have ended it
            write_sealed(folder / STARTED, begun | {"wall_s": before + seconds})


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
