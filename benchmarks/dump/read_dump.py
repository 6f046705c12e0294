"""How fast a text dump is read: ipip.lammps.read_dump against ASE's reader, side by side.

    python benchmarks/dump/read_dump.py [--quick] [--out FOLDER]

Dumps as LAMMPS writes them (id type element, unwrapped positions, forces) of boxes of several
sizes, plain and compressed. Both readers read the same files in turn, three times (once with
--quick); the fastest of each counts. Prints a table, writes dump.json and dump.png.
"""

from __future__ import annotations

import argparse
import gzip
import json
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import ase
import numpy as np
import zstandard
from ase.io import iread
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from ipip.lammps import read_dump

SYMBOLS = ("Mo", "S", "O")
ATOMS = (100, 1012, 8096, 100_000)


def write_dump(path: Path, n_atoms: int, n_frames: int, seed: int = 0) -> None:
    """Write frames of random atoms, ids in disorder as LAMMPS leaves them."""
    random = np.random.default_rng(seed)
    types = random.integers(1, 4, n_atoms)
    with path.open("w") as stream:
        for frame in range(n_frames):
            stream.write(
                f"ITEM: TIMESTEP\n{100 * frame}\nITEM: NUMBER OF ATOMS\n{n_atoms}\n"
                "ITEM: BOX BOUNDS pp pp pp\n0 64.6\n0 64.6\n0 64.6\n"
                "ITEM: ATOMS id type element xu yu zu fx fy fz\n"
            )
            values = random.normal(scale=[[40.0] * 3 + [2.0] * 3], size=(n_atoms, 6))
            order = random.permutation(n_atoms)
            stream.writelines(
                f"{k + 1} {types[k]} {SYMBOLS[types[k] - 1]} "
                + " ".join([f"{v:.10g}" for v in values[k]])
                + " \n"
                for k in order
            )


def read_with_ase(path: Path) -> int:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as stream:
        return sum(len(a) for a in iread(stream, index=":", format="lammps-dump-text"))


def read_with_ipip(path: Path) -> int:
    return sum(len(frame.positions) for frame in read_dump(path))


def read_positions(path: Path) -> int:
    return sum(len(frame.positions) for frame in read_dump(path, columns=()))


def seconds(read: Callable[[Path], int], path: Path, expected: int) -> float:
    start = time.perf_counter()
    assert read(path) == expected
    return time.perf_counter() - start


def measure(folder: Path, total: int, repeats: int) -> list[dict[str, float | str | None]]:
    rows: list[dict[str, float | str | None]] = []
    for n_atoms in ATOMS:
        n_frames = max(2, total // n_atoms)
        plain = folder / f"{n_atoms}.dump"
        write_dump(plain, n_atoms, n_frames)
        files = {"text": plain}
        if n_atoms == 8096:
            files |= {"gz": plain.with_suffix(".dump.gz"), "zst": plain.with_suffix(".dump.zst")}
            files["gz"].write_bytes(gzip.compress(plain.read_bytes(), 6))
            files["zst"].write_bytes(zstandard.compress(plain.read_bytes(), 3))
        for kind, file in files.items():
            readers = {"ipip": read_with_ipip, "ipip, positions only": read_positions}
            if kind != "zst":  # ASE reads no zstandard
                readers["ase"] = read_with_ase
            best = dict.fromkeys(readers, float("inf"))
            for _ in range(repeats):
                for name, read in readers.items():
                    best[name] = min(best[name], seconds(read, file, n_atoms * n_frames))
            theirs = best.get("ase")
            rows.append(
                {
                    "atoms": n_atoms,
                    "frames": n_frames,
                    "kind": kind,
                    "megabytes_of_text": plain.stat().st_size / 1e6,
                    **{f"s {name}": value for name, value in best.items()},
                    "megabytes_per_s": plain.stat().st_size / 1e6 / best["ipip"],
                    "ratio": theirs and theirs / best["ipip"],
                    "ratio, positions only": theirs and theirs / best["ipip, positions only"],
                }
            )
        for file in files.values():
            file.unlink()
    return rows


def show(rows: list[dict[str, float | str | None]]) -> None:
    table = Table(
        "atoms", "frames", "file", "ASE (s)", "ipip (s)", "MB/s", "ratio", "ratio, positions only"
    )
    for row in rows:
        table.add_row(
            str(row["atoms"]),
            str(row["frames"]),
            str(row["kind"]),
            f"{row['s ase']:.2f}" if "s ase" in row else "-",
            f"{row['s ipip']:.3f}",
            f"{row['megabytes_per_s']:.0f}",
            f"{row['ratio']:.1f}" if row["ratio"] else "-",
            f"{row['ratio, positions only']:.1f}" if row["ratio"] else "-",
        )
    Console(width=100).print(table)


def plot(rows: list[dict[str, float | str | None]], path: Path) -> None:
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    text = [row for row in rows if row["kind"] == "text"]
    names = (("ratio", "all columns"), ("ratio, positions only", "positions only"))
    for (key, label), colour in zip(names, ("#0072B2", "#E69F00"), strict=True):
        x, y = [row["atoms"] for row in text], [row[key] for row in text]
        axes.plot(x, y, "o-", color=colour, label=label)
    axes.axhline(20, color="0.5", linestyle="--", label="20 times")
    axes.set(
        xscale="log",
        xlabel="atoms of a frame",
        ylabel=f"times the speed of ASE {ase.__version__}",
    )
    axes.set_ylim(bottom=0)
    axes.set_title("Reading LAMMPS text dumps", fontsize=10)
    axes.legend(frameon=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller files, one repetition")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/dump"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(
            Path(folder), 200_000 if options.quick else 500_000, 1 if options.quick else 3
        )
    show(rows)
    ratios = [float(row["ratio"]) for row in rows if "s ase" in row]
    Console().print(
        f"at least {min(ratios):.1f} times faster than the reader of ASE {ase.__version__}"
    )
    result = {
        "rows": rows,
        "least_ratio": min(ratios),
        "ase": ase.__version__,
        "cpu": platform.machine(),
    }
    (options.out / "dump.json").write_text(json.dumps(result, indent=1))
    plot(rows, options.out / "dump.png")


if __name__ == "__main__":
    main()
