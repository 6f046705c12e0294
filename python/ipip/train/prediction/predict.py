"""Energies, forces and features of many frames, in batches of bounded size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ipip import evaluation
from ipip.data.frame import Frame
from ipip.models import Student
from ipip.network.batches import MAX_EDGES, batch_arguments, graph_batches
from ipip.network.frozen import frozen_weights
from ipip.train.prediction.kernels import Kernels, energy_forces_of
from ipip.train.prediction.opened import open_in_memory


def predict(
    student: Student,
    frames: Sequence[Frame],
    batch_size: int = 64,
    *,
    max_edges: int = MAX_EDGES,
    kernels: Kernels = "auto",
) -> list[Frame]:
    """Label frames with a student.

    Args:
        student: the student, on any device; not changed.
        frames: configurations; labels they carry are ignored.
        batch_size: frames in a batch at most.
        max_edges: edges in a batch at most (a larger frame is a batch by itself).
        kernels: backend, as in training: auto, kernels or eager.

    Returns:
        The same frames in the same order with the student's energy (eV), forces (eV/Å) and, if
        the cell has a volume and is periodic in all directions, stress (eV/Å^3); info is kept.

    Raises:
        InputError: an element that the student lacks.
    """
    labelled: list[Frame] = []
    device = next(student.parameters()).device
    evaluate = energy_forces_of(student, kernels)
    with frozen_weights(student):
        for start, batch in graph_batches(student, frames, batch_size, max_edges):
            batch = batch.to(device)
            energy, forces, strain = evaluate(*batch_arguments(batch), create_graph=False)
            sizes = batch.n_atoms.tolist()
            frame_forces = np.split(forces.cpu().numpy(), np.cumsum(sizes)[:-1])
            virials = strain.cpu().numpy()
            for index, value in enumerate(energy.cpu().tolist()):
                frame = frames[start + index]
                stress = None
                if frame.pbc.all() and frame.volume > 0:
                    stress = (virials[index] + virials[index].T) / (2.0 * frame.volume)
                labelled.append(
                    frame.replace(energy=value, forces=frame_forces[index].copy(), stress=stress)
                )
    return labelled


def frame_features(
    student: Student, frames: Sequence[Frame], batch_size: int = 64, device: str = "cpu"
) -> npt.NDArray[np.float64]:
    """Describe frames by a student's final atomic features, to select diverse frames.

    Args:
        student: the student; kernels are used if they run it.
        frames: configurations.
        batch_size: frames in a batch at most, for the network in PyTorch.
        device: on which a student on the CPU is to run, see `open_student`.

    Returns:
        [n_frames, 2 F], as `ipip.evaluation.frame_features`.
    """
    return evaluation.frame_features(open_in_memory(student, batch_size, device), frames)
