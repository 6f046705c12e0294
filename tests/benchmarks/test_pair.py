"""The benchmark of the pair style runs and prints its results."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.pair.floor import node_flops, pair_flops, sgemm_rate, step_flops
from benchmarks.pair.record import TABLES
from benchmarks.pair.table import verdicts


def test_quick_parts_are_measured_written_and_shown(repository: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.pair", "--quick", "--out", str(tmp_path)]
    for part in ("sizes", "relabel"):
        done = subprocess.run(
            [*command, "--only", part],
            cwd=repository,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert "cost per atom within" in done.stdout and "Relabelling" in done.stdout
    assert (tmp_path / "pair.png").stat().st_size > 10_000
    sizes, relabel = (
        json.loads((tmp_path / "parts" / f"{part}.json").read_text())
        for part in ("sizes", "relabel")
    )
    assert sizes["processor"] and sizes["versions"]["torch"]
    assert [row["atoms"] for row in sizes["rows"]] == [1000, 2744]
    assert all(row["us"] > 0 for row in sizes["rows"])
    assert relabel["rows"][0]["speedup"] > 0
    assert relabel["rows"][0]["force_difference"] < 1e-5
    recorded = {
        table.benchmark: table.rows({"sizes": sizes, "relabel": relabel}) for table in TABLES
    }
    assert [name for name, rows in recorded.items() if rows] == ["pair-sizes", "pair-relabel"]
    assert [row.sizes["atoms"] for row in recorded["pair-sizes"]] == [1000, 2744]


def test_wrong_names_are_refused(repository: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.pair", "--with", "nequip", "--out", str(tmp_path)],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2 and "expected schnetpack, deepmd" in done.stderr


def test_flops_match_the_matrices() -> None:
    """Two layers by hand: mixing, update, messages and readout, forward and backward."""
    f = 64
    first = 3 * f * 2 * f + 2 * f * f + f * 3 * f
    last = f * f + f * 3 * f + 3 * f * 2 * f + 2 * f * f + f * f
    readout = f * f / 2 + f * f / 2
    assert node_flops(f, 2) == pytest.approx(4 * (first + last + readout))
    assert pair_flops(f, 3) - pair_flops(f, 2) == pytest.approx(163 * f)
    assert step_flops(f, 2, 10.0) == node_flops(f, 2) + 10 * pair_flops(f, 2)


def test_flops_of_a_gas_match_tables_and_lone_pairs() -> None:
    """Few pairs: no mixing in the first layer. Lone pairs: one axis in the others."""
    f = 64
    first = f * f + f * 3 * f
    last = f * f + f * 3 * f + 2 * f * f + f * f
    readout = f * f / 2 + f * f / 2
    few = {"tabulated": True}
    for axes in (1, 3):
        hand = first + last + readout + axes * f * 2 * f
        assert node_flops(f, 2, axes=axes, **few) == pytest.approx(4 * hand)
    lone = node_flops(f, 2, axes=1, **few) + pair_flops(f, 2, **few)
    others = node_flops(f, 2, **few) + 3 * pair_flops(f, 2, **few)
    assert step_flops(f, 2, 2.5, lone=0.25) == pytest.approx(0.25 * lone + 0.75 * others)
    half = step_flops(f, 2, 2.5, lone=0.25, images=0.125)
    assert half == pytest.approx(0.125 * lone + 0.75 * others)


def test_the_floor_s_rate_is_for_one_core() -> None:
    assert 1e8 < sgemm_rate() < 1e12


def test_a_missed_target_is_reported() -> None:
    row = {"box": "dense", "speedup": 11.0, "over_floor": 3.0, "around_share": 0.05}
    lines = verdicts({"speed-dense": {"rows": [row]}})
    assert lines[0].startswith("MISSED") and lines[1].startswith("MISSED")
    assert lines[2].startswith("holds")
