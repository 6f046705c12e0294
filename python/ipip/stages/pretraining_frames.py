"""Access to the frames of pretraining sets, which the stage that made them stores once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ipip.data import Frame
from ipip.data.store import FrameStore
from ipip.data.view import FrameView
from ipip.decisions.pretraining_set import SetEntry
from ipip.pipeline.stage import Round, StageRun
from ipip.records.frame_origins import FrameOrigin, read_origins
from ipip.records.manifest import Manifest
from ipip.records.pretraining_index import read_index
from ipip.records.pretraining_set import PretrainingSet
from ipip.records.run_folder import RunFolder
from ipip.records.student_labels import read_student_labels
from ipip.stages.inheritance import pretraining_set_of

INDEX_FILE = "frames.csv"
STUDENT_LABELS = "student_labels.npz"
ORIGINS_FILE = "origins.csv"


def frames_before(within: Round) -> tuple[str, ...]:
    """Return the names of the stages that stored the frames of a round's base's pretraining set."""
    from ipip.stages.harvest import HARVEST
    from ipip.stages.teacher_md import TEACHER_MD

    return (TEACHER_MD.of(0), *(HARVEST.of(index) for index in within.chain[1:]))


def frames_of(within: Round) -> tuple[str, ...]:
    """Return the names of the stages that stored the frames of a round's own pretraining set."""
    from ipip.stages.harvest import HARVEST

    return (*frames_before(within), *([HARVEST.of(within.index)] if within.chain else []))


def base_index(run: StageRun) -> list[SetEntry]:
    """Return the index of the pretraining set from which a round starts."""
    return read_index(run.path(pretraining_set_of(run.round.base), INDEX_FILE))


def base_set(run: StageRun) -> PretrainingSet:
    """Return the pretraining set from which a round starts."""
    return open_set(run.run, run.manifests, run.round.base)


def own_set(run: StageRun) -> PretrainingSet:
    """Return the pretraining set of a round, once its stage is done."""
    return open_set(run.run, run.manifests, run.round.index)


def open_set(run: RunFolder, manifests: Mapping[str, Manifest], index: int) -> PretrainingSet:
    """Return the pretraining set of round `index`; its frames stay on the disk.

    Args:
        run: the run folder.
        manifests: of the set's stage and of the stages that stored its frames.
        index: of the round.

    Raises:
        IpipError: the index, the frames and the labels do not fit each other.
    """
    stage = pretraining_set_of(index)
    entries = read_index(run.stage(stage) / INDEX_FILE)
    origins = sorted({entry.origin for entry in entries})
    labelled = STUDENT_LABELS in manifests[stage].outputs
    return PretrainingSet(
        entries,
        {origin: _stored_frames(run, manifests, origin) for origin in origins},
        {origin: frame_origins(run, origin) for origin in origins},
        read_student_labels(run.stage(stage) / STUDENT_LABELS) if labelled else None,
    )


def frame_origins(run: RunFolder, origin: int) -> list[FrameOrigin]:
    """Return the origins of the frames from the exploration of a round, in their order."""
    from ipip.stages.harvest import HARVEST
    from ipip.stages.label import LABEL

    stage = LABEL.of(0) if origin == 0 else HARVEST.of(origin)
    return read_origins(run.stage(stage) / ORIGINS_FILE)


def _stored_frames(
    run: RunFolder, manifests: Mapping[str, Manifest], origin: int
) -> Sequence[Frame]:
    """Return the frames from the exploration of a round, with the teacher's labels."""
    from ipip.stages.harvest import HARVEST
    from ipip.stages.teacher_md import TEACHER_MD

    if origin > 0:
        return FrameStore(run.stage(HARVEST.of(origin)) / HARVEST.record.NEW)
    names = TEACHER_MD.read(manifests, 0).finished_runs
    return stored_runs(run.stage(TEACHER_MD.of(0)), names)


def stored_runs(folder: Path, names: Sequence[str]) -> FrameView:
    """Return the frames of runs of the teacher's MD, one run after the other.

    Args:
        folder: of the stage.
        names: of the runs.
    """
    from ipip.execution.teacher_md import frames_file
    from ipip.stages.teacher_md import TEACHER_MD

    runs = folder / TEACHER_MD.record.RUNS
    return FrameView([FrameStore(frames_file(runs, name)) for name in names])
