"""The benchmark of pretraining methods runs, on a batch that takes a second."""

from __future__ import annotations

from pathlib import Path

from benchmarks.pretraining.__main__ import LABELS, measure, plot, show
from benchmarks.train.batches import example


def test_every_method_takes_its_turn(tmp_path: Path, capsys) -> None:
    case = measure(example(2), 16, 1, rounds=1)
    show([case])
    plot([case], tmp_path / "pretraining.png")
    assert "gpip" in capsys.readouterr().out
    assert all(value > 0 for value in case["us_per_atom"].values())
    assert case["times_labels"][LABELS[0]][LABELS[0]] == [1.0, 1.0, 1.0]
    assert (tmp_path / "pretraining.png").stat().st_size > 10_000
