"""A ViSNet of PyTorch Geometric computes the same here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ase.build import molecule
from torch import Tensor, nn
from torch_geometric.nn.models import ViSNet as Reference

from ipip.errors import InputError
from ipip.export import load_student, read_metadata, save_student
from ipip.graph import neighbor_list, species_index
from ipip.models.visnet_from_pyg import visnet_from_pyg
from ipip.network import energy_and_forces
from tests.models.systems import visited_cluster

SYMBOLS = ["C", "H", "O", "S", "N"]
MOLECULES = ["CH3CH2OH", "SO2", "H2", "C6H6", "C2H6CHOH", "CH3CONH2"]


class Pairs(nn.Module):
    """All pairs within the cutoff and each atom's pair with itself, as the reference needs them.

    It replaces the reference's search, which needs a compiled extension.
    """

    def __init__(self, cutoff: float) -> None:
        super().__init__()
        self.cutoff = cutoff

    def forward(self, pos: Tensor, batch: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        apart = torch.cdist(pos.detach(), pos.detach(), compute_mode="donot_use_mm_for_euclid_dist")
        index = (apart < self.cutoff).nonzero().T
        vectors = pos[index[0]] - pos[index[1]]
        other = index[0] != index[1]
        lengths = torch.zeros(len(vectors), dtype=pos.dtype)
        lengths[other] = vectors[other].norm(dim=-1)
        return index, lengths, vectors


def reference(seed: int = 0, **arguments: Any) -> Reference:
    """A float64 model of PyTorch Geometric whose biases are random too."""
    torch.manual_seed(seed)
    small = {"num_heads": 2, "num_layers": 3, "hidden_channels": 16, "num_rbf": 12}
    model = Reference(derivative=True, **(small | arguments)).double()
    cutoff = model.representation_model.cutoff
    model.representation_model.distance = Pairs(cutoff)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 1 and "vec_" not in name:
                parameter += 0.1 * torch.randn_like(parameter)
        model.prior_model.atomref.weight += torch.randn_like(model.prior_model.atomref.weight)
    return model


def positions_of(name: str) -> tuple[Any, Any]:
    atoms = molecule(name)
    atoms.rattle(0.05, seed=1)
    assert len(atoms) < 32
    return atoms.numbers, atoms.positions


@pytest.mark.parametrize("name", MOLECULES)
@pytest.mark.parametrize(
    "arguments",
    [
        {"lmax": 1},
        {"lmax": 2},
        {"lmax": 2, "cutoff": 3.0, "num_heads": 4},
        {"lmax": 1, "num_layers": 1},
        {"lmax": 1, "num_layers": 2, "std": 2.5, "trainable_rbf": True},
    ],
    ids=str,
)
def test_energies_and_forces_match_the_reference(name: str, arguments: dict[str, Any]) -> None:
    model = reference(**arguments)
    student = visnet_from_pyg(
        model.state_dict(),
        SYMBOLS,
        lmax=arguments["lmax"],
        cutoff=model.representation_model.cutoff,
        attention_heads=model.representation_model.num_heads,
        dtype="float64",
    )
    numbers, points = positions_of(name)
    expected, expected_forces = model(
        torch.as_tensor(numbers),
        torch.tensor(points, dtype=torch.float64),
        torch.zeros(len(numbers), dtype=torch.int64),
    )
    edges, vectors = neighbor_list(points, np.zeros((3, 3)), False, student.cutoff)
    energy, forces, _ = energy_and_forces(
        student,
        torch.as_tensor(species_index(numbers, SYMBOLS)),
        torch.as_tensor(edges),
        torch.as_tensor(vectors),
    )
    assert float(energy[0]) == pytest.approx(float(expected.detach()), abs=1e-9)
    np.testing.assert_allclose(forces, expected_forces.detach(), rtol=0, atol=1e-9)
    assert expected_forces.abs().max() > 1e-2


def test_an_imported_student_is_stored_as_a_file(tmp_path: Path) -> None:
    student = visnet_from_pyg(
        reference(lmax=2).state_dict(), SYMBOLS, lmax=2, attention_heads=2, dtype="float64"
    )
    save_student(student, tmp_path / "student.pt")
    loaded = load_student(tmp_path / "student.pt")
    metadata = read_metadata(tmp_path / "student.pt")
    assert metadata.arguments["published"] is True
    assert visited_cluster(loaded, 0.5)[0] == visited_cluster(student, 0.5)[0]


def test_weights_of_another_model_are_refused() -> None:
    weights = reference(lmax=1).state_dict()
    with pytest.raises(InputError, match=r"radial functions are of a cutoff of 5\.000 Å"):
        visnet_from_pyg(weights, SYMBOLS, lmax=1, cutoff=6.0)
    with pytest.raises(InputError, match="state dict of a PyTorch Geometric ViSNet"):
        visnet_from_pyg({"weight": np.zeros(3)}, SYMBOLS, lmax=1)
    with pytest.raises(InputError, match="vertex=False"):
        visnet_from_pyg(reference(lmax=1, vertex=True).state_dict(), SYMBOLS, lmax=1)
    with pytest.raises(InputError, match=r"add 1\.5 to the energy of a frame"):
        visnet_from_pyg({**weights, "mean": torch.tensor(1.5)}, SYMBOLS, lmax=1)
    with pytest.raises(InputError, match="multiple of attention_heads"):
        visnet_from_pyg(weights, SYMBOLS, lmax=1, attention_heads=3)
    with pytest.raises(InputError, match="atomic numbers up to 99"):
        visnet_from_pyg(weights, ["C", "Og"], lmax=1, attention_heads=2)
