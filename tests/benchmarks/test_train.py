"""The benchmark of training steps runs, on a batch that takes a second."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmarks.train.__main__ import painn, visnet
from benchmarks.train.batches import dense, example
from benchmarks.train.present import show, write
from benchmarks.train.split import split


def test_contenders_agree_and_results_are_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = [
        painn(example(2), 16, 1, 1e11, None, tmp_path),
        visnet(dense(1, 24), 16, 1),
    ]
    show(cases)
    write(tmp_path / "out", {"cases": cases})
    assert "torch_geometric" in capsys.readouterr().out
    stored = json.loads((tmp_path / "out" / "results.json").read_text())["cases"]
    assert set(stored[0]["us_per_atom"]) == {"kernels", "eager"}
    assert stored[0]["agreement_of_forces"]["eager"] < 1e-4
    assert stored[1]["agreement_of_forces"]["torch_geometric"] < 1e-4
    assert (tmp_path / "out" / "train.png").stat().st_size > 10_000


def test_a_steps_time_is_split_into_kernels_and_the_rest() -> None:
    row = split(example(6).frames, 16, 1, epochs=1)
    assert 0.0 < row["kernels_ms"] < row["step_ms"]
    assert row["share"] == pytest.approx(row["kernels_ms"] / row["step_ms"])
