"""The cost of expected errors: steps that read them against steps that do not, in turns."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.pair.boxes import BOXES
from benchmarks.pair.lammps_runs import ipip_style, time_styles
from benchmarks.pair.speed import ATOMS
from benchmarks.pair.students import write_student

from ipip.evaluation import open_student
from ipip.graph.species import species_index
from ipip.uncertainty import Uncertainty, fit_calibration, fit_density, write_uncertainty

READ = "\ncompute u all ipip/uncertainty\nfix read all ave/time 1 1 1 c_u"
SEGMENT_S = 0.2  # by the cost of an atom and step on a slow core
COST = {"dense": 40e-6, "S2 gas": 3e-6}


def measure(folder: Path, *, quick: bool) -> list[dict[str, Any]]:
    """Time segments of a run with and without the compute, in turns."""
    rows = []
    for box, cost in COST.items():
        frame = BOXES[box](ATOMS[box])
        model = write_student(folder / "uncertain", 64, 2)
        student, _ = open_student(model)
        features = student.describe_frames([frame])[0]
        species = species_index(frame.numbers, student.symbols)
        density = fit_density(features, species, len(student.symbols))
        score = density.score(features, species)
        errors = 0.1 * np.maximum(score, 1e-3)  # the time does not depend on them
        calibration = fit_calibration(score, errors, species, len(student.symbols))
        write_uncertainty(model, Uncertainty(density, calibration, {"made_up": True}))
        steps = round(SEGMENT_S / (cost * len(frame)))
        turns, styles = (5 if quick else 101), []
        for turn in range(turns):
            pair = [ipip_style(f"without-{turn}", model, steps)]
            pair.append(ipip_style(f"read-{turn}", model, steps, also=READ))
            styles += pair if turn % 2 else pair[::-1]
        times, _ = time_styles(folder / f"uncertainty-{box.replace(' ', '-')}", frame, styles)
        ratios = [times[f"read-{k}"].cpu / times[f"without-{k}"].cpu for k in range(turns)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        rows.append(
            {
                "box": box,
                "atoms": len(frame),
                "channels": 64,
                "layers": 2,
                "turns": turns,
                "step_us": 1e6
                * statistics.median(times[f"without-{k}"].cpu for k in range(turns))
                / len(frame),
                "more": middle - 1.0,
                "quartiles": [low - 1.0, high - 1.0],
            }
        )
    return rows
