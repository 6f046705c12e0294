"""Student runs over the ranks of one ``mpirun`` or ``srun``: for many nodes of a cluster.

This module writes decks and judges runs; the ranks only run LAMMPS. Rank 0 distributes the runs,
every other rank runs one at a time in a new process, so that a broken run does not affect others.
With a single rank, rank 0 runs them itself.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ipip import lmp
from ipip.errors import InputError, IpipError
from ipip.lammps import rank_program
from ipip.lammps.process import lammps_environment
from ipip.lammps.run import (
    LAMMPS_ARGUMENTS,
    Prepared,
    StudentRun,
    conclude,
    known_verdict,
    prepare,
)
from ipip.lammps.run_facts import read_progress
from ipip.lammps.verdict import Verdict

POLL = 0.3  # s
GRACE_S = 30.0  # for the ranks to end by themselves
OnResult = Callable[[StudentRun, Verdict], None]


def run_on_ranks(
    jobs: Sequence[StudentRun],
    launcher: Sequence[str],
    progress: Callable[[int, int], None] | None = None,
    on_result: OnResult | None = None,
    frames: bool = True,
) -> list[Verdict]:
    """Run jobs over the MPI ranks that `launcher` starts; see :func:`ipip.lammps.run_many`.

    Raises:
        InputError: the launcher does not exist or belongs to another MPI; or a job cannot start,
            which ends all others.
        IpipError: the ranks ended before they had run every job.
    """
    command = find_launcher(launcher)
    verdicts: dict[int, Verdict] = {}
    waiting: list[tuple[int, Prepared]] = []
    for index, job in enumerate(jobs):
        known = known_verdict(job, frames=frames)
        if known is None:
            waiting.append((index, prepare(job, resume=True)))
        else:
            verdicts[index] = known
            if on_result is not None:
                on_result(job, known)
    if waiting:
        # Beside the folder of the runs, on a disk that all nodes share, and not in it: readers of
        # that folder expect only runs.
        shared = Path(os.path.commonpath([job.folder.absolute().parent for job in jobs])).parent
        with tempfile.TemporaryDirectory(prefix=".ranks-", dir=shared) as name:
            _run(command, jobs, waiting, Path(name), verdicts, progress, on_result)
    if progress is not None:
        total = sum(job.md.steps for job in jobs)
        progress(total, total)
    return [verdicts[index] for index in range(len(jobs))]


def _run(
    command: Sequence[str],
    jobs: Sequence[StudentRun],
    waiting: Sequence[tuple[int, Prepared]],
    folder: Path,
    verdicts: dict[int, Verdict],
    progress: Callable[[int, int], None] | None,
    on_result: OnResult | None,
) -> None:
    """Run the prepared jobs, and judge each run once it has ended."""
    environment = lammps_environment()
    common: dict[str, Any] = {
        "program": os.path.abspath(lmp.__file__),
        "arguments": list(LAMMPS_ARGUMENTS),
    }
    common["environment"] = environment
    tasks = [
        {
            "folder": str(jobs[k].folder.absolute()),
            "stall_s": None if own.continuation is None else own.continuation.stall_s,
            **common,
        }
        for k, own in waiting
    ]
    (folder / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
    total = sum(job.md.steps for job in jobs)
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            [*command, sys.executable, os.path.abspath(rank_program.__file__), str(folder)],
            stdin=subprocess.PIPE,  # the ranks end when it closes: with this process
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        try:
            while len(verdicts) < len(jobs):
                ended = process.poll() is not None
                for number, (index, prepared) in enumerate(waiting):
                    status = folder / f"{number}.status"
                    if index in verdicts or not status.exists():
                        continue
                    verdicts[index] = conclude(
                        jobs[index], prepared, int(status.read_text(encoding="utf-8"))
                    )
                    if on_result is not None:
                        on_result(jobs[index], verdicts[index])
                if progress is not None:
                    progress(_steps_done(jobs, verdicts), total)
                if (folder / "several_worlds").exists():
                    raise InputError(
                        f"lammps_launcher {command[0]}: its ranks do not see each other, so "
                        "it belongs to another MPI than mpi4py; use the mpirun of this "
                        "environment, or build mpi4py with that MPI"
                    )
                if ended and len(verdicts) < len(jobs):
                    raise IpipError(
                        _unfinished_runs_error(folder, process.returncode, jobs, verdicts)
                    )
                time.sleep(POLL)
        finally:
            if process.stdin is not None:
                process.stdin.close()
            _end(process, at_once=len(verdicts) < len(jobs))


def _end(process: subprocess.Popen[bytes], *, at_once: bool) -> None:
    """Wait for the launcher, whose ranks have finished, or end it and them."""
    if at_once:
        process.terminate()
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _steps_done(jobs: Sequence[StudentRun], verdicts: dict[int, Verdict]) -> int:
    return sum(
        job.md.steps if index in verdicts else min(job.md.steps, read_progress(job.folder))
        for index, job in enumerate(jobs)
    )


def _unfinished_runs_error(
    folder: Path, status: int, jobs: Sequence[StudentRun], verdicts: dict[int, Verdict]
) -> str:
    last = (
        (folder / "output").read_text(errors="replace", encoding="utf-8").strip().splitlines()[-5:]
    )
    return (
        f"the MPI ranks ended with status {status} before {len(jobs) - len(verdicts)} of "
        f"{len(jobs)} LAMMPS runs were done; their last output:\n" + "\n".join(last)
    )


def find_launcher(launcher: Sequence[str]) -> list[str]:
    """Return the launcher with its path, preferably this environment's, which has mpi4py's MPI.

    Raises:
        InputError: there is no such program.
    """
    beside = os.path.join(sys.prefix, "bin")
    program = shutil.which(launcher[0], path=beside) or shutil.which(launcher[0])
    if program is None:
        raise InputError(
            f"lammps_launcher: there is no program {launcher[0]!r} in the PATH; give a command "
            "that starts MPI ranks, such as 'mpirun -n 8'"
        )
    return [program, *launcher[1:]]
