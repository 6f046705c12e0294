"""How far a run is."""

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
        identity: name within the run.
        state: ``done``, ``running``, ``begun`` (by a driver that is gone), ``open``, ``left out``
            (a rule ended the run before it), or ``damaged`` (its manifest cannot be believed).
        wall_s: s it took, where it is done.
        expected_s: s it may take, from the last round's stage of the same name, where it is open.
    """

    identity: str
    state: str
    wall_s: float | None = None
    expected_s: float | None = None


@dataclasses.dataclass(frozen=True)
class Now:
    """What the driver is doing.

    Attributes:
        stage: name of the stage.
        task: what is counted, such as ``student MD steps``; None where nothing is.
        done, total: steps of the task.
        elapsed_s: s since the stage began.
        left_s: s until the task is done at its pace so far; None before it is known.
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
        summary: `verdict` says so where no round is finished.
        now: what a driver is doing; None where none works on the run.
        stopped: why no further stage follows; None where one does.
        driven: a driver works on the run, be it between two stages.
        failed: what ended the last driver, where a stage failed.
        problem: what is missing or damaged, as far as a look without reading large files can say;
            the summary is then that of no round.
    """

    root: Path
    stages: tuple[StageState, ...]
    summary: dict[str, Any]
    now: Now | None = None
    stopped: str | None = None
    driven: bool = False
    failed: str | None = None
    problem: str | None = None

    @property
    def left_s(self) -> tuple[float, bool] | None:
        """Wall time (s) until the run is done, and whether that is all of it.

        It is what the last round's stages took; of stages that no round has done yet nothing is
        known. None where nothing is.
        """
        ahead = [stage for stage in self.stages if stage.state in {"open", "begun", "running"}]
        known = [stage.expected_s for stage in ahead if stage.expected_s is not None]
        if not known:
            return None
        gone = self.now.elapsed_s if self.now is not None else 0.0
        return max(0.0, sum(known) - gone), len(known) == len(ahead)


def read_status(root: Path) -> RunState:
    """Read the run folder `root`; nothing in it is changed.

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
        summary["verdict"] = "something is damaged: no figure is shown"
    return RunState(root, states, summary, now, stopped, driven, failed, problem)


def _last_failure(run: RunFolder) -> str | None:
    """Return what ended the last driver; None where no stage failed."""
    events = read_events(run.journal)
    if not events or events[-1].get("event") != "stage_failed":
        return None
    return f"{events[-1].get('stage')} failed: {events[-1].get('error')}"


def read_now(run: RunFolder) -> Now | None:
    """Return what the driver of a run is doing; None where none works on it."""
    state = read_progress(run.progress)
    if state is None or not _alive(run):
        return None
    with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
        return _now(run, state)
    return None  # the note is damaged; it is for people alone


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
    left = spent * (total - done) / done if done else None
    return Now(state["stage"], task["name"], done, total, elapsed, left)


def _alive(run: RunFolder) -> bool:
    """Say whether the process that holds the lock lives.

    Whether one lives on another machine (a node of a cluster) cannot be seen from here: as long as
    it has not given the lock back it is believed to.
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
    """Return how far the training in a stage's folder is, from its own table."""
    try:
        total = read_json(folder / PRETRAIN.record.PLAN)["steps"]
        with (folder / PRETRAIN.record.EPOCHS).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        done = int(rows[-1]["step"]) if rows else 0
    except (OSError, ValueError, KeyError, TypeError):  # a row that is being written
        return None
    return {"name": "optimiser steps", "done": done, "total": total}


def _state(
    run: RunFolder,
    identity: str,
    manifests: dict[str, Manifest],
    now: Now | None,
    ended: bool,
) -> StageState:
    if identity in manifests:
        return StageState(identity, "done", manifests[identity].wall_s)
    expected = _expected(identity, manifests)
    if now is not None and now.stage == identity:
        return StageState(identity, "running", None, expected)
    if ended:
        return StageState(identity, "left out")
    state = "begun" if run.stage(identity).exists() else "open"
    return StageState(identity, state, None, expected)


def _expected(identity: str, manifests: dict[str, Manifest]) -> float | None:
    """Return how long the last round's stage of the same kind took, in s; None where there is none.

    Round 0 explores with the teacher, which says nothing of the students' MD: another stage.
    """
    kind = find_stage(identity)
    same = [manifest for name, manifest in manifests.items() if find_stage(name) is kind]
    return same[-1].wall_s if same else None


def _summary(manifests: dict[str, Manifest], settings: RunSettings) -> dict[str, Any]:
    """Return the summary as the manifests give it: summary.json is a view of the same."""
    if not evaluated_rounds(manifests):
        return {
            "verdict": "no round is finished yet",
            "teacher": None,
            "rounds": [],
            "best_round": None,
            "stopped": None,
        }
    return summarise(manifests, settings)
