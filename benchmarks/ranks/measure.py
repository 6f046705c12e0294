"""The measurements: which boxes, on how many ranks, how often."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ranks.cases import deck, write_box, write_gas
from benchmarks.ranks.lmp import Times, run

Cells = tuple[int, int, int]


@dataclasses.dataclass(frozen=True)
class Case:
    """A box on one backend, `blocks` of steps on each number of ranks, `repeats` times in turn."""

    backend: str
    cells: Cells
    ranks: tuple[int, ...]
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
    Case("fused", (8, 8, 8), (1, 2), 30, 2),
    Case("fused", (16, 16, 8), (1, 2), 15, 2),
    Case("fused", (16, 16, 16), (1, 2), 15, 2),
    Case("fused", (16, 16, 32), (1, 2), 8, 2),
    Case("fused", (16, 16, 64), (1, 2), 5, 2),
    Case("fused", (32, 32, 32), (1, 2), 3, 1),
    Case("fused", (16, 16, 16), (1, 2), 20, 2, gas=True),
    Case("torchscript", (8, 8, 8), (1, 2), 3, 1),
    Case("torchscript", (16, 16, 8), (1, 2), 2, 1),
    Case("torchscript", (16, 16, 16), (1, 2), 2, 1),
)
QUICK = (
    Case("fused", (8, 8, 8), (1, 2), 10, 1),
    Case("fused", (16, 16, 8), (1, 2), 5, 1),
    Case("fused", (16, 16, 16), (1, 2), 6, 1),
    Case("torchscript", (8, 8, 8), (1, 2), 2, 1),
)
ROWS = ((2, (16, 16, 16)), (4, (16, 16, 16)), (8, (20, 20, 20)))


def measure(case: Case, folder: Path) -> Iterator[Times]:
    """Yield the fastest run of each number of ranks; ranks take turns, so that noise hits all."""
    (write_gas if case.gas else write_box)(folder / "box.data", case.cells)
    text = deck("box.data", f"backend {case.backend}", case.blocks)
    runs: dict[int, list[Times]] = {ranks: [] for ranks in case.ranks}
    for _ in range(case.repeats):
        for ranks in case.ranks:
            runs[ranks].append(run(folder, text, ranks))
    for of_ranks in runs.values():
        yield min(of_ranks, key=lambda times: times.step)


def measured_rows(folder: Path, ranks: int, cells: Cells) -> float:
    """Halo rows of a rank, mean over ranks, counted by the pair style."""
    write_box(folder / "box.data", cells)
    return run(folder, deck("box.data", "backend fused", 1), ranks).mean("halo_rows")
