"""What every student must satisfy on halo rows, on ranks and in LAMMPS."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from ipip import _core
from ipip.export.model_file import save_student
from ipip.graph import neighbor_list, species_index
from ipip.models import Student
from ipip.network import energy_and_forces
from tests.models.ranks import Ranks
from tests.models.systems import as_halo_rows, dimer, gas_with_loners, system
from tests.pair_style.conftest import Run, header, write_start
from tests.pair_style.rank_runs import ask, on_ranks, pair

VOLUME_TIMES_PRESSURE = 1.6021765e6  # bar Å^3 in an eV, as LAMMPS has it
Make = Callable[..., Student]


class RankContract:
    """Tests that ask for a fixture `make`: the student, in float64 and with random biases."""

    @pytest.mark.parametrize("n_ranks", [1, 2])
    def test_lammps_computes_the_same_on_ranks(
        self, make: Make, n_ranks: int, lammps: Callable[..., Run], tmp_path: Path
    ) -> None:
        student = make(layers=3)
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

    def test_halo_rows_count_as_the_atoms_that_own_them(self, make: Make) -> None:
        student = make(layers=3)
        points, cell, species = system()
        edges, vectors = neighbor_list(points, cell, True, student.cutoff)
        whole = torch.as_tensor(vectors).requires_grad_(True)
        parted = torch.as_tensor(vectors).requires_grad_(True)
        kind = torch.as_tensor(species)
        one = student(kind, torch.as_tensor(edges), whole, len(points))
        rows, shown, owners = as_halo_rows(points, cell, edges, vectors)
        assert len(owners) > 2 * len(points)
        with _core.GatherHalo(len(points), owners):
            many = student(kind[shown], rows, parted, len(points))
        torch.testing.assert_close(many, one, rtol=1e-13, atol=1e-13)
        gradients = [
            torch.autograd.grad((e**2).sum(), v)[0] for e, v in ((one, whole), (many, parted))
        ]
        scale = float(gradients[0].abs().max())
        torch.testing.assert_close(gradients[1], gradients[0], rtol=0, atol=1e-12 * scale)

    @pytest.mark.parametrize("n_ranks", [1, 2, 4])
    def test_any_number_of_ranks_gives_the_same(
        self, make: Make, n_ranks: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        student = make(layers=3)
        points, cell, species = system()
        edges, vectors = (
            torch.as_tensor(a) for a in neighbor_list(points, cell, True, student.cutoff)
        )
        vectors.requires_grad_(True)
        kind = torch.as_tensor(species)
        owner = np.random.default_rng(5).integers(0, max(1, n_ranks - 1), len(points))
        one = student(kind, edges, vectors, len(points))  # the last of several ranks has no atoms
        ranks = Ranks(student, kind, edges, vectors, owner, n_ranks)
        many = ranks.atomic_energies(monkeypatch)
        torch.testing.assert_close(many, one, rtol=1e-12, atol=1e-13)
        expected, found = (torch.autograd.grad(e.sum(), vectors)[0] for e in (one, many))
        scale = float(expected.abs().max())
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12 * scale)

    def test_the_halo_widths_are_those_of_the_exchanges(
        self, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        student = make(layers=3)
        widths: list[int] = []

        def exchange(rows: Tensor) -> Tensor:
            widths.append(rows.shape[1])
            return rows

        monkeypatch.setattr(inspect.getmodule(type(student)), "halo_exchange", exchange)
        dimer(student, 2.0)
        assert widths == student.halo_widths
        assert len(widths) == student.layers - 1
