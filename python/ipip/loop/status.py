"""How far a run is."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import yaml

from ipip.errors import InputError
from ipip.loop.folder import RunFolder, stage_id, stage_names
from ipip.loop.manifest import read_manifest
from ipip.loop.storage import read_json


@dataclasses.dataclass(frozen=True)
class StageState:
    """State of one stage: ``done``, ``begun`` or ``open``; wall time (s) where it is done."""

    identity: str
    state: str
    wall_s: float | None = None


@dataclasses.dataclass(frozen=True)
class RunState:
    """Stages of a run, and its summary so far (``verdict`` says so where no round is finished)."""

    root: Path
    stages: tuple[StageState, ...]
    summary: dict[str, Any]


def read_status(root: Path) -> RunState:
    """Read a run folder.

    Raises:
        InputError: it is not a run folder.
    """
    run = RunFolder(root)
    try:
        settings = yaml.safe_load(run.config_lock.read_text(encoding="utf-8"))
        rounds = int(settings["rounds"])
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError):
        raise InputError(
            f"{root}: is not a run folder (it has no readable {run.config_lock.name}); `ipip "
            "run CONFIG --dir FOLDER` makes one"
        ) from None
    names = [stage_id(index, name) for index in range(rounds + 1) for name in stage_names(index)]
    return RunState(root, tuple(_state(run, name) for name in names), _summary(run))


def _state(run: RunFolder, identity: str) -> StageState:
    folder = run.stage(identity)
    manifest = read_manifest(folder)
    if manifest is not None:
        return StageState(identity, "done", manifest.wall_s)
    return StageState(identity, "begun" if folder.exists() else "open")


def _summary(run: RunFolder) -> dict[str, Any]:
    try:
        summary: dict[str, Any] = read_json(run.summary)
    except FileNotFoundError:
        return {
            "verdict": "no round is finished yet",
            "teacher": None,
            "rounds": [],
            "best_round": None,
        }
    return summary
