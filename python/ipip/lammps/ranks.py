"""Student runs over the ranks of one ``mpirun`` or ``srun``: for many nodes of a cluster.

Rank 0 hands out jobs, every other rank runs one LAMMPS at a time as a process of its own, so that
a run that breaks takes no other with it. With one rank alone, rank 0 runs them itself.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ipip.data.atomic import write_text
from ipip.errors import InputError, IpipError
from ipip.lammps.facts import read_progress
from ipip.lammps.many import run_once
from ipip.lammps.process import lammps_environment
from ipip.lammps.run import StudentRun, read_verdict
from ipip.lammps.verdict import Verdict


def run_on_ranks(
    jobs: Sequence[StudentRun],
    launcher: Sequence[str],
    progress: Callable[[int, int], None] | None = None,
    on_result: Callable[[StudentRun, Verdict], None] | None = None,
) -> list[Verdict]:
    """Run jobs over the MPI ranks that `launcher` starts; see :func:`ipip.lammps.run_many`.

    Raises:
        InputError: the launcher is not there; or a job cannot start, which ends all others.
        IpipError: the ranks ended without a verdict on every job.
    """
    command = _find(launcher)
    with tempfile.TemporaryDirectory(prefix="ipip-ranks-") as name:
        folder = Path(name)
        (folder / "jobs").write_bytes(pickle.dumps(list(jobs)))
        with (folder / "output").open("wb") as output:
            process = subprocess.Popen(
                [*command, sys.executable, "-m", "mpi4py", "-m", __name__, str(folder)],
                stdin=subprocess.PIPE,  # rank 0 ends when this closes: with this process
                stdout=output,
                stderr=subprocess.STDOUT,
                env=lammps_environment(),
            )
            try:
                _watch(process, jobs, progress, on_result)
            finally:
                if process.poll() is None:
                    process.terminate()
                process.wait()
        return _collect(jobs, folder, process.returncode)


def _watch(
    process: subprocess.Popen[bytes],
    jobs: Sequence[StudentRun],
    progress: Callable[[int, int], None] | None,
    on_result: Callable[[StudentRun, Verdict], None] | None,
) -> None:
    """Tell progress and results until the ranks have ended."""
    total, digests = sum(job.md.steps for job in jobs), [job.digest() for job in jobs]
    told: set[int] = set()
    ended = False
    while not ended:
        ended = process.poll() is not None
        done = 0
        for index, job in enumerate(jobs):
            verdict = read_verdict(job.folder, digests[index])
            if verdict is None or (verdict.state == "failed" and not ended):
                done += min(job.md.steps, read_progress(job.folder))
                continue
            done += job.md.steps
            if index not in told:
                told.add(index)
                if on_result is not None:
                    on_result(job, verdict)
        if progress is not None:
            progress(done, total)
        if not ended:
            time.sleep(0.5)


def _collect(jobs: Sequence[StudentRun], folder: Path, status: int) -> list[Verdict]:
    error = folder / "error.json"
    if error.exists():
        told = json.loads(error.read_text())
        raise (InputError if told["input"] else IpipError)(told["message"])
    verdicts = [read_verdict(job.folder, job.digest()) for job in jobs]
    found = [verdict for verdict in verdicts if verdict is not None]
    if len(found) < len(jobs):
        last = (folder / "output").read_text(errors="replace").strip().splitlines()[-5:]
        raise IpipError(
            f"the MPI ranks ended with status {status} and left {len(jobs) - len(found)} of "
            f"{len(jobs)} LAMMPS runs without a verdict; their last words:\n" + "\n".join(last)
        )
    return found


def _find(launcher: Sequence[str]) -> list[str]:
    """Return the launcher with its path: this environment's, which has the MPI of mpi4py, first."""
    beside = os.path.join(sys.prefix, "bin")
    program = shutil.which(launcher[0], path=beside) or shutil.which(launcher[0])
    if program is None:
        raise InputError(
            f"lammps_launcher: there is no program {launcher[0]!r} in the PATH; give a command "
            "that starts MPI ranks, such as 'mpirun -n 8'"
        )
    return [program, *launcher[1:]]


def main() -> None:
    """Serve as one of the ranks: rank 0 hands out the jobs of the folder that is named."""
    from mpi4py import MPI
    from mpi4py.futures import MPICommExecutor

    folder = Path(sys.argv[1])
    with MPICommExecutor(MPI.COMM_WORLD, root=0) as pool:
        if pool is None:  # another rank, after its last job
            return
        if not _is_the_only_world(folder):
            return
        threading.Thread(target=_end_with_stdin, daemon=True).start()
        jobs = pickle.loads((folder / "jobs").read_bytes())
        futures = [pool.submit(run_once, job) for job in jobs]
        try:
            for future in futures:
                future.result()
        except IpipError as error:
            told = {"input": isinstance(error, InputError), "message": str(error)}
            write_text(folder / "error.json", json.dumps(told))
            MPI.COMM_WORLD.Abort(1)


def _is_the_only_world(folder: Path) -> bool:
    """Whether no other rank 0 has begun; an mpirun of another MPI starts several single ranks."""
    try:
        (folder / "begun").touch(exist_ok=False)
    except FileExistsError:
        message = (
            "lammps_launcher: its ranks do not know of each other, so it belongs to another MPI "
            "than mpi4py; use the mpirun of this environment, or build mpi4py with that MPI"
        )
        write_text(folder / "error.json", json.dumps({"input": True, "message": message}))
        return False
    return True


def _end_with_stdin() -> None:
    """End all ranks with the process that started them, however it ends."""
    from mpi4py import MPI

    sys.stdin.buffer.read()
    MPI.COMM_WORLD.Abort(1)


if __name__ == "__main__":
    main()
