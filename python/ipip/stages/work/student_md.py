"""Exploration by a student: guarded MD in LAMMPS, from the same boxes as the teacher's."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from ipip.config.execution import Work
from ipip.config.md import StudentMDSettings
from ipip.errors import IpipError
from ipip.execution.student_md import run_students
from ipip.lammps import StudentRun, Verdict
from ipip.lammps.program import PROGRAM_FILE, program_of
from ipip.lammps.run_record import VERDICT_FILE
from ipip.pipeline.seeds import derive_seed
from ipip.pipeline.stage import StageResult, StageRun
from ipip.stages.inheritance import last_student
from ipip.stages.label import LABEL
from ipip.stages.student_md import STUDENT_MD, StudentMDRecord, StudentRunRecord
from ipip.stages.work.label import read_min_distances
from ipip.stages.work.starts import Start, exploration_starts


def explore_with_student(run: StageRun) -> StageResult[StudentMDRecord]:
    """Run the last round's student from every start; keep complete runs of an earlier attempt."""
    settings = run.settings
    starts = exploration_starts(settings, settings.student_md.temperature)
    seeds = {
        start.name: derive_seed(settings.seed, run.round.index, "explore", start.name)
        for start in starts
    }
    verdicts = run_student(settings.student_md, last_student(run), starts, seeds, run)
    records = describe_verdicts(starts, verdicts, settings.student_md)
    failed = sum(record.is_unstable for record in records)
    bias = settings.student_md.bias
    biased = "" if bias is None else f", biased by up to {bias.energy:g} eV an atom"
    runs = run.folder / STUDENT_MD.record.RUNS
    return StageResult(
        outputs=tuple(runs / start.name / VERDICT_FILE for start in starts),
        record=StudentMDRecord(runs=records),
        times=student_times(verdicts),
        seeds=seeds,
        note=f"{failed} of {len(records)} runs unstable{biased}",
    )


def run_student(
    md: StudentMDSettings,
    model: Path,
    starts: Sequence[Start],
    seeds: dict[str, int],
    run: StageRun,
    work: Work = "student_md",
) -> list[Verdict]:
    """Run a student from each start under the run's guards; return the verdicts in order.

    Raises:
        IpipError: LAMMPS itself broke (killed, disk full, ...), so that a run has no verdict.
    """
    settings = run.settings
    distances = read_min_distances(run.path(LABEL.of(0), LABEL.record.DISTANCES))
    program = program_of(model, md, run.folder / PROGRAM_FILE)
    jobs = [
        StudentRun(
            model=model,
            frame=start.frame,
            md=md.model_copy(update={"temperature": start.temperature}),
            guards=settings.guards,
            folder=run.folder / STUDENT_MD.record.RUNS / start.name,
            seed=seeds[start.name],
            min_distances=distances,
            program=program,
        )
        for start in starts
    ]
    with run.reporter.tasks("student MD steps", md.steps * len(jobs)) as advance:
        shown = 0

        def progress(done: int, _total: int) -> None:
            nonlocal shown
            advance(done - shown)
            shown = done

        verdicts = run_students(
            jobs,
            run.executor,
            work,
            processes=settings.resources.lammps_runs,
            progress=progress,
            launcher=shlex.split(settings.resources.lammps_launcher),
        )
    broken = [verdict for verdict in verdicts if verdict.state == "failed"]
    if broken:
        raise IpipError(
            f"{run.folder}: {len(broken)} of {len(verdicts)} LAMMPS runs broke for reasons "
            f"unrelated to the student ({broken[0].message}); run the same command "
            "again, the other runs are kept"
        )
    return verdicts


def describe_verdicts(
    starts: Sequence[Start], verdicts: Sequence[Verdict], md: StudentMDSettings
) -> tuple[StudentRunRecord, ...]:
    """Return the outcome of each run, of these settings, without wall times."""
    return tuple(
        StudentRunRecord(
            name=start.name,
            system=start.system,
            temperature=start.temperature,
            state=verdict.state,
            reason=verdict.reason,
            step=verdict.step,
            steps=verdict.steps,
            timestep_fs=md.timestep,
            bias_ev=None if md.bias is None else md.bias.energy,
        )
        for start, verdict in zip(starts, verdicts, strict=True)
    )


def student_times(verdicts: Sequence[Verdict]) -> dict[str, float]:
    """Return the mean cost of the runs that were timed (µs per atom and step)."""
    timed = [verdict.us_per_atom_step for verdict in verdicts if verdict.us_per_atom_step]
    return {"us_per_atom_step": sum(timed) / len(timed)} if timed else {}
