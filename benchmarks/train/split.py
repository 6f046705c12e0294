"""Where a whole training step spends its time: python -m benchmarks.train.split [FRAMES.xyz].

Steps as in `ipip train`: batches from cached graphs, loss, gradient, clipping, AdamW, averaged
weights. CPU time of one thread, in the kernels and in all else; the share is steady even on a busy
machine. By default the frames of the Mo-S-O example.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import torch
from benchmarks.record import add_record_option, record
from benchmarks.results import row
from benchmarks.train.batches import EXAMPLE
from rich.console import Console
from rich.table import Table

from ipip.config.data import DataKeys
from ipip.config.training import TrainingSettings
from ipip.data import Frame, read_frames
from ipip.data.elements import elements_of
from ipip.models import build_student
from ipip.train import set_energy_scale
from ipip.train.fitting.loaders import TrainingBatches, graph_dataset
from ipip.train.fitting.module import TrainingModule
from ipip.train.prediction.painn_kernels import PainnKernels


class _Timed:
    """The compiled class, with the time of its calls."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._compiled, name)

        def call(*arguments: Any) -> Any:
            start = time.thread_time()
            result = function(*arguments)
            self.seconds += time.thread_time() - start
            return result

        return call


def split(frames: list[Frame], channels: int, layers: int, epochs: int) -> dict[str, Any]:
    """Return milliseconds of a step and of its kernels, and their share.

    Args:
        frames: frames with energies and forces.
        channels: channels of a PaiNN.
        layers: its layers.
        epochs: timed passes over the frames, after an untimed one.
    """
    student = build_student("painn", elements_of(frames), seed=0, channels=channels, layers=layers)
    settings = TrainingSettings()
    set_energy_scale(student, frames, settings)
    module = TrainingModule(student.train(), [], settings, 1_000_000)
    kernels = module.evaluate
    assert isinstance(kernels, PainnKernels)
    timed = kernels.compiled = _Timed(kernels.compiled)
    batches = TrainingBatches(graph_dataset(frames, student, settings), settings, seed=0)
    steps, seconds = 0, 0.0
    with torch.no_grad():
        for epoch in range(epochs + 1):
            if epoch == 1:
                steps, timed.seconds, seconds = 0, 0.0, -time.thread_time()
            batches.start(epoch)
            for batch in batches:
                module.training_step(batch.to(module.device))
                steps += 1
    seconds += time.thread_time()
    return {
        "network": f"PaiNN {channels}, {layers} layers",
        "channels": channels,
        "layers": layers,
        "atoms": settings.batch_size * sum(map(len, frames)) / len(frames),
        "step_ms": 1e3 * seconds / steps,
        "kernels_ms": 1e3 * timed.seconds / steps,
        "share": timed.seconds / seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.train.split", description=__doc__)
    parser.add_argument("frames", nargs="?", type=Path, help="labels under energy and forces")
    add_record_option(parser)
    given = parser.parse_args()
    torch.set_num_threads(1)
    keys = None if given.frames else DataKeys(energy="REF_energy", forces="REF_forces")
    frames = list(read_frames(given.frames or EXAMPLE, keys))[:450]
    table = Table(title="one training step, CPU time of one thread")
    for column in ("network", "atoms", "step, ms", "kernels, ms", "share"):
        table.add_column(column, justify="left" if column == "network" else "right")
    measured = [split(frames, *network, epochs=2) for network in ((64, 2), (64, 3), (128, 3))]
    for one in measured:
        figures = [f"{one[name]:.2f}" for name in ("step_ms", "kernels_ms", "share")]
        table.add_row(one["network"], f"{one['atoms']:.0f}", *figures)
    Console().print(table)
    if given.record:
        rows = [
            row(
                {name: one[name] for name in ("channels", "layers")}
                | {"atoms a step": round(one["atoms"])},
                step_ms=one["step_ms"],
                kernels_ms=one["kernels_ms"],
                share_in_kernels=one["share"],
            )
            for one in measured
        ]
        record(
            given.record,
            "train-split",
            rows,
            title="A whole step of ipip train, PaiNN (CPU time of one thread)",
            command="python -m benchmarks.train.split",
            packages=("ipip", "torch"),
        )


if __name__ == "__main__":
    main()
