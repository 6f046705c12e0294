"""Wilson intervals of failure rates."""

import pytest

from ipip.stability.intervals import wilson_interval


@pytest.mark.parametrize(
    ("failed", "total", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (13, 100, 0.0776, 0.2098),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson_intervals_are_the_published_ones(failed, total, low, high):
    assert wilson_interval(failed, total) == pytest.approx((low, high), abs=1e-4)


def test_wilson_refuses_impossible_counts():
    with pytest.raises(ValueError, match="3 of 2"):
        wilson_interval(3, 2)
