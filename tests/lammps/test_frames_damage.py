"""Frames of a finished run that are missing, empty or changed are reported, and never read."""

import pytest

from ipip.errors import InputError
from ipip.lammps import RunTrajectory, read_verdict, run_many
from ipip.lammps.run import execute
from ipip.lammps.run_record import changed_frames, note_removal


@pytest.fixture
def job(make_run):
    job = make_run()
    execute(job)
    return job


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def another(path):
    folder = path.parent.parent if path.parent.name == "ring" else path.parent
    return next(other for other in sorted(folder.rglob("*.dump")) if other != path)


DAMAGES = {
    "gone": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "flipped": flip,
    "another dump": lambda path: path.write_bytes(another(path).read_bytes()),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["trajectory.dump", "last.dump", "ring/0000000056.dump"])
def test_damaged_frames_are_reported_before_a_harvest_and_while_it_reads(job, name, damage):
    during = RunTrajectory(job.folder)
    steps = during.steps()
    DAMAGES[damage](job.folder / name)
    for run in (RunTrajectory(job.folder), during):
        with pytest.raises(InputError, match=rf"{name} is missing or was changed after the run"):
            list(run.frames(steps))


def test_a_damaged_record_or_verdict_is_reported_and_the_run_repeated(job):
    times = (job.folder / "log.lammps").stat().st_mtime_ns
    text = (job.folder / "verdict.json").read_text()
    (job.folder / "verdict.json").write_text(text.replace('"step": 60', '"step": 61'))
    assert read_verdict(job.folder) is None
    with pytest.raises(InputError, match=r"verdict.json is damaged"):
        _ = RunTrajectory(job.folder).verdict
    (verdict,) = run_many([job], 1)
    assert verdict.step == 60 and (job.folder / "log.lammps").stat().st_mtime_ns > times
    flip(job.folder / "run.json")
    with pytest.raises(InputError, match=r"run.json is damaged"):
        RunTrajectory(job.folder)


def test_a_finished_run_with_damaged_frames_is_done_again_where_frames_matter(job):
    flip(job.folder / "trajectory.dump")
    times = (job.folder / "log.lammps").stat().st_mtime_ns
    run_many([job], 1, frames=False)
    assert (job.folder / "log.lammps").stat().st_mtime_ns == times
    run_many([job], 1)
    assert (job.folder / "log.lammps").stat().st_mtime_ns > times
    assert changed_frames(job.folder) == []


def test_frames_removed_on_purpose_are_not_missed_but_the_rest_are_compared(job):
    note_removal(job.folder)
    (job.folder / "last.dump").unlink()
    assert changed_frames(job.folder) == []
    assert 20 in RunTrajectory(job.folder).steps()
    flip(job.folder / "trajectory.dump")
    assert changed_frames(job.folder) == ["trajectory.dump"]
