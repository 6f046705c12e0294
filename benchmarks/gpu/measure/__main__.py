"""Compiles, checks and measures the kernels on a GPU; writes results.json and speed.svg.

    python3 -m measure --out FOLDER [--budget 400]

Files are written after each part, so that a run that is cut off keeps its results. The most
important parts come first: whether results are right, then speed at 100 000 atoms, then the rest.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from measure import decks
from measure.build import BuildError, build, machine
from measure.decks import ROOT, DeckError
from measure.picture import draw
from measure.training import train

SIZES = (100_000, 1_000, 1_000_000, 200, 10_000, 100, 3_000, 30_000, 4_000_000)
MOST = {"float32": 1e-5, "float64": 1e-10}  # differences over the largest force
MAIN = "64-2-float32"
GAS = 0.012  # atoms/Å^3


class Measurement:
    """Parts that run one after another until time is up; the result or failure of each."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.end = time.monotonic() + options.budget
        self.results: dict[str, Any] = {"device": options.device, "machine": machine()}
        self.folder = Path(tempfile.mkdtemp(prefix="ipip-gpu-"))
        options.out.mkdir(parents=True, exist_ok=True)

    def left(self) -> float:
        """Seconds left."""
        return self.end - time.monotonic()

    def part(self, name: str, work: Callable[[], Any], least: float = 5.0) -> None:
        """Run a part and store its result."""
        start = time.monotonic()
        if self.left() < least:
            self.results[name] = {"skipped": "no time was left"}
        else:
            try:
                self.results[name] = work()
            except (DeckError, BuildError) as error:
                self.results[name] = {"failed": str(error)}
            except Exception as error:  # whatever fails, the other parts still count
                self.results[name] = {"failed": f"{type(error).__name__}: {error}"}
        print(f"{name}, {time.monotonic() - start:.1f} s: {self.results[name]}", flush=True)
        self.write()

    def write(self) -> None:
        """Write all results so far, and their picture."""
        path = self.options.out / "results.json"
        path.write_text(json.dumps(self.results, indent=1) + "\n")
        named = [(name, run) for name, run in self.results.items() if "step_us" in run]
        speed = sorted(
            (run for name, run in named if name.startswith("speed ")), key=lambda run: run["atoms"]
        )
        rival = [run for name, run in named if name.startswith("PyTorch ")]
        title = f"{self.results['machine'].get('name', '') or self.options.device}, {MAIN}"
        if picture := draw(speed, rival, title):
            (self.options.out / "speed.svg").write_text(picture)

    def run(self, name: str, deck: str, ranks: int = 1) -> str:
        """Run a deck in a separate folder, if there is time."""
        folder = self.folder / name.replace(" ", "-")
        return decks.run_deck(folder, deck, ranks=ranks, seconds=max(5.0, self.left()))

    def check(self, student: str, n: int, density: float, ranks: int) -> dict[str, Any]:
        """Compare forces and energy with the CPU kernels'."""
        found, energies = [], []
        for k, (device, n_ranks) in enumerate((("cpu", 1), (self.options.device, ranks))):
            keywords = "share yes" if n_ranks > 1 else ""
            name = f"check {student} {n} {density} {ranks} {k}"
            commands = decks.box(n, device, student, density=density, keywords=keywords)
            log = self.run(name, commands + decks.one_step("forces"), n_ranks)
            found.append(decks.forces(self.folder / name.replace(" ", "-") / "forces"))
            energies.append(decks.thermo(log)[-1][1])
        flat = [[x for row in rows for x in row] for rows in found]
        largest = max(map(abs, flat[0]))
        worst = max(abs(a - b) for a, b in zip(*flat, strict=True)) / largest
        allowed = MOST[student.rsplit("-", 1)[1]]
        same = len(flat[0]) == len(flat[1]) and worst <= allowed
        apart = abs(energies[1] - energies[0]) / max(1.0, abs(energies[0]))
        return {
            "right": same and apart <= allowed,
            "worst_over_largest_force": worst,
            "energy_apart": apart,
            "allowed": allowed,
            "atoms": len(found[0]),
        }

    def speed(self, n: int, student: str = MAIN, density: float = decks.DENSITY) -> dict[str, Any]:
        """Time constant-energy MD."""
        guess = 150e-6 + 0.4e-6 * n
        steps = self.options.steps or int(min(2000, max(10, 4.0 / guess)))
        deck = decks.box(n, self.options.device, student, density=density) + decks.dynamics(steps)
        with decks.GpuMemory() as memory:
            log = self.run(f"speed {n} {student} {density}", deck)
        done = decks.times(log)
        if memory.most is not None:
            done["gpu_mib"] = memory.most
            done["gpu_bytes_per_atom"] = memory.most * 2**20 / done["atoms"]
        return done

    def two_ranks(self, n: int) -> dict[str, Any]:
        """Time two ranks that share the GPU."""
        steps = self.options.steps or 100
        deck = decks.box(n, self.options.device, MAIN, keywords="share yes")
        return decks.times(self.run(f"two ranks {n}", deck + decks.dynamics(steps), 2))

    def drift(self, n: int) -> dict[str, Any]:
        """Slope of the total energy, meV an atom and ps."""
        steps = self.options.steps or 20_000
        every = max(1, steps // 50)
        deck = decks.box(n, self.options.device, MAIN) + decks.dynamics(steps, thermo=every)
        rows = [row for row in decks.thermo(self.run(f"drift {n}", deck)) if row[0] >= 3]
        done = decks.times((self.folder / f"drift-{n}" / "log").read_text())
        ps, energies = [row[0] * 1e-3 for row in rows], [row[1] for row in rows]
        mean_t, mean_e = sum(ps) / len(ps), sum(energies) / len(energies)
        spread = sum((t - mean_t) ** 2 for t in ps)
        slope = sum((t - mean_t) * (e - mean_e) for t, e in zip(ps, energies, strict=True)) / spread
        return {"mev_per_atom_and_ps": slope / done["atoms"] * 1e3, "ps": ps[-1] - ps[0]}

    def training(self, name: str) -> dict[str, Any]:
        """Compare and time the training kernels."""
        return train(ROOT, name, self.options.device, self.options.steps or 20)

    def rival(self, n: int) -> dict[str, Any]:
        """Time the student's program by PyTorch, if it is installed."""
        device = "cpu" if self.options.device in ("emulate", "cpu") else "cuda"
        command = [sys.executable, str(Path(__file__).with_name("rival.py"))]
        command += [str(ROOT / "students" / f"{MAIN}.pt"), device, str(n)]
        command += [str(self.options.steps or 20)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=max(5, self.left()), check=False
        )
        if done.returncode != 0:
            return {"failed": done.stderr[-800:]}
        return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> int:
    """Run all parts; 1 where results are wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--budget", type=float, default=400.0, help="seconds in all")
    parser.add_argument("--device", default="cuda:0", help="device of pair_style ipip")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="atoms")
    parser.add_argument("--steps", type=int, default=0, help="steps of each timing; 0: by the size")
    parser.add_argument(
        "--capability", default="", help="capability to compile for; empty: the GPU's"
    )
    options = parser.parse_args()
    own = Measurement(options)
    own.write()
    capability = options.capability or own.results["machine"].get("compute_cap", "")
    if options.device != "emulate":
        own.part("build", lambda: build(capability))
    small = min(1000, *options.sizes)
    for student, density, ranks in (
        ("check-float32", decks.DENSITY, 1),
        ("check-float64", decks.DENSITY, 1),
        ("check-float32", GAS, 1),
        ("check-float64", decks.DENSITY, 2),
    ):
        own.part(
            f"check {student}, {density:g} atoms/A^3, {ranks} ranks",
            lambda: own.check(student, small, density, ranks),  # noqa: B023  # called at once
        )
    sizes = ("small",) if options.device == "emulate" else ("small", "batch")
    for name in (f"{size}-{dtype}" for size in sizes for dtype in ("float64", "float32")):
        own.part(f"training {name}", lambda: own.training(name))  # noqa: B023
    for n in options.sizes:
        own.part(f"speed {n}", lambda: own.speed(n))  # noqa: B023
    middle = sorted(options.sizes)[len(options.sizes) // 2]
    own.part(f"PyTorch {min(10_000, middle)}", lambda: own.rival(min(10_000, middle)))
    own.part(f"two ranks {options.sizes[0]}", lambda: own.two_ranks(options.sizes[0]))
    own.part(f"wide {options.sizes[0]}", lambda: own.speed(options.sizes[0], "128-2-float32"))
    own.part(f"gas {options.sizes[0]}", lambda: own.speed(options.sizes[0], density=GAS))
    own.part("drift", lambda: own.drift(small))
    own.part(f"PyTorch {small}", lambda: own.rival(small))
    checked = ("check ", "training ")
    checks = [run for name, run in own.results.items() if name.startswith(checked)]
    return 0 if all(run.get("right", False) for run in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
