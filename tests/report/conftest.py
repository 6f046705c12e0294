"""A run's results, made up: four rounds, a baseline, one round that was rolled back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ipip.report import (
    Curve,
    Drift,
    ErrorsOverTime,
    ExpectedErrors,
    Harvested,
    ModelResult,
    Parity,
    PhysicsChecks,
    ReportData,
    SpeciesAtEnd,
    SpeciesOverTime,
    StabilityRun,
    StageCost,
)
from ipip.stability import wilson_interval
from ipip.stages.evaluate import EVALUATE
from ipip.stages.finetune import FINETUNE
from ipip.stages.harvest import HARVEST
from ipip.stages.label import LABEL
from ipip.stages.pretrain import PRETRAIN
from ipip.stages.student_md import STUDENT_MD
from ipip.stages.teacher_md import TEACHER_MD

KINDS = ("bulk", "cluster", "surface", "gas")
ERRORS = {"teacher": 0.44, "none": 0.62, "student 0": 0.43, "student 1": 0.37, "student 2": 0.52}
ERRORS |= {"student 3": 0.31}
FAILED = {"none": 17, "student 0": 14, "student 1": 3, "student 2": 9, "student 3": 0}


def errors(force: float, energy: float) -> dict[str, Any]:
    """Errors as `metrics` gives them."""
    return {
        "force_mae_ev_per_a": force,
        "force_rmse_ev_per_a": 1.5 * force,
        "energy_mae_mev_per_atom": energy,
        "n_frames": 25,
        "n_atoms": 390,
        "by_element": {
            symbol: {"force_mae_ev_per_a": factor * force, "n_atoms": 40}
            for symbol, factor in (("Mo", 1.4), ("O", 0.9), ("S", 1.0))
        },
        "by_config_type": {
            kind: {"force_mae_ev_per_a": force * (0.8 + 0.1 * i), "energy_mae_mev_per_atom": energy}
            for i, kind in enumerate(KINDS)
        },
    }


def failures(failed: int, total: int = 18) -> dict[str, Any]:
    return {"failed": failed, "total": total, "wilson95": list(wilson_interval(failed, total))}


def stability_runs(failed: int, seed: int) -> tuple[StabilityRun, ...]:
    rng = np.random.default_rng(seed)
    causes = ("temperature", "min_distance", "max_force")
    runs = [
        StabilityRun(f"run {i}", True, causes[i % 3], float(rng.uniform(0.1, 1.9)), 2.0)
        for i in range(failed)
    ]
    return (*runs, *(StabilityRun(f"run {i}", False, None, 2.0, 2.0) for i in range(failed, 18)))


def round_entry(index: int) -> dict[str, Any]:
    name = f"student {index}"
    return {
        "round": index,
        "test": errors(ERRORS[name], 60.0 - 5 * index),
        "failures": failures(FAILED[name]),
        "us_per_atom_step": 59.0 + index,
        "kept": (0, 324, 346, 346)[index],
        "forgotten": (0, 36, 38, 38)[index],
        "new": (360, 60, 60, 55)[index],
        "base": (None, 0, 1, 1)[index],
        "rolled_back": "its error rose" if index == 2 else None,
    }


@pytest.fixture
def content() -> ReportData:
    """All contents of a report."""
    rng = np.random.default_rng(1)
    known, energies = 2.0 * rng.normal(size=2000), -5.0 + 0.3 * rng.normal(size=25)
    names = list(ERRORS)
    return ReportData(
        summary={
            "intervals": {"over": "trajectories", "count": 9, "least": 6, "withheld": None},
            "verdict": "The student of round 3 beats the teacher on held-out forces (0.310 against "
            "0.440 eV/Å, -30 %). 0 of 18 stability runs failed (round 0: 14 of 18).",
            "teacher": {"test": errors(0.44, 79.7), "us_per_atom_step": 2345.0},
            "none": {
                "test": errors(0.62, 70.0),
                "failures": failures(17),
                "us_per_atom_step": 60.0,
            },
            "rounds": [round_entry(index) for index in range(4)],
            "best_round": 3,
            "stopped": "its last round, 3, is done",
        },
        compositions=(
            {"round 0": 360},
            {"round 0": 324, "round 1": 60},
            {"round 0": 292, "round 1": 54, "round 2": 60},
            {"round 0": 292, "round 1": 54, "round 3": 55},
        ),
        parity=tuple(
            Parity(
                name,
                known,
                known + 1.2 * ERRORS[name] * rng.normal(size=2000),
                energies,
                energies + 0.06 * rng.normal(size=25),
            )
            for name in names
        ),
        failure_causes=({"temperature": 9, "min distance": 5}, {"temperature": 3}, {}, {}),
        notes=("Reference frames: 63 for training.", "Rank 2 <of 3> & so on."),
        models=tuple(
            ModelResult(
                name,
                errors(ERRORS[name], 79.7 if name == "teacher" else 60.0),
                (0.9 * ERRORS[name], 1.12 * ERRORS[name]),
                () if name == "teacher" else stability_runs(FAILED[name], number),
                2345.0 if name == "teacher" else 59.0 + number,
            )
            for number, name in enumerate(names)
        ),
        expected_errors=tuple(
            ExpectedErrors(
                f"student {index}",
                tuple(0.1 * 1.5 ** np.arange(10)),
                tuple((1.4 - 0.1 * index) * 0.1 * 1.5 ** np.arange(10)),
                0.6 + 0.03 * index,
                0.8 + 0.03 * index,
                0.84 + 0.02 * index,
                0.9,
            )
            for index in range(4)
        ),
        errors_over_time=tuple(
            ErrorsOverTime(
                index,
                index - 1,
                f"run {run}",
                run == 0,
                tuple(np.linspace(0.0, 2.0 - (run == 0), 40)),
                tuple(np.exp(0.2 * rng.normal(size=40) - 0.3 * index)),
            )
            for index in (1, 2, 3)
            for run in range(3)
        ),
        uncertainty_bound=3.0,
        physics=tuple(
            PhysicsChecks(
                name,
                (
                    ("Repulsion", "fails" if name == "student 0" else "holds", "deepest hole 3 eV"),
                    ("Locality", "does not apply" if name == "teacher" else "holds", "0 eV/Å"),
                ),
            )
            for name in names
            if name != "none"
        ),
        drift=(Drift(1, 0.31, 40.0), Drift(2, 0.2, 22.0), Drift(3, 0.12, 14.0, 0.7)),
        costs=tuple(
            StageCost(
                stage.of(k),
                k,
                stage.name,
                seconds * (1 + 0.1 * k),
                calls,
                stage.label,
                stage.colour,
            )
            for k in range(4)
            for stage, seconds, calls in (
                (STUDENT_MD if k else TEACHER_MD, 60, 0 if k else 1080),
                (HARVEST if k else LABEL, 25, 120),
                (PRETRAIN, 130, 0),
                (FINETUNE, 40, 0),
                (EVALUATE, 35, 0),
            )
        ),
        curves=tuple(
            Curve(
                kind,
                k,
                tuple((s, 0.9 / (1 + s / 300) + 0.25 - 0.02 * k) for s in range(70, end, 70)),
            )
            for k in range(4)
            for kind, end in (("pretraining", 1800), ("fine-tuning", 520))
        ),
        harvests=tuple(
            Harvested(k, 60, {"not among the worst predicted": 30, "too close": 12, "duplicate": 5})
            for k in (1, 2, 3)
        ),
        species=(
            SpeciesAtEnd("start of the runs", 18, {"S2": 45, "Mo3O9": 18, "MoO3": 6}),
            SpeciesAtEnd("round 1: student 0, 2 ps", 4, {"S2": 6, "Mo3O9S2": 3, "S": 1}),
        ),
        species_over_time=(
            SpeciesOverTime(
                "species-long", "Mo", (0.0, 0.5, 1.0), {"Mo3O9": [1, 1, 0], "Mo3O9S2": [0, 0, 1]}
            ),
        ),
        settings="seed: 1\nrounds: 3\n",
        versions={"torch": "2.13.0", "python": "3.11"},
        links=(("reaction analysis: species", "../species/species.html"),),
    )
