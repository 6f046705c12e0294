"""Diverse frames of MD before there is a student: features, and a selection by them.

A student's features describe the differences that it was trained on; before the first student
there are none. The teacher's atomic features are the best substitute: they are smooth, invariant
and trained on far more chemistry than the present system. For teachers without features a student
with random weights is used, whose features are a random projection of the same invariants
(distances, angles, elements): they distinguish geometries, but do not rank their differences.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from ase.data import atomic_numbers

from ipip.config.run import UnlabelledSettings
from ipip.data import Frame
from ipip.harvest import farthest_points, scale_features
from ipip.models import build_student
from ipip.pipeline.reporter import Reporter
from ipip.teacher_program.kinds import WITH_FEATURES
from ipip.teachers import Teacher
from ipip.train import frame_features

FloatArray = npt.NDArray[np.float64]
UNTRAINED_SEED = 1


def describe_frames(
    frames: Sequence[Frame], settings: UnlabelledSettings, folder: Path, reporter: Reporter
) -> tuple[FloatArray, str]:
    """Describe frames by features of their atoms.

    Args:
        frames: configurations.
        settings: uses `teacher`, `elements` and `student.cutoff` (Å).
        folder: for the teacher's output.
        reporter: receives the progress.

    Returns:
        [n, F], and the name of their source.
    """
    if settings.teacher.kind not in WITH_FEATURES:
        student = build_student(
            "painn", settings.elements, seed=UNTRAINED_SEED, cutoff=settings.student.cutoff
        )
        return frame_features(student, frames), "a student with random weights"
    with (
        Teacher(settings.teacher, folder) as teacher,
        reporter.tasks("teacher features", len(frames)) as advance,
    ):
        atoms = teacher.features(frames, progress=lambda done, total: advance(1))
    numbers = [int(atomic_numbers[symbol]) for symbol in settings.elements]
    rows = [pool(one, frame.numbers, numbers) for one, frame in zip(atoms, frames, strict=True)]
    return np.stack(rows), f"the teacher ({settings.teacher.kind})"


def pool(
    features: FloatArray, numbers: npt.NDArray[np.int64], elements: Sequence[int]
) -> FloatArray:
    """Describe a frame by the mean, smallest and largest of its atoms' features, by element.

    The extremes reveal a single atom in unusual surroundings, which a mean hides.

    Args:
        features: [n, width] of the atoms.
        numbers: [n] their atomic numbers.
        elements: atomic numbers, in the order of the result; zeros for absent ones.

    Returns:
        [len(elements) * 3 * width].
    """
    parts = []
    for element in elements:
        of_element = features[numbers == element]
        if len(of_element) == 0:
            of_element = np.zeros((1, features.shape[1]))
        parts += [of_element.mean(axis=0), of_element.min(axis=0), of_element.max(axis=0)]
    return np.concatenate(parts)


def thin(groups: Sequence[int], limit: int) -> list[int]:
    """Return indices of at most `limit` items, evenly spread over each group and in order.

    Args:
        groups: size of each group; items are numbered consecutively over the groups.
        limit: of the items; a group keeps at least one.
    """
    total = sum(groups)
    if total <= limit:
        return list(range(total))
    selected: list[int] = []
    first = 0
    for size in groups:
        count = min(size, max(1, limit * size // total))
        selected += [first + int(k) for k in np.round(np.linspace(0, size - 1, count))]
        first += size
    return selected


def choose_different(
    features: FloatArray, count: int, duplicate_distance: float
) -> tuple[list[int], list[float]]:
    """Select frames, each farthest from all selected before it; duplicates are never selected.

    Args:
        features: [n, F].
        count: most frames to select.
        duplicate_distance: of scaled features (`scale_features`); frames closer are duplicates.

    Returns:
        Indices in the order of selection, so that the first K are a selection of K; and the
        distance of each from all before it (inf for the first, which is nearest to the mean).
    """
    scaled, _ = scale_features(features, np.zeros((0, features.shape[1])))
    middle = int(np.argmin((scaled**2).sum(axis=1)))
    order, distances = farthest_points(
        scaled, np.zeros((0, scaled.shape[1])), min(count, len(scaled)), first=middle
    )
    selected = [k for k in range(len(order)) if distances[k] > duplicate_distance]
    return [int(order[k]) for k in selected], [float(distances[k]) for k in selected]
