"""Results of benchmarks name their machine, or are refused; tables show them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from benchmarks.builds.__main__ import rows_of as build_rows
from benchmarks.dump.read_dump import rows_of as dump_rows
from benchmarks.learning_curve.__main__ import rows_of as curve_rows
from benchmarks.learning_curve.curve import Point
from benchmarks.ledger.__main__ import rows_of as ledger_rows
from benchmarks.pair.floor import step_flops
from benchmarks.pair.record import TABLES
from benchmarks.pretraining.__main__ import LABELS
from benchmarks.pretraining.__main__ import rows_of as pretraining_rows
from benchmarks.record import record
from benchmarks.results import (
    BadResultError,
    Machine,
    Result,
    read_results,
    table,
    tables,
    write_result,
)
from benchmarks.train.__main__ import rows_of as training_rows
from pydantic import ValidationError

PART: dict[str, Any] = {
    "date": "2026-11-30T05:00:00+00:00",
    "versions": {"ipip": "0.1.0", "torch": "2.13.0"},
    "rows": [
        {
            **{"box": "dense", "atoms": 512, "neighbours": 41.234, "channels": 64, "layers": 2},
            **{"kernels_us": 7.6, "torchscript_us": 190.0, "speedup": 25.0, "over_floor": 1.1},
            **{"floor_us": 6.9, "flops": step_flops(64, 2, 41.234), "sgemm_gflops": 128.0},
        }
    ],
}
PAIR = {table.benchmark: table for table in TABLES}


def store(folder: Path, **change: Any) -> Path:
    """Record a good result, but for some keys."""
    rows = PAIR["pair-speed"].rows({"speed-dense": PART})
    path = record("zen5", "pair-speed", rows, title="Speed", command="measure", folder=folder)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    return path


def test_a_record_names_machine_load_date_and_versions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = store(tmp_path)
    assert capsys.readouterr().out == f"wrote {path}\n"
    stored = Result.model_validate_json(path.read_text())
    assert stored.machine.processor and stored.machine.load is not None
    assert set(stored.versions) == {"ipip", "torch", "lammps"}
    with pytest.raises(ValidationError, match="at least 1 item"):
        record("zen5", "pair-speed", [], title="Speed", command="measure", folder=tmp_path)


def test_machines_are_side_by_side(tmp_path: Path) -> None:
    slower = Result.model_validate_json(store(tmp_path).read_text())
    (row,) = slower.rows
    slower = slower.model_copy(
        update={
            "machine": Machine(processor="Other", cores=4, memory_gib=8.0, load=1.5),
            "rows": [row.model_copy(update={"figures": {"kernels_us_per_atom_step": 12.4}})],
            "taken": "2026-11-30",
        }
    )
    write_result(slower, tmp_path / "zen4" / "pair-speed.json")
    text = tables(read_results(tmp_path))
    assert "kernels µs per atom and step, zen4 | kernels µs per atom and step, zen5" in text
    line = next(line for line in text.splitlines() if line.startswith("| dense"))
    cells = [cell.strip() for cell in line.split("|")[1:-1]]
    assert cells == ["dense", "512", "41.2", "64", "2", "12.4", "7.60", "190", "25", "1.10"]
    assert "*zen4*: Other, 4 cores, load 1.5; 2026-11-30; ipip" in text


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
        (
            {
                "rows": [
                    {"sizes": {"atoms": 1, "channels": 64}, "figures": {"x_us": 1.0}},
                    {"sizes": {"atoms": 2}, "figures": {"x_us": 1.0}},
                ]
            },
            "row 1 lacks the size channels, which other rows have",
        ),
    ],
)
def test_an_incomplete_result_is_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = store(tmp_path, **change)
    with pytest.raises(BadResultError) as error:
        read_results(tmp_path)
    assert said in str(error.value) and str(path) in str(error.value)


def test_the_rates_of_a_box_without_lone_pairs_are_its_flops_over_its_time() -> None:
    (row,) = PAIR["pair-rates"].rows({"speed-dense": PART})
    counted = row.figures["mflop_per_atom_step"]
    assert counted == pytest.approx(row.figures["without_tables_and_lone_pairs"])
    assert row.figures["kernels_gflop_per_s"] == pytest.approx(1e3 * counted / 7.6)


def test_a_part_that_was_not_measured_gives_no_rows() -> None:
    assert PAIR["pair-drift"].rows({"speed-dense": PART}) == []


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    store(tmp_path).write_text("")
    with pytest.raises(BadResultError, match="is no JSON"):
        read_results(tmp_path)


def test_each_benchmark_gives_rows_with_sizes_and_figures() -> None:
    case = {
        "label": "PaiNN 64",
        "batch": "dense: 320 atoms",
        "us_per_atom": {"kernels": 56.0, "eager": 941.0},
        "ratios": {"eager": {"median": 17.0, "low": 9.0, "high": 22.0}},
    }
    (row,) = training_rows([case])
    assert row.figures["eager_over_first"] == 17.0 and row.sizes["network"] == "PaiNN 64"
    kept = {"copies": {"bytes": 2e9, "forget_s": 1.0, "relabel_s": 2.0}}
    (row,) = ledger_rows({"frames": 10, "rounds": 1, "atoms": 3, "share": 1.0, "cases": kept})
    assert row.figures["disk_gb"] == 2.0
    file = {"atoms": 150, "frames": 9, "file": "gz", "numbers": "%g"}
    (row,) = dump_rows(
        [file | {"us a frame, ase": 9.0, "us a frame, ipip": 3.0, "ratio, ipip": 3.0}]
    )
    assert row.sizes == file and row.figures["ase_over_ipip"] == 3.0


def test_comparisons_and_trainings_give_rows_too(tmp_path: Path) -> None:
    case = {
        "sizes": {"batch": "dense", "atoms": 320, "neighbours": 41.2, "channels": 64, "layers": 2},
        "us_per_atom": {"frad": 120.0},
        "times_labels": {
            LABELS[0]: {"frad": [2.0, 1.5, 2.5]},
            LABELS[1]: {"frad": [0.2, 0.1, 0.3]},
        },
    }
    (row,) = pretraining_rows([case])
    assert row.sizes == case["sizes"] | {"method": "frad"}
    assert (row.figures["over_labels_kernels"], row.figures["over_labels_eager"]) == (2.0, 0.2)
    (row,) = curve_rows([Point("labels alone", 15, 1, 0.5, 0.4)], 1500)
    assert row.sizes == {"arm": "labels alone", "labels": 15, "seed": 1, "steps": 1500}
    assert row.figures["student_force_mae_ev_per_a"] == 0.5
    compared = {"case": "pair", "old_us": 10.0, "new_us": 5.0, "ratio": 0.5, "ratio_of_least": 0.6}
    (row,) = build_rows([compared], 3)
    assert row.figures["new_over_old"] == 0.5
    builds = {"old": "0.1.0 (commit a)", "new": "0.1.0 (commit b)"}
    given: dict[str, Any] = {"title": "Builds", "command": "measure", "folder": tmp_path}
    path = record("zen5", "builds", [row], versions=builds, **given)
    assert Result.model_validate_json(path.read_text()).versions == builds


def test_a_note_stands_beside_what_was_measured(tmp_path: Path) -> None:
    stored = Result.model_validate_json(store(tmp_path, note="copied from a page").read_text())
    *_, last = table({"zen5": stored})
    assert last.startswith("- *zen5*: ") and last.endswith("; copied from a page")
    head = next(iter(table({"zen5": stored})))
    assert "kernels µs per atom and step |" in head  # one machine needs no name in the head


def test_the_results_of_this_repository_are_whole() -> None:
    results = read_results()
    assert results and all(results.values())
