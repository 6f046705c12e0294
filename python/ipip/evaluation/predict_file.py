"""Labels of many frames by a model file, with the kernels of LAMMPS if they run it."""

from __future__ import annotations

import os
from collections.abc import Sequence

from ipip.data.elements import check_elements
from ipip.data.frame import Frame
from ipip.evaluation.students import OpenStudent, open_student


def predict_file(
    model: str | os.PathLike[str], frames: Sequence[Frame], device: str = "cpu"
) -> list[Frame]:
    """Label frames with an exported student.

    Students that the kernels run are evaluated by them, frame by frame, so labels equal those of
    student MD in LAMMPS; others by the network in Python, in batches.

    Args:
        model: the model file.
        frames: configurations; labels they carry are ignored.
        device: `cpu`; or a GPU, see `open_student`, which evaluates many frames at once.

    Returns:
        The frames in order with energy (eV), forces (eV/Å) and, if the cell has a volume and is
        periodic in all directions, stress (eV/Å^3); info is kept.

    Raises:
        InputError: the file is not a student, or it lacks an element.
        MissingExtraError: only the network runs this student, and PyTorch is not installed.
    """
    student, _ = open_student(model, device=device)
    return label_frames(student, frames)


def label_frames(student: OpenStudent, frames: Sequence[Frame]) -> list[Frame]:
    """Label frames with a student, as `predict_file`."""
    check_elements(frames, student.symbols)
    done = student.evaluate_frames(frames)
    return [result.label(frame) for result, frame in zip(done, frames, strict=True)]
