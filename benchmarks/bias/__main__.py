"""Does a bias to uncertain places reach frames that ten times as much plain MD does not?

python -m benchmarks.bias --dir runs/bias [--system mo-s-o] [--quick]

A small student is trained on a teacher's MD (SevenNet-0 of Mo-S-O at 1200 K, GFN2-xTB of
acetylacetone at 300 K), and explores: without a bias, ten times as long, and with biases of several
energies and widths, from the same starts and velocities; at further temperatures with the best of
these alone. The teacher is the truth. Each run is compared with the plain one of its seed. Writes
bias.json and bias.png; MD that is done is not done again.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.bias.judge import BOUNDS, choose, label, summary
from benchmarks.bias.picture import draw, show
from benchmarks.bias.runs import Condition, Explored, explore
from benchmarks.bias.systems import SYSTEMS, System, Trained, train
from benchmarks.results import this_machine

from ipip.config.teacher import TeacherSettings
from ipip.teachers import Teacher

ENERGIES, WIDTHS = (0.1, 0.3, 1.0), (1.0, 2.0, 4.0)  # eV, score
LONGER = 10  # times as long as a biased run is the plain one that it is compared with
SHOWN = 40  # points of a curve


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.bias",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [system.name for system in SYSTEMS]
    parser.add_argument("--dir", type=Path, required=True, dest="folder", help="output folder")
    parser.add_argument("--system", dest="systems", action="append", choices=names)
    parser.add_argument("--steps", type=int, default=1000, help="of a biased run (1000)")
    parser.add_argument("--seeds", type=int, default=4, help="runs of each condition (4)")
    parser.add_argument("--quick", action="store_true", help="one seed, one bias, short runs")
    given = parser.parse_args()
    torch.set_num_threads(1)
    sizes = {"steps": given.steps, "seeds": given.seeds}
    energies, widths = ENERGIES, WIDTHS
    if given.quick:
        sizes, energies, widths = {"steps": 100, "seeds": 1}, (0.3,), (2.0,)
    path = given.folder / "bias.json"
    results = json.loads(path.read_text())["systems"] if path.exists() else {}
    for system in (s for s in SYSTEMS if s.name in (given.systems or names)):
        if given.quick:
            md = {**system.teacher_md, "steps": 24, "relax_steps": 0}
            system = dataclasses.replace(system, teacher_md=md, runs=2, training_steps=50)
        biases = [(energy, width) for energy in energies for width in widths]
        results[system.name] = measure(system, given.folder / system.name, biases, **sizes)
        machine = this_machine().model_dump()
        bounds = BOUNDS.model_dump(include={"max_force", "max_energy"})
        about = {"machine": machine, "longer": LONGER, "physical": bounds, **sizes}
        path.write_text(json.dumps({**about, "systems": results}, indent=1) + "\n")
    show(results)
    draw(results, given.folder / "bias.png")


def measure(
    system: System, folder: Path, biases: Sequence[tuple[float, float]], steps: int, seeds: int
) -> list[dict[str, Any]]:
    """Return the figures of each condition: plain, biased and hot runs."""
    trained = train(system, folder, seed=1)
    interval = max(1, steps // 50)
    numbers = list(range(seeds))
    rows = []
    with Teacher(TeacherSettings.model_validate(system.teacher), folder) as teacher:
        judged = Judged(trained, lambda frames: teacher.label(frames, on_error="mark"))
        for kelvin in system.explored_k:
            plain = Condition(kelvin, LONGER * steps)
            longer = explore(trained, plain, numbers, folder, interval)
            tops = [float(run.scores[run.steps > 0].max()) for run in longer]
            rows.append(judged.row(longer, tops, steps))
            for bias in biases:
                runs = explore(trained, Condition(kelvin, steps, bias), numbers, folder, interval)
                rows.append(judged.row(runs, tops, steps))
            if kelvin == system.explored_k[0]:
                biases = [best(rows)]
                hot = explore(trained, Condition(system.hot_k, steps), numbers, folder, interval)
                rows.append(judged.row(hot, tops, steps) | {"compared_with_k": kelvin})
    return rows


def best(rows: Sequence[dict[str, Any]]) -> tuple[float, float]:
    """Return the bias whose runs reached new physical frames most often."""

    def worth(row: dict[str, Any]) -> tuple[float, float, float]:
        figures = row["summary"]
        return (
            figures["new_and_physical"][0],
            figures["physical_beyond"][0] / max(1, figures["physical_beyond"][1]),
            figures["physical"][0],
        )

    return tuple(max((row for row in rows if row["bias"]), key=worth)["bias"])


class Judged:
    """Makes rows of runs, with a truth.

    Args:
        trained: the student that ran.
        truth: labels frames.
    """

    def __init__(self, trained: Trained, truth: Any) -> None:
        self._trained, self._truth = trained, truth

    def row(self, runs: Sequence[Explored], tops: Sequence[float], steps: int) -> dict[str, Any]:
        """Return what the runs of a condition came to, beside the plain ones' largest scores."""
        condition = runs[0].condition
        told = [self._run(run, top) for run, top in zip(runs, tops, strict=True)]
        return {
            "kelvin": condition.kelvin,
            "steps": condition.steps,
            "bias": condition.bias,
            "summary": summary(told),
            "runs": told,
        }

    def _run(self, run: Explored, top: float) -> dict[str, Any]:
        sample, beyond = choose(run, top)
        known = label(self._trained, run, sorted({*sample, *beyond}), self._truth)
        above = np.flatnonzero((run.scores > top) & (run.steps > 0))
        points = np.unique(np.geomspace(1, len(run.steps), SHOWN).astype(int)) - 1
        later = run.steps > 0
        return {
            "seed": run.seed,
            "stable": run.stable,
            "threshold": top,
            "largest_score": float(run.scores[later].max(initial=0.0)),
            "largest_expected_ev_per_a": float(run.expected[later].max(initial=0.0)),
            "share_beyond": len(above) / max(1, int(later.sum())),
            "first_step": int(run.steps[above[0]]) if len(above) else None,
            "reached_physical": any(known[k].problem is None for k in beyond),
            "sample": [dataclasses.asdict(known[k]) for k in sample],
            "beyond": [dataclasses.asdict(known[k]) for k in beyond],
            "curve_steps": run.steps[points].tolist(),
            "curve_scores": np.maximum.accumulate(run.scores)[points].round(3).tolist(),
        }


if __name__ == "__main__":
    main()
