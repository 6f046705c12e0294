"""A small real run: an EMT teacher, a reference that differs from it, a tiny PaiNN, LAMMPS."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from ase.build import bulk
from ase.calculators.emt import EMT

from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.data import Frame, write_frames
from ipip.loop.run import run_loop

SHIFT = {29: -3.0, 79: -5.0}  # eV per atom between the reference and EMT
STIFFNESS = 1.1  # reference energies and forces over EMT's


def reference_frames(count: int, seed: int) -> list[Frame]:
    """Rattled CuAu cells of two compositions, labelled by EMT made stiffer and shifted."""
    rng = np.random.default_rng(seed)
    frames = []
    for index in range(count):
        atoms = bulk("Cu", "fcc", a=3.85, cubic=True).repeat((2, 1, 1))
        atoms.numbers[: 3 + index % 2] = 79
        atoms.positions += 0.1 * rng.normal(size=atoms.positions.shape)
        atoms.calc = EMT()
        energy = STIFFNESS * atoms.get_potential_energy() + sum(SHIFT[z] for z in atoms.numbers)
        frame = Frame.from_atoms(atoms)
        frames.append(
            frame.replace(
                energy=float(energy),
                forces=STIFFNESS * atoms.get_forces(),
                stress=None,
                info={"traj": index // 3, "config_type": "rattled", "charge": 1},
            )
        )
    return frames


def plain_settings(folder: Path) -> dict[str, Any]:
    """Return the settings as in a file in `folder`."""
    training = {"max_epochs": 3, "batch_size": 4, "tensorboard": False, "warmup_steps": 2}
    md = {"temperature": 300.0, "thermostat": "langevin"}
    return {
        "seed": 7,
        "rounds": 1,
        "elements": ["Cu", "Au"],
        "teacher": {"kind": "ase", "import_path": "ase.calculators.emt:EMT"},
        "reference": {
            "data": [{"path": "reference.xyz", "keys": {"group": "traj"}}],
            "split": {"valid": 3, "test": 3},
        },
        "systems": [{"name": "alloy", "file": "start.xyz", "runs": 2}],
        "teacher_md": {**md, "steps": 20, "frame_interval": 4},
        "student_md": {**md, "steps": 30, "frame_interval": 5, "ring_frames": 5},
        "harvest": {"candidates": 6, "per_run": 3, "frames": 4},
        "student": {"channels": 8, "layers": 1, "cutoff": 4.0, "n_radial": 20, "zbl": False},
        "pretrain": training,
        "finetune": dict(training),
        "stability": {"runs": 1},
        "stop": {"rollback_above": None},
        "speed": {"replicate": [1, 1, 1], "student_steps": 20, "teacher_calls": 1},
    }


def write_run_inputs(folder: Path, **changes: Any) -> Path:
    """Write data and settings into a folder; return the settings file."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = reference_frames(12, seed=1)
    write_frames(folder / "reference.xyz", frames)
    write_frames(folder / "start.xyz", [frames[0].replace(energy=None, forces=None)])
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(plain_settings(folder) | changes, sort_keys=False))
    return path


@pytest.fixture(scope="session")
def write_inputs() -> Callable[..., Path]:
    """Write data and settings into a folder; return the settings file."""
    return write_run_inputs


@pytest.fixture(scope="session")
def finished_run(
    tmp_path_factory: pytest.TempPathFactory, write_inputs: Callable[..., Path]
) -> tuple[Path, Path]:
    """An unbroken run: its settings file and its folder. Tests copy it before they change it."""
    config = write_inputs(tmp_path_factory.mktemp("loop"))
    folder = config.parent / "run"
    run_loop(load_settings(config, RunSettings), folder)
    return config, folder


@pytest.fixture
def copied(finished_run: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """A copy of the finished run that a test may change."""
    config, folder = finished_run
    shutil.copytree(config.parent, tmp_path / "copy")
    return tmp_path / "copy" / config.name, tmp_path / "copy" / folder.name


def without_times(value: Any) -> Any:
    """Drop from a summary what may differ between equal runs."""
    if isinstance(value, dict):
        measured = ("us_per_atom_step", "timing_load")
        return {k: without_times(v) for k, v in value.items() if k not in measured}
    return [without_times(item) for item in value] if isinstance(value, list) else value


@pytest.fixture(scope="session")
def start_ipip() -> Callable[..., subprocess.Popen[str]]:
    """Start the command line in a separate process."""

    def start(*arguments: str | Path) -> subprocess.Popen[str]:
        code = "from ipip.cli.main import main; raise SystemExit(main())"
        return subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start
