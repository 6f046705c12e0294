"""Halo rows, threads, changing sizes and wrong input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ipip import _core, save_student
from ipip.models import Student
from tests.kernels.conftest import System, a_liquid, assert_agrees, eager, system_of, tamed

MakeStudent = Callable[..., Student]
Run = Callable[..., _core.Student]


def with_halo_rows(system: System, seed: int = 5) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Let neighbours on the other side of a cut be halo rows that copy their owners."""
    side = np.random.default_rng(seed).random(system.n) < 0.5
    i, neighbours = system.edge_index[0], system.edge_index[1].copy()
    across = side[i] != side[neighbours]
    owners = np.unique(neighbours[across])
    row_of = np.zeros(system.n, dtype=np.int64)
    row_of[owners] = system.n + np.arange(len(owners))
    neighbours[across] = row_of[neighbours[across]]
    species = np.concatenate([system.species, system.species[owners]])
    return species, np.stack([system.edge_index[0], neighbours]), [int(o) for o in owners]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("channels", "layers"), [(16, 3), (24, 2), (16, 1)])
def test_halo_rows_give_the_same_forces_as_their_owners(
    dtype: str, channels: int, layers: int, make_student: MakeStudent, run: Run
) -> None:
    student = tamed(make_student(dtype=dtype, channels=channels, layers=layers))
    kernels = run(student)
    system = a_liquid()
    plain = kernels.compute(*system.arguments(), atom_virials=True)
    species, edges, owners = with_halo_rows(system)
    with _core.GatherHalo(system.n, owners):
        halo = kernels.compute(species, edges, system.edge_vec, system.n, atom_virials=True)
    for key in ("forces", "atom_virials"):
        np.add.at(halo[key], owners, halo[key][system.n :])
        halo[key] = halo[key][: system.n]
    for key in ("atom_energies", "forces", "virial", "atom_virials"):
        tolerance = (3e-6 if dtype == "float32" else 1e-12) * np.abs(plain[key]).max()
        np.testing.assert_allclose(halo[key], plain[key], rtol=0, atol=tolerance)


def test_halo_rows_agree_with_torchscript(make_student: MakeStudent, run: Run) -> None:
    student = tamed(make_student(layers=3))
    system = a_liquid()
    species, edges, owners = with_halo_rows(system)
    with _core.GatherHalo(system.n, owners):
        kernels = run(student).compute(species, edges, system.edge_vec, system.n)
        scripted = run(student, backend="torchscript").compute(
            species, edges, system.edge_vec, system.n
        )
    for result in (kernels, scripted):  # only the sum of an atom's rows is defined
        np.add.at(result["forces"], owners, result["forces"][system.n :])
    expected = scripted["forces"][: system.n]
    np.testing.assert_allclose(
        kernels["forces"][: system.n], expected, atol=1e-8 * np.abs(expected).max(), rtol=0
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_threads_change_nothing(dtype: str, make_student: MakeStudent, run: Run) -> None:
    student = tamed(make_student(dtype=dtype, channels=32, layers=3))
    system = a_liquid(250)
    one = run(student).compute(*system.arguments(), atom_virials=True)
    threaded = run(student, threads=2)
    for _ in range(3):
        two = threaded.compute(*system.arguments(), atom_virials=True)
        for key, value in one.items():
            np.testing.assert_array_equal(two[key], value)


def test_repeated_calls_with_changing_sizes_leave_no_trace(
    make_student: MakeStudent, run: Run
) -> None:
    student = tamed(make_student(layers=3))
    kernels = run(student)
    for n, density in ((40, 0.07), (3, 0.01), (100, 0.05), (0, 0.05), (40, 0.09)):
        system = a_liquid(n, density=density) if n else system_of(np.zeros((0, 3)), [])
        assert_agrees(kernels.compute(*system.arguments()), eager(student, system), 1e-8)


def test_buffers_stop_growing(make_student: MakeStudent, run: Run) -> None:
    kernels = run(make_student())
    system = a_liquid()
    kernels.compute(*system.arguments())
    before = kernels.buffer_bytes
    for _ in range(3):
        kernels.compute(*system.arguments())
    assert kernels.buffer_bytes == before > 0


def test_a_nan_position_shows(make_student: MakeStudent, run: Run) -> None:
    system = a_liquid(8)
    system.edge_vec[3] = np.nan
    for dtype in ("float32", "float64"):
        result = run(make_student(dtype=dtype)).compute(*system.arguments())
        assert not np.isfinite(result["energy"])
        assert not np.isfinite(result["forces"]).all()


def test_backends_are_chosen_and_refused_in_one_sentence(
    make_student: MakeStudent, tmp_path: Path
) -> None:
    painn = tmp_path / "painn.pt"
    save_student(make_student(), painn)
    assert _core.Student(str(painn)).backend.startswith("kernels")
    assert _core.Student(str(painn), "fused").backend.startswith("kernels")  # an old name
    assert _core.Student(str(painn), backend="torchscript").backend == "torchscript"
    with pytest.raises(_core.CoreError, match=r"backend is magic, expected auto, kernels or"):
        _core.Student(str(painn), backend="magic")
    with pytest.raises(_core.CoreError, match=r"instruction_set is .sse9., expected auto or one"):
        _core.Student(str(painn), backend="kernels", instruction_set="sse9")
    visnet = tmp_path / "visnet.pt"
    save_student(make_student("visnet"), visnet)
    assert _core.Student(str(visnet), backend="torchscript").backend == "torchscript"
    with pytest.raises(_core.CoreError, match=r"backend auto cannot run it, .* if you trust"):
        _core.Student(str(visnet))
    with pytest.raises(_core.CoreError, match="backend kernels cannot run it, because its archit"):
        _core.Student(str(visnet), backend="kernels")


def test_wrong_graphs_are_refused(make_student: MakeStudent, run: Run) -> None:
    kernels = run(make_student())
    vectors = np.ones((2, 3))
    with pytest.raises(_core.CoreError, match="expected pairs ordered by receivers"):
        kernels.compute([0, 1], [[1, 0], [0, 1]], vectors, 2)
    with pytest.raises(_core.CoreError, match="expected pairs ordered by receivers"):
        kernels.compute([0, 1], [[0, 1], [1, 2]], vectors, 2)
    with pytest.raises(_core.CoreError, match="row 1 is of species 7, expected 0 to 2"):
        kernels.compute([0, 7], [[0, 1], [1, 0]], vectors, 2)
    with pytest.raises(_core.CoreError, match="halo rows need an active exchanger"):
        kernels.compute([0, 1], [[0, 0], [1, 1]], vectors, 1)
    with pytest.raises(_core.CoreError, match="in one direction only: expected both directions"):
        kernels.compute([0, 1, 2], [[0, 1, 1], [1, 0, 2]], np.ones((3, 3)), 3)
    with pytest.raises(_core.CoreError, match="expected species"):
        kernels.compute([0, 1], [[0, 1], [1, 0]], np.ones((2, 2)), 2)


def test_energy_is_conserved_as_by_torchscript(make_student: MakeStudent, run: Run) -> None:
    """Two atoms bouncing in the ZBL core, 400 steps of velocity Verlet."""
    student = tamed(make_student(zbl=True))
    drifts = []
    for options in ({}, {"backend": "torchscript"}, {"table_error": 3e-7}):
        model = run(student, **options)
        x = np.array([[0.0, 0, 0], [2.2, 0.1, 0], [0.3, 2.4, 0.2]])
        v, dt, mass = np.zeros((3, 3)), 0.2, 1e4
        total = []
        force = None
        for _ in range(400):
            if force is not None:
                v += 0.5 * dt * force / mass * 100
                x = x + dt * v
            system = system_of(x, [0, 1, 1])
            result = model.compute(*system.arguments())
            if force is not None:
                v += 0.5 * dt * result["forces"] / mass * 100
            force = result["forces"]
            total.append(result["energy"] + 0.5 * mass / 100 * (v**2).sum())
        drifts.append(np.ptp(total))
    assert max(drifts) < 1.05 * drifts[1] + 1e-6
