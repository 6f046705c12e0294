"""Derivatives inside LAMMPS, energy conservation, NPT, minimisation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.pair_style.conftest import Run, a_crystal, a_gas, header, write_start

Models = Callable[..., Path]
Lammps = Callable[..., Run]


def test_forces_are_finite_differences_inside_lammps(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models()
    box = write_start(tmp_path, a_crystal())
    run = lammps(
        header(box, extra="atom_modify map yes") + "fix check all numdiff 1 1.0e-4\nrun 0\n"
        "dump 1 all custom 1 out.dump id fx fy fz f_check[1] f_check[2] f_check[3]\n"
        "dump_modify 1 sort id format float %.17g\nrun 0\n"
    )
    assert run.status == 0, run.output
    rows = run.dump()
    forces, numeric = rows[:, 1:4], rows[:, 4:]
    np.testing.assert_allclose(numeric, forces, atol=2e-6 * np.abs(forces).max())


def test_virial_is_the_strain_derivative_inside_lammps(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models()
    box = write_start(tmp_path, a_crystal())
    run = lammps(
        header(box) + "compute p all pressure NULL virial\n"
        "fix check all numdiff/virial 1 1.0e-6\n"
        "thermo_style custom pe c_p[*] f_check[*]\nrun 0\n"
        'print "[[$(c_p[1]:%.12g),$(c_p[2]:%.12g),$(c_p[3]:%.12g),$(c_p[4]:%.12g),'
        "$(c_p[5]:%.12g),$(c_p[6]:%.12g)],[$(f_check[1]:%.12g),$(f_check[2]:%.12g),"
        '$(f_check[3]:%.12g),$(f_check[6]:%.12g),$(f_check[5]:%.12g),$(f_check[4]:%.12g)]]" '
        "file values.json screen no\n"
    )
    assert run.status == 0, run.output
    pressure, numeric = np.array(run.values())
    np.testing.assert_allclose(numeric, pressure, atol=2e-6 * np.abs(pressure).max())


def test_energy_is_conserved_over_reneighbouring(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models(zbl=True)
    box = write_start(tmp_path, a_gas())
    run = lammps(
        header(box) + "neighbor 0.3 bin\nneigh_modify every 1 delay 0 check yes\n"
        "velocity all create 600 11 mom yes\nminimize 0 1.0 200 400\nreset_timestep 0\n"
        "velocity all create 600 11 mom yes\nfix 1 all nve\ntimestep 0.0002\n"
        "thermo_modify norm no\nrun 0\nvariable e0 equal $(etotal:%.17g)\n"
        "fix out all print 20 \"$(etotal:%.15g) $(ke:%.15g)\" file energy.txt screen no title ''\n"
        "run 2000\n"
    )
    assert run.status == 0, run.output
    builds = int(run.output.split("Neighbor list builds =")[-1].split()[0])
    assert builds > 20
    total, kinetic = np.loadtxt(run.folder / "energy.txt", comments="#").T
    drift = np.polyfit(np.arange(len(total)), total, 1)[0] * len(total)
    assert abs(drift) < 2e-3 * kinetic.mean()
    assert np.ptp(total) < 2e-2 * kinetic.mean()


def test_minimize_and_npt_run(models: Models, lammps: Lammps, tmp_path: Path) -> None:
    models(zbl=True)
    box = write_start(tmp_path, a_crystal())
    run = lammps(
        header(box) + "thermo_modify norm no\nrun 0\nvariable before equal $(pe)\n"
        "minimize 0 0.05 100 200\nvariable after equal $(pe)\n"
        "velocity all create 300 5\nfix 1 all npt temp 300 300 0.01 tri 0 0 1.0\ntimestep 0.0001\n"
        'run 40\nrun 20\nprint "[$(v_before),$(v_after),$(step)]" file values.json screen no\n'
    )
    assert run.status == 0, run.output
    before, after, _ = run.values()
    assert after < before


def test_rerun_gives_the_forces_of_the_run(models: Models, lammps: Lammps, tmp_path: Path) -> None:
    models(zbl=True)
    box = write_start(tmp_path, a_gas())
    run = lammps(
        header(box) + "velocity all create 900 3\nfix 1 all nve\ntimestep 0.0005\n"
        "dump 1 all custom 20 traj.dump id type x y z fx fy fz\n"
        "dump_modify 1 sort id format float %.17g\nrun 40\nundump 1\nunfix 1\n"
        "dump 2 all custom 20 out.dump id fx fy fz\ndump_modify 2 sort id format float %.17g\n"
        "rerun traj.dump dump x y z\n"
    )
    assert run.status == 0, run.output
    first, again = run.dump("traj.dump")[:, 5:], run.dump()[:, 1:]
    np.testing.assert_allclose(again, first, atol=1e-10 * np.abs(first).max())


@pytest.mark.parametrize("text", ["no atoms", "one atom", "far apart"])
def test_empty_and_lonely_systems_run(
    models: Models, lammps: Lammps, tmp_path: Path, text: str
) -> None:
    models()
    atoms = {"no atoms": "", "one atom": "create_atoms 2 single 5 5 5\n"}.get(
        text, "create_atoms 2 single 5 5 5\ncreate_atoms 3 single 25 25 25\n"
    )
    run = lammps(
        "units metal\nregion box block 0 40 0 40 0 40\ncreate_box 3 box\n"
        + atoms
        + "mass * 10\npair_style ipip\npair_coeff * * float64.pt O Mo S\n"
        "thermo_modify norm no\ncompute f all reduce max fx fy fz\nfix 1 all nve\nrun 5\n"
        'print "[$(pe:%.12g)]" file values.json screen no\n'
    )
    assert run.status == 0, run.output
    energy = run.values()[0]
    assert np.isfinite(energy)
    assert (energy == 0.0) == (text == "no atoms")
