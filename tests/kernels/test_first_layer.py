"""The first layer by tables after its matrices yields the same as its products."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ipip import _core
from ipip.models import Student
from tests.kernels.conftest import (
    System,
    a_gas,
    a_liquid,
    assert_agrees,
    eager,
    run_if_supported,
    tamed,
)
from tests.kernels.test_agreement import VARIANTS
from tests.kernels.test_running import with_halo_rows

MakeStudent = Callable[..., Student]
Run = Callable[..., _core.Student]

PRODUCTS, TABLES = 0.0, 1e9  # most_tabulated_pairs
KEYS = ("atom_energies", "forces", "virial", "atom_virials")


def both_ways(student: Student, system: System, run: Run, **options: object) -> list[dict]:
    return [
        run(student, most_tabulated_pairs=most, **options).compute(
            *system.arguments(), atom_virials=True
        )
        for most in (PRODUCTS, TABLES)
    ]


@pytest.mark.parametrize("name", VARIANTS)
def test_tables_yield_what_products_yield_however_coarse_they_are(
    name: str, make_student: MakeStudent, run: Run
) -> None:
    """The functions are linear in the filters: nothing is approximated twice."""
    student = tamed(make_student(**VARIANTS[name]))
    system = a_liquid(30)
    if len(student.symbols) == 1:
        system.species[:] = 0
    products, tables = both_ways(student, system, run, table_error=1e-3)
    for key in KEYS:
        largest = np.abs(products[key]).max()
        np.testing.assert_allclose(tables[key], products[key], rtol=0, atol=1e-12 * largest)
    error = np.abs(products["forces"] - eager(student, system).forces).max()
    assert error > 1e-9 * np.abs(products["forces"]).max()  # so coarse that the network is far off


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("instruction_set", ["avx512", "avx2", "neon", "generic"])
@pytest.mark.parametrize("channels", [8, 48, 64])
def test_instruction_sets_agree(
    instruction_set: str, dtype: str, channels: int, make_student: MakeStudent, run: Run
) -> None:
    student = tamed(make_student(dtype=dtype, channels=channels))
    options = {"instruction_set": instruction_set, "most_tabulated_pairs": TABLES}
    kernels = run_if_supported(run, student, **options)
    system = a_liquid(21)
    tolerance = 1e-5 if dtype == "float32" else 1e-8
    assert_agrees(kernels.compute(*system.arguments()), eager(student, system), tolerance)


@pytest.mark.parametrize(("channels", "layers"), [(16, 3), (24, 2), (16, 1)])
def test_halo_rows_give_the_same_forces_as_their_owners(
    channels: int, layers: int, make_student: MakeStudent, run: Run
) -> None:
    student = tamed(make_student(channels=channels, layers=layers))
    system = a_liquid()
    expected = eager(student, system)
    species, edges, owners = with_halo_rows(system)
    kernels = run(student, most_tabulated_pairs=TABLES)
    with _core.GatherHalo(system.n, owners):
        halo = kernels.compute(species, edges, system.edge_vec, system.n)
    np.add.at(halo["forces"], owners, halo["forces"][system.n :])
    halo["forces"] = halo["forces"][: system.n]
    assert_agrees(halo, expected, 1e-8)


def test_dense_and_sparse_atoms_of_one_box_take_different_ways(
    make_student: MakeStudent, run: Run
) -> None:
    """A block of rows has one way; threads change nothing."""
    dense, sparse = a_liquid(120), a_gas(200)
    system = System(
        np.concatenate([dense.species, sparse.species]),
        np.concatenate([dense.edge_index, sparse.edge_index + dense.n], axis=1),
        np.concatenate([dense.edge_vec, sparse.edge_vec]),
        np.concatenate([dense.positions, sparse.positions]),
        np.eye(3),
    )
    student = tamed(make_student(channels=64))
    results = {
        threads: run(student, threads=threads).compute(*system.arguments(), atom_virials=True)
        for threads in (1, 2)
    }
    for key, value in results[1].items():
        np.testing.assert_array_equal(results[2][key], value)
    expected = eager(student, system)
    for result in (results[1], *both_ways(student, system, run)):
        assert_agrees(result, expected, 1e-8)


def test_a_step_of_another_size_leaves_no_trace(make_student: MakeStudent, run: Run) -> None:
    student = tamed(make_student(layers=3, channels=64))
    kernels = run(student)
    for system in (a_gas(60), a_liquid(100), a_gas(8), a_liquid(12), a_gas(150)):
        assert_agrees(kernels.compute(*system.arguments()), eager(student, system), 1e-8)
