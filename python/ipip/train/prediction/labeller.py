"""Labels of many frames by a student in memory."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from ipip.data.frame import Frame
from ipip.evaluation.predict_file import label_frames
from ipip.models import Student
from ipip.train.prediction.opened import has_kernels, open_in_memory
from ipip.train.prediction.predict import predict

Labeller = Callable[[Sequence[Frame]], list[Frame]]


def labeller(student: Student, device: str = "cpu") -> Labeller:
    """Return what labels frames as `predict` does, by the kernels where they run the student.

    It is worth its start-up for some tens of frames. The student is copied: what is done to it
    afterwards changes nothing where kernels run it.

    Args:
        student: on the CPU, where it is to be run on another device.
        device: where it is run, see `open_student`.
    """
    if device == "cpu" and not has_kernels(student):
        return functools.partial(predict, student)
    return functools.partial(label_frames, open_in_memory(student, device=device))
