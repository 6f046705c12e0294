"""Train a SevenNet from scratch by its own command: python sevennet_network.py JOB (see jobs.py).

Settings are those that `sevenn preset base` recommends, without stress, and with the size and batch
of the case. The number of epochs is what fits into the budget, by the time of two first ones.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from ase.io import read
from sevenn.calculator import SevenNetCalculator

TRIAL = 2  # epochs
COMMAND = [sys.executable, "-m", "sevenn.main.sevenn"]


def train(folder: Path, epochs: int) -> float:
    """Run its training; return CPU seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    said = subprocess.run([*COMMAND, "preset", "base"], capture_output=True, text=True, check=True)
    asked: dict[str, Any] = yaml.safe_load(said.stdout)
    asked["model"] |= {name: given["settings"][name] for name in ("channel", "lmax", "cutoff")}
    asked["train"] |= {
        "random_seed": given["seed"],
        "is_train_stress": False,
        "epoch": epochs,
        "per_epoch": max(1, epochs),
        "error_record": [["Energy", "RMSE"], ["Force", "RMSE"], ["TotalLoss", "None"]],
        # Its rate falls by 0.99 an epoch, of 200: the same fall over the epochs of this budget.
        "scheduler_param": {"gamma": 0.99 ** (200 / epochs)},
    }
    asked["data"] |= {
        "batch_size": given["settings"]["batch_size"],
        "load_trainset_path": [str(place / "train.xyz")],
        "load_validset_path": [str(place / "valid.xyz")],
    }
    del asked["data"]["load_testset_path"]
    (folder / "input.yaml").write_text(yaml.safe_dump(asked))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*COMMAND, "train", "input.yaml"], check=True, cwd=folder)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


torch.set_num_threads(1)
job = Path(sys.argv[1])
given = json.loads((job / "job.json").read_text())
place = Path(given["set"])
one = train(job / "one", 1)
few = train(job / "few", 1 + TRIAL)
epochs = max(1, int(given["budget_s"] / max((few - one) / TRIAL, 0.01)))
spent = train(job / "whole", epochs)
calculator = SevenNetCalculator(str(job / "whole" / "checkpoint_best.pth"), device="cpu")
for name in given["tests"]:
    energies, forces = [], []
    for atoms in read(place / f"test-{name}.xyz", index=":"):
        atoms.calc = calculator
        energies.append(atoms.get_potential_energy())
        forces.append(atoms.get_forces())
    np.savez(job / f"predicted-{name}.npz", energies=energies, forces=np.concatenate(forces))
large = read(place / "large.xyz")
large.calc = calculator
times = []
for call in range(given["calls"] + 1):
    large.rattle(0.002, seed=call)
    start = time.process_time()
    large.get_forces()
    times.append(time.process_time() - start)
frames = len(read(place / "train.xyz", index=":"))
result = {
    "training_s": spent,
    "steps": epochs * -(-frames // given["settings"]["batch_size"]),
    "parameters": sum(p.numel() for p in calculator.model.parameters()),
    "us_per_atom": 1e6 * min(times[1:]) / len(large),
}
(job / "trained.json").write_text(json.dumps(result) + "\n")
