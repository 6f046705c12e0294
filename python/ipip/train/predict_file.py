"""Labels of many frames by a model file, with the kernels that LAMMPS uses where they run it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ipip.data.elements import check_elements
from ipip.data.frame import Frame
from ipip.errors import InputError
from ipip.export import has_kernels, load_core_student, load_student, save_student
from ipip.graph import NeighborSearch, species_index
from ipip.models import Student
from ipip.native import core as _core
from ipip.train.predict import predict

Labeller = Callable[[Sequence[Frame]], list[Frame]]


def predict_file(model: str | os.PathLike[str], frames: Sequence[Frame]) -> list[Frame]:
    """Label frames with an exported student.

    Students that the kernels run are evaluated by them, frame by frame, so labels are those
    of the student's MD in LAMMPS; others by the network in Python, in batches.

    Args:
        model: the model file.
        frames: configurations; their own labels are ignored.

    Returns:
        The frames in order with energy (eV), forces (eV/Å) and, where the cell has a volume and is
        periodic in all directions, stress (eV/Å^3); info is kept.

    Raises:
        InputError: the file is not a student, or an element is one that it does not know.
    """
    student = load_student(model)
    check_elements(frames, student.symbols)
    return _labeller(student, model)(frames)


def labeller(student: Student) -> Labeller:
    """Return what labels frames as `predict` does, by the kernels where they run the student.

    It is worth its start-up for some tens of frames. The student is copied: what is done to it
    afterwards changes nothing.
    """
    with tempfile.TemporaryDirectory(prefix="ipip-student-") as folder:
        path = Path(folder) / "student.pt"
        save_student(student, path)
        return _labeller(student, path)


def _labeller(student: Student, model: str | os.PathLike[str]) -> Labeller:
    if not has_kernels(model):
        return lambda frames: predict(student, frames)
    core = load_core_student(model, student=student)
    search = NeighborSearch(student.cutoff)

    def label(frames: Sequence[Frame]) -> list[Frame]:
        check_elements(frames, student.symbols)
        return [_labelled(core, search, index, frame) for index, frame in enumerate(frames)]

    return label


def _labelled(core: _core.Student, search: NeighborSearch, index: int, frame: Frame) -> Frame:
    try:
        edge_index, edge_vec = search.find(frame.positions, frame.cell, frame.pbc)
    except InputError as error:
        raise InputError(f"frame {index}: {error}") from None
    species = species_index(frame.numbers, core.symbols)
    result = core.compute(species, edge_index, edge_vec, len(frame))
    stress = None
    if frame.pbc.all() and frame.volume > 0:
        virial: np.ndarray = result["virial"]
        stress = -(virial + virial.T) / (2.0 * frame.volume)
    return frame.replace(energy=result["energy"], forces=result["forces"], stress=stress)
