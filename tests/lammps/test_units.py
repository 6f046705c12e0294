"""The same MD in LAMMPS' units metal and real, and the units of run folders."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from ipip.cli.main import main
from ipip.errors import InputError
from ipip.lammps import RunTrajectory, read_dump
from ipip.lammps.dump_origin import run_folder_of, timestep_of_run, units_of_dump
from ipip.lammps.geometry import lammps_box, write_data
from ipip.lammps.process import lammps_command, lammps_environment
from ipip.lammps.run import execute
from ipip.lammps.units import units_of_run

DECK = """\
units           {units}
atom_style      atomic
read_data       start.data
pair_style      ipip
pair_coeff      * * "{model}" Mo S O
timestep        {timestep}
velocity        all set {speed} 0 0
fix             integrate all nve
dump            all all custom 5 {units}.dump id type element xu yu zu fx fy fz
dump_modify     all units yes time yes element Mo S O format float %.10g
run             20
"""


@pytest.fixture(scope="module")
def dumps(tmp_path_factory, box, weak_student) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("units")
    write_data(folder / "start.data", box, ("Mo", "S", "O"), lammps_box(box))
    for units, timestep, speed in (("metal", 0.001, 5.0), ("real", 1.0, 0.005)):
        deck = DECK.format(units=units, timestep=timestep, speed=speed, model=weak_student)
        (folder / "in.lammps").write_text(deck)
        command = lammps_command("-in", "in.lammps", "-log", "none", "-nocite")
        subprocess.run(
            command, cwd=folder, check=True, capture_output=True, env=lammps_environment()
        )
    return {units: folder / f"{units}.dump" for units in ("metal", "real")}


def test_the_dumps_of_lammps_itself_agree_whatever_its_units(dumps):
    for metal, real in zip(*(read_dump(dumps[u]) for u in ("metal", "real")), strict=True):
        assert metal.step == real.step
        assert metal.time == pytest.approx(metal.step) and real.time == pytest.approx(real.step)
        np.testing.assert_allclose(real.positions, metal.positions, atol=1e-6)
        assert np.abs(metal.forces).max() > 1e-4  # eV/Å
        np.testing.assert_allclose(real.forces, metal.forces, rtol=1e-4, atol=1e-8)


def test_species_of_both_are_the_same(dumps, tmp_path, capsys):
    found = []
    for units, path in dumps.items():
        command = ["species", str(path), "--follow", "Mo", "--dir", str(tmp_path / units), "--json"]
        assert main(command) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert found[0]["timestep_fs"] == pytest.approx(1.0)
    assert found[1].pop("timestep_fs") == pytest.approx(found[0].pop("timestep_fs"))
    assert found[0] == found[1]


def test_a_run_folder_states_the_units_and_the_time_step_of_its_dumps(make_run):
    job = make_run(steps=20, timestep=0.5)
    execute(job)
    ring = next((job.folder / "ring").glob("*.dump"))
    for dump in (job.folder / "trajectory.dump", ring):
        assert run_folder_of(dump) == job.folder
        assert (units_of_dump(dump, None), timestep_of_run(dump, None)) == ("metal", 0.5)
        with pytest.raises(InputError, match="states LAMMPS' units metal, but real were given"):
            units_of_dump(dump, "real")
    lone = job.folder.parent / "lone.dump"
    shutil.copy(ring, lone)
    assert (units_of_dump(lone, None), timestep_of_run(lone, 2.0)) == (None, 2.0)


def test_the_frames_of_a_run_in_other_units_are_converted(make_run):
    """Of a folder of an earlier version, which did not refuse such decks."""
    job = make_run(steps=20)
    execute(job)
    (metal,) = RunTrajectory(job.folder).frames([20])
    screen = job.folder / "screen.txt"
    screen.write_text(screen.read_text().replace(": metal", ": real"))
    assert units_of_run(job.folder) == "real"
    (real,) = RunTrajectory(job.folder).frames([20])
    np.testing.assert_allclose(real.forces, metal.forces * 0.0433641, rtol=1e-6)
    screen.unlink()
    assert units_of_run(job.folder) == "metal"  # as in its deck


def test_a_run_whose_steps_start_again_is_refused(make_run):
    job = make_run(steps=20)
    execute(job)
    dump = job.folder / "trajectory.dump"
    assert RunTrajectory(job.folder).steps().max() == 20
    dump.write_text(dump.read_text() * 2)
    (job.folder / "verdict.json").unlink()  # with the digest of the dump as it was
    with pytest.raises(InputError, match=r"trajectory\.dump: its steps start again at 0"):
        RunTrajectory(job.folder).steps()
