"""The page of curves and parity: everything is in it, and it needs nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from tests.report.browser import find_browser

from ipip import pages
from ipip.data import Frame
from ipip.evaluation.interactive import write_page

HISTORY = [
    {"epoch": 0, "train_loss": 2.0, "valid_loss": 3.0, "learning_rate": 1e-3,
     "valid_force_mae_ev_per_a": 0.5, "valid_energy_mae_mev_per_atom": 40.0},
    {"epoch": 1, "train_loss": 1.0, "valid_loss": None, "learning_rate": 1e-4,
     "valid_force_mae_ev_per_a": None, "valid_energy_mae_mev_per_atom": None},
]  # fmt: skip


def guess(frames: list[Frame]) -> list[Frame]:
    """Predictions that miss every force component by 0.25 and every stress component by 0.5."""
    return [
        frame.replace(
            energy=float(frame.energy or 0) + 0.1 * len(frame),
            forces=np.asarray(frame.forces) + 0.25,
            stress=np.asarray(frame.stress) + 0.5,
        )
        for frame in frames
    ]


def figures(page: str) -> list[list[dict[str, object]]]:
    """Return the traces of each figure on a page."""
    start = page.index('type="application/json">') + len('type="application/json">')
    return [figure["traces"] for figure in json.loads(page[start : page.index("</script>", start)])]


def test_a_page_holds_curves_parities_and_errors(copper: list[Frame], tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    write_page(path, copper, guess(copper), title="a < b", history=HISTORY, best_epoch=0)
    page = path.read_text()
    curves, energies, forces, stresses = figures(page)
    assert [trace["name"] for trace in curves] == [
        "training", "validation", "validation", "validation", "learning rate",
    ]  # fmt: skip
    assert curves[0]["x"] == [1, 2] and "Dotted: epoch 1, whose weights" in page
    assert {trace.get("name") for trace in energies} >= {"alloy", "copper"}
    assert {trace.get("name") for trace in forces} >= {"Cu", "Au"}
    assert {trace.get("name") for trace in stresses} >= {"xx", "yy", "zz", "yz", "xz", "xy"}
    assert "force MAE 0.250 eV/Å, energy MAE 100.0 meV/atom, stress MAE 0.5 eV/Å³" in page
    assert "a &lt; b" in page and "<td>copper</td>" in page and "<td>Au</td>" in page
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", page)


def test_a_page_draws_in_a_browser_in_the_style_of_the_report(
    copper: list[Frame], tmp_path: Path
) -> None:
    browser = find_browser()
    path = tmp_path / "training.html"
    write_page(path, copper, guess(copper), title="a run", history=HISTORY, best_epoch=0)
    html, console = browser.open(path, "?theme=dark")
    root = re.search(r"<html[^>]*>", html)
    graphics = ("WebGL", "GL Driver")  # headless Chromium's notes on its software rendering
    assert [line for line in console if not any(word in line for word in graphics)] == []
    assert root is not None
    assert 'data-rendered="4"' in root.group() and 'data-theme="dark"' in root.group()
    assert "data-errors" not in root.group()
    report = (Path(pages.__file__).parent / "page.css").read_text()
    assert report in path.read_text()


def test_a_page_of_an_evaluation_has_no_curves_and_no_stress_it_does_not_know(
    copper: list[Frame], tmp_path: Path
) -> None:
    bare = [frame.replace(stress=None) for frame in copper[:4]]
    write_page(tmp_path / "a.html", bare, copper[:4], title="a")
    assert len(figures((tmp_path / "a.html").read_text())) == 2


def test_many_points_are_thinned_and_the_page_says_so(
    copper: list[Frame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ipip.evaluation.interactive.MAX_POINTS", 100)
    write_page(tmp_path / "a.html", copper, guess(copper), title="a")
    _, forces, _ = figures((tmp_path / "a.html").read_text())
    assert "Cu (every 4th)" in {trace.get("name") for trace in forces}
