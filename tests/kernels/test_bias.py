"""A bias is the energy of its equation, with the matching forces and virial, in one pass."""

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
Open = Callable[..., _core.Student]
ENERGY, WIDTH = 0.7, 4.0
TOLERANCE = {"float64": 1e-7, "float32": 2e-4}
WAYS: dict[str, dict[str, Any]] = {
    "kernels": {},
    "threads": {"threads": 2},
    "generic": {"instruction_set": "generic"},
    "no tables": {"most_tabulated_pairs": 0.0},
    "all tables": {"most_tabulated_pairs": 1e9},
    "torchscript": {"backend": "torchscript"},
}


@pytest.fixture
def run(tmp_path: Path) -> Open:
    """Write a student with an uncertainty, and open it with a bias."""

    def open_student(
        student: Student, *, bias: float = ENERGY, bias_width: float = WIDTH, **options: Any
    ) -> _core.Student:
        path = tmp_path / "student.pt"
        save_student(student, path)
        write_uncertainty(path, made_up(student.readout[0].in_features))
        return _core.Student(str(path), bias=bias, bias_width=bias_width, **options)

    return open_student


def scores(student: Student, system: System) -> np.ndarray:
    """Distances to training, from the network in Python and NumPy."""
    features = eager_features(student, system)
    return made_up(features.shape[1]).density.score(features, system.species)


def by_equation(student: Student, system: System) -> np.ndarray:
    """Bias energies."""
    return ENERGY * np.expm1(-((scores(student, system) / WIDTH) ** 2))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_energies_match_the_equation_beside_the_students_own(
    make_student: Make, run: Open, way: str, dtype: str, layers: int
) -> None:
    student = make_student(dtype=dtype, layers=layers, channels=20, zbl=True)
    plain, biased = run(student, bias=0.0, **WAYS[way]), run(student, **WAYS[way])
    alone = system_of([[0.0, 0, 0], [30.0, 0, 0]], [0, 2])
    nothing = system_of(np.zeros((0, 3)), [])
    for system in (a_liquid(30), a_gas(40), alone, nothing):
        own, found = (core.compute(*system.arguments()) for core in (plain, biased))
        assert "bias_energies" not in own
        expected, tolerance = by_equation(student, system), TOLERANCE[dtype]
        np.testing.assert_allclose(found["bias_energies"], expected, rtol=tolerance, atol=1e-9)
        np.testing.assert_allclose(
            found["atom_energies"], own["atom_energies"] + expected, rtol=tolerance, atol=tolerance
        )
        assert (found["bias_energies"] >= -ENERGY).all() and (found["bias_energies"] <= 0).all()


def bias_at(core: _core.Student, positions: np.ndarray, system: System, scale: float) -> float:
    """Total bias energy with atoms elsewhere, in a box of another size."""
    length = float(system.cell[0, 0]) * scale
    moved = system_of(positions * scale, system.species, length)
    return float(core.compute(*moved.arguments())["bias_energies"].sum())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_its_forces_and_virial_are_the_gradients_of_its_energy(
    make_student: Make, run: Open, way: str, layers: int
) -> None:
    student = make_student(dtype="float64", layers=layers, channels=20)
    for system in (a_liquid(20), a_gas(16)):
        width = float(np.median(scores(student, system)))
        options = {"bias_width": width, "table_error": 1e-12, **WAYS[way]}
        core, plain = run(student, **options), run(student, bias=0.0, **options)
        biased, own = (each.compute(*system.arguments()) for each in (core, plain))
        forces, h = biased["forces"] - own["forces"], 1e-4
        assert np.abs(forces).max() > 0.005  # the bias is felt
        strongest = np.argsort(-np.abs(forces).max(axis=1))[:2]
        for atom in strongest:
            for axis in range(3):
                step = np.zeros_like(system.positions)
                step[atom, axis] = h
                up, down = (
                    bias_at(core, system.positions + sign * step, system, 1.0) for sign in (1, -1)
                )
                expected = -(up - down) / (2 * h)
                assert forces[atom, axis] == pytest.approx(expected, rel=1e-4, abs=1e-6)
        up, down = (bias_at(core, system.positions, system, 1 + sign * h) for sign in (1, -1))
        virial = np.trace(biased["virial"] - own["virial"])
        assert virial == pytest.approx(-(up - down) / (2 * h), rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("way", ["kernels", "torchscript"])
def test_it_is_smooth_where_a_neighbour_leaves(make_student: Make, run: Open, way: str) -> None:
    core = run(make_student(dtype="float64", layers=2), table_error=1e-12, **WAYS[way])

    def at(distance: float) -> dict[str, Any]:
        return core.compute(
            *system_of([[0.0, 0, 0], [1.5, 0, 0], [1.5 + distance, 0, 0]], [0, 1, 2]).arguments()
        )

    inside, outside = at(core.cutoff - 1e-5), at(core.cutoff + 1e-5)
    np.testing.assert_allclose(inside["bias_energies"], outside["bias_energies"], atol=1e-10)
    np.testing.assert_allclose(inside["forces"], outside["forces"], atol=1e-7)


def test_atoms_far_from_all_training_have_the_whole_bias_and_no_force_of_it(
    make_student: Make, run: Open
) -> None:
    student, system = make_student(dtype="float64"), a_liquid(20)
    found = run(student, bias_width=1e-3).compute(*system.arguments())
    own = run(student, bias=0.0).compute(*system.arguments())
    np.testing.assert_array_equal(found["bias_energies"], -ENERGY)
    np.testing.assert_allclose(found["forces"], own["forces"], atol=1e-9)


def test_another_architecture_is_biased_by_its_program(make_student: Make, run: Open) -> None:
    student, system = make_student("visnet"), a_liquid(20)
    found = run(student, backend="torchscript").compute(*system.arguments())
    np.testing.assert_allclose(found["bias_energies"], by_equation(student, system), rtol=1e-7)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"device": "emulate"},
            "the kernels bias a run on the CPU only, and the device is emulate",
        ),
        ({"bias": -0.1}, "bias is -0.1 eV an atom, expected 0 to 2"),
        ({"bias": float("nan")}, "bias is nan eV an atom, expected 0 to 2"),
        ({"bias": 2.5}, "bias is 2.5 eV an atom, expected 0 to 2"),
        ({"bias_width": 0.0}, "bias_width is 0, expected a positive score"),
        ({"bias_width": float("inf")}, "bias_width is inf, expected a positive score"),
    ],
)
def test_what_cannot_be_is_refused(
    make_student: Make, run: Open, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(_core.CoreError, match=message):
        run(make_student(), **options)


@pytest.mark.parametrize("way", ["kernels", "torchscript"])
def test_a_student_without_uncertainty_is_refused(
    make_student: Make, tmp_path: Path, way: str
) -> None:
    save_student(make_student(), tmp_path / "plain.pt")
    with pytest.raises(_core.CoreError, match="add it with `ipip uncertainty"):
        _core.Student(str(tmp_path / "plain.pt"), bias=0.1, **WAYS[way])
