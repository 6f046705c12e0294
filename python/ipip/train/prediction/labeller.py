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
    """Return a labeller of frames like `predict`, with the kernels if they run the student.

    Its start-up pays off from some tens of frames. Kernels copy the student: later changes of it
    have no effect on them.

    Args:
        student: on the CPU, if it is to run on another device.
        device: on which it runs, see `open_student`.
    """
    if device == "cpu" and not has_kernels(student):
        return functools.partial(predict, student)
    return functools.partial(label_frames, open_in_memory(student, device=device))
