"""Labels of teacher and reference on one scale, in round 0."""

from __future__ import annotations

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
from ipip.stages.pretraining_frames import INDEX_FILE, ORIGINS_FILE
from ipip.stages.teacher_md import TEACHER_MD

REFERENCE_INDEX = "reference.csv"
TRAIN_FILE, VALID_FILE, TEST_FILE = "train.xyz", "valid.xyz", "test.xyz"
TEACHER_TEST = "teacher_test.xyz"
SPLIT_FILE = "split.json"
DISTANCES = "min_distances.json"


class Label(Stage):
    """The energy scales that all rounds share, the parts of the reference, the first set."""

    name = "20_label"
    title = "energy scales and the first pretraining set"
    label = "label"
    colour = "#00a878"
    rounds = "first"
    settings = ("elements", "teacher", "reference", "guards", "speed")
    writes = (
        INDEX_FILE,
        ORIGINS_FILE,
        REFERENCE_INDEX,
        TRAIN_FILE,
        VALID_FILE,
        TEST_FILE,
        TEACHER_TEST,
        SPLIT_FILE,
        DISTANCES,
    )
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

    def work(self, run: StageRun) -> StageResult:
        """Fit the scales and write the sets."""
        from ipip.stages.work.label import label

        return label(run)


LABEL = Label()
