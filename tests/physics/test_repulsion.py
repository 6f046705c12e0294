"""A wall is as high as the part in front of a hole, whatever lies behind."""

import numpy as np
import pytest

from ipip.physics.checks.repulsion import deepest_hole, wall_height
from ipip.physics.diatomics import CLOSEST, Scan


def scan(energy):
    r = np.linspace(CLOSEST, 5.0, 236)
    return Scan(("Mo", "Mo"), r, energy(r), np.gradient(-energy(r), r))


def test_a_hole_without_a_wall_is_not_counted_as_its_height():
    falling = scan(lambda r: -20.0 / r)
    assert deepest_hole(falling)[0] > 50
    assert wall_height(falling) == 0.0


def test_a_wall_is_measured_from_the_well_in_front_of_it():
    morse = scan(lambda r: np.exp(-4 * (r - 2.5)) - 2 * np.exp(-2 * (r - 2.5)))
    assert deepest_hole(morse)[0] == 0.0
    assert wall_height(morse) == pytest.approx(1.0 + morse.energies[0], rel=1e-3)
