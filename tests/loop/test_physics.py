"""The physics checks as a stage: each round's student, and once the teacher."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.loop.conftest import write_run_inputs

from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.loop.run import run_loop
from ipip.physics.checks import drift
from ipip.physics.listing import checks_of
from ipip.records.manifest import read_manifests
from ipip.records.run_folder import RunFolder
from ipip.stages.physics import PHYSICS
from ipip.views.outcomes import round_outcome

NAMES = [check.name for check in checks_of(short=True)]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two rounds with the checks; its folder."""
    config = write_run_inputs(tmp_path_factory.mktemp("physics"), physics={"frames": 1})
    folder = config.parent / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(drift.STEPS, True, 60)
        run_loop(load_settings(config, RunSettings), folder)
    return folder


def test_each_round_has_the_short_form_and_the_first_one_the_teacher_too(run: Path) -> None:
    manifests = read_manifests(RunFolder(run))
    first, second = (PHYSICS.read(manifests, index) for index in (0, 1))
    for checks in (first.student, first.teacher, second.student):
        assert [one.check for one in checks] == NAMES
    assert second.teacher == ()
    manifest = manifests[PHYSICS.of(0)]
    assert manifest.teacher_calls > 100 and manifests[PHYSICS.of(1)].teacher_calls == 0
    names = [name for name in manifests if name.startswith("round_000")]
    assert names.index("round_000/48_physics") == names.index("round_000/50_evaluate") - 1


def test_the_teacher_keeps_the_laws_that_an_untrained_wall_cannot(run: Path) -> None:
    checks = PHYSICS.read(read_manifests(RunFolder(run)), 0)
    states = {one.check: one.state for one in checks.teacher}
    laws = ("rotation", "translation", "permutation", "gradient", "extensivity", "ghost-atoms")
    assert {states[law] for law in laws} == {"holds"}
    assert {one.check: one.state for one in checks.student}["rotation"] == "holds"
    assert "repulsion" in checks.broken  # it learnt nothing below the closest bond


def test_summary_report_and_decisions_have_them(run: Path) -> None:
    summary = json.loads((run / "summary.json").read_text())
    manifests = read_manifests(RunFolder(run))
    for index, entry in enumerate(summary["rounds"]):
        broken = PHYSICS.read(manifests, index).broken
        assert set(entry["physics"]["failed"]) == broken == round_outcome(index, manifests).broken
        assert entry["physics"]["total"] == len(NAMES)
    assert summary["teacher"]["physics"]["total"] == len(NAMES) - 1  # no cutoff, no locality
    page = (run / "report" / "report.html").read_text()
    assert 'id="physics-checks"' in page and "Repulsion at short distance" in page
    assert "../round_001/48_physics/physics.html" in page


def test_without_the_setting_there_is_no_such_stage(finished_run: tuple[Path, Path]) -> None:
    summary = json.loads((finished_run[1] / "summary.json").read_text())
    assert "physics" not in summary["rounds"][0]
    assert not list(finished_run[1].glob("round_*/48_physics"))
