"""Train a MACE from scratch by its own command: python mace_network.py JOB (see jobs.py).

Settings as its documentation recommends for a set of this size: forces weigh 100, energies 1 and
then 1000 in the last quarter (stage two), AMSGrad, averaged weights, a rate that falls where the
validation stops improving. The number of epochs is what fits into the budget, by the time of two
first ones.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from ase.io import read
from mace.calculators import MACECalculator

TRIAL = 2  # epochs


def train(folder: Path, epochs: int) -> float:
    """Run mace_run_train; return its CPU seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "name": "mace",
        "model": "MACE",
        "train_file": place / "train-labels.xyz",
        "valid_file": place / "valid-labels.xyz",
        "E0s": "average",
        "energy_key": "REF_energy",
        "forces_key": "REF_forces",
        "forces_weight": 100,
        "energy_weight": 1,
        "max_num_epochs": epochs,
        "ema_decay": 0.99,
        "scheduler_patience": 10,
        "default_dtype": "float32",
        "device": "cpu",
        "seed": given["seed"],
        "work_dir": folder,
        "valid_batch_size": 20,
        "eval_interval": max(1, epochs // 50),
        **given["settings"],
    }
    flags = ["--ema", "--amsgrad"]
    if epochs >= 20:
        flags += ["--stage_two", f"--start_stage_two={3 * epochs // 4}"]
    command = [f"--{name}={value}" for name, value in options.items()] + flags
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [str(Path(sys.executable).parent / "mace_run_train"), *command], check=True, cwd=folder
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


torch.set_num_threads(1)
job = Path(sys.argv[1])
given = json.loads((job / "job.json").read_text())
place = Path(given["set"])
one = train(job / "one", 1)
few = train(job / "few", 1 + TRIAL)
epoch_s = max((few - one) / TRIAL, 0.01)
epochs = max(1, int(given["budget_s"] / epoch_s))
spent = train(job / "whole", epochs)
(model,) = [path for path in (job / "whole").rglob("*.model") if "compiled" not in path.name][-1:]
calculator = MACECalculator(model_paths=str(model), device="cpu", default_dtype="float32")


def timed_forces(atoms) -> float:
    start = time.process_time()
    atoms.get_forces()
    return time.process_time() - start


for name in given["tests"]:
    energies, forces = [], []
    for atoms in read(place / f"test-{name}.xyz", index=":"):
        atoms.calc = calculator
        energies.append(atoms.get_potential_energy(force_consistent=True))
        forces.append(atoms.get_forces())
    np.savez(job / f"predicted-{name}.npz", energies=energies, forces=np.concatenate(forces))
large = read(place / "large.xyz")
large.calc = calculator
times = []
for call in range(given["calls"] + 1):
    large.rattle(0.002, seed=call)
    times.append(timed_forces(large))
frames = len(read(place / "train.xyz", index=":"))
result = {
    "training_s": spent,
    "steps": epochs * -(-frames // given["settings"]["batch_size"]),
    "parameters": sum(p.numel() for p in calculator.models[0].parameters()),
    "us_per_atom": 1e6 * min(times[1:]) / len(large),
}
(job / "trained.json").write_text(json.dumps(result) + "\n")
