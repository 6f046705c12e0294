"""Times a training step of each pretraining method beside a step on labels alone, one core.

python -m benchmarks.pretraining [--quick] [--record MACHINE]
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import torch
from benchmarks.record import add_record_option, record
from benchmarks.results import Row, processor
from benchmarks.train.batches import CUTOFF, SYMBOLS, Work, dense, example
from rich.console import Console
from rich.table import Table

from ipip.config.pretraining import FradMethod, GpipMethod, HessianMethod, NodeMethod
from ipip.config.training import TrainingSettings
from ipip.models import build_student
from ipip.network.dataset import GraphDataset
from ipip.network.graph import join_graphs
from ipip.pretraining.distillation import HessianObjective, NodeObjective
from ipip.pretraining.geometry import with_mask
from ipip.pretraining.hessian import draw_coordinates
from ipip.pretraining.selfsupervision import FradObjective, GpipObjective
from ipip.train.loss.label_loss import training_sums
from ipip.train.loss.objective import Objective, step_generator
from ipip.train.prediction.kernels import energy_forces_of

TEACHER_WIDTH = 128  # of SevenNet-0's features
LABELS = ("labels, kernels", "labels, eager")


@dataclasses.dataclass
class Contender:
    """One method: its loss of a batch, with the gradient and Adam's step."""

    name: str
    kernels: str
    objective: Objective | None

    def prepare(self, work: Work, channels: int, layers: int) -> None:
        student = build_student("painn", SYMBOLS, seed=0, channels=channels, layers=layers)
        if isinstance(self.objective, GpipObjective):
            student = with_mask(student, seed=0)
        dataset = GraphDataset(work.frames, SYMBOLS, CUTOFF)
        dataset.extras = None if self.objective is None else self.objective.extras
        self.batch = join_graphs(dataset.graphs)
        self.student = student
        self.evaluate = energy_forces_of(student, self.kernels)  # type: ignore[arg-type]
        heads = [] if self.objective is None else list(self.objective.heads.parameters())
        self.optimizer = torch.optim.Adam([*student.parameters(), *heads], lr=1e-5, fused=True)
        self.settings, self.steps = TrainingSettings(), 0

    def step(self) -> float:
        """Return the seconds of one step."""
        start = time.perf_counter()
        batch, own, loss = self.batch, self.objective, torch.zeros((), dtype=torch.float64)
        self.optimizer.zero_grad()
        if own is None or own.uses_labels:
            loss = training_sums(batch, self.evaluate, self.settings).loss(self.settings)
        if own is not None:
            draws = step_generator(1, self.steps)
            loss = loss + own.loss(self.student, self.evaluate, batch, draws)[0]
        loss.backward()
        self.optimizer.step()
        self.steps += 1
        return time.perf_counter() - start


def contenders(work: Work, channels: int) -> list[Contender]:
    """Return labels and every method whose steps differ from theirs; every frame takes part."""
    sizes = [len(frame) for frame in work.frames]
    rng = np.random.default_rng(1)
    features = {k: rng.normal(size=(n, TEACHER_WIDTH)) for k, n in enumerate(sizes)}
    return [
        Contender(LABELS[0], "kernels", None),
        Contender(LABELS[1], "eager", None),
        Contender("n2n", "kernels", NodeObjective(NodeMethod(), sizes, features, channels, 1)),
        *(
            Contender(f"hessian, {k} row{'s' * (k > 1)}", "kernels", _hessian(sizes, k))
            for k in (1, 4)
        ),
        Contender("frad", "kernels", FradObjective(FradMethod(), work.frames)),
        Contender("gpip", "kernels", GpipObjective(GpipMethod(), channels, len(SYMBOLS), 1)),
    ]


def _hessian(sizes: list[int], rows: int) -> HessianObjective:
    rng = np.random.default_rng(1)
    asked = {
        k: (draw_coordinates(n, rows, k), rng.normal(size=(rows, n, 3)))
        for k, n in enumerate(sizes)
    }
    return HessianObjective(HessianMethod(rows=rows), sizes, asked)


def measure(work: Work, channels: int, layers: int, rounds: int) -> dict[str, Any]:
    """Let methods take turns; a ratio compares two neighbouring turns."""
    made = contenders(work, channels)
    for contender in made:
        contender.prepare(work, channels, layers)
        contender.step()
    turns = [[min(c.step() for _ in range(2)) for c in made] for _ in range(rounds)]
    seconds = dict(zip([c.name for c in made], np.array(turns).T, strict=True))
    return {
        "batch": f"{work.name}: {work.atoms} atoms, {work.neighbours:.0f} neighbours",
        "network": f"PaiNN {channels}, {layers} layers",
        "sizes": {
            "batch": work.name,
            "atoms": work.atoms,
            "neighbours": round(work.neighbours, 1),
            "channels": channels,
            "layers": layers,
        },
        "us_per_atom": {n: float(np.median(t)) / work.atoms * 1e6 for n, t in seconds.items()},
        "times_labels": {
            base: {
                name: [float(f(times / seconds[base])) for f in (np.median, np.min, np.max)]
                for name, times in seconds.items()
            }
            for base in LABELS
        },
    }


def rows_of(cases: list[dict[str, Any]]) -> list[Row]:
    """Return each method on each batch as a row that the site shows."""
    return [
        Row(
            sizes=case["sizes"] | {"method": name},
            figures={
                "us_per_atom": us,
                **{
                    f"over_{base.replace(', ', '_')}{end}": case["times_labels"][base][name][k]
                    for base in LABELS
                    for k, end in enumerate(("", "_least", "_most"))
                },
            },
        )
        for case in cases
        for name, us in case["us_per_atom"].items()
    ]


def show(cases: list[dict[str, Any]]) -> None:
    table = Table(title="training step on one core, median and range over rounds")
    for name in ("batch", "method", "µs/atom", "times labels, kernels", "times labels, eager"):
        table.add_column(name)
    for case in cases:
        title = f"{case['network']}\n{case['batch']}"
        for name, value in case["us_per_atom"].items():
            ratios = [case["times_labels"][base][name] for base in LABELS]
            shown = [f"{r[0]:.1f} ({r[1]:.1f} - {r[2]:.1f})" for r in ratios]
            table.add_row(title, name, f"{value:.0f}", *shown)
            title = ""
        table.add_section()
    Console(width=120).print(table)


def plot(cases: list[dict[str, Any]], path: Path) -> None:
    figure, axes = plt.subplots(
        1, len(cases), figsize=(5.2 * len(cases), 3.2), layout="constrained", squeeze=False
    )
    for axis, case in zip(axes[0], cases, strict=True):
        names, values = list(case["us_per_atom"]), list(case["us_per_atom"].values())
        colours = ["#1b6ca8" if name in LABELS else "#c8553d" for name in names]
        bars = axis.barh(names, values, color=colours)
        ratios = case["times_labels"][LABELS[0]]
        texts = [f"{v:.0f} µs, {ratios[n][0]:.1f}x" for n, v in case["us_per_atom"].items()]
        axis.bar_label(bars, texts, padding=3, fontsize=8)
        axis.set(
            xlim=(0, 1.35 * max(values)), xlabel="µs per atom and step; x: over labels, kernels"
        )
        axis.set_title(f"{case['network']}; {case['batch']}", fontsize=9)
        axis.invert_yaxis()
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=140)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pretraining", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds; a minute")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/pretraining"))
    add_record_option(parser)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rounds = 3 if options.quick else 9
    cases = [measure(work, 64, 2, rounds) for work in (example(), dense())]
    show(cases)
    options.out.mkdir(parents=True, exist_ok=True)
    results = {
        "what": "seconds of loss, gradient and Adam on one core, float32",
        "machine": processor(),
        "torch": torch.__version__,
        "rounds": rounds,
        "cases": cases,
    }
    (options.out / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    plot(cases, options.out / "pretraining.png")
    print(f"wrote {options.out}/results.json and pretraining.png")
    if options.record:
        record(
            options.record,
            "pretraining-step",
            rows_of(cases),
            title="A training step of each pretraining method, on one core",
            command="python -m benchmarks.pretraining",
            packages=("ipip", "torch"),
        )


if __name__ == "__main__":
    main()
