"""Energy conservation: 10 000 steps of constant-energy MD that starts at 1200 K.

Trajectories of two backends diverge within a picosecond, so each runs from several velocities: the
spread shows the significance of one trajectory's drift.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.pair.boxes import SYMBOLS

from ipip.config.data import DataKeys
from ipip.data import read_frames
from ipip.data.frame import Frame
from ipip.errors import IpipError
from ipip.export import load_student, save_student
from ipip.lammps.geometry import lammps_box, write_data
from ipip.lammps.process import lammps_command, lammps_environment
from ipip.models import build_student

REPOSITORY = Path(__file__).resolve().parents[2]
DATA = REPOSITORY / "examples" / "mo-s-o" / "data" / "mso_pbe_d3.xyz"
RUNS = {
    ("torchscript", "float64"): 16,
    ("kernels", "float64"): 24,
    ("kernels", "float32"): 24,
}  # seeds
SEED = 4928
_TRAIN = """\
seed: 3
data:
  - path: {data}
    keys: {{energy: REF_energy, forces: REF_forces}}
split: {{valid: 10, test: 0}}
student: {{architecture: painn, channels: 32, layers: 2, zbl: true}}
training: {{max_epochs: {epochs}, tensorboard: false}}
"""
_DECK = """\
units metal
atom_style atomic
boundary {boundary}
read_data start.data
pair_style ipip backend {backend}
pair_coeff * * {model} Mo S O
neighbor 1.0 bin
neigh_modify every 1 delay 0 check yes
velocity all create 1200 {seed} mom yes rot yes dist gaussian
fix 1 all nve
timestep 0.0005
thermo 20
thermo_style custom step temp pe etotal
thermo_modify norm no format float %.12g
run {steps}
"""


def drift(folder: Path, *, quick: bool) -> list[dict[str, Any]]:
    """Run a student trained on the shipped frames by each backend in each precision."""
    folder.mkdir(parents=True, exist_ok=True)
    model = _train(folder, epochs=5 if quick else 60)
    frame = read_frames(DATA, DataKeys(energy="REF_energy", forces="REF_forces"))[0]
    steps = 1000 if quick else 10_000
    rows = []
    for (backend, dtype), n_seeds in RUNS.items():
        path = _as_dtype(model, dtype, folder)
        slopes, fluctuations, temperatures = [], [], []
        for k in range(2 if quick else n_seeds):
            run = folder / f"{backend}-{dtype}-{k}"
            energies, temperature = _run(run, frame, path, backend, steps, SEED + k)
            per_atom = 1e3 * (energies - energies[0]) / len(frame)
            time = np.linspace(0.0, 5e-4 * steps, len(energies))
            slopes.append(float(np.polyfit(time, per_atom, 1)[0]))
            fluctuations.append(float(np.std(per_atom - slopes[-1] * time)))
            temperatures.append(temperature)
        rows.append(
            {
                "backend": backend,
                "dtype": dtype,
                "atoms": len(frame),
                "steps": steps,
                "seeds": len(slopes),
                "mean_temperature_k": float(np.mean(temperatures)),
                "drift_mev_per_atom_ps": float(np.mean(slopes)),
                "standard_error": float(np.std(slopes, ddof=1) / np.sqrt(len(slopes))),
                "drifts": slopes,
                "fluctuation_mev_per_atom": float(np.mean(fluctuations)),
            }
        )
    return rows


def _train(folder: Path, epochs: int) -> Path:
    run = folder / f"train-{epochs}"
    model = run / "student.pt"
    if model.exists():
        return model
    settings = folder / "train.yaml"
    settings.write_text(_TRAIN.format(data=DATA, epochs=epochs))
    ipip = Path(sys.executable).with_name("ipip")
    command = [str(ipip), "train", str(settings), "--dir", str(run)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise IpipError(f"training for the drift table failed: {done.stdout}{done.stderr}")
    return model


def _as_dtype(model: Path, dtype: str, folder: Path) -> Path:
    """Write the same weights in another precision."""
    path = folder / f"{dtype}.pt"
    student = load_student(model)
    arguments = {**student.arguments, "dtype": dtype}
    same = build_student(student.architecture, student.symbols, **arguments)
    same.load_state_dict(student.state_dict())
    save_student(same, path)
    return path


def _run(
    folder: Path, frame: Frame, model: Path, backend: str, steps: int, seed: int
) -> tuple[np.ndarray, float]:
    """Return total energies (eV) over the run and the mean temperature (K)."""
    folder.mkdir(parents=True, exist_ok=True)
    box = lammps_box(frame)
    write_data(folder / "start.data", frame, SYMBOLS, box)
    deck = _DECK.format(
        boundary=box.boundary, backend=backend, model=model.resolve(), steps=steps, seed=seed
    )
    (folder / "in.lammps").write_text(deck)
    done = subprocess.run(
        lammps_command("-in", "in.lammps", "-log", "none", "-nocite"),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=lammps_environment(),
    )
    if done.returncode != 0:
        raise IpipError(f"LAMMPS failed in {folder}: {done.stdout[-400:]}")
    table = done.stdout.split("TotEng", 1)[1].split("Loop time", 1)[0]
    rows = np.array([[float(v) for v in line.split()] for line in table.splitlines()[1:] if line])
    return rows[:, 3], float(rows[:, 1].mean())
