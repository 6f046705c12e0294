"""A run never resumes from a restart file, or a related file, that it did not write."""

import os
import random
import signal
import sys
import threading
import time

import pytest

from ipip.lammps import continuation as continuation_module
from ipip.lammps import run_many, supervision
from ipip.lammps.continuation import continue_from
from ipip.lammps.run import execute
from ipip.lammps.supervision import (
    RECORD,
    STALLED,
    RestartWatch,
    matches_digest,
    read_record,
    run_to_end,
)

STEPS, ATOMS = 60, 12


@pytest.fixture
def job(make_run):
    """A job that wrote restart files at steps 40 and 60, as if it had been killed then."""
    job = make_run(steps=STEPS, restart_interval=20)
    execute(job)
    (job.folder / "verdict.json").unlink()
    return job


def restarts(job):
    """Return both restart files, the newer one first."""
    files = [job.folder / name for name in ("restart.a", "restart.b")]
    return sorted(files, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def flip(path, at):
    """Turn one bit over; size and times stay."""
    times = path.stat()
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def go_on(job):
    return continue_from(job.folder, job.digest(), ATOMS, STEPS)


def test_a_whole_run_resumes_from_its_last_file_repeatedly(job):
    record = read_record(str(job.folder))
    assert {"restart.a", "restart.b", "trajectory.dump"} <= set(record)
    assert all(matches_digest(str(job.folder), name, record) for name in record)
    for _ in range(2):  # killed again before it wrote anything
        assert go_on(job).step == 60
    assert run_many([job], 1)[0].state == "stable"


def test_the_next_look_makes_up_for_one_that_fails(job):
    record = read_record(str(job.folder))
    (job.folder / RECORD).unlink()
    unreadable = job.folder / "ring" / "0000000000.dump"
    watch = RestartWatch(str(job.folder))
    unreadable.unlink(missing_ok=True)
    unreadable.mkdir()
    watch.look()
    assert not (job.folder / RECORD).exists()
    unreadable.rmdir()
    watch.look()
    known = read_record(str(job.folder))
    assert known and known.items() <= record.items()
    assert go_on(job).step == 60


def test_a_frame_that_the_ring_drops_during_a_look_does_not_spoil_it(job, monkeypatch):
    (job.folder / RECORD).unlink()
    dropped = min((job.folder / "ring").glob("*.dump"))
    digest_of = supervision.digest_of

    def drop_first(path, size=None):
        dropped.unlink(missing_ok=True)
        return digest_of(path, size)

    monkeypatch.setattr(supervision, "digest_of", drop_first)
    RestartWatch(str(job.folder)).look()
    assert f"ring/{dropped.name}" not in read_record(str(job.folder))
    assert go_on(job).step == 60


def test_whichever_bit_of_a_restart_file_is_damaged_it_is_not_used(job):
    newer, older = restarts(job)
    size = newer.stat().st_size
    rng = random.Random(3)
    kept = {path: path.read_bytes() for path in job.folder.iterdir() if path.is_file()}
    times = {path: path.stat().st_mtime_ns for path in (newer, older)}
    for at in [16, size // 2, size - 70, *(rng.randrange(size) for _ in range(5))]:
        for path, content in kept.items():
            path.write_bytes(content)
        for path, time_ns in times.items():
            os.utime(path, ns=(time_ns, time_ns))
        flip(newer, at)
        assert go_on(job).step == 40
        assert not newer.exists()
    for path, content in kept.items():
        path.write_bytes(content)
    flip(newer, size // 2)
    flip(older, size // 2)
    assert go_on(job) is None


def test_with_both_files_damaged_the_run_starts_over_with_the_same_verdict(job, make_run):
    for path in restarts(job):
        flip(path, path.stat().st_size // 2)
    (verdict,) = run_many([job], 1)
    assert (verdict.state, verdict.step) == ("stable", STEPS)
    fresh = make_run("fresh", steps=STEPS, restart_interval=20)
    execute(fresh)
    for name in ("trajectory.dump", "last.dump"):
        assert (job.folder / name).read_text() == (fresh.folder / name).read_text()


@pytest.mark.parametrize("damage", ["dump", "dump cut", "record", "no record", "job"])
def test_what_belongs_to_a_restart_file_has_to_be_whole_too(job, damage):
    dump, record = job.folder / "trajectory.dump", job.folder / RECORD
    if damage == "dump":
        flip(dump, 300)
    elif damage == "dump cut":
        os.truncate(dump, 400)
    elif damage == "record":
        record.write_text(record.read_text().replace("restart", "restarT"))
    elif damage == "no record":
        record.unlink()
    else:
        flip(job.folder / "run.json", 40)
    assert go_on(job) is None
    assert run_many([job], 1)[0].state == "stable"
    assert "read_data" in (job.folder / "log.lammps").read_text()


@pytest.mark.parametrize("damage", ["one bit", "gone"])
def test_a_damaged_frame_of_the_ring_is_written_again_from_a_file_before_it(job, damage):
    ring = sorted((job.folder / "ring").glob("*.dump"))
    assert [int(path.stem) for path in ring] == [52, 54, 56, 58, 60]
    if damage == "gone":
        ring[1].unlink()
    else:
        flip(ring[1], 100)
    assert go_on(job).step == 40
    assert run_many([job], 1)[0].state == "stable"
    assert [int(p.stem) for p in sorted((job.folder / "ring").glob("*.dump"))] == [
        52, 54, 56, 58, 60,
    ]  # fmt: skip


def test_with_a_damaged_frame_of_the_ring_before_all_restart_files_the_run_starts_over(make_run):
    job = make_run(steps=STEPS, restart_interval=20, ring_interval=10, ring_frames=5)
    execute(job)
    (job.folder / "verdict.json").unlink()
    first = min((job.folder / "ring").glob("*.dump"))
    assert int(first.stem) < 40
    flip(first, 100)
    assert go_on(job) is None


def test_a_frame_replaced_by_a_later_one_is_not_missed(job):
    first = min((job.folder / "ring").glob("*.dump"))
    (job.folder / "ring" / "0000000062.dump").write_bytes(first.read_bytes())
    first.unlink()
    assert go_on(job).step == 60


def test_a_restart_file_of_another_number_of_atoms_is_not_used(job):
    assert continue_from(job.folder, job.digest(), ATOMS + 1, STEPS) is None


def test_a_process_that_writes_nothing_is_ended_after_the_stated_time(tmp_path):
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    clock = time.monotonic()
    assert run_to_end(command, str(tmp_path), os.environ, stall_s=1.0) == STALLED
    assert time.monotonic() - clock < 30


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
@pytest.mark.parametrize("launcher", [(), ("mpirun", "-n", "2")], ids=["here", "on ranks"])
def test_a_run_that_resumes_without_progress_starts_over(make_run, monkeypatch, launcher):
    monkeypatch.setattr(continuation_module, "STALL_S", 2.0)
    job = make_run(steps=20_000, restart_interval=2000, frame_interval=2000, thermo_interval=1000)
    execute(job)
    (job.folder / "verdict.json").unlink()
    newest = restarts(job)[0]
    newest.unlink()  # some work is left, from the one before
    found = []
    thread = threading.Thread(target=lambda: found.extend(run_many([job], 1, launcher=launcher)))
    thread.start()
    end = time.monotonic() + 60
    stopped = None
    while stopped is None and thread.is_alive():
        assert time.monotonic() < end
        stopped = stop_lammps(job.folder)
    assert stopped is not None
    thread.join(120)
    assert [(v.state, v.step) for v in found] == [("stable", 20_000)]
    assert "read_data" in (job.folder / "log.lammps").read_text()


def stop_lammps(folder):
    """Stop the LAMMPS that resumed in a folder, like one that hangs; return its process id."""
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.readlink(f"/proc/{entry}/cwd") == str(folder):
                with open(f"/proc/{entry}/cmdline") as file:
                    words = file.read().split("\0")
                if words[0].endswith("/lmp") and "in.lammps" in words:
                    os.kill(int(entry), signal.SIGSTOP)
                    return int(entry)
        except OSError:
            continue
    return None
