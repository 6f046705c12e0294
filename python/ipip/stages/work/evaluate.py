"""How good a round's student is: held-out errors, stability, speed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ipip.config.run import RunSettings
from ipip.data import read_frames, write_frames
from ipip.errors import IpipError
from ipip.evaluation import metrics, predict_file
from ipip.lammps import Verdict, run_student_md
from ipip.pages.numbers import format_number
from ipip.pipeline.load import Load, LoadWatch
from ipip.pipeline.seeds import derive_seed
from ipip.pipeline.stage import StageResult, StageRun
from ipip.stability.intervals import wilson_interval
from ipip.stages.evaluate import EVALUATE, EvaluateRecord, Failures
from ipip.stages.finetune import FINETUNE
from ipip.stages.label import LABEL
from ipip.stages.work.frames import frame_energy_errors, frame_errors
from ipip.stages.work.starts import speed_box, stability_starts
from ipip.stages.work.student_md import describe_verdicts, run_student

SPEED_TEMPERATURE = 300.0


def evaluate(run: StageRun) -> StageResult[EvaluateRecord]:
    """Measure the round's student on frames and boxes that no training has seen."""
    return measure(run.path(FINETUNE.of(run.round.index), FINETUNE.record.STUDENT), run)


def measure(path: Path, run: StageRun) -> StageResult[EvaluateRecord]:
    """Measure the student in `path`: errors on held-out frames, stability runs, speed."""
    settings, label = run.settings, LABEL.of(0)
    test = read_frames(run.path(label, LABEL.record.TEST))
    valid = read_frames(run.path(label, LABEL.record.VALID))
    predicted = predict_file(path, test)
    output = run.folder / EVALUATE.record.TEST
    write_frames(output, predicted)
    starts = stability_starts(settings)
    seeds = {start.name: derive_seed(settings.seed, "stability", start.name) for start in starts}
    md = settings.stability.md or settings.student_md
    verdicts = run_student(md, path, starts, seeds, run) if starts else []
    failures = count_failures(verdicts)
    errors = metrics(test, predicted)
    pace, load = _time_student(settings, path, run.folder / "speed")
    return StageResult(
        outputs=(output,),
        record=EvaluateRecord(
            test=errors,
            valid=metrics(valid, predict_file(path, valid)),
            test_frame_errors=frame_errors(test, predicted),
            test_frame_energy_errors=frame_energy_errors(test, predicted),
            failures=failures,
            runs=describe_verdicts(starts, verdicts, md.timestep),
        ),
        times={"us_per_atom_step": pace, **load.as_times()},
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


def _time_student(settings: RunSettings, model: Path, folder: Path) -> tuple[float, Load]:
    """Return µs per atom and step of MD in LAMMPS, on the box the teacher was timed on.

    With it comes the machine's load meanwhile.
    """
    steps = settings.speed.student_steps
    quiet = {"frame_interval": steps, "ring_interval": steps, "thermo_interval": steps}
    md = settings.student_md.model_copy(
        update={"steps": steps, "temperature": SPEED_TEMPERATURE, "minimize_steps": 100, **quiet}
    )
    seed = derive_seed(settings.seed, "speed")
    with LoadWatch() as watch:
        verdict = run_student_md(model, speed_box(settings), md, settings.guards, folder, seed)
    if verdict.us_per_atom_step is None:
        raise IpipError(f"{folder}: the student's MD could not be timed: {verdict.message}")
    return verdict.us_per_atom_step, watch.load
