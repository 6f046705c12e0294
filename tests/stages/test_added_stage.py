"""A stage that is added to the list has its place everywhere: no other file names it."""

import json
from collections import Counter

import pytest
from tests.loop.conftest import write_run_inputs

from ipip.cli.main import main
from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.loop.checks import check_inputs
from ipip.loop.plan import make_plan
from ipip.loop.run import run_loop
from ipip.pipeline.cost import Forecast
from ipip.pipeline.stage import Stage, StageResult
from ipip.records.manifest import read_manifests
from ipip.records.run_folder import RunFolder
from ipip.records.stage_record import StageRecord
from ipip.stages import listing
from ipip.stages.inheritance import pretraining_set_of
from ipip.stages.pretraining_frames import INDEX_FILE, frames_of, own_set
from ipip.stages.table import stages_table
from ipip.stages.teacher_md import TEACHER_MD
from ipip.storage.json_file import write_json
from ipip.views.pretraining_frames import open_pretraining_set
from ipip.views.status import read_status


class CensusRecord(StageRecord):
    writes = ("census.json",)

    atoms: int


class Census(Stage[CensusRecord]):
    """Counts the atoms of the pretraining set."""

    name = "25_census"
    title = "count the atoms of the pretraining set"
    label = "census"
    colour = "#123456"
    condition = "with two elements"
    settings = ("elements",)
    record = CensusRecord

    def is_wanted(self, settings, index):
        return len(settings.elements) == 2

    def inputs(self, within):
        return (pretraining_set_of(within.index), *frames_of(within))

    def disk_bytes(self, sizes):
        return 123_000_000

    def forecast(self, basis, index):
        return Forecast(f"count {len(basis.settings.elements)} elements", 7.0)

    def work(self, run):
        counts = Counter(int(z) for frame in own_set(run) for z in frame.numbers)
        path = run.folder / "census.json"
        write_json(path, counts)
        return StageResult((path,), CensusRecord(atoms=sum(counts.values())), note="counted")


@pytest.fixture(scope="module")
def added(tmp_path_factory):
    """A run with a stage more: its settings file and its folder."""
    before = listing.STAGES
    listing.STAGES = (*before, Census())
    try:
        config = write_run_inputs(tmp_path_factory.mktemp("added"), rounds=0)
        run_loop(load_settings(config, RunSettings), config.parent / "run")
        yield config, config.parent / "run"
    finally:
        listing.STAGES = before


def test_it_has_its_place_in_the_order_and_works_in_the_run(added):
    _, folder = added
    manifests = read_manifests(RunFolder(folder))
    assert [name.split("/")[1][:2] for name in manifests] == ["10", "20", "25", "30", "40", "50"]
    manifest = manifests["round_000/25_census"]
    assert list(manifest.inputs) == [pretraining_set_of(0), TEACHER_MD.of(0)]
    assert manifest.settings == {"seed": 7, "elements": ["Cu", "Au"]}
    frames = open_pretraining_set(folder, 0)
    assert Census().read(manifests, 0).atoms == sum(len(frame) for frame in frames)


def test_the_plan_and_the_disk_estimate_have_it(added):
    config, _ = added
    settings = load_settings(config, RunSettings)
    plan = make_plan(settings, check_inputs(settings), None)
    own = next(stage for stage in plan.stages if stage.stage_id == "round_000/25_census")
    assert (own.work, own.seconds) == ("count 2 elements", 7.0)
    assert plan.disk_bytes > 123_000_000


def test_the_status_has_it(added, capsys):
    _, folder = added
    states = {stage.stage_id: stage.state for stage in read_status(folder).stages}
    assert states["round_000/25_census"] == "done"
    assert main(["status", str(folder)]) == 0
    assert "25_census" in capsys.readouterr().out


def test_the_report_has_it_with_its_colour(added):
    _, folder = added
    page = (folder / "report" / "report.html").read_text()
    assert '"name": "census"' in page or '"name":"census"' in page
    assert "#123456" in page


def test_the_table_of_the_docs_has_it(added):
    row = "| `25_census` | all, with two elements | count the atoms of the pretraining set |"
    assert row in stages_table()


def test_it_is_not_repeated_and_can_be_rewound_to(added):
    config, folder = added
    path = folder / "round_000/25_census/manifest.json"
    written = path.stat().st_mtime_ns
    run_loop(load_settings(config, RunSettings), folder)
    assert path.stat().st_mtime_ns == written
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["stopped"] == "its last round, 0, is done"
    assert main(["rewind", str(folder), "round_000/25_census"]) == 0
    assert not path.exists() and (folder / pretraining_set_of(0) / INDEX_FILE).exists()
