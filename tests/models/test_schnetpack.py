"""A PaiNN trained elsewhere computes the same here."""

from pathlib import Path

import ase.io
import numpy as np
import pytest
import torch
from ase import units

from ipip.errors import InputError
from ipip.graph import neighbor_list, species_index
from ipip.models.schnetpack import painn_from_schnetpack
from ipip.network import energy_and_forces

SYMBOLS = ["C", "H", "O"]
KCAL_MOL = units.kcal / units.mol


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ethanol_painn_is_reproduced(shared_data: Path, dtype: str) -> None:
    folder = shared_data / "schnetpack_painn_ethanol"
    weights = dict(np.load(folder / "weights.npz"))
    student = painn_from_schnetpack(weights, SYMBOLS, energy_unit=KCAL_MOL, dtype=dtype)
    frames = ase.io.read(folder / "frames.extxyz", ":")
    assert len(frames) == 6
    for atoms in frames:
        points = atoms.positions.astype(np.float32)  # as the reference saw them
        edges, _ = neighbor_list(atoms.positions, atoms.cell.array, atoms.pbc, 5.0)
        energy, forces, _ = energy_and_forces(
            student,
            torch.as_tensor(species_index(atoms.numbers, SYMBOLS)),
            torch.as_tensor(edges),
            torch.as_tensor(points[edges[1]] - points[edges[0]]),
        )
        assert float(energy[0]) / KCAL_MOL == pytest.approx(atoms.get_potential_energy(), rel=1e-9)
        expected = atoms.get_forces()
        error = np.abs(forces.numpy() / KCAL_MOL - expected).max()
        assert error < 1e-5 * np.abs(expected).max()


def test_foreign_weights_are_refused() -> None:
    with pytest.raises(InputError, match="SchNetPack PaiNN"):
        painn_from_schnetpack({"weight": np.zeros(3)}, SYMBOLS)
