"""A killed trajectory of a teacher resumes where it was."""

import os
import signal
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk

from ipip.config.md import TeacherMDSettings
from ipip.config.teacher import TeacherSettings
from ipip.data.frame import Frame
from ipip.teachers import MDJob, Teacher, TeacherError

EMT_TEACHER = TeacherSettings(kind="ase", import_path="ase.calculators.emt:EMT")


@pytest.fixture
def job() -> MDJob:
    atoms = bulk("Cu", cubic=True) * (2, 1, 1)
    atoms.rattle(0.05, seed=1)
    return MDJob("run", Frame.from_atoms(atoms), 5)


def _killed_then_whole(job, md, folder, kill_at: int):
    """Kill the worker after this step, then run again; return the result and steps done again."""
    with Teacher(EMT_TEACHER, folder) as teacher:
        pid = teacher.pids[0]

        def kill(done: int, total: int) -> None:
            if done >= kill_at:
                os.kill(pid, signal.SIGKILL)

        with pytest.raises(TeacherError, match="killed by signal 9"):
            teacher.run_md([job], md, progress=kill, checkpoints=folder / "runs")
    told = []
    with Teacher(EMT_TEACHER, folder) as teacher:
        (result,) = teacher.run_md(
            [job], md, progress=lambda done, _: told.append(done), checkpoints=folder / "runs"
        )
    return result, told[0]


@pytest.mark.parametrize("thermostat", ["nose-hoover", "langevin"])
def test_a_killed_trajectory_ends_as_an_unbroken_one(job, tmp_path, thermostat):
    md = TeacherMDSettings(
        steps=400, frame_interval=10, temperature=600.0, thermostat=thermostat, relax_steps=3,
        checkpoint_interval=35,
    )  # fmt: skip
    with Teacher(EMT_TEACHER, tmp_path) as teacher:
        (whole,) = teacher.run_md([job], md)
    result, first = _killed_then_whole(job, md, tmp_path, kill_at=250)
    assert first > 200  # it did not start over
    assert result.state == whole.state == "finished"
    assert [f.info["md_step"] for f in result.frames] == list(range(10, 401, 10))
    for one, two in zip(result.frames, whole.frames, strict=True):
        # EMT's neighbour list is rebuilt and sums in another order: round-off grows in MD.
        np.testing.assert_allclose(one.positions, two.positions, atol=1e-8)
        np.testing.assert_allclose(one.forces, two.forces, atol=1e-6)
    assert not list((tmp_path / "runs").iterdir())  # states are removed once the run is complete


def test_a_state_of_another_trajectory_or_a_torn_one_is_not_used(job, tmp_path):
    md = TeacherMDSettings(steps=400, frame_interval=10, temperature=600.0, checkpoint_interval=20)
    hotter = md.model_copy(update={"temperature": 700.0})
    for path, changed in ((tmp_path / "a", hotter), (tmp_path / "b", md)):
        with Teacher(EMT_TEACHER, path) as teacher:
            pid = teacher.pids[0]

            def kill(done: int, total: int, pid: int = pid) -> None:
                if done >= 200:
                    os.kill(pid, signal.SIGKILL)

            with pytest.raises(TeacherError):
                teacher.run_md([job], md, progress=kill, checkpoints=path)
        if changed is md:
            state = path / "run.state.npz"
            state.write_bytes(state.read_bytes()[:-200])
        told = []
        with Teacher(EMT_TEACHER, path) as teacher:
            (result,) = teacher.run_md(
                [job], changed, progress=lambda *p, told=told: told.append(p[0]), checkpoints=path
            )
        assert told[0] <= 20
        assert [f.info["md_step"] for f in result.frames] == list(range(10, 401, 10))


def places_that_count(path: Path) -> list[int]:
    """Return offsets of bytes whose damage changes what is read, not only how it is packed."""
    size = path.stat().st_size
    if path.suffix != ".npz":
        return [size // 9, size // 3, size // 2]  # of frames before the last state
    with zipfile.ZipFile(path) as archive:
        return [
            member.header_offset + zip_head(path, member.header_offset) + member.file_size // 2
            for member in archive.infolist()
        ]


def zip_head(path: Path, at: int) -> int:
    """Return the length of a member's local header: APPNOTE 4.3.7 of the zip format."""
    name, extra = struct.unpack_from("<HH", path.read_bytes(), at + 26)
    return 30 + name + extra


@pytest.mark.parametrize("name", ["run.state.npz", "run.part.xyz"])
def test_a_damaged_state_is_not_resumed_from(job, tmp_path, name):
    md = TeacherMDSettings(steps=800, temperature=600.0, frame_interval=5, checkpoint_interval=10)
    with Teacher(EMT_TEACHER, tmp_path) as teacher:
        pid = teacher.pids[0]

        def kill(done: int, total: int) -> None:
            if done >= 25:  # long before the end
                os.kill(pid, signal.SIGKILL)

        with pytest.raises(TeacherError, match="killed by signal 9"):
            teacher.run_md([job], md, progress=kill, checkpoints=tmp_path / "runs")
    folder = tmp_path / "runs"
    kept = {path: path.read_bytes() for path in folder.iterdir()}
    whole = kept[folder / name]
    for at in places_that_count(folder / name):
        for path, content in kept.items():
            path.write_bytes(content)
        changed = bytearray(whole)
        changed[at] ^= 1
        (folder / name).write_bytes(changed)
        told: list[int] = []
        with Teacher(EMT_TEACHER, tmp_path) as teacher:
            (result,) = teacher.run_md(
                [job], md, lambda done, _, told=told: told.append(done), checkpoints=folder
            )
        assert told[0] <= 5  # from the start
        assert [frame.info["md_step"] for frame in result.frames] == list(range(5, 801, 5))
