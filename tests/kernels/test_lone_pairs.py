"""Two atoms that see nobody else are taken from a curve."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ipip import _core
from ipip.models import Student
from tests.kernels.conftest import CUTOFF, a_gas, assert_agrees, eager, system_of, tamed
from tests.kernels.test_running import with_halo_rows

MakeStudent = Callable[..., Student]
Run = Callable[..., _core.Student]


def lone_pairs(distances: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Positions and species of pairs that are far from each other, turned at random."""
    rng = np.random.default_rng(seed)
    axes = rng.normal(size=(len(distances), 3))
    axes *= (distances / np.linalg.norm(axes, axis=1))[:, None]
    origins = np.stack([30.0 * np.arange(len(distances)), *np.zeros((2, len(distances)))], axis=1)
    return np.stack([origins, origins + axes], axis=1).reshape(-1, 3), rng.integers(
        0, 3, 2 * len(distances)
    )


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("variant", [{}, {"envelope": "cosine"}, {"radial": "gaussian"}])
def test_curves_agree_with_the_network_at_all_distances(
    variant: dict[str, str], dtype: str, layers: int, make_student: MakeStudent, run: Run
) -> None:
    student = tamed(make_student(dtype=dtype, layers=layers, channels=24, zbl=True, **variant))
    system = system_of(*lone_pairs(np.linspace(0.45, CUTOFF + 0.05, 90)))
    result = run(student).compute(*system.arguments(), atom_virials=True)
    assert_agrees(result, eager(student, system), 1e-5 if dtype == "float32" else 1e-8)
    far = system_of(*lone_pairs(np.linspace(1.7, CUTOFF, 60)))  # without the core's large forces
    error = run(student).compute(*far.arguments())["forces"] - eager(student, far).forces
    scale = np.abs(eager(student, far).forces).max()
    assert np.abs(error).max() < (1e-6 if dtype == "float32" else 1e-8) * scale


def test_a_pair_has_the_network_s_energy_in_the_precision_of_float64(
    make_student: MakeStudent, run: Run
) -> None:
    """Curves are those of the network with its tables, however coarse these are."""
    student = tamed(make_student(layers=2))
    system = system_of(*lone_pairs(np.linspace(1.0, 4.9, 40)))
    for error in (1e-10, 1e-4):
        network = run(student, table_error=error, most_tabulated_pairs=0).compute(
            *system.arguments()
        )
        curves = run(student, table_error=error).compute(*system.arguments())
        for key in ("atom_energies", "forces"):
            largest = np.abs(network[key]).max()
            difference = np.abs(curves[key] - network[key]).max()
            assert difference < error * largest
        assert not np.array_equal(curves["forces"], network["forces"])


def test_forces_are_the_gradient_of_the_curve(make_student: MakeStudent, run: Run) -> None:
    student = tamed(make_student(zbl=True))
    fused, step = run(student, table_error=1e-3), 1e-4
    for d in (0.52, 1.03, 1.9, 3.3, 4.97):
        up, down, middle = (
            fused.compute(*system_of([[0, 0, 0], [0, d + s, 0]], [0, 2]).arguments())
            for s in (step, -step, 0.0)
        )
        numeric = -(up["energy"] - down["energy"]) / (2 * step)
        scale = max(abs(middle["forces"][1, 1]), 1e-2)
        assert abs(middle["forces"][1, 1] - numeric) < 1e-5 * scale
        np.testing.assert_allclose(middle["forces"].sum(0), 0.0, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_third_atom_comes_in_without_a_jump(
    dtype: str, make_student: MakeStudent, run: Run
) -> None:
    fused = run(tamed(make_student(dtype=dtype, zbl=True)))
    results = [
        fused.compute(*system_of([[0, 0, 0], [1.9, 0, 0], [1.9 + x, 0, 0]], [1, 1, 0]).arguments())
        for x in (CUTOFF + 1e-4, CUTOFF - 1e-4)
    ]
    tolerance = 1e-5 if dtype == "float32" else 1e-9
    for key in ("energy", "forces", "atom_energies"):
        scale = np.abs(results[0][key]).max()
        np.testing.assert_allclose(results[1][key], results[0][key], rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_gas_has_them_among_others(threads: int, make_student: MakeStudent, run: Run) -> None:
    system = a_gas(150)
    first = np.searchsorted(system.edge_index[0], np.arange(system.n + 1))
    alone = np.diff(first) == 1
    partner = system.edge_index[1][np.minimum(first[:-1], len(system.edge_vec) - 1)]
    assert 10 < np.sum(alone & alone[partner]) < 100
    student = tamed(make_student(layers=3, zbl=True))
    result = run(student, threads=threads).compute(*system.arguments(), atom_virials=True)
    assert_agrees(result, eager(student, system), 1e-8)


def test_pairs_across_a_cut_are_left_to_the_network(make_student: MakeStudent, run: Run) -> None:
    student = tamed(make_student())
    system = a_gas(60)
    expected = eager(student, system)
    species, edges, owners = with_halo_rows(system)
    fused = run(student)
    for _ in range(2):
        with _core.GatherHalo(system.n, owners):
            halo = fused.compute(species, edges, system.edge_vec, system.n)
        np.add.at(halo["forces"], owners, halo["forces"][system.n :])
        halo["forces"] = halo["forces"][: system.n]
        assert_agrees(halo, expected, 1e-8)
        assert_agrees(fused.compute(*system.arguments()), expected, 1e-8)


def test_wrong_graphs_are_refused_all_the_same(make_student: MakeStudent, run: Run) -> None:
    fused, vectors = run(make_student()), np.array([[1.9, 0, 0], [-1.9, 0, 0]])
    with pytest.raises(_core.CoreError, match="expected pairs ordered by receivers"):
        fused.compute([0, 1], [[1, 0], [0, 1]], vectors, 2)
    with pytest.raises(_core.CoreError, match="row 1 is of species 7, expected 0 to 2"):
        fused.compute([0, 7], [[0, 1], [1, 0]], vectors, 2)
    with pytest.raises(_core.CoreError, match="halo rows need an active exchanger"):
        fused.compute([0, 1, 1], [[0, 1], [1, 0]], vectors, 2)
    lost = np.array([[np.nan, 0, 0], [np.nan, 0, 0]])
    assert np.isnan(fused.compute([0, 1], [[0, 1], [1, 0]], lost, 2)["energy"])
