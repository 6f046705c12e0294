"""The measurements: which boxes, on how many ranks, how often."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from benchmarks.ranks.cases import deck, write_box, write_gas
from benchmarks.ranks.lmp import Times, run, run_apart

Cells = tuple[int, int, int]


@dataclasses.dataclass(frozen=True)
class Case:
    """A box on one backend, `blocks` of steps on one rank and on two, `repeats` times."""

    backend: str
    cells: Cells
    blocks: int
    repeats: int
    gas: bool = False

    @property
    def name(self) -> str:
        """Backend and kind of box."""
        return f"{self.backend}, gas" if self.gas else self.backend

    @property
    def atoms(self) -> int:
        """Number of atoms."""
        places = self.cells[0] * self.cells[1] * self.cells[2]
        return 2 * places if self.gas else places


CASES = (
    Case("kernels", (8, 8, 8), 30, 2),
    Case("kernels", (16, 16, 8), 15, 2),
    Case("kernels", (16, 16, 16), 15, 2),
    Case("kernels", (16, 16, 32), 8, 2),
    Case("kernels", (16, 16, 64), 5, 2),
    Case("kernels", (32, 32, 32), 3, 1),
    Case("kernels", (16, 16, 16), 20, 2, gas=True),
    Case("torchscript", (8, 8, 8), 3, 1),
    Case("torchscript", (16, 16, 8), 2, 1),
    Case("torchscript", (16, 16, 16), 2, 1),
)
QUICK = (
    Case("kernels", (8, 8, 8), 10, 1),
    Case("kernels", (16, 16, 8), 5, 1),
    Case("kernels", (16, 16, 16), 6, 1),
    Case("torchscript", (8, 8, 8), 2, 1),
)
ROWS = ((2, (16, 16, 16)), (4, (16, 16, 16)), (8, (20, 20, 20)))


@dataclasses.dataclass(frozen=True)
class Found:
    """The fastest runs of a case: on one rank, on two, and two independent halves."""

    one: Times
    two: Times
    apart: Times


def measure(case: Case, folder: Path) -> Found:
    """Measure a case; the kinds of run take turns, so that other work affects all."""
    write = write_gas if case.gas else write_box
    write(folder / "box.data", case.cells)
    write(folder / "half.data", (*case.cells[:2], case.cells[2] // 2))
    keywords = f"backend {case.backend}"
    whole, half = (deck(name, keywords, case.blocks) for name in ("box.data", "half.data"))
    one, two, apart = [], [], []
    for _ in range(case.repeats):
        one.append(run(folder, whole, 1))
        two.append(run(folder, whole, 2))
        apart.append(run_apart(folder, half, 2))
    return Found(*(min(runs, key=lambda times: times.step) for runs in (one, two, apart)))


def measured_rows(folder: Path, ranks: int, cells: Cells) -> float:
    """Halo rows of a rank, mean over ranks, counted by the pair style."""
    write_box(folder / "box.data", cells)
    return run(folder, deck("box.data", "backend kernels", 1), ranks).mean("halo_rows")
