"""Reference frames: read, checked, split."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ipip.config.data import DataFile
from ipip.config.reference import ReferenceSettings
from ipip.data import Frame, Split, check_elements, group_names, read_files, split_frames
from ipip.data.provenance import config_type_of
from ipip.data.succession import follow_one_another
from ipip.decisions.statistics import Units
from ipip.errors import InputError


@dataclasses.dataclass(frozen=True)
class ReferenceFrames:
    """Labelled frames of the reference level by part.

    Attributes:
        split: of the pooled `reference.data`; the frames of `reference.train_data` are not in it.
        train, valid, test: frames.
        groups: name of the group of each test frame (its trajectory).
        units: kind of the groups.
    """

    split: Split
    train: list[Frame]
    valid: list[Frame]
    test: list[Frame]
    groups: list[str]
    units: Units


def read_reference(
    settings: ReferenceSettings, elements: Sequence[str], seed: int, *, stress_counts: bool = False
) -> ReferenceFrames:
    """Read all reference files and split them.

    Args:
        settings: files and split.
        elements: of the student.
        seed: of the split.
        stress_counts: whether stresses are used, so that a non-finite one is an error.

    Raises:
        InputError: unreadable or unlabelled frames, unknown elements, or an impossible split.
    """
    pooled = _read(settings.data, settings.leave_out, elements, stress_counts)
    extra = _read(settings.train_data, settings.leave_out, elements, stress_counts)
    if not pooled:
        raise InputError("reference.data: no frames are left; check leave_out")
    if settings.split.file is not None:
        split = Split.load(settings.split.file, pooled)
    else:
        shares = settings.split
        split = split_frames(
            pooled,
            valid=shares.valid,
            test=shares.test,
            train=shares.train,
            seed=seed,
            group_key=settings.group_key,
        )
    test = list(split.take(pooled, "test"))
    return ReferenceFrames(
        split=split,
        train=[*split.take(pooled, "train"), *extra],
        valid=[*split.take(pooled, "valid")],
        test=test,
        groups=group_names(test, settings.group_key),
        units=units_of(pooled, settings.group_key),
    )


def units_of(frames: Sequence[Frame], group_key: str | None) -> Units:
    """Return the units over which intervals are drawn.

    Args:
        frames: in the order of their files.
        group_key: info key of their trajectories, if any.
    """
    if group_key is not None:
        return "trajectories"
    return "correlated frames" if follow_one_another(frames) else "frames"


def _read(
    files: Sequence[DataFile],
    leave_out: Sequence[str],
    elements: Sequence[str],
    stress_counts: bool,
) -> list[Frame]:
    frames = [
        frame
        for frame in read_files(files, stress_counts=stress_counts)
        if config_type_of(frame) not in leave_out
    ]
    check_elements(frames, elements, ", ".join(str(file.path) for file in files))
    return frames
