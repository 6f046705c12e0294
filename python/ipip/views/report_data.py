"""The data of a run's report."""

from __future__ import annotations

import csv
import dataclasses
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from ipip.config.run import RunSettings
from ipip.data import Frame, composition, read_frames
from ipip.decisions.pretraining_set import Composition
from ipip.decisions.statistics import paired_bootstrap
from ipip.pages.numbers import format_number
from ipip.pipeline.seeds import derive_seed
from ipip.records.config_lock import read_config_lock
from ipip.records.manifest import Manifest
from ipip.records.run_folder import RunFolder, split_stage_id
from ipip.report import (
    Curve,
    Drift,
    Harvested,
    ModelResult,
    Parity,
    PhysicsChecks,
    ReportData,
    StabilityRun,
    StageCost,
)
from ipip.stages.baseline import BASELINE
from ipip.stages.evaluate import EVALUATE, EvaluateRecord
from ipip.stages.harvest import HARVEST
from ipip.stages.label import LABEL, LabelRecord
from ipip.stages.listing import find_stage
from ipip.stages.physics import PHYSICS, CheckRecord
from ipip.stages.pretrain import PRETRAIN
from ipip.stages.relabel import RELABEL
from ipip.stages.student_md import STUDENT_MD, StudentRunRecord
from ipip.stages.work.concerns import as_sentence, blocks_at_constant_pressure, pressure_concerns
from ipip.views.expected_errors import errors_over_time, expected_errors
from ipip.views.explored_species import species_at_end, species_over_time
from ipip.views.outcomes import evaluated_rounds

Manifests = Mapping[str, Manifest]
OTHER = "#555d6b"  # of a stage unknown to this version


def gather_content(run: RunFolder, manifests: Manifests, summary: dict[str, Any]) -> ReportData:
    """Return the content of a run's report, from its manifests and small files."""
    rounds = evaluated_rounds(manifests)
    harvests = ((index, HARVEST.read(manifests, index)) for index in rounds[1:])
    return ReportData(
        summary=summary,
        compositions=tuple(_composition(manifests, index).by_origin for index in rounds),
        parity=tuple(_parity(run, rounds, manifests)),
        failure_causes=tuple(_causes(EVALUATE.read(manifests, k)) for k in rounds),
        notes=tuple(_notes(run, manifests, rounds)),
        models=tuple(_models(manifests, rounds)),
        drift=tuple(_drift(manifests, rounds)),
        costs=tuple(_costs(manifests)),
        curves=tuple(_curves(run, manifests)),
        harvests=tuple(Harvested(index, made.taken, made.left) for index, made in harvests),
        species=tuple(species_at_end(run, manifests, len(rounds))),
        species_over_time=tuple(species_over_time(run)),
        physics=tuple(_physics(manifests, rounds)),
        expected_errors=tuple(expected_errors(run, rounds)),
        errors_over_time=tuple(errors_over_time(run, manifests, rounds)),
        uncertainty_bound=read_config_lock(run).get("guards", {}).get("max_uncertainty"),
        links=tuple(_links(run)),
        settings=run.config_lock.read_text(encoding="utf-8"),
        versions=manifests[LABEL.of(0)].versions,
    )


def _physics(manifests: Manifests, rounds: list[int]) -> list[PhysicsChecks]:
    """Return the results of the physics checks, the teacher first."""
    records = {k: PHYSICS.read(manifests, k) for k in rounds if PHYSICS.of(k) in manifests}
    students = [PhysicsChecks(f"student {k}", _checks(one.student)) for k, one in records.items()]
    teacher = records[0].teacher if 0 in records else ()
    return [PhysicsChecks("teacher", _checks(teacher)), *students] if teacher else students


def _checks(checks: tuple[CheckRecord, ...]) -> tuple[tuple[str, str, str], ...]:
    return tuple((one.title, one.state, one.found) for one in checks)


def _composition(manifests: Manifests, index: int) -> Composition:
    """Return the composition of a round's pretraining set."""
    return (RELABEL if index else LABEL).read(manifests, index).composition


@dataclasses.dataclass(frozen=True)
class Evaluated:
    """An evaluated student: its name, the stage, and the results."""

    name: str
    stage_id: str
    record: EvaluateRecord


def _evaluated(manifests: Manifests, rounds: list[int]) -> list[Evaluated]:
    """Return the evaluated students, the baseline first."""
    baseline = (
        [Evaluated("none", BASELINE.of(0), BASELINE.read(manifests, 0))]
        if BASELINE.of(0) in manifests
        else []
    )
    return baseline + [
        Evaluated(f"student {index}", EVALUATE.of(index), EVALUATE.read(manifests, index))
        for index in rounds
    ]


def _models(manifests: Manifests, rounds: list[int]) -> list[ModelResult]:
    """Return errors with intervals and stability runs of the teacher and each student."""
    label, labelled = manifests[LABEL.of(0)], LABEL.read(manifests, 0)
    seed = derive_seed(label.seeds["split"], "interval")
    models = [
        ModelResult(
            "teacher",
            labelled.test,
            _interval(labelled.test_frame_errors, labelled, seed),
            (),
            label.times["teacher_us_per_atom_step"],
        )
    ]
    return models + [
        ModelResult(
            student.name,
            student.record.test,
            _interval(student.record.test_frame_errors, labelled, seed),
            tuple(_stability_run(run) for run in student.record.runs),
            manifests[student.stage_id].times["us_per_atom_step"],
        )
        for student in _evaluated(manifests, rounds)
    ]


def _stability_run(run: StudentRunRecord) -> StabilityRun:
    reached = (run.step or 0) * run.timestep_fs * 1e-3
    length = run.steps * run.timestep_fs * 1e-3
    return StabilityRun(run.name, run.is_unstable, run.reason, reached, length)


def _interval(errors: list[float], labelled: LabelRecord, seed: int) -> tuple[float, float] | None:
    """Return the 95 % interval of the force MAE (eV/Å) over the groups of the held-out frames."""
    sizes, groups, units = labelled.test_sizes, labelled.test_groups, labelled.test_units
    return paired_bootstrap(errors, [0.0] * len(errors), sizes, groups, seed, units=units)


def _causes(measured: EvaluateRecord) -> dict[str, int]:
    reasons = (str(run.reason) for run in measured.runs if run.is_unstable)
    return dict(Counter(reason.replace("_", " ") for reason in reasons))


def _drift(manifests: Manifests, rounds: list[int]) -> list[Drift]:
    drifts = []
    for index in rounds[1:]:
        made = RELABEL.read(manifests, index)
        if made.drift is not None:
            drifts.append(
                Drift(
                    index,
                    made.drift.force_change_ev_per_a,
                    made.drift.energy_change_mev_per_atom,
                    None if made.trust is None else made.trust.student / max(1, made.kept),
                )
            )
    return drifts


def _costs(manifests: Manifests) -> list[StageCost]:
    costs = []
    for manifest in manifests.values():
        stage = find_stage(manifest.stage)
        index, name = split_stage_id(manifest.stage)
        label, colour = (name, OTHER) if stage is None else (stage.label, stage.colour)
        calls = manifest.teacher_calls
        costs.append(StageCost(manifest.stage, index, name, manifest.wall_s, calls, label, colour))
    return costs


def _curves(run: RunFolder, manifests: Manifests) -> list[Curve]:
    """Return the learning curve of each training."""
    curves = []
    for stage_id in manifests:
        stage = find_stage(stage_id)
        path = run.stage(stage_id) / PRETRAIN.record.EPOCHS
        if stage is not None and stage.curve is not None and path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
            points = [
                (int(row["step"]), float(row["valid_force_mae_ev_per_a"]))
                for row in rows
                if row.get("valid_force_mae_ev_per_a")
            ]
            curves.append(Curve(stage.curve, split_stage_id(stage_id)[0], tuple(points)))
    return curves


def _parity(run: RunFolder, rounds: list[int], manifests: Manifests) -> list[Parity]:
    zero = LABEL.read(manifests, 0).energy_scale.reference_energies
    folder = run.stage(LABEL.of(0))
    reference = read_frames(folder / LABEL.record.TEST)
    files = {"teacher": folder / LABEL.record.TEACHER_TEST}
    for student in _evaluated(manifests, rounds):
        files[student.name] = run.stage(student.stage_id) / EVALUATE.record.TEST
    return [_one_parity(name, reference, path, zero) for name, path in files.items()]


def _one_parity(name: str, reference: list[Frame], path: Path, zero: dict[str, float]) -> Parity:
    frames = read_frames(path)
    return Parity(
        name,
        _components(reference),
        _components(frames),
        _energies(reference, zero),
        _energies(frames, zero),
    )


def _components(frames: list[Frame]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.concatenate([frame.forces.ravel() for frame in frames if frame.forces is not None])


def _links(run: RunFolder) -> list[tuple[str, str]]:
    """Return pages of other analyses in the run folder, or beside a run's dump."""
    patterns = {
        "reaction analysis": ("species*/*.html", "round_[0-9]*/*/runs/*/species*/*.html"),
        "stability protocol": ("stability*/stability.png",),
        "physics checks": (
            "physics*/physics.html",
            f"round_[0-9]*/{PHYSICS.name}/{PHYSICS.record.PAGE}",
        ),
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
    """Return energies (eV/atom) relative to the atomic energies fitted to the reference.

    Total energies of different compositions would lie hundreds of eV apart.
    """
    symbols = list(zero)
    atoms = composition(frames, symbols) @ np.array([zero[symbol] for symbol in symbols])
    return np.array(
        [
            (float(frame.energy or 0.0) - float(own)) / len(frame)
            for frame, own in zip(frames, atoms, strict=True)
        ]
    )


def _pressure(run: RunFolder, manifests: Manifests, rounds: list[int]) -> list[str]:
    """Return the stress errors of held-out frames with stresses, and what is unknown."""
    tested = [("teacher", LABEL.read(manifests, 0).test)] + [
        (student.name, student.record.test) for student in _evaluated(manifests, rounds)
    ]
    listed = ", ".join(
        f"{name} {format_number(1000 * test['stress_mae_ev_per_a3'])}"
        for name, test in tested
        if "stress_mae_ev_per_a3" in test
    )
    notes = [f"Stress MAE on held-out frames (meV/Å^3): {listed}."] if listed else []
    try:
        settings = RunSettings.model_validate(read_config_lock(run))
    except ValidationError:  # of another version
        return notes
    if not blocks_at_constant_pressure(settings):
        return notes
    folder = run.stage(LABEL.of(0))
    parts = (read_frames(folder / name) for name in (LABEL.record.TRAIN, LABEL.record.TEST))
    return [*notes, *(as_sentence(concern) for concern in pressure_concerns(settings, *parts))]


def _notes(run: RunFolder, manifests: Manifests, rounds: list[int]) -> list[str]:
    labelled = LABEL.read(manifests, 0)
    shift, sizes = labelled.energy_shift, labelled.sizes
    values = ", ".join(f"{symbol} {value:.3f}" for symbol, value in shift.ev_per_atom.items())
    notes = [
        f"Reference frames: {sizes.train} for training, {sizes.valid} for validation "
        f"(they choose the best round), {sizes.test} held out.",
        f"Energy shift from the teacher to the reference (eV per atom): {values}; rank "
        f"{shift.rank}, residual {shift.residual_mev_per_atom:.1f} meV/atom.",
        *labelled.notes,
        *_pressure(run, manifests, rounds),
    ]
    for index in rounds[1:]:
        drift = RELABEL.read(manifests, index).drift
        if drift is not None:
            notes.append(
                f"Round {index}: relabelling moved the kept frames' labels by "
                f"{drift.force_change_ev_per_a:.3f} eV/Å and "
                f"{drift.energy_change_mev_per_atom:.1f} meV/atom (mean absolute)."
            )
        pretrained = PRETRAIN.read(manifests, index)
        harvested, error = pretrained.harvested, pretrained.valid_force_mae_ev_per_a
        if harvested is not None and error is not None:
            notes.append(
                f"Round {index}: pretraining ended with a force MAE of {error:.3f} eV/Å on the "
                f"frames that validate in all rounds, {harvested.force_mae_ev_per_a:.3f} eV/Å on "
                f"{harvested.frames} held-out harvested frames."
            )
        runs = STUDENT_MD.read(manifests, index).runs
        failed = sum(entry.is_unstable for entry in runs)
        notes.append(f"Round {index}: {failed} of {len(runs)} exploration runs were unstable.")
        biases = [entry.bias_ev for entry in runs if entry.bias_ev is not None]
        if biases:
            notes.append(
                f"Round {index}: explorations were biased towards uncertain frames by up to "
                f"{max(biases):g} eV an atom."
            )
    return notes
