"""Thermostats on two ranks, and the heat flux of the per-atom quantities."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ipip import IpipCalculator
from tests.pair_style.conftest import Run, a_crystal, a_gas, header, write_start
from tests.pair_style.rank_runs import pair

Models = Callable[..., Path]
Lammps = Callable[..., Run]

BAR_A3 = 6.241509e-7  # eV in one bar Å^3


def test_langevin_holds_the_temperature_and_does_not_change_the_students_forces(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    model = models(zbl=True)
    atoms = a_gas()
    run = lammps(
        header(write_start(tmp_path, atoms), pair=pair("check yes"))
        + "minimize 0 0.5 20 40\nreset_timestep 0\nvelocity all create 900 7 mom yes\n"
        "fix 1 all nve\nfix 2 all langevin 600 600 0.005 4711\ntimestep 0.0005\n"
        "fix t all ave/time 1 100 140 c_thermo_temp file temperature.txt\n"
        "run 100\nrun 50\nunfix 2\nunfix t\nthermo_modify norm no\n"
        "dump 1 all custom 1 out.dump id x y z fx fy fz\n"
        "dump_modify 1 sort id format float %.17g\nrun 0\n"
        'print "$(pe:%.17g)" file values.json screen no\n',
        ranks=2,
    )
    assert run.status == 0, run.output
    mean = float((tmp_path / "temperature.txt").read_text().split()[-1])
    assert mean == pytest.approx(600.0, rel=0.35)
    rows = run.dump()
    atoms.positions = rows[:, 1:4]
    atoms.calc = IpipCalculator(model)
    assert run.values() == pytest.approx(atoms.get_potential_energy(), rel=1e-10)
    forces = atoms.get_forces()
    np.testing.assert_allclose(rows[:, 4:], forces, atol=1e-9 * np.abs(forces).max())


FLUX = (
    "velocity all create 900 5 loop geom\n"
    "compute ke all ke/atom\ncompute pe all pe/atom\n"
    "compute w all centroid/stress/atom NULL virial\n"
    "compute flux all heat/flux ke pe w\nthermo_style custom step c_flux[*]\n"
    "dump 1 all custom 1 out.dump id vx vy vz c_ke c_pe c_w[*]\n"
    "dump_modify 1 sort id format float %.17g\nrun 0\n"
    'print "[$(c_flux[1]:%.17g),$(c_flux[2]:%.17g),$(c_flux[3]:%.17g)]" '
    "file values.json screen no\n"
)


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_the_heat_flux_follows_from_atomic_energies_and_centroid_virials(
    models: Models, lammps: Lammps, tmp_path: Path, ranks: int
) -> None:
    model = models()
    atoms = a_crystal()
    box = write_start(tmp_path, atoms)
    run = lammps(header(box, pair=pair()) + FLUX, ranks=ranks)
    assert run.status == 0, run.output
    rows = run.dump()
    velocities, kinetic, potential, stress = rows[:, 1:4], rows[:, 4], rows[:, 5], rows[:, 6:]
    atoms.calc = IpipCalculator(model)
    np.testing.assert_allclose(potential, atoms.get_potential_energies(), rtol=1e-10)
    xx, yy, zz, xy, xz, yz, yx, zx, zy = stress.T * BAR_A3  # minus the virials
    tensor = np.array([[xx, xy, xz], [yx, yy, yz], [zx, zy, zz]])
    flux = ((kinetic + potential)[:, None] * velocities).sum(axis=0)
    flux -= np.einsum("abi,ib->a", tensor, velocities)
    np.testing.assert_allclose(run.values(), flux, atol=1e-6 * np.abs(flux).max())
