"""Small pieces of work are put together until a task takes the stated time."""

from ipip.execution.bundles import bundles


def test_bundles_take_the_stated_seconds_and_fill_all_places():
    items = list(range(100))
    sizes = [len(own) for own in bundles(items, 10.0, 100.0, places=2)]
    assert sizes == [10] * 10
    assert [len(own) for own in bundles(items, 0.001, 600.0, places=4)] == [25] * 4
    assert [len(own) for own in bundles(items[:3], 1.0, 0.0, places=1)] == [1, 1, 1]
    assert bundles([], 1.0, 600.0, places=4) == []
    assert [item for own in bundles(items, 7.0, 20.0, places=3) for item in own] == items
