"""Write the files of the study of few labels: the two MD runs, starts for MD, and its settings.

python examples/mos2/study_files.py frames.xyz --dir mos2-study
ipip study mos2-study/study.yaml --dir mos2-study/out
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from mos2 import KEYS
from runs import split_runs

from ipip.data import read_frames, write_frames
from ipip.errors import InputError
from ipip.recipes.command import end

HERE = Path(__file__).resolve().parent
STARTS = (0, 15, 30, 45)  # frames of the known run from which MD begins


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(description="Files of the MoS2 study with few labels.")
    parser.add_argument("frames", type=Path, help="frames.xyz: 104 frames of Mo30S60, two MD runs")
    parser.add_argument("--dir", type=Path, required=True, dest="folder", help="output folder")
    options = parser.parse_args(arguments)
    return end(lambda: write_files(options.frames, options.folder))


def write_files(source: Path, folder: Path) -> None:
    """Write ``known.xyz``, ``other.xyz``, ``start_N.xyz`` and the settings into a folder.

    Raises:
        InputError: a file that does not hold the two runs.
    """
    frames = read_frames(source, KEYS)
    runs = split_runs(frames)
    if len(runs) != 2 or len(runs[0]) <= max(STARTS):
        raise InputError(f"{source}: holds {len(runs)} MD runs; expected the two of the MoS2 set")
    folder.mkdir(parents=True, exist_ok=True)
    for name, run in zip(("known.xyz", "other.xyz"), runs, strict=True):
        write_frames(folder / name, [frames[index] for index in run])
    for number, start in enumerate(STARTS):
        bare = frames[runs[0][start]].replace(energy=None, forces=None, stress=None)
        write_frames(folder / f"start_{number}.xyz", [bare])
    for name in ("study.yaml", "study-run.yaml"):
        shutil.copyfile(HERE / name, folder / name)


if __name__ == "__main__":
    sys.exit(main())
