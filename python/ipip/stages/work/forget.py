"""Forgetting: a random fraction of the training frames is removed from the pretraining set."""

from __future__ import annotations

from ipip.decisions.pretraining_set import forget_indices
from ipip.pipeline.seeds import derive_seed
from ipip.pipeline.stage import StageResult, StageRun
from ipip.stages.forget import FORGET, ForgetRecord
from ipip.stages.pretraining_frames import base_index
from ipip.storage.json_file import write_json


def forget(run: StageRun) -> StageResult[ForgetRecord]:
    """Draw and store the frames of the last round's pretraining set that this round forgets."""
    settings = run.settings
    entries = base_index(run)
    seed = derive_seed(settings.seed, run.round.index, "forget")
    held_out = [entry.held_out for entry in entries]
    indices = forget_indices(held_out, settings.iteration.forget_fraction, seed)
    path = run.folder / FORGET.record.FORGOTTEN
    write_json(
        path, {"indices": indices, "frame_ids": [entries[index].frame_id for index in indices]}
    )
    return StageResult(
        outputs=(path,),
        record=ForgetRecord(forgotten=len(indices), of=len(entries)),
        seeds={"forget": seed},
        note=f"{len(indices)} of {len(entries)} frames",
    )
