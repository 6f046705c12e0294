"""Speed of reading a text dump: ipip.lammps.read_dump against ASE's reader, side by side.

    python -m benchmarks.dump.read_dump [--quick] [--out FOLDER] [--record MACHINE]

Dumps as LAMMPS writes them (id type element, unwrapped positions, forces; atoms in disorder) of
boxes of several sizes, plain and compressed, with the ten digits of ipip's decks and with LAMMPS'
default six (%g). Both readers read the same files in turn, five times (twice with --quick), on one
core; the fastest of each counts, and the first frames are compared before. ASE's reader uses one
core; ours is also measured with two if there are two. Compressed files are decompressed whole for
ASE, by the standard library or by zstandard; its own way of reading .gz is much slower. "bound" is
the time of decompression alone: no reader that decompresses in one thread can be faster. Prints a
table and a verdict, writes dump.json and dump.png.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ase
import numpy as np
import zstandard
from ase.io import iread
from benchmarks.record import add_record_option, record
from benchmarks.results import Row
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from ipip.lammps import read_dump
from ipip.lammps.dump_stream import is_compressed, open_compressed

SYMBOLS = ("Mo", "S", "O")
ATOMS = (150, 1000, 8096)
AIM = 20  # times the speed of ASE
GZ_FRAMES = {
    150: 100,
    1000: 50,
    8096: 20,
}  # for ASE's .gz reader, whose time grows with their square
DIGITS = {"%.10g": 10, "%g": 6}


def write_dump(path: Path, n_atoms: int, n_frames: int, digits: int = 10) -> None:
    """Write frames of random atoms, ids unordered, as LAMMPS writes them."""
    random = np.random.default_rng(0)
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
                + " ".join([f"{v:.{digits}g}" for v in values[k]])
                + " \n"
                for k in order
            )


def open_for_ase(path: Path) -> io.TextIOBase:
    """Open a dump for ASE's reader; a compressed one is decompressed whole before.

    ASE itself opens .gz as a stream, in which its reader's jumps decompress again from the start:
    the time of a frame then grows with the length of the dump. It reads no .zst.
    """
    if path.suffix == ".gz":
        return io.TextIOWrapper(io.BytesIO(gzip.decompress(path.read_bytes())))
    if path.suffix == ".zst":
        return io.TextIOWrapper(io.BytesIO(zstandard.decompress(path.read_bytes())))
    return path.open()


def read_with_ase(path: Path) -> int:
    with open_for_ase(path) as stream:
        return sum(len(a) for a in iread(stream, index=":", format="lammps-dump-text"))


def read_with(path: Path, **options: Any) -> int:
    return sum(len(frame.positions) for frame in read_dump(path, units="metal", **options))


def decompress(path: Path) -> int:
    source, piece, found = open_compressed(path), memoryview(bytearray(1 << 18)), 0
    while count := source.readinto(piece):
        found += count
    source.close()
    return found


def check_same(path: Path) -> None:
    """Check that positions, species, cell, forces and types of the first frame agree."""
    ours = next(iter(read_dump(path, units="metal")))
    with open_for_ase(path) as stream:
        theirs = next(iread(stream, index=":", format="lammps-dump-text"))
    np.testing.assert_allclose(ours.positions, theirs.positions, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours.forces, theirs.get_forces(), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(ours.numbers, theirs.numbers)
    np.testing.assert_array_equal(ours.types, theirs.arrays["type"])
    np.testing.assert_allclose(ours.cell, theirs.cell.array)


def seconds(
    read: Callable[[Path], int],
    path: Path,
    expected: int,
    clock: Callable[[], float] = time.process_time,
) -> float:
    """Return the CPU time of a reader on one core; on two cores the wall time."""
    start = clock()
    assert read(path) == expected
    return clock() - start


def measure_file(path: Path, atoms: int, frames: int, text: int, repeats: int) -> dict[str, Any]:
    check_same(path)
    cores = os.sched_getaffinity(0)
    readers: dict[str, Callable[[Path], int]] = {
        "ase": read_with_ase,
        "ipip": read_with,
        "positions": lambda p: read_with(p, columns=()),
        "sse": lambda p: read_with(p, instructions="sse"),
    }
    if is_compressed(path):
        readers["bound"] = decompress
    if len(cores) > 1:
        readers["two cores"] = read_with
    best = dict.fromkeys(readers, float("inf"))
    for _ in range(repeats):
        for name, read in readers.items():
            os.sched_setaffinity(0, sorted(cores)[: 2 if name == "two cores" else 1])
            expected = text if name == "bound" else atoms * frames
            for _ in range(1 if name == "ase" else 3):
                clock = time.perf_counter if name == "two cores" else time.process_time
                best[name] = min(best[name], seconds(read, path, expected, clock))
    os.sched_setaffinity(0, cores)
    return {
        **{f"us a frame, {name}": 1e6 * value / frames for name, value in best.items()},
        **{f"ratio, {name}": best["ase"] / value for name, value in best.items() if name != "ase"},
        "megabytes_per_s": text / 1e6 / best["ipip"],
    }


def measure(folder: Path, total: int, repeats: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for form, digits in DIGITS.items():
        for atoms in ATOMS:
            frames = max(2, total // atoms)
            plain = folder / f"{atoms}.dump"
            write_dump(plain, atoms, frames, digits)
            text = plain.read_bytes()
            files = {"text": plain}
            if form == "%.10g":
                files |= {"gz": plain.with_suffix(".gz"), "zst": plain.with_suffix(".zst")}
                files["gz"].write_bytes(gzip.compress(text, 6))
                files["zst"].write_bytes(zstandard.compress(text, 3))
            for kind, file in files.items():
                row = measure_file(file, atoms, frames, len(text), repeats)
                rows.append(
                    {"atoms": atoms, "frames": frames, "file": kind, "numbers": form, **row}
                )
                file.unlink()
    return rows


def measure_gz_as_it_is(folder: Path) -> list[dict[str, Any]]:
    """Time .gz files of a few frames that ASE opens itself, once, against ipip's best of three."""
    rows = []
    for atoms, frames in GZ_FRAMES.items():
        plain = folder / f"{atoms}.dump"
        write_dump(plain, atoms, frames)
        file = plain.with_suffix(".gz")
        file.write_bytes(gzip.compress(plain.read_bytes(), 6))
        ours = min(seconds(read_with, file, atoms * frames) for _ in range(3))
        theirs = seconds(
            lambda path: sum(len(a) for a in iread(path, index=":", format="lammps-dump-text")),
            file,
            atoms * frames,
        )
        rows.append({"atoms": atoms, "frames": frames, "ratio": theirs / ours})
    return rows


def show(rows: list[dict[str, Any]]) -> None:
    table = Table("atoms", "file", "numbers", "ASE µs/frame", "ipip", "MB/s", "one core")
    for extra in ("two cores", "positions only", "SSE only", "bound"):
        table.add_column(extra)
    for row in rows:
        ratios = [
            f"{row[name]:.1f}" if (name := f"ratio, {key}") in row else ""
            for key in ("ipip", "two cores", "positions", "sse", "bound")
        ]
        table.add_row(
            str(row["atoms"]),
            row["file"],
            row["numbers"],
            f"{row['us a frame, ase']:.0f}",
            f"{row['us a frame, ipip']:.1f}",
            f"{row['megabytes_per_s']:.0f}",
            *ratios,
        )
    Console(width=110).print(table)


def verdict(rows: list[dict[str, Any]]) -> str:
    """Return in which rows the aim is reached."""
    parts = []
    for cores, key in (("one core", "ratio, ipip"), ("two cores", "ratio, two cores")):
        own = [row for row in rows if key in row]
        for kind in sorted({row["file"] for row in own}, key=["text", "gz", "zst"].index):
            ratios = [row[key] for row in own if row["file"] == kind]
            reached = sum(ratio >= AIM for ratio in ratios)
            parts.append(
                f"{kind}, {cores}: {reached} of {len(ratios)} ({min(ratios):.1f}-{max(ratios):.1f})"
            )
    return f"{AIM} times the speed of ASE {ase.__version__} in " + "; ".join(parts)


def plot(rows: list[dict[str, Any]], path: Path) -> None:
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    series = (
        ("text", "%.10g", "ratio, two cores", "text, two cores", "#0072B2", "o--"),
        ("text", "%.10g", "ratio, ipip", "text, one core", "#0072B2", "o-"),
        ("gz", "%.10g", "ratio, two cores", "gz, two cores", "#D55E00", "s--"),
        ("gz", "%.10g", "ratio, ipip", "gz, one core", "#D55E00", "s-"),
        ("gz", "%.10g", "ratio, bound", "gz, decompression alone", "#D55E00", "s:"),
        ("zst", "%.10g", "ratio, two cores", "zst, two cores", "#009E73", "^--"),
        ("zst", "%.10g", "ratio, ipip", "zst, one core", "#009E73", "^-"),
        ("zst", "%.10g", "ratio, bound", "zst, decompression alone", "#009E73", "^:"),
    )
    for kind, form, key, label, colour, style in series:
        own = [row for row in rows if row["file"] == kind and row["numbers"] == form]
        own = [row for row in own if key in row]
        x, y = [row["atoms"] for row in own], [row[key] for row in own]
        axes.plot(x, y, style, color=colour, label=label)
    axes.axhline(AIM, color="0.5", linewidth=1, label=f"{AIM} times")
    axes.set(
        xscale="log",
        xlabel="atoms of a frame",
        ylabel=f"times the speed of ASE {ase.__version__}",
    )
    axes.set_xticks(ATOMS, [str(n) for n in ATOMS])
    axes.minorticks_off()
    axes.set_ylim(bottom=0)
    axes.set_title("Reading LAMMPS text dumps (%.10g)", fontsize=10)
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="smaller files, two repetitions")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/dump"))
    add_record_option(parser)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        rows = measure(
            Path(folder), 100_000 if options.quick else 250_000, 2 if options.quick else 5
        )
        as_it_is = measure_gz_as_it_is(Path(folder))
    show(rows)
    said = verdict(rows)
    Console().print(said)
    ratios = ", ".join(f"{r['frames']} of {r['atoms']} atoms {r['ratio']:.0f}" for r in as_it_is)
    Console().print(f"times the speed of ASE opening .gz itself, frames: {ratios}")
    (options.out / "dump.json").write_text(
        json.dumps(
            {"verdict": said, "rows": rows, "gz as it is": as_it_is, "ase": ase.__version__},
            indent=1,
        )
    )
    plot(rows, options.out / "dump.png")
    if options.record:
        record(
            options.record,
            "dump",
            rows_of(rows),
            title="Reading LAMMPS text dumps on one core (CPU time)",
            command=f"python -m benchmarks.dump.read_dump{' --quick' if options.quick else ''}",
            packages=("ipip", "ase"),
        )


def rows_of(rows: list[dict[str, Any]]) -> list[Row]:
    """Return the measurements on one core as rows for the site."""
    return [
        Row(
            sizes={name: row[name] for name in ("atoms", "frames", "file", "numbers")},
            figures={
                "ase_us_per_frame": row["us a frame, ase"],
                "ipip_us_per_frame": row["us a frame, ipip"],
                "ase_over_ipip": row["ratio, ipip"],
            },
        )
        for row in rows
    ]


if __name__ == "__main__":
    main()
