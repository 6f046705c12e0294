"""Labels of many frames by a student in memory."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from ipip.data.frame import Frame
from ipip.evaluation.predict_file import label_frames
from ipip.evaluation.students import open_student
from ipip.export import has_kernels, save_student
from ipip.models import Student
from ipip.train.prediction.predict import predict

Labeller = Callable[[Sequence[Frame]], list[Frame]]


def labeller(student: Student) -> Labeller:
    """Return what labels frames as `predict` does, by the kernels where they run the student.

    It is worth its start-up for some tens of frames. The student is copied: what is done to it
    afterwards changes nothing where kernels run it.
    """
    with tempfile.TemporaryDirectory(prefix="ipip-student-") as folder:
        path = Path(folder) / "student.pt"
        save_student(student, path)
        if not has_kernels(path):
            return functools.partial(predict, student)
        return functools.partial(label_frames, open_student(path)[0])
