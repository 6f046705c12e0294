"""Copies finished stages from other runs with the same settings and inputs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from ipip.errors import IpipError
from ipip.pipeline.stage import BoundStage
from ipip.pipeline.validity import is_same_work
from ipip.records.journal import append_event
from ipip.records.manifest import Manifest, changed_outputs, read_manifest
from ipip.records.run_folder import RunFolder

PARTIAL = ".taking-over"  # outside the rounds, which never hold a partial stage


def take_over(
    run: RunFolder, stage: BoundStage, done: Mapping[str, Manifest], donors: Sequence[Path]
) -> Manifest | None:
    """Copy a stage from the first donor that finished it under the same key, undamaged.

    Files are hard links if the file system allows: a finished stage is never rewritten.

    Args:
        run: the run that needs the stage.
        stage: with all inputs done.
        done: manifests of finished stages.
        donors: other run folders.

    Returns:
        The stage's manifest, or None if no donor has it.
    """
    if not donors:
        return None
    target = run.stage(stage.stage_id)
    for donor in donors:
        source = RunFolder(donor).stage(stage.stage_id)
        if source.absolute() == target.absolute():
            continue
        try:
            manifest = read_manifest(source)
        except IpipError:
            continue
        if manifest is None or changed_outputs(source, manifest):
            continue
        if not is_same_work(stage, done, manifest.key, manifest.settings):
            continue
        partial = run.root / PARTIAL
        shutil.rmtree(partial, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, partial, symlinks=True, copy_function=_link)
        if changed_outputs(partial, manifest):  # a copy on another file system may go wrong
            shutil.rmtree(partial)
            continue
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
        append_event(run.journal, "stage_taken_over", stage=stage.stage_id, key=manifest.key)
        return manifest
    return None


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
    return target
