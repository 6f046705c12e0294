"""A few training steps on the GPU, compared with the CPU's, and their time.

The compiled part of ipip takes memory by its address, also of the host, so no torch is needed, but
the Python that ipip was packed with.
"""

from __future__ import annotations

import importlib.util
import json
import time
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TOLERANCE = {"float64": 1e-8, "float32": 1e-3}  # of the largest number of each result


def _core(folder: Path) -> Any:
    """The compiled part, without the rest of ipip."""
    (path,) = folder.glob("_core.*.so")
    spec = importlib.util.spec_from_file_location("_core", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _worst(found: Sequence[float], expected: Sequence[float]) -> float:
    """The largest difference over the largest number."""
    largest = max(abs(value) for value in expected)
    return max(abs(a - b) for a, b in zip(found, expected, strict=True)) / largest


class Trial:
    """The numbers of `benchmarks/gpu/training_trial.py`, and the kernels on a device."""

    def __init__(self, root: Path, name: str, device: str) -> None:
        path = root / "students" / f"training-{name}.json"
        self.about = json.loads(path.read_text())
        numbers = path.with_suffix(".bin").read_bytes()
        self.arrays: dict[str, array[Any]] = {}
        for name, one in self.about["arrays"].items():
            values: array[Any] = array(one["type"])
            size = values.itemsize * one["count"]
            values.frombytes(numbers[one["at"] : one["at"] + size])
            self.arrays[name] = values
        shape = self.about["shape"] | {"device": device}
        self.kernels = _core(root / "ipip").DeviceTraining(**shape)
        self.weights = self.arrays["weights"]
        self.gradient = array(self.weights.typecode, [0.0]) * len(self.weights)
        self.forces = array("d", [0.0]) * (3 * self.about["n"])
        self.sums = array("d", [0.0]) * (10 * self.about["n_frames"])

    def evaluate(self) -> None:
        """Compute energies, forces and strain derivatives."""
        given = self.arrays | {"forces": self.forces, "sums": self.sums}
        about = self.about
        addresses = {name: values.buffer_info()[0] for name, values in given.items()}
        self.kernels.evaluate(about["n"], about["n_pairs"], about["n_frames"], addresses, 0)

    def differentiate(self, energy: array[Any], forces: array[Any], strain: array[Any]) -> None:
        """Compute the gradient of a loss from its slopes by the results."""
        given = {"energy": energy, "forces": forces, "strain": strain, "weights": self.gradient}
        addresses = {name: values.buffer_info()[0] for name, values in given.items()}
        self.kernels.gradients(addresses, 0)

    def compare(self) -> dict[str, float]:
        """Compare one evaluation and one gradient with the CPU's."""
        slopes = [self.arrays[f"of_{name}"] for name in ("energy", "forces", "strain")]
        self.evaluate()
        self.differentiate(*slopes)
        strain = [
            value for at in range(0, len(self.sums), 10) for value in self.sums[at + 1 : at + 10]
        ]
        return {
            "energy": _worst(self.sums[::10], self.arrays["energy"]),
            "forces": _worst(self.forces, self.arrays["forces"]),
            "strain": _worst(strain, self.arrays["strain"]),
            "gradient": _worst(self.gradient, self.arrays["gradient"]),
        }

    def time_us(self, steps: int) -> float:
        """Time an evaluation and its gradient, with all numbers from the host and back."""
        slopes = [self.arrays[f"of_{name}"] for name in ("energy", "forces", "strain")]
        start = time.perf_counter()
        for _ in range(steps):
            self.evaluate()
            self.differentiate(*slopes)
        return (time.perf_counter() - start) / steps * 1e6

    def losses(self) -> list[float]:
        """Mean square forces over steps of plain gradient descent, which change the weights."""
        n_frames, found = self.about["n_frames"], []
        nothing = array("d", [0.0]) * n_frames, array("d", [0.0]) * (9 * n_frames)
        for _ in self.about["losses"]:
            self.evaluate()
            count = len(self.forces)
            found.append(sum(force * force for force in self.forces) / count)
            slopes = array("d", (2 * force / count for force in self.forces))
            self.differentiate(nothing[0], slopes, nothing[1])
            for k, slope in enumerate(self.gradient):
                self.weights[k] -= self.about["rate"] * slope
        return found


def train(root: Path, name: str, device: str, steps: int) -> dict[str, Any]:
    """Compare and time the training kernels on a batch: `small-float64`, `batch-float32`."""
    trial = Trial(root, name, device)
    errors = trial.compare()
    time_us = trial.time_us(steps)
    losses = trial.losses()
    errors["losses"] = _worst(losses, trial.about["losses"])
    return {
        "kernels": trial.kernels.description,
        "atoms": trial.about["n"],
        "errors": errors,
        "right": max(errors.values()) <= TOLERANCE[name.split("-")[1]],
        "losses": losses,
        "training_us": time_us,
    }
