"""A small real study: EMT teacher, LAMMPS, two seeds; stages that arms share are made once."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from tests.loop.conftest import plain_settings, reference_frames, without_times

from ipip.cli.main import main
from ipip.config.load import load_settings
from ipip.config.study import StudySettings
from ipip.data import read_frames, write_frames
from ipip.errors import InputError, IpipError
from ipip.execution.perform import perform_file
from ipip.execution.task import write_task
from ipip.stages.relabel import RELABEL
from ipip.stages.teacher_md import TEACHER_MD
from ipip.study.arm_task import ArmTask
from ipip.study.driver import prepare_study, run_study
from ipip.study.folder import run_folder

ARMS = ["none", "one-shot", "iterated", "iterated-teacher-labels"]


def write_study(folder: Path) -> Path:
    frames = reference_frames(12, seed=1)
    write_frames(folder / "reference.xyz", frames)
    write_frames(folder / "extra.xyz", reference_frames(4, seed=2))
    write_frames(folder / "start.xyz", [frames[0].replace(energy=None, forces=None)])
    (folder / "run.yaml").write_text(yaml.safe_dump(plain_settings(folder)))
    values = {
        "run": "run.yaml",
        "seeds": [1, 2],
        "arms": ARMS,
        "protocols": [{"name": "short", "file": "protocol.yaml", "arms": ["none", "iterated"]}],
        "test_sets": [{"name": "extra", "data": [{"path": "extra.xyz"}]}],
    }
    protocol = {
        "system": {"file": "start.xyz"},
        "runs": 2,
        "md": {"steps": 40, "temperature": 300, "minimize_steps": 0},
    }
    (folder / "protocol.yaml").write_text(yaml.safe_dump(protocol))
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    config = write_study(tmp_path_factory.mktemp("study"))
    folder = config.parent / "out"
    summary = run_study(load_settings(config, StudySettings), folder)
    return config, folder, summary


@pytest.mark.slow
def test_every_arm_and_seed_has_figures_on_every_set(finished):
    _, _, summary = finished
    assert [arm["name"] for arm in summary["arms"]] == ARMS
    for arm in summary["arms"]:
        assert arm["seeds"] == [1, 2]
        for name in ("held-out", "extra"):
            values = arm["tests"][name]["force_mae_ev_per_a"]["by_seed"]
            assert len(values) == 2
            assert all(value > 0 for value in values)
    assert summary["runs"] == {"finished": 8, "wanted": 8}
    assert {c["arm"] for c in summary["comparisons"]["extra"]} == set(ARMS) - {"one-shot"}


@pytest.mark.slow
def test_the_judged_students_saw_equally_many_steps(finished):
    _, _, summary = finished
    steps = {step["judged"] for arm in summary["arms"] for step in arm["steps"]}
    assert len(steps) == 1
    calls = {arm["name"]: arm["teacher_calls"][0] for arm in summary["arms"]}
    assert calls["none"] == 0 < calls["one-shot"] < calls["iterated"]


@pytest.mark.slow
def test_the_teacher_is_judged_on_every_set_too(finished):
    config, folder, summary = finished
    (sets,) = summary["teachers"].values()
    extra = read_frames(config.with_name("extra.xyz"))
    (path,) = (folder / "teachers").glob("*.xyz")
    labels = read_frames(path)
    errors = [np.abs(mine.forces - frame.forces) for mine, frame in zip(labels, extra, strict=True)]
    expected = np.concatenate(errors).mean()
    assert sets["extra"]["force_mae_ev_per_a"]["by_seed"] == pytest.approx([expected] * 2)
    assert len(sets["held-out"]["force_mae_ev_per_a"]["by_seed"]) == 2


@pytest.mark.slow
def test_a_protocol_counts_the_runs_of_all_seeds_of_its_arms(finished):
    _, folder, summary = finished
    arms = summary["protocols"]["short"]["arms"]
    assert list(arms) == ["none", "iterated"]
    assert all(entry["total"] == 4 and len(entry["by_seed"]) == 2 for entry in arms.values())
    assert (folder / "report" / "failures_short.png").stat().st_size > 5000


@pytest.mark.slow
def test_shared_stages_are_reused_and_the_rest_is_not(finished):
    _, folder, _ = finished

    def digest(arm: str, stage: str) -> str:
        path = folder / "runs" / "seed_1" / arm / stage / "manifest.json"
        return json.loads(path.read_text())["finished"]

    explore, forget = TEACHER_MD.of(0), RELABEL.of(1)
    assert len({digest(arm, explore) for arm in ARMS}) == 1
    assert digest("iterated", forget) != digest("iterated-teacher-labels", forget)


@pytest.mark.slow
def test_a_finished_study_gives_the_same_again_and_heals_damage(finished):
    config, folder, summary = finished
    settings = load_settings(config, StudySettings)
    assert run_study(settings, folder) == summary
    (labels,) = (folder / "teachers").glob("*.xyz")
    scores = folder / "tests" / "seed_1" / "none.json"
    for path in (labels, scores):  # what is damaged or lost is made again
        data = bytearray(path.read_bytes())
        data[data.rindex(b"0.") + 2] ^= 1
        path.write_bytes(data)
    lock = (folder / "study.lock.yaml").read_text()
    (folder / "study.lock.yaml").unlink()
    assert run_study(settings, folder) == summary
    (folder / "study.lock.yaml").write_text("study: [")
    with pytest.raises(InputError, match=r"study\.lock\.yaml: is damaged; remove it"):
        run_study(settings, folder)
    (folder / "study.lock.yaml").write_text(lock)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("protocols/short/protocol.json", r"protocol\.json is damaged: its content does not"),
    ],
)
def test_a_finished_study_that_is_refused_keeps_its_results(finished, file, message):
    config, folder, summary = finished
    before = (folder / "study.json").read_bytes()
    report = (folder / "report" / "study.md").read_bytes()
    path, whole = folder / file, (folder / file).read_bytes()
    path.write_bytes(whole.replace(b"300", b"301"))
    with pytest.raises(IpipError, match=message):
        run_study(load_settings(config, StudySettings), folder)
    path.write_bytes(whole)
    assert (folder / "study.json").read_bytes() == before
    assert (folder / "report" / "study.md").read_bytes() == report
    assert run_study(load_settings(config, StudySettings), folder) == summary


@pytest.mark.slow
def test_the_report_has_the_verdict_the_table_and_its_pictures(finished):
    _, folder, summary = finished
    text = (folder / "report" / "study.md").read_text()
    assert summary["verdict"] in text
    for name in ("errors_held-out.png", "differences_extra.png", "failures.png", "rounds.png"):
        assert (folder / "report" / name).stat().st_size > 5000
        assert name in text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("- 2\n", "- 3\n", "cannot continue without or with another seed 2"),
        ("- iterated-teacher-labels\n", "", "without or with another arm iterated-teacher-labels"),
        ("seeds:", "draws: 200\nseeds:", "cannot continue with other settings (draws: "),
    ],
)
def test_other_settings_in_the_same_folder_are_refused(finished, capsys, old, new, message):
    config, folder, _ = finished
    changed = config.with_name("changed.yaml")
    changed.write_text(config.read_text().replace(old, new, 1))
    assert main(["study", str(changed), "--dir", str(folder)]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_settings_that_decide_nothing_may_change(finished):
    config, folder, summary = finished
    settings = load_settings(config, StudySettings)
    text = settings.run.read_text()
    values = yaml.safe_load(text)
    values["teacher"]["workers"] = 2
    values["finetune"]["cache_mb"] = 1.0
    values["resources"] = {"lammps_runs": 2}
    settings.run.write_text(yaml.safe_dump(values))
    try:
        assert run_study(settings, folder) == summary
    finally:
        settings.run.write_text(text)


@pytest.mark.slow
def test_a_study_that_was_moved_is_resumed_without_work_and_still_guards_its_data(
    finished, tmp_path, capsys
):
    config, folder, summary = finished
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(config.parent, elsewhere)
    moved, out = elsewhere / config.name, elsewhere / folder.name
    hidden = config.parent.rename(config.parent.with_name("hidden"))  # nothing is read from there
    try:
        logs = {path: path.stat().st_mtime_ns for path in out.glob("**/log.lammps")}
        manifests = {path: path.read_bytes() for path in out.glob("runs/**/manifest.json")}
        again = run_study(load_settings(moved, StudySettings), out)
        assert {path: path.stat().st_mtime_ns for path in out.glob("**/log.lammps")} == logs
        assert len(logs) > 10 and all(p.read_bytes() == text for p, text in manifests.items())
        protocols = [result.pop("protocols")["short"] for result in (again, summary.copy())]
        assert again == {name: value for name, value in summary.items() if name != "protocols"}
        assert protocols[0]["arms"] == protocols[1]["arms"]
        (elsewhere / "start.xyz").write_bytes((elsewhere / "extra.xyz").read_bytes())
        assert main(["study", str(moved), "--dir", str(out)]) == 2
        assert "no longer fit the settings" in capsys.readouterr().err
    finally:
        hidden.rename(config.parent)


@pytest.mark.slow
def test_arms_can_be_added_and_the_finished_ones_are_kept(finished, tmp_path):
    config, folder, summary = finished
    grown = shutil.copytree(folder, tmp_path / "grown")
    changed = config.with_name("grown.yaml")
    changed.write_text(config.read_text().replace("- iterated\n", "- none-long\n- iterated\n", 1))
    more = run_study(load_settings(changed, StudySettings), grown)
    assert [arm["name"] for arm in more["arms"]] == [*ARMS[:2], "none-long", *ARMS[2:]]
    kept = [arm for arm in more["arms"] if arm["name"] != "none-long"]
    assert [arm["tests"] for arm in kept] == [arm["tests"] for arm in summary["arms"]]


def test_plan_prints_the_arms_and_runs_nothing(tmp_path, capsys):
    config = write_study(tmp_path)
    assert main(["study", str(config), "--dir", str(tmp_path / "out"), "--plan"]) == 0
    assert "reference labels only" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_an_arm_as_a_task_is_the_same_run_as_here(finished, tmp_path):
    config, folder, _ = finished
    prepared = prepare_study(load_settings(config, StudySettings))
    (arm,) = [arm for arm in prepared.arms if arm.name == "one-shot"]
    here = run_folder(folder, 1, arm)
    task = ArmTask(arm.settings(prepared.base, 1), tmp_path / "elsewhere", (here,))
    result = perform_file(write_task(task, tmp_path / "tasks", lease_s=60.0))
    summaries = [json.loads((run / "summary.json").read_text()) for run in (here, task.folder)]
    assert without_times(summaries[1]) == without_times(summaries[0])
    assert result["value"]["verdict"] == summaries[0]["verdict"]
