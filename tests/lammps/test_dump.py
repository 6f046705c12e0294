"""Reading dumps: any columns, tilted boxes, cut-off files."""

import gzip
import logging

import numpy as np
import pytest
from ase import Atoms

from ipip.errors import InputError
from ipip.lammps import read_dump

CELL = np.array([[8.0, 0.0, 0.0], [1.5, 7.5, 0.0], [-1.0, 2.0, 8.5]])
ORIGIN = np.array([-1.0, 2.0, 0.5])


def _bounds(cell: np.ndarray, origin: np.ndarray) -> list[str]:
    xy, xz, yz = cell[1, 0], cell[2, 0], cell[2, 1]
    low = origin + [min(0, xy, xz, xy + xz), min(0, yz), 0]
    high = origin + np.diag(cell) + [max(0, xy, xz, xy + xz), max(0, yz), 0]
    tilts = [xy, xz, yz]
    lines = [f"{a:.16g} {b:.16g} {t:.16g}" for a, b, t in zip(low, high, tilts, strict=True)]
    return ["ITEM: BOX BOUNDS xy xz yz pp pp ff", *lines]


def _frame(step: int, columns: str, rows: list[str]) -> str:
    lines = ["ITEM: TIMESTEP", str(step), "ITEM: NUMBER OF ATOMS", str(len(rows))]
    return "\n".join([*lines, *_bounds(CELL, ORIGIN), f"ITEM: ATOMS {columns}", *rows]) + "\n"


def test_atoms_are_sorted_and_columns_may_come_in_any_order(tmp_path):
    path = tmp_path / "a.dump"
    rows = ["0.5 2 S 4 5 6 1e-3 0 -2", "7 1 Mo 1 2 3 4 5 6"]
    path.write_text(_frame(7, "c_q[1] id element xu yu zu fx fy fz", rows))
    (frame,) = read_dump(path)
    assert frame.step == 7 and frame.unwrapped
    np.testing.assert_array_equal(frame.numbers, [42, 16])
    np.testing.assert_array_equal(frame.positions, [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(frame.forces, [[4, 5, 6], [1e-3, 0, -2]])
    np.testing.assert_array_equal(frame.columns["c_q[1]"], [7, 0.5])
    np.testing.assert_array_equal(frame.pbc, [True, True, False])


def test_a_tilted_box_and_scaled_positions_are_understood(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(_frame(0, "id type xs ys zs", ["1 2 0 0 0", "2 1 0.25 0.5 0.75"]))
    (frame,) = read_dump(path, symbols=["O", "S"])
    np.testing.assert_allclose(frame.cell, CELL, atol=1e-12)
    np.testing.assert_allclose(frame.origin, ORIGIN, atol=1e-12)
    np.testing.assert_allclose(frame.positions[1], ORIGIN + np.array([0.25, 0.5, 0.75]) @ CELL)
    np.testing.assert_array_equal(frame.numbers, [16, 8])
    assert not frame.unwrapped and frame.forces is None


def test_without_elements_and_symbols_the_types_remain(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(_frame(0, "id type x y z", ["1 3 0 0 0"]))
    (frame,) = read_dump(path)
    assert frame.numbers is None and frame.types.tolist() == [3]
    with pytest.raises(InputError, match="has type 3, but symbols has 1"):
        list(read_dump(path, symbols=["O"]))


@pytest.mark.parametrize("cut", [1, 2, 15, 40, 80, 150])
def test_a_last_frame_that_is_cut_off_is_dropped_and_said(tmp_path, caplog, cut):
    whole = _frame(1, "id type x y z", ["1 1 0.25 0.25 0.25", "2 1 1 1 1"])
    last = whole.replace("TIMESTEP\n1\n", "TIMESTEP\n2\n")
    path = tmp_path / "a.dump"
    path.write_text(whole + last[: len(last) - cut])
    reader = read_dump(path, symbols=["O"])
    with caplog.at_level(logging.WARNING):
        assert [frame.step for frame in reader] == [1]
    assert reader.truncated and "cut off" in caplog.text
    path.write_text(whole + last)
    assert [frame.step for frame in reader] == [1, 2]
    assert not reader.truncated


def test_only_the_wanted_steps_are_parsed(tmp_path):
    path = tmp_path / "a.dump"
    text = "".join(_frame(s, "id type x y z", [f"1 1 {s} 0 0"]) for s in range(0, 50, 10))
    path.write_text(text)
    assert [f.step for f in read_dump(path, steps=[10, 40, 41])] == [10, 40]
    assert read_dump(path).steps().tolist() == [0, 10, 20, 30, 40]


def test_compressed_dumps_are_read(tmp_path):
    path = tmp_path / "a.dump.gz"
    with gzip.open(path, "wt") as stream:
        stream.write(_frame(3, "id type x y z", ["1 1 0 0 0"]))
    assert [frame.step for frame in read_dump(path)] == [3]


def test_values_that_are_not_finite_are_read_as_such(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(_frame(3, "id element x y z", ["1 O nan -nan inf"]))
    (frame,) = read_dump(path)
    assert not np.isfinite(frame.positions).any()


@pytest.mark.parametrize("text", ["not a dump\n", "ITEM: TIMESTEP\nseven\n"])
def test_what_is_not_a_dump_is_refused(tmp_path, text):
    path = tmp_path / "a.dump"
    path.write_text(text)
    with pytest.raises(InputError):
        list(read_dump(path))


def test_a_dump_without_positions_or_file_is_refused(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(_frame(0, "id type fx fy fz", ["1 1 0 0 0"]))
    with pytest.raises(InputError, match="has no positions"):
        list(read_dump(path))
    with pytest.raises(InputError, match="does not exist"):
        read_dump(tmp_path / "b.dump")


def test_it_agrees_with_the_reader_of_ase(tmp_path):
    from ase.io import read

    path = tmp_path / "a.dump"
    random = np.random.default_rng(0)
    rows = [f"{k} Cu " + " ".join(f"{v:.10g}" for v in random.normal(size=6)) for k in range(1, 9)]
    path.write_text(_frame(5, "id element x y z fx fy fz", rows))
    theirs = read(path, format="lammps-dump-text")
    assert isinstance(theirs, Atoms)
    (ours,) = read_dump(path)
    np.testing.assert_allclose(ours.positions - ours.origin, theirs.positions - ORIGIN, atol=1e-9)
    np.testing.assert_allclose(ours.forces, theirs.get_forces(), atol=1e-9)
    np.testing.assert_allclose(ours.cell, theirs.cell.array, atol=1e-9)
