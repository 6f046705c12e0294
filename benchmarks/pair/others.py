"""The same box by other programs, each in a separate environment where its pins conflict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ase.io import write
from benchmarks.pair.boxes import dense
from benchmarks.pair.lammps_runs import Style, time_styles

from ipip.errors import IpipError

HERE = Path(__file__).resolve().parent
CONSTRAINTS = HERE.parents[1] / "constraints.txt"
# 2.2 needs Python 3.12, and 2.1.1 requires a sympy that torch 2.13 refuses: no pins then.
SCHNETPACK = ("--no-deps", "schnetpack==2.1.1")
SCHNETPACK_NEEDS = [
    "ase",
    "h5py",
    "pyyaml",
    "hydra-core",
    "hydra-colorlog",
    "pytorch_lightning",
    "torchmetrics",
    "fasteners",
    "dirsync",
    "torch-ema",
    "matscipy",
    "tqdm",
    "progressbar",
    "rich",
    "tensorboard",
    "tensorboardX",
    "sympy",
]
DEEPMD = "deepmd-kit[cpu,lmp]>=3.2,<3.3"
SMALL, LARGE = 128, 512


def teacher(folder: Path, *, quick: bool) -> list[dict[str, Any]]:
    """SevenNet-0 through ASE, in this environment."""
    return [_script(folder, sys.executable, "sevennet_contender.py", "SevenNet-0 (ASE)", [], quick)]


def schnetpack(folder: Path, *, quick: bool) -> list[dict[str, Any]]:
    """SchNetPack's PaiNN: energy and forces for given neighbours, without the search for them."""
    python = _environment(folder, "schnetpack", [["torch", "numpy"], SCHNETPACK_NEEDS, SCHNETPACK])
    return [
        _script(
            folder, str(python), "schnetpack_contender.py",
            f"SchNetPack PaiNN, {channels} channels, {layers} layers",
            [str(channels), str(layers)], quick,
        )
        for channels, layers in ((64, 3), (128, 3))
    ]  # fmt: skip


def deepmd(folder: Path, *, quick: bool) -> list[dict[str, Any]]:
    """DeePMD-kit's se_e2_a model, plain and compressed, by its own pair style in LAMMPS."""
    python = _environment(folder, "deepmd", [[DEEPMD]])
    work = folder / "deepmd"
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "compressed.pb").exists():
        _run([str(python), str(HERE / "deepmd_model.py"), str(work)], folder)
    lmp = [str(python.with_name("lmp"))]
    rows = []
    for kind in ("frozen", "compressed"):
        pair = f"pair_style deepmd {(work / kind).with_suffix('.pb').resolve()}\npair_coeff * *"
        peaks, best = {}, 0.0
        for n in (SMALL, LARGE):
            style = Style(kind, pair, 3 if quick else 10)
            times, peaks[n] = time_styles(folder / f"deepmd-{kind}", dense(n), [style], command=lmp)
            best = 1e6 * times[kind].step / n
        rows.append(
            {
                "what": f"DeePMD-kit se_e2_a, {kind} (LAMMPS)",
                "us": best,
                "kib_per_atom": (peaks[LARGE] - peaks[SMALL]) / (LARGE - SMALL) / 1024,
            }
        )
    return rows


def _script(
    folder: Path, python: str, script: str, what: str, arguments: Sequence[str], quick: bool
) -> dict[str, Any]:
    """Run a contender's script on two boxes, each in a process of its own."""
    results = {}
    for n in (SMALL, LARGE):
        path = (folder / f"dense-{n}.xyz").resolve()
        write(path, dense(n).to_atoms())
        said = _run(
            [python, str(HERE / script), str(path), "2" if quick else "5", *arguments], folder
        )
        results[n] = json.loads(said.splitlines()[-1])
    spread = results[LARGE]["peak_bytes"] - results[SMALL]["peak_bytes"]
    return {
        "what": what,
        "us": 1e6 * results[LARGE]["seconds"] / LARGE,
        "kib_per_atom": spread / (LARGE - SMALL) / 1024,
    }


def _environment(folder: Path, name: str, steps: Sequence[Sequence[str]]) -> Path:
    """Make a virtual environment once; return its interpreter."""
    place = folder.parent / "envs" / name
    python, ready = place / "bin" / "python", place / ".ready"
    if not ready.exists():
        print(f"installing {name} into {place} (once)", flush=True)
        _run([sys.executable, "-m", "venv", str(place)], folder)
        for packages in steps:
            pip = [str(python), "-m", "pip", "install", "--quiet", "-c", str(CONSTRAINTS)]
            _run([*pip, *packages], folder)
        ready.touch()
    return python.absolute()


def _run(command: Sequence[str], folder: Path) -> str:
    single = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
    more = {"TF_INTRA_OP_PARALLELISM_THREADS": "1", "TF_INTER_OP_PARALLELISM_THREADS": "1"}
    more |= {"DP_INTRA_OP_PARALLELISM_THREADS": "1", "DP_INTER_OP_PARALLELISM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, **single, **more},
    )  # fmt: skip
    if done.returncode != 0:
        raise IpipError(f"{' '.join(command[:6])} failed: {(done.stdout + done.stderr)[-1500:]}")
    return done.stdout
