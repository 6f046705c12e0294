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
    """Run jobs in parallel processes; one whose folder holds the verdict of the same job is done.

    A verdict "failed" (a killed process, say) is not kept: such a job goes on next time from its
    last restart file, or from the start where it has none.

    Args:
        jobs: each with a folder of its own.
        workers: LAMMPS processes at a time, one thread each.
        progress: called about twice a second with (MD steps done, MD steps in all).
        on_result: called in this thread with each job and its verdict, soon after its end.
        launcher: command that starts MPI ranks, such as ``("mpirun", "-n", "17")``: the jobs are
            then spread over all ranks but the first (see :mod:`ipip.lammps.ranks`) and
            ``workers`` has no meaning.
        frames: a job is done only where its frames, too, are what its run wrote.

    Returns:
        The verdicts in the order of the jobs.

    Raises:
        InputError: two jobs share a folder; or one cannot start, which ends all others.
    """
    if len({job.folder.absolute() for job in jobs}) < len(jobs):
        raise InputError("two student runs share a folder; give each its own")
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
                    future.result()  # raises what the job raised
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
