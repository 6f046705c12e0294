"""Derivatives, energy conservation with migration, relaxation and rerun on two ranks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.pair_style.conftest import Run, a_crystal, a_gas, header, write_start
from tests.pair_style.rank_runs import answers, ask, assert_same, pair

Models = Callable[..., Path]
Lammps = Callable[..., Run]


def test_forces_and_virial_are_finite_differences(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models()
    box = write_start(tmp_path, a_crystal())
    run = lammps(
        header(box, extra="atom_modify map yes") + "fix check all numdiff 1 1.0e-4\n"
        "compute p all pressure NULL virial\nfix strain all numdiff/virial 1 1.0e-6\n"
        "thermo_style custom pe c_p[*] f_strain[*]\nrun 0\n"
        "dump 1 all custom 1 out.dump id fx fy fz f_check[1] f_check[2] f_check[3]\n"
        "dump_modify 1 sort id format float %.17g\nrun 0\n"
        'print "[[$(c_p[1]:%.12g),$(c_p[2]:%.12g),$(c_p[3]:%.12g),$(c_p[4]:%.12g),'
        "$(c_p[5]:%.12g),$(c_p[6]:%.12g)],[$(f_strain[1]:%.12g),$(f_strain[2]:%.12g),"
        '$(f_strain[3]:%.12g),$(f_strain[6]:%.12g),$(f_strain[5]:%.12g),$(f_strain[4]:%.12g)]]" '
        "file values.json screen no\n",
        ranks=2,
    )
    assert run.status == 0, run.output
    rows = run.dump()
    forces, numeric = rows[:, 1:4], rows[:, 4:]
    np.testing.assert_allclose(numeric, forces, atol=2e-6 * np.abs(forces).max())
    pressure, strain = np.array(run.values())
    np.testing.assert_allclose(strain, pressure, atol=2e-6 * np.abs(pressure).max())


def test_energy_is_conserved_while_atoms_migrate(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models(zbl=True)
    box = write_start(tmp_path, a_gas())
    run = lammps(
        header(box, pair=pair("check yes"))
        + "neighbor 0.3 bin\nneigh_modify every 1 delay 0 check yes\n"
        "velocity all create 3000 11 mom yes\nfix 1 all nve\ntimestep 0.0002\n"
        "compute r all property/atom proc\nthermo_modify norm no\n"
        "dump 1 all custom 500 proc.dump id c_r\ndump_modify 1 sort id\n"
        "fix out all print 10 \"$(etotal:%.15g) $(ke:%.15g)\" file energy.txt screen no title ''\n"
        "thermo 10\nrun 500\nrun 500\n",
        ranks=2,
    )
    assert run.status == 0, run.output
    builds = [int(part.split()[0]) for part in run.output.split("Neighbor list builds =")[1:]]
    assert sum(builds) > 20
    frames = (run.folder / "proc.dump").read_text().split("ITEM: ATOMS")[1:]
    owners = [[int(line.split()[1]) for line in frame.splitlines()[1:25]] for frame in frames]
    assert owners[0] != owners[-1]
    total, kinetic = np.loadtxt(run.folder / "energy.txt", comments="#").T
    drift = np.polyfit(np.arange(len(total)), total, 1)[0] * len(total)
    assert abs(drift) < 2e-3 * kinetic.mean()
    assert np.ptp(total) < 2e-2 * kinetic.mean()


MOTIONS = {
    "minimize": "minimize 0 0.05 20 40\n",
    "nvt": "velocity all create 300 5 loop geom\nfix 1 all nvt temp 300 300 0.1 tchain 3\n"
    "timestep 0.0005\nrun 20\nrun 10\nunfix 1\n",
    "npt": "velocity all create 300 5 loop geom\nfix 1 all npt temp 300 300 0.1 tri 0 0 1.0\n"
    "timestep 0.0005\nrun 20\nrun 10\nunfix 1\n",
    "balance": "velocity all create 900 5 loop geom\nfix 1 all nve\ntimestep 0.0005\n"
    "comm_style tiled\nfix 2 all balance 5 1.0 rcb\nrun 20\nunfix 1\nunfix 2\n",
}


@pytest.mark.parametrize("motion", MOTIONS)
def test_two_ranks_go_where_one_goes(
    models: Models, lammps: Lammps, tmp_path: Path, motion: str
) -> None:
    models(zbl=True)
    # LAMMPS' tiled domains want boxes that are longer than the cutoff
    box = write_start(tmp_path, a_gas() if motion == "balance" else a_crystal())
    deck = header(box) + "thermo_modify norm no\n" + MOTIONS[motion] + ask("one")
    expected = answers(lammps(deck), "one")
    assert_same(answers(lammps(deck, ranks=2), "one"), expected, 1e-6)


def test_rerun_gives_the_forces_of_the_run(models: Models, lammps: Lammps, tmp_path: Path) -> None:
    models(zbl=True)
    box = write_start(tmp_path, a_gas())
    run = lammps(
        header(box) + "velocity all create 900 3\nfix 1 all nve\ntimestep 0.0005\n"
        "dump 1 all custom 10 traj.dump id type x y z fx fy fz\n"
        "dump_modify 1 sort id format float %.17g\nrun 20\nundump 1\nunfix 1\n"
        "dump 2 all custom 10 out.dump id fx fy fz\ndump_modify 2 sort id format float %.17g\n"
        "rerun traj.dump dump x y z\n",
        ranks=2,
    )
    assert run.status == 0, run.output
    first, again = run.dump("traj.dump")[:, 5:], run.dump()[:, 1:]
    np.testing.assert_allclose(again, first, atol=1e-10 * np.abs(first).max())


def test_the_end_of_a_run_prints_where_the_time_went(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models()
    box = write_start(tmp_path, a_gas())
    run = lammps(header(box) + "fix 1 all nve\nrun 5\nrun 3\n", ranks=2)
    assert run.status == 0, run.output
    assert run.output.count("pair_style ipip: 5 evaluations on 2 ranks") == 1
    assert run.output.count("pair_style ipip: 4 evaluations on 2 ranks") == 1
    assert run.output.count("pair_style ipip: warm-up ") == 1
    assert run.output.index("pair_style ipip: warm-up ") < run.output.index("pair_style ipip: 5")
    table = run.output[run.output.index("pair_style ipip: 5") :].splitlines()
    lines = {line[:16].strip(): line[16:].split() for line in table[2:10]}
    names = ["graph, s", "forward, s", "halo, s", "backward, s", "forces, s"]
    assert list(lines) == [*names, "atoms/step", "halo rows/step", "pairs/step"]
    shares = [float(lines[name][4].rstrip("%")) for name in names]
    assert sum(shares) == pytest.approx(100.0, abs=0.3)
    assert float(lines["atoms/step"][1]) == 12.0
    least, mean, most = (float(v) for v in lines["halo rows/step"][:3])
    assert 0 < least <= mean <= most <= 24
    for name in names:
        least, mean, most = (float(v) for v in lines[name][:3])
        assert 0 < least <= mean * 1.001 and mean <= most * 1.001
