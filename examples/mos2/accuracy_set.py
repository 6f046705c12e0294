"""Split the MoS2 set for `python -m benchmarks.accuracy --set FOLDER`.

python examples/mos2/accuracy_set.py frames.xyz FOLDER

36 frames of the first MD run train (30) and validate (6); tests are the other frames of that run
and the second run.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from mos2 import KEYS
from runs import split_runs

from ipip.data import read_frames, write_frames

TRAIN, VALID = 30, 6
NO_STRESS = KEYS.model_copy(update={"stress": None})  # else contenders would train on it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("frames", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=1, help="of the draw (1)")
    given = parser.parse_args()
    frames = read_frames(given.frames, NO_STRESS)
    known, other = split_runs(frames)
    order = np.random.default_rng(given.seed).permutation(known).tolist()
    parts = {
        "train": order[:TRAIN],
        "valid": order[TRAIN : TRAIN + VALID],
        "test-same-run": order[TRAIN + VALID :],
        "test-other-run": other,
    }
    given.folder.mkdir(parents=True, exist_ok=True)
    for name, chosen in parts.items():
        write_frames(given.folder / f"{name}.xyz", [frames[index] for index in sorted(chosen)])
    print({name: len(chosen) for name, chosen in parts.items()})


if __name__ == "__main__":
    main()
