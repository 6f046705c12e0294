"""Warnings before a run starts: permitted settings that weaken its results."""

from __future__ import annotations

from collections.abc import Sequence

from ipip.config.run import RunSettings
from ipip.config.training import epochs_of, steps_of, steps_per_epoch
from ipip.data import Frame
from ipip.data.mixed_states import describe_mixed_states
from ipip.decisions.statistics import LEAST_GROUPS, withheld
from ipip.lammps.deck import at_constant_pressure
from ipip.stages.work.reference_frames import ReferenceFrames

LEAST_EPOCHS = 20  # of the fine-tuning


def find_concerns(
    settings: RunSettings, reference: ReferenceFrames, boxes: Sequence[Frame] = ()
) -> list[str]:
    """Return one sentence for each concern.

    Args:
        settings: of the run.
        reference: its labels.
        boxes: in which it explores.
    """
    mixed = describe_mixed_states([*reference.train, *boxes])
    return [
        *([] if mixed is None else [mixed]),
        *split_concerns(settings, reference),
        *pressure_concerns(settings, reference.train, reference.test),
        *_epoch_concerns(settings, len(reference.train)),
    ]


def _epoch_concerns(settings: RunSettings, labels: int) -> list[str]:
    """Warn that a number of steps ends the fine-tuning after few passes over the labels."""
    training = settings.finetune
    batches = steps_per_epoch(training, labels)
    key = "max_steps" if training.budget is None else "budget"
    steps, enough = steps_of(training, labels), LEAST_EPOCHS
    if training.budget is None:
        enough = min(LEAST_EPOCHS, epochs_of(training, labels))
    if getattr(training, key) is None or steps >= enough * batches:
        return []
    return [
        f"finetune.{key} is {getattr(training, key)}, {steps / batches:.1f} passes "
        f"over {labels} labels: the training may end too early; raise it"
    ]


def split_concerns(settings: RunSettings, reference: ReferenceFrames) -> list[str]:
    """Warn that frames of one trajectory are split, or that too few groups allow no claim."""
    sentences = []
    if reference.units == "correlated frames":
        drawn = settings.reference.split.file is None
        leak = (
            "they are split one by one, so test errors will look too small, and " if drawn else ""
        )
        sentences.append(
            "the frames of reference.data follow one another like a trajectory, and no keys.group "
            f"names it: {leak}no difference will be claimed; mark each frame with its "
            "trajectory and name that key (keys.group: traj)"
        )
    reason = withheld(reference.groups, reference.units)
    if reason is not None and reference.units != "correlated frames":
        sentences.append(
            f"the held-out part: {reason}: the run will make no claim that a student is better "
            f"than the teacher; add labels of {LEAST_GROUPS} or more trajectories to the test "
            "part (reference.split.test), each named by keys.group"
        )
    return sentences


def pressure_concerns(
    settings: RunSettings, train: Sequence[Frame], test: Sequence[Frame]
) -> list[str]:
    """Warn that a student at constant pressure was not trained, or is not tested, on stresses."""
    blocks = blocks_at_constant_pressure(settings)
    if not blocks:
        return []
    what = f"{' and '.join(blocks)} runs at constant pressure"
    taught = _stresses(train)
    sentences = []
    if settings.finetune.stress_weight == 0 and taught:
        sentences.append(
            f"{what}, but finetune.stress_weight is 0, although {taught} training frames have a "
            "stress: the student's pressure is not trained; set it, for example to 100"
        )
    elif not taught:
        sentences.append(
            f"{what}, but no training frame has a stress: the student's pressure rests on forces "
            "and energies alone, and its density may be wrong; label stresses, or use nvt"
        )
    if settings.pretrain is not None and settings.pretrain.stress_weight == 0:
        sentences.append(
            f"{what}, but pretrain.stress_weight is 0: the stresses of the teacher's MD are not "
            "used; set it, for example to 100"
        )
    if not _stresses(test):
        sentences.append(f"{what}, but no held-out frame has a stress: the pressure is untested")
    return sentences


def as_sentence(concern: str) -> str:
    """Return a concern as a sentence with a capital and a full stop."""
    return f"{concern[0].upper()}{concern[1:]}."


def blocks_at_constant_pressure(settings: RunSettings) -> list[str]:
    """Return the blocks of the settings whose MD follows a pressure."""
    blocks = {"student_md": settings.student_md, "stability.md": settings.stability.md}
    return [name for name, md in blocks.items() if md is not None and at_constant_pressure(md)]


def _stresses(frames: Sequence[Frame]) -> int:
    return sum(frame.stress is not None for frame in frames)
