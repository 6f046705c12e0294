"""The evaluation of a round's student: held-out errors, stability, speed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ipip.execution.executor import perform_where
from ipip.lammps import Verdict
from ipip.pages.numbers import format_number
from ipip.pipeline.seeds import derive_seed
from ipip.pipeline.stage import StageResult, StageRun
from ipip.stability.intervals import wilson_interval
from ipip.stages.evaluate import EVALUATE, EvaluateRecord, Failures
from ipip.stages.finetune import FINETUNE
from ipip.stages.label import LABEL
from ipip.stages.work.evaluation import EvaluationTask
from ipip.stages.work.starts import stability_starts
from ipip.stages.work.student_md import describe_verdicts, run_student


def evaluate(run: StageRun) -> StageResult[EvaluateRecord]:
    """Evaluate the round's student on frames and boxes outside all trainings."""
    return measure(run.path(FINETUNE.of(run.round.index), FINETUNE.record.STUDENT), run)


def measure(path: Path, run: StageRun) -> StageResult[EvaluateRecord]:
    """Evaluate the student in `path`: errors on held-out frames, stability runs, speed."""
    settings, label = run.settings, LABEL.of(0)
    starts = stability_starts(settings)
    seeds = {start.name: derive_seed(settings.seed, "stability", start.name) for start in starts}
    md = settings.stability.md or settings.student_md.unbiased()
    verdicts = run_student(md, path, starts, seeds, run, "stability") if starts else []
    failures = count_failures(verdicts)
    output = run.folder / EVALUATE.record.TEST
    task = EvaluationTask(
        settings,
        path,
        test=run.path(label, LABEL.record.TEST),
        valid=run.path(label, LABEL.record.VALID),
        predicted=output,
        speed=run.folder / "speed",
    )
    result = perform_where(run.executor, "evaluation", task, run.folder)
    errors, pace = result["test"], result["us_per_atom_step"]
    return StageResult(
        outputs=(output,),
        record=EvaluateRecord(
            test=errors,
            valid=result["valid"],
            test_frame_errors=result["test_frame_errors"],
            test_frame_energy_errors=result["test_frame_energy_errors"],
            failures=failures,
            runs=describe_verdicts(starts, verdicts, md),
        ),
        times={"us_per_atom_step": pace, **result["load"]},
        seeds=seeds,
        note=f"held-out force MAE {errors['force_mae_ev_per_a']:.3f} eV/Å, energy "
        f"{errors['energy_mae_mev_per_atom']:.1f} meV/atom; {failures.failed} of "
        f"{failures.total} runs failed; {format_number(pace)} µs per atom and step",
    )


def count_failures(verdicts: Sequence[Verdict]) -> Failures:
    """Count unstable runs, with the Wilson interval of the rate."""
    failed = sum(verdict.state == "unstable" for verdict in verdicts)
    low, high = wilson_interval(failed, len(verdicts))
    wilson95 = (round(low, 4), round(high, 4))
    return Failures(failed=failed, total=len(verdicts), wilson95=wilson95)
