"""Runs stages in order: done ones are skipped, unfinished ones continued, changed ones refused."""

from __future__ import annotations

import datetime
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ipip.errors import InputError, IpipError
from ipip.loop.digest import digest_json
from ipip.loop.disk import full_disk_explained, require_space
from ipip.loop.folder import RunFolder
from ipip.loop.journal import append_event
from ipip.loop.manifest import (
    Manifest,
    describe_outputs,
    missing_outputs,
    read_manifest,
    write_manifest,
)
from ipip.loop.reporter import Reporter
from ipip.loop.reuse import take_over
from ipip.loop.stage import Stage, StageRun
from ipip.loop.stop import Stopped
from ipip.loop.storage import read_json, write_json
from ipip.loop.versions import installed_versions

STARTED = "started.json"
DISCARDED = "discarded"


def stage_key(stage: Stage, manifests: Mapping[str, Manifest]) -> str:
    """Return the digest of all that decides what a stage makes: settings and inputs."""
    return digest_json(
        {
            "stage": stage.identity,
            "settings": stage.settings,
            "inputs": {name: manifests[name].outputs_digest for name in stage.inputs},
        }
    )


def find_done(run: RunFolder, stages: Sequence[Stage]) -> dict[str, Manifest]:
    """Return the manifests of finished stages, after checking that they fit the stages.

    Raises:
        InputError: settings changed for finished stages; the message lists them and what differs.
        IpipError: a finished stage lost outputs, or follows an unfinished one.
    """
    found = {stage.identity: read_manifest(run.stage(stage.identity)) for stage in stages}
    done: dict[str, Manifest] = {}
    changed: list[str] = []
    for stage in stages:
        manifest = found[stage.identity]
        if manifest is None:
            continue
        if manifest.settings != stage.settings:
            differences = describe_differences(manifest.settings, stage.settings)
            changed.append(f"  {stage.identity}: {'; '.join(differences[:4])}")
        gone = missing_outputs(run.stage(stage.identity), manifest)
        if gone:
            raise IpipError(
                f"{run.stage(stage.identity)}: {gone[0]} is missing or was changed after the "
                f"stage was done; compute it again with --from-stage {stage.identity}"
            )
        done[stage.identity] = manifest
    if changed:
        first = changed[0].split(":")[0].strip()
        raise InputError(
            f"{run.root}: the settings changed for stages that are done:\n"
            + "\n".join(changed)
            + f"\nuse a new folder with --dir, put the old settings back ({run.config_lock.name} "
            "has them), or set these results aside and compute them again with --from-stage "
            f"{first}"
        )
    for stage in stages:
        if stage.identity not in done:
            continue
        lost = [name for name in stage.inputs if name not in done]
        fresh = not lost and done[stage.identity].key == stage_key(stage, done)
        if not fresh:
            raise IpipError(
                f"{run.stage(stage.identity)}: was made from other results than those now in "
                f"the folder; compute it again with --from-stage {stage.identity}"
            )
    return done


def describe_differences(before: Any, after: Any, at: str = "") -> list[str]:
    """Return what differs between two nested settings, as ``key.path: old -> new``."""
    if isinstance(before, dict) and isinstance(after, dict):
        lines = []
        for name in sorted({*before, *after}):
            inner = f"{at}.{name}" if at else str(name)
            lines += describe_differences(before.get(name), after.get(name), inner)
        return lines
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        lines = []
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            lines += describe_differences(old, new, f"{at}[{index}]")
        return lines
    return [] if before == after else [f"{at}: {before!r} -> {after!r}"]


def set_aside(run: RunFolder, stages: Sequence[Stage], first: str) -> Path | None:
    """Move the stage called `first` and all after it out of the way; nothing is deleted.

    Returns:
        The folder that now holds them, or None where there was nothing to move.

    Raises:
        InputError: there is no such stage.
    """
    names = [stage.identity for stage in stages]
    if first not in names:
        raise InputError(f"--from-stage {first}: no such stage; this run has {', '.join(names)}")
    rest = [name for name in names[names.index(first) :] if run.stage(name).exists()]
    if not rest:
        return None
    count = len(list((run.root / DISCARDED).glob("*"))) if (run.root / DISCARDED).exists() else 0
    aside = run.root / DISCARDED / f"{count + 1:03d}"
    for name in reversed(rest):  # so that what is left at any moment is a run up to some stage
        (aside / name).parent.mkdir(parents=True, exist_ok=True)
        run.stage(name).rename(aside / name)
    if run.summary.exists():
        run.summary.rename(aside / run.summary.name)
    append_event(run.journal, "set_aside", stages=rest, to=aside.relative_to(run.root).as_posix())
    return aside


def run_stages(
    run: RunFolder,
    stages: Sequence[Stage],
    reporter: Reporter,
    after_stage: Callable[[Stage], None] = lambda stage: None,
    donors: Sequence[Path] = (),
) -> dict[str, Manifest]:
    """Do every stage that is not done; return all manifests.

    The caller holds the run's lock.

    Args:
        run: the run folder.
        stages: all stages in order.
        reporter: is told the progress.
        after_stage: called with each stage that was done now.
        donors: other run folders, from which finished stages with the same key are taken over.

    Raises:
        InputError: settings changed for finished stages.
        IpipError: a stage failed; all finished ones are kept.
    """
    done = find_done(run, stages)
    for number, stage in enumerate(stages, start=1):
        if stage.identity in done:
            reporter.stage_skipped(stage.identity)
            continue
        taken = take_over(run, stage.identity, stage_key(stage, done), donors)
        if taken is not None:
            append_event(run.journal, "stage_taken_over", stage=stage.identity, key=taken.key)
            reporter.message(f"{stage.identity} was taken over from another run")
            done[stage.identity] = taken
            after_stage(stage)
            continue
        reporter.stage_started(stage.identity, stage.title, number, len(stages))
        with full_disk_explained(run.stage(stage.identity)):
            manifest, note = _do(run, stage, done, reporter)
        done[stage.identity] = manifest
        reporter.stage_finished(stage.identity, manifest.wall_s, note)
        after_stage(stage)
    return done


def _do(
    run: RunFolder, stage: Stage, done: Mapping[str, Manifest], reporter: Reporter
) -> tuple[Manifest, str]:
    folder = run.stage(stage.identity)
    key = stage_key(stage, done)
    inputs = {name: done[name] for name in stage.inputs}
    require_space(folder, stage.disk_bytes, f"stage {stage.identity}")
    append_event(run.journal, "stage_started", stage=stage.identity, key=key)
    started = _now()
    clock = time.perf_counter()
    try:
        prepare_folder(folder, key)
        result = stage.work(StageRun(run, folder, inputs, reporter))
        manifest = Manifest(
            stage=stage.identity,
            key=key,
            settings=stage.settings,
            inputs={name: manifest.outputs_digest for name, manifest in inputs.items()},
            outputs=describe_outputs(folder, result.outputs),
            results=result.results,
            times=result.times,
            seeds=result.seeds,
            versions=installed_versions(),
            started=started,
            finished=_now(),
            wall_s=round(time.perf_counter() - clock, 3),
        )
        write_manifest(folder, manifest)
    except Stopped:
        append_event(run.journal, "stopped", stage=stage.identity)
        raise
    except Exception as error:
        append_event(run.journal, "stage_failed", stage=stage.identity, error=str(error)[:500])
        raise
    append_event(run.journal, "stage_done", stage=stage.identity, wall_s=manifest.wall_s)
    return manifest, result.note


def prepare_folder(folder: Path, key: str) -> None:
    """Make the stage's folder ready: what another key left there is removed, its own stays."""
    marker = folder / STARTED
    if folder.exists():
        try:
            same = read_json(marker).get("key") == key
        except (OSError, ValueError, AttributeError):
            same = False
        if not same:
            shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(marker, {"key": key})


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
