"""Memory and speed of `ipip species` and `ipip harvest` on a dump of 5 000 000 steps.

    python -m benchmarks.species.long_dump student.pt [--quick] [--frames N] [--out FOLDER]

The student runs a short MD in LAMMPS (Mo3O9 and 12 S2, Langevin 2500 K, 20 ps, a frame every 20
steps). Its frames are written repeatedly, forwards and backwards so that no atom jumps, with
increasing steps, until there are 50 000 of them, as 5 000 000 steps with a frame every 100. Both
commands then read the first tenth of that dump and all of it, in separate processes, whose largest
memory the system reports. Prints a table; writes long_dump.json.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.record import add_record_option, record
from benchmarks.results import Row
from rich.console import Console
from rich.table import Table

from ipip.config.md import Guards, StudentMDSettings
from ipip.config.systems import SystemSettings
from ipip.lammps import StudentRun, run_many
from ipip.systems import build

INTERVAL = 100  # steps from frame to frame
SOURCE = {"species": {"Mo3O9": 1, "S2": 12}, "density": 0.4}


def real_frames(student: Path, folder: Path, steps: int) -> list[tuple[str, str]]:
    """Return the text of each frame of an MD run, before and after its step."""
    md = StudentMDSettings(
        temperature=2500.0,
        thermostat="langevin",
        timestep=1.0,
        steps=steps,
        frame_interval=20,
        minimize_steps=200,
    )
    box = build(SystemSettings.model_validate(SOURCE), 1)
    job = StudentRun(student, box, md, Guards(), folder / "source", 1, {})
    (verdict,) = run_many([job], 1)
    text = (folder / "source" / "trajectory.dump").read_text()
    frames = []
    for part in text.split("ITEM: TIMESTEP\n")[1:]:
        _, _, rest = part.partition("\n")
        frames.append(("ITEM: TIMESTEP\n", "\n" + rest))
    Console().print(f"source: {verdict.state}, {len(frames)} frames of {len(box)} atoms")
    return frames


def write_dump(path: Path, frames: list[tuple[str, str]], number: int) -> None:
    order: Iterator[int] = itertools.cycle([*range(len(frames)), *range(len(frames) - 2, 0, -1)])
    with path.open("w") as stream:
        for frame, index in zip(range(number), order, strict=False):
            head, rest = frames[index]
            stream.write(f"{head}{INTERVAL * frame}{rest}")


def run(arguments: list[str]) -> tuple[float, float, float]:
    """Run `ipip` with arguments; return wall and CPU seconds and the largest memory (MB)."""
    start = time.perf_counter()
    main = "import sys; from ipip.cli.main import main; sys.exit(main(sys.argv[1:]))"
    program = [sys.executable, "-c", main, *arguments]
    pid = os.posix_spawn(
        sys.executable,
        program,
        {**os.environ, "OMP_NUM_THREADS": "1"},
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"ipip {' '.join(arguments)} failed with status {status}")
    cpu = usage.ru_utime + usage.ru_stime
    return time.perf_counter() - start, cpu, usage.ru_maxrss * 1024 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("student", type=Path)
    parser.add_argument("--quick", action="store_true", help="3000 frames")
    parser.add_argument("--frames", type=int, default=50_000)
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/species"))
    add_record_option(parser)
    options = parser.parse_args()
    number = 3000 if options.quick else options.frames
    options.out.mkdir(parents=True, exist_ok=True)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frames = real_frames(options.student, folder, 2000 if options.quick else 20_000)
        for part in (number // 10, number):
            dump = folder / f"{part}.dump"
            write_dump(dump, frames, part)
            commands = {
                "species": ["--follow", "Mo"],
                "harvest": ["--student", str(options.student)],
            }
            for verb, extra in commands.items():
                out = folder / f"{verb}-{part}"
                seconds, cpu, memory = run([verb, str(dump), *extra, "--dir", str(out), "--quiet"])
                rows.append(
                    {
                        "command": f"ipip {verb}",
                        "frames": part,
                        "md_steps": INTERVAL * part,
                        "dump_megabytes": dump.stat().st_size / 1e6,
                        "output_megabytes": sum(f.stat().st_size for f in out.iterdir()) / 1e6,
                        "wall_s": seconds,
                        "cpu_s": cpu,
                        "ms_per_frame": 1e3 * seconds / part,
                        "largest_memory_megabytes": memory,
                    }
                )
            dump.unlink()
    table = Table(*(key.replace("_", " ") for key in rows[0]))
    for row in rows:
        table.add_row(
            *(value if isinstance(value, str) else f"{value:.4g}" for value in row.values())
        )
    Console(width=120).print(table)
    (options.out / "long_dump.json").write_text(json.dumps(rows, indent=1))
    if options.record:
        found = [
            Row(
                sizes={name: row[name] for name in ("command", "frames", "md_steps")},
                figures={
                    "cpu_s": row["cpu_s"],
                    "largest_memory_mb": row["largest_memory_megabytes"],
                },
            )
            for row in rows
        ]
        record(
            options.record,
            "long-dump",
            found,
            title="Long dumps: CPU time and memory",
            command="python -m benchmarks.species.long_dump student.pt"
            + " --quick" * options.quick,
            packages=("ipip",),
        )


if __name__ == "__main__":
    main()
