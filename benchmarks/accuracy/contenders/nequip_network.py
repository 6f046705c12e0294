"""Train a NequIP from scratch by its own command: python nequip_network.py JOB (see jobs.py).

Settings of its tutorial, with the size and batch of the case: four layers, energies per atom and
forces weighing the same, averaged weights, a rate that falls where the validation stops improving;
but an energy of each element, since sets differ in composition. Features for GPUs or for
trajectories through cores are left out: compilation and the ZBL term. The number of epochs is what
fits into the budget, estimated from two trial epochs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
import yaml
from job import (
    GIVEN,
    SET,
    cpu_seconds,
    predict_tests,
    reference_energies,
    steps_of,
    train_in_budget,
    write_result,
)
from nequip.integrations.ase import NequIPCalculator

WATCHED = "val0_epoch/weighted_sum"


def settings(energies: dict[str, float], epochs: int) -> dict[str, Any]:
    """Return the file of settings that its command reads; energies: of each element, eV."""
    symbols = list(energies)
    own = dict(GIVEN["settings"])
    batch_size, cutoff = own.pop("batch_size"), own["r_max"]
    statistics = {
        name: f"${{training_data_stats:{value}}}"
        for name, value in (
            ("avg_num_neighbors", "num_neighbors_mean"),
            ("per_type_energy_scales", "per_type_forces_rms"),
        )
    }
    loader = {"_target_": "torch.utils.data.DataLoader", "batch_size": batch_size}
    metrics = {
        "_target_": "nequip.train.EnergyForceMetrics",
        "coeffs": {"per_atom_energy_mae": 1.0, "forces_mae": 1.0},
    }
    return {
        "run": ["train"],
        "data": {
            "_target_": "nequip.data.datamodule.ASEDataModule",
            "seed": GIVEN["seed"],
            "train_file_path": str(SET / "train.xyz"),
            "val_file_path": str(SET / "valid.xyz"),
            "transforms": [
                {
                    "_target_": "nequip.data.transforms.ChemicalSpeciesToAtomTypeMapper",
                    "model_type_names": symbols,
                    "chemical_species_to_atom_type_map": {symbol: symbol for symbol in symbols},
                },
                {"_target_": "nequip.data.transforms.NeighborListTransform", "r_max": cutoff},
            ],
            "train_dataloader": {**loader, "shuffle": True},
            "val_dataloader": {**loader, "batch_size": 10},
            "stats_manager": {
                "_target_": "nequip.data.CommonDataStatisticsManager",
                "dataloader_kwargs": {"batch_size": 10},
                "type_names": symbols,
            },
        },
        "trainer": {
            "_target_": "lightning.Trainer",
            "accelerator": "cpu",
            "max_epochs": epochs,
            "check_val_every_n_epoch": max(1, epochs // 50),
            # A separate program, whatever MPI or scheduler this environment has.
            "plugins": {"_target_": "lightning.pytorch.plugins.environments.LightningEnvironment"},
            "logger": False,
            "enable_progress_bar": False,
            "callbacks": [
                {
                    "_target_": "lightning.pytorch.callbacks.ModelCheckpoint",
                    "monitor": WATCHED,
                    "dirpath": "${hydra:runtime.output_dir}",
                    "filename": "best",
                }
            ],
        },
        "training_module": {
            "_target_": "nequip.train.EMALightningModule",
            "ema_decay": 0.999,
            "loss": {
                "_target_": "nequip.train.EnergyForceLoss",
                "per_atom_energy": True,
                "coeffs": {"total_energy": 1.0, "forces": 1.0},
            },
            "val_metrics": metrics,
            "optimizer": {"_target_": "torch.optim.Adam", "lr": 0.01},
            "lr_scheduler": {
                "scheduler": {
                    "_target_": "torch.optim.lr_scheduler.ReduceLROnPlateau",
                    "factor": 0.6,
                    "patience": 5,
                    "threshold": 0.2,
                    "min_lr": 1e-6,
                },
                "monitor": WATCHED,
                "interval": "epoch",
                "frequency": max(1, epochs // 50),
            },
            "model": {
                "_target_": "nequip.model.NequIPGNNModel",
                "seed": GIVEN["seed"],
                "model_dtype": "float32",
                "type_names": symbols,
                "num_layers": 4,
                "parity": True,
                "radial_mlp_depth": 2,
                "radial_mlp_width": 64,
                "per_type_energy_shifts": energies,
                **own,
                **statistics,
            },
        },
    }


def train(folder: Path, epochs: int) -> float:
    """Run nequip-train; return its CPU seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.yaml").write_text(yaml.safe_dump(settings(reference_energies(), epochs)))
    command = [str(Path(sys.executable).parent / "nequip-train"), "-cp", str(folder)]
    return cpu_seconds([*command, "-cn", "settings", f"hydra.run.dir={folder}"], folder)


torch.set_num_threads(1)
whole, epochs, spent = train_in_budget(train)
calculator = NequIPCalculator._from_saved_model(
    str(whole / "best.ckpt"), device="cpu", chemical_species_to_atom_type_map=True
)
predict_tests(calculator)
parameters = sum(p.numel() for p in calculator.model.parameters())
write_result(calculator, training_s=spent, steps=steps_of(epochs), parameters=parameters)
