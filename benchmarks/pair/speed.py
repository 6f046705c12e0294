"""One box, one core: kernels against TorchScript for four sizes of student, and the floor.

All times are CPU time, which excludes other work on the machine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.pair.boxes import BOXES, lone_shares, neighbours
from benchmarks.pair.floor import sgemm_rate, step_flops
from benchmarks.pair.lammps_runs import ipip_style, time_styles
from benchmarks.pair.students import WIDTHS, write_student

ATOMS = {"dense": 512, "MoS2": 588, "S2 gas": 1000}
BACKENDS = ("kernels", "torchscript")


def measure(name: str, folder: Path, *, quick: bool) -> list[dict[str, Any]]:
    """Time both backends in turns, twice, in one LAMMPS process."""
    frame = BOXES[name](ATOMS[name])
    near, rate = neighbours(frame), sgemm_rate()
    lone, images = lone_shares(frame)
    widths = WIDTHS[:1] if quick else WIDTHS
    cost = {"kernels": 40e-6, "torchscript": 800e-6} if name != "S2 gas" else {}
    styles = []
    for _ in range(2):
        for channels, layers in widths:
            model = write_student(folder, channels, layers)
            for backend in BACKENDS:
                steps = round(1.5 / (cost.get(backend, 30e-6) * len(frame)))
                label = f"{backend}-{channels}-{layers}"
                styles.append(ipip_style(label, model, max(2, steps), backend=backend))
    times, _ = time_styles(folder / name.replace(" ", "-"), frame, styles)
    rows = []
    for channels, layers in widths:
        kernels, scripted = (times[f"{b}-{channels}-{layers}"] for b in BACKENDS)
        unit = 1e6 / len(frame)
        busy = kernels.cpu / kernels.step
        flops = step_flops(channels, layers, near, lone, images)
        around = kernels.phases["graph"] + kernels.phases["forces"]
        rows.append(
            {
                "box": name,
                "atoms": len(frame),
                "neighbours": near,
                "lone_share": lone,
                "image_share": images,
                "channels": channels,
                "layers": layers,
                "kernels_us": kernels.cpu * unit,
                "torchscript_us": scripted.cpu * unit,
                "speedup": scripted.cpu / kernels.cpu,
                "flops": flops,
                "sgemm_gflops": rate * 1e-9,
                "floor_us": 1e6 * flops / rate,
                "over_floor": kernels.pair * busy * unit / (1e6 * flops / rate),
                "around_share": around / sum(kernels.phases.values()),
            }
        )
    return rows
