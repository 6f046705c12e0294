"""Labels for 1 000 frames of 150 atoms: the kernels against the eager network."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.pair.boxes import dense
from benchmarks.pair.students import write_student

from ipip.evaluation import predict_file
from ipip.export import load_student
from ipip.train import predict

ATOMS = 150


def relabel(folder: Path, *, quick: bool) -> list[dict[str, Any]]:
    """Label the same frames both ways, neighbour lists included."""
    torch.set_num_threads(1)
    frames = [dense(ATOMS, seed=seed) for seed in range(20 if quick else 1000)]
    model = write_student(folder, 64, 2, scale=1.0)
    student = load_student(model)
    predict(student, frames[:2], kernels="eager")
    start = time.perf_counter()
    eager = predict(student, frames, kernels="eager")
    middle = time.perf_counter()
    kernels = predict_file(model, frames)
    end = time.perf_counter()
    errors = [np.abs(a.forces - b.forces).max() for a, b in zip(eager, kernels, strict=True)]
    largest = max(np.abs(frame.forces).max() for frame in eager)
    return [
        {
            "frames": len(frames),
            "atoms": ATOMS,
            "channels": 64,
            "layers": 2,
            "eager_s": middle - start,
            "kernels_s": end - middle,
            "speedup": (middle - start) / (end - middle),
            "force_difference": float(max(errors) / largest),
        }
    ]
