"""Reading dumps: any columns, any box, elements."""

import logging

import numpy as np
import pytest
from ase import Atoms
from tests.lammps.dump_text import CELL, ORIGIN, frame_text

from ipip.errors import InputError
from ipip.lammps import read_dump


def test_atoms_are_sorted_and_columns_may_come_in_any_order(tmp_path):
    path = tmp_path / "a.dump"
    rows = ["0.5 2 S 4 5 6 1e-3 0 -2", "7 1 Mo 1 2 3 4 5 6"]
    path.write_text(frame_text(7, "c_q[1] id element xu yu zu fx fy fz", rows))
    (frame,) = read_dump(path)
    assert frame.step == 7 and frame.unwrapped
    np.testing.assert_array_equal(frame.numbers, [42, 16])
    np.testing.assert_array_equal(frame.positions, [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(frame.forces, [[4, 5, 6], [1e-3, 0, -2]])
    np.testing.assert_array_equal(frame.columns["c_q[1]"], [7, 0.5])
    np.testing.assert_array_equal(frame.pbc, [True, True, False])


def test_a_tilted_box_and_scaled_positions_are_understood(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(frame_text(0, "id type xs ys zs", ["1 2 0 0 0", "2 1 0.25 0.5 0.75"]))
    (frame,) = read_dump(path, symbols=["O", "S"])
    np.testing.assert_allclose(frame.cell, CELL, atol=1e-12)
    np.testing.assert_allclose(frame.origin, ORIGIN, atol=1e-12)
    np.testing.assert_allclose(frame.positions[1], ORIGIN + np.array([0.25, 0.5, 0.75]) @ CELL)
    np.testing.assert_array_equal(frame.numbers, [16, 8])
    assert not frame.unwrapped and frame.forces is None


def test_general_triclinic_boxes_are_understood(tmp_path):
    path = tmp_path / "a.dump"
    box = ["ITEM: BOX BOUNDS abc origin pp fs pp", "1 2 3 0.5", "-4 5 6 -1", "7 8 -9 2"]
    head = ["ITEM: TIMESTEP", "5", "ITEM: NUMBER OF ATOMS", "1", *box]
    path.write_text("\n".join([*head, "ITEM: ATOMS id xs ys zs", "1 0.5 0.25 1"]) + "\n")
    (frame,) = read_dump(path)
    np.testing.assert_array_equal(frame.cell, [[1, 2, 3], [-4, 5, 6], [7, 8, -9]])
    np.testing.assert_array_equal(frame.pbc, [True, False, True])
    expected = np.array([0.5, -1, 2]) + np.array([0.5, 0.25, 1]) @ frame.cell
    np.testing.assert_allclose(frame.positions[0], expected)


def test_image_flags_unwrap_positions(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(frame_text(0, "id type x y z ix iy iz", ["1 1 0.5 0 0 1 -2 0"]))
    (frame,) = read_dump(path)
    assert frame.unwrapped
    np.testing.assert_allclose(frame.positions[0], [0.5, 0, 0] + CELL[0] - 2 * CELL[1])


def test_without_elements_and_symbols_the_types_remain(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(frame_text(0, "id type x y z", ["1 3 0 0 0"]))
    (frame,) = read_dump(path)
    assert frame.numbers is None and frame.types.tolist() == [3]
    with pytest.raises(InputError, match="has type 3, but symbols has 1"):
        list(read_dump(path, symbols=["O"]))


def test_symbols_that_are_given_come_before_the_default_element_of_lammps(tmp_path, caplog):
    path = tmp_path / "a.dump"
    path.write_text(frame_text(0, "id type element x y z", ["1 1 C 0 0 0", "2 2 C 1 0 0"]))
    with caplog.at_level(logging.WARNING):
        (frame,) = read_dump(path)
    assert frame.numbers.tolist() == [6, 6] and "dump_modify element" in caplog.text
    (frame,) = read_dump(path, symbols=["Mo", "S"])
    assert frame.numbers.tolist() == [42, 16]
    with pytest.raises(InputError, match=r"'Xx' of dump .* is not an element"):
        read_dump(path, symbols=["Mo", "Xx"])


def test_only_the_requested_columns_are_parsed(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(
        frame_text(0, "id type vx vy xu yu zu fx fy fz c_pe", ["1 1 1 2 3 4 5 6 7 8 9"])
    )
    (frame,) = read_dump(path, columns=["c_pe"])
    assert set(frame.columns) == {"id", "type", "xu", "yu", "zu", "c_pe"}
    assert frame.columns["c_pe"][0] == 9 and frame.positions.tolist() == [[3, 4, 5]]


def test_columns_may_change_from_frame_to_frame(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(
        frame_text(0, "id x y z q", ["1 1 2 3 4", "2 5 6 7 8"])
        + frame_text(1, "id q x y z", ["1 4 1 2 3", "2 8 5 6 7"])
        + frame_text(2, "id q x y z", ["1 four 1 2 3", "2 eight 5 6 7"])
        + frame_text(3, "id q x y z", ["1 4 1 2 3", "2 8 5 6 7"])
        + frame_text(4, "id q x y z", [])
    )
    first, second, third, fourth, empty = read_dump(path)
    assert fourth.columns["q"].tolist() == [4, 8] and len(empty.columns["q"]) == 0
    for frame in (first, second, third, fourth):
        np.testing.assert_array_equal(frame.positions, [[1, 2, 3], [5, 6, 7]])
    assert first.columns["q"].tolist() == second.columns["q"].tolist() == [4, 8]
    assert "q" not in third.columns


@pytest.mark.parametrize("text", ["not a dump\n", "ITEM: TIMESTEP\nseven\n"])
def test_a_file_that_is_not_a_dump_is_refused(tmp_path, text):
    path = tmp_path / "a.dump"
    path.write_text(text)
    with pytest.raises(InputError):
        list(read_dump(path))


def test_a_dump_without_positions_or_file_is_refused(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(frame_text(0, "id type fx fy fz", ["1 1 0 0 0"]))
    with pytest.raises(InputError, match="has no positions"):
        list(read_dump(path))
    with pytest.raises(InputError, match="does not exist"):
        read_dump(tmp_path / "b.dump")


def test_it_agrees_with_the_reader_of_ase(tmp_path):
    from ase.io import read

    path = tmp_path / "a.dump"
    random = np.random.default_rng(0)
    rows = [f"{k} Cu " + " ".join(f"{v:.10g}" for v in random.normal(size=6)) for k in range(1, 9)]
    path.write_text(frame_text(5, "id element x y z fx fy fz", rows))
    theirs = read(path, format="lammps-dump-text")
    assert isinstance(theirs, Atoms)
    (ours,) = read_dump(path)
    np.testing.assert_allclose(ours.positions - ours.origin, theirs.positions - ORIGIN, atol=1e-9)
    np.testing.assert_allclose(ours.forces, theirs.get_forces(), atol=1e-9)
    np.testing.assert_allclose(ours.cell, theirs.cell.array, atol=1e-9)
