"""Several student runs at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait

from ipip.errors import InputError
from ipip.lammps.ranks import run_on_ranks
from ipip.lammps.run import StudentRun, execute, known_verdict
from ipip.lammps.run_facts import read_progress
from ipip.lammps.verdict import Verdict


def run_many(
    jobs: Sequence[StudentRun],
    workers: int,
    progress: Callable[[int, int], None] | None = None,
    on_result: Callable[[StudentRun, Verdict], None] | None = None,
    launcher: Sequence[str] = (),
    frames: bool = True,
) -> list[Verdict]:
    """Run jobs in parallel processes; a job whose folder holds its verdict is not run again.

    A verdict "failed" (of a killed process, for example) is not kept: such a job later resumes from
    its last restart file, or restarts without one.

    Args:
        jobs: each with a different folder.
        workers: LAMMPS processes at a time, one thread each.
        progress: called about twice a second with (MD steps done, MD steps in all).
        on_result: called in this thread with each job and its verdict after its end.
        launcher: command that starts MPI ranks, such as ``("mpirun", "-n", "17")``: the jobs are
            then distributed over all ranks but the first (see :mod:`ipip.lammps.ranks`) and
            ``workers`` is ignored.
        frames: a job counts as done only if its frames, too, are unchanged.

    Returns:
        The verdicts in the order of the jobs.

    Raises:
        InputError: two jobs share a folder; or a job cannot start, which ends all others.
    """
    if len({job.folder.absolute() for job in jobs}) < len(jobs):
        raise InputError("two student runs share a folder; give each a different one")
    if launcher:
        return run_on_ranks(jobs, launcher, progress, on_result, frames)
    cancel = threading.Event()
    total = sum(job.md.steps for job in jobs)
    reported: set[int] = set()
    with ThreadPoolExecutor(max(1, workers)) as pool:
        futures = [pool.submit(_once, job, cancel, frames) for job in jobs]
        try:
            waiting: set[Future[Verdict]] = set(futures)
            while waiting:
                done, waiting = wait(waiting, timeout=0.5, return_when=FIRST_EXCEPTION)
                for future in done:
                    future.result()  # raises the job's error
                for index, job in enumerate(jobs):
                    if futures[index].done() and index not in reported:
                        reported.add(index)
                        if on_result is not None:
                            on_result(job, futures[index].result())
                if progress is not None:
                    progress(_steps_done(jobs, futures), total)
        except BaseException:
            cancel.set()
            for future in futures:
                future.cancel()
            raise
    return [future.result() for future in futures]


def _once(job: StudentRun, cancel: threading.Event, frames: bool) -> Verdict:
    return known_verdict(job, frames=frames) or execute(job, cancel, resume=True)


def _steps_done(jobs: Sequence[StudentRun], futures: Sequence[Future[Verdict]]) -> int:
    done = 0
    for job, future in zip(jobs, futures, strict=True):
        if future.done():
            done += job.md.steps
        elif future.running():
            done += min(job.md.steps, read_progress(job.folder))
    return done
