"""Candidates that stay on the device give, step by step, what pairs found outside give."""

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


def a_crystal() -> Atoms:
    atoms = bulk("Mo", cubic=True) * (2, 2, 2)
    atoms.numbers[:5] = 16
    atoms.numbers[5:8] = 8
    atoms.rattle(0.1, seed=3)
    return atoms


def candidates(atoms: Atoms, cutoff: float) -> tuple[dict[str, Any], np.ndarray]:
    """Arguments of `set_candidates`, and the shift of each point from the atom it shows."""
    edges, vectors = neighbor_list(
        atoms.positions, atoms.cell.array, np.array([True] * 3), cutoff + SKIN
    )
    edges, vectors = np.asarray(edges), np.asarray(vectors)
    order = np.argsort(edges[0], kind="stable")
    i, j = edges[:, order]
    n = len(atoms)
    # One point for each image: more than LAMMPS has, and as good.
    shifts = vectors[order] - (atoms.positions[j] - atoms.positions[i])
    species = np.array([SYMBOLS.index(s) for s in atoms.symbols])
    given = {
        "species": species.tolist(),
        "receivers": i.tolist(),
        "neighbours": j.tolist(),
        "from_points": i.tolist(),
        "to_points": (n + np.arange(len(j))).tolist(),
        "kinds": (3 * species[i] + species[j]).tolist(),
        "n_local": n,
        "n_kinds": 9,
    }
    return given, shifts


def points(atoms: Atoms, given: dict[str, Any], shifts: np.ndarray) -> np.ndarray:
    return np.vstack([atoms.positions, atoms.positions[given["neighbours"]] + shifts])


@pytest.mark.parametrize("architecture", ["painn", "visnet"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-11), ("float32", 2e-5)])
def test_steps_between_two_neighbour_lists(
    make_student: Callable[..., Student],
    tmp_path: Path,
    architecture: str,
    dtype: str,
    tolerance: float,
) -> None:
    more = {"attention_heads": 2} if architecture == "visnet" else {"zbl": True}
    save_student(make_student(architecture, dtype=dtype, **more), tmp_path / "student.pt")
    resident = _core.ResidentStudent(str(tmp_path / "student.pt"))
    plain = _core.Student(str(tmp_path / "student.pt"), backend="torchscript")
    assert resident.backend == "torchscript"
    resident.warm_up()
    atoms = a_crystal()
    given, shifts = candidates(atoms, plain.cutoff)
    resident.set_candidates(**given)
    for _ in range(3):
        atoms.rattle(0.05, rng=np.random.default_rng(1))
        found = resident.compute(points(atoms, given, shifts), atom_virials=True)
        edges, vectors = map(
            np.asarray,
            neighbor_list(atoms.positions, atoms.cell.array, np.array([True] * 3), plain.cutoff),
        )
        order = np.argsort(edges[0], kind="stable")
        edges, vectors = edges[:, order], vectors[order]
        expected = plain.compute(given["species"], edges, vectors, len(atoms), atom_virials=True)
        assert found["n_pairs"] == len(vectors) < len(given["receivers"])
        for name, values in expected.items():
            size = np.abs(values).max()
            np.testing.assert_allclose(
                found[name], values, rtol=0, atol=tolerance * size, err_msg=name
            )
        distances = np.linalg.norm(vectors, axis=1)
        species = np.array(given["species"])
        kinds = 3 * species[edges[0]] + species[edges[1]]
        closest = [distances[kinds == k].min(initial=plain.cutoff) for k in range(9)]
        np.testing.assert_allclose(found["closest"], closest, rtol=1e-12)


def test_a_position_that_is_no_number_shows_in_the_forces(
    make_student: Callable[..., Student], tmp_path: Path
) -> None:
    save_student(make_student(), tmp_path / "student.pt")
    resident = _core.ResidentStudent(str(tmp_path / "student.pt"))
    atoms = a_crystal()
    given, shifts = candidates(atoms, 5.0)
    resident.set_candidates(**given)
    atoms.positions[4, 1] = np.nan
    assert np.isnan(resident.compute(points(atoms, given, shifts))["forces"][4]).any()


def test_arrays_that_do_not_fit_are_refused(
    make_student: Callable[..., Student], tmp_path: Path
) -> None:
    save_student(make_student(), tmp_path / "student.pt")
    resident = _core.ResidentStudent(str(tmp_path / "student.pt"))
    atoms = a_crystal()
    given, shifts = candidates(atoms, 5.0)
    for change in (
        {"kinds": given["kinds"][:-1]},
        {"receivers": [len(atoms), *given["receivers"][1:]]},
        {"neighbours": [len(atoms), *given["neighbours"][1:]]},
        {"n_kinds": 2},
        {"n_local": len(atoms) + 1},
    ):
        with pytest.raises(_core.CoreError, match="the arrays do not fit each other"):
            resident.set_candidates(**{**given, **change})
    resident.set_candidates(**given)
    with pytest.raises(_core.CoreError, match="points, expected at least the"):
        resident.compute(points(atoms, given, shifts)[:-1])


def test_a_gpu_without_cuda_is_refused(
    make_student: Callable[..., Student], tmp_path: Path
) -> None:
    if _core.built_with_cuda():
        pytest.skip("this libtorch was built with CUDA")
    save_student(make_student(), tmp_path / "student.pt")
    with pytest.raises(_core.CoreError, match="device is cuda:0, but libtorch cannot use it"):
        _core.ResidentStudent(str(tmp_path / "student.pt"), "cuda:0")
