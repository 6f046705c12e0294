"""A killed run resumes from its last whole restart file."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from ipip.config.md import Guards
from ipip.lammps import RunTrajectory, read_verdict, run_many
from ipip.lammps.continuation import continue_from, cut_dump
from ipip.lammps.run import execute


def _lammps_of(folder) -> list[int]:
    found = []
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.readlink(f"/proc/{entry}/cwd") == str(folder):
                found.append(int(entry))
        except OSError:
            continue
    return found


def _kill_after_restarts(job) -> None:
    """Start a job, and kill its LAMMPS once it has written both restart files."""
    thread = threading.Thread(target=run_many, args=([job], 1))
    thread.start()
    start = time.monotonic()
    while not (job.folder / "restart.b").exists():
        assert time.monotonic() - start < 60
        time.sleep(0.02)
    time.sleep(0.3)
    for pid in _lammps_of(job.folder):
        os.kill(pid, signal.SIGKILL)
    thread.join(60)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
@pytest.mark.parametrize("thermostat", ["nose-hoover", "langevin"])
def test_a_killed_run_resumes_and_its_trajectory_has_each_step_once(make_run, thermostat):
    job = make_run(
        steps=60_000,
        thermostat=thermostat,
        restart_interval=1000,
        frame_interval=500,
        guards=Guards(max_energy_change=50.0),
    )
    _kill_after_restarts(job)
    killed = read_verdict(job.folder)
    assert (killed.state, killed.reason) == ("failed", "killed")
    before = {f.info["md_step"]: f for f in RunTrajectory(job.folder).frames([0, 500, 1000])}
    first_energy = (job.folder / "first_energy.txt").read_text()
    (verdict,) = run_many([job], 1)
    assert (verdict.state, verdict.step) == ("stable", 60_000)
    log = (job.folder / "log.lammps").read_text()
    assert "read_restart" in log and "velocity" not in log
    run = RunTrajectory(job.folder)
    text = (job.folder / "trajectory.dump").read_text().splitlines()
    steps = [int(text[k + 1]) for k, line in enumerate(text) if line == "ITEM: TIMESTEP"]
    assert steps == list(range(0, 60_001, 500))
    for frame in run.frames(list(before)):
        np.testing.assert_array_equal(frame.positions, before[frame.info["md_step"]].positions)
    assert (job.folder / "first_energy.txt").read_text() == first_energy
    assert 0 < verdict.us_per_atom_step < 1e4


def test_a_torn_restart_file_is_passed_over_for_the_other_one(make_run):
    job = make_run(steps=60, restart_interval=20)
    execute(job)
    digest = job.digest()
    files = sorted(
        (job.folder / name for name in ("restart.a", "restart.b")),
        key=lambda path: path.stat().st_mtime_ns,
    )
    assert continue_from(job.folder, digest, 12, 60).step == 60
    newest = files[1].read_bytes()
    files[1].write_bytes(newest[: len(newest) // 2])
    assert continue_from(job.folder, digest, 12, 60).step == 40
    # What came from that step on is written again; the ring had newer frames only.
    assert RunTrajectory(job.folder).steps().tolist() == [0, 20]
    files[0].write_bytes(b"")
    assert continue_from(job.folder, digest, 12, 60) is None
    assert continue_from(job.folder, "another job's", 12, 60) is None


def test_a_restart_file_that_lammps_refuses_means_a_new_start(make_run):
    job = make_run(steps=60, restart_interval=20)
    execute(job)
    (job.folder / "verdict.json").unlink()
    for name in ("restart.a", "restart.b"):
        data = bytearray((job.folder / name).read_bytes())
        data[40:400] = b"\x7f" * 360
        (job.folder / name).write_bytes(data)
    (verdict,) = run_many([job], 1)
    assert (verdict.state, verdict.step) == ("stable", 60)
    assert "read_data" in (job.folder / "log.lammps").read_text()


def test_a_dump_is_cut_at_the_first_frame_of_that_step(tmp_path):
    frame = "ITEM: TIMESTEP\n{}\nITEM: NUMBER OF ATOMS\n1\nITEM: ATOMS id\n1\n"
    whole = [frame.format(step) for step in (0, 10, 20, 30)]
    path = tmp_path / "trajectory.dump"
    for step, kept in ((15, 2), (20, 2), (0, 0), (31, 4)):
        path.write_text("".join(whole) + ("" if kept == 4 else "ITEM: TIMESTEP\n4"))
        cut_dump(path, step)
        assert path.read_text() == "".join(whole[:kept])
    cut_dump(tmp_path / "absent.dump", 5)


def test_a_frame_is_cut_with_its_units_and_its_time(tmp_path):
    frame = "ITEM: TIME\n0.{}\nITEM: TIMESTEP\n{}\nITEM: NUMBER OF ATOMS\n1\nITEM: ATOMS id\n1\n"
    whole = [frame.format(step, step) for step in (0, 10, 20)]
    whole[0] = "ITEM: UNITS\nmetal\n" + whole[0]
    path = tmp_path / "trajectory.dump"
    for step, kept in ((21, 3), (20, 2), (5, 1), (0, 0)):
        path.write_text("".join(whole))
        cut_dump(path, step)
        assert path.read_text() == "".join(whole[:kept])
