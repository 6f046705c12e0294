"""Counts as text."""

from ipip.counts import counted


def test_one_is_singular() -> None:
    assert [counted(n, "epoch") for n in (0, 1, 2)] == ["0 epochs", "1 epoch", "2 epochs"]
