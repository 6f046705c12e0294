"""Different frames of MD for which there is no student yet: features, and the choice by them.

A student's features describe what it was trained to tell apart; before the first one there is
none. The teacher's own atomic features are the next best: trained on far more chemistry than the
system at hand, and smooth and invariant. Teachers that give none are replaced by a student with
random weights, whose features are a random projection of the same invariants (distances, angles,
elements): they tell geometries apart, without a notion of which differences matter.
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
        settings: `teacher`, `elements` and `student.cutoff` (Å) count.
        folder: for what the teacher prints.
        reporter: is told the progress.

    Returns:
        [n, F], and whose features they are, in words.
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

    The ends of the range show a single atom in unusual surroundings, which a mean hides.

    Args:
        features: [n, width] of the atoms.
        numbers: [n] their atomic numbers.
        elements: atomic numbers, in the order of the result; one without atoms has zeros.

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
        groups: size of each group; the items are numbered through all of them.
        limit: of the items; a group keeps at least one.
    """
    total = sum(groups)
    if total <= limit:
        return list(range(total))
    kept: list[int] = []
    first = 0
    for size in groups:
        count = min(size, max(1, limit * size // total))
        kept += [first + int(k) for k in np.round(np.linspace(0, size - 1, count))]
        first += size
    return kept


def choose_different(
    features: FloatArray, count: int, duplicate_distance: float
) -> tuple[list[int], list[float]]:
    """Choose frames, each farthest from those chosen before it; duplicates are never chosen.

    Args:
        features: [n, F].
        count: frames to choose, at most.
        duplicate_distance: of scaled features (`scale_features`), below which two frames are one.

    Returns:
        Indices in the order of the choice, so that the first K are a choice of K; and the distance
        of each from those before it (inf for the first, which is the one nearest to the mean).
    """
    scaled, _ = scale_features(features, np.zeros((0, features.shape[1])))
    middle = int(np.argmin((scaled**2).sum(axis=1)))
    order, distances = farthest_points(
        scaled, np.zeros((0, scaled.shape[1])), min(count, len(scaled)), first=middle
    )
    kept = [k for k in range(len(order)) if distances[k] > duplicate_distance]
    return [int(order[k]) for k in kept], [float(distances[k]) for k in kept]
