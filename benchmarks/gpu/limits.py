"""Prints the tables of docs/gpu.md: what each kernel moves and computes for an atom, and the time
that a GPU needs for it if nothing but its tightest limit counts.

    python -m benchmarks.gpu.limits [--channels 64] [--layers 2] [--pairs 41] [--candidates 71]

Nothing here was measured. A count is of warp instructions, of 128-byte passes through the L1 cache
(a shuffle takes one too), and of bytes of the L2 cache and of main memory, by the kernels' source.
"""

from __future__ import annotations

import argparse
import dataclasses

LANES = 32


@dataclasses.dataclass(frozen=True)
class Gpu:
    """Rates of a GPU. L2 rates are assumptions from published microbenchmarks."""

    name: str
    multiprocessors: int
    ghz: float
    fma_per_clock: float  # warp instructions a multiprocessor
    l2_tb_s: float
    memory_tb_s: float
    issue_per_clock: float = 4.0
    l1_per_clock: float = 1.0  # passes of 128 bytes a multiprocessor


GPUS = (
    Gpu("A100", 108, 1.41, 2, 4.5, 2.0),
    Gpu("H100", 132, 1.75, 4, 5.5, 3.35),
    Gpu("H200", 132, 1.75, 4, 5.5, 4.8),
    Gpu("RTX 4090", 128, 2.5, 4, 5.0, 1.0),
)


@dataclasses.dataclass(frozen=True)
class Work:
    """What one kernel does for one atom."""

    name: str
    fma: float  # warp instructions that multiply or add
    other: float  # other warp instructions
    l1: float  # passes
    l2: float  # bytes
    memory: float  # bytes, where nothing stays in the L2 cache

    def limits(self, gpu: Gpu) -> dict[str, float]:
        """Nanoseconds an atom by each limit."""
        clocks = gpu.multiprocessors * gpu.ghz
        return {
            "FMA": self.fma / gpu.fma_per_clock / clocks,
            "issue": (self.fma + self.other) / gpu.issue_per_clock / clocks,
            "L1": self.l1 / gpu.l1_per_clock / clocks,
            "L2": self.l2 / gpu.l2_tb_s / 1e3,
            "memory": self.memory / gpu.memory_tb_s / 1e3,
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


def update(name: str, macs: float, channels: int, matrices: float, moved: float, rows: int) -> Work:
    """Products of a block's rows; `macs` and `matrices` (numbers) in units of F squared."""
    fma = macs * channels**2 / LANES
    return Work(
        name,
        fma,
        0.35 * fma,  # loads of operands, addresses, what is done point by point
        0.19 * fma,
        4 * matrices * channels**2 / rows + 8 * moved * channels,
        4 * moved * channels,
    )


def kernels(channels: int, layers: int, pairs: float, candidates: float, rows: int) -> list[Work]:
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
            works.append(update("Update", 15, channels, 11, 22, rows))
        else:
            works.append(update("LastUpdate", 20, channels, 12, 16, rows))
    for _ in range(layers - 1):
        works.append(pair_pass("SendBack", pairs, channels, 3, 4, 0, slopes=True, own=17))
        works.append(update("UpdateBack", 15, channels, 11, 22, rows))
    works.append(pair_pass("FirstBack", pairs, channels, 2, 0, 6, slopes=True, own=4))
    gathered = pairs * (16 + 32) + candidates * 36
    works.append(Work("GatherForces", 80, 360, 4 * candidates, gathered, 24 + pairs * 32 + 300))
    works.append(Work("SumRows, twice", 10, 40, 10, 80, 80))
    return works


def table(works: list[Work]) -> str:
    """Markdown: counts of each kernel, and its time on each GPU with the limit that sets it."""
    lines = [
        "| kernel | kFMA | instructions | L1, KB | L2, KB | memory, KB | "
        + " | ".join(f"{gpu.name}, ns" for gpu in GPUS)
        + " |",
        "| --- " * (6 + len(GPUS)) + "|",
    ]
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
    sums = [sum(work.time(gpu) for work in works) for gpu in GPUS]
    total = " | ".join(f"**{value:.0f}**" for value in sums)
    lines.append(f"| all | | | | | | {total} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table for one student and box."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--channels", type=int, default=64)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--pairs", type=float, default=41.0)
    parser.add_argument("--candidates", type=float, default=71.0)
    parser.add_argument("--rows", type=int, default=32, help="of a block of an update")
    options = parser.parse_args()
    print(table(kernels(**vars(options))))


if __name__ == "__main__":
    main()
