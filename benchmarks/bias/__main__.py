"""Does a bias to uncertain structures reach frames that ten times as much plain MD does not?

python -m benchmarks.bias --dir runs/bias [--system mo-s-o] [--quick]

A small student is trained on a teacher's MD (SevenNet-0 of Mo-S-O at 1200 K, GFN2-xTB of
acetylacetone at 300 K). It explores without a bias, ten times as long, and with biases of several
energies and widths, from the same starts and velocities; at other temperatures only with the best
of these. The teacher is the truth. Each run is compared with the plain one of its seed, by the
physical frame of each that is farthest from training. Writes SYSTEM.json for each system, and
bias.png; finished work is not repeated.
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
from benchmarks.bias.judge import BOUNDS, Judged, summary
from benchmarks.bias.picture import draw, show
from benchmarks.bias.rows import best_bias
from benchmarks.bias.runs import Condition, explore
from benchmarks.bias.systems import SYSTEMS, System, train
from benchmarks.results import this_machine

from ipip.config.teacher import TeacherSettings
from ipip.teachers import Teacher

ENERGIES, WIDTHS = (0.1, 0.3, 1.0), (1.0, 2.0, 4.0, 8.0)  # eV, score
LONGER = 10  # factor of the plain run's length over the biased run's
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
    parser.add_argument("--steps", type=int, default=1000, help="steps of a biased run (1000)")
    parser.add_argument("--seeds", type=int, default=4, help="runs of each condition (4)")
    parser.add_argument(
        "--bias",
        dest="biases",
        action="append",
        type=bias,
        metavar="ENERGY:WIDTH",
        help="eV and score, in place of the sweep; may be repeated",
    )
    parser.add_argument("--quick", action="store_true", help="one seed, one bias, short runs")
    given = parser.parse_args()
    torch.set_num_threads(1)
    sizes = {"steps": given.steps, "seeds": given.seeds}
    energies, widths = ENERGIES, WIDTHS
    if given.quick:
        sizes, energies, widths = {"steps": 100, "seeds": 1}, (0.3,), (2.0,)
    biases = given.biases or [(energy, width) for energy in energies for width in widths]
    bounds = BOUNDS.model_dump(include={"max_force", "max_energy"})
    about = {"machine": this_machine().model_dump(), "longer": LONGER, "physical": bounds, **sizes}
    for system in (s for s in SYSTEMS if s.name in (given.systems or names)):
        made = _quick(system) if given.quick else system
        rows = measure(made, given.folder / system.name, biases, **sizes)
        text = json.dumps({**about, "system": system.name, "rows": rows}, indent=1)
        (given.folder / f"{system.name}.json").write_text(text + "\n")
    paths = [given.folder / f"{name}.json" for name in names]
    results = {path.stem: json.loads(path.read_text())["rows"] for path in paths if path.exists()}
    show(results)
    draw(results, given.folder / "bias.png")


def bias(text: str) -> tuple[float, float]:
    energy, width = (float(part) for part in text.split(":"))
    return energy, width


def _quick(system: System) -> System:
    md = {**system.teacher_md, "steps": 24, "relax_steps": 0}
    return dataclasses.replace(system, teacher_md=md, runs=2, training_steps=50)


def measure(
    system: System, folder: Path, biases: Sequence[tuple[float, float]], steps: int, seeds: int
) -> list[dict[str, Any]]:
    """Return the figures of each condition: plain, biased and hot runs."""
    trained = train(system, folder, seed=1)
    interval = max(1, steps // 50)
    numbers = list(range(seeds))
    rows = []
    with Teacher(TeacherSettings.model_validate(system.teacher), folder) as teacher:

        def truth(frames: list[Any]) -> list[Any]:
            return teacher.label(frames, on_error="mark")

        def runs_of(condition: Condition) -> list[Judged]:
            made = explore(trained, condition, numbers, folder, interval)
            return [Judged(trained, run, truth) for run in made]

        for kelvin in system.explored_k:
            plain = runs_of(Condition(kelvin, LONGER * steps))
            for run in plain:
                run.sample()
            farthest = [run.farthest() for run in plain]
            tops = [0.0 if one is None else one.score for one in farthest]
            rows.append(row(plain, tops))
            rows += [row(runs_of(Condition(kelvin, steps, bias)), tops) for bias in biases]
            if kelvin == system.explored_k[0]:
                hot = runs_of(Condition(system.hot_k, steps))
                rows.append(row(hot, tops) | {"compared_with_k": kelvin})
                energy, width = best_bias(rows)
                biases = [(energy, width)]
    return rows


def row(runs: Sequence[Judged], tops: Sequence[float]) -> dict[str, Any]:
    """Return the results of a condition's runs, compared with the plain ones' farthest frames."""
    condition = runs[0].run.condition
    results = [_of_run(run, top) for run, top in zip(runs, tops, strict=True)]
    return {
        "kelvin": condition.kelvin,
        "steps": condition.steps,
        "bias": condition.bias,
        "summary": summary(results),
        "runs": results,
    }


def _of_run(judged: Judged, top: float) -> dict[str, Any]:
    run = judged.run
    sample, first, farthest = judged.sample(), judged.first_beyond(top), judged.farthest()
    points = np.unique(np.geomspace(1, len(run.steps), SHOWN).astype(int)) - 1
    later = run.steps > 0
    return {
        "seed": run.seed,
        "stable": run.stable,
        "steps_made": int(run.steps[-1]),
        "threshold": top,
        "largest_score": float(run.scores[later].max(initial=0.0)),
        "largest_expected_ev_per_a": float(run.expected[later].max(initial=0.0)),
        "largest_physical_score": 0.0 if farthest is None else farthest.score,
        "largest_error_there": None if farthest is None else farthest.largest_error,
        "first_step": None if first is None else first.step,
        "sample": [dataclasses.asdict(one) for one in sample],
        "curve_steps": run.steps[points].tolist(),
        "curve_scores": np.maximum.accumulate(run.scores)[points].round(3).tolist(),
    }


if __name__ == "__main__":
    main()
