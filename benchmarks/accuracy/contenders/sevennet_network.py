"""Train a SevenNet from scratch by its own command: python sevennet_network.py JOB (see jobs.py).

Settings recommended by `sevenn preset base`, without stress, and with the size and batch of the
case. The number of epochs is what fits into the budget, estimated from two trial epochs.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
import yaml
from job import GIVEN, SET, cpu_seconds, predict_tests, steps_of, train_in_budget, write_result
from sevenn.calculator import SevenNetCalculator

COMMAND = [sys.executable, "-m", "sevenn.main.sevenn"]


def train(folder: Path, epochs: int) -> float:
    """Run its training; return CPU seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    preset = subprocess.run(
        [*COMMAND, "preset", "base"], capture_output=True, text=True, check=True
    )
    options: dict[str, Any] = yaml.safe_load(preset.stdout)
    options["model"] |= {name: GIVEN["settings"][name] for name in ("channel", "lmax", "cutoff")}
    options["train"] |= {
        "random_seed": GIVEN["seed"],
        "is_train_stress": False,
        "epoch": epochs,
        "per_epoch": max(1, epochs),
        "error_record": [["Energy", "RMSE"], ["Force", "RMSE"], ["TotalLoss", "None"]],
        # Its rate falls by 0.99 an epoch, of 200: the same fall over the epochs of this budget.
        "scheduler_param": {"gamma": 0.99 ** (200 / epochs)},
    }
    options["data"] |= {
        "batch_size": GIVEN["settings"]["batch_size"],
        # As its own SevenNet-0: a mean over all atoms, as in the preset, suits one composition.
        "shift": "elemwise_reference_energies",
        "load_trainset_path": [str(SET / "train.xyz")],
        "load_validset_path": [str(SET / "valid.xyz")],
    }
    del options["data"]["load_testset_path"]
    (folder / "input.yaml").write_text(yaml.safe_dump(options))
    return cpu_seconds([*COMMAND, "train", "input.yaml"], folder)


torch.set_num_threads(1)
whole, epochs, spent = train_in_budget(train)
calculator = SevenNetCalculator(str(whole / "checkpoint_best.pth"), device="cpu")
predict_tests(calculator)
parameters = sum(p.numel() for p in calculator.model.parameters())
write_result(calculator, training_s=spent, steps=steps_of(epochs), parameters=parameters)
