"""Cost against size, two ranks against one, a million atoms, and memory per atom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.pair.boxes import dense
from benchmarks.pair.lammps_runs import Style, ipip_style, time_styles
from benchmarks.pair.students import write_student

# Cubes, which fill the grid of the dense box, so that all have the same number of neighbours.
SIZES = (10**3, 14**3, 21**3, 31**3, 46**3)
RANK_ATOMS = 27**3


def sizes(folder: Path, *, quick: bool) -> list[dict[str, Any]]:
    """Time the 64-channel 2-layer student from a thousand to a hundred thousand atoms."""
    model = write_student(folder, 64, 2)
    rows = []
    for n in SIZES[:2] if quick else SIZES:
        style = ipip_style("kernels", model, max(4, round(2.0 / (15e-6 * n))))
        times, _ = time_styles(folder / f"size-{n}", dense(n), [style, style])
        rows.append({"atoms": n, "us": 1e6 * times["kernels"].step / n})
    return rows


def ranks(folder: Path, *, quick: bool) -> list[dict[str, Any]]:
    """Time one rank and two, in turns."""
    frame = dense(12**3 if quick else RANK_ATOMS)
    model = write_student(folder, 64, 2)
    best: dict[int, float] = {}
    for _ in range(2):
        for n in (1, 2):
            style = ipip_style("kernels", model, 40 if quick else 15)
            times, _ = time_styles(folder / f"ranks-{n}", frame, [style], ranks=n)
            best[n] = min(best.get(n, 1e9), times["kernels"].step)
    return [
        {"ranks": n, "atoms": len(frame), "us": 1e6 * t / len(frame), "speedup": best[1] / t}
        for n, t in best.items()
    ]


def million(folder: Path, *, quick: bool) -> list[dict[str, Any]]:
    """Advance a million atoms of the 64-channel 2-layer student; peak memory and time."""
    n, steps = 46**3 if quick else 100**3, 5
    model = write_student(folder, 64, 2)
    style = Style("kernels", ipip_style("kernels", model, steps).pair, steps, warm=1)
    times, peak = time_styles(folder / "million", dense(n), [style])
    return [
        {
            "atoms": n,
            "steps": steps,
            "seconds_per_step": times["kernels"].step,
            "us": 1e6 * times["kernels"].step / n,
            "peak_gib": peak / 2**30,
        }
    ]


def memory(folder: Path, *, quick: bool) -> list[dict[str, Any]]:
    """Peak memory of a run per atom: the difference of two sizes, each in a separate process."""
    model = write_student(folder, 64, 2)
    rows = []
    # Loading libtorch causes a peak, which small runs do not exceed.
    for backend, few, many in (("kernels", 39**3, 54**3), ("torchscript", 8**3, 12**3)):
        peaks = {}
        for n in (few, many):
            style = Style(backend, ipip_style(backend, model, 2, backend=backend).pair, 2, warm=1)
            _, peaks[n] = time_styles(folder / f"memory-{backend}-{n}", dense(n), [style])
        spread = (peaks[many] - peaks[few]) / (many - few)
        rows.append(
            {"what": f"ipip {backend}, 64 channels, 2 layers", "kib_per_atom": spread / 1024}
        )
    return rows
