"""Candidates found on the emulated device match a brute-force search."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from ipip import _core, save_student
from ipip.models import Student
from tests.cuda.test_emulated import assert_close

MakeStudent = Callable[..., Student]
SYMBOLS = ["Mo", "S", "O"]
SKIN = 0.7


def a_triclinic_crystal() -> Atoms:
    atoms = bulk("Mo", cubic=True) * (2, 2, 2)
    cell = atoms.cell.array.copy()
    cell[1, 0], cell[2, 0], cell[2, 1] = 1.1, -0.9, 0.7
    atoms.set_cell(cell, scale_atoms=True)
    atoms.rattle(0.1, seed=2)
    return atoms


def a_tiny_cell() -> Atoms:
    return Atoms("MoS", [[0, 0, 0], [1.4, 0.2, 1.1]], cell=[2.9, 3.1, 2.7], pbc=True)


def a_slab() -> Atoms:
    atoms = bulk("Mo", cubic=True) * (2, 2, 1)
    atoms.center(vacuum=20, axis=2)
    atoms.pbc = [True, True, False]
    return atoms


def a_molecule() -> Atoms:
    atoms = molecule("SO2")
    atoms.set_cell([60, 60, 60])
    return atoms


def a_gas() -> Atoms:
    rng = np.random.default_rng(4)
    places = rng.uniform(0, 31, (70, 3))
    return Atoms("S70", places, cell=[31] * 3, pbc=True)


def two_far_apart() -> Atoms:
    """A box of which a grid of cells as long as the reach would not fit memory."""
    return Atoms("S3", [[0, 0, 0], [1.9, 0, 0], [4e6, 3e6, 5e6]])


SYSTEMS = [
    a_triclinic_crystal,
    a_tiny_cell,
    a_slab,
    a_molecule,
    a_gas,
    two_far_apart,
    lambda: Atoms("O", [[0, 0, 0]]),
    Atoms,
]


def images(atoms: Atoms, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """All points within reach of the atoms' box, atoms first, and the atom of each."""
    n = len(atoms)
    turns = [0, 0, 0]
    for axis in range(3):
        if atoms.pbc[axis]:
            turns[axis] = int(np.ceil(reach / (1 / np.linalg.norm(atoms.cell.reciprocal()[axis]))))
    points, rows = [atoms.positions], [np.arange(n)]
    low, high = (f(atoms.positions, axis=0, initial=0.0) for f in (np.min, np.max))
    for shift in np.ndindex(*(2 * t + 1 for t in turns)):
        steps = np.array(shift) - turns
        if not steps.any():
            continue
        moved = atoms.positions + steps @ atoms.cell.array
        near = ((moved >= low - reach) & (moved <= high + reach)).all(axis=1)
        points.append(moved[near])
        rows.append(np.arange(n)[near])
    return np.concatenate(points), np.concatenate(rows)


def brute_force(points: np.ndarray, present: np.ndarray, n: int, reach: float) -> list[set[int]]:
    near = []
    for i in range(n):
        apart = np.linalg.norm(points - points[i], axis=1)
        near.append(set(np.flatnonzero((apart < reach) & present)) - {i} if present[i] else set())
    return near


def found(first: list[int], neighbours: list[int]) -> list[list[int]]:
    return [neighbours[a:b] for a, b in itertools.pairwise(first)]


def a_device(make_student: MakeStudent, folder: Path, **more: Any) -> _core.Student:
    save_student(make_student(zbl=True, **more), folder / "student.pt")
    return _core.Student(str(folder / "student.pt"), device="emulate")


@pytest.mark.parametrize("make", SYSTEMS)
def test_candidates_match_brute_force_and_results_match_the_cpu(
    make: Callable[[], Atoms], make_student: MakeStudent, tmp_path: Path
) -> None:
    device = a_device(make_student, tmp_path)
    cpu = _core.Student(str(tmp_path / "student.pt"))
    assert device.finds_candidates
    assert not cpu.finds_candidates
    atoms = make()
    n, reach = len(atoms), cpu.cutoff + SKIN
    points, rows = images(atoms, reach)
    species = np.array([SYMBOLS.index(s) for s in atoms.symbols], dtype=np.int64)
    contacts = device.find_contacts(np.ones(len(points)), points, n, reach)
    assert not contacts.any()
    given = {"species": species, "rows": rows, "types": species[rows], "centres": np.arange(n)}
    first, neighbours = device.find_candidates(**given, n_types=3)
    lists = found(first, neighbours)
    expected = brute_force(points, np.ones(len(points), bool), n, reach)
    assert [set(near) for near in lists] == expected
    assert len(neighbours) == sum(map(len, expected))
    cpu.set_candidates(**given, first=first, neighbours=neighbours, n_types=3)
    for moved in (points, points + np.random.default_rng(1).uniform(-0.1, 0.1, (n, 3))[rows]):
        results = [student.compute_points(moved, atom_virials=True) for student in (device, cpu)]
        assert_close(results[0], results[1], 1e-10)


def test_lists_are_the_same_whatever_the_order_of_threads(
    make_student: MakeStudent, tmp_path: Path
) -> None:
    """Every other launch runs backwards, and threads take their places in the order they come."""
    device = a_device(make_student, tmp_path)
    atoms = a_gas()
    points, rows = images(atoms, device.cutoff)
    species = np.ones(len(atoms), dtype=np.int64)
    lists = []
    for _ in range(5):
        device.find_contacts(np.ones(len(points)), points, len(atoms), device.cutoff)
        lists.append(device.find_candidates(species, rows, species[rows], np.arange(len(atoms)), 3))
    assert all(again == lists[0] for again in lists)


def test_absent_points_have_no_neighbours_and_remote_ones_touch(
    make_student: MakeStudent, tmp_path: Path
) -> None:
    device = a_device(make_student, tmp_path)
    rng = np.random.default_rng(7)
    points = rng.uniform(0, 22, (900, 3))
    n, reach = 400, device.cutoff
    kinds = rng.choice([0, 1, 2], 900, p=[0.1, 0.6, 0.3])
    kinds[:n][kinds[:n] == 2] = 1
    present = kinds > 0
    near = brute_force(points, present, n, reach)
    expected = np.zeros(900)
    for i, around in enumerate(near):
        remote = [q for q in around if kinds[q] == 2]
        expected[remote] = 1
        expected[i] = len(remote) > 0
    contacts = device.find_contacts(kinds, points, n, reach)
    np.testing.assert_array_equal(contacts, expected)
    centres = rng.permutation(np.flatnonzero(present[:n]))
    halo = np.flatnonzero((kinds == 2) & (expected == 1))
    rows = np.full(900, -1)
    rows[centres] = np.arange(len(centres))
    rows[n:][kinds[n:] == 1] = 0
    rows[halo] = len(centres) + np.arange(len(halo))
    first, neighbours = device.find_candidates(
        np.ones(len(centres) + len(halo), dtype=int), rows, np.ones(900), centres, 3
    )
    assert [set(q) for q in found(first, neighbours)] == [near[i] for i in centres]


def test_an_impossible_search_is_refused(make_student: MakeStudent, tmp_path: Path) -> None:
    device = a_device(make_student, tmp_path)
    points = np.arange(9.0).reshape(3, 3)
    with pytest.raises(_core.CoreError, match="a reach of the cutoff, "):
        device.find_contacts([1, 1, 1], points, 3, device.cutoff - 0.1)
    with pytest.raises(_core.CoreError, match="no contacts were found"):
        device.find_candidates([1, 1, 1], [0, 1, 2], [1, 1, 1], [0, 1, 2], 3)
    with pytest.raises(_core.CoreError, match="a position is not a number"):
        device.find_contacts([1, 1, 1], points * [1, np.nan, 1], 3, device.cutoff)
    device.find_contacts([1, 1, 1], points, 3, device.cutoff)
    with pytest.raises(_core.CoreError, match="the arrays do not fit each other"):
        device.find_candidates([1, 1, 1], [0, 1, 3], [1, 1, 1], [0, 1, 2], 3)
    cpu = _core.Student(str(tmp_path / "student.pt"))
    with pytest.raises(_core.CoreError, match="this backend does not find candidates itself"):
        cpu.find_contacts([1, 1, 1], points, 3, device.cutoff)
