"""The explored systems: a small student of a teacher's MD, starts for its runs, and the truth."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from ase.io import read

from ipip.config.md import TeacherMDSettings
from ipip.config.systems import SystemSettings
from ipip.config.teacher import TeacherSettings
from ipip.config.training import TrainingSettings
from ipip.data import Frame, elements_of, read_frames, write_frames
from ipip.evaluation.expected_errors import add_uncertainty
from ipip.export import save_student
from ipip.harvest.bounds import mean_energies_per_atom
from ipip.harvest.distances import calibrate_min_distances
from ipip.models import build_student
from ipip.systems import build
from ipip.teachers import MDJob, Teacher
from ipip.train import fit

MOLECULES = Path(__file__).resolve().parents[1] / "accuracy" / "molecules"


@dataclasses.dataclass(frozen=True)
class System:
    """A system to explore.

    Attributes:
        name: its name.
        teacher: the labelling teacher, the truth of this measurement.
        species: numbers of molecules by name, one box each; none for a molecule.
        box: edge, Å.
        training_k: temperature of the teacher's MD for training, K.
        explored_k: temperatures of the student's MD, K; the first one for the sweep.
        hot_k: temperatures of runs without a bias to compare with, K.
        timestep: fs.
        teacher_md: other settings of the teacher's MD.
        runs: the teacher's runs from each start; the last one of each validates.
        training_steps: optimiser steps.
    """

    name: str
    teacher: dict[str, Any]
    species: tuple[dict[str, int], ...]
    box: float
    training_k: float
    explored_k: tuple[float, ...]
    hot_k: float
    timestep: float
    teacher_md: dict[str, Any]
    runs: int
    training_steps: int

    def start(self, number: int, seed: int) -> Frame:
        """Return a different box for each seed, or the molecule at its minimum."""
        if not self.species:
            atoms = read(MOLECULES / f"{self.name}.xyz")
            return Frame.from_atoms(atoms).replace(energy=None, forces=None)
        species = self.species[number % len(self.species)]
        return build(SystemSettings(species=species, box=self.box), seed)


SYSTEMS = (
    System(
        name="mo-s-o",
        teacher={"kind": "sevennet", "model": "7net-0", "workers": 1},
        species=({"Mo3O9": 1, "S2": 2}, {"MoO3": 1, "S2": 3}),
        box=9.5,
        training_k=1200.0,
        explored_k=(600.0, 1200.0),
        hot_k=2500.0,
        timestep=2.0,
        teacher_md={"steps": 60, "frame_interval": 3, "relax_steps": 15},
        runs=3,
        training_steps=800,
    ),
    System(
        name="acetylacetone",
        teacher={"kind": "tblite", "model": "GFN2-xTB", "workers": 1},
        species=(),
        box=0.0,
        training_k=300.0,
        explored_k=(600.0,),
        hot_k=1200.0,
        timestep=0.5,
        teacher_md={"steps": 480, "frame_interval": 8, "relax_steps": 0},
        runs=5,
        training_steps=1500,
    ),
)


@dataclasses.dataclass
class Trained:
    """A student of a system.

    Attributes:
        system: its system.
        model: its file, with expected errors.
        mean_energies: eV/atom of the teacher's frames, by composition.
        min_distances: Å, calibrated on the teacher's frames as in the loop.
    """

    system: System
    model: Path
    mean_energies: dict[str, float]
    min_distances: dict[tuple[str, str], float]


def train(system: System, folder: Path, seed: int) -> Trained:
    """Run the teacher's MD and train a student on it; finished work is not repeated."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = {name: folder / f"{name}.xyz" for name in ("training", "validation")}
    if not all(path.exists() for path in frames.values()):
        parts = _teacher_md(system, folder, seed)
        for name, path in frames.items():
            write_frames(path, parts[name])
    training, validation = (read_frames(path) for path in frames.values())
    model = folder / "student.pt"
    if not model.exists():
        settings = TrainingSettings(
            batch_size=5,
            max_epochs=10_000,
            max_steps=system.training_steps,
            learning_rate=5e-3,
            forces_weight=3.0,
            tensorboard=False,
            validate_every=5,
            checkpoint_every=1000,
        )
        student = build_student("painn", elements_of(training), seed=seed, channels=64, layers=2)
        made = fit(student, training, validation, settings, folder / "training", seed=seed)
        save_student(made.student, folder / "bare.pt")
        add_uncertainty(folder / "bare.pt", training, validation, target=model)
    known = [*training, *validation]
    bounds = calibrate_min_distances(known, elements_of(known))
    return Trained(system, model, mean_energies_per_atom(known), bounds.distances)


def _teacher_md(system: System, folder: Path, seed: int) -> dict[str, list[Frame]]:
    common = {"temperature": system.training_k, "timestep": system.timestep}
    md = TeacherMDSettings.model_validate(common | {"thermostat": "langevin"} | system.teacher_md)
    starts = max(1, len(system.species))
    jobs = [
        MDJob(f"{number}-{run}", system.start(number, 100 * seed + run), 1000 * seed + run, md)
        for number in range(starts)
        for run in range(system.runs)
    ]
    with Teacher(TeacherSettings.model_validate(system.teacher), folder) as teacher:
        results = teacher.run_md(jobs, md)
    parts: dict[str, list[Frame]] = {"training": [], "validation": []}
    for job, result in zip(jobs, results, strict=True):
        last = job.name.endswith(f"-{system.runs - 1}")
        parts["validation" if last else "training"] += result.frames
    return parts
