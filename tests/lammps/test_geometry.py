"""Boxes in LAMMPS' orientation."""

import numpy as np
import pytest

from ipip.data.frame import Frame
from ipip.errors import InputError
from ipip.lammps.geometry import lammps_box


def _frame(cell, pbc) -> Frame:
    positions = np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]])
    return Frame(np.array([8, 8]), positions, np.array(cell, dtype=float), np.array(pbc))


@pytest.mark.parametrize("handedness", [1.0, -1.0])
def test_rotation_keeps_lengths_and_angles(handedness):
    random = np.random.default_rng(1)
    for _ in range(20):
        cell = random.normal(size=(3, 3)) * 4.0
        cell[2] *= handedness * np.sign(np.linalg.det(cell))
        box = lammps_box(_frame(cell, [True] * 3))
        assert (np.diag(box.cell) > 0).all()
        np.testing.assert_array_equal(box.cell[np.triu_indices(3, 1)], 0.0)
        np.testing.assert_allclose(box.rotation @ box.rotation.T, np.eye(3), atol=1e-12)
        np.testing.assert_allclose(cell @ box.rotation, box.cell, atol=1e-10)
        np.testing.assert_allclose(cell @ cell.T, box.cell @ box.cell.T, atol=1e-9)


def test_a_box_along_the_axes_is_not_turned():
    box = lammps_box(_frame(np.diag([3.0, 4.0, 5.0]), [True] * 3))
    np.testing.assert_array_equal(box.rotation, np.eye(3))
    np.testing.assert_array_equal(box.cell, np.diag([3.0, 4.0, 5.0]))
    assert box.boundary == "p p p" and not box.is_triclinic


def test_open_directions_get_a_box_around_the_atoms():
    box = lammps_box(_frame(np.zeros((3, 3)), [False] * 3))
    np.testing.assert_allclose(np.diag(box.cell), [3.0, 4.0, 5.0])
    np.testing.assert_allclose(box.origin, -1.0)
    assert box.boundary == "m m m"
    slab = lammps_box(_frame([[3, 0, 0], [1, 3, 0], [0, 0, 0]], [True, True, False]))
    assert slab.boundary == "p p m" and slab.is_triclinic
    assert slab.cell[2, 2] == pytest.approx(5.0)


def test_impossible_boxes_are_refused():
    with pytest.raises(InputError, match="periodic but its cell vector is zero"):
        lammps_box(_frame(np.zeros((3, 3)), [True] * 3))
    with pytest.raises(InputError, match="not at right angles"):
        lammps_box(_frame([[5, 0, 0], [0, 5, 0], [1, 0, 5]], [True, True, False]))
