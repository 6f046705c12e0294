"""What the report of a run is made from."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from ipip.config.run import RunSettings
from ipip.data import Frame, composition, read_frames
from ipip.decisions.statistics import paired_bootstrap
from ipip.pages.numbers import format_number
from ipip.pipeline.seeds import derive_seed
from ipip.records.config_lock import read_config_lock
from ipip.records.manifest import Manifest
from ipip.records.run_folder import RunFolder, split_stage_id
from ipip.report import (
    Curve,
    Drift,
    ModelResult,
    Parity,
    ReportContent,
    StabilityRun,
    StageCost,
)
from ipip.stages.baseline import BASELINE
from ipip.stages.evaluate import EVALUATE
from ipip.stages.harvest import HARVEST
from ipip.stages.inheritance import pretraining_set_of
from ipip.stages.label import LABEL, TEACHER_TEST, TEST_FILE, TRAIN_FILE
from ipip.stages.listing import find_stage
from ipip.stages.pretrain import PRETRAIN
from ipip.stages.relabel import RELABEL
from ipip.stages.student_md import STUDENT_MD
from ipip.stages.work.concerns import as_sentence, blocks_at_constant_pressure, pressure_concerns
from ipip.views.explored_species import species_at_end, species_over_time
from ipip.views.outcomes import evaluated_rounds, teacher_calls
from ipip.views.summary import held_out_units

Manifests = Mapping[str, Manifest]
OTHER = "#555d6b"  # of a stage that this version does not know
STRESS = "stress_mae_ev_per_a3"


def gather_content(run: RunFolder, manifests: Manifests, summary: dict[str, Any]) -> ReportContent:
    """Return what the report tells of a run, from its manifests and small files."""
    label = manifests[LABEL.of(0)]
    rounds = evaluated_rounds(manifests)
    sets = [pretraining_set_of(index) for index in rounds]
    return ReportContent(
        summary=summary,
        compositions=tuple(manifests[name].results["composition"]["by_origin"] for name in sets),
        parity=tuple(_parity(run, rounds, manifests)),
        failure_causes=tuple(_causes(manifests[EVALUATE.of(k)]) for k in rounds),
        notes=tuple(_notes(run, label, manifests, rounds)),
        models=tuple(_models(manifests, rounds)),
        drift=tuple(_drift(manifests, rounds)),
        costs=tuple(_costs(manifests)),
        curves=tuple(_curves(run, manifests)),
        harvests=tuple((index, dict(manifests[HARVEST.of(index)].results)) for index in rounds[1:]),
        species=tuple(species_at_end(run, manifests, len(rounds))),
        species_over_time=tuple(species_over_time(run)),
        links=tuple(_links(run)),
        settings=run.config_lock.read_text(encoding="utf-8"),
        versions=label.versions,
    )


def _evaluations(manifests: Manifests, rounds: list[int]) -> dict[str, str]:
    """Return the stage that measured each student, by the student's name."""
    stages = {"none": BASELINE.of(0)} if BASELINE.of(0) in manifests else {}
    return stages | {f"student {index}": EVALUATE.of(index) for index in rounds}


def _models(manifests: Manifests, rounds: list[int]) -> list[ModelResult]:
    """Return errors with intervals and stability runs of the teacher and each student."""
    label = manifests[LABEL.of(0)]
    models = [
        ModelResult(
            "teacher",
            label.results["test"],
            _interval(label.results["test_frame_errors"], label),
            (),
            label.times["teacher_us_per_atom_step"],
        )
    ]
    for name, stage in _evaluations(manifests, rounds).items():
        manifest = manifests[stage]
        results = manifest.results
        runs = tuple(
            StabilityRun(
                entry["name"],
                entry["state"] == "unstable",
                entry["reason"],
                (entry["step"] or 0) * entry["timestep_fs"] * 1e-3,
                entry["steps"] * entry["timestep_fs"] * 1e-3,
            )
            for entry in results["runs"]
        )
        models.append(
            ModelResult(
                name,
                results["test"],
                _interval(results["test_frame_errors"], label),
                runs,
                manifest.times["us_per_atom_step"],
            )
        )
    return models


def _interval(errors: list[float], label: Manifest) -> tuple[float, float] | None:
    """Return the 95 % interval of the force MAE (eV/Å) over the groups of the held-out frames."""
    seed = derive_seed(label.seeds["split"], "interval")
    sizes, groups = label.results["test_sizes"], label.results["test_groups"]
    units = held_out_units(label)
    return paired_bootstrap(errors, [0.0] * len(errors), sizes, groups, seed, units=units)


def _causes(manifest: Manifest) -> dict[str, int]:
    runs = manifest.results["runs"]
    return dict(Counter(r["reason"].replace("_", " ") for r in runs if r["state"] == "unstable"))


def _drift(manifests: Manifests, rounds: list[int]) -> list[Drift]:
    found = []
    for index in rounds[1:]:
        results = manifests[RELABEL.of(index)].results
        if results["drift"]:
            trust = results.get("trust")
            found.append(
                Drift(
                    index,
                    results["drift"]["force_change_ev_per_a"],
                    results["drift"]["energy_change_mev_per_atom"],
                    None if trust is None else trust["student"] / max(1, results["kept"]),
                )
            )
    return found


def _costs(manifests: Manifests) -> list[StageCost]:
    costs = []
    for manifest in manifests.values():
        stage = find_stage(manifest.stage)
        name = split_stage_id(manifest.stage)[1]
        label, colour = (name, OTHER) if stage is None else (stage.label, stage.colour)
        calls = teacher_calls(manifest)
        costs.append(StageCost(manifest.stage, manifest.wall_s, calls, label, colour))
    return costs


def _curves(run: RunFolder, manifests: Manifests) -> list[Curve]:
    """Return the learning curve of each training."""
    curves = []
    for identity in manifests:
        stage = find_stage(identity)
        path = run.stage(identity) / "training" / "metrics.csv"
        if stage is not None and stage.curve is not None and path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            points = [
                (int(row["step"]), float(row["valid_force_mae_ev_per_a"]))
                for row in rows
                if row.get("valid_force_mae_ev_per_a")
            ]
            curves.append(Curve(stage.curve, split_stage_id(identity)[0], tuple(points)))
    return curves


def _parity(run: RunFolder, rounds: list[int], manifests: Manifests) -> list[Parity]:
    zero = manifests[LABEL.of(0)].results["energy_scale"]["reference_energies"]
    known = read_frames(run.stage(LABEL.of(0)) / TEST_FILE)
    files = {"teacher": run.stage(LABEL.of(0)) / TEACHER_TEST}
    for name, stage in _evaluations(manifests, rounds).items():
        files[name] = run.stage(stage) / TEST_FILE
    return [_one_parity(name, known, path, zero) for name, path in files.items()]


def _one_parity(name: str, known: list[Frame], path: Path, zero: dict[str, float]) -> Parity:
    frames = read_frames(path)
    return Parity(
        name,
        _components(known),
        _components(frames),
        _energies(known, zero),
        _energies(frames, zero),
    )


def _components(frames: list[Frame]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.concatenate([frame.forces.ravel() for frame in frames if frame.forces is not None])


def _links(run: RunFolder) -> list[tuple[str, str]]:
    """Return pages that other analyses made in the run folder, or beside a run's dump."""
    patterns = {
        "reaction analysis": ("species*/*.html", "round_[0-9]*/*/runs/*/species*/*.html"),
        "stability protocol": ("stability*/stability.png",),
    }
    return [
        (
            f"{title}: {path.parent.relative_to(run.root).as_posix()}",
            Path(os.path.relpath(path, run.report)).as_posix(),
        )
        for title, places in patterns.items()
        for place in places
        for path in sorted(run.root.glob(place))
    ]


def _energies(frames: list[Frame], zero: dict[str, float]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return energies (eV/atom) above those of the atoms as fitted to the reference.

    Total energies of several compositions would lie hundreds of eV apart.
    """
    symbols = list(zero)
    atoms = composition(frames, symbols) @ np.array([zero[symbol] for symbol in symbols])
    return np.array(
        [
            (float(frame.energy or 0.0) - float(own)) / len(frame)
            for frame, own in zip(frames, atoms, strict=True)
        ]
    )


def _pressure(
    run: RunFolder, label: Manifest, manifests: Manifests, rounds: list[int]
) -> list[str]:
    """Return the stress errors where held-out labels have stresses, and what is not known of it."""
    tested = [("teacher", label.results["test"])] + [
        (name, manifests[stage].results["test"])
        for name, stage in _evaluations(manifests, rounds).items()
    ]
    listed = ", ".join(
        f"{name} {format_number(1000 * test[STRESS])}"
        for name, test in tested
        if test.get(STRESS) is not None
    )
    notes = [f"Stress MAE on held-out frames (meV/Å^3): {listed}."] if listed else []
    try:
        settings = RunSettings.model_validate(read_config_lock(run))
    except ValidationError:  # of another version
        return notes
    if not blocks_at_constant_pressure(settings):
        return notes
    folder = run.stage(LABEL.of(0))
    parts = (read_frames(folder / name) for name in (TRAIN_FILE, TEST_FILE))
    return [*notes, *(as_sentence(concern) for concern in pressure_concerns(settings, *parts))]


def _notes(run: RunFolder, label: Manifest, manifests: Manifests, rounds: list[int]) -> list[str]:
    shift = label.results["energy_shift"]
    values = ", ".join(f"{symbol} {value:.3f}" for symbol, value in shift["ev_per_atom"].items())
    sizes = label.results["sizes"]
    notes = [
        f"Reference frames: {sizes['train']} for training, {sizes['valid']} for validation "
        f"(they choose the best round), {sizes['test']} held out.",
        f"Energy shift from the teacher to the reference (eV per atom): {values}; rank "
        f"{shift['rank']}, residual {shift['residual_mev_per_atom']:.1f} meV/atom.",
        *label.results["notes"],
        *_pressure(run, label, manifests, rounds),
    ]
    for index in rounds[1:]:
        drift = manifests[RELABEL.of(index)].results["drift"]
        if drift:
            notes.append(
                f"Round {index}: relabelling moved the kept frames' labels by "
                f"{drift['force_change_ev_per_a']:.3f} eV/Å and "
                f"{drift['energy_change_mev_per_atom']:.1f} meV/atom (mean absolute)."
            )
        pretrained = manifests[PRETRAIN.of(index)].results
        if "harvested_force_mae_ev_per_a" in pretrained:
            notes.append(
                f"Round {index}: pretraining ended with a force MAE of "
                f"{pretrained['valid_force_mae_ev_per_a']:.3f} eV/Å on the frames that validate in "
                f"all rounds, {pretrained['harvested_force_mae_ev_per_a']:.3f} eV/Å on "
                f"{pretrained['harvested_frames']} harvested frames that were held out."
            )
        runs = manifests[STUDENT_MD.of(index)].results["runs"]
        failed = sum(entry["state"] == "unstable" for entry in runs)
        notes.append(f"Round {index}: {failed} of {len(runs)} exploration runs were unstable.")
    return notes
