"""Teachers and reference levels: calculators in separate processes that explore and label."""

from __future__ import annotations

from ipip.teachers.calculator import TeacherCalculator
from ipip.teachers.label_file import label_file
from ipip.teachers.labelling import Labelling, label_frames
from ipip.teachers.process import FrameError, TeacherError
from ipip.teachers.results import MDJob, MDResult, TeacherInfo
from ipip.teachers.teacher import Teacher

__all__ = [
    "FrameError",
    "Labelling",
    "MDJob",
    "MDResult",
    "Teacher",
    "TeacherCalculator",
    "TeacherError",
    "TeacherInfo",
    "label_file",
    "label_frames",
]
