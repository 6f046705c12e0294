"""Labels of kept frames: none that is not finite gets into a pretraining set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ipip.config.quick import quick_values
from ipip.config.run import RunSettings
from ipip.data import Frame, write_frames
from ipip.decisions.pretraining_set import SetEntry
from ipip.errors import IpipError
from ipip.export import save_student
from ipip.models import Student
from ipip.pipeline.reporter import SilentReporter
from ipip.pipeline.stage import Round, StageRun
from ipip.records.frame_origins import origin_of
from ipip.records.pretraining_set import PretrainingSet
from ipip.records.run_folder import RunFolder
from ipip.stages.finetune import FINETUNE
from ipip.stages.label import LABEL
from ipip.stages.work.relabel import _relabelled


def test_a_broken_student_is_reported_even_where_its_features_are_trusted(
    make_student: Callable[..., Student], tmp_path: Path
) -> None:
    settings = RunSettings.model_validate(
        quick_values()
        | {"rounds": 2, "iteration": {"kept_labels": "trust", "uncertainty": "distance"}}
    )
    run = StageRun(
        RunFolder(tmp_path), tmp_path, {}, SilentReporter(), Round(settings, index=1, chain=(0,))
    )
    frames = [
        Frame(
            numbers=np.array([42, 16, 8]),
            positions=np.array([[0.0, 0, 0], [2.2, 0, 0], [0, 1.7 + 0.1 * step, 0]]),
            cell=np.zeros((3, 3)),
            pbc=np.zeros(3, bool),
            energy=-1.0,
            forces=np.zeros((3, 3)),
            info={"traj": "a", "md_step": step},
        )
        for step in range(4)
    ]
    for name in (LABEL.record.TRAIN, LABEL.record.VALID):
        path = run.path(LABEL.of(0), name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_frames(path, frames)
    student = make_student()
    with torch.no_grad():
        student.get_parameter("readout.2.weight").fill_(float("inf"))  # features stay finite
    path = run.path(FINETUNE.of(0), FINETUNE.record.STUDENT)
    path.parent.mkdir(parents=True)
    save_student(student, path)
    entries = [SetEntry(f"round_000/a/{k}", 0, "teacher", number=k) for k in range(4)]
    origins = [
        origin_of(frame, entry.frame_id, 0.0) for frame, entry in zip(frames, entries, strict=True)
    ]
    known = PretrainingSet(entries, {0: frames}, {0: origins})
    with pytest.raises(IpipError, match="gives non-finite forces on 3 kept frames"):
        _relabelled(known, range(4), run)
