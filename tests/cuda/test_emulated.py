"""The kernels for GPUs, executed and checked on the host, agree with the CPU kernels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ipip import _core, save_student
from ipip.models import Student
from tests.cpp.test_candidates import a_crystal, candidates, points
from tests.kernels.conftest import System, a_gas, a_liquid, system_of, tamed
from tests.kernels.test_contract_systems import SYSTEMS

MakeStudent = Callable[..., Student]
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
VARIANTS: dict[str, dict[str, Any]] = {
    "one layer": {"layers": 1},
    "core": {"zbl": True, "channels": 40},
    "three layers": {"layers": 3, "channels": 32},
    "four layers": {"layers": 4, "channels": 24},
    "two channels a lane": {"channels": 64, "n_heads": 3},
    "two chunks": {"channels": 128},
    "odd chunks": {"channels": 96},
    "gaussian and cosine": {"radial": "gaussian", "envelope": "cosine"},
    "one element": {"symbols": ["S"]},
    "blocks of four rows": {"channels": 288, "n_radial": 4},
}
MORE_SYSTEMS: dict[str, Callable[[], System]] = {
    "liquid": lambda: a_liquid(20),
    "lone atom": lambda: system_of([[0, 0, 0]], [1]),
    "no atoms": lambda: system_of(np.zeros((0, 3)), []),
    "far atoms": lambda: system_of([[0, 0, 0], [20, 0, 0]], [1, 2]),
}


def pair_of(student: Student, folder: Path) -> tuple[_core.Student, _core.Student]:
    """The student on the cpu, and emulated."""
    path = folder / "student.pt"
    save_student(student, path)
    cpu, emulated = (_core.Student(str(path), device=device) for device in ("cpu", "emulate"))
    assert emulated.backend.startswith("kernels, emulated, tables of ")
    return cpu, emulated


def worst(found: dict[str, Any], expected: dict[str, Any]) -> dict[str, float]:
    """The largest difference of each quantity."""
    return {
        name: float(np.abs(np.subtract(found[name], value)).max(initial=0.0))
        for name, value in expected.items()
    }


def assert_close(found: dict[str, Any], expected: dict[str, Any], tolerance: float) -> None:
    assert found.keys() == expected.keys()
    for name, error in worst(found, expected).items():
        size = np.abs(np.asarray(expected[name])).max(initial=1e-3)
        assert error <= tolerance * size, name


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", VARIANTS)
def test_students_of_all_shapes(
    name: str, dtype: str, make_student: MakeStudent, tmp_path: Path
) -> None:
    student = tamed(make_student(dtype=dtype, **VARIANTS[name]))
    cpu, emulated = pair_of(student, tmp_path)
    system = a_liquid(13)  # blocks of rows that are not full
    if len(student.symbols) == 1:
        system.species[:] = 0
    arguments = system.arguments()
    assert_close(
        emulated.compute(*arguments, atom_virials=True),
        cpu.compute(*arguments, atom_virials=True),
        TOLERANCE[dtype],
    )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", [*SYSTEMS, *MORE_SYSTEMS])
def test_systems_of_all_kinds(
    name: str, dtype: str, make_student: MakeStudent, tmp_path: Path
) -> None:
    student = tamed(make_student(dtype=dtype, layers=3, channels=24, zbl=True))
    cpu, emulated = pair_of(student, tmp_path)
    system = (SYSTEMS | MORE_SYSTEMS)[name]()
    arguments = system.arguments()
    assert_close(
        emulated.compute(*arguments, atom_virials=True),
        cpu.compute(*arguments, atom_virials=True),
        TOLERANCE[dtype],
    )


@pytest.mark.parametrize("layers", [1, 3])
def test_features_match_the_cpu(layers: int, make_student: MakeStudent, tmp_path: Path) -> None:
    cpu, emulated = pair_of(make_student(layers=layers, channels=40), tmp_path)
    species, edges, vectors, _ = a_liquid(13).arguments()
    expected = cpu.features(species, edges, vectors)
    found = emulated.features(species, edges, vectors)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * np.abs(expected).max())


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_results_are_the_same_bit_for_bit_whatever_the_order_of_blocks_and_threads(
    dtype: str, make_student: MakeStudent, tmp_path: Path
) -> None:
    """Every other launch runs backwards, and not the same ones in each step."""
    _, emulated = pair_of(tamed(make_student(dtype=dtype, layers=3, zbl=True)), tmp_path)
    arguments = a_gas(70).arguments()  # blocks of 32 rows
    first, *later = (emulated.compute(*arguments, atom_virials=True) for _ in range(4))
    for result in later:
        assert not any(worst(result, first).values())


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-11), ("float32", 1e-5)])
def test_candidates_and_positions_are_the_pairs_of_each_step(
    dtype: str, tolerance: float, make_student: MakeStudent, tmp_path: Path
) -> None:
    """The queue of a step is recorded once, also after pair vectors and other atoms in between."""
    cpu, emulated = pair_of(make_student(dtype=dtype, zbl=True), tmp_path)
    emulated.warm_up()
    for atoms in (a_crystal(), a_crystal()[:7], a_crystal()):
        given, shifts = candidates(atoms, cpu.cutoff)
        cpu.set_candidates(**given)
        emulated.set_candidates(**given)
        for virials in (False, False, True, False):
            atoms.rattle(0.05, rng=np.random.default_rng(1))
            places = points(atoms, given, shifts)
            found = emulated.compute_points(places, atom_virials=virials)
            expected = cpu.compute_points(places, atom_virials=virials)
            assert found["n_pairs"] == expected["n_pairs"] < len(given["neighbours"])
            np.testing.assert_allclose(found["closest"], expected["closest"], rtol=1e-12)
            assert_close(found, expected, tolerance)
        emulated.compute(*a_liquid(5).arguments())


def test_a_nan_position_shows_in_the_forces(make_student: MakeStudent, tmp_path: Path) -> None:
    _, emulated = pair_of(make_student(), tmp_path)
    atoms = a_crystal()
    given, shifts = candidates(atoms, 5.0)
    emulated.set_candidates(**given)
    atoms.positions[4, 1] = np.nan
    result = emulated.compute_points(points(atoms, given, shifts))
    assert np.isnan(result["forces"][4]).any()
    assert np.isnan(result["energy"])


def test_pairs_that_are_wrong_are_refused(make_student: MakeStudent, tmp_path: Path) -> None:
    _, emulated = pair_of(make_student(), tmp_path)
    vectors = np.array([[1.5, 0.0, 0.0], [-1.5, 0.0, 0.0]])
    for species, edges, text in (
        ([0, 3], [[0, 1], [1, 0]], "row 1 is of species 3, expected 0 to 2"),
        ([0, 1], [[1, 0], [0, 1]], "expected pairs ordered by receivers"),
        ([0, 1], [[0, 1], [1, 2]], "pair 1 goes from row 1 to row 2"),
    ):
        with pytest.raises(_core.CoreError, match=text):
            emulated.compute(species, np.array(edges), vectors, 2)
    emulated.compute([0, 1], np.array([[0, 1], [1, 0]]), vectors, 2)


def test_a_student_too_wide_for_a_block_is_refused(
    make_student: MakeStudent, tmp_path: Path
) -> None:
    save_student(make_student(channels=512, n_radial=4), tmp_path / "student.pt")
    with pytest.raises(_core.CoreError, match="512 channels and a readout of"):
        _core.Student(str(tmp_path / "student.pt"), device="emulate")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_warm_step_is_one_replay_and_one_wait(
    dtype: str, make_student: MakeStudent, tmp_path: Path
) -> None:
    """No allocation, no single launch, and only forces come down unless more is requested."""
    cpu, emulated = pair_of(make_student(dtype=dtype, zbl=True), tmp_path)
    atoms = a_crystal()
    given, shifts = candidates(atoms, cpu.cutoff)
    for student in (cpu, emulated):
        student.set_candidates(**given)
    emulated.compute_points(points(atoms, given, shifts), atom_virials=True)  # all memory

    def asked(totals: bool) -> dict[str, int]:
        before = emulated.device_calls
        atoms.rattle(0.02, rng=np.random.default_rng(1))
        places = points(atoms, given, shifts)
        found = emulated.compute_points(places, totals=totals)
        whole = cpu.compute_points(places)
        if not totals:
            assert found.pop("atom_energies").size == 0
            assert found.pop("n_pairs") == -1
            assert np.isnan(found.pop("energy"))
            assert np.isnan(found.pop("virial")).all()
        expected = {name: whole[name] for name in found}
        assert_close(found, expected, TOLERANCE[dtype])
        return {name: count - before[name] for name, count in emulated.device_calls.items()}

    warm = {"allocations": 0, "launches": 0, "copies": 0, "replays": 1, "waits": 1}
    assert cpu.device_calls == {}
    recorded = {}
    for totals in (False, True):
        recorded[totals] = asked(totals)
        assert recorded[totals]["allocations"] == 0
        for _ in range(3):
            assert asked(totals) == warm
    # Each kind stays recorded while the other is replayed.
    for totals in (False, True, True, False):
        assert asked(totals) == warm
    # Positions and the start of distances up; forces and the smallest distances down.
    assert recorded[False]["copies"] == 4
    assert recorded[True]["copies"] == 6  # energies and sums, too
    assert recorded[True]["launches"] - recorded[False]["launches"] == 2
