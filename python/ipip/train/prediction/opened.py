"""A student in memory, opened like one from a file, with the kernels if they run it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ipip.evaluation.students import OpenStudent, open_student
from ipip.export import save_student
from ipip.models import Student
from ipip.network.eager import NetworkStudent
from ipip.train.prediction.painn_kernels import refusal


def has_kernels(student: Student) -> bool:
    """Return whether compiled kernels run a student on its device."""
    return not refusal(student)


def open_in_memory(student: Student, batch_size: int = 64, device: str = "cpu") -> OpenStudent:
    """Open a student; kernels copy it.

    Args:
        student: on the device that it will stay on.
        batch_size: structures at a time, for the network in PyTorch.
        device: on which a student on the CPU is to run, see `open_student`.
    """
    if device == "cpu" and not has_kernels(student):
        return NetworkStudent(student, batch_size)
    with tempfile.TemporaryDirectory(prefix="ipip-student-") as folder:
        path = Path(folder) / "student.pt"
        save_student(student, path)
        return open_student(path, device=device, batch_size=batch_size)[0]
