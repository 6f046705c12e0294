"""Split the MoS2 set for `python -m benchmarks.accuracy --set FOLDER`.

python examples/mos2/accuracy_set.py frames.xyz FOLDER

36 frames of the first MD run train (30) and validate (6); tests are the other frames of that run
and the second run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mos2 import KEYS
from runs import split_runs

from ipip.data import read_frames, write_frames
from ipip.errors import InputError
from ipip.recipes.command import end

TRAIN, VALID = 30, 6
NO_STRESS = KEYS.model_copy(update={"stress": None})  # else contenders would train on it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("frames", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1, help="of the draw (1)")
    options = parser.parse_args(arguments)
    return end(lambda: write_parts(options.frames, options.folder, options.seed))


def write_parts(source: Path, folder: Path, seed: int) -> None:
    """Write a file for each part into a folder, and print their numbers of frames.

    Raises:
        InputError: a file that does not hold the two runs, or too few frames; a negative seed.
    """
    if seed < 0:
        raise InputError(f"--seed is {seed}; expected 0 or more")
    frames = read_frames(source, NO_STRESS)
    runs = split_runs(frames)
    if len(runs) != 2 or len(runs[0]) <= TRAIN + VALID:
        counts = ", ".join(str(len(run)) for run in runs)
        raise InputError(
            f"{source}: holds {len(runs)} MD runs ({counts} frames); expected the two of the MoS2 "
            f"set, the first of more than {TRAIN + VALID} frames"
        )
    known, other = runs
    order = np.random.default_rng(seed).permutation(known).tolist()
    parts = {
        "train": order[:TRAIN],
        "valid": order[TRAIN : TRAIN + VALID],
        "test-same-run": order[TRAIN + VALID :],
        "test-other-run": other,
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, chosen in parts.items():
        write_frames(folder / f"{name}.xyz", [frames[index] for index in sorted(chosen)])
    print({name: len(chosen) for name, chosen in parts.items()})


if __name__ == "__main__":
    sys.exit(main())
