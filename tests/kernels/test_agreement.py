"""The kernels agree with the eager network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ipip import _core
from ipip.models import Student
from tests.kernels.conftest import (
    a_liquid,
    assert_agrees,
    eager,
    run_if_supported,
    system_of,
    tamed,
)

MakeStudent = Callable[..., Student]
Run = Callable[..., _core.Student]

VARIANTS: dict[str, dict[str, Any]] = {
    "odd width": {"channels": 8},
    "padded width": {"channels": 40},
    "sixteen": {"channels": 16},
    "two chunks": {"channels": 96},
    "cosine": {"envelope": "cosine"},
    "gaussian": {"radial": "gaussian"},
    "shared filters": {"shared_filters": True, "layers": 3},
    "zbl": {"zbl": True},
    "heads": {"n_heads": 3},
    "one layer": {"layers": 1},
    "three layers": {"layers": 3, "channels": 32},
    "four layers": {"layers": 4, "channels": 24},
    "one element": {"symbols": ["S"]},
    "usual size": {"channels": 64, "layers": 3, "zbl": True},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_float64_agrees_with_the_network(name: str, make_student: MakeStudent, run: Run) -> None:
    student = tamed(make_student(**VARIANTS[name]))
    system = a_liquid()
    if len(student.symbols) == 1:
        system.species[:] = 0
    kernels = run(student)
    assert kernels.backend.startswith("kernels")
    result = kernels.compute(*system.arguments(), atom_virials=True)
    assert_agrees(result, eager(student, system), 1e-8)


@pytest.mark.parametrize("name", VARIANTS)
def test_float32_is_as_near_to_float64_as_rounding_allows(
    name: str, make_student: MakeStudent, run: Run
) -> None:
    student = tamed(make_student(dtype="float32", **VARIANTS[name]))
    system = a_liquid()
    if len(student.symbols) == 1:
        system.species[:] = 0
    expected = eager(student, system)
    largest = np.abs(expected.forces).max()
    kernels = run(student).compute(*system.arguments(), atom_virials=True)
    scripted = run(student, backend="torchscript").compute(*system.arguments())
    error = np.abs(kernels["forces"] - expected.forces).max() / largest
    rounding = np.abs(scripted["forces"] - expected.forces).max() / largest
    assert error < max(1e-6, 1.5 * rounding)
    assert_agrees(kernels, expected, 1e-5)


@pytest.mark.parametrize("name", VARIANTS)
def test_tables_of_float32_change_forces_by_less_than_a_millionth(
    name: str, make_student: MakeStudent, run: Run
) -> None:
    """Evaluated in float64, so that only the tables' error remains."""
    student = tamed(make_student(**VARIANTS[name]))
    system = a_liquid()
    if len(student.symbols) == 1:
        system.species[:] = 0
    expected = eager(student, system)
    result = run(student, table_error=3e-7).compute(*system.arguments())
    error = np.abs(result["forces"] - expected.forces).max()
    assert error < 1e-6 * np.abs(expected.forces).max()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("instruction_set", ["avx512", "avx2", "neon", "generic"])
@pytest.mark.parametrize("channels", [8, 48, 64])
def test_instruction_sets_agree(
    instruction_set: str, dtype: str, channels: int, make_student: MakeStudent, run: Run
) -> None:
    student = tamed(make_student(dtype=dtype, channels=channels))
    kernels = run_if_supported(run, student, instruction_set=instruction_set)
    assert instruction_set in kernels.backend
    system = a_liquid(21)
    tolerance = 1e-5 if dtype == "float32" else 1e-8
    assert_agrees(kernels.compute(*system.arguments()), eager(student, system), tolerance)


def test_close_and_far_pairs_and_lone_atoms(make_student: MakeStudent, run: Run) -> None:
    student = tamed(make_student(zbl=True))
    kernels = run(student)
    for system in (
        system_of([[0, 0, 0], [0.3, 0, 0]], [0, 2]),
        system_of([[0, 0, 0], [1.9, 0, 0], [9, 9, 9]], [1, 1, 0]),
        system_of([[0, 0, 0]], [1]),
        system_of([[0, 0, 0], [20, 0, 0]], [1, 2]),
        system_of([[0, 0, 0]], [1], length=3.0),
        system_of(np.zeros((0, 3)), []),
    ):
        result = kernels.compute(*system.arguments(), atom_virials=True)
        assert_agrees(result, eager(student, system), 1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_pair_crosses_the_cutoff_smoothly(
    dtype: str, make_student: MakeStudent, run: Run
) -> None:
    kernels = run(tamed(make_student(dtype=dtype)))
    edges, species = np.array([[0, 1], [1, 0]]), np.array([0, 1])
    energies, forces = [], []
    for d in (4.0, 4.999, 4.99999, 5.0, 5.00001, 6.0):
        vectors = np.array([[d, 0.0, 0.0], [-d, 0.0, 0.0]])
        result = kernels.compute(species, edges, vectors, 2)
        energies.append(result["energy"])
        forces.append(result["forces"])
    assert energies[3] == energies[4] == energies[5]
    assert np.all(np.array(forces[3:]) == 0.0)
    assert abs(energies[0] - energies[3]) > 1e-6
    assert abs(energies[2] - energies[3]) < 1e-6
    assert np.abs(forces[2]).max() < 1e-5
    assert np.abs(forces[1]).max() < 1e-2 * np.abs(forces[0]).max() + 1e-5


def test_forces_are_the_gradient_of_the_tabulated_energy(
    make_student: MakeStudent, run: Run
) -> None:
    """With coarse tables too: MD conserves the energy that is printed."""
    kernels = run(tamed(make_student()), table_error=1e-3)
    system = a_liquid(12)
    vectors = system.edge_vec
    forces = kernels.compute(*system.arguments())["forces"]
    i, j = system.edge_index
    step = 1e-5
    for atom in (0, 5):
        for axis in range(3):
            shift = np.zeros_like(vectors)
            shift[j == atom, axis] += step
            shift[i == atom, axis] -= step
            up, down = (
                kernels.compute(system.species, system.edge_index, vectors + s * shift, 12)[
                    "energy"
                ]
                for s in (1, -1)
            )
            numeric = -(up - down) / (2 * step)
            np.testing.assert_allclose(
                forces[atom, axis], numeric, atol=1e-7 * np.abs(forces).max(), rtol=0
            )
