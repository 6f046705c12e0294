"""Minimum distances and their calibration."""

import numpy as np
import pytest
from ase.data import atomic_numbers, covalent_radii

from ipip.data.frame import Frame
from ipip.errors import InputError
from ipip.harvest import DistanceCalibration, calibrate_min_distances, min_pair_distances


def _frame(symbols, positions, edge=10.0) -> Frame:
    return Frame(
        numbers=np.array([atomic_numbers[s] for s in symbols]),
        positions=np.array(positions, dtype=float),
        cell=np.eye(3) * edge,
        pbc=np.ones(3, dtype=bool),
    )


def test_distances_go_through_the_boundary_and_to_images():
    frame = _frame(["S", "Mo", "S"], [[0.5, 0, 0], [9.0, 0, 0], [3.5, 0, 0]])
    found = min_pair_distances(frame, cutoff=4.0)
    assert found == {("Mo", "S"): pytest.approx(1.5), ("S", "S"): pytest.approx(3.0)}
    alone = min_pair_distances(_frame(["O"], [[0, 0, 0]], edge=3.0))
    assert alone == {("O", "O"): pytest.approx(3.0)}


def test_calibration_scales_the_smallest_and_falls_back_on_covalent_radii():
    frames = [
        _frame(["Mo", "S"], [[0, 0, 0], [0, 0, 2.2]]),
        _frame(["Mo", "S"], [[0, 0, 0], [0, 0, 2.0]]),
    ]
    found = calibrate_min_distances(iter(frames), ["S", "Mo"], factor=0.8)
    assert found.distances[("Mo", "S")] == pytest.approx(1.6)
    assert found.seen == {("Mo", "S"): pytest.approx(2.0)}
    assert found.unseen == [("Mo", "Mo"), ("S", "S")]
    radius = covalent_radii[atomic_numbers["S"]]
    assert found.distances[("S", "S")] == pytest.approx(0.8 * 0.7 * 2 * radius)
    assert DistanceCalibration.from_dict(found.as_dict()) == found


def test_a_pair_that_has_not_reacted_yet_is_not_bound_by_its_distance():
    found = calibrate_min_distances([_frame(["S", "O"], [[0, 0, 0], [0, 0, 3.3]])], ["S", "O"])
    assert found.seen[("O", "S")] == pytest.approx(3.3)
    assert found.distances[("O", "S")] < 1.43  # the bond of SO2
    assert found.capped == [("O", "O"), ("O", "S"), ("S", "S")]


@pytest.mark.parametrize(
    ("pair", "compressed"),
    # Smallest distances (Å) in SevenNet-0's MD at 1200 to 2500 K and in hot reference frames.
    [("Mo-O", 1.453), ("Mo-S", 1.920), ("S-S", 1.630), ("O-S", 1.450), ("Mo-Mo", 2.486)],
)
def test_bonds_that_were_never_seen_may_be_as_short_as_hot_ones_are(pair, compressed):
    symbols = pair.split("-")
    for hot in (True, False):
        found = calibrate_min_distances([], symbols, hot=hot)
        bound = found.distances[tuple(sorted(symbols))]
        assert bound < 0.9 * compressed  # a tenth of room below the shortest healthy bond
        assert bound > 0.9  # and still a bound: Å, far inside of the repulsion


def test_a_cold_start_does_not_bound_hot_bonds_by_their_length_at_rest():
    s2 = _frame(["S", "S"], [[0, 0, 0], [0, 0, 1.9]])
    cold = calibrate_min_distances([s2], ["S"], hot=False).distances["S", "S"]
    hot = calibrate_min_distances([s2], ["S"]).distances["S", "S"]
    assert cold == pytest.approx(0.8 * 0.7 * 2.1) and hot == cold  # 1.9 Å is no compressed bond
    short = calibrate_min_distances([_frame(["S", "S"], [[0, 0, 0], [0, 0, 1.7]])], ["S"])
    assert short.distances["S", "S"] == pytest.approx(0.8 * 1.7)


def test_bad_symbols_and_factors_are_refused():
    with pytest.raises(InputError, match="expected elements"):
        calibrate_min_distances([], ["Mo", "Xy"])
    with pytest.raises(InputError, match="above 0"):
        calibrate_min_distances([], ["Mo"], factor=0.0)
