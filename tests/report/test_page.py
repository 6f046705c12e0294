"""The page in a real browser."""

import base64
import csv
import io
import json
import re

import numpy as np
import pytest
from matplotlib.image import imread
from tests.report.browser import find_browser
from tests.report.conftest import stability_runs

from ipip.report import ReportData, write_report
from ipip.report.figures.stability import kaplan_meier
from ipip.report.page import render_page

FIGURES = [
    "errors-by-round",
    "errors-by-element",
    "errors-by-configuration",
    "learning-curves",
    "parity-forces",
    "parity-energies",
    "failures",
    "survival",
    "uncertainty-by-round",
    "uncertainty-over-time",
    "physics-checks",
    "frames-by-round",
    "frames-by-origin",
    "label-drift",
    "harvest",
    "species-at-end",
    "species-1",
    "speed",
    "wall-time",
]


def tables(page):
    """The CSV behind each figure, as rows."""
    found = re.findall(
        r'download="([\w-]+)\.csv" href="data:text/csv;charset=utf-8;base64,(.*?)"', page
    )
    return {
        name: list(csv.reader(io.StringIO(base64.b64decode(data).decode()))) for name, data in found
    }


def test_every_figure_renders_in_a_browser_without_an_error(content, tmp_path):
    browser = find_browser()
    page = write_report(content, tmp_path / "run" / "report")
    html, console = browser.open(page)
    assert console == []
    names = re.findall(r' id="([^"]+)"', page.read_text())
    assert len(names) == len(set(names))  # a figure is drawn where its name is first found
    root = re.search(r"<html[^>]*>", html).group()
    assert f'data-rendered="{len(FIGURES)}"' in root and "data-errors" not in root
    for name in FIGURES:
        start = html.index(f'id="{name}"')
        drawn = html[start : html.index("</figcaption>", start)]
        assert "main-svg" in drawn, name
        assert drawn.count("<path") > 3, name


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_is_seen_in_light_and_in_dark(content, tmp_path, theme):
    browser = find_browser()
    page = write_report(content, tmp_path)
    picture = tmp_path / f"{theme}.png"
    browser.screenshot(page, picture, (1280, 1600), f"?theme={theme}")
    pixels = imread(picture)[:, :, :3]
    brightness = pixels.mean()
    assert (brightness > 0.8) if theme == "light" else (brightness < 0.35)
    assert pixels.std() > 0.05
    lower = pixels[800:]  # figures, not only the head of the page
    coloured = (lower.max(axis=2) - lower.min(axis=2)) > 0.3
    assert coloured.mean() > 0.002


def test_the_page_is_one_file_that_requests_no_other(content):
    page = render_page(content, "a run")
    assert page.count("plotly.js v") == 1
    own = page.replace(page[page.index("<script>") : page.index('<script id="figures"')], "")
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', own)
    assert "<link" not in own and "@import" not in own


def test_the_verdict_comes_first_and_texts_are_escaped(content):
    page = render_page(content, "a run")
    body = page[page.index("<main") :]
    assert body.index("The student of round 3 beats") < body.index("<table") < body.index("<figure")
    assert "Rank 2 &lt;of 3&gt; &amp; so on." in body
    assert "its last round, 3, is done" in body


def test_every_figure_can_be_had_as_csv(content):
    found = tables(render_page(content, "a run"))
    assert list(found) == FIGURES
    assert all(len(rows) > 1 for rows in found.values())
    by_round = {row[0]: row for row in found["errors-by-round"][1:]}
    assert float(by_round["teacher"][1]) == 0.44
    assert float(by_round["none"][1]) == 0.62
    assert ["2", "346", "38", "60", "1", "its error rose"] in found["frames-by-round"]
    assert found["failures"][1][:3] == ["none", "17", "18"]
    assert ["start of the runs", "18", "S2", "45", "2.5"] in found["species-at-end"]
    expected, true = map(float, found["uncertainty-by-round"][1][1:3])
    assert (expected, true) == pytest.approx((0.1, 0.14))
    assert found["uncertainty-over-time"][1][:5] == ["1", "0", "run 0", "True", "0.0"]
    assert found["species-1"][:2] == [["time (ps)", "Mo3O9", "Mo3O9S2"], ["0.0", "1", "0"]]


def test_values_that_are_not_finite_are_left_out_and_the_page_is_valid(content):
    content.models[1].test["force_mae_ev_per_a"] = float("nan")
    page = render_page(content, "a run")
    start = page.index('type="application/json">') + len('type="application/json">')
    figures = json.loads(page[start : page.index("</script>", start)])
    assert "NaN" not in page[start : page.index("</script>", start)]
    assert len(figures) == len(FIGURES)


def test_a_run_with_few_results_has_a_page_too(content):
    summary = content.summary | {"rounds": content.summary["rounds"][:1], "best_round": 0}
    models = tuple(m for m in content.models if m.name in {"teacher", "student 0"})
    found = tables(render_page(ReportData(summary, models=models), "a run"))
    assert {"errors-by-round", "failures", "speed"} <= set(found)


def test_survival_matches_kaplan_and_meier():
    runs = stability_runs(3, seed=0)
    points = kaplan_meier(runs)
    assert points[0] == (0.0, 1.0)
    assert [part for _, part in points[1:4]] == pytest.approx([17 / 18, 16 / 18, 15 / 18])
    assert points[-1] == (2.0, pytest.approx(15 / 18))
    assert np.all(np.diff([time for time, _ in points]) > 0)
    assert kaplan_meier(()) == [(0.0, 1.0)]
