"""`ipip physics`: page, table and exit status, for students and for any ASE calculator."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ase.build import bulk
from ase.io import write

from ipip import build_student, read_metadata, save_student
from ipip.cli.main import main
from ipip.physics import Measure, Outcome
from ipip.physics.checks import drift, heating, squeezing
from ipip.physics.listing import CHECKS
from ipip.physics.report import plain_outcome
from tests.report.browser import find_browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student with a wall and next to no network, one without a wall, and Lennard-Jones."""
    folder = tmp_path_factory.mktemp("physics")
    for name, zbl in (("wall", True), ("bare", False)):
        student = build_student("painn", ["S", "O"], seed=3, channels=8, layers=1, zbl=zbl)
        student.set_energy_scale([-3.0, -1.0], 1e-3, 0.1)
        save_student(student, folder / f"{name}.pt")
    (folder / "lj.yaml").write_text(
        "kind: ase\nimport_path: ase.calculators.lj:LennardJones\n"
        "arguments: {sigma: 2.3, epsilon: 0.1, rc: 7.0, smooth: true}\n"
    )
    crystal = bulk("Cu", cubic=True)
    crystal.rattle(0.02, seed=1)
    write(folder / "copper.xyz", crystal)
    return folder


@pytest.fixture(scope="module", autouse=True)
def short_runs() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(drift.STEPS, True, 100)
        for ramp in (heating, squeezing):
            patch.setitem(ramp.STEPS, True, 50)
        yield


def run(folder: Path, out: Path, *words: str) -> tuple[int, dict[str, Any]]:
    given = [str(folder / w) if (folder / w).exists() else w for w in words]
    status = main(["physics", *given, "--quick", "--dir", str(out)])
    return status, json.loads((out / "physics.json").read_text())


@pytest.fixture(scope="module")
def both(folder: Path) -> tuple[int, Any, Path]:
    """Status, table and folder of a check of both students."""
    return *run(folder, folder / "both", "wall.pt", "bare.pt"), folder / "both"


def test_the_table_has_the_verdict_first_then_every_check_with_bound_source_and_digest(
    both: tuple[int, Any, Path], folder: Path
) -> None:
    status, table, _ = both
    assert status == 1 and not table["holds"]
    assert next(iter(table)) == "verdict"
    wall, bare = table["potentials"]
    assert wall["verdict"] == f"wall: all {len(CHECKS)} checks hold."
    assert "repulsion" in bare["failed"] and "lowest wall" in json.dumps(bare)
    assert re.match(rf"bare: \d of {len(CHECKS)} checks fail: Repulsion at short", bare["verdict"])
    for potential in (wall, bare):
        assert [check["check"] for check in potential["checks"]] == [c.name for c in CHECKS]
        for check in potential["checks"]:
            assert check["bound"] and check["source"] and check["measures"] and check["pictures"]
    digest = read_metadata(folder / "wall.pt").weights_digest
    assert wall["provenance"]["weights_digest"] == digest
    assert wall["structures_made_up"] and wall["quick"]


def test_the_page_opens_in_a_browser_and_draws_each_picture(both: tuple[int, Any, Path]) -> None:
    _, table, out = both
    browser = find_browser()
    html, console = browser.open(out / "physics.html")
    assert console == []
    assert html.index("wall: all") < html.index("<table") < html.index('class="plot')
    count = sum(len(c["pictures"]) for p in table["potentials"] for c in p["checks"])
    assert html.count('class="main-svg"') >= count  # plotly's drawings
    for check in CHECKS:
        assert f'id="{check.name}-0-0"' in html and check.title in html


def test_any_ase_calculator_is_checked_by_the_settings_that_label_takes(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, table = run(folder, tmp_path, "lj.yaml", "--structures", "copper.xyz", "--json")
    assert json.loads(capsys.readouterr().out) == table
    (lj,) = table["potentials"]
    states = {check["check"]: check["state"] for check in lj["checks"]}
    assert states.pop("locality") == "does not apply"  # no cutoff is stated
    assert set(states.values()) == {"holds"} and status == 0
    assert lj["structures"] == ["Cu4"] and not lj["structures_made_up"]
    assert lj["provenance"]["kind"] == "teacher"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none.pt"], r"none\.pt: no such file"),
        (["wall.pt", "--elements", "S,Qq"], r"'Qq' is not a chemical symbol"),
        (["wall.pt", "--elements", "S,Mo"], r"has S O, and not Mo; choose"),
        (
            ["wall.pt", "--structures", "copper.xyz"],
            r"has the elements S O, and the structures also hold Cu",
        ),
        (["lj.yaml"], r"lj: give structures, or the elements"),
    ],
)
def test_wrong_input_is_one_message_before_any_check(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    given = [str(folder / w) if (folder / w).exists() else w for w in words]
    assert main(["physics", *given, "--dir", str(tmp_path / "out")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(message, line)
    assert not (tmp_path / "out" / "physics.json").exists()


def test_not_a_number_is_null_in_the_table_and_never_holds() -> None:
    outcome = Outcome("drift", (Measure("slope", math.nan, "eV", 1.0),))
    assert outcome.state == "fails"
    assert plain_outcome(outcome)["measures"][0]["value"] is None
