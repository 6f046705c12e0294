"""Prints the tables of docs/gpu.md: the data and arithmetic of each kernel for an atom, and the
time that a GPU needs for it if only its tightest limit counts; then the latency with few atoms.

    python -m benchmarks.gpu.limits [--channels 64] [--layers 2] [--pairs 41] [--candidates 71]

Nothing here was measured. A count is of warp instructions, of 128-byte passes through the L1 cache
(a shuffle takes one too), and of bytes of the L2 cache and of main memory, by the kernels' source.
"""

from __future__ import annotations

import argparse
import dataclasses
import math

from benchmarks.gpu.gpus import GPUS, Gpu
from benchmarks.gpu.latency import latency

LANES = 32


@dataclasses.dataclass(frozen=True)
class Work:
    """The work of one kernel for one atom."""

    name: str
    fma: float  # warp instructions that multiply or add
    other: float  # other warp instructions
    l1: float  # passes
    l2: float  # bytes
    memory: float  # bytes, where nothing stays in the L2 cache
    tf32: float = 0.0  # multiply-adds of TF32

    def limits(self, gpu: Gpu) -> dict[str, float]:
        """Nanoseconds an atom by each limit."""
        clocks = gpu.multiprocessors * gpu.ghz
        return {
            "FMA": self.fma / gpu.fma_per_clock / clocks,
            "issue": (self.fma + self.other) / gpu.issue_per_clock / clocks,
            "L1": self.l1 / gpu.l1_per_clock / clocks,
            "L2": self.l2 / gpu.l2_tb_s / 1e3,
            "memory": self.memory / gpu.memory_tb_s / 1e3,
            "tensor": self.tf32 / gpu.tf32_per_clock / clocks,
        }

    def time(self, gpu: Gpu) -> float:
        """Nanoseconds an atom by the tightest limit."""
        return max(self.limits(gpu).values())


def pair_pass(
    name: str,
    pairs: float,
    channels: int,
    parts: int,
    far: int,
    near: int,
    *,
    slopes: bool,
    own: int,
) -> Work:
    """A pass over pairs: `parts` filters, `far` numbers a channel of another row, `near` of cached
    rows, and `own` numbers a channel that the row reads and writes once."""
    strip = channels / LANES
    weights = 50 if slopes else 28  # by each lane for itself
    products = {2: 10 if slopes else 5, 3: 26 if slopes else 13}[parts]
    fma = weights + strip * (6 * parts * (2 if slopes else 1) + products)
    loads = 6 * parts + far + near + 2
    shuffles = 20 if slopes else 0
    other = loads * strip / 2 + 14 + (2 * shuffles + 16 if slopes else 0)
    l1 = strip * (6 * parts + far + near) + 2 + shuffles
    moved = 4.0 * channels
    return Work(
        name,
        pairs * fma,
        pairs * other,
        pairs * l1,
        pairs * far * moved + own * moved,
        own * moved + pairs * (24 + (32 if slopes else 0)),
    )


# A warp's work on 16 rows, 32 columns and a depth of 8, as nvcc compiles it for 9.0: 128
# instructions multiply and 48 do the rest; on tensor cores 88 in all, of which 28 add in float32.
PLAIN_LOOP, TENSOR_ADDS, TENSOR_LOOP, TENSOR_PASSES = 128, 28, 88, 12


def update(
    name: str, macs: float, channels: int, matrices: float, moved: float, rows: int, tensor: bool
) -> Work:
    """Products of a block's rows; `macs` and `matrices` (numbers) in units of F squared."""
    fma = macs * channels**2 / LANES
    l2, memory = 4 * matrices * channels**2 / rows + 8 * moved * channels, 4 * moved * channels
    if not tensor:
        # Loads of operands, addresses, pointwise operations.
        return Work(name, fma, 0.35 * fma, 0.19 * fma, l2, memory)
    loops = fma / PLAIN_LOOP
    return Work(
        f"{name}, tensor cores",
        TENSOR_ADDS * loops,
        (TENSOR_LOOP - TENSOR_ADDS) * loops,
        TENSOR_PASSES * loops,
        l2,
        memory,
        3 * macs * channels**2,
    )


def kernels(
    channels: int, layers: int, pairs: float, candidates: float, rows: int, *, tensor: bool = False
) -> list[Work]:
    """Every launch of a step, in order."""
    batches = candidates / LANES + 1
    works = [
        Work(
            "FindPairs",
            60 * batches,
            190 * batches,
            90 * batches,
            candidates * 52,
            pairs * 24 + 450,
        )
    ]
    for layer in range(layers):
        if layer == 0:
            works.append(pair_pass("Receive, first", pairs, channels, 2, 0, 2, slopes=False, own=4))
        else:
            works.append(pair_pass("Receive", pairs, channels, 3, 6, 0, slopes=False, own=8))
        if layer + 1 < layers:
            works.append(update("Update", 15, channels, 11, 22, rows, tensor))
        else:
            works.append(update("LastUpdate", 20, channels, 12, 16, rows, tensor))
    for _ in range(layers - 1):
        works.append(pair_pass("SendBack", pairs, channels, 3, 4, 0, slopes=True, own=17))
        works.append(update("UpdateBack", 15, channels, 11, 22, rows, tensor))
    works.append(pair_pass("FirstBack", pairs, channels, 2, 0, 6, slopes=True, own=4))
    gathered = pairs * (16 + 32) + candidates * 36
    works.append(Work("GatherForces", 80, 360, 4 * candidates, gathered, 24 + pairs * 32 + 300))
    works.append(Work("SumRows, twice", 10, 40, 10, 80, 80))
    return works


def search(candidates: float, points: float) -> list[Work]:
    """Every launch of a reneighbouring on one rank, for an atom; `points`: with ghosts."""
    near = 27 / (4 * math.pi / 3) * candidates  # points of the cells around
    batches = 9 * (near / 9 / LANES + 0.5)  # nine lines of three cells
    look = Work(
        "CountNear",
        8 * batches,
        40 * batches,
        98 * batches,  # three gathers of 32 lines each
        near * (4 + 48),
        points * 28,
    )
    by_item = candidates / LANES
    return [
        Work("FindCells", points, points, 8 * points, 32 * points, 32 * points),
        Work("sort of points", 4 * points, 6 * points, 4 * points, 200 * points, 40 * points),
        look,
        dataclasses.replace(look, name="FillNear", memory=look.memory + 4 * candidates),
        # Rows of neighbours, counts and places are scattered: a sector each.
        Work(
            "CountKeys, PlaceKeys",
            0,
            60 * by_item,
            7 * candidates,
            candidates * (2 * (4 + 32 + 32) + 64),
            candidates * 12,
        ),
        Work(
            "OrderKeys",
            0,
            5 * candidates * by_item,
            2 * candidates * by_item,
            candidates * 140,
            candidates * 12,
        ),
    ]


def packing(channels: int) -> list[Work]:
    """The cost of a row that travels to another rank, forward (6 F numbers) and back (4 F)."""
    numbers = 10 * channels
    divided = 170 * numbers / LANES  # two divisions of 64 bits and addresses for a number
    return [
        Work("PackRows", 0, divided, 2 * numbers / LANES, 8 * numbers, 8 * numbers),
        Work("UnpackRows", 0, divided, 2 * numbers / LANES, 8 * numbers, 8 * numbers),
    ]


def rows_of(works: list[Work]) -> list[str]:
    """Markdown: counts of each kernel, and its time on each GPU with the limit that sets it."""
    lines = []
    for work in works:
        times = []
        for gpu in GPUS:
            limits = work.limits(gpu)
            tightest = max(limits, key=lambda name: limits[name])
            times.append(f"{limits[tightest]:.1f} {tightest}")
        counts = (
            f"{work.fma * LANES / 1e3:.0f}",
            f"{work.fma + work.other:.0f}",
            f"{work.l1 * 0.128:.0f}",
            f"{work.l2 / 1e3:.1f}",
            f"{work.memory / 1e3:.1f}",
        )
        lines.append(f"| {work.name} | {' | '.join((*counts, *times))} |")
    return lines


def table(plain: list[Work], tensor: list[Work]) -> str:
    """Markdown: every launch of a step; updates both ways, of which the sum uses the GPU's."""
    names = " | ".join(f"{gpu.name}, ns" for gpu in GPUS)
    lines = [
        f"| kernel | kFMA | instructions | L1, KB | L2, KB | memory, KB | {names} |",
        "| --- " * (6 + len(GPUS)) + "|",
    ]
    for one, other in zip(plain, tensor, strict=True):
        lines += rows_of([one] if one == other else [one, other])
    for title, choices in (
        ("all, plain", [plain] * len(GPUS)),
        ("all, tensor cores", [tensor] * len(GPUS)),
        ("all, as it runs", [tensor if gpu.tensor_cores else plain for gpu in GPUS]),
    ):
        sums = [
            sum(work.time(gpu) for work in works) for gpu, works in zip(GPUS, choices, strict=True)
        ]
        lines.append(f"| {title} | | | | | | {' | '.join(f'{value:.0f}' for value in sums)} |")
    return "\n".join(lines)


def main() -> None:
    """Print the tables for one student and box."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--pairs", type=float, default=41.0)
    parser.add_argument("--candidates", type=float, default=71.0)
    parser.add_argument("--rows", type=int, default=32, help="rows of a block of an update")
    parser.add_argument("--points", type=float, default=1.4, help="atoms and ghosts an atom")
    options = vars(parser.parse_args())
    points = options.pop("points")
    print(table(kernels(**options), kernels(**options, tensor=True)))
    print("\nA reneighbouring, an atom; then a row that travels:\n")
    looks = search(options["candidates"], points)
    print("\n".join(rows_of([*looks, *packing(options["channels"])])))
    sums = [sum(work.time(gpu) for work in looks) for gpu in GPUS]
    print(f"| all of a reneighbouring | | | | | | {' | '.join(f'{v:.0f}' for v in sums)} |")
    print("\nLatency of a step, µs:\n")
    for gpu in GPUS:
        spans = []
        for n in (200, 1000):
            low, high = latency(gpu, options["channels"], options["layers"], options["pairs"], n)
            spans.append(f"{low:.0f} to {high:.0f}")
        print(f"| {gpu.name} | {' | '.join(spans)} |")


if __name__ == "__main__":
    main()
