"""Labels of teacher and reference on one scale, in round 0."""

from __future__ import annotations

from typing import ClassVar

from ipip.decisions.energy_shift import EnergyShift
from ipip.decisions.pretraining_set import Composition
from ipip.decisions.statistics import Units
from ipip.evaluation.metrics import Metrics
from ipip.pipeline.cost import (
    LABEL_BYTES_PER_FRAME,
    TEACHER_START_S,
    CostBasis,
    Forecast,
    RunSizes,
    frames_of,
    pretraining_frames,
)
from ipip.pipeline.stage import Round, Stage, StageResult, StageRun
from ipip.records.stage_record import Figures, StageRecord
from ipip.stages.pretraining_frames import INDEX_FILE, ORIGINS_FILE
from ipip.stages.teacher_md import TEACHER_MD


class EnergyScale(Figures):
    """The zero and the unit of energy of all students of a run.

    Attributes:
        reference_energies: eV of an atom of each element.
        rank: of the fit.
        residual_mev_per_atom: of the fit, root mean square.
        scale: root mean square of a force component (eV/Å), times 1 Å.
    """

    reference_energies: dict[str, float]
    rank: int
    residual_mev_per_atom: float
    scale: float


class PartSizes(Figures):
    """Frames of the first pretraining set, and of each part of the reference."""

    pretraining: int
    train: int
    valid: int
    test: int


class LabelRecord(StageRecord):
    """The values that round 0 fixes for all rounds.

    Attributes:
        energy_scale: of the students.
        energy_shift: from the teacher's energies to the reference's.
        composition: of the first pretraining set.
        test: the teacher's errors on the held-out frames.
        test_groups: name of the group (trajectory) of each held-out frame.
        test_units: kind of the groups.
        test_sizes: atoms of each held-out frame.
        test_frame_errors: the teacher's mean absolute force error of each, eV/Å.
        test_frame_energy_errors: its energy error of each, meV/atom.
        sizes: frames by part.
        notes: remarks for the reader.
    """

    INDEX: ClassVar = INDEX_FILE
    ORIGINS: ClassVar = ORIGINS_FILE
    REFERENCE_INDEX: ClassVar = "reference.csv"
    TRAIN: ClassVar = "train.xyz"
    VALID: ClassVar = "valid.xyz"
    TEST: ClassVar = "test.xyz"
    TEACHER_TEST: ClassVar = "teacher_test.xyz"
    SPLIT: ClassVar = "split.json"
    DISTANCES: ClassVar = "min_distances.json"
    TEACHER_TIMING: ClassVar = "teacher_timing.json"  # not an output, since it is a time
    writes = (
        INDEX,
        ORIGINS,
        REFERENCE_INDEX,
        TRAIN,
        VALID,
        TEST,
        TEACHER_TEST,
        SPLIT,
        DISTANCES,
    )

    energy_scale: EnergyScale
    energy_shift: EnergyShift
    composition: Composition
    test: Metrics
    test_groups: list[str]
    test_units: Units
    test_sizes: list[int]
    test_frame_errors: list[float]
    test_frame_energy_errors: list[float]
    sizes: PartSizes
    notes: list[str]


class Label(Stage[LabelRecord]):
    """The energy scales that all rounds share, the parts of the reference, the first set."""

    name = "20_label"
    title = "energy scales and the first pretraining set"
    label = "label"
    colour = "#00a878"
    rounds = "first"
    settings = ("elements", "teacher", "reference", "guards", "speed")
    record = LabelRecord
    revision = 4

    def inputs(self, within: Round) -> tuple[str, ...]:
        """Return the teacher's MD."""
        return (TEACHER_MD.of(0),)

    def disk_bytes(self, sizes: RunSizes) -> int:
        """Return the index of the teacher's frames, and the reference."""
        frames = frames_of(sizes.settings.teacher_md) * len(sizes.boxes)
        return frames * LABEL_BYTES_PER_FRAME + 10_000_000

    def forecast(self, basis: CostBasis, index: int) -> Forecast:
        """Return the teacher's labels of the reference frames."""
        labels = basis.train + basis.test
        frames = sum(pretraining_frames(basis.settings, index))
        return Forecast(
            f"{labels} teacher labels, {frames} pretraining frames",
            basis.labelling_s(basis.train_atoms + basis.test_atoms) + 2 * TEACHER_START_S,
            teacher_calls=labels,
        )

    def work(self, run: StageRun) -> StageResult[LabelRecord]:
        """Fit the scales and write the sets."""
        from ipip.stages.work.label import label

        return label(run)


LABEL = Label()
