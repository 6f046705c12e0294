"""The estimated cost of a run: its size, the rates, and the expected time of a stage.

Rates are rough and marked as estimates wherever they are shown.
"""

from __future__ import annotations

import dataclasses

from ipip.config.md import MDSettings
from ipip.config.run import RunSettings
from ipip.config.training import TrainingSettings, steps_of
from ipip.decisions.pretraining_set import set_sizes
from ipip.native import core

# On one core of the 2020s. Those of the compiled kernels are from runs of the Mo-S-O example,
# including the overhead of short runs.
TRAINING_US_PER_ATOM_CHANNEL_LAYER = {True: 0.4, False: 3.0}  # an optimiser step, by `_has_kernels`
STUDENT_US_PER_ATOM_CHANNEL_LAYER = {True: 0.08, False: 1.3}  # one MD step
TEACHER_US_PER_ATOM = 1500.0  # one evaluation, unless it was timed
START_S = 0.5  # of a LAMMPS run or a training
TEACHER_START_S = 5.0  # loading its weights
BYTES_PER_ATOM = 120  # of one frame in a text file
STORED_BYTES_PER_ATOM = 56  # of one frame in a store
STORED_BYTES_PER_FRAME = 3000  # its metadata, and the rest of a page
LABEL_BYTES_PER_ATOM = 24  # of a student's label
LABEL_BYTES_PER_FRAME = 200  # and its line in the index
CHECKPOINT_BYTES = 40_000_000


@dataclasses.dataclass(frozen=True)
class Forecast:
    """The expected work of a stage.

    Attributes:
        work: in words and numbers.
        seconds: of wall time.
        teacher_calls: most evaluations of the teacher, including its MD.
    """

    work: str
    seconds: float
    teacher_calls: int = 0


@dataclasses.dataclass(frozen=True)
class RunSizes:
    """The size of a run.

    Attributes:
        settings: of the run.
        boxes: atoms of each exploration start.
        stability: atoms of each stability start.
    """

    settings: RunSettings
    boxes: tuple[int, ...]
    stability: tuple[int, ...]

    @property
    def evaluation_bytes(self) -> int:
        """Bytes that the stability runs of one student write."""
        md = self.settings.stability.md or self.settings.student_md
        return (frames_of(md) + md.ring_frames) * sum(self.stability) * BYTES_PER_ATOM


@dataclasses.dataclass(frozen=True)
class CostBasis:
    """The basis of the cost estimates of a run's stages.

    Attributes:
        sizes: of the run.
        train, test: number of reference frames.
        train_atoms, test_atoms: their atoms.
        teacher_us: µs per atom of one evaluation of the teacher.
    """

    sizes: RunSizes
    train: int
    test: int
    train_atoms: int
    test_atoms: int
    teacher_us: float

    @property
    def settings(self) -> RunSettings:
        """Settings of the run."""
        return self.sizes.settings

    @property
    def mean_atoms(self) -> float:
        """Atoms of an explored box."""
        return sum(self.sizes.boxes) / len(self.sizes.boxes)

    @property
    def student_us(self) -> float:
        """µs per atom of one MD step of the student."""
        return STUDENT_US_PER_ATOM_CHANNEL_LAYER[_has_kernels(self.settings)] * self._size

    @property
    def atoms_per_step(self) -> float:
        """Atoms of the reference frames of one optimiser step."""
        return self.train_atoms / self.train * self.settings.finetune.batch_size

    def labelling_s(self, atoms: float) -> float:
        """Return the wall time of the teacher's evaluation of so many atoms in all."""
        return atoms * self.teacher_us * 1e-6 / self.settings.teacher.workers

    def training_s(self, steps: int, atoms: float) -> float:
        """Return the wall time of optimiser steps on so many atoms each."""
        rate = TRAINING_US_PER_ATOM_CHANNEL_LAYER[_has_kernels(self.settings)]
        return steps * atoms * rate * self._size * 1e-6

    def optimiser_steps(self, training: TrainingSettings, frames: int) -> int:
        """Return the optimiser steps of a training on so many frames."""
        return steps_of(training, frames)

    @property
    def _size(self) -> int:
        return self.settings.student.channels * self.settings.student.layers


def frames_of(md: MDSettings) -> int:
    """Return the number of frames that an MD run stores."""
    return md.steps // md.frame_interval + 1


def stored_bytes(frames: int, atoms: float) -> int:
    """Return the bytes of frames of so many atoms each in a store."""
    return round(frames * (atoms * STORED_BYTES_PER_ATOM + STORED_BYTES_PER_FRAME))


def pretraining_frames(settings: RunSettings, index: int) -> tuple[int, int]:
    """Return the largest pretraining set of round `index`: training and validation frames."""
    md = settings.teacher_md
    runs = sum(system.runs for system in settings.systems)
    first = runs * (md.steps // md.frame_interval)
    fraction = settings.iteration.forget_fraction
    return set_sizes(first, settings.harvest.frames, fraction, index)


def method_calls(settings: RunSettings) -> int:
    """Return the largest number of teacher evaluations for a method of pretraining."""
    if settings.pretrain is None:
        return 0
    training, _ = pretraining_frames(settings, 0)
    return settings.pretrain.method.calls(training)


def _has_kernels(settings: RunSettings) -> bool:
    """Return whether compiled kernels support the student."""
    return not core.architecture_refusal(settings.student.architecture)
