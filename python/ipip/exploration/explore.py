"""Frames before there are labels: the teacher's MD, and diverse frames of it to label."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ipip.config.comparison import compare_settings, describe_differences
from ipip.config.influence import paths_without_influence
from ipip.config.run import UnlabelledSettings
from ipip.data import Frame, check_elements, frames_digest, read_frames, write_frames
from ipip.data.files import DATABASE_SUFFIXES, STORE_SUFFIXES, XYZ_SUFFIXES
from ipip.data.provenance import Provenance
from ipip.errors import InputError
from ipip.execution.teacher_md import frames_file
from ipip.exploration.diversity import choose_different, describe_frames, thin
from ipip.pipeline.cost import stored_bytes
from ipip.pipeline.reporter import Reporter, SilentReporter
from ipip.pipeline.seeds import derive_seed
from ipip.pipeline.stage_settings import pick
from ipip.pipeline.validity import STARTED, read_started
from ipip.pipeline.versions import installed_versions
from ipip.stages.teacher_md import TEACHER_MD
from ipip.stages.work.starts import Start, frame_starts
from ipip.stages.work.teacher_md import EndedRun, read_teacher, run_teacher
from ipip.storage.atomic import replaced_file
from ipip.storage.digest import json_digest
from ipip.storage.disk_space import full_disk_explained, require_space
from ipip.storage.json_file import write_json, write_sealed
from ipip.storage.lock import hold_lock

RECORD_FILE = "explore.json"
FEATURES_FILE = "features.npz"
CANDIDATES_PER_FRAME = 10  # described frames, for each selected one
CANDIDATES = 1000  # least number of described frames


@dataclasses.dataclass(frozen=True)
class Explored:
    """The result of an exploration.

    Attributes:
        chosen: number of written frames.
        candidates: number of frames from which they were selected.
        trajectories: runs without failure; frames of the others are not used.
        used: trajectories of the selected frames.
        failed: reason of each failed run, by name.
        features: source of the features used for the selection.
        temperatures: K; lowest and highest target temperature of the trajectories used.
        folder: the MD and the record of the choice.
    """

    chosen: int
    candidates: int
    trajectories: int
    used: int
    failed: dict[str, str]
    features: str
    temperatures: tuple[float, float]
    folder: Path


def exploration_folder(out: Path) -> Path:
    """Return the folder of the MD, beside the file of frames."""
    return out.with_name(f"{out.name}.explore")


def explore(
    settings: UnlabelledSettings,
    out: Path,
    *,
    frames: int,
    reporter: Reporter | None = None,
) -> Explored:
    """Run the teacher's MD from every system and write diverse frames of it, without labels.

    The boxes and seeds of these runs differ from all runs of the loop: no student has seen frames
    that become held-out labels. The same call resumes a stopped exploration, and with another
    number of frames selects again from the same MD.

    Each frame has in its info: `traj` (its run: split by it), `md_step`, `time_fs`,
    `target_temperature_k`, `temperature_k` (of the instant), `system`, and `config_type` (the
    name of the system in the settings).

    Args:
        settings: uses `seed`, `elements`, `teacher`, `systems` and `teacher_md`.
        out: file for the frames; the MD is stored in OUT.explore.
        frames: most frames to select.
        reporter: receives the progress.

    Raises:
        InputError: wrong settings, or the file or folder has other content.
        IpipError: every run failed, or another command uses the folder.
    """
    folder = exploration_folder(out)
    starts = check_exploration(settings)
    _check_place(out, folder)
    reporter = reporter or SilentReporter()
    with full_disk_explained(folder), hold_lock(folder / ".lock", "explore"):
        _begin(settings, folder)
        stored = settings.teacher_md.steps // settings.teacher_md.frame_interval
        needed = sum(stored_bytes(stored, len(start.frame)) for start in starts)
        require_space(folder, needed, "the exploration")
        seeds = {s.name: derive_seed(settings.seed, "labels", s.name) for s in starts}
        ended = run_teacher(settings, starts, seeds, folder, reporter)
        candidates = _candidates(settings, starts, ended, folder, frames)
        features, whose = _describe(candidates, settings, folder, reporter)
        order, distances = choose_different(features, frames, settings.harvest.duplicate_distance)
        chosen = [candidates[index] for index in order]
        failed = {run.record.name: str(run.record.reason) for run in ended if not run.is_finished}
        origins = [Provenance.of(frame) for frame in chosen]
        hot = [one.target_temperature_k or 0.0 for one in origins]
        explored = Explored(
            chosen=len(chosen),
            candidates=len(candidates),
            trajectories=len(ended) - len(failed),
            used=len({one.traj for one in origins}),
            failed=failed,
            features=whose,
            temperatures=(min(hot), max(hot)),
            folder=folder,
        )
        _record(explored, chosen, distances, seeds, folder)
        write_frames(out, chosen)
    return explored


def check_exploration(settings: UnlabelledSettings) -> list[Start]:
    """Build every start and check its elements; return the starts.

    Raises:
        InputError: a box cannot be built, or holds an element that `elements` lacks.
    """
    starts = frame_starts(settings)
    for start in starts:
        check_elements([start.frame], settings.elements, f"system {start.system}")
    md = settings.teacher_md
    if md.steps < md.frame_interval:
        raise InputError(
            f"teacher_md.steps is {md.steps} and frame_interval {md.frame_interval}: no frame "
            "would be kept; expected at least as many steps"
        )
    return starts


def _check_place(out: Path, folder: Path) -> None:
    suffixes = (*XYZ_SUFFIXES, *DATABASE_SUFFIXES, *STORE_SUFFIXES)
    if out.suffix.lower() not in suffixes:
        raise InputError(f"--out {out}: expected a file that ends in {', '.join(suffixes)}")
    if not out.absolute().parent.is_dir():
        raise InputError(f"--out {out}: the folder {out.absolute().parent} does not exist")
    if out.is_dir() or (folder.exists() and not folder.is_dir()):
        raise InputError(f"--out {out}: a file and a folder have each other's name; choose another")
    if out.exists() and read_started(folder) is None:
        raise InputError(
            f"--out {out}: already exists, and no exploration wrote it; choose another name"
        )


def _begin(settings: UnlabelledSettings, folder: Path) -> None:
    """Record the settings of the folder's MD; refuse to mix it with MD of other settings."""
    relevant = pick(settings, "teacher", "systems", "teacher_md")
    begun = read_started(folder)
    ignored = paths_without_influence(settings)
    differences = [] if begun is None else compare_settings(begun["settings"], relevant, ignored)
    if differences:
        raise InputError(
            f"{folder}: holds MD of other settings ({describe_differences(differences)}); choose "
            "another file with --out, or remove that folder"
        )
    if begun is None:
        write_sealed(folder / STARTED, {"key": json_digest(relevant), "settings": relevant})


def _candidates(
    settings: UnlabelledSettings,
    starts: Sequence[Start],
    ended: Sequence[EndedRun],
    folder: Path,
    frames: int,
) -> list[Frame]:
    """Return frames of the runs without failure, with their provenance and without labels."""
    place = folder / TEACHER_MD.record.RUNS
    runs: list[list[Frame]] = []
    for start, run in zip(starts, ended, strict=True):
        if not run.is_finished:
            continue
        runs.append(
            [
                _explored(frame, start, settings.teacher_md.timestep)
                for frame in read_frames(frames_file(place, start.name), require=())
            ]
        )
    everything = [frame for run in runs for frame in run]
    kept = thin([len(run) for run in runs], max(CANDIDATES, CANDIDATES_PER_FRAME * frames))
    return [everything[index] for index in kept]


def _explored(frame: Frame, start: Start, timestep: float) -> Frame:
    """Return a frame of a run's MD without labels, with its provenance; `timestep` in fs."""
    _, step = Provenance.of(frame).run_and_step
    return Provenance(
        config_type=start.system,
        target_temperature_k=start.temperature,
        time_fs=step * timestep,
    ).added_to(frame.replace(energy=None, forces=None, stress=None))


def _describe(
    candidates: Sequence[Frame], settings: UnlabelledSettings, folder: Path, reporter: Reporter
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], str]:
    """Return features of the candidates, from an earlier call if it described the same ones."""
    path = folder / FEATURES_FILE
    made_from = pick(settings, "teacher", "elements", "student.cutoff")
    key = json_digest([frames_digest(candidates), made_from])
    # numpy and zipfile raise many kinds on damaged files
    with contextlib.suppress(Exception), np.load(path) as stored:
        if str(stored["key"]) == key:
            return stored["features"], str(stored["whose"])
    features, whose = describe_frames(candidates, settings, folder, reporter)
    with replaced_file(path) as temporary:
        np.savez(temporary, features=features, key=key, whose=whose)
    return features, whose


def _record(
    explored: Explored,
    chosen: Sequence[Frame],
    distances: Sequence[float],
    seeds: dict[str, int],
    folder: Path,
) -> None:
    """Record the teacher of the frames, and the distance of each from all selected before."""
    write_json(
        folder / RECORD_FILE,
        {
            "teacher": read_teacher(folder).as_dict(),
            "versions": installed_versions(),
            "features": explored.features,
            "candidates": explored.candidates,
            "failed": explored.failed,
            "seeds": seeds,
            "chosen": [
                {
                    "traj": run,
                    "md_step": step,
                    "distance": distance if math.isfinite(distance) else None,
                }
                for (run, step), distance in zip(
                    (Provenance.of(frame).run_and_step for frame in chosen), distances, strict=True
                )
            ],
        },
    )
