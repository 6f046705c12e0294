"""LAMMPS computes what each student computes, on any number of ranks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ipip.export.model_file import save_student
from ipip.graph import neighbor_list, species_index
from ipip.network import energy_and_forces
from ipip.testing.student.variants import unhidden
from tests.models.students import STUDENTS, small_student
from tests.models.systems import gas_with_loners
from tests.pair_style.conftest import Run, header, write_start
from tests.pair_style.conftest import lammps as lammps  # a fixture
from tests.pair_style.rank_runs import ask, on_ranks, pair

VOLUME_TIMES_PRESSURE = 1.6021765e6  # bar Å^3 in an eV, as LAMMPS has it


@pytest.mark.parametrize("n_ranks", [1, 2])
@pytest.mark.parametrize("name", STUDENTS)
def test_lammps_computes_the_same_on_ranks(
    name: str, n_ranks: int, lammps: Callable[..., Run], tmp_path: Path
) -> None:
    student = unhidden(small_student(name, layers=3), 0.3)
    save_student(student, tmp_path / "float64.pt")
    atoms = gas_with_loners()
    kind = species_index(atoms.numbers, student.symbols)
    edges, vectors = neighbor_list(atoms.positions, atoms.cell.array, atoms.pbc, student.cutoff)
    arrays = tuple(torch.as_tensor(a) for a in (kind, edges, vectors))
    _, forces, strain = energy_and_forces(student, *arrays)
    energies = student(*arrays, len(atoms)).detach().numpy()[:, 0]
    box = write_start(tmp_path, atoms)
    chosen = pair("backend torchscript check yes")
    found = on_ranks(lammps, header(box, pair=chosen) + ask("one"), n_ranks)
    scale = np.abs(forces.numpy()).max()
    np.testing.assert_allclose(found["forces"], forces, rtol=0, atol=1e-9 * scale)
    np.testing.assert_allclose(found["atomic energies"][:, 0], energies, rtol=1e-10)
    xx, yy, zz, xy, xz, yz = found["virial"] / VOLUME_TIMES_PRESSURE
    virial = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    scale = np.abs(strain.numpy()).max()
    np.testing.assert_allclose(virial, -strain[0], rtol=0, atol=1e-9 * scale)
    assert not found["forces"][-3:].any()  # two far atoms and a lone one
