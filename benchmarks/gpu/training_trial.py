"""A batch, weights, and the results of a few training steps on the CPU, as plain numbers.

The machine with the GPU needs no torch: `measure/training.py` reads these files.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from benchmarks.train.batches import CUTOFF, SYMBOLS, dense

from ipip.models import build_student
from ipip.train.prediction.device_kernels import DevicePainnKernels, weights_of
from ipip.train.prediction.painn_kernels import PainnKernels, parameters_of

STEPS = 4
RATE = 1e-5  # of plain gradient descent on the mean square force


def write_trials(folder: Path) -> list[Path]:
    """Write a small trial and one of a usual batch for each precision; return all files."""
    paths = []
    for dtype in ("float64", "float32"):
        paths += _write(folder / f"training-small-{dtype}", dtype, channels=32, n=8, frames=2)
        paths += _write(folder / f"training-batch-{dtype}", dtype, channels=64, n=64, frames=5)
    return paths


def _write(path: Path, dtype: str, *, channels: int, n: int, frames: int) -> list[Path]:
    student: Any = build_student(
        "painn", SYMBOLS, seed=5, cutoff=CUTOFF, channels=channels, layers=3, dtype=dtype
    )
    student.set_energy_scale(0.0, 1.0)
    graph = dense(frames, n).batch
    batch = (graph.species, graph.edge_index, graph.edge_vec, graph.batch, frames)
    device, cpu = DevicePainnKernels(student, device="emulate"), PainnKernels(student)
    arrays = device.frames(*batch[:4]) | {"weights": weights_of(student).detach().clone()}
    results = cpu(*batch, create_graph=True)
    generator = torch.Generator().manual_seed(7)
    slopes = [torch.randn(one.shape, generator=generator, dtype=one.dtype) for one in results]
    found = torch.autograd.grad(results, parameters_of(student), slopes)
    arrays |= dict(zip(("energy", "forces", "strain"), results, strict=True))
    arrays |= dict(zip(("of_energy", "of_forces", "of_strain"), slopes, strict=True))
    arrays["gradient"] = torch.cat([one.reshape(-1) for one in found])
    losses = []
    for _ in range(STEPS):
        forces = cpu(*batch, create_graph=True)[1]
        loss = forces.pow(2).mean()
        losses.append(float(loss.detach()))
        step = torch.autograd.grad(loss, parameters_of(student))
        with torch.no_grad():
            for parameter, gradient in zip(parameters_of(student), step, strict=True):
                parameter -= RATE * gradient
    path = path.with_suffix(".bin")
    listed, written = {}, b""
    for name, value in arrays.items():
        kind = {torch.int32: "i", torch.float32: "f", torch.float64: "d"}[value.dtype]
        listed[name] = {"type": kind, "at": len(written), "count": value.numel()}
        written += value.detach().contiguous().numpy().tobytes()
    path.write_bytes(written)
    description = {
        "shape": device.shape,
        "n": n * frames,
        "n_pairs": len(batch[2]),
        "n_frames": frames,
        "arrays": listed,
        "rate": RATE,
        "losses": losses,
    }
    path.with_suffix(".json").write_text(json.dumps(description))
    return [path, path.with_suffix(".json")]
