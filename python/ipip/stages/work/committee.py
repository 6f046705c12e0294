"""A committee: further students from the same weights, each on a fraction of the labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ipip.data import Frame, read_frames
from ipip.export import load_student
from ipip.pipeline.seeds import derive_seed
from ipip.pipeline.stage import StageResult, StageRun
from ipip.stages.committee import CommitteeRecord
from ipip.stages.label import LABEL
from ipip.stages.pretrain import PRETRAIN
from ipip.stages.work.reference_labels import reference_frames
from ipip.stages.work.training import train_student


def members(folder: Path, count: int) -> list[Path]:
    """Return the files of a committee's members except the first, which is the student itself."""
    return [folder / f"member_{number}.pt" for number in range(1, count)]


def committee(run: StageRun) -> StageResult[CommitteeRecord]:
    """Fine-tune each further member on a random part of the reference training frames.

    Parts are drawn by trajectory if the reference names them, so that members differ in their
    training sets and not only in the order of the frames.
    """
    settings, index, label = run.settings, run.round.index, LABEL.of(0)
    train = read_frames(run.path(label, LABEL.record.TRAIN)) + reference_frames(run)
    valid = read_frames(run.path(label, LABEL.record.VALID))
    pretrained = load_student(run.path(PRETRAIN.of(index), PRETRAIN.record.STUDENT))
    share = settings.iteration.committee_share
    seeds, errors = {}, []
    paths = members(run.folder, settings.iteration.committee)
    for number, path in enumerate(paths, start=1):
        seed = derive_seed(settings.seed, index, "committee", number)
        seeds[path.stem] = seed
        part = draw_part(train, settings.reference.group_key, share, seed)
        folder = run.folder / path.stem
        _, validation = train_student(
            pretrained, part, valid, settings.finetune, folder, path, seed, run
        )
        errors.append(validation.get("force_mae_ev_per_a"))
    return StageResult(
        outputs=tuple(paths),
        record=CommitteeRecord(valid_force_mae_ev_per_a=tuple(errors)),
        seeds=seeds,
        note=f"{len(paths)} further members",
    )


def draw_part(
    frames: Sequence[Frame], group_key: str | None, share: float, seed: int
) -> list[Frame]:
    """Draw a share of the groups (or of the frames without groups), and return their frames."""
    names = [_group(frame, group_key, index) for index, frame in enumerate(frames)]
    groups = sorted(set(names))
    count = min(len(groups), max(1, round(share * len(groups))))
    chosen = set(np.random.default_rng(seed).choice(groups, size=count, replace=False).tolist())
    return [frame for frame, name in zip(frames, names, strict=True) if name in chosen]


def _group(frame: Frame, key: str | None, index: int) -> str:
    """Return the name of a frame's group; a frame without one is a separate group."""
    if key is None or key not in frame.info:
        return f"frame {index}"
    return f"group {frame.info[key]}"
