"""Which atoms there are, their order and their names may be anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atom, Atoms

from ipip import IpipCalculator
from tests.pair_style.conftest import TYPES, Run, a_gas, header, values, write_start

Models = Callable[..., Path]
Lammps = Callable[..., Run]


def test_order_of_atoms_changes_nothing(models: Models, lammps: Lammps, tmp_path: Path) -> None:
    models()
    atoms = a_gas()
    energy, forces = values(lammps, header(write_start(tmp_path, atoms)))
    order = np.random.default_rng(9).permutation(len(atoms))
    box = write_start(tmp_path, atoms[order])
    energy_other, forces_other = values(lammps, header(box))
    assert energy_other == pytest.approx(energy, rel=1e-12)
    np.testing.assert_allclose(forces_other, forces[order], atol=1e-11 * np.abs(forces).max())


def test_tags_may_be_anything(models: Models, lammps: Lammps, tmp_path: Path) -> None:
    models()
    atoms = a_gas()
    box = write_start(tmp_path, atoms)
    energy, forces = values(lammps, header(box))
    text = (tmp_path / "start.data").read_text()
    head, body = text.split("Atoms # atomic\n\n")
    rows = [line.split() for line in body.splitlines()]
    tags = np.random.default_rng(6).permutation(10 * len(rows))[: len(rows)] * 7 + 3
    body = "\n".join(" ".join([str(t), *row[1:]]) for t, row in zip(tags, rows, strict=True))
    (tmp_path / "start.data").write_text(f"{head}Atoms # atomic\n\n{body}\n")
    energy_other, forces_other = values(lammps, header(box))
    assert energy_other == pytest.approx(energy, rel=1e-12)
    np.testing.assert_allclose(
        forces_other, forces[np.argsort(tags)], atol=1e-11 * np.abs(forces).max()
    )


def test_atoms_need_no_tags(models: Models, lammps: Lammps, tmp_path: Path) -> None:
    models()
    deck = (
        "lattice sc 3.1\nregion box block 0 2 0 2 0 2\ncreate_box 3 box\n"
        "create_atoms 2 box basis 1 2\nset group all type/fraction 3 0.4 11\nmass * 10\n"
        "displace_atoms all random 0.2 0.2 0.2 3\n"
        "pair_style ipip\npair_coeff * * float64.pt O Mo S\nthermo_modify norm no\n"
        "fix 1 all nve\nrun 10\ndump 1 all custom 1 out.dump x y z type fx fy fz\n"
        "dump_modify 1 format float %.17g\nrun 0\n"
        'print "$(pe:%.17g)" file values.json screen no\n'
    )
    run = lammps(f"units metal\natom_modify id no\n{deck}")
    assert run.status == 0, run.output
    rows = run.dump()
    assert len(rows) == 8
    atoms = Atoms([TYPES[int(t) - 1] for t in rows[:, 3]], rows[:, :3], cell=[6.2] * 3, pbc=True)
    atoms.calc = IpipCalculator(tmp_path / "float64.pt", backend="eager")
    assert run.values() == pytest.approx(atoms.get_potential_energy(), rel=1e-10)
    forces = atoms.get_forces()
    np.testing.assert_allclose(rows[:, 4:], forces, atol=1e-9 * np.abs(forces).max())


def test_atoms_may_come_and_go(models: Models, lammps: Lammps, tmp_path: Path) -> None:
    model = models()
    atoms = a_gas()
    box = write_start(tmp_path, atoms)
    deck = header(box) + (
        "run 0\n"
        "group gone id 3 7 8 20\ndelete_atoms group gone compress no\nrun 0\n"
        "create_atoms 3 single 5.5 5.4 0.7 units box\nrun 0\n"
        "dump 2 all custom 1 atoms.dump id type x y z\n"
        "dump_modify 2 sort id format float %.17g\n"
    )
    energy, forces = values(lammps, deck)
    rows = Run(0, "", tmp_path).dump("atoms.dump")
    assert len(rows) == len(atoms) - 4 + 1
    final = a_gas(1)
    del final[:]
    for _, kind, *place in rows:
        final.append(Atom(TYPES[int(kind) - 1], place))
    final.calc = IpipCalculator(model, backend="eager")
    assert energy == pytest.approx(final.get_potential_energy(), rel=1e-10)
    expected = final.get_forces()
    np.testing.assert_allclose(forces, expected, atol=1e-10 * np.abs(expected).max())


def test_atoms_may_arrive_during_a_run(models: Models, lammps: Lammps, tmp_path: Path) -> None:
    model = models(zbl=True)
    box = write_start(tmp_path, a_gas(8, 12.0))
    deck = header(box) + (
        "region top block 0 12 0 12 9 11 units box\ntimestep 0.0005\n"
        "fix 1 all nve\nfix 2 all deposit 5 3 10 4711 region top near 1.5\n"
        "run 60\nunfix 2\n"
        "dump 2 all custom 1 atoms.dump id type x y z\n"
        "dump_modify 2 sort id format float %.17g\n"
    )
    energy, forces = values(lammps, deck)
    rows = Run(0, "", tmp_path).dump("atoms.dump")
    assert len(rows) > 8
    final = Atoms([TYPES[int(r[1]) - 1] for r in rows], rows[:, 2:], cell=[12.0] * 3, pbc=True)
    final.calc = IpipCalculator(model, backend="eager")
    assert energy == pytest.approx(final.get_potential_energy(), rel=1e-10)
    expected = final.get_forces()
    np.testing.assert_allclose(forces, expected, atol=1e-9 * np.abs(expected).max())
