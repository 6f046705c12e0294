"""On 64-bit ARM the libraries compile without a warning and compute the same as here.

They are cross-compiled and run under an emulator, which rounds as the processor does.
"""

from __future__ import annotations

import contextlib
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.cpp.emulated import PROGRAMS, Emulated, Graph, build, configure, missing
from tests.faults.model_files import VERSION_1, damaged
from tests.kernels.conftest import CUTOFF, System, a_gas, a_liquid, system_of, tamed
from tests.kernels.test_running import with_halo_rows
from tests.lammps.dump_text import frame_text

from ipip import _core, save_student
from ipip.errors import InputError
from ipip.graph import neighbor_list
from ipip.lammps import read_dump
from ipip.models import Student

pytestmark = [
    pytest.mark.aarch64,
    pytest.mark.skipif(bool(missing()), reason=missing()),
]

MakeStudent = Callable[..., Student]
SETS = ["neon", "generic"]
STUDENTS = {
    "float32, one layer": {"dtype": "float32", "layers": 1, "channels": 40},
    "float32, two layers, core": {"dtype": "float32", "layers": 2, "channels": 24, "zbl": True},
    "float32, three layers": {"dtype": "float32", "layers": 3, "channels": 64},
    "float64, one layer, core": {"dtype": "float64", "layers": 1, "channels": 24, "zbl": True},
    "float64, two layers": {"dtype": "float64", "layers": 2, "channels": 24},
    "float64, three layers, core": {"dtype": "float64", "layers": 3, "channels": 16, "zbl": True},
}
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}


@pytest.fixture(scope="module")
def tree(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("aarch64")
    configure(repository, folder)
    return folder


@pytest.fixture(scope="module")
def emulated(tree: Path) -> Emulated:
    build(tree, *PROGRAMS)
    return Emulated(tree)


def whole(system: System) -> Graph:
    return Graph(system.species, system.edge_index, system.edge_vec, system.n)


def graphs() -> dict[str, Graph]:
    """Return the cases that a rank may meet."""
    ring = [[np.cos(a), np.sin(a), 0.1 * a] for a in np.arange(6)]
    halo = a_liquid(24, seed=3)
    species, edges, owners = with_halo_rows(halo)
    nobody = np.zeros(0, dtype=np.int64)
    return {
        "a molecule": whole(system_of(1.9 * np.array(ring), [0, 2, 1, 2, 1, 1])),
        "dense and periodic": whole(a_liquid()),
        "lone pairs": whole(a_gas(60)),
        "close atoms": whole(system_of([[0, 0, 0], [0.7, 0, 0], [0, 0.9, 0.3]], [0, 1, 2])),
        "isolated atoms": whole(system_of(10.0 * np.eye(3), [0, 1, 2])),
        "halo rows": Graph(species, edges, halo.edge_vec, halo.n, owners),
        "an empty rank": Graph(nobody, np.zeros((2, 0), int), np.zeros((0, 3)), 0),
    }


def here(student: _core.Student, graph: Graph) -> dict[str, Any]:
    """Evaluate a graph on this machine."""
    halo = _core.GatherHalo(graph.n_local, list(graph.owners)) if graph.owners else None
    with halo or contextlib.nullcontext():
        return student.compute(
            graph.species, graph.edge_index, graph.edge_vec, graph.n_local, atom_virials=True
        )


def saved(student: Student, folder: Path) -> Path:
    path = folder / "student.pt"
    save_student(tamed(student), path)
    return path


@pytest.mark.parametrize(
    ("name", "instruction_set"),
    [(name, "neon") for name in STUDENTS] + [(name, "generic") for name in list(STUDENTS)[1::4]],
)
def test_energies_forces_and_virials_match_this_machine(
    name: str, instruction_set: str, emulated: Emulated, make_student: MakeStudent, tmp_path: Path
) -> None:
    path = saved(make_student(**STUDENTS[name]), tmp_path)
    systems = graphs()
    backend, found = emulated.evaluate(path, list(systems.values()), instruction_set)
    assert backend.startswith(f"kernels, {instruction_set}, ")
    student = _core.Student(str(path), backend="kernels")
    tolerance = TOLERANCE[str(STUDENTS[name]["dtype"])]
    for (system, graph), result in zip(systems.items(), found, strict=True):
        expected = here(student, graph)
        largest = np.abs(expected["forces"]).max(initial=0.0)
        assert (largest > 0.1) == (len(graph.edge_vec) > 0), system
        for key in ("forces", "virial", "atom_virials"):
            np.testing.assert_allclose(
                result[key], expected[key], rtol=0, atol=tolerance * largest, err_msg=system
            )
        for key in ("energy", "atom_energies"):
            np.testing.assert_allclose(
                result[key], expected[key], rtol=tolerance, atol=0, err_msg=system
            )


@pytest.mark.parametrize("instruction_set", SETS)
def test_forces_and_virials_are_the_slope_of_the_energy(
    instruction_set: str, emulated: Emulated, make_student: MakeStudent, tmp_path: Path
) -> None:
    path = saved(make_student(layers=3, channels=16, zbl=True), tmp_path)
    system = a_liquid(16, seed=2)
    step = 2e-5  # Å, and of strain

    def moved(change: np.ndarray, strain: np.ndarray) -> Graph:
        stretch = np.eye(3) + strain
        positions, cell = (system.positions + change) @ stretch, system.cell @ stretch
        edge_index, edge_vec = neighbor_list(positions, cell, [True] * 3, CUTOFF)
        return Graph(system.species, edge_index, edge_vec, system.n)

    still, unstrained = np.zeros_like(system.positions), np.zeros((3, 3))
    cases = []
    for atom in (0, 7):
        for axis in range(3):
            change = still.copy()
            change[atom, axis] = step
            cases += [moved(change, unstrained), moved(-change, unstrained)]
    for a, b in ((0, 0), (1, 2)):
        strain = unstrained.copy()
        strain[a, b] = step
        cases += [moved(still, strain), moved(still, -strain)]
    _, results = emulated.evaluate(path, [moved(still, unstrained), *cases], instruction_set)
    energies = np.array([result["energy"] for result in results[1:]]).reshape(-1, 2)
    slopes = (energies[:, 0] - energies[:, 1]) / (2 * step)
    forces, virial = results[0]["forces"], results[0]["virial"]
    expected = np.concatenate([-forces[0], -forces[7], [-virial[0, 0], -virial[1, 2]]])
    np.testing.assert_allclose(slopes, expected, rtol=0, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_threads_change_nothing_and_shortcuts_nothing_but_rounding(
    dtype: str, emulated: Emulated, make_student: MakeStudent, tmp_path: Path
) -> None:
    path = saved(make_student(dtype=dtype, channels=16, layers=2), tmp_path)
    systems = [whole(a_liquid(110)), whole(a_gas(110))]  # more than a block of rows
    _, one = emulated.evaluate(path, systems)
    _, two = emulated.evaluate(path, systems, threads=2)
    _, plain = emulated.evaluate(path, systems, most_tabulated_pairs=0.0, lone_pairs=False)
    _, tabulated = emulated.evaluate(path, systems, most_tabulated_pairs=1e9)
    for k, result in enumerate(one):
        largest = np.abs(result["forces"]).max()
        for key in ("forces", "virial", "atom_energies", "atom_virials"):
            np.testing.assert_array_equal(two[k][key], result[key])
            for other in (plain, tabulated):
                np.testing.assert_allclose(
                    other[k][key], result[key], rtol=1e-6, atol=TOLERANCE[dtype] * largest
                )


def test_a_nan_vector_shows(emulated: Emulated, make_student: MakeStudent, tmp_path: Path) -> None:
    path = saved(make_student(dtype="float32", layers=1), tmp_path)
    graph = whole(a_liquid(16))
    graph.edge_vec[5, 1] = np.nan
    for instruction_set in SETS:
        _, (result,) = emulated.evaluate(path, [graph], instruction_set)
        assert np.isnan(result["energy"]) and np.isnan(result["forces"]).any()


def test_instruction_sets_of_other_processors_are_refused(
    emulated: Emulated, make_student: MakeStudent, tmp_path: Path
) -> None:
    path = saved(make_student(), tmp_path)
    said = emulated.text_of("evaluate_graphs", path, "avx2", "1", "-1", "1")
    assert said.rstrip() == (
        'instruction_set is "avx2", expected auto or one that this processor runs: neon, generic'
    )


def test_model_files_are_opened_and_refused_in_the_same_words(
    emulated: Emulated, make_student: MakeStudent, tmp_path: Path
) -> None:
    draw = random.Random(1)
    student = saved(make_student(channels=4, dtype="float32"), tmp_path)
    files = [VERSION_1, student, tmp_path / "none.pt", tmp_path]
    for source in files[:2]:
        data = source.read_bytes()
        for round_ in range(10):
            for kind, changed in damaged(data, draw):
                files.append(tmp_path / f"{source.stem}-{kind}-{round_}.pt")
                files[-1].write_bytes(changed)
    said = emulated.text_of("open_students", *files).splitlines()
    assert len(said) == len(files)
    refusals = [refusal(path) for path in files]
    for text, expected in zip(said, refusals, strict=True):
        student = r"painn [0-9.]+ [1-3] float(32|64) sha256:[0-9a-f]{64}"
        assert text == expected if expected else re.fullmatch(student, text)
    assert sum(map(bool, refusals)) > 50 and not all(refusals)


def refusal(path: Path) -> str:
    """Return why a file is refused on this machine, or nothing."""
    try:
        _core.Student(str(path))
    except _core.CoreError as error:
        return str(error)
    return ""


def a_dump() -> str:
    """Return frames with rows of every kind, and bytes above 127 among them."""
    draw = np.random.default_rng(4)
    names = "id type element q xs ys zs ix iy iz fx fy fz c_pe mol"
    text = ""
    for step, count in enumerate((1, 2, 3, 64, 211)):
        rows = [
            f"{k} {1 + k % 3} {('Mo', 'O', 'S')[k % 3]} {draw.normal() * 10.0**k % 30:g} "
            + " ".join(f"{v:.{draw.integers(1, 17)}g}" for v in draw.random(3))
            + f" {k % 3 - 1} 0 {k % 2}  1e-5 {draw.normal():.15f}\t-3 0.25 mé{k} "
            for k in draw.permutation(np.arange(1, count + 1))
        ]
        text += frame_text(step, names, rows)
    # A box whose products with scaled positions are rounded.
    return text.replace("8.5 1.5\n", "8.4137 1.5219\n").replace("11.5 -1\n", "11.4391 -0.9283\n")


def test_dumps_are_read_bit_for_bit(emulated: Emulated, tmp_path: Path) -> None:
    path = tmp_path / "a.dump"
    path.write_text(a_dump(), encoding="utf-8")
    frames = list(read_dump(path, ["Mo", "O", "S"]))
    said = emulated.text_of("read_dump", "0", "Mo", "O", "S", given=path.read_bytes())
    ahead = emulated.text_of("read_dump", "1", "Mo", "O", "S", given=path.read_bytes())
    assert ahead == said
    blocks = said.split("kind 0\n")[1:]
    assert len(blocks) == len(frames) == 5
    for block, frame in zip(blocks, frames, strict=True):
        found = {line.split(" ")[0]: line.split(" ")[1:] for line in block.splitlines()}
        assert found["step"] == [str(frame.step)]
        assert found["ids"] == [str(k) for k in frame.ids]
        assert found["numbers"] == [str(number) for number in frame.numbers]
        for name in ("cell", "origin", "positions", "forces"):
            values = np.array([float.fromhex(word) for word in found[name]])
            np.testing.assert_array_equal(values, np.ravel(getattr(frame, name)), err_msg=name)
        others = np.array([float.fromhex(word) for word in found["others"]]).reshape(-1, 2)
        np.testing.assert_array_equal(others[:, 0], frame.columns["q"])
        np.testing.assert_array_equal(others[:, 1], frame.columns["c_pe"])


@pytest.mark.parametrize(
    ("damage", "kind"), [("cut off", "kind 3"), ("wrong", "error"), ("high bytes", "error")]
)
def test_damaged_dumps_are_reported_in_the_same_words(
    damage: str, kind: str, emulated: Emulated, tmp_path: Path
) -> None:
    text = frame_text(7, "id type x y z", ["1 1 0.5 0.5 0.5", "2 2 1.5 1.5 1.5"])
    data = {
        "cut off": text[:-5].encode(),
        "wrong": text.replace("1.5 1.5", "1.5 here").encode(),
        "high bytes": text.encode().replace(b"1.5 1.5", b"1.5 \xc3\xa9\xff"),
    }[damage]
    said = emulated.text_of("read_dump", "0", "Mo", "O", given=data)
    assert said.splitlines()[-1 if kind == "error" else -3].startswith(kind)
    if kind == "error":
        path = tmp_path / "a.dump"
        path.write_bytes(data)
        with pytest.raises(InputError) as refused:
            list(read_dump(path, ["Mo", "O"]))
        told = said.rstrip("\n").removeprefix("error ")
        assert str(refused.value).endswith(told), told


def test_the_plugin_compiles(tree: Path) -> None:
    build(tree, "ipipplugin", "ipip_lammps")
    header = (tree / "lammps-plugin" / "libipip_lammps.so").read_bytes()[:20]
    assert header[:4] == b"\x7fELF" and header[18] == 183  # EM_AARCH64
