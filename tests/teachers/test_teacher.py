"""Teachers in worker processes, with calculators that need no teacher package."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk, molecule
from ase.calculators.emt import EMT

from ipip.config.md import TeacherMDSettings
from ipip.config.teacher import TeacherSettings
from ipip.data.frame import Frame
from ipip.errors import InputError
from ipip.teachers import FrameError, MDJob, Teacher, TeacherCalculator, TeacherError

EMT_TEACHER = {"kind": "ase", "import_path": "ase.calculators.emt:EMT"}

# Calculators that misbehave, imported by the worker from a folder.
BAD_CALCULATORS = '''
import os, sys, time
import numpy as np
from ase.calculators.emt import EMT

print("printed while importing")

class Noisy(EMT):
    def calculate(self, *args, **kwargs):
        print("printed while calculating", flush=True)
        os.write(1, b"written to the file descriptor of stdout")
        super().calculate(*args, **kwargs)

class Dies(EMT):
    calls = 0
    def calculate(self, *args, **kwargs):
        Dies.calls += 1
        if Dies.calls > 2:
            print("about to die of a broken library", file=sys.stderr, flush=True)
            os._exit(7)
        super().calculate(*args, **kwargs)

class Hangs(EMT):
    def calculate(self, *args, **kwargs):
        time.sleep(60)

class Explodes(EMT):
    """Forces grow without bound after some calls."""
    calls = 0
    def calculate(self, *args, **kwargs):
        super().calculate(*args, **kwargs)
        Explodes.calls += 1
        if Explodes.calls > 26:
            self.results["forces"] = self.results["forces"] + 1.0e3

class NotFinite(EMT):
    calls = 0
    def calculate(self, *args, **kwargs):
        super().calculate(*args, **kwargs)
        NotFinite.calls += 1
        if NotFinite.calls > 26:
            self.results["energy"] = float("nan")

class Threads(EMT):
    def calculate(self, *args, **kwargs):
        super().calculate(*args, **kwargs)
        self.results["energy"] = float(os.environ["OMP_NUM_THREADS"])
'''


@pytest.fixture
def copper() -> Frame:
    atoms = bulk("Cu", cubic=True) * (2, 1, 1)
    atoms.rattle(0.05, seed=1)
    return Frame.from_atoms(atoms)


@pytest.fixture
def bad(tmp_path: Path):
    (tmp_path / "bad_calculators.py").write_text(BAD_CALCULATORS)

    def settings(name: str, **changes) -> TeacherSettings:
        path = f"bad_calculators:{name}"
        return TeacherSettings(kind="ase", import_path=path, import_folder=tmp_path, **changes)

    return settings


def _rattled(frame: Frame, count: int) -> list[Frame]:
    random = np.random.default_rng(0)
    return [
        frame.replace(
            positions=frame.positions + random.normal(0.0, 0.05, frame.positions.shape),
            info={"k": k},
        )
        for k in range(count)
    ]


def test_labels_match_the_calculator_in_the_order_of_the_frames(copper, tmp_path):
    frames = _rattled(copper, 5)
    seen = []
    with Teacher(TeacherSettings(workers=2, **EMT_TEACHER), tmp_path) as teacher:
        labelled = teacher.label(frames, progress=lambda done, total: seen.append((done, total)))
        assert teacher.seconds_per_call > 0
        assert teacher.info.versions["ase"]
        assert teacher.info.weights_digest is None
    assert seen == [(k, 5) for k in range(1, 6)]
    for frame, result in zip(frames, labelled, strict=True):
        atoms = frame.to_atoms()
        atoms.calc = EMT()
        assert result.energy == pytest.approx(atoms.get_potential_energy(), abs=1e-12)
        np.testing.assert_allclose(result.forces, atoms.get_forces(), atol=1e-12)
        np.testing.assert_allclose(result.stress, atoms.get_stress(voigt=False), atol=1e-12)
        assert result.info == frame.info


def test_a_molecule_without_a_cell_has_no_stress(tmp_path):
    with Teacher(TeacherSettings(**EMT_TEACHER), tmp_path) as teacher:
        (labelled,) = teacher.label([Frame.from_atoms(molecule("H2O"))])
    assert labelled.stress is None
    assert labelled.forces.shape == (3, 3)


def test_no_frames_give_no_labels(tmp_path):
    with Teacher(TeacherSettings(**EMT_TEACHER), tmp_path) as teacher:
        assert teacher.label([]) == []


def test_a_frame_that_the_teacher_refuses_is_an_error_or_is_marked(copper, tmp_path):
    unknown = copper.replace(numbers=np.full(len(copper), 92))
    with Teacher(TeacherSettings(**EMT_TEACHER), tmp_path) as teacher:
        marked = teacher.label([copper, unknown, copper], on_error="mark")
        assert (
            marked[1].energy is None and "No EMT-potential for U" in marked[1].info["teacher_error"]
        )
        assert marked[0].energy == marked[2].energy
        with pytest.raises(TeacherError, match="No EMT-potential for U"):
            teacher.label([unknown])


def test_what_libraries_print_goes_to_the_log_and_not_into_the_answers(copper, bad, tmp_path):
    with Teacher(bad("Noisy"), tmp_path / "logs") as teacher:
        labelled = teacher.label([copper, copper])
    assert labelled[0].energy == labelled[1].energy
    log = (tmp_path / "logs" / "teacher-0.log").read_text()
    assert "printed while importing" in log
    assert log.count("printed while calculating") == 2
    assert "written to the file descriptor of stdout" in log


def test_a_worker_runs_the_threads_that_are_set(copper, bad, tmp_path):
    with Teacher(bad("Threads"), tmp_path) as teacher:
        assert teacher.label([copper])[0].energy == 1.0


def test_a_worker_that_dies_is_one_clear_message_with_the_end_of_its_log(copper, bad, tmp_path):
    with (
        Teacher(bad("Dies"), tmp_path / "logs") as teacher,
        pytest.raises(TeacherError, match=r"ended with status 7(.|\n)*about to die of a broken"),
    ):
        teacher.label([copper] * 4)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_killed_in_the_middle_of_md_ends_the_call_at_once(copper, tmp_path, workers):
    md = TeacherMDSettings(steps=10**6, frame_interval=10, temperature=300.0)
    jobs = [MDJob(f"run-{k}", copper, k) for k in range(workers)]
    with Teacher(TeacherSettings(workers=workers, **EMT_TEACHER), tmp_path) as teacher:
        pids = teacher.pids

        def kill_once(done: int, total: int) -> None:
            if done > 50:
                os.kill(pids[0], signal.SIGKILL)

        start = time.monotonic()
        with pytest.raises(TeacherError, match="killed by signal 9"):
            teacher.run_md(jobs, md, progress=kill_once)
        assert time.monotonic() - start < 30
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_worker_that_hangs_is_given_up(copper, bad, tmp_path):
    with (
        Teacher(bad("Hangs", call_timeout=0.5), tmp_path) as teacher,
        pytest.raises(TeacherError, match="did not reply for"),
    ):
        teacher.label([copper])


def test_leaving_the_teacher_ends_its_processes(tmp_path):
    with Teacher(TeacherSettings(workers=2, **EMT_TEACHER), tmp_path) as teacher:
        pids = teacher.pids
        assert len(set(pids)) == 2
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.parametrize("thermostat", ["nose-hoover", "langevin"])
def test_md_depends_on_the_seed_and_not_on_the_number_of_workers(copper, tmp_path, thermostat):
    md = TeacherMDSettings(steps=40, frame_interval=10, temperature=600.0, thermostat=thermostat)
    jobs = [MDJob(f"run-{k}", copper, seed) for k, seed in enumerate([1, 2, 1])]
    results = []
    for workers in (1, 2):
        done = []
        with Teacher(TeacherSettings(workers=workers, **EMT_TEACHER), tmp_path) as teacher:
            results.append(teacher.run_md(jobs, md, on_result=lambda r, d=done: d.append(r.name)))
        assert sorted(done) == ["run-0", "run-1", "run-2"]
    for one, two in zip(*results, strict=True):
        assert one.name == two.name and one.state == two.state == "finished"
        for a, b in zip(one.frames, two.frames, strict=True):
            np.testing.assert_array_equal(a.positions, b.positions)
    first, second, third = results[0]
    assert [frame.info["md_step"] for frame in first.frames] == [10, 20, 30, 40]
    assert first.frames[0].info["traj"] == "run-0"
    np.testing.assert_array_equal(first.frames[-1].forces, third.frames[-1].forces)
    assert not np.allclose(first.frames[-1].positions, second.frames[-1].positions)
    atoms = first.frames[-1].to_atoms()
    atoms.calc = EMT()
    np.testing.assert_allclose(first.frames[-1].forces, atoms.get_forces(), atol=1e-10)
    np.testing.assert_allclose(first.frames[-1].stress, atoms.get_stress(voigt=False), atol=1e-10)


def test_the_thermostat_holds_the_temperature(tmp_path):
    frame = Frame.from_atoms(bulk("Cu", cubic=True) * (2, 2, 2))
    md = TeacherMDSettings(
        steps=400, frame_interval=5, temperature=500.0, thermostat="langevin", damping=30.0
    )
    with Teacher(TeacherSettings(**EMT_TEACHER), tmp_path) as teacher:
        (result,) = teacher.run_md([MDJob("run", frame, 3)], md)
    late = [f.info["temperature_k"] for f in result.frames if f.info["md_step"] > 150]
    assert np.mean(late) == pytest.approx(500.0, rel=0.15)


def test_relaxation_comes_before_the_dynamics(tmp_path):
    atoms = bulk("Cu", cubic=True) * (2, 1, 1)
    atoms.rattle(0.3, seed=2)
    frame = Frame.from_atoms(atoms)
    jobs = [MDJob("run", frame, 0)]
    md = {"steps": 1, "frame_interval": 1, "temperature": 1.0, "max_force": 1e3}
    with Teacher(TeacherSettings(**EMT_TEACHER), tmp_path) as teacher:
        (plain,) = teacher.run_md(jobs, TeacherMDSettings(**md, temperature_factor=1e9))
        (relaxed,) = teacher.run_md(
            jobs, TeacherMDSettings(**md, temperature_factor=1e9, relax_steps=50, relax_fmax=0.05)
        )
    assert relaxed.frames[0].energy < plain.frames[0].energy - 0.1


@pytest.mark.parametrize(
    ("name", "reason"), [("Explodes", "largest force"), ("NotFinite", "not finite")]
)
def test_a_run_that_leaves_its_bounds_keeps_only_the_frames_before(
    copper, bad, tmp_path, name, reason
):
    md = TeacherMDSettings(steps=100, frame_interval=5, temperature=300.0)
    with Teacher(bad(name), tmp_path) as teacher:
        (result,) = teacher.run_md([MDJob("run", copper, 1)], md)
    assert result.state == "failed" and reason in result.reason
    assert 20 <= result.step <= 30
    assert [f.info["md_step"] for f in result.frames] == list(range(5, result.step, 5))
    assert all(np.abs(f.forces).max() < md.max_force for f in result.frames)
    assert result.as_dict()["frames"] == len(result.frames)


def test_a_run_above_its_temperature_bound_has_failed(tmp_path):
    hot = bulk("Cu", cubic=True) * (2, 2, 2)
    hot.rattle(0.6, seed=1)
    md = TeacherMDSettings(
        steps=200, frame_interval=10, temperature=50.0, damping=1e5, max_force=1e4
    )
    with Teacher(TeacherSettings(**EMT_TEACHER), tmp_path) as teacher:
        (result,) = teacher.run_md([MDJob("run", Frame.from_atoms(hot), 1)], md)
    assert result.state == "failed" and "temperature" in result.reason


def test_an_empty_frame_is_refused_and_the_teacher_stays_open(copper, tmp_path):
    empty = copper.replace(numbers=np.zeros(0, int), positions=np.zeros((0, 3)))
    with Teacher(TeacherSettings(**EMT_TEACHER), tmp_path) as teacher:
        with pytest.raises(InputError, match="without atoms"):
            teacher.label([copper, empty])
        assert len(teacher.label([copper])) == 1


def test_a_structure_that_fails_leaves_the_calculator_usable(copper, tmp_path):
    atoms, unknown = copper.to_atoms(), copper.to_atoms()
    unknown.numbers[:] = 92
    with Teacher(TeacherSettings(**EMT_TEACHER), tmp_path) as teacher:
        atoms.calc = unknown.calc = TeacherCalculator(teacher)
        with pytest.raises(FrameError, match="No EMT-potential for U"):
            unknown.get_potential_energy()
        assert np.isfinite(atoms.get_potential_energy())
