"""Common code of all contenders' programs: their job, its budget, predictions and times.

Each runs in the Python of a separate environment, which may lack ipip.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase.calculators.calculator import Calculator
from ase.io import read

TRIAL = 2  # epochs that are timed to count the others

JOB = Path(sys.argv[1])
GIVEN: dict[str, Any] = json.loads((JOB / "job.json").read_text())
SET = Path(GIVEN["set"])


def cpu_seconds(command: Sequence[str], folder: Path) -> float:
    """Run a program in a folder; return its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, cwd=folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def train_in_budget(train: Callable[[Path, int], float]) -> tuple[Path, int, float]:
    """Train for the epochs that fit into the budget, estimated from two trial epochs.

    Args:
        train: trains in a folder for some epochs, and returns its CPU seconds.

    Returns:
        The folder, the epochs and the CPU seconds of the final training.
    """
    one = train(JOB / "one", 1)
    few = train(JOB / "few", 1 + TRIAL)
    seconds = float(GIVEN["budget"].removesuffix(" s"))
    epochs = max(1, int(seconds / max((few - one) / TRIAL, 0.01)))
    return JOB / "whole", epochs, train(JOB / "whole", epochs)


def steps_of(epochs: int) -> int:
    """Return the number of optimiser steps in a number of epochs."""
    frames = len(read(SET / "train.xyz", index=":"))
    return epochs * -(-frames // GIVEN["settings"]["batch_size"])


def reference_energies() -> dict[str, float]:
    """Return the energy of each element, eV, by symbol: least squares over the training frames."""
    frames = read(SET / "train.xyz", index=":")
    symbols = sorted({symbol for atoms in frames for symbol in atoms.get_chemical_symbols()})
    counts = [[atoms.get_chemical_symbols().count(s) for s in symbols] for atoms in frames]
    energies = [atoms.get_potential_energy() for atoms in frames]
    fitted = np.linalg.lstsq(np.array(counts, float), energies, rcond=None)[0]
    return dict(zip(symbols, fitted.tolist(), strict=True))


def predict_tests(calculator: Calculator) -> None:
    """Write energies and forces of all test frames."""
    for name in GIVEN["tests"]:
        energies, forces = [], []
        for atoms in read(SET / f"test-{name}.xyz", index=":"):
            atoms.calc = calculator
            energies.append(atoms.get_potential_energy())
            forces.append(atoms.get_forces())
        np.savez(JOB / f"predicted-{name}.npz", energies=energies, forces=np.concatenate(forces))


def write_result(calculator: Calculator, *, training_s: float, steps: int, parameters: int) -> None:
    """Time the large box and write the results of the job; this ends it."""
    large = read(SET / "large.xyz")
    large.calc = calculator
    times = []
    for call in range(GIVEN["calls"] + 1):  # the first one also prepares
        large.rattle(0.002, seed=call)
        start = time.process_time()
        large.get_forces()
        times.append(time.process_time() - start)
    result = {
        "training_s": training_s,
        "steps": steps,
        "parameters": parameters,
        "us_per_atom": 1e6 * min(times[1:]) / len(large),
    }
    (JOB / "trained.json").write_text(json.dumps(result) + "\n")
