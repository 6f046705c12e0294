"""All folders that are damaged, by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.faults.data_folders import explored, harvest, labels, stores
from tests.faults.run_folders import (
    finished_loop,
    loop_in_student_md,
    loop_in_teacher_md,
    loop_in_training,
)
from tests.faults.stability_folders import dumps_to_harvest, stability
from tests.faults.study_folder import finished_study
from tests.faults.subject import Subject
from tests.faults.training_folders import training

SUBJECTS: dict[str, Callable[[Path], Subject]] = {
    "loop": finished_loop,
    "student-md": loop_in_student_md,
    "training": loop_in_training,
    "teacher-md": loop_in_teacher_md,
    "train": lambda scratch: training(scratch, "a finished `ipip train`", True),
    "train-killed": lambda scratch: training(scratch, "a killed `ipip train`", False),
    "stability": lambda scratch: stability(scratch, "a finished `ipip stability`", True),
    "stability-killed": lambda scratch: stability(scratch, "a killed `ipip stability`", False),
    "dumps": dumps_to_harvest,
    "explore": explored,
    "harvest": harvest,
    "label": lambda scratch: labels(scratch, "a finished `ipip label`", True),
    "label-killed": lambda scratch: labels(scratch, "a killed `ipip label`", False),
    "stores": stores,
    "study": finished_study,
}
