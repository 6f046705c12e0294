"""Teacher targets of pretraining methods, stored in files so that a kill loses little."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ipip.config.pretraining import HessianMethod, NodeMethod, TeacherMethod
from ipip.config.teacher import TeacherSettings
from ipip.data import Frame, frames_digest
from ipip.errors import IpipError
from ipip.pretraining.hessian import Coordinates, draw_coordinates, teacher_rows
from ipip.storage.atomic import replaced_file
from ipip.storage.digest import hex_digest
from ipip.teachers import Teacher
from ipip.teachers.labelling import label_frames, level_identity

FloatArray = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]


def draw_frames(method: TeacherMethod, count: int, seed: int) -> list[int]:
    """Draw the frames, of `count`, that the method's evaluations pay for."""
    chosen = np.random.default_rng(seed).choice(count, size=method.affordable(count), replace=False)
    return sorted(chosen.tolist())


def query_rows(
    method: HessianMethod,
    frames: Sequence[Frame],
    teacher: TeacherSettings,
    folder: Path,
    seed: int,
    progress: Progress | None = None,
) -> tuple[dict[int, tuple[Coordinates, FloatArray]], int]:
    """Return rows of the teacher's Hessian, and how many evaluations they took.

    Args:
        method: number of rows, of evaluations, step (Å).
        frames: of which rows are drawn.
        teacher: any.
        folder: for the labels of displaced frames, from which the same call resumes.
        seed: of frames and rows.
        progress: called with (evaluations done, in all).

    Returns:
        By index of the frame: coordinates [k, 2] and rows [k, n, 3] in eV/Å^2.

    Raises:
        IpipError: the teacher fails on a displaced frame.
    """
    chosen = draw_frames(method, len(frames), seed)
    seeds = np.random.default_rng([seed, 1]).integers(2**31, size=len(frames))
    coordinates = [
        draw_coordinates(len(frames[index]), method.rows, int(seeds[index])) for index in chosen
    ]

    def label(displaced: list[Frame]) -> list[Frame]:
        store = folder / "displaced.jsonl"
        labelled = label_frames(displaced, teacher, store, folder, progress)
        if labelled.dropped:
            index, reason = labelled.dropped[0]
            raise IpipError(
                f"the teacher fails on {len(labelled.dropped)} of {len(displaced)} displaced "
                f"frames (the first is number {index}: {reason}); no Hessian rows without it"
            )
        return labelled.frames

    rows = teacher_rows([frames[index] for index in chosen], coordinates, label, method.step)
    calls = 2 * sum(len(own) for own in coordinates)
    return dict(zip(chosen, zip(coordinates, rows, strict=True), strict=True)), calls


def query_features(
    method: NodeMethod,
    frames: Sequence[Frame],
    teacher: TeacherSettings,
    folder: Path,
    seed: int,
    progress: Progress | None = None,
) -> tuple[dict[int, FloatArray], int]:
    """Return the teacher's features of atoms, and how many evaluations they took.

    Args:
        method: number of evaluations.
        frames: that are evaluated, or some of them.
        teacher: sevennet, mace or chgnet.
        folder: keeps the features.
        seed: of the frames.
        progress: called with (evaluations done, in all).

    Returns:
        By index of the frame: [n, width].
    """
    chosen = draw_frames(method, len(frames), seed)
    own = [frames[index] for index in chosen]
    path = folder / f"features-{_key(own, teacher)}.npz"
    stored = _read_features(path, len(own))
    if stored is None:
        folder.mkdir(parents=True, exist_ok=True)
        with Teacher(teacher, folder) as running:
            features = running.features(own, progress)
        with replaced_file(path) as temporary, temporary.open("wb") as file:
            np.savez(file, *features)
        stored = features
    return dict(zip(chosen, stored, strict=True)), len(chosen)


def _read_features(path: Path, count: int) -> list[FloatArray] | None:
    """Return the features in a file of an earlier call; None if it is missing or damaged.

    The file is a zip archive, which has a checksum of each array.
    """
    try:
        with np.load(path) as stored:
            return [stored[f"arr_{number}"] for number in range(count)]
    except Exception:  # numpy and zipfile raise many kinds on damaged files
        return None


def _key(frames: Sequence[Frame], teacher: TeacherSettings) -> str:
    """Return a key that distinguishes the results for these frames from others in the folder."""
    text = f"{frames_digest(frames)} {level_identity(teacher)}"
    return hex_digest(text.encode())[:16]


def query_embedding(symbols: Sequence[str], teacher: TeacherSettings, folder: Path) -> FloatArray:
    """Return the teacher's embedding of the elements, [n_symbols, width]."""
    with Teacher(teacher, folder) as running:
        return running.embedding(symbols)
