"""The report, made from figures only."""

import itertools
import re

import numpy as np
import pytest

from ipip.pages.numbers import format_number
from ipip.report import Parity, ReportData, write_report
from ipip.report.figures.figure import CAUSES
from ipip.report.figures.species import COLOURS as SPECIES_COLOURS
from ipip.report.page import render_page
from ipip.report.table import HEADER, describe_speed, format_failures, table_rows
from ipip.stability import wilson_interval
from ipip.stages.listing import STAGES

STAGE_COLOURS = tuple({stage.label: stage.colour for stage in STAGES}.values())


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
    assert format_failures(failures(0, 0)) == "no runs"


def test_speed_is_reported_either_way(summary):
    assert "15.0 times faster" in describe_speed(summary)
    summary["teacher"]["us_per_atom_step"] = 40.0
    assert "2.0 times slower" in describe_speed(summary)


def test_large_numbers_are_written_in_full(summary):
    summary["teacher"]["us_per_atom_step"] = 148800.0
    assert "1860 times faster than the teacher (80 against 148800 µs" in describe_speed(summary)
    page = render_page(ReportData(summary), "a run")
    assert "<strong>1860×</strong>" in page and "<td>148800</td>" in page
    own = page[page.index("<main") : page.index("</main>")]
    assert not re.search(r"\d[eE]\+\d", own)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1860.2, "1860"), (-123456.7, "-123457"), (99.94, "99.9"), (3.14159, "3.14"), (0.0, "0")],
)
def test_a_number_is_written_as_a_person_would(value, text):
    assert format_number(value) == text


def test_a_timing_on_a_busy_machine_says_so(summary):
    idle = {"running": 1.3, "cores": 2, "is_high": False}
    busy = {"running": 7.4, "cores": 2, "is_high": True}
    summary["teacher"]["timing_load"] = idle
    summary["rounds"][2]["timing_load"] = idle
    assert "busy" not in describe_speed(summary)
    assert "busy" not in render_page(ReportData(summary), "a run")
    summary["rounds"][2]["timing_load"] = busy
    told = describe_speed(summary)
    assert "the student was timed on a busy machine (7.4 programs on 2 cores)" in told
    assert "; timed on a busy machine" in render_page(ReportData(summary), "a run")
    summary["teacher"]["timing_load"] = busy
    assert "the teacher and the student were timed on a busy machine" in describe_speed(summary)


def lab(colour):
    """CIE Lab (D65) of #rrggbb."""
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
              [0.0193339, 0.1191920, 0.9503041]]  # fmt: skip
    x, y, z = np.cbrt(to_xyz @ linear / [0.95047, 1.0, 1.08883])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("colours", [STAGE_COLOURS, CAUSES, SPECIES_COLOURS])
def test_no_two_things_of_a_figure_have_one_colour(colours):
    pairs = itertools.combinations(colours, 2)
    assert min(np.linalg.norm(lab(a) - lab(b)) for a, b in pairs) > 20


def test_the_report_has_the_verdict_first_and_its_pictures(summary, tmp_path):
    values = np.linspace(-3, 3, 90)
    content = ReportData(
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
    assert write_report(ReportData(summary), tmp_path).exists()
