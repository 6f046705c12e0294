"""Results of benchmarks say what they were measured on, or are refused; tables show them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from benchmarks.pair.record import speed_result
from benchmarks.results import BadResultError, Machine, read_results, tables, write_result

PART: dict[str, Any] = {
    "date": "2026-11-30T05:00:00+00:00",
    "versions": {"ipip": "0.1.0", "torch": "2.13.0"},
    "rows": [
        {
            **{"box": "dense", "atoms": 512, "neighbours": 41.234, "channels": 64, "layers": 2},
            **{"kernels_us": 7.6, "torchscript_us": 190.0, "speedup": 25.0, "over_floor": 1.1},
            "floor_us": 6.9,
        }
    ],
}


def store(folder: Path, **change: Any) -> Path:
    """Write a good result, but for some keys."""
    path = folder / "zen5" / "pair-speed.json"
    write_result(speed_result({"speed-dense": PART, "drift": {}}, quick=False), path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    return path


def test_machines_stand_side_by_side(tmp_path: Path) -> None:
    store(tmp_path)
    slower = speed_result({"speed-dense": PART}, quick=False)
    (row,) = slower.rows
    slower = slower.model_copy(
        update={
            "machine": Machine(processor="Other", cores=4, memory_gib=8.0),
            "rows": [row.model_copy(update={"figures": {"kernels_us_per_atom_step": 12.4}})],
        }
    )
    write_result(slower, tmp_path / "zen4" / "pair-speed.json")
    text = tables(read_results(tmp_path))
    assert "kernels µs per atom and step, zen4 | kernels µs per atom and step, zen5" in text
    line = next(line for line in text.splitlines() if line.startswith("| dense"))
    cells = [cell.strip() for cell in line.split("|")[1:-1]]
    assert cells == ["dense", "512", "41.2", "64", "2", "12.4", "7.60", "", "190"] + [
        *["", "25.0", "", "1.10"]
    ]
    assert "*zen4*: Other, 4 cores; 2026-11-30; ipip 0.1.0" in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rows": []}, "rows: List should have at least 1 item"),
        ({"rows": [{"sizes": {}, "figures": {"x_us": 1.0}}]}, "rows.0.sizes"),
        ({"rows": [{"sizes": {"atoms": 1}, "figures": {}}]}, "rows.0.figures"),
        ({"rows": [{"sizes": {"atoms": 1}, "figures": {"x_us": float("nan")}}]}, "finite"),
        ({"machine": {"cores": 2}}, "machine.processor: Field required"),
        ({"versions": {}}, "versions"),
        ({"benchmark": "other"}, "rename the file"),
    ],
)
def test_a_result_that_says_too_little_is_refused(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    path = store(tmp_path, **change)
    with pytest.raises(BadResultError) as error:
        read_results(tmp_path)
    assert said in str(error.value) and str(path) in str(error.value)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    store(tmp_path).write_text("")
    with pytest.raises(BadResultError, match="is no JSON"):
        read_results(tmp_path)


def test_the_results_of_this_repository_are_whole() -> None:
    assert all(read_results().values())
