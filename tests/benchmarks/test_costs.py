"""Benchmarks of whole commands read their figures from what the commands wrote."""

from __future__ import annotations

import pytest
from benchmarks.quick import cost_of, rows_of
from benchmarks.stability import figures

LOG = """\
Loop time of 60.5 on 1 procs for 1000 steps with 8096 atoms
  Iterations, force evaluations = 1000 1969
Loop time of 9.3 on 1 procs for 300 steps with 8096 atoms
"""
TEST = {"force_mae_ev_per_a": 0.4, "energy_mae_mev_per_atom": 60.0}
SUMMARY = {
    "teacher": {"test": TEST, "us_per_atom_step": 1400.0},
    "rounds": [
        {
            **{"round": 0, "test": TEST, "us_per_atom_step": 2.8},
            **{"failures": {"failed": 9, "total": 18}, "kept": 0, "forgotten": 0, "new": 360},
        }
    ],
    **{"best_round": 0, "wall_s": 85.0, "load": 2.0},
}


def test_the_protocol_s_cost_is_that_of_steps_and_minimisation() -> None:
    found = figures(LOG)
    assert found["step_ms"] == pytest.approx(31.0)
    assert found["us_per_atom_step"] == pytest.approx(31e3 / 8096)
    assert found["minimisation_s"] == 60.5 and found["evaluations_of_minimisation"] == 1969
    assert found["a_whole_run_h"] == pytest.approx((0.031 * 50_000 + 60.5) / 3600)
    with pytest.raises(ValueError, match="a minimisation and a run"):
        figures(LOG.splitlines()[-1])


def test_rounds_of_the_quick_example_stand_beside_the_teacher() -> None:
    teacher, first = rows_of(2, SUMMARY)
    assert teacher.sizes == {"seed": 2, "model": "teacher"}
    assert first.sizes == {"seed": 2, "model": "student 0"}
    assert first.figures["failed_runs"] == 9 and first.figures["frames_new"] == 360
    assert cost_of(2, SUMMARY).figures["teacher_over_student"] == pytest.approx(500)
