"""Times a training step against SchNetPack's PaiNN and PyTorch Geometric's ViSNet, one core.

python -m benchmarks.train --with schnetpack
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.record import add_record_option, record
from benchmarks.results import Row, processor
from benchmarks.train.batches import SYMBOLS, Work, dense, example
from benchmarks.train.contenders import Contender, Ours, PyG, SchNetPack, check_same
from benchmarks.train.environment import schnetpack_interpreter
from benchmarks.train.floor import flops_per_atom, peak_rate
from benchmarks.train.present import show, write

from ipip.models import build_student
from ipip.models.schnetpack import painn_from_schnetpack
from ipip.models.visnet_from_pyg import visnet_from_pyg
from ipip.train.prediction.painn_kernels import PainnKernels

LAYERS = 3


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.train", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and cases; a minute")
    parser.add_argument("--with", dest="rival", choices=["schnetpack"], help="install and time it")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/train"))
    add_record_option(parser)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rounds = 3 if options.quick else 9
    widths = (64,) if options.quick else (64, 128)
    interpreter = None
    if options.rival:
        interpreter = schnetpack_interpreter(options.out.resolve() / "schnetpack-environment")
    rate = peak_rate()
    with tempfile.TemporaryDirectory() as scratch:
        cases = [
            painn(work, channels, rounds, rate, interpreter, Path(scratch))
            for channels in widths
            for work in (dense(), example())
        ]
    cases += [visnet(dense(), channels, rounds) for channels in widths]
    results = {
        "what": "CPU seconds of energies, forces, loss, gradient and Adam on one core, float32",
        "machine": processor(),
        "torch": torch.__version__,
        "peak_gflops": rate / 1e9,
        "rounds": rounds,
        "cases": cases,
    }
    show(cases)
    write(options.out, results)
    print(f"wrote {options.out}/results.json and train.png")
    if options.record:
        words = (
            f"{' --quick' if options.quick else ''}{' --with schnetpack' if interpreter else ''}"
        )
        record(
            options.record,
            "train-step",
            rows_of(cases),
            title="A training step on one core (CPU time)",
            command=f"python -m benchmarks.train{words}",
            packages=("ipip", "torch", "torch-geometric"),
        )


def rows_of(cases: Sequence[dict[str, Any]]) -> list[Row]:
    """Return the cases as rows for the site."""
    return [
        Row(
            sizes={"network": case["label"], "batch": case["batch"]},
            figures={f"{name}_us_per_atom": us for name, us in case["us_per_atom"].items()}
            | {
                f"{name}_over_first{end}": ratio[key]
                for name, ratio in case["ratios"].items()
                for end, key in (("", "median"), ("_least", "low"), ("_most", "high"))
            },
        )
        for case in cases
    ]


def painn(
    work: Work, channels: int, rounds: int, rate: float, interpreter: Path | None, scratch: Path
) -> dict[str, Any]:
    """PaiNN: kernels, eager, and SchNetPack with the same weights."""
    contenders: list[Contender] = []
    agreement = {}
    if interpreter:
        rival = SchNetPack(interpreter, scratch, work, channels, LAYERS)
        students = [painn_from_schnetpack(rival.weights, SYMBOLS) for _ in range(2)]
    else:
        students = [
            build_student("painn", SYMBOLS, seed=0, channels=channels, layers=LAYERS)
            for _ in range(2)
        ]
    ours = [
        Ours(student, kernels, work)
        for student, kernels in zip(students, ("kernels", "eager"), strict=True)
    ]
    agreement["eager"] = check_same("eager", ours[0].forces(), ours[1].forces())
    contenders += ours
    if interpreter:
        agreement["schnetpack"] = check_same("schnetpack", ours[0].forces(), rival.forces)
        contenders.append(rival)
    row = {
        "label": f"PaiNN {channels}, {LAYERS} layers",
        "kernels": PainnKernels(students[0]).description,
        "agreement_of_forces": agreement,
        **measure(
            contenders, work, rounds, flops_per_atom(channels, LAYERS, work.neighbours) / rate
        ),
    }
    if interpreter:
        row["schnetpack"] = rival.version
        rival.close()
    return row


def visnet(work: Work, channels: int, rounds: int) -> dict[str, Any]:
    """ViSNet, degree 1: eager, and PyTorch Geometric with the same weights."""
    rival = PyG(work, channels, LAYERS, 1)
    student = visnet_from_pyg(rival.model.state_dict(), SYMBOLS, lmax=1)
    ours = Ours(student, "eager", work)
    agreement = {"torch_geometric": check_same("torch_geometric", ours.forces(), rival.forces())}
    return {
        "label": f"ViSNet {channels}, {LAYERS} layers",
        "agreement_of_forces": agreement,
        **measure([ours, rival], work, max(3, rounds // 3), 0.0),
    }


def measure(
    contenders: Sequence[Contender], work: Work, rounds: int, floor: float
) -> dict[str, Any]:
    """Let contenders take turns; a ratio compares two neighbouring turns."""
    seconds: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for contender in contenders:
        contender.step()
    for _ in range(rounds):
        for contender in contenders:
            seconds[contender.name].append(min(contender.step() for _ in range(2)))
    ratios: dict[str, dict[str, Any]] = {}
    first = contenders[0].name
    for name, times in seconds.items():
        if name != first:
            each = np.array(times) / np.array(seconds[first])
            ratios[name] = {
                "median": float(np.median(each)),
                "low": float(each.min()),
                "high": float(each.max()),
            }
    return {
        "batch": f"{work.name}: {work.atoms} atoms, {work.neighbours:.0f} neighbours",
        "us_per_atom": {
            name: float(np.median(times)) / work.atoms * 1e6 for name, times in seconds.items()
        },
        "ratios": ratios,
        "floor_us": floor * 1e6,
    }


if __name__ == "__main__":
    main()
