"""The final table in a terminal of 80 columns."""

import pytest

from ipip.cli.tables import print_results


def errors(force):
    return {
        "force_mae_ev_per_a": force,
        "force_rmse_ev_per_a": 1.5 * force,
        "energy_mae_mev_per_atom": 79.7,
        "n_frames": 25,
        "n_atoms": 390,
    }


def entry(index, **more):
    return {
        "round": index,
        "test": errors(0.4),
        "failures": {"failed": 14, "total": 180, "wilson95": [0.05, 0.13]},
        "us_per_atom_step": 3.25,
        "kept": 972,
        "forgotten": 108,
        "new": 240,
        **more,
    }


@pytest.mark.parametrize("rolled_back", [None, "its error rose"])
def test_each_model_has_one_line_of_at_most_80_columns(monkeypatch, capsys, tmp_path, rolled_back):
    monkeypatch.setenv("COLUMNS", "80")
    summary = {
        "verdict": "It works.",
        "teacher": {"test": errors(0.44), "us_per_atom_step": 13849.6},
        "none": entry(0),
        "rounds": [entry(0), entry(1, rolled_back=rolled_back), entry(2)],
        "best_round": 2,
        "stopped": None,
    }
    print_results(summary, tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 for line in lines if "/" not in line)
    rule = next(number for number, line in enumerate(lines) if set(line) == {"─"})
    rows = [line.split("  ")[0] for line in lines[rule + 1 : rule + 6]]
    second = "student 1, rolled back" if rolled_back else "student 1"
    assert rows == ["teacher", "no pretraining", "student 0", second, "student 2, best"]
    assert "14/180 (5-13)" in lines[rule + 3] and "972, 108, 240" in lines[rule + 3]
    assert "13850" in lines[rule + 1]
