"""The report, from figures alone."""

import numpy as np
import pytest

from ipip.report import Parity, ReportContent, write_report
from ipip.report.table import HEADER, describe_speed, format_failures, table_rows
from ipip.stability import wilson_interval


def errors(force, energy):
    return {
        "force_mae_ev_per_a": force,
        "force_rmse_ev_per_a": 1.5 * force,
        "energy_mae_mev_per_atom": energy,
        "n_frames": 10,
        "n_atoms": 120,
        "by_element": {"Mo": {"force_mae_ev_per_a": force}},
        "by_config_type": {},
    }


def failures(failed, total):
    return {"failed": failed, "total": total, "wilson95": list(wilson_interval(failed, total))}


@pytest.fixture
def summary():
    rounds = [
        {
            "round": index,
            "test": errors(0.45 - 0.05 * index, 50.0),
            "failures": failures(3 - index, 8),
            "us_per_atom_step": 80.0,
            "kept": 90 * index,
            "forgotten": 10 * index,
            "new": 100 if index == 0 else 20,
        }
        for index in range(3)
    ]
    return {
        "verdict": "It works.",
        "intervals": {"over": "frames", "count": 2, "least": 6, "withheld": "2 frames are too few"},
        "teacher": {"test": errors(0.44, 60.0), "us_per_atom_step": 1200.0},
        "rounds": rounds,
        "best_round": 2,
    }


def test_the_table_has_the_teacher_and_every_round(summary):
    rows = table_rows(summary)
    assert [row[0] for row in rows] == ["teacher", "student 0", "student 1", "student 2, best"]
    assert all(len(row) == len(HEADER) for row in rows)
    assert rows[1][4] == "3/8 (14-69 %)"
    assert rows[2][6] == "90, 10, 20"


def test_no_runs_is_not_no_failures():
    assert format_failures(failures(0, 0)) == "none run"


def test_speed_is_told_either_way(summary):
    assert "15.0 times faster" in describe_speed(summary)
    summary["teacher"]["us_per_atom_step"] = 40.0
    assert "2.0 times slower" in describe_speed(summary)


def test_the_report_has_the_verdict_first_and_its_pictures(summary, tmp_path):
    values = np.linspace(-3, 3, 90)
    content = ReportContent(
        summary,
        compositions=({"round 0": 100}, {"round 0": 90, "round 1": 20}),
        parity=tuple(Parity(name, values, 0.9 * values) for name in ("teacher", "student 0")),
        failure_causes=({"temperature": 3}, {"temperature": 1, "distance": 1}, {"force": 1}),
        notes=("A note.",),
    )
    path = write_report(content, tmp_path)
    assert path.name == "report.html"
    lines = (tmp_path / "summary.md").read_text().splitlines()
    assert lines[2].startswith("**It works.**")
    assert "- A note." in lines
    pictures = sorted(picture.name for picture in tmp_path.glob("*.png"))
    assert pictures == ["composition.png", "errors.png", "failures.png", "parity.png"]
    for name in pictures:
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
        assert any(f"({name})" in line for line in lines)


def test_a_first_round_without_stability_runs_can_be_reported(summary, tmp_path):
    summary["rounds"] = summary["rounds"][:1]
    summary["rounds"][0]["failures"] = failures(0, 0)
    summary["best_round"] = 0
    assert write_report(ReportContent(summary), tmp_path).exists()
