"""The values of the Mo-S-O quick example, from which `ipip init` writes its template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1]
LABELS = Path("data") / "mso_pbe_d3.xyz"  # from the settings file
TITLE = (
    "Settings of `ipip run`: Mo3O9 and smaller molybdenum oxides react with S2 vapour. "
    "SevenNet-0 teaches, CP2K PBE-D3(BJ) labels are the reference. Commented keys "
    "show their defaults. Relative paths are relative to this file. `ipip validate "
    "FILE` checks it and prints the plan."
)


def quick_values() -> dict[str, Any]:
    """Return the quick example as plain values, as in a settings file."""
    keys = {"energy": "REF_energy", "forces": "REF_forces", "group": "traj"}
    training = {
        "forces_weight": 3.0,
        "batch_size": 5,
        "tensorboard": False,
    }
    return {
        "seed": 1,
        "rounds": 2,
        "elements": ["Mo", "S", "O"],
        "teacher": {"kind": "sevennet", "model": "7net-0", "workers": 2},
        "reference": {
            "data": [{"path": LABELS.as_posix(), "keys": keys}],
            "split": {"valid": 12, "test": 24},
        },
        "systems": [
            _system({"Mo3O9": 1, "S2": 1}, 10.0, 1200.0),
            _system({"Mo3O9": 1, "S2": 2}, 10.0, 1800.0),
            _system({"Mo3O9": 1, "S2": 3}, 10.0, 2500.0),
            _system({"Mo3O9": 1, "S2": 4}, 10.0, 2500.0),
            _system({"MoO3": 2, "S2": 3}, 9.5, 2500.0),
            _system({"MoO3": 1, "MoS3": 1, "S2": 3}, 9.5, 2500.0),
            _system({"MoO3": 1, "S2": 4}, 9.0, 2500.0),
            _system({"MoO2S": 1, "S2": 3}, 9.0, 2500.0),
            _system({"MoS3": 1, "S2": 3}, 9.0, 2500.0),
        ],
        "teacher_md": {
            "timestep": 2.0,
            "steps": 60,
            "frame_interval": 3,
            "thermostat": "langevin",
            "relax_steps": 15,
        },
        "student_md": {
            "timestep": 2.0,
            "steps": 1000,
            "frame_interval": 25,
            "ring_interval": 3,
            "thermostat": "langevin",
            "minimize_steps": 50,
        },
        "harvest": {"candidates": 120, "per_run": 15, "frames": 60},
        "student": {"channels": 64, "layers": 2},
        "pretrain": training | {"learning_rate": 5e-3, "max_epochs": 25},
        "finetune": training | {"learning_rate": 2e-3, "max_epochs": 40},
        "stability": {"runs": 2, "temperature": 2500.0},
        "resources": {"lammps_runs": 2},
    }


def quick_labels() -> Path | None:
    """Return the file of the quick example's labels; None if neither wheel nor source tree has it.

    A wheel holds a copy in the package; a checkout has it in `examples`.
    """
    folders = (PACKAGE / "examples", PACKAGE.parents[1] / "examples")
    found = (folder / "mo-s-o" / LABELS for folder in folders)
    return next((file for file in found if file.is_file()), None)


def write_quick_template(path: Path, first_line: str = "") -> None:
    """Write the quick example as a commented settings file (UTF-8).

    Args:
        path: of the file.
        first_line: what stands before the rest, such as the line that names a schema.
    """
    from ipip.config.run import RunSettings
    from ipip.config.template import render_template

    text = render_template(RunSettings, quick_values(), TITLE)
    path.write_text(first_line + text, encoding="utf-8")


def _system(species: dict[str, int], box: float, temperature: float) -> dict[str, Any]:
    name = "-".join(f"{count}{molecule}" for molecule, count in species.items())
    return {"name": name, "species": species, "box": box, "temperature": temperature, "runs": 2}
