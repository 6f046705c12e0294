"""Active learning, in later rounds if the settings request it."""

from __future__ import annotations

from typing import ClassVar

from ipip.config.run import RunSettings
from ipip.pipeline.cost import BYTES_PER_ATOM, START_S, CostBasis, Forecast, RunSizes
from ipip.pipeline.stage import Round, Stage, StageResult, StageRun
from ipip.records.stage_record import Figures, StageRecord
from ipip.stages.harvest import HARVEST
from ipip.stages.label import LABEL


class DroppedFrame(Figures):
    """A frame without a label at the reference level, and the reason."""

    frame_id: str
    why: str


class ReferenceLabelsRecord(StageRecord):
    """The record of active learning.

    Attributes:
        requested: frames passed to the reference level.
        labelled: number that it labelled.
        dropped: the others.
        level_energy_difference_mev_per_atom: between the level and the reference's own label on the
            smallest training frame, meV/atom.
        level_force_difference_ev_per_a: the largest of a force there, eV/Å.
    """

    REFERENCE: ClassVar = "reference.xyz"
    REFERENCE_INDEX: ClassVar = LABEL.record.REFERENCE_INDEX
    LABELS: ClassVar = "labels.jsonl"  # not an output: a killed stage continues from it
    writes = (REFERENCE, REFERENCE_INDEX)

    requested: int
    labelled: int
    dropped: tuple[DroppedFrame, ...]
    level_energy_difference_mev_per_atom: float
    level_force_difference_ev_per_a: float


class ReferenceLabels(Stage[ReferenceLabelsRecord]):
    """Some of the harvested frames get reference labels."""

    name = "17_reference"
    title = "label some of the new frames at the reference level"
    label = "reference labels"
    colour = "#d84151"
    rounds = "later"
    condition = "with `active`"
    settings = ("active",)
    record = ReferenceLabelsRecord
    revision = 2

    def is_wanted(self, settings: RunSettings, index: int) -> bool:
        """Return whether the settings name a reference level."""
        return settings.active is not None

    def inputs(self, within: Round) -> tuple[str, ...]:
        """Return the harvest, and the frames on which the level is tried."""
        return (LABEL.of(0), HARVEST.of(within.index))

    def rounds_up_to(self, within: Round) -> tuple[int, ...]:
        """Return the rounds up to a given one that have this stage."""
        if within.settings.active is None:
            return ()
        return tuple(index for index in (*within.chain, within.index) if index > 0)

    def in_rounds(self, within: Round) -> tuple[str, ...]:
        """Return the names of this stage in all rounds up to a given one, whose labels train."""
        return tuple(self.of(index) for index in self.rounds_up_to(within))

    def disk_bytes(self, sizes: RunSizes) -> int:
        """Return the labels, several times."""
        active = sizes.settings.active
        return 4 * (active.frames if active else 0) * max(sizes.boxes) * BYTES_PER_ATOM

    def forecast(self, basis: CostBasis, index: int) -> Forecast:
        """Return the number of labels."""
        active = basis.settings.active
        count, level = (active.frames, active.level.kind) if active else (0, "nobody")
        return Forecast(f"at most {count} labels by {level}, whose cost is not estimated", START_S)

    def work(self, run: StageRun) -> StageResult[ReferenceLabelsRecord]:
        """Label."""
        from ipip.stages.work.reference_labels import label_at_reference

        return label_at_reference(run)


REFERENCE_LABELS = ReferenceLabels()
