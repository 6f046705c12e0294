"""The state and progress of a run."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import os
import socket
import time
from pathlib import Path
from typing import Any

from ipip.config.run import RunSettings
from ipip.execution.record import ExecutionState, read_execution
from ipip.pipeline.watch import read_progress
from ipip.records.config_lock import read_settings
from ipip.records.integrity import AGAIN, changed_files, inconsistency
from ipip.records.journal import read_events
from ipip.records.manifest import Manifest, survey_manifests
from ipip.records.run_folder import RunFolder
from ipip.stages.listing import find_stage, names_of_run
from ipip.stages.pretrain import PRETRAIN
from ipip.storage.json_file import read_json
from ipip.views.outcomes import evaluated_rounds, stop_reason
from ipip.views.summary import summarise


@dataclasses.dataclass(frozen=True)
class StageState:
    """State of one stage.

    Attributes:
        stage_id: name within the run.
        state: ``done``, ``running``, ``begun`` (by a driver that has ended), ``open``, ``left out``
            (a rule ended the run before it), or ``damaged`` (its manifest is).
        wall_s: wall time, s, if it is done.
        expected_s: s, wall time of the last round's stage of the same name, if it is open.
    """

    stage_id: str
    state: str
    wall_s: float | None = None
    expected_s: float | None = None


@dataclasses.dataclass(frozen=True)
class Now:
    """The driver's present work.

    Attributes:
        stage: name of the stage.
        task: the counted unit, such as ``student MD steps``; None without one.
        done, total: steps of the task.
        elapsed_s: s since the stage started.
        left_s: s until the task is done, at its rate so far; None if unknown.
    """

    stage: str
    task: str | None
    done: int
    total: int
    elapsed_s: float
    left_s: float | None


@dataclasses.dataclass(frozen=True)
class RunState:
    """Stages of a run, and its summary so far.

    Attributes:
        root: run folder.
        stages: in order.
        summary: `verdict` reports if no round is finished.
        now: the driver's present work; None without a driver.
        stopped: why no further stage follows; None if one does.
        driven: a driver works on the run, perhaps between two stages.
        failed: the error of the last driver, if a stage failed.
        problem: what is missing or damaged, as far as a check without reading large files shows;
            the summary then covers no round.
        execution: blocks, tasks and failures, if work runs on a cluster.
    """

    root: Path
    stages: tuple[StageState, ...]
    summary: dict[str, Any]
    now: Now | None = None
    stopped: str | None = None
    driven: bool = False
    failed: str | None = None
    problem: str | None = None
    execution: ExecutionState | None = None

    @property
    def left_s(self) -> tuple[float, bool] | None:
        """Wall time (s) until the run is done, and whether it covers all stages.

        The estimate is the time of the last round's stages; stages that no round has done yet
        are not in it. None if it covers no stage.
        """
        ahead = [stage for stage in self.stages if stage.state in {"open", "begun", "running"}]
        expected = [stage.expected_s for stage in ahead if stage.expected_s is not None]
        if not expected:
            return None
        elapsed = self.now.elapsed_s if self.now is not None else 0.0
        return max(0.0, sum(expected) - elapsed), len(expected) == len(ahead)


def read_status(root: Path) -> RunState:
    """Read the run folder `root` without changing it.

    Raises:
        InputError: it is not a run folder.
    """
    run = RunFolder(root)
    settings = read_settings(run)
    survey = survey_manifests(run)
    manifests = survey.manifests
    problem = next((f"{name}: {error.reason}" for name, error in survey.unreadable.items()), None)
    problem = problem or inconsistency(manifests)
    problem = problem or changed_files(run, manifests, manifests, by_size=True)
    if problem is not None:
        problem = f"{run.root}: {problem}; {AGAIN}"
    stopped = None if problem else stop_reason(manifests, settings.stop, settings.rounds)
    now = read_now(run)
    states = tuple(
        StageState(name, "damaged")
        if name in survey.unreadable
        else _state(run, name, manifests, now, stopped is not None)
        for name in names_of_run(settings)
    )
    driven = now is not None or _alive(run)
    failed = None if driven else _last_failure(run)
    summary = _summary(manifests if problem is None else {}, settings)
    if problem is not None:
        summary["verdict"] = "something is damaged: no figures are shown"
    execution = read_execution(run.root)
    return RunState(root, states, summary, now, stopped, driven, failed, problem, execution)


def _last_failure(run: RunFolder) -> str | None:
    """Return the error of the last driver; None if no stage failed."""
    events = read_events(run.journal)
    if not events or events[-1].get("event") != "stage_failed":
        return None
    return f"{events[-1].get('stage')} failed: {events[-1].get('error')}"


def read_now(run: RunFolder) -> Now | None:
    """Return the present work of a run's driver; None without one."""
    state = read_progress(run.progress)
    if state is None or not _alive(run):
        return None
    with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
        return _now(run, state)
    return None  # the note is damaged; no decision depends on it


def _now(run: RunFolder, state: dict[str, Any]) -> Now | None:
    if not state.get("stage"):
        return None
    clock = time.time()
    elapsed = clock - float(state["began"])
    task = state["task"] or _training_task(run.stage(state["stage"]))
    if task is None:
        return Now(state["stage"], None, 0, 0, elapsed, None)
    done, total = int(task["done"]), int(task["total"])
    spent = clock - float(task.get("began", state["began"]))
    remaining = spent * (total - done) / done if done else None
    return Now(state["stage"], task["name"], done, total, elapsed, remaining)


def _alive(run: RunFolder) -> bool:
    """Return whether the process that holds the lock runs.

    A process on another machine (a node of a cluster) cannot be checked: it counts as running
    until it releases the lock.
    """
    try:
        owner = read_json(run.lock)
        if owner.get("host", socket.gethostname()) != socket.gethostname():
            return True
        os.kill(int(owner["pid"]), 0)
    except PermissionError:
        return True
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return True


def _training_task(folder: Path) -> dict[str, Any] | None:
    """Return the progress of the training in a stage's folder, from its table."""
    try:
        total = read_json(folder / PRETRAIN.record.PLAN)["steps"]
        with (folder / PRETRAIN.record.EPOCHS).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        done = int(rows[-1]["step"]) if rows else 0
    except (OSError, ValueError, KeyError, TypeError):  # a partly written row
        return None
    return {"name": "optimiser steps", "done": done, "total": total}


def _state(
    run: RunFolder,
    stage_id: str,
    manifests: dict[str, Manifest],
    now: Now | None,
    ended: bool,
) -> StageState:
    if stage_id in manifests:
        return StageState(stage_id, "done", manifests[stage_id].wall_s)
    expected = _expected(stage_id, manifests)
    if now is not None and now.stage == stage_id:
        return StageState(stage_id, "running", None, expected)
    if ended:
        return StageState(stage_id, "left out")
    state = "begun" if run.stage(stage_id).exists() else "open"
    return StageState(stage_id, state, None, expected)


def _expected(stage_id: str, manifests: dict[str, Manifest]) -> float | None:
    """Return the wall time (s) of the last round's stage of the same kind; None without one.

    Round 0 explores with the teacher, whose times do not predict the times of student MD.
    """
    kind = find_stage(stage_id)
    same = [manifest for name, manifest in manifests.items() if find_stage(name) is kind]
    return same[-1].wall_s if same else None


def _summary(manifests: dict[str, Manifest], settings: RunSettings) -> dict[str, Any]:
    """Return the summary from the manifests, from which summary.json is also made."""
    if not evaluated_rounds(manifests):
        return {
            "verdict": "no round is finished yet",
            "teacher": None,
            "rounds": [],
            "best_round": None,
            "stopped": None,
        }
    return summarise(manifests, settings)
