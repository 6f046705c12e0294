"""Relabelling, in later rounds."""

from __future__ import annotations

from typing import ClassVar

from ipip.decisions.pretraining_set import Composition
from ipip.pipeline.cost import (
    LABEL_BYTES_PER_ATOM,
    LABEL_BYTES_PER_FRAME,
    START_S,
    CostBasis,
    Forecast,
    RunSizes,
    pretraining_frames,
)
from ipip.pipeline.stage import Round, Stage, StageResult, StageRun
from ipip.records.stage_record import Figures, StageRecord
from ipip.stages.forget import FORGET
from ipip.stages.harvest import HARVEST
from ipip.stages.inheritance import committee_of, pretraining_set_of, student_of
from ipip.stages.label import LABEL
from ipip.stages.pretraining_frames import INDEX_FILE, STUDENT_LABELS, frames_of


class Drift(Figures):
    """How far relabelling moved the labels of the kept frames (mean absolute): eV/Å, meV/atom."""

    force_change_ev_per_a: float
    energy_change_mev_per_atom: float


class Trust(Figures):
    """The sources of the kept frames' labels.

    Attributes:
        limit: of the uncertainty, up to which the student labels.
        student, teacher: kept frames that each labels.
        median_uncertainty: of the kept frames.
    """

    limit: float
    student: int
    teacher: int
    median_uncertainty: float


class Labeller(Figures):
    """A student used for relabelling."""

    name: str
    weights_digest: str


class RelabelRecord(StageRecord):
    """The record of relabelling.

    Attributes:
        kept, forgotten, new: frames.
        composition: of the round's pretraining set.
        labellers: students that relabelled; none if the kept frames keep their labels.
        drift: None if they keep them.
        trust: None if the uncertainty is not used.
    """

    INDEX: ClassVar = INDEX_FILE
    STUDENT_LABELS: ClassVar = STUDENT_LABELS
    writes = (INDEX, STUDENT_LABELS)

    kept: int
    forgotten: int
    new: int
    composition: Composition
    labellers: tuple[Labeller, ...] = ()
    drift: Drift | None = None
    trust: Trust | None = None


class Relabel(Stage[RelabelRecord]):
    """The next pretraining set: kept frames with the student's labels, new with the teacher's."""

    name = "20_relabel"
    title = "relabel the kept frames"
    label = "relabel"
    colour = "#b2df64"
    rounds = "later"
    settings = (
        "iteration.kept_labels",
        "iteration.labeller",
        "iteration.averaged",
        "iteration.uncertainty",
        "iteration.trust_factor",
        "iteration.committee",
    )
    record = RelabelRecord
    revision = 3

    def settings_in(self, within: Round) -> tuple[str, ...]:
        """Return the settings that the method of relabelling reads."""
        iteration = within.settings.iteration
        if iteration.kept_labels == "keep":
            return ("iteration.kept_labels",)
        names = ["iteration.kept_labels", "iteration.labeller"]
        if iteration.labeller == "average":
            names.append("iteration.averaged")
        if iteration.kept_labels == "trust":
            names += ["iteration.uncertainty", "iteration.trust_factor"]
        if self._needs_committee(within):
            names.append("iteration.committee")
        return tuple(names)

    def inputs(self, within: Round) -> tuple[str, ...]:
        """Return the previous set, the forgotten and new frames, and the labellers."""
        iteration, chain = within.settings.iteration, within.chain
        names = [
            LABEL.of(0),
            pretraining_set_of(within.base),
            FORGET.of(within.index),
            HARVEST.of(within.index),
            student_of(within.base),
            *frames_of(within),
        ]
        if iteration.kept_labels == "keep":
            return tuple(names)
        if iteration.labeller == "average":
            names += [student_of(index) for index in chain[-iteration.averaged :]]
        if self._needs_committee(within):
            names.append(committee_of(within.base))
        return tuple(names)

    def _needs_committee(self, within: Round) -> bool:
        iteration = within.settings.iteration
        judged = iteration.kept_labels == "trust" and iteration.uncertainty == "committee"
        return iteration.labeller == "committee" or judged

    def disk_bytes(self, sizes: RunSizes) -> int:
        """Return the largest set of the run."""
        frames = sum(pretraining_frames(sizes.settings, sizes.settings.rounds))
        return frames * (max(sizes.boxes) * LABEL_BYTES_PER_ATOM + LABEL_BYTES_PER_FRAME)

    def forecast(self, basis: CostBasis, index: int) -> Forecast:
        """Return the student's evaluations."""
        iteration = basis.settings.iteration
        students = iteration.committee if iteration.labeller == "committee" else 1
        frames = sum(pretraining_frames(basis.settings, index))
        seconds = students * frames * basis.mean_atoms * basis.student_us * 1e-6
        return Forecast(f"student labels, {frames} frames", START_S + seconds)

    def work(self, run: StageRun) -> StageResult[RelabelRecord]:
        """Relabel."""
        from ipip.stages.work.relabel import relabel

        return relabel(run)


RELABEL = Relabel()
