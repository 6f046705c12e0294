"""The next pretraining set: kept frames with the student's labels, new ones with the teacher's."""

from __future__ import annotations

import numpy as np

from ipip.config.run import RunSettings
from ipip.data import read_frames
from ipip.errors import IpipError
from ipip.loop.decide import SetEntry, count_composition, next_pretraining_set
from ipip.loop.folder import stage_id
from ipip.loop.frames import FILE_NAME, entry_of, read_set, write_set
from ipip.loop.stage import StageResult, StageRun
from ipip.loop.stages.forget import FORGOTTEN_FILE
from ipip.loop.stages.harvest import NEW_FILE
from ipip.loop.stages.training import STUDENT_FILE
from ipip.loop.storage import read_json
from ipip.train import metrics, predict_file


def relabel(settings: RunSettings, round_index: int, run: StageRun) -> StageResult:
    """Write the round's pretraining set, and say how far the student's labels moved."""
    before = stage_id(round_index - 1, "20_label" if round_index == 1 else "20_relabel")
    previous = read_set(run.path(before, FILE_NAME))
    old = [entry_of(frame) for frame in previous]
    forgotten = read_json(run.path(stage_id(round_index, "05_forget"), FORGOTTEN_FILE))["indices"]
    harvest = stage_id(round_index, "15_harvest")
    new_frames = read_frames(run.path(harvest, NEW_FILE)) if run.results(harvest)["taken"] else []
    new = [SetEntry(str(frame.info["frame_id"]), round_index, "teacher") for frame in new_frames]
    student_labels = settings.iteration.kept_labels == "student"
    entries = next_pretraining_set(
        old, forgotten, new, f"student {round_index - 1}" if student_labels else None
    )
    gone = set(forgotten)
    kept = [frame for index, frame in enumerate(previous) if index not in gone]
    drift = {}
    if student_labels:
        model = run.path(stage_id(round_index - 1, "40_finetune"), STUDENT_FILE)
        labelled = predict_file(model, kept)
        errors = metrics(kept, labelled)
        drift = {
            "force_change_ev_per_a": errors["force_mae_ev_per_a"],
            "energy_change_mev_per_atom": errors["energy_mae_mev_per_atom"],
        }
        broken = sum(
            frame.forces is None or not np.isfinite(frame.forces).all() for frame in labelled
        )
        if broken:
            raise IpipError(
                f"round {round_index}: the last round's student gives forces that are not "
                f"finite on {broken} kept frames; lower the learning rates, or set "
                "iteration.kept_labels to keep"
            )
        kept = labelled
    path = run.folder / FILE_NAME
    write_set(path, [*kept, *new_frames], entries)
    note = f"{len(kept)} kept, {len(gone)} forgotten, {len(new)} new"
    if drift:
        note += f"; labels of kept frames moved by {drift['force_change_ev_per_a']:.3f} eV/Å"
    return StageResult(
        outputs=(path,),
        results={
            "kept": len(kept),
            "forgotten": len(gone),
            "new": len(new),
            "drift": drift,
            "composition": count_composition(entries),
        },
        note=note,
    )
