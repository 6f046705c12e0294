"""Memory and speed of the reaction analysis on a long dump.

    python benchmarks/species/memory.py [--quick] [--frames N] [--atoms N] [--out FOLDER]

Writes a dump of a gas of S2 and Mo-O rings that vibrate, meet and part (50 000 frames by default,
as 5 000 000 MD steps with a frame every 100), analyses it while it reads the memory of this process
from the system, and prints a table. Writes memory.json and memory.png.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from ipip.config.species import SpeciesSettings
from ipip.lammps import read_dump
from ipip.species import analyse_species

BLOCKS = 400  # different frames; they come in random order, so bonds form and break all the time


def write_dump(path: Path, n_atoms: int, n_frames: int) -> None:
    """Write a gas at 0.2 g/cm^3 whose frames are drawn from some that were made before."""
    random = np.random.default_rng(0)
    n_pairs = (n_atoms - 12) // 2
    box = (32.06 * n_atoms / 0.6022 / 0.2) ** (1 / 3)
    centres = random.random((n_pairs, 3)) * box
    angles = np.arange(6) * np.pi / 3
    ring = 1.92 * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    symbols = ["Mo", "O"] * 3 + ["O"] * 6 + ["S"] * (2 * n_pairs)
    blocks = []
    for _ in range(BLOCKS):
        atoms = ring + random.normal(scale=0.15, size=(6, 3)) + box / 2
        ends = atoms[np.repeat([0, 2, 4], 2)] + np.array([[0, 0, 1.7], [0, 0, -1.7]] * 3)
        axis = random.normal(size=(n_pairs, 3))
        axis *= random.normal(0.95, 0.12, (n_pairs, 1)) / np.linalg.norm(axis, axis=1)[:, None]
        moved = centres + random.normal(scale=0.6, size=(n_pairs, 3))
        sulfur = np.stack([moved + axis, moved - axis], axis=1).reshape(-1, 3)
        positions = np.concatenate([atoms, ends, sulfur])
        blocks.append(
            "".join(
                f"{k + 1} {symbol} {x:.6g} {y:.6g} {z:.6g}\n"
                for k, (symbol, (x, y, z)) in enumerate(zip(symbols, positions, strict=True))
            )
        )
    order = random.integers(0, BLOCKS, n_frames)
    with path.open("w") as stream:
        for frame in range(n_frames):
            stream.write(
                f"ITEM: TIMESTEP\n{100 * frame}\nITEM: NUMBER OF ATOMS\n{len(symbols)}\n"
                f"ITEM: BOX BOUNDS pp pp pp\n0 {box}\n0 {box}\n0 {box}\n"
                "ITEM: ATOMS id element xu yu zu\n"
            )
            stream.write(blocks[order[frame]])


def resident_megabytes() -> float:
    """Memory of this process that lies in RAM, from /proc."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="3000 frames")
    parser.add_argument("--frames", type=int, default=50_000)
    parser.add_argument("--atoms", type=int, default=112)
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/species"))
    options = parser.parse_args()
    n_frames = 3000 if options.quick else options.frames
    options.out.mkdir(parents=True, exist_ok=True)
    steps: list[int] = []
    memory: list[float] = []

    def look(frame) -> None:
        if (frame.step // 100) % max(1, n_frames // 200) == 0:
            steps.append(frame.step)
            memory.append(resident_megabytes())

    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder) / "long.dump"
        write_dump(dump, options.atoms, n_frames)
        size = dump.stat().st_size / 1e6
        start = time.perf_counter()
        result = analyse_species(
            read_dump(dump, columns=()), SpeciesSettings(follow="Mo"), Path(folder) / "out", look
        )
        wall = time.perf_counter() - start
        tables = sum(file.stat().st_size for file in (Path(folder) / "out").iterdir()) / 1e6
    tenth = memory[len(memory) // 10]
    row = {
        "frames": result.frames,
        "md_steps": result.last_step,
        "atoms": result.n_atoms,
        "dump_megabytes": size,
        "tables_megabytes": tables,
        "events": sum(result.events.values()),
        "wall_s": wall,
        "ms_per_frame": 1e3 * wall / result.frames,
        "megabytes_after_a_tenth": tenth,
        "megabytes_at_the_end": memory[-1],
        "growth_megabytes": memory[-1] - tenth,
    }
    table = Table("quantity", "value")
    for name, value in row.items():
        table.add_row(name.replace("_", " "), f"{value:.6g}")
    Console().print(table)
    (options.out / "memory.json").write_text(
        json.dumps({**row, "steps": steps, "memory_megabytes": memory}, indent=1)
    )
    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.plot(np.array(steps) / 1e6, memory, color="#0072B2")
    axes.set(xlabel="MD steps analysed (millions)", ylabel="memory of the process (MB)")
    axes.set_ylim(0, 1.25 * max(memory))
    axes.set_title(f"ipip species on a dump of {size:.0f} MB", fontsize=10)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(options.out / "memory.png", dpi=150)


if __name__ == "__main__":
    main()
