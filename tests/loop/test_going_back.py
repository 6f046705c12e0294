"""What happens to a finished run that is changed, rewound, tidied up or damaged."""

import json
import os

import pytest
import yaml
from tests.loop.conftest import without_times

from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.errors import InputError, IpipError
from ipip.export import read_metadata
from ipip.loop.garbage import collect_garbage, find_garbage
from ipip.loop.rewind import rewind
from ipip.loop.run import run_loop
from ipip.stages.evaluate import EVALUATE
from ipip.stages.finetune import FINETUNE
from ipip.stages.harvest import HARVEST
from ipip.stages.pretrain import PRETRAIN
from ipip.storage.lock import hold_lock
from ipip.views.ledger import read_ledger, write_ledger
from ipip.views.status import read_status


def test_changed_settings_name_the_stages_and_what_to_do(copied):
    config, folder = copied
    text = config.read_text()
    settings = yaml.safe_load(text)
    settings["finetune"]["max_epochs"] = 4
    config.write_text(yaml.safe_dump(settings))
    with pytest.raises(InputError) as caught:
        run_loop(load_settings(config, RunSettings), folder)
    message = str(caught.value)
    assert "round_000/40_finetune: finetune.max_epochs: 3 -> 4" in message
    assert "round_001/40_finetune" in message
    assert "round_000/30_pretrain" not in message
    assert "round_001/30_pretrain: follows round_001/20_relabel" in message
    assert "--dir" in message
    assert "--yes" in message and "ipip rewind" in message
    assert json.loads((folder / "summary.json").read_text())["stopped"]  # nothing was moved


def test_where_and_how_fast_may_change_between_starts(copied):
    config, folder = copied
    settings = yaml.safe_load(config.read_text())
    settings["teacher"]["workers"] = 2
    settings["resources"] = {"lammps_runs": 2}
    config.write_text(yaml.safe_dump(settings))
    run_loop(load_settings(config, RunSettings), folder)


def test_from_stage_sets_results_aside_and_gives_the_same_again(copied):
    config, folder = copied
    before = json.loads((folder / "summary.json").read_text())
    stage = FINETUNE.of(1)
    after = run_loop(load_settings(config, RunSettings), folder, from_stage=stage)
    assert without_times(after) == without_times(before)
    aside = folder / "discarded" / "001"
    assert (aside / stage / "manifest.json").exists()
    assert (aside / EVALUATE.of(1) / "manifest.json").exists()
    assert not (aside / PRETRAIN.of(1)).exists()


def test_changed_stages_are_set_aside_after_confirmation(copied):
    config, folder = copied
    settings = yaml.safe_load(config.read_text())
    settings["stability"] = {"runs": 0}
    config.write_text(yaml.safe_dump(settings))
    asked = []

    def agree(text):
        asked.append(text)
        return True

    done = {path: path.stat().st_mtime_ns for path in folder.glob("round_*/4*/manifest.json")}
    summary = run_loop(load_settings(config, RunSettings), folder, confirm=agree)
    assert len(asked) == 1 and "stability.runs: 1 -> 0" in asked[0]
    assert [entry["failures"]["total"] for entry in summary["rounds"]] == [0, 0]
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert (folder / "discarded/001/round_001/50_evaluate/manifest.json").exists()
    assert (folder / "best/student.pt").exists()


def test_nothing_is_changed_after_a_refusal(copied):
    config, folder = copied
    settings = yaml.safe_load(config.read_text())
    settings["seed"] = 8
    config.write_text(yaml.safe_dump(settings))
    before = sorted(folder.rglob("*"))
    with pytest.raises(InputError, match="nothing was changed"):
        run_loop(load_settings(config, RunSettings), folder, confirm=lambda text: False)
    assert sorted(folder.rglob("*")) == before


def test_rewind_goes_back_and_the_run_gives_the_same(copied):
    config, folder = copied
    before = json.loads((folder / "summary.json").read_text())
    write_ledger(folder / "ledger.csv", read_ledger(folder))  # as `ipip ledger --csv` does
    aside, names = rewind(folder, "round_001/20_relabel")
    assert names[0] == "round_001/20_relabel" and len(names) == 4
    assert (aside / "round_001/50_evaluate/manifest.json").exists()
    assert (aside / "best/student.pt").exists() and (aside / "ledger.csv").exists()
    left = json.loads((folder / "summary.json").read_text())
    assert [entry["round"] for entry in left["rounds"]] == [0] and left["stopped"] is None
    first = read_metadata(folder / FINETUNE.of(0) / "student.pt").weights_digest
    assert read_metadata(folder / "best/student.pt").weights_digest == first
    assert {row.rounds for row in read_ledger(folder)} == {"0"}
    after = run_loop(load_settings(config, RunSettings), folder)
    assert without_times(after) == without_times(before)


def test_rewind_takes_a_whole_round_and_refuses_a_missing_one(copied):
    _, folder = copied
    with pytest.raises(InputError, match="there is no stage round_005; its stages are: round_000"):
        rewind(folder, "round_005")
    with pytest.raises(InputError, match="is not a run folder"):
        rewind(folder.parent, "round_001")
    assert rewind(folder, "round_001")[1][0] == "round_001/05_forget"
    assert not any((folder / "round_001").iterdir())
    rewind(folder, "round_000/40_finetune")
    assert not any((folder / name).exists() for name in ("best", "report", "ledger.csv"))
    assert read_status(folder).summary["verdict"] == "no round is finished yet"


def test_garbage_goes_and_the_run_is_still_whole(copied):
    config, folder = copied
    (folder / "round_000" / ".pretraining.1234abcd.tmp.xyz").write_text("half")
    rewind(folder, "round_001/50_evaluate")
    run_loop(load_settings(config, RunSettings), folder)
    found = find_garbage(folder)
    kinds = {item.why for item in found}
    assert "results set aside" in kinds and "left by a killed process" in kinds
    assert "checkpoint of a finished training" in kinds
    assert not any(item.path.name == "trajectory.dump" for item in found)
    assert any(item.path.name == "trajectory.dump" for item in find_garbage(folder, dumps=True))
    assert collect_garbage(folder) == found
    assert not any(item.path.exists() for item in found)
    assert find_garbage(folder) == []
    before = {path: path.stat().st_mtime_ns for path in folder.glob("round_*/*/manifest.json")}
    run_loop(load_settings(config, RunSettings), folder)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_harvest_is_not_repeated_on_the_rest_of_a_garbage_collection(copied):
    config, folder = copied
    settings = load_settings(config, RunSettings)
    before = json.loads((folder / "summary.json").read_text())
    table = (folder / HARVEST.of(1) / "harvest.csv").read_text()
    collect_garbage(folder)
    rewind(folder, "round_001/15_harvest")
    with pytest.raises(InputError, match=r"10_explore: frames that .* removed by `ipip gc`"):
        run_loop(settings, folder)
    after = run_loop(settings, folder, confirm=lambda text: True)
    assert without_times(after) == without_times(before)
    assert (folder / HARVEST.of(1) / "harvest.csv").read_text() == table


def test_an_unknown_stage_is_refused(copied):
    config, folder = copied
    with pytest.raises(InputError, match="there is no stage round_009/10_explore"):
        run_loop(load_settings(config, RunSettings), folder, from_stage="round_009/10_explore")


def test_a_lost_output_is_noticed(copied):
    config, folder = copied
    (folder / PRETRAIN.of(0) / "student.pt").unlink()
    with pytest.raises(IpipError, match=r"30_pretrain: student.pt is missing"):
        run_loop(load_settings(config, RunSettings), folder)


def test_a_second_driver_is_refused(copied):
    config, folder = copied
    settings = load_settings(config, RunSettings)
    with (
        hold_lock(folder / ".lock", "run"),
        pytest.raises(
            IpipError, match=rf"another `ipip run` writes there \(process {os.getpid()} on"
        ),
    ):
        run_loop(settings, folder)


def test_a_foreign_folder_is_not_written_to(copied, tmp_path):
    config, _ = copied
    foreign = tmp_path / "thesis"
    foreign.mkdir()
    (foreign / "chapter.tex").write_text("")
    with pytest.raises(InputError, match=r"other files \(chapter.tex\)"):
        run_loop(load_settings(config, RunSettings), foreign)
    assert [path.name for path in foreign.iterdir()] == ["chapter.tex"]
