"""Train a MACE from scratch by its own command: python mace_network.py JOB (see jobs.py).

Settings as its documentation recommends for a set of this size: forces weigh 100, energies 1 and
then 1000 in the last quarter (stage two), AMSGrad, averaged weights, a rate that falls where the
validation stops improving. The number of epochs is what fits into the budget, estimated from two
trial epochs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from job import GIVEN, SET, cpu_seconds, predict_tests, steps_of, train_in_budget, write_result
from mace.calculators import MACECalculator


def train(folder: Path, epochs: int) -> float:
    """Run mace_run_train; return its CPU seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "name": "mace",
        "model": "MACE",
        "train_file": SET / "train-labels.xyz",
        "valid_file": SET / "valid-labels.xyz",
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
        "seed": GIVEN["seed"],
        "work_dir": folder,
        "valid_batch_size": 20,
        "eval_interval": max(1, epochs // 50),
        **GIVEN["settings"],
    }
    flags = ["--ema", "--amsgrad"]
    if epochs >= 20:
        flags += ["--stage_two", f"--start_stage_two={3 * epochs // 4}"]
    command = [f"--{name}={value}" for name, value in options.items()] + flags
    return cpu_seconds([str(Path(sys.executable).parent / "mace_run_train"), *command], folder)


torch.set_num_threads(1)
whole, epochs, spent = train_in_budget(train)
(model,) = [path for path in whole.rglob("*.model") if "compiled" not in path.name][-1:]
calculator = MACECalculator(model_paths=str(model), device="cpu", default_dtype="float32")
predict_tests(calculator)
parameters = sum(p.numel() for p in calculator.models[0].parameters())
write_result(calculator, training_s=spent, steps=steps_of(epochs), parameters=parameters)
