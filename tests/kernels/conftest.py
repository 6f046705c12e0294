"""Small systems, and students run by libipip beside the eager network."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ipip import _core, save_student
from ipip.graph import neighbor_list
from ipip.models import Student
from tests.models.systems import molecules_in_a_box

CUTOFF = 5.0


@dataclasses.dataclass
class System:
    """Atoms as a student takes them."""

    species: np.ndarray
    edge_index: np.ndarray
    edge_vec: np.ndarray
    positions: np.ndarray
    cell: np.ndarray

    @property
    def n(self) -> int:
        return len(self.species)

    def arguments(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
        return self.species, self.edge_index, self.edge_vec, self.n


def system_of(positions: Any, species: Any, length: float | None = None) -> System:
    """Neighbours of some atoms, periodic in a cube where a length is given."""
    points = np.asarray(positions, dtype=float).reshape(-1, 3)
    cell = np.eye(3) * (length or 0.0)
    edge_index, edge_vec = neighbor_list(points, cell, [length is not None] * 3, CUTOFF)
    return System(np.asarray(species, dtype=np.int64), edge_index, edge_vec, points, cell)


def a_liquid(n: int = 40, *, density: float = 0.07, seed: int = 0) -> System:
    """Atoms on a shaken grid, about 40 neighbours each."""
    rng = np.random.default_rng(seed)
    length = (n / density) ** (1 / 3)
    side = int(np.ceil(n ** (1 / 3)))
    grid = np.argwhere(np.ones((side, side, side)))[:n] * (length / side)
    return system_of(grid + rng.uniform(-0.3, 0.3, (n, 3)), rng.integers(0, 3, n), length)


def a_gas(n: int = 100, *, density: float = 0.0038, seed: int = 1) -> System:
    """Diatomic molecules at random places, 2.4 neighbours an atom; some are lone pairs."""
    rng = np.random.default_rng(seed)
    length = (n / density) ** (1 / 3)
    points = molecules_in_a_box(rng, n, length, 2.5)
    return system_of(points, rng.integers(0, 3, n), length)


@dataclasses.dataclass
class Reference:
    """The eager network's results in float64."""

    atom_energies: np.ndarray
    forces: np.ndarray
    virial: np.ndarray
    atom_virials: np.ndarray


def eager(student: Student, system: System) -> Reference:
    """Energies, and forces and virials from g = dE/dr by their definition."""
    vectors = torch.tensor(system.edge_vec, requires_grad=True)
    network = student if student.dtype == torch.float64 else _as_float64(student)
    energies = network(
        torch.as_tensor(system.species), torch.as_tensor(system.edge_index), vectors, system.n
    ).mean(1)
    gradients = np.zeros((len(system.edge_vec), 3))
    if energies.requires_grad:
        gradients = torch.autograd.grad(energies.sum(), vectors)[0].numpy()
    i, j = system.edge_index
    forces, virials = np.zeros((system.n, 3)), np.zeros((system.n, 3, 3))
    np.add.at(forces, i, gradients)
    np.subtract.at(forces, j, gradients)
    halves = -0.5 * system.edge_vec[:, :, None] * gradients[:, None, :]
    np.add.at(virials, i, halves)
    np.add.at(virials, j, halves)
    return Reference(energies.detach().numpy(), forces, virials.sum(0), virials)


def _as_float64(student: Student) -> torch.nn.Module:
    import copy

    return copy.deepcopy(student).double()


def assert_agrees(result: dict[str, Any], expected: Reference, tolerance: float) -> None:
    """Compare on the scale of the largest force, energy and virial."""
    for key, value in (
        ("forces", expected.forces),
        ("virial", expected.virial),
        ("atom_virials", expected.atom_virials),
        ("atom_energies", expected.atom_energies),
    ):
        if key in result:
            scale = np.abs(value).max(initial=1e-3)
            np.testing.assert_allclose(result[key], value, rtol=0, atol=tolerance * scale)
    np.testing.assert_allclose(
        result["energy"],
        expected.atom_energies.sum(),
        rtol=0,
        atol=tolerance * max(np.abs(expected.atom_energies).sum(), 1e-3),
    )


def run_if_supported(
    run: Callable[..., _core.Student], student: Student, **options: Any
) -> _core.Student:
    """Load a student by an instruction set; skip the test where the processor lacks it."""
    try:
        return run(student, **options)
    except _core.CoreError as refused:
        pytest.skip(str(refused))


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., _core.Student]:
    """Load a student into libipip."""

    def load(student: Student, **options: Any) -> _core.Student:
        path = tmp_path / "student.pt"
        save_student(student, path)
        return _core.Student(str(path), **({"backend": "kernels"} | options))

    return load


def tamed(student: Student) -> Student:
    """Smaller filters, so that deep random students keep forces of a usual size."""
    with torch.no_grad():
        for filters in student.filters:
            filters.weight *= 0.5
            filters.bias *= 0.5
    return student
