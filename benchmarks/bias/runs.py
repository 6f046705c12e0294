"""Runs of a student with and without a bias, and how far their frames are from its training."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from benchmarks.bias.systems import Trained

from ipip.config.md import BiasSettings, Guards, StudentMDSettings
from ipip.data import Frame
from ipip.evaluation.students import open_student
from ipip.graph.species import species_index
from ipip.lammps.many import run_many
from ipip.lammps.run import StudentRun
from ipip.lammps.trajectory import RunTrajectory
from ipip.uncertainty import read_uncertainty

FloatArray = npt.NDArray[np.float64]
FIRST_START = 10_000  # seeds of boxes that no training has seen


@dataclasses.dataclass(frozen=True)
class Condition:
    """The conditions of runs.

    Attributes:
        kelvin: temperature of the thermostat.
        steps: steps of each run.
        bias: energy (eV) and width, or None.
    """

    kelvin: float
    steps: int
    bias: tuple[float, float] | None = None

    @property
    def name(self) -> str:
        """Name of its folder."""
        biased = "plain" if self.bias is None else f"bias-{self.bias[0]:g}-{self.bias[1]:g}"
        return f"{self.kelvin:g}K-{self.steps}-{biased}"


@dataclasses.dataclass
class Explored:
    """One run.

    Attributes:
        condition: its condition.
        folder: its folder.
        seed: seed of the start, the velocities and the noise.
        stable: no guard ended it.
        steps: [m] steps of its frames.
        scores: [m] largest Mahalanobis distance of an atom.
        expected: [m] largest expected error of a force, eV/Å.
        frames: [m] its frames.
    """

    condition: Condition
    folder: Path
    seed: int
    stable: bool
    steps: npt.NDArray[np.int64]
    scores: FloatArray
    expected: FloatArray
    frames: list[Frame]


def explore(
    trained: Trained, condition: Condition, seeds: Sequence[int], folder: Path, interval: int
) -> list[Explored]:
    """Run a student from each seed's start; finished runs are read."""
    bias = None
    if condition.bias is not None:
        bias = BiasSettings(energy=condition.bias[0], width=condition.bias[1])
    md = StudentMDSettings(
        temperature=condition.kelvin,
        timestep=trained.system.timestep,
        steps=condition.steps,
        frame_interval=interval,
        thermostat="langevin",
        minimize_steps=50,
        ring_interval=interval,
        ring_frames=2,
        thermo_interval=1000,
        restart_interval=0,
        bias=bias,
    )
    jobs = [
        StudentRun(
            model=trained.model,
            frame=trained.system.start(seed, FIRST_START + seed),
            md=md,
            guards=Guards(),
            folder=folder / condition.name / f"seed-{seed}",
            seed=seed + 1,
            min_distances=trained.min_distances,
        )
        for seed in seeds
    ]
    verdicts = run_many(jobs, workers=1)
    return [
        _read(trained, condition, seed, job.folder, verdict.state == "stable")
        for seed, job, verdict in zip(seeds, jobs, verdicts, strict=True)
    ]


def _read(
    trained: Trained, condition: Condition, seed: int, folder: Path, stable: bool
) -> Explored:
    frames = [f for f in RunTrajectory(folder).frames() if np.isfinite(f.positions).all()]
    student, _ = open_student(trained.model)
    uncertainty = read_uncertainty(trained.model)
    assert uncertainty is not None
    scores, expected = [], []
    for frame, features in zip(frames, student.describe_frames(frames), strict=True):
        species = species_index(frame.numbers, student.symbols)
        of_atoms = uncertainty.density.score(features, species)
        scores.append(float(of_atoms.max()))
        expected.append(float(uncertainty.calibration.expected(of_atoms, species).max()))
    steps = np.array([int(frame.info["md_step"]) for frame in frames], dtype=np.int64)
    return Explored(
        condition, folder, seed, stable, steps, np.array(scores), np.array(expected), frames
    )
