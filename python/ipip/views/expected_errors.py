"""Expected errors of a run's students: against the true ones, and along their explorations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ipip.data import Frame, read_frames
from ipip.data.provenance import Provenance
from ipip.errors import IpipError
from ipip.evaluation import open_student
from ipip.evaluation.expected_errors import measure_reliability
from ipip.lammps.trajectory import RunTrajectory
from ipip.records.manifest import Manifest
from ipip.records.run_folder import RunFolder
from ipip.report import ErrorsOverTime, ExpectedErrors
from ipip.stages.evaluate import EVALUATE
from ipip.stages.finetune import FINETUNE
from ipip.stages.label import LABEL
from ipip.stages.student_md import STUDENT_MD
from ipip.storage.sealed import DamagedError
from ipip.uncertainty import read_uncertainty

RUNS, FRAMES = 6, 40  # the runs drawn of each round, and the frames of each run


def expected_errors(run: RunFolder, rounds: list[int]) -> list[ExpectedErrors]:
    """Compare expected with true errors on the held-out frames, for each student that has them."""
    reference = read_frames(run.stage(LABEL.of(0)) / LABEL.record.TEST)
    curves = []
    for index in rounds:
        model = run.stage(FINETUNE.of(index)) / FINETUNE.record.STUDENT
        try:
            uncertainty = read_uncertainty(model)
            if uncertainty is None or not reference:
                continue
            predicted = read_frames(run.stage(EVALUATE.of(index)) / EVALUATE.record.TEST)
            measured = measure_reliability(
                open_student(model)[0], uncertainty, reference, predicted
            )
        except (OSError, IpipError):  # a file that was removed: the report shows the rest
            continue
        curves.append(
            ExpectedErrors(
                f"student {index}",
                tuple(measured.expected),
                tuple(measured.observed),
                measured.rank_correlation,
                measured.auc_worst_tenth,
                measured.below,
                measured.quantile,
            )
        )
    return curves


def errors_over_time(
    run: RunFolder, manifests: Mapping[str, Manifest], rounds: list[int]
) -> list[ErrorsOverTime]:
    """Follow the largest expected error of a force along some explorations of each round."""
    curves: list[ErrorsOverTime] = []
    for index in rounds[1:]:
        explored = manifests[STUDENT_MD.of(index)]
        students = {FINETUNE.of(earlier): earlier for earlier in range(index)}
        base = next(students[name] for name in explored.inputs if name in students)
        model = run.stage(FINETUNE.of(base)) / FINETUNE.record.STUDENT
        entries = STUDENT_MD.read(manifests, index).runs
        place = run.stage(explored.stage) / STUDENT_MD.record.RUNS
        for k in _evenly(len(entries), RUNS):
            entry = entries[k]
            points = _along(model, place / entry.name)
            if points:
                times, errors = zip(*points, strict=True)
                curves.append(
                    ErrorsOverTime(index, base, entry.name, entry.is_unstable, times, errors)
                )
    return curves


def _along(model: Path, folder: Path) -> list[tuple[float, float]]:
    """Return ps and largest expected error (eV/Å) of some frames of a run; none if it has none."""
    try:
        if read_uncertainty(model) is None:
            return []
        trajectory = RunTrajectory(folder)
        steps = trajectory.steps()
        selected = [int(steps[k]) for k in _evenly(len(steps), FRAMES)]
        frames = [frame for frame in trajectory.frames(selected) if _is_finite(frame)]
        evaluated = open_student(model)[0].evaluate_frames(frames)
    except (OSError, DamagedError, IpipError):
        return []
    ps = [1e-3 * trajectory.timestep * Provenance.of(frame).run_and_step[1] for frame in frames]
    return [
        (time, done.largest_uncertainty)
        for time, done in zip(ps, evaluated, strict=True)
        if done.largest_uncertainty is not None
    ]


def _is_finite(frame: Frame) -> bool:
    return bool(np.isfinite(frame.positions).all() and np.isfinite(frame.cell).all())


def _evenly(available: int, count: int) -> list[int]:
    """Return indices of `count` of `available` items, evenly spread, first and last included."""
    if available <= count:
        return list(range(available))
    return np.unique(np.linspace(0, available - 1, count).round().astype(int)).tolist()
