"""Student MD in LAMMPS: with the real pair style, and with simple potentials for the driver."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from ase.calculators.lj import LennardJones
from tests.uncertainty.made_up import made_up

from ipip.calculator import IpipCalculator
from ipip.config.md import Guards
from ipip.errors import InputError
from ipip.lammps import PairCommands, RunTrajectory, read_verdict, run_many, run_student_md
from ipip.lammps.run import execute
from ipip.uncertainty import write_uncertainty


def test_a_student_run_within_bounds_is_stable(make_run, weak_student):
    job = make_run(model=weak_student, min_distances={("Mo", "S"): 0.5})
    verdict = run_student_md(
        job.model, job.frame, job.md, job.guards, job.folder, job.seed, job.min_distances
    )
    assert (verdict.state, verdict.step) == ("stable", 60)
    assert verdict.us_per_atom_step > 0
    assert read_verdict(job.folder) == verdict


@pytest.mark.parametrize("thermostat", ["nose-hoover", "langevin"])
def test_stored_forces_are_the_students_in_the_orientation_of_the_start(
    make_run, weak_student, thermostat
):
    # A Langevin thermostat adds its own forces: they must not be in the dump.
    job = make_run(model=weak_student, thermostat=thermostat)
    execute(job)
    frames = list(RunTrajectory(job.folder).frames())
    np.testing.assert_allclose(frames[0].positions, job.frame.positions, atol=1e-8)
    for frame in (frames[0], frames[-1]):
        np.testing.assert_array_equal(frame.numbers, job.frame.numbers)
        np.testing.assert_array_equal(frame.cell, job.frame.cell)
        atoms = frame.to_atoms()
        atoms.calc = IpipCalculator(job.model)
        np.testing.assert_allclose(frame.forces, atoms.get_forces(), atol=1e-9)


def test_a_wild_student_blows_up_and_leaves_the_frames_before(make_run, wild_student):
    job = make_run(
        model=wild_student,
        temperature=2500.0,
        ring_interval=1,
        steps=2000,
        guards=Guards(max_force=1e4, max_energy_jump=None),
        min_distances={("Mo", "O"): 1.2, ("O", "O"): 1.0, ("S", "S"): 1.4, ("Mo", "Mo"): 1.8},
    )
    verdict = execute(job)
    assert verdict.state == "unstable"
    assert verdict.reason in {"temperature", "distance"}
    assert 0 < verdict.step < 2000
    run = RunTrajectory(job.folder)
    assert run.verdict == verdict
    last = list(run.frames([verdict.step]))
    assert len(last) == 1  # the frame that tripped
    ring = run.steps()[run.steps() >= verdict.step - 5]
    np.testing.assert_array_equal(ring, np.arange(max(0, verdict.step - 5), verdict.step + 1))


def test_every_guard_stops_the_run_on_the_step_it_trips(make_run, wild_student):
    loose = {"max_force": 1e6, "temperature_factor": 1e6}
    force = execute(
        make_run("force", model=wild_student, guards=Guards(**{**loose, "max_force": 1.0}))
    )
    assert (force.state, force.reason, force.step) == ("unstable", "force", 1)
    assert force.value > force.bound == 1.0
    pair = ("Mo", "S")
    distance = execute(
        make_run("distance", model=wild_student, guards=Guards(**loose), min_distances={pair: 3.5})
    )
    assert (distance.reason, distance.pair, distance.step) == ("distance", pair, 1)
    energy = execute(
        make_run("energy", model=wild_student, guards=Guards(**loose, max_energy_change=1e-3))
    )
    assert energy.reason == "energy" and energy.value > 1e-3
    jump = make_run(
        "jump", model=wild_student, guards=Guards(**loose, max_energy_jump=1e-4), frame_interval=1
    )
    verdict = execute(jump)
    assert (verdict.state, verdict.reason, verdict.step) == ("unstable", "energy", 1)
    energies = []
    for frame in RunTrajectory(jump.folder).frames([0, 1]):
        atoms = frame.to_atoms()
        atoms.calc = IpipCalculator(jump.model)
        energies.append(atoms.get_potential_energy())
    change = abs(energies[1] - energies[0]) / len(jump.frame)
    assert verdict.value == pytest.approx(change, rel=1e-4)


def test_a_run_ends_where_the_expected_error_is_above_its_bound(make_run, weak_student, tmp_path):
    known = tmp_path / "known.pt"
    write_uncertainty(weak_student, made_up(8), known)
    loose = make_run("loose", model=known, guards=Guards(max_uncertainty=1e5), frame_interval=1)
    assert execute(loose).state == "stable"
    largest = []
    for frame in RunTrajectory(loose.folder).frames(range(61)):
        atoms = frame.to_atoms()
        atoms.calc = IpipCalculator(known)
        largest.append(atoms.calc.get_property("uncertainties", atoms).max())
    bound = 0.5 * (max(largest[1:]) + sorted(largest[1:])[-2])
    first = next(step for step, value in enumerate(largest) if step > 0 and value > bound)
    verdict = execute(make_run("bounded", model=known, guards=Guards(max_uncertainty=bound)))
    assert (verdict.state, verdict.reason, verdict.step) == ("unstable", "uncertainty", first)
    assert verdict.value == pytest.approx(largest[first], rel=1e-5)
    with pytest.raises(InputError, match="has no expected errors; add them"):
        execute(make_run("plain", model=weak_student, guards=Guards(max_uncertainty=bound)))


@pytest.mark.parametrize("bound", [0.0, -0.1, float("nan"), float("inf")])
def test_a_bound_without_sense_is_refused(bound):
    with pytest.raises(ValueError, match="max_uncertainty"):
        Guards(max_uncertainty=bound)


def test_a_bias_is_in_the_deck_and_makes_another_run(make_run, weak_student, tmp_path):
    known = tmp_path / "known.pt"
    write_uncertainty(weak_student, made_up(8), known)
    plain, biased = make_run("plain", model=known), make_run("b", model=known, bias={"energy": 0.1})
    assert plain.digest() != biased.digest()
    assert {execute(plain).state, execute(biased).state} == {"stable"}
    deck = (biased.folder / "in.lammps").read_text()
    assert "pair_style ipip bias 0.1 bias_width 2\n" in deck
    assert "this run is biased" in (biased.folder / "log.lammps").read_text()
    ends = [list(RunTrajectory(job.folder).frames())[-1].positions for job in (plain, biased)]
    assert np.abs(ends[0] - ends[1]).max() > 1e-6
    with pytest.raises(InputError, match="has no expected errors; add them"):
        execute(make_run("unknown", model=weak_student, bias={"energy": 0.1}))


@pytest.mark.parametrize("energy", [0.0, -0.1, 2.5, float("nan")])
def test_a_bias_without_sense_is_refused(make_run, energy):
    with pytest.raises(ValueError, match=r"bias\.energy"):
        make_run(bias={"energy": energy})


def test_the_temperature_guard_follows_the_number_of_atoms(make_run):
    job = make_run()
    assert job.bounds.temperature == pytest.approx(300.0 * (1 + 8 * np.sqrt(2 / 36)))
    squeezed = job.frame.replace(positions=job.frame.positions * 0.6, cell=job.frame.cell * 0.6)
    verdict = execute(make_run(frame=squeezed, steps=500))
    assert verdict.state == "unstable"
    assert verdict.reason in {"temperature", "lost_atoms", "not_finite"}


def test_atoms_on_one_place_are_not_finite_and_not_stable(make_run):
    positions = make_run().frame.positions.copy()
    positions[1] = positions[0]
    verdict = execute(make_run(frame=make_run().frame.replace(positions=positions)))
    assert verdict.state == "unstable"
    assert verdict.reason in {"not_finite", "lost_atoms"}


def test_the_same_seed_gives_the_same_run_and_another_one_does_not(make_run):
    ends = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        job = make_run(name, seed=seed)
        execute(job)
        ends.append(next(RunTrajectory(job.folder).frames([60])).positions)
    np.testing.assert_array_equal(ends[0], ends[1])
    assert not np.allclose(ends[0], ends[2])


def test_the_trajectory_merges_dump_ring_and_last_frame(make_run):
    job = make_run(steps=57)
    execute(job)
    run = RunTrajectory(job.folder, name="round-1/run")
    assert run.steps().tolist() == [0, 20, 40, 48, 50, 52, 54, 56, 57]
    assert run.timestep == 1.0
    with pytest.raises(InputError, match="the frame of step 3 is missing"):
        list(run.frames([40, 3]))
    frames = list(run.frames([40, 57, 54]))
    assert [f.info["md_step"] for f in frames] == [40, 54, 57]
    assert frames[0].info["traj"] == "round-1/run"
    atoms = frames[-1].to_atoms()
    atoms.calc = LennardJones(sigma=2.5, epsilon=0.01, rc=5.0, smooth=False)
    np.testing.assert_allclose(frames[-1].forces, atoms.get_forces(), atol=1e-7)


def test_minimisation_comes_first_and_steps_count_from_its_end(make_run):
    job = make_run(minimize_steps=50, minimize_fmax=1e-4, temperature=1.0)
    verdict = execute(job)
    assert (verdict.state, verdict.step) == ("stable", 60)
    start = next(RunTrajectory(job.folder).frames([0]))
    first = job.frame.to_atoms()
    first.calc = LennardJones(sigma=2.5, epsilon=0.01, rc=5.0, smooth=False)
    assert np.abs(start.forces).max() < np.abs(first.get_forces()).max()


def test_an_open_molecule_runs(make_run):
    frame = make_run().frame.replace(pbc=np.zeros(3, dtype=bool), cell=np.zeros((3, 3)))
    job = make_run(frame=frame)
    assert execute(job).state == "stable"
    start = next(RunTrajectory(job.folder).frames([0]))
    np.testing.assert_allclose(start.positions, frame.positions, atol=1e-8)
    assert not start.pbc.any()


def test_restart_files_are_written(make_run):
    job = make_run(restart_interval=20)
    execute(job)
    assert (job.folder / "restart.a").exists() and (job.folder / "restart.b").exists()


def test_files_of_an_earlier_run_are_not_mistaken_for_this_one(make_run):
    job = make_run()
    execute(job)
    (job.folder / "ring" / "9999999999.dump").write_text("ITEM: stale")
    execute(job)
    assert RunTrajectory(job.folder).steps().max() == 60


def test_a_user_may_replace_the_deck(make_run, tmp_path):
    from ipip.lammps.deck import template_text

    deck = tmp_path / "own.lmp"
    deck.write_text(template_text(None).replace("tchain 3", "tchain 5"))
    job = make_run(deck=deck)
    assert execute(job).state == "stable"
    assert "tchain 5" in (job.folder / "in.lammps").read_text()
    deck.write_text("units {{ no_such_setting }}")
    with pytest.raises(InputError, match=r"own\.lmp.*'no_such_setting' is undefined"):
        execute(make_run("b", deck=deck))
    deck.write_text("units {{ oops")
    with pytest.raises(InputError, match=r"own\.lmp, line 1"):
        execute(make_run("c", deck=deck))
    with pytest.raises(InputError, match=r"nowhere\.lmp cannot be read"):
        execute(make_run("d", deck=tmp_path / "nowhere.lmp"))


def test_a_wrong_deck_or_model_is_an_input_error_and_not_instability(
    make_run, weak_student, tmp_path
):
    broken = PairCommands(("pair_style no/such/style 1.0",))
    with pytest.raises(InputError, match="cannot start: LAMMPS: Unrecognized pair style"):
        execute(make_run(pair=broken, symbols=("Mo", "S", "O")))
    with pytest.raises(InputError, match=r"absent\.pt"):
        execute(make_run(model=tmp_path / "absent.pt"))
    truncated = tmp_path / "truncated.pt"
    truncated.write_bytes(weak_student.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"truncated\.pt"):
        execute(make_run(model=truncated))
    frame = make_run().frame
    with pytest.raises(InputError, match="does not have W"):
        execute(make_run(model=weak_student, frame=frame.replace(numbers=np.full(12, 74))))
    with pytest.raises(InputError, match="cannot start"):
        execute(make_run("options", model=weak_student, pair_options="backend quantum"))


def test_many_runs_are_not_redone_unless_something_changed(make_run):
    jobs = [make_run(f"seed-{k}", seed=k) for k in range(3)]
    told, seen = [], []
    first = run_many(
        jobs, 2, progress=lambda *p: told.append(p), on_result=lambda j, v: seen.append(j.seed)
    )
    assert [v.state for v in first] == ["stable"] * 3
    assert sorted(seen) == [0, 1, 2] and told[-1] == (180, 180)
    times = [(job.folder / "log.lammps").stat().st_mtime_ns for job in jobs]
    changed = [jobs[0], make_run("seed-1", seed=1, temperature=310.0), jobs[2]]
    assert [v.state for v in run_many(changed, 2)] == ["stable"] * 3
    again = [(job.folder / "log.lammps").stat().st_mtime_ns for job in jobs]
    assert again[0] == times[0] and again[1] > times[1] and again[2] == times[2]
    with pytest.raises(InputError, match="share a folder"):
        run_many([jobs[0], jobs[0]], 2)


def test_one_run_that_cannot_start_ends_the_others(make_run):
    broken = make_run("b", pair=PairCommands(("pair_style no/such/style",)))
    start = time.monotonic()
    with pytest.raises(InputError, match="no/such/style"):
        run_many([make_run("a", steps=10**8), broken], 2)
    assert time.monotonic() - start < 30
    assert read_verdict(make_run("a").folder) is None


def _lammps_of(folder) -> list[int]:
    found = []
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.readlink(f"/proc/{entry}/cwd") == str(folder):
                found.append(int(entry))
        except OSError:
            continue
    return found


def _wait_for(condition, limit: float = 30.0) -> None:
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < limit
        time.sleep(0.05)


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_a_killed_lammps_is_no_verdict_on_the_student_and_runs_again(make_run):
    import threading

    job = make_run(steps=10**8)
    found = []
    thread = threading.Thread(target=lambda: found.extend(run_many([job], 1)))
    thread.start()
    _wait_for(lambda: list((job.folder / "ring").glob("*.dump")))
    for pid in _lammps_of(job.folder):
        os.kill(pid, signal.SIGKILL)
    thread.join(30)
    assert (found[0].state, found[0].reason) == ("failed", "killed")
    assert found[0].step is not None
    list(RunTrajectory(job.folder).frames())  # a frame that was cut off does not hurt


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_lammps_ends_with_the_process_that_started_it(make_run, tmp_path):
    job = make_run()
    script = f"""
import pickle
from ipip.lammps import run_many
run_many([pickle.load(open({str(tmp_path / "job")!r}, "rb"))], 1)
"""
    import dataclasses
    import pickle

    long = dataclasses.replace(job, md=job.md.model_copy(update={"steps": 10**8}))
    (tmp_path / "job").write_bytes(pickle.dumps(long))
    parent = subprocess.Popen([sys.executable, "-c", script])
    try:
        _wait_for(lambda: list((job.folder / "ring").glob("*.dump")))
        assert len(_lammps_of(job.folder)) == 1
    finally:
        parent.kill()
        parent.wait()
    _wait_for(lambda: not _lammps_of(job.folder))
