"""Two atoms without other neighbours are evaluated separately, on one axis."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ipip import _core
from ipip.models import Student
from tests.kernels.conftest import (
    CUTOFF,
    a_gas,
    assert_agrees,
    eager,
    run_if_supported,
    system_of,
    tamed,
)
from tests.kernels.test_running import with_halo_rows

MakeStudent = Callable[..., Student]
Run = Callable[..., _core.Student]
KEYS = ("atom_energies", "forces", "virial", "atom_virials")


def lone_pairs(distances: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Positions and species of pairs that are far from each other, turned at random."""
    rng = np.random.default_rng(seed)
    axes = rng.normal(size=(len(distances), 3))
    axes *= (distances / np.linalg.norm(axes, axis=1))[:, None]
    origins = np.stack([30.0 * np.arange(len(distances)), *np.zeros((2, len(distances)))], axis=1)
    places = np.stack([origins, origins + axes], axis=1).reshape(-1, 3)
    return places, rng.integers(0, 3, 2 * len(distances))


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("tabulated", [0.0, 1e9])
def test_they_agree_with_the_network_at_all_distances(
    tabulated: float, dtype: str, layers: int, make_student: MakeStudent, run: Run
) -> None:
    student = tamed(make_student(dtype=dtype, layers=layers, channels=24, zbl=True))
    system = system_of(*lone_pairs(np.linspace(0.3, CUTOFF + 0.05, 150)))
    kernels = run(student, most_tabulated_pairs=tabulated)
    result = kernels.compute(*system.arguments(), atom_virials=True)
    assert_agrees(result, eager(student, system), 1e-5 if dtype == "float32" else 1e-8)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_gas_is_the_same_with_and_without_them(
    layers: int, threads: int, make_student: MakeStudent, run: Run
) -> None:
    """To rounding, and with tables so coarse that the network itself is far off."""
    system = a_gas(150)
    first = np.searchsorted(system.edge_index[0], np.arange(system.n + 1))
    alone = np.diff(first) == 1
    partner = system.edge_index[1][np.minimum(first[:-1], len(system.edge_vec) - 1)]
    assert 10 < np.sum(alone & alone[partner]) < 100
    student = tamed(make_student(layers=layers, zbl=True, channels=32))
    apart, together = (
        run(student, threads=threads, table_error=1e-3, lone_pairs=way).compute(
            *system.arguments(), atom_virials=True
        )
        for way in (True, False)
    )
    for key in KEYS:
        largest = np.abs(together[key]).max()
        np.testing.assert_allclose(apart[key], together[key], rtol=0, atol=1e-12 * largest)
    exact = run(student, threads=threads).compute(*system.arguments(), atom_virials=True)
    assert_agrees(exact, eager(student, system), 1e-8)


@pytest.mark.parametrize("instruction_set", ["avx512", "avx2", "neon", "generic"])
@pytest.mark.parametrize("species", [[1, 1], [0, 2]])
def test_instruction_sets_agree(
    species: list[int], instruction_set: str, make_student: MakeStudent, run: Run
) -> None:
    student = tamed(make_student(layers=3, channels=40))
    kernels = run_if_supported(run, student, instruction_set=instruction_set)
    system = system_of([[0, 0, 0], [0.9, -1.1, 1.3]], species)
    result = kernels.compute(*system.arguments(), atom_virials=True)
    assert_agrees(result, eager(student, system), 1e-8)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_third_atom_comes_in_without_a_jump(
    dtype: str, make_student: MakeStudent, run: Run
) -> None:
    kernels = run(tamed(make_student(dtype=dtype, zbl=True)))
    results = [
        kernels.compute(
            *system_of([[0, 0, 0], [1.9, 0, 0], [1.9 + x, 0, 0]], [1, 1, 0]).arguments()
        )
        for x in (CUTOFF + 1e-4, CUTOFF - 1e-4)
    ]
    tolerance = 1e-5 if dtype == "float32" else 1e-9
    for key in ("energy", "forces", "atom_energies"):
        scale = np.abs(results[0][key]).max()
        np.testing.assert_allclose(results[1][key], results[0][key], rtol=0, atol=tolerance * scale)


def test_pairs_across_a_cut_are_evaluated_with_all(make_student: MakeStudent, run: Run) -> None:
    student = tamed(make_student(layers=3))
    system = a_gas(60)
    expected = eager(student, system)
    species, edges, owners = with_halo_rows(system)
    kernels = run(student)
    for _ in range(2):
        with _core.GatherHalo(system.n, owners):
            halo = kernels.compute(species, edges, system.edge_vec, system.n)
        np.add.at(halo["forces"], owners, halo["forces"][system.n :])
        halo["forces"] = halo["forces"][: system.n]
        assert_agrees(halo, expected, 1e-8)
        assert_agrees(kernels.compute(*system.arguments()), expected, 1e-8)


def test_wrong_graphs_are_refused_all_the_same(make_student: MakeStudent, run: Run) -> None:
    kernels, vectors = run(make_student()), np.array([[1.9, 0, 0], [-1.9, 0, 0]])
    with pytest.raises(_core.CoreError, match="expected pairs ordered by receivers"):
        kernels.compute([0, 1], [[1, 0], [0, 1]], vectors, 2)
    with pytest.raises(_core.CoreError, match="row 1 is of species 7, expected 0 to 2"):
        kernels.compute([0, 7], [[0, 1], [1, 0]], vectors, 2)
    with pytest.raises(_core.CoreError, match="halo rows need an active exchanger"):
        kernels.compute([0, 1, 1], [[0, 1], [1, 0]], vectors, 2)
    lost = np.array([[np.nan, 0, 0], [np.nan, 0, 0]])
    assert np.isnan(kernels.compute([0, 1], [[0, 1], [1, 0]], lost, 2)["energy"])
