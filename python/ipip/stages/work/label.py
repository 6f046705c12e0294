"""The first pretraining set, the reference split, and the energy scales that all rounds share."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ipip.data import Frame, fit_reference_energies, write_frames
from ipip.data.provenance import TEACHER, Provenance
from ipip.decisions.energy_shift import (
    EnergyShift,
    apply_energy_shift,
    energy_shifts,
    fit_energy_shift,
    outside_fit,
)
from ipip.decisions.pretraining_set import (
    SetEntry,
    count_composition,
    draw_held_out,
    held_out_count,
)
from ipip.errors import IpipError
from ipip.evaluation import metrics
from ipip.execution.labels import TaskTeacher, open_teacher
from ipip.harvest import DistanceCalibration, calibrate_min_distances
from ipip.pipeline.load import Load, LoadWatch, load_of
from ipip.pipeline.seeds import derive_seed
from ipip.pipeline.stage import StageResult, StageRun
from ipip.records.frame_origins import (
    origin_of,
    reference_origin,
    write_origins,
)
from ipip.records.pretraining_index import write_index
from ipip.stages.label import LABEL, EnergyScale, LabelRecord, PartSizes
from ipip.stages.pretraining_frames import stored_runs
from ipip.stages.teacher_md import TEACHER_MD
from ipip.stages.work.concerns import as_sentence, split_concerns
from ipip.stages.work.frames import frame_energy_errors, frame_errors
from ipip.stages.work.reference_frames import ReferenceFrames, read_reference
from ipip.stages.work.starts import speed_box
from ipip.storage.json_file import read_json, write_json, write_sealed
from ipip.storage.sealed import DamagedError, read_sealed
from ipip.teachers import Teacher

_OLD_TIMING = {"us_per_atom_step", "n_atoms", "seconds"}  # its keys before it had a seal


def label(run: StageRun) -> StageResult[LabelRecord]:
    """Fit the energy shift from teacher to reference; write P0 and the reference parts."""
    settings = run.settings
    seed = derive_seed(settings.seed, 0, "split")
    reference = read_reference(
        settings.reference,
        settings.elements,
        seed,
        stress_counts=settings.finetune.stress_weight > 0,
    )
    teacher_train, teacher_test, pace, load = _ask_teacher(reference, run)
    shift = fit_energy_shift(reference.train, teacher_train, settings.elements)
    by_symbol = shift.by_symbol()
    names = TEACHER_MD.read(run.manifests, 0).finished_runs
    frames = list(stored_runs(run.run.stage(TEACHER_MD.of(0)), names))
    entries = _pretraining_set(frames, derive_seed(settings.seed, 0, "pretrain", "valid"))
    calibration = calibrate_min_distances(
        [*frames, *reference.train], settings.elements, settings.guards.distance_factor
    )
    shifted_test = apply_energy_shift(teacher_test, by_symbol)
    notes = [f"energy shift: {shift.note}"] if shift.note else []
    notes += [as_sentence(concern) for concern in split_concerns(settings, reference)]
    unknown = outside_fit(frames, reference.train, settings.elements)
    if unknown:
        notes.append(
            "no combination of the reference frames' compositions gives "
            f"{', '.join(unknown[:5])}: the energies of such frames have a guessed shift; "
            "forces are unchanged"
        )
    folder, record = run.folder, LABEL.record
    write_index(folder / record.INDEX, entries)
    write_origins(
        folder / record.ORIGINS,
        [
            origin_of(frame, entry.frame_id, added)
            for frame, entry, added in zip(
                frames, entries, energy_shifts(frames, by_symbol), strict=True
            )
        ],
    )
    parts = {"train": reference.train, "valid": reference.valid, "test": reference.test}
    write_origins(
        folder / record.REFERENCE_INDEX,
        [
            reference_origin(
                frame, f"reference/{part}/{number}", part, settings.reference.group_key
            )
            for part, known in parts.items()
            for number, frame in enumerate(known)
        ],
    )
    write_frames(folder / record.TRAIN, reference.train)
    write_frames(folder / record.VALID, reference.valid)
    write_frames(folder / record.TEST, reference.test)
    write_frames(folder / record.TEACHER_TEST, shifted_test)
    reference.split.save(folder / record.SPLIT)
    write_json(folder / record.DISTANCES, calibration.as_dict())
    for note in notes:
        run.reporter.message(note)
    test = metrics(reference.test, shifted_test)
    return StageResult(
        outputs=tuple(folder / name for name in record.writes),
        record=LabelRecord(
            energy_scale=_energy_scale(reference.train, settings.elements),
            energy_shift=EnergyShift.of(shift),
            composition=count_composition(entries),
            test=test,
            test_groups=reference.groups,
            test_units=reference.units,
            test_sizes=[len(frame) for frame in reference.test],
            test_frame_errors=frame_errors(reference.test, shifted_test),
            test_frame_energy_errors=frame_energy_errors(reference.test, shifted_test),
            sizes=PartSizes(
                pretraining=len(frames),
                train=len(reference.train),
                valid=len(reference.valid),
                test=len(reference.test),
            ),
            notes=notes,
        ),
        teacher_calls=len(reference.train) + len(reference.test),
        times={"teacher_us_per_atom_step": pace, **(load.as_times() if load else {})},
        seeds={"split": seed},
        note=f"{len(frames)} pretraining frames; reference {len(reference.train)} train, "
        f"{len(reference.valid)} valid, {len(reference.test)} test; teacher's force MAE "
        f"{test['force_mae_ev_per_a']:.3f} eV/Å",
    )


def read_min_distances(path: Path) -> dict[tuple[str, str], float]:
    """Read the minimum distance (Å) of each pair of elements."""
    return DistanceCalibration.from_dict(read_json(path)).distances


def _ask_teacher(
    reference: ReferenceFrames, run: StageRun
) -> tuple[list[Frame], list[Frame], float, Load | None]:
    """Label training and test frames with the teacher, and time it (µs per atom and call)."""
    settings = run.settings
    box = speed_box(settings)
    queries = [*reference.train, *reference.test]
    with (
        open_teacher(settings.teacher, run.folder, run.executor) as teacher,
        run.reporter.tasks("teacher labels", len(queries)) as advance,
    ):
        labelled = teacher.label(queries, progress=lambda done, total: advance(1))
        timing = run.folder / LABEL.record.TEACHER_TIMING
        pace, load = _time_teacher(teacher, box, settings.speed.teacher_calls, timing)
    count = len(reference.train)
    broken = [
        index
        for index, frame in enumerate(labelled)
        if frame.energy is None or frame.forces is None or not np.isfinite(frame.energy)
    ]
    if broken:
        raise IpipError(
            f"the teacher returns no finite energy for {len(broken)} reference frames (the first "
            f"is number {broken[0]})"
        )
    return labelled[:count], labelled[count:], pace, load


def _time_teacher(
    teacher: Teacher | TaskTeacher, box: Frame, calls: int, record: Path
) -> tuple[float, Load | None]:
    """Return µs per atom of one evaluation: the median of `calls`, after a first one.

    Also return the machine's load during the timing, if known.
    """
    with contextlib.suppress(FileNotFoundError, DamagedError):  # a damaged one is measured again
        stored = read_sealed(record, lambda plain: set(plain) == _OLD_TIMING)
        return float(stored["us_per_atom_step"]), load_of(stored)
    with LoadWatch() as watch:
        durations = teacher.durations(box, calls)
    pace = 1e6 * float(np.median(durations)) / len(box)
    timing = {"us_per_atom_step": pace, "n_atoms": len(box), "seconds": durations}
    write_sealed(record, timing | watch.load.as_times())
    return pace, watch.load


def _pretraining_set(frames: Sequence[Frame], seed: int) -> list[SetEntry]:
    """Return the index of the first set: all frames of the teacher's MD, in their order."""
    held_out = draw_held_out(len(frames), held_out_count(len(frames)), seed)
    return [
        SetEntry(Provenance.of(frame).id_in_round(0), 0, TEACHER, held, number)
        for number, (frame, held) in enumerate(zip(frames, held_out, strict=True))
    ]


def _energy_scale(train: Sequence[Frame], symbols: Sequence[str]) -> EnergyScale:
    """Fit E0 (eV) and the scale (rms force component, eV/Å x 1 Å) of all students once."""
    fitted = fit_reference_energies(train, symbols)
    forces = np.concatenate([frame.forces.ravel() for frame in train if frame.forces is not None])
    scale = float(np.sqrt(np.mean(forces**2)))
    return EnergyScale(
        reference_energies=fitted.by_symbol(),
        rank=fitted.rank,
        residual_mev_per_atom=1000 * fitted.residual,
        scale=scale if scale > 1e-6 else 1.0,
    )
