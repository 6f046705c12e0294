"""Candidates and positions give, step by step, what pair vectors give, on every backend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from ipip import _core, save_student
from ipip.graph import neighbor_list
from ipip.models import Student

SKIN = 1.0
SYMBOLS = ["Mo", "S", "O"]
BACKENDS = ("kernels", "torchscript")


def a_crystal() -> Atoms:
    atoms = bulk("Mo", cubic=True) * (2, 2, 2)
    atoms.numbers[:5] = 16
    atoms.numbers[5:8] = 8
    atoms.rattle(0.1, seed=3)
    return atoms


def candidates(atoms: Atoms, cutoff: float) -> tuple[dict[str, Any], np.ndarray]:
    """Arguments of `set_candidates`, and the shift of each point from its atom."""
    (i, j), vectors = neighbor_list(
        atoms.positions, atoms.cell.array, np.array([True] * 3), cutoff + SKIN
    )
    n = len(atoms)
    # One point for each image: more than LAMMPS has, and as good.
    rows = np.concatenate([np.arange(n), j])
    shifts = np.vstack([np.zeros((n, 3)), vectors - (atoms.positions[j] - atoms.positions[i])])
    species = np.array([SYMBOLS.index(s) for s in atoms.symbols])
    given = {
        "species": species,
        "rows": rows,
        "types": species[rows],
        "centres": np.arange(n),
        "first": np.searchsorted(i, np.arange(n + 1)),
        "neighbours": n + np.arange(len(j)),
        "n_types": 3,
    }
    return given, shifts


def points(atoms: Atoms, given: dict[str, Any], shifts: np.ndarray) -> np.ndarray:
    return atoms.positions[given["rows"] % len(atoms)] + shifts


def closest(species: np.ndarray, edges: np.ndarray, vectors: np.ndarray, far: float) -> list[float]:
    distances = np.linalg.norm(vectors, axis=1)
    pairs = np.sort(species[edges], axis=0)
    kinds = [(a, b) for a in range(3) for b in range(a, 3)]
    return [distances[(kind == pairs.T).all(axis=1)].min(initial=far) for kind in kinds]


@pytest.mark.parametrize(
    ("architecture", "backend"),
    [("painn", "kernels"), ("painn", "torchscript"), ("visnet", "torchscript")],
)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-11), ("float32", 2e-5)])
def test_steps_between_two_neighbour_lists(
    make_student: Callable[..., Student],
    tmp_path: Path,
    architecture: str,
    backend: str,
    dtype: str,
    tolerance: float,
) -> None:
    more = {"attention_heads": 2} if architecture == "visnet" else {"zbl": True}
    save_student(make_student(architecture, dtype=dtype, **more), tmp_path / "student.pt")
    moving, plain = (_core.Student(str(tmp_path / "student.pt"), backend) for _ in range(2))
    moving.warm_up()
    atoms = a_crystal()
    given, shifts = candidates(atoms, plain.cutoff)
    moving.set_candidates(**given)
    for _ in range(3):
        atoms.rattle(0.05, rng=np.random.default_rng(1))
        found = moving.compute_points(points(atoms, given, shifts), atom_virials=True)
        edges, vectors = neighbor_list(
            atoms.positions, atoms.cell.array, np.array([True] * 3), plain.cutoff
        )
        expected = plain.compute(given["species"], edges, vectors, len(atoms), atom_virials=True)
        assert found["n_pairs"] == len(vectors) < len(given["neighbours"])
        for name, values in expected.items():
            size = np.abs(values).max()
            np.testing.assert_allclose(
                found[name], values, rtol=0, atol=tolerance * size, err_msg=name
            )
        near = closest(given["species"], edges, vectors, plain.cutoff)
        np.testing.assert_allclose(found["closest"], near, rtol=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_new_candidates_replace_old_ones(
    make_student: Callable[..., Student], tmp_path: Path, backend: str
) -> None:
    save_student(make_student(), tmp_path / "student.pt")
    student = _core.Student(str(tmp_path / "student.pt"), backend)
    with pytest.raises(_core.CoreError, match="no candidates were given"):
        student.compute_points(np.zeros((0, 3)))
    large, small = a_crystal(), a_crystal()[:5]
    energies = []
    for atoms in (large, small, large):
        given, shifts = candidates(atoms, student.cutoff)
        student.set_candidates(**given)
        del given["species"]  # the caller's data is not read afterwards
        energies.append(student.compute_points(points(atoms, given, shifts))["energy"])
    assert energies[0] == energies[2] != energies[1]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_nan_position_shows_in_the_forces(
    make_student: Callable[..., Student], tmp_path: Path, backend: str
) -> None:
    save_student(make_student(), tmp_path / "student.pt")
    student = _core.Student(str(tmp_path / "student.pt"), backend)
    atoms = a_crystal()
    given, shifts = candidates(atoms, 5.0)
    student.set_candidates(**given)
    atoms.positions[4, 1] = np.nan
    assert np.isnan(student.compute_points(points(atoms, given, shifts))["forces"][4]).any()


@pytest.mark.parametrize("backend", BACKENDS)
def test_arrays_that_do_not_fit_are_refused(
    make_student: Callable[..., Student], tmp_path: Path, backend: str
) -> None:
    save_student(make_student(), tmp_path / "student.pt")
    student = _core.Student(str(tmp_path / "student.pt"), backend)
    atoms = a_crystal()
    given, shifts = candidates(atoms, 5.0)
    n, n_points = len(atoms), len(given["rows"])
    for change in (
        {"types": given["types"][:-1]},
        {"n_types": 2},
        {"rows": [n, *given["rows"][1:]]},
        {"rows": [*given["rows"][:-1], -1]},
        {"centres": [n_points, *given["centres"][1:]]},
        {"centres": [*given["centres"], 0]},
        {"first": given["first"][:-1]},
        {"first": given["first"][::-1]},
        {"first": given["first"] + 1},
        {"neighbours": [-1, *given["neighbours"][1:]]},
        {"neighbours": [n_points, *given["neighbours"][1:]]},
        {"species": given["species"][:-1]},
    ):
        student.set_candidates(**given)
        with pytest.raises(_core.CoreError, match="the arrays do not fit each other"):
            student.set_candidates(**{**given, **change})
        with pytest.raises(_core.CoreError, match="no candidates were given"):
            student.compute_points(points(atoms, given, shifts))
    one_way = {
        "first": np.minimum(given["first"], given["first"][-2]),
        "neighbours": given["neighbours"][: given["first"][-2]],
    }
    student.set_candidates(**given)
    with pytest.raises(_core.CoreError, match="in one direction only: expected both directions"):
        student.set_candidates(**{**given, **one_way})
    with pytest.raises(_core.CoreError, match="no candidates were given"):
        student.compute_points(points(atoms, given, shifts))
    student.set_candidates(**given)
    with pytest.raises(_core.CoreError, match="points, expected at least the"):
        student.compute_points(points(atoms, given, shifts)[:-1])


def test_a_step_that_fails_gives_the_memory_of_its_pairs_back(
    make_student: Callable[..., Student], tmp_path: Path
) -> None:
    """The exchanges that other ranks wait for need some."""
    save_student(make_student(), tmp_path / "student.pt")
    moving, plain = (_core.Student(str(tmp_path / "student.pt"), "kernels") for _ in range(2))
    atoms = a_crystal()
    given, shifts = candidates(atoms, plain.cutoff)
    unknown = np.full_like(given["species"], 7)
    moving.set_candidates(**{**given, "species": unknown})
    with pytest.raises(_core.CoreError, match="is of species 7, expected 0 to 2"):
        moving.compute_points(points(atoms, given, shifts))
    edges, vectors = neighbor_list(
        atoms.positions, atoms.cell.array, np.array([True] * 3), plain.cutoff
    )
    with pytest.raises(_core.CoreError, match="is of species 7, expected 0 to 2"):
        plain.compute(unknown, edges, vectors, len(atoms))
    species_and_types = 8 * (len(atoms) + 3 * 3)
    assert moving.buffer_bytes - plain.buffer_bytes == species_and_types


def test_a_missing_gpu_is_refused(make_student: Callable[..., Student], tmp_path: Path) -> None:
    if _core.visible_gpus("torchscript")[0]:
        pytest.skip("there is a GPU")
    save_student(make_student(), tmp_path / "student.pt")
    missing = "libipip_cuda.so cannot be loaded|device is cuda:0, but it cannot be used"
    for backend, device, reason in (
        ("torchscript", "cuda:0", "device is cuda:0, but libtorch cannot use it"),
        ("kernels", "cuda:0", missing),
        ("kernels", "tpu", "the kernels do not run on device tpu, expected cpu, cuda:N or emulate"),
        (
            "kernels",
            "cuda:",
            "the kernels do not run on device cuda:, expected cpu, cuda:N or emulate",
        ),
    ):
        with pytest.raises(_core.CoreError, match=reason):
            _core.Student(str(tmp_path / "student.pt"), backend, device=device)
