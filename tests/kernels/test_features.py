"""The final features of atoms by the kernels match the network's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from ipip import _core
from ipip.models import Student
from tests.kernels.conftest import System, a_gas, a_liquid, run_if_supported, system_of

Make = Callable[..., Student]
Run = Callable[..., _core.Student]
TOLERANCE = {"float64": 1e-8, "float32": 2e-5}  # of the largest feature: tables and rounding


def eager_features(student: Student, system: System) -> np.ndarray:
    """The results of the network in Python, in its precision."""
    arguments = (torch.as_tensor(array) for array in system.arguments()[:3])
    with torch.no_grad():
        return student.features(*arguments, system.n).double().numpy()


def assert_same(found: np.ndarray, expected: np.ndarray, dtype: str) -> None:
    assert found.shape == expected.shape and found.dtype == np.float64
    scale = np.abs(expected).max(initial=1e-3)
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE[dtype] * scale)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "arguments",
    [{"layers": 1}, {"layers": 2, "channels": 16}, {"layers": 3, "channels": 20}, {"n_heads": 3}],
    ids=str,
)
def test_features_of_a_liquid_and_a_gas_match_the_network(
    make_student: Make, run: Run, dtype: str, arguments: dict[str, int]
) -> None:
    student = make_student(dtype=dtype, **arguments)
    kernels = run(student)
    for system in (a_liquid(), a_gas()):
        found = kernels.features(*system.arguments()[:3])
        assert_same(found, eager_features(student, system), dtype)


@pytest.mark.parametrize("instruction_set", ["avx512", "avx2", "neon", "generic"])
def test_features_do_not_depend_on_the_instruction_set_or_the_threads(
    make_student: Make, run: Run, instruction_set: str
) -> None:
    student, system = make_student(), a_liquid(130)
    kernels = run_if_supported(run, student, instruction_set=instruction_set, threads=2)
    found = kernels.features(*system.arguments()[:3])
    assert_same(found, eager_features(student, system), "float64")


def test_isolated_atoms_and_no_atoms_at_all_have_features_too(make_student: Make, run: Run) -> None:
    student = make_student()
    kernels = run(student)
    alone = system_of([[0.0, 0, 0], [30.0, 0, 0]], [0, 2])
    found = kernels.features(*alone.arguments()[:3])
    assert_same(found, eager_features(student, alone), "float64")
    nothing = system_of(np.zeros((0, 3)), [])
    assert kernels.features(*nothing.arguments()[:3]).shape == (0, 8)


def test_an_evaluation_after_features_is_unchanged(make_student: Make, run: Run) -> None:
    kernels, gas = run(make_student()), a_gas()
    before = kernels.compute(*gas.arguments())
    kernels.features(*gas.arguments()[:3])
    after = kernels.compute(*gas.arguments())
    np.testing.assert_array_equal(before["forces"], after["forces"])


@pytest.mark.parametrize("architecture", ["painn", "visnet"])
def test_torchscript_gives_the_same_features(
    make_student: Make, run: Run, architecture: str
) -> None:
    student, system = make_student(architecture), a_liquid()
    scripted = run(student, backend="torchscript")
    found = scripted.features(*system.arguments()[:3])
    assert_same(found, eager_features(student, system), "float64")


def test_arrays_that_do_not_fit_are_reported(make_student: Make, run: Run) -> None:
    kernels, system = run(make_student()), a_liquid()
    species, edge_index, edge_vec, _ = system.arguments()
    with pytest.raises(_core.CoreError, match="expected species"):
        kernels.features(species, edge_index[:1], edge_vec)
    with pytest.raises(_core.CoreError, match="species 7, expected 0 to 2"):
        kernels.features(np.full_like(species, 7), edge_index, edge_vec)
