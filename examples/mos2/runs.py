"""The two MD runs of the MoS2 set, distinguished by the names of their frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ipip.data import Frame, Split, frames_digest
from ipip.errors import InputError


def split_runs(frames: Sequence[Frame]) -> list[list[int]]:
    """Return the indices of each MD run: a run ends where a frame's name has occurred in it before.

    Args:
        frames: in the order of the file, with `config_type` POSCAR_0_SCF, POSCAR_10_SCF, ...

    Raises:
        InputError: a frame without a name.
    """
    runs: list[list[int]] = []
    names: set[str] = set()
    for index, frame in enumerate(frames):
        if "config_type" not in frame.info:
            raise InputError(f"frame {index} has no Config_type, which identifies the MD runs")
        name = frame.info["config_type"]
        if not runs or name in names:
            runs.append([])
            names = set()
        names.add(name)
        runs[-1].append(index)
    return runs


def split_by_run(
    frames: Sequence[Frame], *, reverse: bool, valid: int, seed: int, most: int | None = None
) -> Split:
    """Train and validate on one MD run, test on the other.

    Args:
        frames: frames of the file.
        reverse: train on the second run, test on the first.
        valid: validation frames, drawn at random from the training run.
        seed: of the draw.
        most: largest number of frames of each run.

    Raises:
        InputError: not two runs.
    """
    runs = split_runs(frames)
    if len(runs) != 2:
        raise InputError(
            f"the file holds {len(runs)} MD runs (by repeated Config_type); expected the two of "
            "the MoS2 set"
        )
    known, test = (run[:most] for run in (runs[::-1] if reverse else runs))
    drawn = np.random.default_rng(seed).permutation(len(known))[:valid]
    chosen = {known[index] for index in drawn.tolist()}
    return Split(
        train=tuple(index for index in known if index not in chosen),
        valid=tuple(sorted(chosen)),
        test=tuple(test),
        digest=frames_digest(frames),
        seed=seed,
        group_key=None,
    )
