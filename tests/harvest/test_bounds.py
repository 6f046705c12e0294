"""Which geometries may become training frames."""

import numpy as np

from ipip.data import Frame
from ipip.harvest.bounds import geometry_problem


def test_atoms_at_the_same_place_are_out_of_bounds_without_a_calibration_too() -> None:
    positions = np.array([[0.0, 0, 0], [1.7, 0, 0], [10.0, 0, 0]])
    frame = Frame(np.array([42, 8, 8]), positions, np.eye(3) * 10.0, np.array([True, False, False]))
    for bounds in ({}, {("Mo", "O"): 1.0}):
        problem = geometry_problem(frame, bounds)
        assert problem is not None and "atoms 0 and 2 are at the same place" in problem
    free = frame.replace(pbc=np.zeros(3, dtype=bool))
    assert geometry_problem(free, {}) is None
    assert geometry_problem(free, {("Mo", "O"): 1.8}) == "Mo-O distance 1.700 Å is below 1.800 Å"
