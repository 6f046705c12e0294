"""Per-atom virials are the pairs' virials, half to each atom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from ipip.graph import neighbor_list
from ipip.models import Student
from tests.pair_style.conftest import SYMBOLS, Run, a_gas, header, write_start

Models = Callable[..., Path]
Lammps = Callable[..., Run]
PRESSURE = 1.6021765e6  # bar per eV/Å^3, LAMMPS' constant in metal units


def pair_virials(student: Student) -> np.ndarray:
    """[n, 3, 3] eV of the gas: sum over its pairs of -1/2 r (x) dE/dr."""
    atoms = a_gas()
    edges, vectors = neighbor_list(
        atoms.positions, atoms.cell.array, np.array([True] * 3), student.cutoff
    )
    species = torch.tensor([SYMBOLS.index(s) for s in atoms.symbols])
    r = torch.as_tensor(vectors).requires_grad_(True)
    energy = student(species, torch.as_tensor(edges), r, len(atoms)).sum()
    (gradient,) = torch.autograd.grad(energy, r)
    half = -0.5 * np.einsum("ea,eb->eab", vectors, gradient.numpy())
    result = np.zeros((len(atoms), 3, 3))
    for end in edges:
        np.add.at(result, end, half)
    return result


def test_stress_and_centroid_stress_of_each_atom(
    models: Models, make_student: Callable[..., Student], lammps: Lammps, tmp_path: Path
) -> None:
    models()
    box = write_start(tmp_path, a_gas())
    run = lammps(
        header(box) + "compute s all stress/atom NULL virial\n"
        "compute c all centroid/stress/atom NULL virial\n"
        "dump 1 all custom 1 out.dump id c_s[*] c_c[*]\n"
        "dump_modify 1 sort id format float %.17g\nrun 0\n"
    )
    assert run.status == 0, run.output
    found = -run.dump()[:, 1:] / PRESSURE  # LAMMPS' stress is minus the virial
    w = pair_virials(make_student())
    nine = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2), (1, 0), (2, 0), (2, 1)]
    six = np.array([(w[:, a, b] + w[:, b, a]) / 2 for a, b in nine[:6]]).T
    centroid = np.array([w[:, a, b] for a, b in nine]).T
    np.testing.assert_allclose(found, np.hstack([six, centroid]), atol=1e-9 * np.abs(w).max())
