"""Active learning: some of the harvested frames get reference labels."""

from __future__ import annotations

import csv
from pathlib import Path

from ipip.config.active import ActiveSettings
from ipip.data import Frame, read_frames, write_frames
from ipip.data.draw import draw_indices
from ipip.data.provenance import REFERENCE, Provenance
from ipip.decisions.active import level_mismatch, with_largest
from ipip.errors import InputError, IpipError
from ipip.execution.labels import open_teacher
from ipip.pages.numbers import format_number
from ipip.pipeline.seeds import derive_seed
from ipip.pipeline.stage import StageResult, StageRun
from ipip.records.frame_origins import reference_origin, write_origins
from ipip.stages.harvest import HARVEST
from ipip.stages.label import LABEL
from ipip.stages.reference_labels import (
    REFERENCE_LABELS,
    DroppedFrame,
    ReferenceLabelsRecord,
)
from ipip.stages.work.harvest import harvested_frames
from ipip.teachers import Labelling, label_frames


def label_at_reference(run: StageRun) -> StageResult[ReferenceLabelsRecord]:
    """Label new frames of a round as the settings rank them; drop those that do not converge."""
    active, round_index = run.settings.active, run.round.index
    assert active is not None
    new = harvested_frames(run, round_index)
    seed = derive_seed(run.settings.seed, round_index, "active")
    chosen = _choose(new, run.path(HARVEST.of(round_index), HARVEST.record.DECISIONS), active, seed)
    probe = min(read_frames(run.path(LABEL.of(0), LABEL.record.TRAIN)), key=len)
    labels = _label([probe, *chosen], active, run)
    if 0 not in labels.kept:
        raise IpipError(
            f"the reference level gives no labels for the smallest training frame "
            f"({labels.dropped[0][1]}); correct active.level"
        )
    energy, force = _check(probe, labels.frames[0], active)
    labelled = [_marked(frame, round_index) for frame in labels.frames[1:]]
    outputs = []
    if labelled:
        record = REFERENCE_LABELS.record
        outputs = [run.folder / record.REFERENCE, run.folder / record.REFERENCE_INDEX]
        write_frames(outputs[0], labelled)
        origins = [
            reference_origin(frame, f"reference/{Provenance.of(frame).frame_id}", "train", "traj")
            for frame in labelled
        ]
        write_origins(outputs[1], origins)
    dropped = tuple(
        DroppedFrame(frame_id=str(Provenance.of(chosen[k - 1]).frame_id), why=why)
        for k, why in labels.dropped
    )
    note = f"{len(labelled)} of {len(chosen)} frames labelled at the reference level"
    return StageResult(
        outputs=tuple(outputs),
        record=ReferenceLabelsRecord(
            requested=len(chosen),
            labelled=len(labelled),
            dropped=dropped,
            level_energy_difference_mev_per_atom=energy,
            level_force_difference_ev_per_a=force,
        ),
        note=note + (f"; {len(dropped)} dropped, not converged" if dropped else ""),
    )


def reference_frames(run: StageRun) -> list[Frame]:
    """Read the frames with labels of the reference level of a round and its chain."""
    frames = []
    for index in REFERENCE_LABELS.rounds_up_to(run.round):
        if REFERENCE_LABELS.read(run.manifests, index).labelled:
            path = run.path(REFERENCE_LABELS.of(index), REFERENCE_LABELS.record.REFERENCE)
            frames += read_frames(path)
    return frames


def _choose(new: list[Frame], decisions: Path, active: ActiveSettings, seed: int) -> list[Frame]:
    """Return the frames to label, according to the table of the harvest."""
    if active.rank == "random":
        return [new[k] for k in draw_indices(len(new), active.frames, seed)]
    column = "force_difference" if active.rank == "difference" else "expected_error"
    with decisions.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    known = {(row["run"], int(row["step"])): float(row[column]) for row in rows if row.get(column)}
    values = [known.get(Provenance.of(frame).run_and_step) for frame in new]
    if new and not known and active.rank == "uncertainty":
        raise IpipError(
            f"active.rank is uncertainty, but {decisions} has no expected errors: the student's "
            "file does not hold them; set active.rank to difference or random"
        )
    return [new[k] for k in with_largest(values, active.frames)]


def _label(frames: list[Frame], active: ActiveSettings, run: StageRun) -> Labelling:
    with run.reporter.tasks("reference labels", len(frames)) as advance:
        shown = 0

        def progress(done: int, _total: int) -> None:
            nonlocal shown
            advance(done - shown)
            shown = done

        store = run.folder / REFERENCE_LABELS.record.LABELS
        return label_frames(
            frames,
            active.level,
            store,
            run.folder,
            progress,
            open_level=lambda level, logs: open_teacher(
                level, logs, run.executor, "reference_labels"
            ),
        )


def _check(known: Frame, found: Frame, active: ActiveSettings) -> tuple[float, float]:
    """Refuse a level that differs from that of the reference frames."""
    energy, force = level_mismatch(known, found)
    if energy > active.energy_tolerance or force > active.force_tolerance:
        raise InputError(
            f"active.level is not the level of the reference frames: on the smallest training "
            f"frame its energy differs by {format_number(energy)} meV/atom (tolerance "
            f"{active.energy_tolerance:g}) and its forces by up to {format_number(force)} eV/Å "
            f"(tolerance {active.force_tolerance:g}); use the settings that made the reference "
            "frames"
        )
    return energy, force


def _marked(frame: Frame, round_index: int) -> Frame:
    known = Provenance.of(frame)
    return Provenance(
        traj=known.traj,
        md_step=known.md_step,
        frame_id=known.frame_id,
        origin=round_index,
        label=REFERENCE,
        config_type="active",
    ).replacing_info_of(frame)
