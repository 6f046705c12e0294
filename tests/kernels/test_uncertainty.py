"""Expected errors come with a step, the same from every backend, and change nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ipip import _core, save_student
from ipip.models import Student
from ipip.uncertainty import write_uncertainty
from tests.kernels.conftest import System, a_gas, a_liquid, system_of
from tests.kernels.test_features import eager_features
from tests.uncertainty.made_up import made_up

Make = Callable[..., Student]
TOLERANCE = {"float64": 1e-7, "float32": 2e-4}
WAYS: dict[str, dict[str, Any]] = {
    "kernels": {},
    "threads": {"threads": 2},
    "generic": {"instruction_set": "generic"},
    "no lone pairs": {"lone_pairs": False},
    "no tables": {"most_tabulated_pairs": 0.0},
    "emulated GPU": {"device": "emulate"},
    "torchscript": {"backend": "torchscript"},
}


def expected_errors(student: Student, system: System) -> np.ndarray:
    """The results of the network in Python and of NumPy."""
    features = eager_features(student, system)
    return made_up(features.shape[1]).expected(features, system.species)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., _core.Student]:
    """Write a student with an uncertainty, and open it."""

    def open_student(student: Student, **options: Any) -> _core.Student:
        path = tmp_path / "student.pt"
        save_student(student, path)
        write_uncertainty(path, made_up(student.readout[0].in_features))
        return _core.Student(str(path), **options)

    return open_student


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_they_match_the_network_and_do_not_change_energies_and_forces(
    make_student: Make, run: Callable[..., _core.Student], way: str, dtype: str
) -> None:
    student = make_student(dtype=dtype, layers=2, channels=20, zbl=True)
    core = run(student, **WAYS[way])
    alone = system_of([[0.0, 0, 0], [30.0, 0, 0]], [0, 2])
    nothing = system_of(np.zeros((0, 3)), [])
    for system in (a_liquid(30), a_gas(40), alone, nothing):
        plain = core.compute(*system.arguments())
        found = core.compute(*system.arguments(), uncertainties=True)
        assert "uncertainties" not in plain
        expected = expected_errors(student, system)
        np.testing.assert_allclose(found["uncertainties"], expected, rtol=TOLERANCE[dtype])
        for name in ("energy", "atom_energies", "forces", "virial"):
            np.testing.assert_array_equal(found[name], plain[name])


def test_another_architecture_has_them_by_its_program(
    make_student: Make, run: Callable[..., _core.Student]
) -> None:
    student, system = make_student("visnet"), a_liquid(20)
    found = run(student, backend="torchscript").compute(*system.arguments(), uncertainties=True)
    np.testing.assert_allclose(found["uncertainties"], expected_errors(student, system), rtol=1e-9)


@pytest.mark.parametrize("way", ["kernels", "emulated GPU", "torchscript"])
def test_one_layer_and_several_heads_have_them(
    make_student: Make, run: Callable[..., _core.Student], way: str
) -> None:
    system = a_liquid(20)
    for student in (make_student(layers=1), make_student(layers=3, n_heads=2)):
        found = run(student, **WAYS[way]).compute(*system.arguments(), uncertainties=True)
        np.testing.assert_allclose(
            found["uncertainties"], expected_errors(student, system), rtol=1e-7
        )


@pytest.mark.parametrize("way", ["kernels", "torchscript"])
def test_a_student_without_says_so(make_student: Make, tmp_path: Path, way: str) -> None:
    save_student(make_student(), tmp_path / "plain.pt")
    core = _core.Student(str(tmp_path / "plain.pt"), **WAYS[way])
    with pytest.raises(_core.CoreError, match="add it with `ipip uncertainty`"):
        core.compute(*a_liquid(9).arguments(), uncertainties=True)


def test_atoms_where_the_student_cannot_go_are_the_most_uncertain(
    make_student: Make, run: Callable[..., _core.Student]
) -> None:
    core = run(make_student())
    close = system_of([[0.0, 0, 0], [1e-2, 0, 0], [0, 1e-2, 0]], [0, 1, 2])
    found = core.compute(*close.arguments(), uncertainties=True)["uncertainties"]
    assert np.isfinite(found).all() and (found > 0).all()
