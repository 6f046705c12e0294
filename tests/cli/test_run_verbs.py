"""The verbs that work on a run folder or do one step of the loop."""

import io
import json
import shutil

import pytest
import yaml
from tests.cli.conftest import write_inputs

from ipip.cli.main import main
from ipip.data import read_frames
from ipip.export import load_student

TRAINING = {"max_epochs": 2, "batch_size": 2, "tensorboard": False}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of the argon pair, and its settings file; tests work on copies."""
    folder = tmp_path_factory.mktemp("argon")
    path = write_inputs(
        folder,
        rounds=0,
        teacher_md={"temperature": 30.0, "steps": 8, "frame_interval": 2},
        student={"channels": 8, "layers": 1, "cutoff": 5.0},
        pretrain=TRAINING,
        finetune=TRAINING,
        stability={"runs": 0},
        speed={"replicate": [1, 1, 1], "student_steps": 10, "teacher_calls": 1},
    )
    assert main(["run", str(path), "--dir", str(folder / "run")]) == 0
    return folder


@pytest.fixture
def copied(finished, tmp_path):
    shutil.copytree(finished, tmp_path / "copy")
    return tmp_path / "copy"


def change(folder):
    """Change a setting of a finished stage."""
    path = folder / "config.yaml"
    settings = yaml.safe_load(path.read_text())
    settings["speed"]["student_steps"] = 20
    path.write_text(yaml.safe_dump(settings))
    return ["run", str(path), "--dir", str(folder / "run")]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_changed_settings_are_refused_without_a_terminal(copied, capsys):
    assert main(change(copied)) == 2
    error = capsys.readouterr().err
    assert "round_000/50_evaluate: speed.student_steps: 10 -> 20" in error
    assert "--yes" in error and "ipip rewind" in error


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("n\n", 2), ("\n", 2)])
def test_changed_settings_prompt_for_confirmation(copied, capsys, monkeypatch, answer, status):
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert main(change(copied)) == status
    error = capsys.readouterr().err
    assert "Set them aside and compute them again?" in error
    assert (copied / "run" / "discarded").exists() == (status == 0)
    assert ("nothing was changed" in error) == (status == 2)


def test_yes_answers_before(copied, capsys):
    assert main([*change(copied), "--yes"]) == 0
    assert (copied / "run" / "discarded/001/round_000/50_evaluate/manifest.json").exists()


def test_rewind_gc_and_report(copied, capsys):
    run = str(copied / "run")
    assert main(["rewind", run, "round_000/50_evaluate"]) == 0
    assert "one stage from round_000/50_evaluate on moved to" in capsys.readouterr().out
    assert main(["report", run]) == 2
    assert "no round is finished yet" in capsys.readouterr().err
    assert main(["gc", run, "--dry-run"]) == 0
    assert "would be removed" in capsys.readouterr().out
    assert (copied / "run" / "discarded").exists()
    assert main(["gc", run]) == 0
    assert "checkpoint of a finished training" in capsys.readouterr().out
    assert not (copied / "run" / "discarded").exists()
    assert main(["run", str(copied / "config.yaml"), "--dir", run]) == 0
    capsys.readouterr()
    assert main(["report", run]) == 0
    assert "report.html" in capsys.readouterr().out


def test_the_ledger_answers_people_and_programs(finished, capsys):
    run = str(finished / "run")
    assert main(["ledger", run, "--label", "teacher", "--limit", "2"]) == 0
    out = capsys.readouterr().out
    assert "round_000/pair_00/2" in out and "Ar2" in out and "2 shown" in out
    assert main(["ledger", run, "--label", "reference", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 8 and {row["part"] for row in rows} == {"train", "valid", "test"}


@pytest.mark.parametrize("verb", ["rewind", "gc", "ledger"])
def test_a_folder_that_is_no_run_is_refused(tmp_path, capsys, verb):
    more = ["round_000"] if verb == "rewind" else []
    assert main([verb, str(tmp_path), *more]) == 2
    assert "is not a run folder" in capsys.readouterr().err


def test_relabel_writes_a_students_labels(finished, tmp_path, capsys):
    student, target = finished / "run/best/student.pt", tmp_path / "out.xyz"
    source = finished / "reference.xyz"
    assert main(["relabel", str(source), str(target), "--student", str(student)]) == 0
    assert "change of the labels" in capsys.readouterr().out
    assert len(read_frames(target)) == 8
    both = ["--student", str(student)] * 2
    assert main(["relabel", str(finished / "start.xyz"), str(target), *both, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["change"] is None and found["spread"] == [0.0]
    assert main(["relabel", str(source), str(source), "--student", str(student)]) == 2
    assert "source and target are the same file" in capsys.readouterr().err


def test_pretrain_then_finetune_give_students(finished, tmp_path, capsys):
    config, frames = finished / "config.yaml", tmp_path / "p0.xyz"
    assert main(["ledger", str(finished / "run"), "--round", "0", "--frames", str(frames)]) == 0
    first, second = tmp_path / "pre", tmp_path / "fine"
    assert main(["pretrain", str(config), str(frames), "--dir", str(first)]) == 0
    assert "errors on validation frames" in capsys.readouterr().out
    student = first / "student.pt"
    assert main(["finetune", str(config), str(student), "--dir", str(second), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n_frames"] == 2
    assert load_student(second / "student.pt").symbols == ["Ar"]
    missing = str(tmp_path / "no.pt")
    assert main(["finetune", str(config), missing, "--dir", str(tmp_path / "x")]) == 2
    assert "no.pt" in capsys.readouterr().err
