"""LAMMPS agrees with the ASE calculator."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase.units import kcal, mol

from ipip import IpipCalculator
from ipip.data.frame import Frame
from ipip.lammps.deck import student_pair
from ipip.lammps.single_point import single_point
from tests.pair_style.conftest import (
    SYSTEMS,
    TYPES,
    Run,
    a_crystal,
    a_gas,
    header,
    values,
    write_start,
)

Models = Callable[..., Path]
Lammps = Callable[..., Run]


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 1e-5)])
@pytest.mark.parametrize("system", SYSTEMS)
def test_energy_forces_and_stress_equal_the_calculators(
    models: Models, system: str, dtype: str, tolerance: float
) -> None:
    atoms = SYSTEMS[system]()
    model = models(dtype, zbl=True)
    atoms.calc = IpipCalculator(model, backend="eager")
    found = single_point(Frame.from_atoms(atoms), student_pair(model, TYPES), TYPES)
    assert found.energy == pytest.approx(atoms.get_potential_energy(), rel=tolerance)
    assert found.forces is not None
    forces = atoms.get_forces()
    np.testing.assert_allclose(found.forces, forces, atol=tolerance * np.abs(forces).max())
    if atoms.pbc.all():
        assert found.stress is not None
        stress = atoms.get_stress(voigt=False)
        np.testing.assert_allclose(found.stress, stress, atol=tolerance * np.abs(stress).max())


PER_ATOM = """
compute e all pe/atom
compute s all stress/atom NULL virial
compute c all centroid/stress/atom NULL virial
compute esum all reduce sum c_e
compute ssum all reduce sum c_s[1] c_s[2] c_s[3] c_s[4] c_s[5] c_s[6]
compute csum all reduce sum c_c[*]
thermo_style custom pe pxx pyy pzz pxy pxz pyz vol c_esum c_ssum[*] c_csum[*]
thermo_modify norm no
dump 1 all custom 1 out.dump id c_e
dump_modify 1 sort id format float %.17g
run 0
print "[[$(pe:%.17g),$(c_esum:%.17g)],[$(pxx*vol:%.17g),$(pyy*vol:%.17g),$(pzz*vol:%.17g),$(pxy*vol:%.17g),$(pxz*vol:%.17g),$(pyz*vol:%.17g)],[$(c_ssum[1]:%.17g),$(c_ssum[2]:%.17g),$(c_ssum[3]:%.17g),$(c_ssum[4]:%.17g),$(c_ssum[5]:%.17g),$(c_ssum[6]:%.17g)],[$(c_csum[1]:%.17g),$(c_csum[2]:%.17g),$(c_csum[3]:%.17g),$(c_csum[4]:%.17g),$(c_csum[5]:%.17g),$(c_csum[6]:%.17g),$(c_csum[7]:%.17g),$(c_csum[8]:%.17g),$(c_csum[9]:%.17g)]]" file values.json screen no
"""  # noqa: E501


def test_per_atom_quantities_sum_to_the_totals_and_energies_are_the_calculators(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    model, atoms = models(), a_crystal()
    box = write_start(tmp_path, atoms)
    run = lammps(header(box) + PER_ATOM)
    assert run.status == 0, run.output
    (energy, energy_sum), pressure, stress, centroid = run.values()
    assert energy_sum == pytest.approx(energy, rel=1e-12)
    virial = -np.array(pressure)
    size = np.abs(virial).max()
    np.testing.assert_allclose(stress, virial, atol=1e-10 * size)
    np.testing.assert_allclose(centroid[:6], virial, atol=1e-10 * size)
    np.testing.assert_allclose(centroid[6:], virial[3:], atol=1e-10 * size)  # yx zx zy
    atoms.calc = IpipCalculator(model, backend="eager")
    np.testing.assert_allclose(run.dump()[:, 1], atoms.get_potential_energies(), rtol=1e-10)


def test_real_units_are_converted(models: Models, lammps: Lammps, tmp_path: Path) -> None:
    models()
    box = write_start(tmp_path, a_gas())
    energy, forces = values(lammps, header(box))
    real_energy, real_forces = values(lammps, header(box, units="real"))
    assert real_energy * kcal / mol == pytest.approx(energy, rel=1e-7)
    np.testing.assert_allclose(
        real_forces * kcal / mol, forces, rtol=1e-7, atol=1e-7 * np.abs(forces).max()
    )


def test_newton_off_gives_the_same(models: Models, lammps: Lammps, tmp_path: Path) -> None:
    models()
    box = write_start(tmp_path, a_gas())
    energy, forces = values(lammps, header(box))
    energy_off, forces_off = values(lammps, header(box, extra="newton off"))
    assert energy_off == pytest.approx(energy, rel=1e-13)
    np.testing.assert_allclose(forces_off, forces, atol=1e-12 * np.abs(forces).max())


def test_types_mapped_to_null_belong_to_another_style(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    model, atoms = models(), a_gas()
    box = write_start(tmp_path, atoms)
    energy, forces = values(
        lammps,
        header(
            box,
            pair=f"pair_style hybrid/overlay ipip lj/cut 4.0\n"
            f"pair_coeff * * ipip {model} NULL Mo S\npair_coeff 1 * lj/cut 0.01 2.5\n",
        ),
    )
    lj_energy, lj_forces = values(
        lammps,
        header(
            box,
            pair="pair_style hybrid/overlay zero 4.0 lj/cut 4.0\n"
            "pair_coeff * * zero\npair_coeff 1 * lj/cut 0.01 2.5\n",
        ),
    )
    kept = atoms[[a.symbol != "O" for a in atoms]]
    kept.calc = IpipCalculator(model, backend="eager")
    assert energy - lj_energy == pytest.approx(kept.get_potential_energy(), rel=1e-10)
    ours = (forces - lj_forces)[[a.symbol != "O" for a in atoms]]
    np.testing.assert_allclose(ours, kept.get_forces(), atol=1e-10 * np.abs(forces).max())


def test_overlay_adds_a_core(models: Models, lammps: Lammps, tmp_path: Path) -> None:
    model = models()
    box = write_start(tmp_path, a_crystal())
    charges = [8, 42, 16]
    zbl = "".join(
        f"pair_coeff {i + 1} {j + 1} {{0}} {charges[i]} {charges[j]}\n"
        for i in range(3)
        for j in range(i, 3)
    )
    alone, forces_alone = values(lammps, header(box))
    core, forces_core = values(
        lammps, header(box, pair="pair_style zbl 1.5 2.5\n" + zbl.format(""))
    )
    both, forces_both = values(
        lammps,
        header(
            box,
            pair="pair_style hybrid/overlay ipip zbl 1.5 2.5\n"
            f"pair_coeff * * ipip {model} O Mo S\n" + zbl.format("zbl"),
        ),
    )
    assert both == pytest.approx(alone + core, rel=1e-12)
    np.testing.assert_allclose(
        forces_both, forces_alone + forces_core, atol=1e-10 * np.abs(forces_both).max()
    )


def test_compute_pair_gives_largest_force_and_smallest_distances(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models()
    atoms: Any = a_gas()
    box = write_start(tmp_path, atoms)
    run = lammps(
        header(box) + "compute p all pair ipip\n"
        "thermo_style custom pe c_p[*]\nrun 0\n"
        'print "[$(c_p[1]:%.15g),$(c_p[2]:%.15g),$(c_p[3]:%.15g),$(c_p[4]:%.15g),$(c_p[5]:%.15g),'
        '$(c_p[6]:%.15g),$(c_p[7]:%.15g)]" file values.json screen no\n'
    )
    assert run.status == 0, run.output
    largest, *closest = run.values()
    _, forces = values(lammps, header(box))
    assert largest == pytest.approx(np.linalg.norm(forces, axis=1).max(), rel=1e-12)
    distances = atoms.get_all_distances(mic=True)
    np.fill_diagonal(distances, np.inf)
    symbols = np.array(atoms.get_chemical_symbols())
    expected = [
        min(5.0, distances[np.ix_(symbols == a, symbols == b)].min())
        for k, a in enumerate(TYPES)
        for b in TYPES[k:]
    ]
    np.testing.assert_allclose(closest, expected, rtol=1e-10)
