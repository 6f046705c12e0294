"""The evaluation of the round's student, in every round."""

from __future__ import annotations

from typing import ClassVar

from ipip.evaluation.metrics import Metrics
from ipip.pipeline.cost import START_S, CostBasis, Forecast, RunSizes
from ipip.pipeline.stage import Round, Stage, StageResult, StageRun
from ipip.records.stage_record import Figures, StageRecord
from ipip.stages.finetune import FINETUNE
from ipip.stages.label import LABEL
from ipip.stages.student_md import StudentRunRecord

MEASURED = ("systems", "student_md", "guards", "stability", "speed")


class Failures(Figures):
    """Unstable and total runs, and the 95 % Wilson interval of the rate."""

    failed: int
    total: int
    wilson95: tuple[float, float]


class EvaluateRecord(StageRecord):
    """The record of a student's evaluation.

    Attributes:
        test, valid: errors on the held-out and on the validation frames.
        test_frame_errors: mean absolute force error of each held-out frame, eV/Å.
        test_frame_energy_errors: energy error of each, meV/atom.
        failures: of the stability runs.
        runs: these runs.
    """

    TEST: ClassVar = LABEL.record.TEST
    writes: ClassVar[tuple[str, ...]] = (TEST,)

    test: Metrics
    valid: Metrics
    test_frame_errors: list[float]
    test_frame_energy_errors: list[float]
    failures: Failures
    runs: tuple[StudentRunRecord, ...]


class Evaluate(Stage[EvaluateRecord]):
    """Held-out errors, stability and speed: a round whose student is evaluated is finished."""

    name = "50_evaluate"
    title = "held-out errors, stability and speed"
    label = "evaluate"
    colour = "#125459"
    settings = MEASURED
    record = EvaluateRecord

    def inputs(self, within: Round) -> tuple[str, ...]:
        """Return the student and the held-out frames."""
        return (LABEL.of(0), FINETUNE.of(within.index))

    def disk_bytes(self, sizes: RunSizes) -> int:
        """Return the frames of the stability runs."""
        return sizes.evaluation_bytes

    def forecast(self, basis: CostBasis, index: int) -> Forecast:
        """Return the MD steps of the stability runs."""
        settings, starts = basis.settings, basis.sizes.stability
        md = settings.stability.md or settings.student_md
        seconds = md.steps * sum(starts) * basis.student_us * 1e-6 + START_S * len(starts)
        return Forecast(
            f"{basis.test} held-out frames, {len(starts)} runs of {md.steps} student MD steps",
            seconds / settings.resources.lammps_runs + START_S,
        )

    def work(self, run: StageRun) -> StageResult[EvaluateRecord]:
        """Measure."""
        from ipip.stages.work.evaluate import evaluate

        return evaluate(run)


EVALUATE = Evaluate()
