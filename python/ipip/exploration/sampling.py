"""Structures of a cluster: a walk over its minima, and a Boltzmann sample of it."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path

from ipip.config.teacher import TeacherSettings
from ipip.data import write_frames
from ipip.storage.lock import hold_file
from ipip.systems import molecule
from ipip.systems.files import read_structure
from ipip.systems.walking import boltzmann_draw, walk
from ipip.teachers import Teacher, TeacherCalculator


@dataclasses.dataclass(frozen=True)
class Sampled:
    """The result of a walk.

    Attributes:
        visited: number of structures on the walk.
        drawn: number of written ones.
        accepted, broken: numbers of steps to another minimum, and of abandoned steps.
        steps: total number.
        lowest_energy_ev: of the minima, eV.
    """

    visited: int
    drawn: int
    accepted: int
    broken: int
    steps: int
    lowest_energy_ev: float


def sample_cluster(
    level: TeacherSettings,
    start: str,
    out: Path,
    *,
    steps: int,
    frames: int,
    temperature: float,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> Sampled:
    """Sample a cluster as for the data set of arXiv 2507.20118; write the drawn frames.

    Args:
        level: the potential to walk on; one worker of it.
        start: structure file, or the name of a molecule.
        out: file for the frames, with the level's labels (eV, eV/Å).
        steps: attempts to leave a minimum.
        frames: most frames to draw.
        temperature: K; of the draw and of accepting a minimum.
        seed: of walk and draw.
        progress: called with (steps done, steps).

    Raises:
        InputError: the start or the level is wrong.
    """
    atoms = read_structure(Path(start)) if Path(start).suffix else molecule(start)
    alone = level.model_copy(update={"workers": 1})
    with (
        hold_file(out, "sample"),
        tempfile.TemporaryDirectory(prefix="ipip-sample-") as logs,
        Teacher(alone, Path(logs)) as teacher,
    ):
        calculator = TeacherCalculator(teacher)
        walked = walk(
            atoms,
            calculator,
            steps=steps,
            temperature=temperature,
            seed=seed,
            progress=progress,
        )
    energies = [float(frame.energy or 0.0) for frame in walked.visited]
    drawn = [walked.visited[k] for k in boltzmann_draw(energies, temperature, frames, seed)]
    write_frames(out, drawn)
    return Sampled(
        visited=len(walked.visited),
        drawn=len(drawn),
        accepted=walked.accepted,
        broken=walked.broken,
        steps=steps,
        lowest_energy_ev=min(float(frame.energy or 0.0) for frame in walked.minima),
    )
