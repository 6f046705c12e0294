"""A file in MD22's format with GFN2-xTB labels, for use where MD22 is not available.

    python examples/md22/xtb_labels.py Ac-Ala3-NHMe --out peptide.npz
    python examples/md22/md22.py Ac-Ala3-NHMe --data peptide.npz --dir runs/peptide

Langevin MD by GFN2-xTB itself from the structure in `starts/`, several trajectories with different
velocities; MD22 is at 400 or 500 K. Errors on such a file are not comparable with the paper's.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import ase.io
import numpy as np
from ase import Atoms
from rich.console import Console
from rich.progress import Progress

from ipip.config.md import TeacherMDSettings
from ipip.config.teacher import TeacherSettings
from ipip.data import Frame
from ipip.data.units import KCAL_PER_MOL
from ipip.errors import InputError, IpipError
from ipip.pipeline.seeds import derive_seed
from ipip.recipes.command import end
from ipip.storage.atomic import replaced_file
from ipip.teachers import MDJob, Teacher

STARTS = Path(__file__).resolve().parent / "starts"
MOLECULES = sorted(path.stem for path in STARTS.glob("*.xyz"))
SETTLE = 1000  # steps of each trajectory before its first frame


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(description="GFN2-xTB labels in MD22's format.")
    parser.add_argument("molecule", choices=MOLECULES)
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="file to write: .npz, or .xyz, which names trajectories",
    )
    parser.add_argument("--temperature", type=float, default=500.0, help="K (500)")
    parser.add_argument("--frames", type=int, default=1500, help="frames in all (1500)")
    parser.add_argument(
        "--trajectories", type=int, default=6, help="trajectories that share them (6)"
    )
    parser.add_argument(
        "--interval", type=int, default=20, help="steps of 1 fs between frames (20)"
    )
    parser.add_argument(
        "--settle", type=int, default=SETTLE, help=f"steps before the first frame ({SETTLE})"
    )
    parser.add_argument("--workers", type=int, default=2, help="processes at a time (2)")
    parser.add_argument("--seed", type=int, default=1, help="seed of velocities and noise (1)")
    options = parser.parse_args(arguments)
    return end(lambda: write_labels(options))


def write_labels(options: argparse.Namespace) -> None:
    """Write the file."""
    if options.out.suffix not in (".npz", ".xyz"):
        raise InputError(f"--out {options.out}: expected a name that ends in .npz or .xyz")
    if options.frames % options.trajectories:
        raise InputError(
            f"--frames {options.frames}: expected a multiple of --trajectories "
            f"{options.trajectories}"
        )
    frames = sample(options)
    write = write_npz if options.out.suffix == ".npz" else write_xyz
    with replaced_file(options.out) as temporary, temporary.open("wb") as file:
        write(file, options.molecule, frames)
    Console().print(f"{options.out}: {len(frames)} frames at {options.temperature:g} K")


def write_npz(file: BinaryIO, molecule: str, frames: Sequence[Frame]) -> None:
    """Write the arrays of MD22: z, R (Å), E (kcal/mol), F (kcal/mol/Å)."""
    np.savez_compressed(
        file,
        name=molecule,
        theory="GFN2-xTB",
        z=frames[0].numbers,
        R=np.array([frame.positions for frame in frames]),
        E=np.array([[frame.energy] for frame in frames]) / KCAL_PER_MOL,
        F=np.array([frame.forces for frame in frames]) / KCAL_PER_MOL,
    )


def write_xyz(file: BinaryIO, _molecule: str, frames: Sequence[Frame]) -> None:
    """Write extended XYZ with MD22's keys and units, and the trajectory of each frame as `traj`."""
    structures = []
    for frame in frames:
        atoms = Atoms(numbers=frame.numbers, positions=frame.positions)
        atoms.info = {
            "Energy": float(frame.energy or 0.0) / KCAL_PER_MOL,
            "traj": frame.info["traj"],
        }
        atoms.arrays["forces"] = np.asarray(frame.forces) / KCAL_PER_MOL
        structures.append(atoms)
    with io.TextIOWrapper(file, encoding="utf-8", write_through=True) as text:
        ase.io.write(text, structures, format="extxyz")


def sample(options: argparse.Namespace) -> list[Frame]:
    """Return the frames with labels, trajectory by trajectory."""
    atoms = ase.io.read(STARTS / f"{options.molecule}.xyz")
    start = Frame.from_atoms(atoms)
    a_run = options.frames // options.trajectories
    md = TeacherMDSettings(
        temperature=options.temperature,
        timestep=1.0,
        thermostat="langevin",
        steps=options.settle + (a_run - 1) * options.interval,
        frame_interval=options.interval,
    )
    jobs = [
        MDJob(
            f"{options.temperature:g}K-{options.seed}-{number}",
            start,
            derive_seed(options.seed, number, "velocities"),
        )
        for number in range(options.trajectories)
    ]
    level = TeacherSettings(kind="tblite", model="GFN2-xTB", workers=options.workers)
    logs = options.out.absolute().with_suffix(".md")
    logs.mkdir(parents=True, exist_ok=True)
    with Teacher(level, logs) as teacher, Progress(transient=True) as bar:
        task = bar.add_task(f"MD of {options.molecule}", total=None)
        trajectories = teacher.run_md(
            jobs, md, lambda done, total: bar.update(task, completed=done, total=total)
        )
    failed = [f"{one.name}: {one.reason}" for one in trajectories if one.state != "finished"]
    if failed:
        raise IpipError(f"trajectories left their bounds: {'; '.join(failed)}")
    return [
        frame
        for one in trajectories
        for frame in one.frames
        if int(frame.info["md_step"]) >= options.settle
    ]


if __name__ == "__main__":
    sys.exit(main())
