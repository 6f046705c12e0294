"""One job: a case trained on a set for a budget with a seed, in a separate process and folder.

A contender's script gets the folder. `job.json` there contains: `set` (folder of the set's files),
`tests` (names of `test-NAME.xyz`), `settings` of the case, `budget` (seconds, `120 s`; for our
students also steps, `8000 steps`), `seed`, and `calls` of the measurement of speed. The script
writes `predicted-NAME.npz` for each test (`energies` [n_frames] eV, `forces` [n_atoms of all
frames, 3] eV/Å) and last `trained.json`: `training_s` (CPU seconds), `steps`, `parameters`,
`us_per_atom` (CPU time of energy and forces of `large.xyz`). Errors are computed here, in the same
way for all.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ase.io import read, write
from benchmarks.accuracy.cases import Case
from benchmarks.accuracy.environments import interpreter_with
from benchmarks.accuracy.sets import FrameSet
from benchmarks.results import processor

from ipip.data import read_frames
from ipip.errors import IpipError

CONTENDERS = Path(__file__).resolve().parent / "contenders"


@dataclasses.dataclass(frozen=True)
class Job:
    """A network, its set and its training.

    Attributes:
        case: the network.
        frames: the set.
        budget: budget of the training, such as `120 s`, or `8000 steps` for our students.
        seed: seed of weights and order.
    """

    case: Case
    frames: FrameSet
    budget: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.case.name}-{self.budget.replace(' ', '')}-{self.seed}"


def run_job(job: Job, folder: Path, calls: int) -> dict[str, Any]:
    """Train and measure, unless done before; return the row of the results.

    Args:
        job: job to do.
        folder: folder of the benchmark.
        calls: calls in the measurement of speed.

    Raises:
        IpipError: the script failed; its output is in the job's folder.
    """
    place = folder / "jobs" / job.frames.name / job.name
    done = place / "result.json"
    if done.exists():
        row: dict[str, Any] = json.loads(done.read_text())
        return row
    interpreter = interpreter_with(job.case.packages, folder / "environments")
    place.mkdir(parents=True, exist_ok=True)
    _write_other_labels(job.frames.folder)
    given = {
        "set": str(job.frames.folder.resolve()),
        "tests": job.frames.tests,
        "settings": job.case.settings,
        "budget": job.budget,
        "seed": job.seed,
        "calls": calls,
    }
    (place / "job.json").write_text(json.dumps(given, indent=1) + "\n")
    alone = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
    script = CONTENDERS / f"{job.case.contender}.py"
    with open(place / "output.txt", "w", encoding="utf-8") as output:
        ended = subprocess.run(
            [str(interpreter.absolute()), str(script), str(place.resolve())],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | alone,
            check=False,
        )
    if ended.returncode or not (place / "trained.json").exists():
        tail = (place / "output.txt").read_text(errors="replace")[-1500:]
        raise IpipError(f"{job.name} on {job.frames.name} failed: {tail}")
    row = {
        "set": job.frames.name,
        "case": job.case.name,
        "budget": job.budget,
        "seed": job.seed,
        **json.loads((place / "trained.json").read_text()),
        "errors": {name: _errors(job.frames, name, place) for name in job.frames.tests},
    }
    done.write_text(json.dumps(row, indent=1) + "\n")
    return row


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of all finished jobs."""
    done = sorted((folder / "jobs").glob("*/*/result.json"))
    return [json.loads(path.read_text()) for path in done]


def results_of(folder: Path) -> dict[str, Any]:
    """Return the data to store: the rows of all finished jobs, and the machine."""
    return {
        "what": "errors of forces (meV/Å) and energies (meV/atom); CPU times, one core",
        "machine": processor(),
        "torch": torch.__version__,
        "rows": rows_of(folder),
    }


def _errors(frames: FrameSet, name: str, place: Path) -> dict[str, float]:
    """Return force errors in meV/Å over components, energy errors in meV per atom."""
    reference = read_frames(frames.folder / f"test-{name}.xyz")
    sizes = np.array([len(frame) for frame in reference])
    with np.load(place / f"predicted-{name}.npz") as predicted:
        force = predicted["forces"] - np.concatenate([frame.forces for frame in reference])
        energy = (predicted["energies"] - [frame.energy for frame in reference]) / sizes
    return {
        "force_mae": 1e3 * float(np.abs(force).mean()),
        "force_rmse": 1e3 * float(np.sqrt((force**2).mean())),
        "energy_mae": 1e3 * float(np.abs(energy).mean()),
        "energy_rmse": 1e3 * float(np.sqrt((energy**2).mean())),
    }


def _write_other_labels(folder: Path) -> None:
    """Write labels under keys that ASE does not interpret, as MACE's command requires."""
    for part in ("train", "valid"):
        path = folder / f"{part}-labels.xyz"
        if path.exists():
            continue
        renamed = []
        for frame in read_frames(folder / f"{part}.xyz"):
            atoms = frame.to_atoms()
            atoms.calc = None
            atoms.info = {"REF_energy": frame.energy}
            atoms.arrays["REF_forces"] = np.asarray(frame.forces)
            renamed.append(atoms)
        write(path, renamed, format="extxyz")
    assert len(read(path, index=":")) > 0
