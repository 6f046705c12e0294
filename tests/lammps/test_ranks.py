"""Student runs over the ranks of one mpirun."""

import os
import subprocess
import sys
import time

import pytest

from ipip.errors import InputError, IpipError
from ipip.lammps import PairCommands, read_verdict, run_many


def test_jobs_spread_over_ranks_give_the_verdicts_of_processes(make_run):
    jobs = [make_run(f"seed-{k}", seed=k) for k in range(3)]
    seen, told = [], []
    verdicts = run_many(
        jobs,
        1,
        progress=lambda *p: told.append(p),
        on_result=lambda j, v: seen.append(j.seed),
        launcher=("mpirun", "-n", "3"),
    )
    assert [v.state for v in verdicts] == ["stable"] * 3
    assert sorted(seen) == [0, 1, 2] and told[-1] == (180, 180)
    times = [(job.folder / "log.lammps").stat().st_mtime_ns for job in jobs]
    plain = make_run("plain", seed=1)
    run_many([plain], 1)
    assert (plain.folder / "last.dump").read_text() == (jobs[1].folder / "last.dump").read_text()
    run_many(jobs, 1, launcher=("mpirun", "-n", "2"))
    assert times == [(job.folder / "log.lammps").stat().st_mtime_ns for job in jobs]


def test_ranks_that_end_early_are_reported_with_their_last_output(make_run, tmp_path):
    launcher = tmp_path / "launcher"
    launcher.write_text("#!/bin/sh\necho no slots are left; exit 3\n")
    launcher.chmod(0o755)
    with pytest.raises(IpipError, match=r"status 3 before 1 of 1 .*were done(.|\n)*no slots"):
        run_many([make_run()], 1, launcher=(str(launcher),))


def test_a_job_that_cannot_start_is_the_same_message_as_without_ranks(make_run):
    broken = make_run("b", pair=PairCommands(("pair_style no/such/style",)))
    start = time.monotonic()
    with pytest.raises(InputError, match=r"cannot start: LAMMPS: .*no/such/style"):
        run_many([broken, make_run("a", steps=10**8)], 1, launcher=("mpirun", "-n", "2"))
    assert time.monotonic() - start < 60
    with pytest.raises(InputError, match="no program 'mpiwalk'"):
        run_many([make_run()], 1, launcher=("mpiwalk", "-n", "2"))


def test_unconnected_ranks_are_noticed(make_run, tmp_path):
    # The effect of an mpirun of another MPI than mpi4py's: two worlds of one rank each.
    launcher = tmp_path / "mpirun-of-another-mpi"
    fifo = tmp_path / "fifo"  # open both ways, so that it never ends
    launcher.write_text(f'#!/bin/sh\nmkfifo {fifo}; exec 3<>{fifo}; "$@" <&3 & "$@" <&3; wait\n')
    launcher.chmod(0o755)
    jobs = [make_run("run", steps=2000)]
    with pytest.raises(InputError, match="belongs to another MPI"):
        run_many(jobs, 1, launcher=(str(launcher),))


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_ranks_end_with_the_process_that_started_them(make_run, tmp_path):
    import pickle

    job = make_run(steps=10**8)
    (tmp_path / "job").write_bytes(pickle.dumps(job))
    script = f"""
import pickle
from ipip.lammps import run_many
run_many([pickle.load(open({str(tmp_path / "job")!r}, "rb"))], 1, launcher=("mpirun", "-n", "2"))
"""
    parent = subprocess.Popen([sys.executable, "-c", script])
    try:
        _wait_for(lambda: list((job.folder / "ring").glob("*.dump")))
        assert _processes_in(job.folder)
    finally:
        parent.kill()
        parent.wait()
    _wait_for(lambda: not _processes_in(job.folder))
    assert read_verdict(job.folder) is None


def _processes_in(folder) -> list[str]:
    found = []
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.readlink(f"/proc/{entry}/cwd") == str(folder):
                found.append(entry)
        except OSError:
            continue
    return found


def _wait_for(condition, limit: float = 60.0) -> None:
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < limit
        time.sleep(0.05)
