"""Kernels, each of their ways, beside TorchScript and float64, on the contract's systems."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ipip import _core
from ipip.graph import neighbor_list
from ipip.models import Student
from tests.kernels.conftest import CUTOFF, System, a_gas, assert_agrees, eager, system_of, tamed
from tests.models.systems import system as skewed_box

MakeStudent = Callable[..., Student]
Run = Callable[..., _core.Student]


def a_skewed_box() -> System:
    points, cell, species = skewed_box()
    edge_index, edge_vec = neighbor_list(points, cell, True, CUTOFF)
    return System(np.asarray(species), edge_index, edge_vec, points, cell)


def a_visited_cluster() -> System:
    """A fourth atom is just within one atom's cutoff."""
    points = [[0.0, 0, 0], [1.5, 0.3, 0.0], [0.4, 1.6, 0.5], [1e-3 - CUTOFF, 0, 0]]
    return system_of(points, [0, 1, 2, 1])


SYSTEMS: dict[str, Callable[[], System]] = {
    "skewed box": a_skewed_box,
    "tiny cell": lambda: system_of([[0, 0, 0], [1.6, 1.5, 1.4]], [0, 2], length=3.1),
    "visited cluster": a_visited_cluster,
    "close pair": lambda: system_of([[0, 0, 0], [0.3, 0, 0]], [0, 1]),
    "close pair in a crowd": lambda: system_of(
        [[0, 0, 0], [0.3, 0, 0], [2.0, 0.4, 0], [-0.2, 2.1, 0.3], [30, 0, 0]], [0, 1, 2, 0, 1]
    ),
    "gas": lambda: a_gas(40),
    "isolated pair and atom": lambda: system_of([[0, 0, 0], [1.9, 0, 0], [40, 0, 0]], [1, 1, 0]),
}


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", SYSTEMS)
def test_kernels_agree_with_torchscript_and_with_float64(
    name: str, dtype: str, layers: int, make_student: MakeStudent, run: Run
) -> None:
    student = tamed(make_student(dtype=dtype, layers=layers, channels=24, zbl=True))
    system = SYSTEMS[name]()
    exact = eager(student, system)
    ways = {
        "kernels": {},
        "by products": {"most_tabulated_pairs": 0.0},
        "by tables": {"most_tabulated_pairs": 1e9},
        "torchscript": {"backend": "torchscript"},
    }
    results = {
        way: run(student, **options).compute(*system.arguments(), atom_virials=True)
        for way, options in ways.items()
    }
    tolerance = 1e-5 if dtype == "float32" else 1e-8
    for result in results.values():
        assert_agrees(result, exact, tolerance)
    largest = np.abs(exact.forces).max(initial=1e-3)
    errors = {way: np.abs(r["forces"] - exact.forces).max() for way, r in results.items()}
    for way, result in results.items():
        assert errors[way] < max(1e-6 * largest, 1.5 * errors["torchscript"])
        if way != "torchscript":
            np.testing.assert_allclose(result["virial"], result["atom_virials"].sum(0))
