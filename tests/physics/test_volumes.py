"""How far an energy falls once a system has resisted."""

import numpy as np
import pytest

from ipip.physics.volumes import largest_fall


def test_rounding_on_the_way_to_rest_is_no_resistance():
    to_rest = np.array([0.0, 1e-6, -0.1, -0.2, 0.3, 0.9])
    assert largest_fall(to_rest, 2e-3) == (0.0, 3)


def test_a_fall_after_a_rise_counts_from_the_top_of_it():
    depth, place = largest_fall(np.array([0.0, -0.1, 0.3, 0.5, 0.2, 0.6]), 2e-3)
    assert depth == pytest.approx(0.3) and place == 4


def test_what_never_resists_falls_all_the_way():
    depth, place = largest_fall(np.array([0.0, -0.1, -0.3]), 2e-3)
    assert depth == pytest.approx(0.3) and place == 2
